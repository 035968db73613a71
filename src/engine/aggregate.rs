//! Functions over the rows of a group (`AggregateFcts`).

use bytes::Bytes;
use quorate_protocol::value::{CqlType, Decimal, NativeType, Value, compare};

use super::error::EngineError;
use super::expression::Expression;
use super::function::number::Number;
use super::function::{accumulate, divide_half_even};

/// An aggregate in a selection.
#[derive(Clone, Debug)]
pub(super) struct Aggregate {
    pub(super) kind: Kind,
    /// What is aggregated; `None` in `count(*)`.
    pub(super) argument: Option<Expression>,
    /// The type of the argument.
    pub(super) cql_type: CqlType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Count,
    Min,
    Max,
    Sum,
    Avg,
}

impl Kind {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Kind::Count,
            "min" => Kind::Min,
            "max" => Kind::Max,
            "sum" => Kind::Sum,
            "avg" => Kind::Avg,
            _ => return None,
        })
    }
}

/// What an aggregate has seen of its group.
#[derive(Clone, Debug)]
pub(super) struct State {
    count: u64,
    best: Option<Bytes>,
    total: Number,
}

impl State {
    pub(super) fn new() -> Self {
        State { count: 0, best: None, total: Number::Integer(0) }
    }

    /// Takes the value that the argument has for one row; of `count(*)` there is always one.
    pub(super) fn add(&mut self, aggregate: &Aggregate, value: Option<Bytes>) -> Result<(), EngineError> {
        let Some(value) = value else { return Ok(()) };
        self.count += 1;
        match aggregate.kind {
            Kind::Count => {}
            Kind::Min | Kind::Max => {
                let order = self.best.as_ref().map(|best| compare(&aggregate.cql_type, &value, best));
                let is_better = match order {
                    None => true,
                    Some(order) if aggregate.kind == Kind::Min => order.is_lt(),
                    Some(order) => order.is_gt(),
                };
                if is_better {
                    self.best = Some(value);
                }
            }
            Kind::Sum | Kind::Avg => {
                if let Some(number) = Number::of(&Value::decode(&aggregate.cql_type, &value)?) {
                    let wide = widened(aggregate.native(), aggregate.kind);
                    self.total = accumulate(&self.total, &number, wide)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(self, aggregate: &Aggregate) -> Option<Bytes> {
        let value = match aggregate.kind {
            Kind::Count => Value::BigInt(self.count as i64),
            Kind::Min | Kind::Max => return self.best,
            Kind::Sum => self.total.into_value(aggregate.native())?,
            Kind::Avg => mean(&self.total, self.count, aggregate.native())?,
        };
        Some(value.to_bytes().into())
    }
}

impl Aggregate {
    fn native(&self) -> NativeType {
        match self.cql_type {
            CqlType::Native(native) => native,
            _ => NativeType::BigInt,
        }
    }
}

/// `total / count` in the type of what was summed: integers lose the fraction, decimals round half to even.
pub(super) fn mean(total: &Number, count: u64, native: NativeType) -> Option<Value> {
    if count == 0 {
        return Number::Integer(0).into_value(native);
    }
    let mean = match (native, total) {
        (NativeType::Float | NativeType::Double, total) => Number::Float(total.to_f64() / count as f64),
        (NativeType::Decimal, total) => {
            let total = total.to_decimal()?;
            let count = Decimal { unscaled: count.into(), scale: 0 };
            Number::Decimal(divide_half_even(&total, &count, total.scale)?)
        }
        (_, total) => Number::VarInt(total.to_big_int()? / count),
    };
    mean.into_value(native)
}

/// The type in which values are summed. A sum wraps where its type does; an average must not.
fn widened(native: NativeType, kind: Kind) -> NativeType {
    match native {
        NativeType::Float | NativeType::Double => NativeType::Double,
        NativeType::Decimal => NativeType::Decimal,
        NativeType::VarInt => NativeType::VarInt,
        _ if kind == Kind::Avg => NativeType::VarInt,
        _ => NativeType::BigInt,
    }
}
