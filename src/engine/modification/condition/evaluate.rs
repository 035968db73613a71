//! Conditions with their values in place, and whether a row fulfils them (`ColumnCondition.Bound`).

use bytes::Bytes;
use quorate_protocol::cql::ast::Operator;
use quorate_protocol::value::{CqlType, NativeType, compare};

use super::{Condition, Subject, Test};
use crate::engine::environment::Environment;
use crate::engine::error::EngineError;
use crate::engine::expression::parts_of;
use crate::engine::modification::arguments::{Arguments, Given};
use crate::engine::modification::operation::canonical;
use crate::engine::modification::stored::{elements_of, value_of};
use crate::engine::restriction::{Alternatives, holds, operator_text};
use crate::engine::table::Table;
use crate::store::row::{ColumnId, Row};

/// A condition whose values are known.
#[derive(Clone, Debug)]
pub(in crate::engine::modification) struct BoundCondition {
    id: ColumnId,
    cql_type: CqlType,
    subject: BoundSubject,
    operator: Operator,
    /// The row must match one of these.
    values: Vec<Option<Bytes>>,
}

#[derive(Clone, Debug)]
enum BoundSubject {
    Whole,
    Element(Bytes),
    Field(usize),
}

impl BoundCondition {
    /// Evaluates the values of a condition. None of them may be unset, but in a list they are passed over.
    pub(in crate::engine::modification) fn new(
        condition: &Condition,
        table: &Table,
        arguments: &Arguments,
        environment: &mut dyn Environment,
    ) -> Result<Self, EngineError> {
        let cql_type = table.columns().get(condition.column).map(|column| column.cql_type.clone());
        let cql_type = cql_type.unwrap_or(CqlType::Native(NativeType::Empty));
        let subject = match &condition.subject {
            Subject::Whole => BoundSubject::Whole,
            Subject::Field(number) => BoundSubject::Field(*number),
            Subject::Element(key) => match arguments.evaluate(key, environment)? {
                Given::Value(key) => BoundSubject::Element(key),
                // as Cassandra takes it: a key that no map has
                Given::Unset if matches!(cql_type, CqlType::Map { .. }) => BoundSubject::Element(Bytes::new()),
                Given::Null | Given::Unset => {
                    let kind = if matches!(cql_type, CqlType::Map { .. }) { "map" } else { "list" };
                    return Err(EngineError::invalid(format!("Invalid null value for {kind} element access")));
                }
            },
        };
        let mut values = Vec::new();
        let unset = || EngineError::invalid("Invalid 'unset' value in condition");
        let operator = match &condition.test {
            Test::Compare(operator, value) => {
                values.push(match arguments.evaluate(value, environment)? {
                    Given::Value(bytes) => Some(bytes),
                    Given::Null => None,
                    Given::Unset => return Err(unset()),
                });
                *operator
            }
            Test::In(Alternatives::Listed(listed)) => {
                for value in listed {
                    match arguments.evaluate(value, environment)? {
                        Given::Value(bytes) => values.push(Some(bytes)),
                        Given::Null => values.push(None),
                        Given::Unset => {}
                    }
                }
                Operator::Equal
            }
            Test::In(Alternatives::Whole(list, element)) => {
                let list = match arguments.evaluate(list, environment)? {
                    Given::Value(list) => list,
                    Given::Null => return Err(EngineError::invalid("Invalid null list in IN condition")),
                    Given::Unset => return Err(unset()),
                };
                values = parts_of(&CqlType::list(element.clone()), Some(list))?;
                Operator::Equal
            }
        };
        if matches!(subject, BoundSubject::Whole) && !matches!(operator, Operator::Contains | Operator::ContainsKey) {
            for value in values.iter_mut().flatten() {
                *value = canonical(&cql_type, std::mem::take(value))?;
            }
        }
        Ok(BoundCondition { id: condition.id, cql_type, subject, operator, values })
    }

