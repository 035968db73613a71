//! The values that a request gives a modification. Unlike a SELECT's they may be unset: what they are for is left as it is.

use bytes::{BufMut, Bytes, BytesMut};
use quorate_protocol::frame::Value as Bound;
use quorate_protocol::message::view::Values;
use quorate_protocol::value::CqlType;
use smallvec::SmallVec;

use crate::engine::bind::BindSpec;
use crate::engine::canonical::{canonical, validate};
use crate::engine::environment::Environment;
use crate::engine::error::EngineError;
use crate::engine::expression::{Context, Expression};

/// What a term is worth for one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// A marker that the client left open, or a column that JSON with DEFAULT UNSET does not name.
    Unset,
    Null,
    Value(Bytes),
}

impl From<Option<Bytes>> for Given {
    fn from(value: Option<Bytes>) -> Self {
        value.map_or(Given::Null, Given::Value)
    }
}

/// The index of the value that INSERT JSON gives the first column; those of the client come long before.
pub(super) const JSON_BASE: usize = 1 << 20;

/// The values by marker.
#[derive(Clone, Debug, Default)]
pub(super) struct Arguments {
    values: SmallVec<[Option<Bytes>; 8]>,
    /// The values that INSERT JSON gives the columns.
    pub(super) json: Vec<Given>,
    /// Which of them are unset; most often none.
    unset: SmallVec<[usize; 4]>,
}

impl Arguments {
    /// The values in the order of the markers, each a valid value of its marker's type. All share one allocation.
    pub(super) fn new(specs: &[Option<BindSpec>], values: &Values<'_>) -> Result<Self, EngineError> {
        if values.named() {
            let value_of = |spec: &Option<BindSpec>| match spec {
                Some(spec) => values.value_named(&spec.name).ok_or_else(wrong_amount),
                None => Ok(Bound::Null),
            };
            return Self::gather(specs, specs.iter().map(value_of));
        }
        if values.len() != specs.len() {
            return Err(wrong_amount());
        }
        Self::gather(specs, values.iter().map(|(_, value)| Ok(value)))
    }

    fn gather<'v>(
        specs: &[Option<BindSpec>],
        values: impl Iterator<Item = Result<Bound<'v>, EngineError>> + Clone,
    ) -> Result<Self, EngineError> {
        let mut arguments = Arguments::default();
        let total = values.clone().map(|value| match value {
            Ok(Bound::Bytes(bytes)) => bytes.len(),
            _ => 0,
        });
        let mut buffer = BytesMut::with_capacity(total.sum());
        for (spec, value) in specs.iter().zip(values.clone()) {
            if let Bound::Bytes(bytes) = value? {
                if let Some(spec) = spec {
                    validate(&spec.cql_type, bytes)?;
                }
                buffer.put_slice(bytes);
            }
        }
        let mut rest = buffer.freeze();
        for (spec, value) in specs.iter().zip(values) {
            arguments.push(match value? {
                Bound::Bytes(bytes) => {
                    let sent = rest.split_to(bytes.len());
                    let kept = spec.as_ref().map(|spec| canonical(&spec.cql_type, &sent)).transpose()?;
                    Given::Value(kept.flatten().unwrap_or(sent))
                }
                Bound::Null => Given::Null,
                Bound::Unset => Given::Unset,
            });
        }
        Ok(arguments)
    }

    fn push(&mut self, given: Given) {
        self.values.push(match given {
            Given::Value(bytes) => Some(bytes),
            Given::Null => None,
            Given::Unset => {
                self.unset.push(self.values.len());
                None
            }
        });
    }

    /// The value of the marker of this index.
    pub(super) fn get(&self, index: usize) -> Given {
        if let Some(column) = index.checked_sub(JSON_BASE) {
            return self.json.get(column).cloned().unwrap_or(Given::Unset);
        }
        if self.unset.contains(&index) {
            return Given::Unset;
        }
        self.values.get(index).cloned().flatten().into()
    }

    /// What the expression is worth. Unset counts only as a whole: within a call or a literal there is no place for it.
    pub(super) fn evaluate(
        &self,
        expression: &Expression,
        environment: &mut dyn Environment,
    ) -> Result<Given, EngineError> {
        match expression {
            Expression::Constant(value) => Ok(value.clone().into()),
            Expression::Bind(index) => Ok(self.get(*index)),
            _ => {
                if !self.unset.is_empty() {
                    self.check_set(expression)?;
                }
                let mut context = Context { row: None, binds: &self.values, aggregates: &[], environment };
                Ok(expression.evaluate(&mut context)?.into())
            }
        }
    }

    fn check_set(&self, expression: &Expression) -> Result<(), EngineError> {
        let unset = |part: &Expression| matches!(part, Expression::Bind(index) if self.unset.contains(index));
        match expression {
            Expression::Call(function, arguments) => arguments.iter().try_for_each(|argument| {
                if unset(argument) {
                    let message = format!("Invalid unset value for argument in call to function {}", function.name);
                    return Err(EngineError::invalid(message));
                }
                self.check_set(argument)
            }),
            Expression::Chain(first, rest) => {
                std::iter::once(first.as_ref()).chain(rest.iter().map(|(_, operand)| operand)).try_for_each(|operand| {
                    if unset(operand) {
                        return Err(EngineError::invalid("Invalid unset value for argument in call to function"));
                    }
                    self.check_set(operand)
                })
            }
            Expression::Composite(cql_type, parts) => parts.iter().enumerate().try_for_each(|(index, part)| {
                if unset(part) {
                    return Err(EngineError::invalid(match cql_type {
                        // of a value that is stored field by field, an unset one is a null one
                        CqlType::Udt { frozen: false, .. } => return Ok(()),
                        CqlType::Udt { definition, .. } => {
                            let field = definition.fields.get(index).map_or("", |(name, _)| name.as_str());
                            let name = &definition.name;
                            format!("Invalid unset value for field '{field}' of user defined type {name}")
                        }
                        CqlType::Tuple(_) => format!("Invalid unset value for tuple field number {index}"),
                        _ => "unset value is not supported inside collections".to_owned(),
                    }));
                }
                self.check_set(part)
            }),
            _ => Ok(()),
        }
    }
}

fn wrong_amount() -> EngineError {
    EngineError::invalid("Invalid amount of bind variables")
}
