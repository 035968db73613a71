//! Bind markers: what each of them stands for, and the values that a request gives them.

use bytes::Bytes;
use quorate_protocol::cql::ast::Marker;
use quorate_protocol::frame::Value as Sent;
use quorate_protocol::message::view::Values;
use quorate_protocol::value::CqlType;

use super::canonical::{canonical, validate};
use super::error::EngineError;

/// A marker's name and type, as PREPARED describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BindSpec {
    pub(super) name: String,
    pub(super) cql_type: CqlType,
    /// The column it is compared with, if it is compared with one alone.
    pub(super) column: Option<usize>,
}

/// What a term is for: the name of that place in messages and metadata, and the type it must have.
#[derive(Clone, Debug)]
pub(super) struct Receiver {
    pub(super) name: String,
    pub(super) cql_type: CqlType,
    pub(super) column: Option<usize>,
}

impl Receiver {
    pub(super) fn new(name: impl Into<String>, cql_type: impl Into<CqlType>) -> Self {
        Receiver { name: name.into(), cql_type: cql_type.into(), column: None }
    }
}

/// The markers of a statement, by position.
#[derive(Clone, Debug, Default)]
pub(super) struct Binds(Vec<Option<BindSpec>>);

impl Binds {
    pub(super) fn record(&mut self, marker: &Marker<'_>, receiver: &Receiver) -> usize {
        let index = usize::from(marker.position);
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        let name = marker.name.as_ref().map_or(receiver.name.as_str(), |name| name.as_str());
        self.0[index] =
            Some(BindSpec { name: name.to_owned(), cql_type: receiver.cql_type.clone(), column: receiver.column });
        index
    }

    /// Every marker's specification. One that was never compiled cannot be reached by any value.
    pub(super) fn finish(self) -> Vec<BindSpec> {
        self.0.into_iter().flatten().collect()
    }

    /// As [`finish`](Self::finish), each at its position: in a batch, other statements have the others.
    pub(super) fn by_position(self) -> Vec<Option<BindSpec>> {
        self.0
    }
}

/// The values of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound {
    /// In the order of the markers, each a valid value of its marker's type; null where it was left unset.
    pub(super) values: Vec<Option<Bytes>>,
    /// Which were left unset.
    pub(super) unset: Vec<usize>,
}

/// The values of a request for these markers.
///
/// # Errors
/// For values that are missing, too many, or not of their marker's type.
pub(super) fn bind(specs: &[BindSpec], values: &Values<'_>) -> Result<Bound, EngineError> {
    if specs.is_empty() {
        return if values.is_empty() { Ok(Bound::default()) } else { Err(wrong_amount()) };
    }
    if !values.named() && values.len() != specs.len() {
        return Err(wrong_amount());
    }
    let mut positional = values.iter();
    let mut bound = Bound { values: Vec::with_capacity(specs.len()), unset: Vec::new() };
    for (index, spec) in specs.iter().enumerate() {
        let value = if values.named() { values.value_named(&spec.name) } else { positional.next().map(|(_, v)| v) };
        bound.values.push(match value.ok_or_else(wrong_amount)? {
            Sent::Bytes(bytes) => {
                validate(&spec.cql_type, bytes)?;
                Some(canonical(&spec.cql_type, bytes)?.unwrap_or_else(|| Bytes::copy_from_slice(bytes)))
            }
            Sent::Null => None,
            Sent::Unset => {
                bound.unset.push(index);
                None
            }
        });
    }
    Ok(bound)
}

fn wrong_amount() -> EngineError {
    EngineError::invalid("Invalid amount of bind variables")
}