    /// Whether the row fulfils the condition; an absent row is one of nulls.
    pub(in crate::engine::modification) fn holds(&self, row: &Row, now_seconds: i64) -> Result<bool, EngineError> {
        if matches!(self.operator, Operator::Contains | Operator::ContainsKey) {
            return self.contains(row, now_seconds);
        }
        let is_multi_cell_collection = self.cql_type.is_multi_cell() && self.cql_type.is_collection();
        if is_multi_cell_collection && matches!(self.subject, BoundSubject::Whole) {
            return self.collection_holds(row, now_seconds);
        }
        let (cql_type, value) = self.subject(row, now_seconds)?;
        for wanted in &self.values {
            if fulfils(self.operator, &cql_type, wanted.as_deref(), value.as_deref())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is looked at, and its type.
    fn subject(&self, row: &Row, now_seconds: i64) -> Result<(CqlType, Option<Bytes>), EngineError> {
        let whole = || value_of(row, self.id, &self.cql_type, now_seconds);
        Ok(match (&self.subject, &self.cql_type) {
            (BoundSubject::Field(number), CqlType::Udt { definition, .. }) => {
                let cql_type = definition.fields.get(*number).map(|(_, cql_type)| cql_type.clone());
                let value = parts_of(&self.cql_type, whole())?.into_iter().nth(*number).flatten();
                (cql_type.unwrap_or(CqlType::Native(NativeType::Blob)), value)
            }
            (BoundSubject::Element(key), CqlType::Map { key: key_type, value, .. }) => {
                let parts = parts_of(&self.cql_type, whole())?;
                let is_wanted = |entry: &&[Option<Bytes>]| matches!(entry.first(), Some(Some(candidate)) if compare(key_type, candidate, key).is_eq());
                let found = parts.chunks(2).find(is_wanted).and_then(|entry| entry.last().cloned().flatten());
                (CqlType::clone(value), found)
            }
            (BoundSubject::Element(index), CqlType::List { element, .. }) => {
                let index = <[u8; 4]>::try_from(index.as_ref()).map(i32::from_be_bytes).unwrap_or_default();
                let place = usize::try_from(index)
                    .map_err(|_| EngineError::invalid(format!("Invalid negative list index {index}")))?;
                (CqlType::clone(element), parts_of(&self.cql_type, whole())?.into_iter().nth(place).flatten())
            }
            _ => (self.cql_type.clone(), whole()),
        })
    }

    /// A collection of several cells: an empty one is null.
    fn collection_holds(&self, row: &Row, now_seconds: i64) -> Result<bool, EngineError> {
        let current = value_of(row, self.id, &self.cql_type, now_seconds);
        for wanted in &self.values {
            let is_empty = match wanted {
                Some(wanted) => parts_of(&self.cql_type, Some(wanted.clone()))?.is_empty(),
                None => true,
            };
            let is_met = match (self.operator, is_empty) {
                (Operator::Equal, true) => current.is_none(),
                (Operator::NotEqual, true) => return Ok(current.is_some()),
                (operator, true) => {
                    let operator = operator_text(operator);
                    return Err(EngineError::invalid(match (wanted, &self.cql_type) {
                        (None, _) => format!("Invalid comparison with null for operator \"{operator}\""),
                        (Some(_), CqlType::List { .. }) => {
                            format!("Invalid comparison with an empty list for operator \"{operator}\"")
                        }
                        (Some(_), CqlType::Set { .. }) => {
                            format!("Invalid comparison with an empty set for operator \"{operator}\"")
                        }
                        (Some(_), _) => format!("Invalid comparison with an empty map for operator \"{operator}\""),
                    }));
                }
                (operator, false) => match (&current, wanted) {
                    (Some(current), Some(wanted)) => holds(operator, compare(&self.cql_type, current, wanted)),
                    _ => operator == Operator::NotEqual,
                },
            };
            if is_met {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn contains(&self, row: &Row, now_seconds: i64) -> Result<bool, EngineError> {
        let Some(wanted) = self.values.first().cloned().flatten() else {
            let operator = operator_text(self.operator);
            return Err(EngineError::invalid(format!("Invalid comparison with null for operator \"{operator}\"")));
        };
        let of_keys = self.operator == Operator::ContainsKey;
        if !self.cql_type.is_multi_cell() {
            let parts = parts_of(&self.cql_type, value_of(row, self.id, &self.cql_type, now_seconds))?;
            let is_equal = |ty: &CqlType, part: &Option<Bytes>| {
                part.as_ref().is_some_and(|part| compare(ty, part, &wanted).is_eq())
            };
            return Ok(match &self.cql_type {
                CqlType::Map { key, .. } if of_keys => parts.iter().step_by(2).any(|part| is_equal(key, part)),
                CqlType::Map { value, .. } => parts.iter().skip(1).step_by(2).any(|part| is_equal(value, part)),
                CqlType::List { element, .. } | CqlType::Set { element, .. } => {
                    parts.iter().any(|part| is_equal(element, part))
                }
                _ => false,
            });
        }
        let elements = elements_of(row, self.id, &self.cql_type, now_seconds);
        Ok(match &self.cql_type {
            CqlType::Map { key, .. } if of_keys => elements.iter().any(|(path, _)| compare(key, path, &wanted).is_eq()),
            CqlType::Set { element, .. } => elements.iter().any(|(path, _)| compare(element, path, &wanted).is_eq()),
            CqlType::Map { value: element, .. } | CqlType::List { element, .. } => {
                elements.iter().any(|(_, value)| compare(element, value, &wanted).is_eq())
            }
            _ => false,
        })
    }
}

fn fulfils(
    operator: Operator,
    cql_type: &CqlType,
    wanted: Option<&[u8]>,
    current: Option<&[u8]>,
) -> Result<bool, EngineError> {
    match (wanted, current) {
        (None, current) => match operator {
            Operator::Equal => Ok(current.is_none()),
            Operator::NotEqual => Ok(current.is_some()),
            _ => {
                let operator = operator_text(operator);
                Err(EngineError::invalid(format!("Invalid comparison with null for operator \"{operator}\"")))
            }
        },
        (Some(_), None) => Ok(operator == Operator::NotEqual),
        (Some(wanted), Some(current)) => Ok(holds(operator, compare(cql_type, current, wanted))),
    }
}
