//! WRITETIME, MAXWRITETIME and TTL: of columns, and of the elements and fields of what has several cells
//! (`WritetimeOrTTLSelector`, `ColumnTimestamps`).

use std::ops::Range;

use bytes::Bytes;
use quorate_protocol::cql::ast::WritetimeKind;
use quorate_protocol::value::{CqlType, compare};

use super::error::EngineError;
use super::expression::{Context, Expression, parts_of};
use super::stored::{field_of, ordered_cells, value_of};
use crate::store::cell::Cell;
use crate::store::row::ColumnData;

/// What is asked of a column's cells.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub(super) kind: WritetimeKind,
    pub(super) column: usize,
    pub(super) cql_type: CqlType,
    /// What of the column, from outside inwards.
    pub(super) steps: Vec<Step>,
}

/// One step into a value.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Field(usize),
    Element(Expression),
    Slice(Option<Expression>, Option<Expression>),
}

/// A [`Stamp`] whose keys are known.
#[derive(Clone, Debug)]
pub(super) struct BoundStamp {
    kind: WritetimeKind,
    cql_type: CqlType,
    steps: Vec<BoundStep>,
}

#[derive(Clone, Debug)]
enum BoundStep {
    Field(usize),
    Element(Option<Bytes>),
    Slice(Option<Bytes>, Option<Bytes>),
}

/// The write times or remaining seconds of the cells of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stamps {
    /// There is no cell.
    None,
    /// Of one cell, which has no stamp if it is null or never expires.
    One(Option<i64>),
    /// Of each cell in order.
    Many(Vec<Option<i64>>),
}

impl Stamp {
    pub(super) fn bind(&self, context: &mut Context<'_>) -> Result<BoundStamp, EngineError> {
        let mut evaluate = |expression: &Option<Expression>| match expression {
            Some(expression) => expression.evaluate(context),
            None => Ok(None),
        };
        let mut steps = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            steps.push(match step {
                Step::Field(field) => BoundStep::Field(*field),
                Step::Element(key) => BoundStep::Element(evaluate(&Some(key.clone()))?),
                Step::Slice(from, to) => BoundStep::Slice(evaluate(from)?, evaluate(to)?),
            });
        }
        Ok(BoundStamp { kind: self.kind, cql_type: self.cql_type.clone(), steps })
    }
}

impl BoundStamp {
    /// The result, serialized: one number, or a list of those of all cells.
    pub(super) fn evaluate(&self, data: &ColumnData, now_seconds: i64) -> Option<Bytes> {
        let mut value = if self.steps.is_empty() { None } else { value_of(data, &self.cql_type, now_seconds) };
        let mut cql_type = self.cql_type.clone();
        let mut stamps = self.of_column(data, now_seconds);
        for step in &self.steps {
            let parts = parts_of(&cql_type, value.clone()).unwrap_or_default();
            (stamps, value, cql_type) = step.take(&stamps, &parts, value, cql_type);
        }
        if self.kind == WritetimeKind::MaxWritetime
            && let Stamps::Many(all) = stamps
        {
            stamps = Stamps::One(all.into_iter().flatten().max());
        }
        self.serialize(stamps)
    }

    fn of_column(&self, data: &ColumnData, now_seconds: i64) -> Stamps {
        match data {
            ColumnData::Simple(cell) if cell.live(now_seconds).is_some() => {
                Stamps::One(self.of_cell(cell, now_seconds))
            }
            ColumnData::Simple(_) => Stamps::None,
            ColumnData::Counter(counter) => {
                let newest = counter.shards.iter().map(|shard| shard.timestamp).max();
                Stamps::One(newest.filter(|_| self.kind != WritetimeKind::Ttl))
            }
            ColumnData::Complex(complex) => {
                let cells = ordered_cells(complex, &self.cql_type, now_seconds);
                let of = |cell: &Cell| self.of_cell(cell, now_seconds);
                if cells.is_empty() {
                    return Stamps::None;
                }
                Stamps::Many(match &self.cql_type {
                    CqlType::Udt { definition, .. } => (0..definition.fields.len())
                        .map(|field| {
                            let found = cells.iter().find(|(path, _)| field_of(path) == Some(field));
                            found.and_then(|(_, cell)| of(cell))
                        })
                        .collect(),
                    _ => cells.into_iter().map(|(_, cell)| of(cell)).collect(),
                })
            }
        }
    }

