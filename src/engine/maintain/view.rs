//! Materialized views: what a change of base rows changes in a view (`org.apache.cassandra.db.view.ViewUpdateGenerator`).

mod generate;

use std::sync::Arc;

use quorate_protocol::cql::ast::{Relation, Statement};
use quorate_protocol::cql::parse;
use quorate_protocol::value::CqlType;
use rustc_hash::FxHashMap;

use super::{BUILD_ROWS, Maintenance, flush};
use crate::engine::compile::{Compiler, undefined_column};
use crate::engine::error::EngineError;
use crate::engine::restriction::{self, Filter};
use crate::engine::schema::{Schema, TableDefinition, ViewDefinition};
use crate::engine::table::{ColumnKind, Table};
use crate::store::Store;
use crate::store::clustering::{Clustering, Slice};
use crate::store::mutation::Mutation;
use crate::store::row::{ColumnId, Row};
use crate::store::table::{TableShape, TokenRange};

use generate::Change;

/// A view of a table, compiled.
#[derive(Clone, Debug)]
pub struct ViewPlan {
    shape: Arc<TableShape>,
    base: Arc<TableShape>,
    table: Arc<Table>,
    /// What the store calls each of the base table's columns.
    base_ids: Vec<ColumnId>,
    /// Where the values of the view's primary key come from, the first so many of them for its partition key.
    key: Vec<KeySource>,
    partition_key_count: usize,
    /// The other columns of the view: what they are called in the base table and in the view, ascending by the former.
    columns: Vec<(ColumnId, ColumnId)>,
    /// The column of the view's primary key that is none of the base table's: a base row is in the view as long as it has a
    /// value.
    deciding: Option<(ColumnId, CqlType)>,
    has_all_columns: bool,
    /// The WHERE clause, without IS NOT NULL.
    filters: Vec<Filter>,
}

/// Where a value of a view's primary key comes from.
#[derive(Clone, Copy, Debug)]
enum KeySource {
    PartitionKey(usize),
    Clustering(usize),
    Column(ColumnId),
}

/// Whether rows of the view exist by their marker alone (`enforceStrictLiveness`): so it is where a column that is not of
/// the base table's primary key decides what is in the view. Who reads such a view must not show rows whose marker is gone.
pub fn has_strict_liveness(view: &ViewDefinition, base: &TableDefinition) -> bool {
    let of_key = view.definition.table.columns().iter().take(view.definition.table.key_count());
    let mut base_columns = of_key.filter_map(|column| base.table.column(&column.name));
    base_columns.any(|(index, _)| !base.table.is_key(index))
}

impl ViewPlan {
    /// Compiles a view.
    ///
    /// # Errors
    /// If it does not fit its base table.
    pub fn new(schema: &Schema, base: &TableDefinition, view: &ViewDefinition) -> Result<Self, EngineError> {
        let table = &base.table;
        let of_view = &view.definition;
        let mut key = Vec::new();
        let mut columns = Vec::new();
        let mut deciding = None;
        for (index, column) in of_view.table.columns().iter().enumerate() {
            let (place, of_base) = table.column(&column.name).ok_or_else(|| undefined_column(&column.name, table))?;
            let id = base.column_id(place).ok_or_else(|| undefined_column(&column.name, table))?;
            if !of_view.table.is_key(index) {
                columns.extend(of_view.column_id(index).map(|own| (id, own)));
                continue;
            }
            key.push(match of_base.kind {
                ColumnKind::PartitionKey => KeySource::PartitionKey(place),
                ColumnKind::Clustering { .. } => KeySource::Clustering(place - table.partition_key_count()),
                ColumnKind::Static | ColumnKind::Regular => {
                    deciding = Some((id, of_base.cql_type.clone()));
                    KeySource::Column(id)
                }
            });
        }
        columns.sort_by_key(|(id, _)| *id);
        Ok(ViewPlan {
            shape: Arc::clone(&of_view.shape),
            base: Arc::clone(&base.shape),
            table: Arc::clone(table),
            base_ids: base.column_ids.clone(),
            key,
            partition_key_count: of_view.table.partition_key_count(),
            columns,
            deciding,
            has_all_columns: view.includes_all_columns,
            filters: filters(schema, base, &view.where_clause)?,
        })
    }

