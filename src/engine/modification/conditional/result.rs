//! The rows that a conditional statement answers with.

use std::sync::Arc;

use bytes::Bytes;
use quorate_protocol::message::response::{ColumnSpec, ResultMetadata, Rows};
use quorate_protocol::value::NativeType;

use super::{Current, Request};
use crate::engine::modification::stored::value_of;
use crate::engine::schema::TableDefinition;
use crate::engine::table::ColumnKind;
use crate::store::clustering::Clustering;
use crate::store::mutation::PartitionKey;
use crate::store::row::Row;

/// `[applied]`: true.
pub(super) fn applied(definition: &TableDefinition) -> Rows {
    Rows { metadata: ResultMetadata::new(vec![applied_spec(definition)]), rows: vec![vec![boolean(true)]] }
}

impl Request<'_> {
    /// `[applied]`: false, and beside it what is there: the columns with conditions, in a batch behind the primary key; all
    /// columns, if existence was asked for.
    pub(super) fn failure(&self, key: &PartitionKey, current: &Current, is_batch: bool, now_seconds: i64) -> Rows {
        let table = &self.definition.table;
        let columns: Vec<usize> = match &self.shown {
            None => (0..table.columns().len()).collect(),
            Some(shown) if is_batch => (0..table.key_count()).chain(shown.iter().copied()).collect(),
            Some(shown) => shown.clone(),
        };
        let shows_static = self.columns_read().any(|column| {
            let column_of_table = table.columns().get(column);
            column_of_table.is_some_and(|column_of_table| column_of_table.kind == ColumnKind::Static)
                && self.cell(column, key, None, &current.fixed, now_seconds).is_some()
        });
        let mut rows: Vec<Vec<Option<Bytes>>> = Vec::new();
        for (clustering, row) in &current.rows {
            rows.push(self.row(&columns, key, Some((clustering, row)), &current.fixed, now_seconds));
        }
        if rows.is_empty() && shows_static {
            rows.push(self.row(&columns, key, None, &current.fixed, now_seconds));
        }
        if rows.is_empty() {
            let metadata = ResultMetadata::new(vec![applied_spec(self.definition)]);
            return Rows { metadata, rows: vec![vec![boolean(false)]] };
        }
        let of_column = |column: &usize| {
            let column = table.columns().get(*column)?;
            Some(ColumnSpec {
                table: Arc::clone(table.spec()),
                name: column.name.clone(),
                cql_type: column.cql_type.unfrozen(),
            })
        };
        let specs = std::iter::once(applied_spec(self.definition)).chain(columns.iter().filter_map(of_column));
        Rows { metadata: ResultMetadata::new(specs.collect()), rows }
    }

    fn row(
        &self,
        columns: &[usize],
        key: &PartitionKey,
        row: Option<(&Clustering, &Row)>,
        fixed: &Row,
        now_seconds: i64,
    ) -> Vec<Option<Bytes>> {
        let cells = columns.iter().map(|column| self.cell(*column, key, row, fixed, now_seconds));
        std::iter::once(boolean(false)).chain(cells).collect()
    }

    fn cell(
        &self,
        column: usize,
        key: &PartitionKey,
        row: Option<(&Clustering, &Row)>,
        fixed: &Row,
        now_seconds: i64,
    ) -> Option<Bytes> {
        let table = &self.definition.table;
        let of_table = table.columns().get(column)?;
        let source = match of_table.kind {
            ColumnKind::PartitionKey => return key.get(column).cloned(),
            ColumnKind::Clustering { .. } => {
                return row?.0.get(column - table.partition_key_count()).cloned();
            }
            ColumnKind::Static => fixed,
            ColumnKind::Regular => row?.1,
        };
        if !self.is_read(column, of_table.kind) {
            return None;
        }
        value_of(source, self.definition.column_id(column)?, &of_table.cql_type, now_seconds)
    }

    fn columns_read(&self) -> impl Iterator<Item = usize> {
        let columns = self.definition.table.columns().iter().enumerate();
        columns.filter(|(index, column)| self.is_read(*index, column.kind)).map(|(index, _)| index)
    }

    /// Cassandra reads what it decides on, and of the kind of columns that are written all.
    fn is_read(&self, column: usize, kind: ColumnKind) -> bool {
        match kind {
            ColumnKind::Static => self.reads_static || self.conditional.contains(&column),
            ColumnKind::Regular => self.reads_regular || self.conditional.contains(&column),
            _ => true,
        }
    }
}

fn applied_spec(definition: &TableDefinition) -> ColumnSpec {
    ColumnSpec {
        table: Arc::clone(definition.table.spec()),
        name: "[applied]".to_owned(),
        cql_type: NativeType::Boolean.into(),
    }
}

fn boolean(value: bool) -> Option<Bytes> {
    Some(Bytes::from_static(if value { &[1] } else { &[0] }))
}
