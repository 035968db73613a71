//! EVENT and what REGISTER can ask for (sections 4.1.8 and 4.2.6).

use super::SchemaChange;
use crate::frame::{DecodeError, EncodeError, Features, Inet, Reader, Writer};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A node joined, left or moved.
    Topology(TopologyChange, Inet),
    /// A node went up or down.
    Status(StatusChange, Inet),
    /// The schema changed.
    Schema(SchemaChange),
}

/// What a client can register for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventType {
    /// Nodes join, leave and move.
    TopologyChange,
    /// Nodes go up and down.
    StatusChange,
    /// The schema changes.
    SchemaChange,
}

/// What became of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopologyChange {
    /// It joined.
    NewNode,
    /// It left.
    RemovedNode,
    /// Its tokens changed.
    MovedNode,
}

/// How a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusChange {
    /// It can be used.
    Up,
    /// It cannot.
    Down,
}

impl Event {
    /// What a client has registered for to get this.
    pub const fn event_type(&self) -> EventType {
        match self {
            Self::Topology(..) => EventType::TopologyChange,
            Self::Status(..) => EventType::StatusChange,
            Self::Schema(_) => EventType::SchemaChange,
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match EventType::read(reader)? {
            EventType::TopologyChange => {
                let change = match reader.string("topology change")? {
                    "NEW_NODE" => TopologyChange::NewNode,
                    "REMOVED_NODE" => TopologyChange::RemovedNode,
                    "MOVED_NODE" => TopologyChange::MovedNode,
                    _ => return Err(DecodeError::UnknownName { what: "topology change" }),
                };
                Ok(Self::Topology(change, reader.inet("node")?))
            }
            EventType::StatusChange => {
                let change = match reader.string("status change")? {
                    "UP" => StatusChange::Up,
                    "DOWN" => StatusChange::Down,
                    _ => return Err(DecodeError::UnknownName { what: "status change" }),
                };
                Ok(Self::Status(change, reader.inet("node")?))
            }
            EventType::SchemaChange => SchemaChange::read(reader).map(Self::Schema),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        writer.string(self.event_type().name(), "event type")?;
        match self {
            Self::Topology(change, node) => {
                writer.string(change.name(), "topology change")?;
                writer.inet(*node);
                Ok(())
            }
            Self::Status(change, node) => {
                writer.string(change.name(), "status change")?;
                writer.inet(*node);
                Ok(())
            }
            Self::Schema(change) => change.write(writer, features),
        }
    }
}

impl EventType {
    /// Every type of event.
    pub const ALL: [Self; 3] = [Self::TopologyChange, Self::StatusChange, Self::SchemaChange];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TopologyChange => "TOPOLOGY_CHANGE",
            Self::StatusChange => "STATUS_CHANGE",
            Self::SchemaChange => "SCHEMA_CHANGE",
        }
    }

    /// The type of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event_type| event_type.name().eq_ignore_ascii_case(name))
    }

    pub(in crate::message) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::from_name(reader.string("event type")?).ok_or(DecodeError::UnknownName { what: "event type" })
    }
}

impl TopologyChange {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewNode => "NEW_NODE",
            Self::RemovedNode => "REMOVED_NODE",
            Self::MovedNode => "MOVED_NODE",
        }
    }
}

impl StatusChange {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::Down => "DOWN",
        }
    }
}
