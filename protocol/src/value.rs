//! CQL types and values: the wire form, literals, JSON, Cassandra's ordering, and the partitioner's token.

pub mod token;
mod types;

pub use types::{CqlType, MAX_TYPE_DEPTH, NativeType, TypeError, UserType, UserTypeLookup, quote_identifier};
