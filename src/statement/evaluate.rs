//! The values of functions that differ from call to call, computed once in the proxy so that all stores get the same.

mod time_uuid;

use bytes::Bytes;
use quorate_protocol::cql::ast::{Constant, NativeType};
use time_uuid::TimeUuids;
use uuid::Uuid;

use super::functions::Nondeterministic;

const DAY_MICROS: u64 = 24 * 60 * 60 * 1_000_000;

/// Computes the values, with a clock and a source of randomness from outside.
pub struct Evaluator {
    clock_micros: Box<dyn FnMut() -> u64>,
    random: Box<dyn FnMut() -> u128>,
    time_uuids: TimeUuids,
}

/// One point in time, for all calls in one statement.
pub(super) struct Moment<'e> {
    evaluator: &'e mut Evaluator,
    micros: u64,
}

impl Evaluator {
    /// An evaluator whose clock tells microseconds since 1970 and whose `random` gives 128 bits that nobody can guess.
    ///
    /// The timeuuids of two evaluators never meet: each has a node id and clock sequence of its own, drawn here.
    pub fn new(clock_micros: impl FnMut() -> u64 + 'static, mut random: impl FnMut() -> u128 + 'static) -> Self {
        let time_uuids = TimeUuids::new(random());
        Self { clock_micros: Box::new(clock_micros), random: Box::new(random), time_uuids }
    }

    /// Now: every current time or date of one statement is the same, as in Cassandra, and every uuid its own.
    pub(super) fn moment(&mut self) -> Moment<'_> {
        let micros = (self.clock_micros)();
        Moment { evaluator: self, micros }
    }
}

impl Moment<'_> {
    pub(super) fn call(&mut self, function: Nondeterministic) -> Value {
        match function {
            Nondeterministic::TimeUuid => Value::TimeUuid(self.evaluator.time_uuids.next(self.micros)),
            Nondeterministic::Uuid => {
                let random = (self.evaluator.random)().to_be_bytes();
                Value::Uuid(uuid::Builder::from_random_bytes(random).into_uuid())
            }
            Nondeterministic::Timestamp => Value::Timestamp((self.micros / 1000) as i64),
            Nondeterministic::Date => Value::Date((self.micros / DAY_MICROS) as u32 ^ 1 << 31),
            Nondeterministic::Time => Value::Time((self.micros % DAY_MICROS * 1000) as i64),
        }
    }
}

/// What a call gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    TimeUuid(Uuid),
    Uuid(Uuid),
    /// Milliseconds since 1970.
    Timestamp(i64),
    /// Days, of which 2^31 is the first of 1970.
    Date(u32),
    /// Nanoseconds since midnight.
    Time(i64),
}

impl Value {
    /// The constant that has the value, where the type is known to be that of the call.
    pub(super) fn constant(self) -> Constant<'static> {
        match self {
            Self::TimeUuid(uuid) | Self::Uuid(uuid) => Constant::Uuid(uuid.to_string().into()),
            Self::Timestamp(number) | Self::Time(number) => Constant::Integer(number.to_string().into()),
            Self::Date(days) => Constant::Integer(days.to_string().into()),
        }
    }

    /// The value as it is bound to a marker.
    pub(super) fn serialized(self) -> Bytes {
        match self {
            Self::TimeUuid(uuid) | Self::Uuid(uuid) => Bytes::copy_from_slice(uuid.as_bytes()),
            Self::Timestamp(number) | Self::Time(number) => Bytes::copy_from_slice(&number.to_be_bytes()),
            Self::Date(days) => Bytes::copy_from_slice(&days.to_be_bytes()),
        }
    }
}

impl Nondeterministic {
    /// The type of its value.
    pub(super) fn returns(self) -> NativeType {
        match self {
            Self::TimeUuid => NativeType::Timeuuid,
            Self::Uuid => NativeType::Uuid,
            Self::Timestamp => NativeType::Timestamp,
            Self::Date => NativeType::Date,
            Self::Time => NativeType::Time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23T22:25:34.316123Z
    const NOW_MICROS: u64 = 1_795_472_734_316_123;

    fn evaluator() -> Evaluator {
        let mut random = fastrand::Rng::with_seed(7);
        Evaluator::new(|| NOW_MICROS, move || random.u128(..))
    }

    #[test]
    fn the_current_time_is_that_of_the_clock() {
        let mut evaluator = evaluator();
        let mut moment = evaluator.moment();
        assert_eq!(moment.call(Nondeterministic::Timestamp), Value::Timestamp(1_795_472_734_316));
        // A real Cassandra called this day 20780.
        assert_eq!(moment.call(Nondeterministic::Date), Value::Date((1 << 31) + 20_780));
        let of_day = ((22 * 60 + 25) * 60 + 34) * 1_000_000_000 + 316_123_000;
        assert_eq!(moment.call(Nondeterministic::Time), Value::Time(of_day));
    }

    #[test]
    fn uuids_of_one_moment_differ_and_have_their_versions() {
        let mut evaluator = evaluator();
        let mut moment = evaluator.moment();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1000 {
            for (function, version) in [(Nondeterministic::Uuid, 4), (Nondeterministic::TimeUuid, 1)] {
                let (Value::Uuid(uuid) | Value::TimeUuid(uuid)) = moment.call(function) else { panic!("no uuid") };
                assert_eq!((uuid.get_version_num(), uuid.get_variant()), (version, uuid::Variant::RFC4122));
                assert!(seen.insert(uuid));
            }
        }
    }
}
