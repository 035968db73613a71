//! A table as it is kept: its columns with their numbers, and what was made on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{RecordError, read_type};
use crate::engine::schema::{
    ColumnMask, DroppedColumn, Index, IndexKind, IndexTarget, Keyspace, TableDefinition, TableFlags, TableOptions,
    Trigger,
};
use crate::engine::{Column, ColumnKind};
use crate::store::mutation::StorageId;
use crate::store::row::ColumnId;

/// A table.
#[derive(Serialize, Deserialize)]
pub(super) struct TableRecord {
    name: String,
    id: String,
    storage: u32,
    next_column: u32,
    columns: Vec<ColumnRecord>,
    flags: TableFlags,
    comment: String,
    default_time_to_live_seconds: u32,
    gc_grace_seconds: u32,
    options: BTreeMap<String, String>,
    indexes: Vec<IndexRecord>,
    dropped: BTreeMap<String, DroppedRecord>,
    masks: BTreeMap<String, MaskRecord>,
    triggers: BTreeMap<String, Trigger>,
}

#[derive(Serialize, Deserialize)]
struct ColumnRecord {
    name: String,
    number: u32,
    cql_type: String,
    kind: KindRecord,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindRecord {
    PartitionKey,
    ClusteringAscending,
    ClusteringDescending,
    Static,
    Regular,
}

#[derive(Serialize, Deserialize)]
struct IndexRecord {
    name: String,
    kind: IndexKind,
    column: String,
    target: IndexTarget,
    storage: u32,
    options: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct DroppedRecord {
    cql_type: String,
    is_static: bool,
    dropped_at_micros: i64,
}

#[derive(Serialize, Deserialize)]
struct MaskRecord {
    function: String,
    arguments: Vec<(String, Option<Vec<u8>>)>,
}

impl TableRecord {
    pub(super) fn new(table: &TableDefinition) -> Self {
        let columns = table.table.columns().iter().zip(&table.column_ids).map(|(column, number)| ColumnRecord {
            name: column.name.clone(),
            number: number.0,
            cql_type: column.cql_type.to_string(),
            kind: KindRecord::of(column.kind),
        });
        let indexes = table.indexes.values().map(|index| IndexRecord {
            name: index.name.to_string(),
            kind: index.kind,
            column: index.column.clone(),
            target: index.target,
            storage: index.storage.0,
            options: index.options.clone(),
        });
        TableRecord {
            name: table.name().to_owned(),
            id: table.id.to_string(),
            storage: table.storage().0,
            next_column: table.next_column,
            columns: columns.collect(),
            flags: table.flags,
            comment: table.options.comment.clone(),
            default_time_to_live_seconds: table.options.default_time_to_live_seconds,
            gc_grace_seconds: table.options.gc_grace_seconds,
            options: table.options.others.clone(),
            indexes: indexes.collect(),
            dropped: table.dropped.iter().map(|(name, dropped)| (name.clone(), DroppedRecord::new(dropped))).collect(),
            masks: table.masks.iter().map(|(name, mask)| (name.clone(), MaskRecord::new(mask))).collect(),
            triggers: table.triggers.clone(),
        }
    }

    pub(super) fn into_table(self, keyspace: &Keyspace) -> Result<TableDefinition, RecordError> {
        let id = Uuid::try_parse(&self.id).map_err(|_| RecordError::TableId(self.id))?;
        let options = TableOptions {
            comment: self.comment,
            default_time_to_live_seconds: self.default_time_to_live_seconds,
            gc_grace_seconds: self.gc_grace_seconds,
            others: self.options,
        };
        let name = (keyspace.name.as_ref(), self.name.as_str());
        let empty = TableDefinition::new(name, id, StorageId(self.storage), Vec::new(), self.flags, options);
        let mut columns = Vec::with_capacity(self.columns.len());
        for record in self.columns {
            let cql_type = read_type(&record.cql_type, keyspace)?;
            let column = Column { name: record.name, cql_type, kind: record.kind.kind() };
            columns.push((column, Some(ColumnId(record.number))));
        }
        let mut table = TableDefinition { next_column: self.next_column, ..empty }.with_columns(columns);
        for record in self.indexes {
            let index = Index {
                name: Arc::from(record.name),
                kind: record.kind,
                column: record.column,
                target: record.target,
                storage: StorageId(record.storage),
                options: record.options,
            };
            table.indexes.insert(Arc::clone(&index.name), Arc::new(index));
        }
        for (name, record) in self.dropped {
            table.dropped.insert(name, record.into_dropped(keyspace)?);
        }
        for (name, record) in self.masks {
            table.masks.insert(name, record.into_mask(keyspace)?);
        }
        table.triggers = self.triggers;
        Ok(table)
    }
}

impl KindRecord {
    fn of(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::PartitionKey => KindRecord::PartitionKey,
            ColumnKind::Clustering { descending: false } => KindRecord::ClusteringAscending,
            ColumnKind::Clustering { descending: true } => KindRecord::ClusteringDescending,
            ColumnKind::Static => KindRecord::Static,
            ColumnKind::Regular => KindRecord::Regular,
        }
    }

    fn kind(self) -> ColumnKind {
        match self {
            KindRecord::PartitionKey => ColumnKind::PartitionKey,
            KindRecord::ClusteringAscending => ColumnKind::Clustering { descending: false },
            KindRecord::ClusteringDescending => ColumnKind::Clustering { descending: true },
            KindRecord::Static => ColumnKind::Static,
            KindRecord::Regular => ColumnKind::Regular,
        }
    }
}

impl DroppedRecord {
    fn new(dropped: &DroppedColumn) -> Self {
        DroppedRecord {
            cql_type: dropped.cql_type.to_string(),
            is_static: dropped.is_static,
            dropped_at_micros: dropped.dropped_at_micros,
        }
    }

    fn into_dropped(self, keyspace: &Keyspace) -> Result<DroppedColumn, RecordError> {
        Ok(DroppedColumn {
            cql_type: read_type(&self.cql_type, keyspace)?,
            is_static: self.is_static,
            dropped_at_micros: self.dropped_at_micros,
        })
    }
}

impl MaskRecord {
    fn new(mask: &ColumnMask) -> Self {
        let arguments = mask.arguments.iter().map(|(cql_type, value)| (cql_type.to_string(), value.clone()));
        MaskRecord { function: mask.function.clone(), arguments: arguments.collect() }
    }

    fn into_mask(self, keyspace: &Keyspace) -> Result<ColumnMask, RecordError> {
        let arguments = self.arguments.into_iter().map(|(text, value)| Ok((read_type(&text, keyspace)?, value)));
        Ok(ColumnMask { function: self.function, arguments: arguments.collect::<Result<_, RecordError>>()? })
    }
}