    fn of_cell(&self, cell: &Cell, now_seconds: i64) -> Option<i64> {
        match self.kind {
            WritetimeKind::Ttl => cell.expiry().map(|expiry| expiry.at_seconds - now_seconds).filter(|left| *left >= 0),
            WritetimeKind::Writetime | WritetimeKind::MaxWritetime => Some(cell.timestamp),
        }
    }

    fn serialize(&self, stamps: Stamps) -> Option<Bytes> {
        let number = |stamp: i64| match self.kind {
            WritetimeKind::Ttl => i32::try_from(stamp).unwrap_or(i32::MAX).to_be_bytes().to_vec(),
            WritetimeKind::Writetime | WritetimeKind::MaxWritetime => stamp.to_be_bytes().to_vec(),
        };
        match stamps {
            Stamps::None => None,
            Stamps::One(stamp) => stamp.map(|stamp| number(stamp).into()),
            Stamps::Many(all) if all.is_empty() => None,
            Stamps::Many(all) => {
                let mut list = i32::try_from(all.len()).unwrap_or(i32::MAX).to_be_bytes().to_vec();
                for stamp in all {
                    let element = stamp.map(number);
                    let length = element.as_ref().map_or(-1, |element| element.len() as i32);
                    list.extend_from_slice(&length.to_be_bytes());
                    list.extend(element.unwrap_or_default());
                }
                Some(list.into())
            }
        }
    }
}

impl BoundStep {
    /// The stamps, the value and the type of what the step leads to.
    fn take(
        &self,
        stamps: &Stamps,
        parts: &[Option<Bytes>],
        value: Option<Bytes>,
        cql_type: CqlType,
    ) -> (Stamps, Option<Bytes>, CqlType) {
        match self {
            BoundStep::Field(field) => {
                let inner = match &cql_type {
                    CqlType::Udt { definition, .. } => definition.fields.get(*field).map(|(_, ty)| ty.clone()),
                    _ => None,
                };
                (stamps.get(*field), parts.get(*field).cloned().flatten(), inner.unwrap_or(cql_type))
            }
            BoundStep::Element(key) => {
                let (key_type, step, inner) = addressed(&cql_type);
                let place = parts.chunks(step).position(|entry| match (entry.first(), key) {
                    (Some(Some(candidate)), Some(key)) => compare(&key_type, candidate, key).is_eq(),
                    _ => false,
                });
                let part = place.and_then(|place| parts.get(place * step + step - 1).cloned().flatten());
                (place.map_or(Stamps::None, |place| stamps.get(place)), part, inner)
            }
            BoundStep::Slice(from, to) => {
                let (key_type, step, _) = addressed(&cql_type);
                let is_within = |entry: &&[Option<Bytes>]| match entry.first() {
                    Some(Some(key)) => {
                        from.as_ref().is_none_or(|from| compare(&key_type, key, from).is_ge())
                            && to.as_ref().is_none_or(|to| compare(&key_type, key, to).is_le())
                    }
                    _ => false,
                };
                let first = parts.chunks(step).position(|entry| is_within(&entry));
                let count = parts.chunks(step).filter(is_within).count();
                let range = first.map(|first| first..first + count);
                (range.map_or(Stamps::None, |range| stamps.slice(range)), value, cql_type)
            }
        }
    }
}

/// The type of what a set or map is addressed by, how many parts an entry has, and the type of what is found.
fn addressed(cql_type: &CqlType) -> (CqlType, usize, CqlType) {
    match cql_type {
        CqlType::Map { key, value, .. } => (CqlType::clone(key), 2, CqlType::clone(value)),
        CqlType::Set { element, .. } | CqlType::List { element, .. } => {
            (CqlType::clone(element), 1, CqlType::clone(element))
        }
        other => (other.clone(), 1, other.clone()),
    }
}

impl Stamps {
    /// All parts of one cell share its stamp.
    fn get(&self, place: usize) -> Stamps {
        match self {
            Stamps::Many(all) => all.get(place).map_or(Stamps::None, |stamp| Stamps::One(*stamp)),
            other => other.clone(),
        }
    }

    fn slice(&self, range: Range<usize>) -> Stamps {
        match self {
            Stamps::Many(all) => all.get(range).map_or(Stamps::None, |part| Stamps::Many(part.to_vec())),
            other => other.clone(),
        }
    }
}
