//! CQL types and values: the wire form, literals, JSON, Cassandra's ordering, and the partitioner's token.
//!
//! A value on the wire is bytes that mean nothing without their [`CqlType`]. What routing and comparing need works on those
//! bytes ([`compare`], [`token`]); what computes decodes them to a [`Value`].

mod compare;
mod decimal;
mod decoded;
mod duration;
mod elements;
mod error;
mod json;
mod literal;
mod number;
mod ordered;
pub mod temporal;
mod text;
pub mod token;
mod types;

pub use compare::compare;
pub use decimal::Decimal;
pub use decoded::Value;
pub use duration::{Duration, DurationError};
pub use error::ValueError;
pub use json::{json, write_json_key, write_json_string};
pub use literal::literal;
pub use ordered::write_ordered;
pub use text::TextError;
pub use types::{CqlType, MAX_TYPE_DEPTH, NativeType, TypeError, UserType, UserTypeLookup, quote_identifier};

#[cfg(test)]
mod reference;
