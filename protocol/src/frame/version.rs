//! Protocol versions, and the one table of what each of them has.

/// A version of the native protocol that Quorate speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// Cassandra 2.1 and later.
    V3,
    /// Cassandra 2.2 and later; ScyllaDB's newest.
    V4,
    /// Cassandra 4.0 and later.
    V5,
    /// Cassandra 4.0 and later, as a beta: laid out as v5 is, and spoken only where every message says so.
    V6,
}

/// What a protocol version has. Nothing outside this table compares versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// It is not final: each message must set [`super::HeaderFlags::USE_BETA`].
    pub beta: bool,
    /// After STARTUP is answered, envelopes travel in checksummed segments (v5 section 2).
    pub segments: bool,
    /// Bodies may be compressed with snappy.
    pub snappy: bool,
    /// Query parameters carry their flags as an `[int]`, not a `[byte]`.
    pub int_query_flags: bool,
    /// PREPARE has flags, and a keyspace among them.
    pub prepare_flags: bool,
    /// QUERY, PREPARE and BATCH may name the keyspace they run in.
    pub keyspace: bool,
    /// QUERY, EXECUTE and BATCH may say what time it is for TTLs.
    pub now_in_seconds: bool,
    /// PREPARED and EXECUTE carry the id of the result metadata, and ROWS may announce a new one.
    pub result_metadata_id: bool,
    /// A `[value]` may be "not set".
    pub unset_values: bool,
    /// Header flag, and `[bytes map]` in front of the message.
    pub custom_payload: bool,
    /// Header flag, and `[string list]` in front of a response.
    pub warnings: bool,
    /// PREPARED says which bind markers make up the partition key.
    pub partition_key_indexes: bool,
    /// Schema changes name functions and aggregates.
    pub function_schema_changes: bool,
    /// READ_FAILURE, WRITE_FAILURE and FUNCTION_FAILURE exist.
    pub failures: bool,
    /// READ_FAILURE and WRITE_FAILURE say which node failed for what reason, rather than how many.
    pub failure_reasons: bool,
    /// CAS_WRITE_UNKNOWN exists, and a WRITE_TIMEOUT of type CAS counts contentions.
    pub cas_write_unknown: bool,
    /// `date`, `time`, `smallint` and `tinyint` have type codes of their own.
    pub small_types: bool,
    /// `duration` has a type code of its own.
    pub duration_type: bool,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Self; 4] = [Self::V3, Self::V4, Self::V5, Self::V6];
    /// The newest version that is final: what is spoken unless another one is asked for, and what an unknown one is
    /// answered in (`ProtocolVersion.CURRENT`).
    pub const NEWEST: Self = Self::V5;

    /// The number on the wire.
    pub const fn number(self) -> u8 {
        match self {
            Self::V3 => 3,
            Self::V4 => 4,
            Self::V5 => 5,
            Self::V6 => 6,
        }
    }

    /// The version with this number, without the direction bit.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            3 => Some(Self::V3),
            4 => Some(Self::V4),
            5 => Some(Self::V5),
            6 => Some(Self::V6),
            _ => None,
        }
    }

    /// The name in SUPPORTED and in error messages, such as `4/v4`.
    pub const fn description(self) -> &'static str {
        match self {
            Self::V3 => "3/v3",
            Self::V4 => "4/v4",
            Self::V5 => "5/v5",
            Self::V6 => "6/v6-beta",
        }
    }

    /// What this version has.
    pub const fn features(self) -> &'static Features {
        match self {
            Self::V3 => &V3,
            Self::V4 => &V4,
            Self::V5 => &V5,
            Self::V6 => &V6,
        }
    }
}

const V3: Features = Features {
    beta: false,
    segments: false,
    snappy: true,
    int_query_flags: false,
    prepare_flags: false,
    keyspace: false,
    now_in_seconds: false,
    result_metadata_id: false,
    unset_values: false,
    custom_payload: false,
    warnings: false,
    partition_key_indexes: false,
    function_schema_changes: false,
    failures: false,
    failure_reasons: false,
    cas_write_unknown: false,
    small_types: false,
    duration_type: false,
};

const V4: Features = Features {
    unset_values: true,
    custom_payload: true,
    warnings: true,
    partition_key_indexes: true,
    function_schema_changes: true,
    failures: true,
    small_types: true,
    ..V3
};

const V5: Features = Features {
    segments: true,
    snappy: false,
    int_query_flags: true,
    prepare_flags: true,
    keyspace: true,
    now_in_seconds: true,
    result_metadata_id: true,
    failure_reasons: true,
    cas_write_unknown: true,
    duration_type: true,
    ..V4
};

const V6: Features = Features { beta: true, ..V5 };
