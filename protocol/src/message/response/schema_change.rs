//! Schema changes: as the result of a statement, and as an event (sections 4.2.5.5 and 4.2.6).

use crate::frame::{DecodeError, EncodeError, Features, Reader, Writer};

/// What became of which part of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// What became of it.
    pub kind: SchemaChangeKind,
    /// The keyspace, or the one that it is in.
    pub keyspace: String,
    /// What it is.
    pub target: SchemaTarget,
}

/// What became of a part of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaChangeKind {
    /// It is new.
    Created,
    /// It was altered.
    Updated,
    /// It is gone.
    Dropped,
}

/// A part of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaTarget {
    /// The keyspace itself.
    Keyspace,
    /// A table, a view, or an index of the table.
    Table(String),
    /// A user-defined type.
    Type(String),
    /// A user-defined function (v4 and later).
    Function {
        /// Its name.
        name: String,
        /// The types of its arguments.
        argument_types: Vec<String>,
    },
    /// A user-defined aggregate (v4 and later).
    Aggregate {
        /// Its name.
        name: String,
        /// The types of its arguments.
        argument_types: Vec<String>,
    },
}

impl SchemaChange {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = SchemaChangeKind::read(reader)?;
        let target = reader.string("schema change target")?;
        let keyspace = reader.string("keyspace")?.to_owned();
        let mut name = || reader.string("name").map(str::to_owned);
        let target = match target {
            "KEYSPACE" => SchemaTarget::Keyspace,
            "TABLE" => SchemaTarget::Table(name()?),
            "TYPE" => SchemaTarget::Type(name()?),
            "FUNCTION" => {
                SchemaTarget::Function { name: name()?, argument_types: reader.string_list("argument types")? }
            }
            "AGGREGATE" => {
                SchemaTarget::Aggregate { name: name()?, argument_types: reader.string_list("argument types")? }
            }
            _ => return Err(DecodeError::UnknownName { what: "schema change target" }),
        };
        Ok(Self { kind, keyspace, target })
    }

    /// Writes the change. A version without functions is told that the keyspace was updated (`Event.SchemaChange`).
    pub(super) fn write(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        let (name, argument_types) = match &self.target {
            SchemaTarget::Function { .. } | SchemaTarget::Aggregate { .. } if !features.function_schema_changes => {
                let kind = SchemaChangeKind::Updated;
                let keyspace = self.keyspace.clone();
                return Self { kind, keyspace, target: SchemaTarget::Keyspace }.write(writer, features);
            }
            SchemaTarget::Keyspace => (None, None),
            SchemaTarget::Table(name) | SchemaTarget::Type(name) => (Some(name), None),
            SchemaTarget::Function { name, argument_types } | SchemaTarget::Aggregate { name, argument_types } => {
                (Some(name), Some(argument_types))
            }
        };
        writer.string(self.kind.name(), "schema change")?;
        writer.string(self.target.kind(), "schema change target")?;
        writer.string(&self.keyspace, "keyspace")?;
        name.map_or(Ok(()), |name| writer.string(name, "name"))?;
        argument_types.map_or(Ok(()), |types| writer.string_list(types, "argument types"))
    }
}

impl SchemaChangeKind {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Updated => "UPDATED",
            Self::Dropped => "DROPPED",
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.string("schema change")? {
            "CREATED" => Ok(Self::Created),
            "UPDATED" => Ok(Self::Updated),
            "DROPPED" => Ok(Self::Dropped),
            _ => Err(DecodeError::UnknownName { what: "schema change" }),
        }
    }
}

impl SchemaTarget {
    /// The name of the kind on the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Keyspace => "KEYSPACE",
            Self::Table(_) => "TABLE",
            Self::Type(_) => "TYPE",
            Self::Function { .. } => "FUNCTION",
            Self::Aggregate { .. } => "AGGREGATE",
        }
    }
}
