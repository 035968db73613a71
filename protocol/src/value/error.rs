//! Why bytes or text are not a value.

use thiserror::Error;

/// Serialized bytes that are no value of the type. Texts follow Cassandra's serializers.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ValueError {
    /// A length that no value of the type has.
    #[error("Expected {expected} ({length})")]
    Length {
        /// What was expected.
        expected: &'static str,
        /// The length, in bytes.
        length: usize,
    },
    /// A byte above 127 in `ascii`.
    #[error("Invalid byte for ascii")]
    Ascii,
    /// `text` that is not UTF-8.
    #[error("String didn't validate.")]
    Utf8,
    /// A `timeuuid` of another version than 1.
    #[error("Invalid version for TimeUUID type.")]
    TimeUuid,
    /// A `duration` whose months or days are too many.
    #[error("The duration {part} must be a 32 bits integer but was: {value}")]
    DurationRange {
        /// Which.
        part: &'static str,
        /// How many they are.
        value: i64,
    },
    /// A `duration` whose parts are of different signs.
    #[error("The duration months, days and nanoseconds must be all of the same sign ({months}, {days}, {nanos})")]
    DurationSign {
        /// Its months.
        months: i32,
        /// Its days.
        days: i32,
        /// Its nanoseconds.
        nanos: i64,
    },
    /// A collection, tuple or vector that ends too soon.
    #[error("Not enough bytes to read a value")]
    Truncated,
    /// Bytes left over after a collection, tuple or vector.
    #[error("Unexpected extraneous bytes after value")]
    Extraneous,
}
