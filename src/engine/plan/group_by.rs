//! GROUP BY: by the first columns of the primary key, the last of them perhaps through a function
//! (`SelectStatement.RawStatement.getAggregationSpecFactory`).

use quorate_protocol::cql::ast::{Select, Selector};
use quorate_protocol::value::quote_identifier;

use crate::engine::compile::{Compiler, is_aggregate_call, undefined_column};
use crate::engine::error::EngineError;
use crate::engine::expression::Expression;
use crate::engine::restriction::Restrictions;
use crate::engine::table::{ColumnKind, Table};

const OUT_OF_ORDER: &str =
    "Group by currently only support groups of columns following their declared order in the PRIMARY KEY";

/// What makes a group within a partition.
#[derive(Clone, Debug)]
pub(in crate::engine) struct GroupBy {
    /// The clustering columns before this one have the same values throughout a group.
    pub(in crate::engine) key_end: usize,
    /// So has this.
    pub(in crate::engine) function: Option<Expression>,
}

impl GroupBy {
    /// `None`: there is no GROUP BY.
    pub(super) fn new(
        select: &Select<'_>,
        restrictions: &Restrictions,
        table: &Table,
        compiler: &mut Compiler<'_>,
    ) -> Result<Option<Self>, EngineError> {
        let mut next = 0;
        let mut function = None;
        for selector in &select.group_by {
            let column = match selector {
                Selector::Column(name) => {
                    let name = name.as_str();
                    let (index, _) = table.column(name).ok_or_else(|| undefined_column(name, table))?;
                    if !table.is_key(index) {
                        return Err(EngineError::invalid(format!(
                            "Group by is currently only supported on the columns of the PRIMARY KEY, got {name}"
                        )));
                    }
                    if function.is_some() {
                        return Err(EngineError::invalid(
                            "Functions are only supported on the last element of the GROUP BY clause",
                        ));
                    }
                    index
                }
                other => {
                    let (column, expression) = function_of_column(other, table, compiler)?;
                    function = Some(expression);
                    column
                }
            };
            while next < column && restrictions.fixed.contains(&next) {
                next += 1;
            }
            if next != column {
                return Err(EngineError::invalid(OUT_OF_ORDER));
            }
            next += 1;
        }
        if select.group_by.is_empty() {
            return Ok(None);
        }
        if next < table.partition_key_count() {
            return Err(EngineError::invalid("Group by is not supported on only a part of the partition key"));
        }
        if next > table.partition_key_count() && select.distinct {
            return Err(EngineError::invalid(
                "Grouping on clustering columns is not allowed for SELECT DISTINCT queries",
            ));
        }
        let key_end = if function.is_some() { next - 1 } else { next };
        Ok(Some(GroupBy { key_end, function }))
    }
}

fn function_of_column(
    selector: &Selector<'_>,
    table: &Table,
    compiler: &mut Compiler<'_>,
) -> Result<(usize, Expression), EngineError> {
    let Selector::Call(call) = selector else {
        return Err(EngineError::invalid("Group by is currently only supported on the columns of the PRIMARY KEY"));
    };
    if is_aggregate_call(call) {
        return Err(EngineError::invalid(format!(
            "Aggregate functions are not supported within the GROUP BY clause, got: system.{}",
            call.name.name.as_str().to_ascii_lowercase()
        )));
    }
    let expression = compiler.selector(selector)?.expression;
    let mut columns = Vec::new();
    expression.for_each_column(&mut |column| columns.push(column));
    let column_of = |index: &usize| table.columns().get(*index);
    match columns.as_slice() {
        [] => Err(EngineError::invalid("GROUP BY functions must have one clustering column name as parameter")),
        [only] => match column_of(only) {
            Some(column) if !matches!(column.kind, ColumnKind::Clustering { .. }) => Err(EngineError::invalid(
                format!("Group by functions are only supported on clustering columns, got {}", column.name),
            )),
            _ => Ok((*only, expression)),
        },
        many => {
            let names = many.iter().filter_map(column_of).map(|column| quote_identifier(&column.name));
            Err(EngineError::invalid(format!(
                "GROUP BY functions accept only one clustering column as parameter, got: {}",
                names.collect::<Vec<_>>().join(",")
            )))
        }
    }
}