    /// Fills the view from every row that is stored, in bounded memory.
    ///
    /// # Errors
    /// Of the store.
    pub fn build(&self, store: &Store, now_seconds: i64) -> Result<(), EngineError> {
        let mut partitions = store.scan(&self.base, TokenRange::ALL, None)?;
        let mut derived = Vec::new();
        while let Some((_, key, _)) = partitions.next_partition()? {
            // what is read must not change before what follows from it is written
            let _locks = store.lock(&[(self.base.storage, &key)]);
            let mut partition = store.partition(&self.base, &key, &[], false)?;
            while let Some((clustering, row)) = partition.next()? {
                let change = Change { plan: self, key: &key, clustering: &clustering, now_seconds };
                change.apply(None, &row, &mut derived)?;
                if derived.len() >= BUILD_ROWS {
                    flush(store, &mut derived, now_seconds)?;
                }
            }
            flush(store, &mut derived, now_seconds)?;
        }
        Ok(())
    }
}

/// Adds the mutations of views that a mutation of their base table needs. Its partition is locked.
pub(super) fn changes(
    store: &Store,
    maintenance: &Maintenance,
    mutation: &Mutation,
    now_seconds: i64,
    derived: &mut Vec<(Arc<TableShape>, Mutation)>,
) -> Result<(), EngineError> {
    let shape = &maintenance.shape;
    let mut slices: Vec<Slice> = mutation.ranges.iter().map(|(slice, _)| slice.clone()).collect();
    slices.extend(mutation.rows.iter().map(|(clustering, _)| Slice::of_prefix(clustering.clone())));
    if mutation.deletion.is_some() {
        slices.clear();
    } else if slices.is_empty() {
        return Ok(());
    }
    // before and after, in the order in which they came up
    let mut rows: Vec<(Clustering, Option<Row>, Row)> = Vec::new();
    let mut places: FxHashMap<Clustering, usize> = FxHashMap::default();
    let mut reader = store.partition(shape, &mutation.key, &slices, false)?;
    while let Some((clustering, row)) = reader.next()? {
        places.insert(clustering.clone(), rows.len());
        rows.push((clustering, Some(row.clone()), row));
    }
    for (clustering, row) in &mutation.rows {
        let place = *places.entry(clustering.clone()).or_insert_with(|| {
            rows.push((clustering.clone(), None, Row::default()));
            rows.len() - 1
        });
        if let Some((_, _, after)) = rows.get_mut(place) {
            *after = std::mem::take(after).merge(row.clone());
        }
    }
    for (clustering, before, mut after) in rows {
        let ranges = mutation.ranges.iter().filter(|(slice, _)| slice.contains(shape, &clustering));
        for deletion in ranges.map(|(_, deletion)| deletion).chain(&mutation.deletion) {
            after = after.merge(Row { deletion: Some(*deletion), ..Row::default() });
        }
        for plan in &maintenance.views {
            let change = Change { plan, key: &mutation.key, clustering: &clustering, now_seconds };
            change.apply(before.as_ref(), &after, derived)?;
        }
    }
    Ok(())
}

/// The conditions of a view's WHERE clause on the rows of its base table.
fn filters(schema: &Schema, base: &TableDefinition, where_clause: &str) -> Result<Vec<Filter>, EngineError> {
    let spec = base.table.spec();
    let text = format!("SELECT * FROM t WHERE {where_clause} ALLOW FILTERING");
    let select = match parse(&text) {
        Ok(Statement::Select(select)) => select,
        _ => return Err(EngineError::invalid(format!("The WHERE clause of a view does not parse: {where_clause}"))),
    };
    let user_types = |keyspace: Option<&str>, name: &str| {
        schema.keyspace(keyspace.unwrap_or(&spec.keyspace))?.types.get(name).cloned()
    };
    let mut compiler = Compiler::new(Some(&base.table), &user_types);
    let relations = select.relations.iter().filter(|relation| !matches!(relation, Relation::IsNotNull(_)));
    relations.map(|relation| restriction::compile(relation, &base.table, &mut compiler)).collect()
}
