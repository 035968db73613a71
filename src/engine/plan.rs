//! SELECT, compiled.

mod distinct;
mod group_by;
mod index_use;
mod static_only;

use std::sync::Arc;

use quorate_protocol::cql::ast::{Select, Selection, Selector, Term};
use quorate_protocol::message::response::{ColumnSpec, Columns, ResultMetadata};
use quorate_protocol::value::{CqlType, NativeType, UserTypeLookup};

use super::aggregate::Aggregate;
use super::bind::{BindSpec, Receiver};
use super::compile::{Compiler, Operand, mask, undefined_column};
use super::error::EngineError;
use super::expression::{Expression, Typed};
use super::name::selector_name;
use super::order::{Order, Orderings};
use super::restriction::{self, Restrictions, Rules, Surroundings};
use super::schema::{Index, TableDefinition};
use super::stored::Layout;
use super::table::Table;
use crate::store::row::ColumnId;
use crate::store::table::TableShape;
use distinct::check_distinct;
pub(super) use group_by::GroupBy;
pub(super) use index_use::IndexUse;
use static_only::{judge, selects_static_only};

/// A SELECT that is checked against its table and ready to run, again and again.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) table: Arc<Table>,
    definition: Option<Arc<TableDefinition>>,
    pub(super) layout: Layout,
    pub(super) index_use: Option<IndexUse>,
    /// Rows exist by their marker alone.
    pub(super) has_strict_liveness: bool,
    pub(super) outputs: Vec<Output>,
    pub(super) json: bool,
    pub(super) distinct: bool,
    pub(super) restrictions: Restrictions,
    pub(super) group_by: Option<GroupBy>,
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) order: Order,
    pub(super) per_partition_limit: Option<Expression>,
    pub(super) limit: Option<Expression>,
    pub(super) binds: Vec<BindSpec>,
    /// What is shown of masked columns to those who may not see them.
    pub(super) masks: Vec<(usize, Expression)>,
    pub(super) metadata: ResultMetadata,
}

/// A column of the result.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) value: Typed,
}

impl Plan {
    /// Compiles a SELECT from `table`, whose rows are in memory.
    ///
    /// # Errors
    /// Those with which Cassandra refuses the statement, in its words.
    pub fn prepare(
        select: &Select<'_>,
        table: &Arc<Table>,
        user_types: &UserTypeLookup<'_>,
    ) -> Result<Self, EngineError> {
        Self::compile(select, table, None, user_types)
    }

    /// Compiles a SELECT from a table or view whose rows are stored.
    ///
    /// # Errors
    /// Those with which Cassandra refuses the statement, in its words.
    pub fn prepare_stored(
        select: &Select<'_>,
        definition: &Arc<TableDefinition>,
        user_types: &UserTypeLookup<'_>,
    ) -> Result<Self, EngineError> {
        Self::compile(select, &definition.table, Some(definition), user_types)
    }

