//! What columns and bind markers are called, and their types (section 4.2.5.2).

use std::sync::Arc;

use bytes::Bytes;

use crate::frame::{DecodeError, EncodeError, Envelope, Features, Reader, Writer};
use crate::message::view::specs::{GLOBAL_TABLE_SPEC, HAS_MORE_PAGES, METADATA_CHANGED, NO_METADATA};
use crate::value::{CqlType, TypeError};

/// The table that a column belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TableSpec {
    /// The keyspace.
    pub keyspace: String,
    /// The table.
    pub table: String,
}

/// A column of a result, or a bind marker.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSpec {
    /// Where it belongs.
    pub table: Arc<TableSpec>,
    /// What it is called.
    pub name: String,
    /// Its type.
    pub cql_type: CqlType,
}

/// Columns, or bind markers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    /// Each of them.
    pub specs: Vec<ColumnSpec>,
    /// The table of all of them, when it is named once for all.
    pub global_table: Option<Arc<TableSpec>>,
}

/// The columns of a result, unless the client knows them.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultColumns {
    /// They are described.
    Described(Columns),
    /// They are not.
    Omitted {
        /// How many there are.
        count: usize,
        /// Whether the flag of the global table is set all the same, as Cassandra leaves it.
        global_flag: bool,
    },
}

/// The metadata of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultMetadata {
    /// Where to go on, when there are more pages. Cassandra never sends an absent state of a page that has a next.
    pub paging_state: Option<Bytes>,
    /// The id of metadata that changed since PREPARED (v5).
    pub new_metadata_id: Option<Bytes>,
    /// The columns.
    pub columns: ResultColumns,
}

impl Columns {
    /// Columns whose table is named once if it is the same for all, as Cassandra does.
    pub fn new(specs: Vec<ColumnSpec>) -> Self {
        let first = specs.first().map(|spec| &spec.table);
        let global_table = first.filter(|first| specs.iter().all(|spec| spec.table == **first)).cloned();
        Self { specs, global_table }
    }

    pub(super) const fn flags(&self) -> i32 {
        if self.global_table.is_some() { GLOBAL_TABLE_SPEC } else { 0 }
    }

    /// Reads the global table, if the flags have one, and `count` columns.
    pub(super) fn read(reader: &mut Reader<'_>, flags: i32, count: usize) -> Result<Self, DecodeError> {
        let global_table = (flags & GLOBAL_TABLE_SPEC != 0).then(|| TableSpec::read(reader)).transpose()?;
        let specs = reader.list(count, "columns", |reader| {
            let table = global_table.clone().map_or_else(|| TableSpec::read(reader), Ok)?;
            let name = reader.string("column")?.to_owned();
            Ok(ColumnSpec { table, name, cql_type: read_type(reader)? })
        })?;
        Ok(Self { specs, global_table })
    }

    /// Writes the global table, if there is one, and each column.
    pub(super) fn write(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        if let Some(table) = &self.global_table {
            table.write(writer)?;
        }
        for spec in &self.specs {
            if self.global_table.is_none() {
                spec.table.write(writer)?;
            }
            writer.string(&spec.name, "column")?;
            writer.cql_type(&spec.cql_type, features);
        }
        Ok(())
    }
}

impl ResultMetadata {
    /// The metadata of described columns.
    pub fn new(specs: Vec<ColumnSpec>) -> Self {
        Self { paging_state: None, new_metadata_id: None, columns: ResultColumns::Described(Columns::new(specs)) }
    }

    /// The metadata of a statement that gives no rows.
    pub const fn none() -> Self {
        let columns = ResultColumns::Omitted { count: 0, global_flag: false };
        Self { paging_state: None, new_metadata_id: None, columns }
    }

    /// How many columns there are.
    pub const fn column_count(&self) -> usize {
        match &self.columns {
            ResultColumns::Described(columns) => columns.specs.len(),
            ResultColumns::Omitted { count, .. } => *count,
        }
    }

    pub(super) fn read(envelope: &Envelope, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let own = |bytes: &[u8]| envelope.raw().slice_ref(bytes);
        let flags = reader.int("metadata flags")?;
        let count = reader.count("columns")?;
        let paging_state = if flags & HAS_MORE_PAGES == 0 { None } else { reader.bytes("paging state")?.map(own) };
        let changed = flags & METADATA_CHANGED != 0 && envelope.version().features().result_metadata_id;
        let new_metadata_id = changed.then(|| reader.short_bytes("metadata id").map(own)).transpose()?;
        let columns = if flags & NO_METADATA == 0 {
            ResultColumns::Described(Columns::read(reader, flags, count)?)
        } else {
            ResultColumns::Omitted { count, global_flag: flags & GLOBAL_TABLE_SPEC != 0 }
        };
        Ok(Self { paging_state, new_metadata_id, columns })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        let new_metadata_id = self.new_metadata_id.as_ref().filter(|_| features.result_metadata_id);
        let mut flags = match &self.columns {
            ResultColumns::Described(columns) => columns.flags(),
            ResultColumns::Omitted { global_flag: true, .. } => NO_METADATA | GLOBAL_TABLE_SPEC,
            ResultColumns::Omitted { global_flag: false, .. } => NO_METADATA,
        };
        flags |= if self.paging_state.is_some() { HAS_MORE_PAGES } else { 0 };
        flags |= if new_metadata_id.is_some() { METADATA_CHANGED } else { 0 };
        writer.int(flags);
        writer.int_count(self.column_count(), "columns")?;
        if let Some(state) = &self.paging_state {
            writer.bytes(Some(state), "paging state")?;
        }
        if let Some(id) = new_metadata_id {
            writer.short_bytes(id, "metadata id")?;
        }
        match &self.columns {
            ResultColumns::Described(columns) => columns.write(writer, features),
            ResultColumns::Omitted { .. } => Ok(()),
        }
    }
}

impl TableSpec {
    fn read(reader: &mut Reader<'_>) -> Result<Arc<Self>, DecodeError> {
        let keyspace = reader.string("keyspace")?.to_owned();
        Ok(Arc::new(Self { keyspace, table: reader.string("table")?.to_owned() }))
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.string(&self.keyspace, "keyspace")?;
        writer.string(&self.table, "table")
    }
}

fn read_type(reader: &mut Reader<'_>) -> Result<CqlType, DecodeError> {
    reader.parse(CqlType::decode_option).map_err(|error| match error {
        TypeError::UnknownId(id) => DecodeError::UnknownCode { what: "type", code: id.into() },
        TypeError::InvalidUtf8 => DecodeError::InvalidUtf8 { what: "type" },
        TypeError::TooDeep => DecodeError::TooDeep,
        TypeError::Truncated => DecodeError::Truncated { what: "type" },
        _ => DecodeError::UnknownName { what: "type" },
    })
}
