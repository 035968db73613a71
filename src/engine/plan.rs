//! SELECT, compiled.

use std::sync::Arc;

use quorate_protocol::cql::ast::{Select, Selection, Selector, Term};
use quorate_protocol::message::response::{ColumnSpec, Columns, ResultMetadata};
use quorate_protocol::value::{CqlType, NativeType, UserTypeLookup};

use super::aggregate::Aggregate;
use super::bind::{BindSpec, Receiver};
use super::compile::{Compiler, Operand, undefined_column};
use super::error::EngineError;
use super::expression::{Expression, Typed};
use super::name::selector_name;
use super::order::Order;
use super::restriction::{self, Filter, Restrictions};
use super::table::{ColumnKind, Table};

/// A SELECT that is checked against its table and ready to run, again and again.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) table: Arc<Table>,
    pub(super) outputs: Vec<Output>,
    pub(super) json: bool,
    pub(super) distinct: bool,
    pub(super) filters: Vec<Filter>,
    pub(super) restrictions: Restrictions,
    /// The columns whose values make a group; of the primary key, in its order.
    pub(super) group_by: Vec<usize>,
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) order: Order,
    pub(super) per_partition_limit: Option<Expression>,
    pub(super) limit: Option<Expression>,
    pub(super) binds: Vec<BindSpec>,
    pub(super) metadata: ResultMetadata,
}

/// A column of the result.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) value: Typed,
}

impl Plan {
    /// Compiles a SELECT from `table`.
    ///
    /// # Errors
    /// Those with which Cassandra refuses the statement, in its words.
    pub fn prepare(
        select: &Select<'_>,
        table: &Arc<Table>,
        user_types: &UserTypeLookup<'_>,
    ) -> Result<Self, EngineError> {
        let mut compiler = Compiler::new(Some(table), user_types);
        let outputs = outputs(&select.selection, table, &mut compiler)?;
        let filters = select.relations.iter().map(|relation| restriction::compile(relation, table, &mut compiler));
        let filters = filters.collect::<Result<Vec<_>, _>>()?;
        let restrictions = restriction::check(&filters, table, select.allow_filtering)?;
        if select.distinct {
            check_distinct(&outputs, restrictions, table)?;
        }
        let group_by = group_by(&select.group_by, &filters, table)?;
        let order = Order::new(&select.order_by, table, restrictions)?;
        let mut limit = |term: &Option<Term<'_>>, name: &str| {
            let receiver = Receiver::new(name, NativeType::Int);
            term.as_ref().map(|term| term.compile(&mut compiler, &receiver)).transpose()
        };
        let per_partition_limit = limit(&select.per_partition_limit, "[per_partition_limit]")?;
        let limit = limit(&select.limit, "[limit]")?;
        let metadata = metadata(&outputs, select.json, table);
        Ok(Plan {
            table: Arc::clone(table),
            outputs,
            json: select.json,
            distinct: select.distinct,
            filters,
            restrictions,
            group_by,
            aggregates: compiler.aggregates,
            order,
            per_partition_limit,
            limit,
            binds: compiler.binds.finish(),
            metadata,
        })
    }

    /// The bind markers.
    pub fn markers(&self) -> Columns {
        let spec = |bind: &BindSpec| ColumnSpec {
            table: Arc::clone(self.table.spec()),
            name: bind.name.clone(),
            cql_type: bind.cql_type.clone(),
        };
        Columns::new(self.binds.iter().map(spec).collect())
    }

    /// Which markers are the partition key, in its order; none if not all of it is bound.
    pub fn partition_key_indexes(&self) -> Vec<u16> {
        let marker_of = |column: usize| self.binds.iter().rposition(|bind| bind.column == Some(column));
        let indexes = (0..self.table.partition_key_count()).map(|column| u16::try_from(marker_of(column)?).ok());
        indexes.collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    /// The columns of the result.
    pub fn metadata(&self) -> &ResultMetadata {
        &self.metadata
    }

    /// Whether rows are counted or grouped rather than returned.
    pub(super) fn is_aggregate(&self) -> bool {
        !self.aggregates.is_empty() || !self.group_by.is_empty()
    }
}