    fn compile(
        select: &Select<'_>,
        table: &Arc<Table>,
        definition: Option<&Arc<TableDefinition>>,
        user_types: &UserTypeLookup<'_>,
    ) -> Result<Self, EngineError> {
        let indexes: Vec<&Index> = definition.iter().flat_map(|of| of.indexes.values()).map(AsRef::as_ref).collect();
        let mut compiler = Compiler::new(Some(table), user_types);
        compiler.indexes = &indexes;
        let selects_static_only = selects_static_only(&select.selection, table, &compiler)?;
        let orderings = Orderings::new(&select.order_by, table, &mut compiler)?;
        let mut rules = Rules::new(table, &indexes, select.allow_filtering);
        for relation in &select.relations {
            let filter = restriction::compile(relation, table, &mut compiler)?;
            rules.add(filter)?;
        }
        Orderings::check(&select.order_by)?;
        let is_virtual = is_virtual(table);
        let restrictions =
            rules.finish(Surroundings { nearest: orderings.nearest, selects_static_only, is_virtual })?;
        let outputs = outputs(&select.selection, table, &mut compiler)?;
        if select.distinct {
            check_distinct(select, &outputs, &compiler.aggregates, &restrictions, table)?;
        }
        let group_by = GroupBy::new(select, &restrictions, table, &mut compiler)?;
        if group_by.is_none() && !compiler.aggregates.is_empty() && select.per_partition_limit.is_some() {
            return Err(EngineError::invalid("PER PARTITION LIMIT is not allowed with aggregate queries."));
        }
        let order = Order::new(orderings, table, &restrictions, indexes.iter().copied())?;
        Rules::check_filtering(&restrictions, select.allow_filtering, is_virtual)?;
        let mut limit = |term: &Option<Term<'_>>, name: &str| {
            let receiver = Receiver::new(name, NativeType::Int);
            term.as_ref().map(|term| term.compile(&mut compiler, &receiver)).transpose()
        };
        let limit_of_rows = limit(&select.limit, "[limit]")?;
        let per_partition_limit = limit(&select.per_partition_limit, "[per_partition_limit]")?;
        let masks = definition.map(|definition| masks(definition, &mut compiler)).transpose()?.unwrap_or_default();
        let metadata = metadata(&outputs, select.json, table);
        let mut plan = Plan {
            table: Arc::clone(table),
            definition: definition.cloned(),
            layout: Layout::default(),
            index_use: definition.and_then(|definition| IndexUse::choose(&restrictions, definition)),
            has_strict_liveness: false,
            outputs,
            json: select.json,
            distinct: select.distinct,
            restrictions,
            group_by,
            aggregates: compiler.aggregates,
            order,
            per_partition_limit,
            limit: limit_of_rows,
            binds: compiler.binds.finish(),
            masks,
            metadata,
        };
        if let Some(definition) = definition {
            plan.layout = Layout::new(definition, &plan.needed_columns(), &compiler.stamps);
        }
        Ok(plan)
    }

    /// The plan for a view whose rows exist by their marker alone, if `is_strict` (`enforceStrictLiveness`).
    #[must_use]
    pub fn with_strict_liveness(self, is_strict: bool) -> Self {
        Plan { has_strict_liveness: is_strict, ..self }
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

    /// The warning that Cassandra gives with the result of an aggregation over more than one partition key.
    pub fn aggregation_warning(&self) -> Option<&'static str> {
        match &self.restrictions {
            _ if !self.is_aggregate() => None,
            restrictions if !restrictions.restricts_partitions => Some("Aggregation query used without partition key"),
            restrictions if restrictions.has_key_in => {
                Some("Aggregation query used on multiple partition keys (IN restriction)")
            }
            _ => None,
        }
    }

    /// Whether it reads rows of partitions that it names, and returns them as they are: a page of it costs little.
    pub fn is_bounded(&self) -> bool {
        let restrictions = &self.restrictions;
        let filters_rows = restrictions.is_row_filter.contains(&true);
        let reads_more = restrictions.is_key_range || restrictions.uses_index || filters_rows;
        !(reads_more || self.is_aggregate() || self.sorts_result())
    }

    /// Whether it reads one row at most, which it names.
    pub fn reads_one_row(&self) -> bool {
        self.is_bounded() && (0..self.table.key_count()).all(|column| self.restrictions.fixed.contains(&column))
    }

    /// What is asked of the store; `None` for a table whose rows are in memory.
    pub(super) fn shape(&self) -> Option<&TableShape> {
        self.definition.as_ref().map(|definition| definition.shape.as_ref())
    }

    /// See [`TableDefinition::known_columns`].
    pub(super) fn known_columns(&self) -> Option<&[ColumnId]> {
        self.definition.as_ref().and_then(|definition| definition.known_columns())
    }

    pub(super) fn indexes(&self) -> impl Iterator<Item = &Index> {
        self.definition.iter().flat_map(|definition| definition.indexes.values()).map(AsRef::as_ref)
    }

    /// Whether rows are counted or grouped rather than returned.
    pub(super) fn is_aggregate(&self) -> bool {
        !self.aggregates.is_empty() || self.group_by.is_some()
    }

    /// Whether rows of several partitions must all be known before the first can be returned.
    pub(super) fn sorts_result(&self) -> bool {
        self.order.is_nearest() || (self.restrictions.has_key_in && self.order.is_named())
    }

    /// Of each column, whether a read needs its value.
    fn needed_columns(&self) -> Vec<bool> {
        let mut needed = vec![false; self.table.columns().len()];
        let mut need = |column: usize| {
            if let Some(needed) = needed.get_mut(column) {
                *needed = true;
            }
        };
        self.restrictions.filters.iter().flat_map(|filter| filter.columns()).for_each(|column| need(*column));
        self.order.columns().iter().for_each(|column| need(*column));
        let outputs = self.outputs.iter().map(|output| &output.value.expression);
        let aggregates = self.aggregates.iter().filter_map(|aggregate| aggregate.argument.as_ref());
        let groups = self.group_by.iter().filter_map(|group_by| group_by.function.as_ref());
        let masks = self.masks.iter().map(|(_, mask)| mask);
        outputs
            .chain(aggregates)
            .chain(groups)
            .chain(masks)
            .for_each(|expression| expression.for_each_column(&mut need));
        needed
    }
}

/// Tables whose rows are computed are scanned without being asked to.
fn is_virtual(table: &Table) -> bool {
    matches!(table.spec().keyspace.as_str(), "system_views" | "system_virtual_schema")
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
                judge(&selected.selector, table, compiler)?;
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

/// The masked columns, each with what is shown instead.
fn masks(definition: &TableDefinition, compiler: &mut Compiler<'_>) -> Result<Vec<(usize, Expression)>, EngineError> {
    let masks = definition.masks.iter().map(|(name, column_mask)| {
        let table = &definition.table;
        let (index, column) = table.column(name).ok_or_else(|| undefined_column(name, table))?;
        Ok((index, mask(index, &column.cql_type, column_mask, compiler)?))
    });
    masks.collect()
}

fn metadata(outputs: &[Output], json: bool, table: &Table) -> ResultMetadata {
    let spec = |name: &str, cql_type| ColumnSpec { table: Arc::clone(table.spec()), name: name.to_owned(), cql_type };
    if json {
        return ResultMetadata::new(vec![spec("[json]", NativeType::Text.into())]);
    }
    let specs = outputs.iter().map(|output| spec(&output.name, output.value.cql_type.unfrozen()));
    ResultMetadata::new(specs.collect())
}