fn outputs(selection: &Selection<'_>, table: &Table, compiler: &mut Compiler<'_>) -> Result<Vec<Output>, EngineError> {
    match selection {
        Selection::All => {
            let output = |(index, column): (usize, &super::table::Column)| Output {
                name: column.name.clone(),
                value: Typed { expression: Expression::Column(index), cql_type: column.cql_type.clone() },
            };
            Ok(table.columns().iter().enumerate().map(output).collect())
        }
        Selection::Some(selected) => selected
            .iter()
            .map(|selected| {
                let value = compiler.selector(&selected.selector)?;
                let name = match &selected.alias {
                    Some(alias) => alias.as_str().to_owned(),
                    None => selector_name(without_idle_casts(&selected.selector, compiler)?),
                };
                Ok(Output { name, value })
            })
            .collect(),
    }
}

/// A cast to the type that a selector has already leaves no trace, not even in the name.
fn without_idle_casts<'s, 'a>(
    selector: &'s Selector<'a>,
    compiler: &Compiler<'_>,
) -> Result<&'s Selector<'a>, EngineError> {
    match selector {
        Selector::Cast(of, to) if of.shape(compiler)?.preferred_type() == Some(CqlType::Native((*to).into())) => {
            without_idle_casts(of, compiler)
        }
        other => Ok(other),
    }
}

fn check_distinct(outputs: &[Output], restrictions: Restrictions, table: &Table) -> Result<(), EngineError> {
    if restrictions.restricts_rows {
        return Err(EngineError::invalid(
            "SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or static columns.",
        ));
    }
    let selected: Vec<usize> = outputs
        .iter()
        .filter_map(|output| match output.value.expression {
            Expression::Column(index) => Some(index),
            _ => None,
        })
        .collect();
    for index in &selected {
        let Some(column) = table.columns().get(*index) else { continue };
        if !matches!(column.kind, ColumnKind::PartitionKey | ColumnKind::Static) {
            return Err(EngineError::invalid(format!(
                "SELECT DISTINCT queries must only request partition key columns and/or static columns (not {})",
                column.name
            )));
        }
    }
    match table.partition_key().iter().enumerate().find(|(index, _)| !selected.contains(index)) {
        Some((_, missing)) => Err(EngineError::invalid(format!(
            "SELECT DISTINCT queries must request all the partition key columns (missing {})",
            missing.name
        ))),
        None => Ok(()),
    }
}

/// Groups are made by the first columns of the primary key; those that `=` fixes to one value may be left out.
fn group_by(selectors: &[Selector<'_>], filters: &[Filter], table: &Table) -> Result<Vec<usize>, EngineError> {
    let is_fixed = |column: usize| {
        filters.iter().any(|filter| match filter {
            Filter::Compare { column: of, operator, .. } => {
                *of == column && *operator == quorate_protocol::cql::ast::Operator::Equal
            }
            _ => false,
        })
    };
    let mut columns = Vec::new();
    let mut next = 0;
    for selector in selectors {
        let Selector::Column(name) = selector else {
            return Err(EngineError::invalid("Group by is currently only supported on the columns of the PRIMARY KEY"));
        };
        let name = name.as_str();
        let (index, _) = table.column(name).ok_or_else(|| undefined_column(name, table))?;
        if !table.is_key(index) {
            return Err(EngineError::invalid(format!(
                "Group by is currently only supported on the columns of the PRIMARY KEY, got {name}"
            )));
        }
        while next < index && is_fixed(next) {
            next += 1;
        }
        if index != next {
            return Err(EngineError::invalid(
                "Group by currently only support groups of columns following their declared order in the PRIMARY KEY",
            ));
        }
        columns.push(index);
        next = index + 1;
    }
    if !columns.is_empty() && (next..table.partition_key_count()).any(|column| !is_fixed(column)) {
        return Err(EngineError::invalid("Group by is not supported on only a part of the partition key"));
    }
    Ok(columns)
}

fn metadata(outputs: &[Output], json: bool, table: &Table) -> ResultMetadata {
    let spec = |name: &str, cql_type| ColumnSpec { table: Arc::clone(table.spec()), name: name.to_owned(), cql_type };
    if json {
        return ResultMetadata::new(vec![spec("[json]", NativeType::Text.into())]);
    }
    let specs = outputs.iter().map(|output| spec(&output.name, output.value.cql_type.unfrozen()));
    ResultMetadata::new(specs.collect())
}
