//! Cassandra's own functions, as far as it matters whether two stores compute the same.

use quorate_protocol::cql::ast::{Name, NativeType, QualifiedName};

/// A function whose value differs from call to call, in either of its spellings.
///
/// Source: `TimeFcts` and `UuidFcts` of Cassandra 5.0; every other of its native scalar functions is pure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nondeterministic {
    /// `now()`, `currentTimeUUID()`, `current_timeuuid()`
    TimeUuid,
    /// `uuid()`
    Uuid,
    /// `currentTimestamp()`, `current_timestamp()`
    Timestamp,
    /// `currentDate()`, `current_date()`
    Date,
    /// `currentTime()`, `current_time()`
    Time,
}

impl Nondeterministic {
    /// The function of that name, if it is one; a qualified name must be that of the system keyspace.
    pub(super) fn of(name: &QualifiedName<'_>) -> Option<Self> {
        if name.keyspace.as_ref().is_some_and(|keyspace| *keyspace != "system") {
            return None;
        }
        Self::named(name.name.as_str())
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "now" | "currenttimeuuid" | "current_timeuuid" => Self::TimeUuid,
            "uuid" => Self::Uuid,
            "currenttimestamp" | "current_timestamp" => Self::Timestamp,
            "currentdate" | "current_date" => Self::Date,
            "currenttime" | "current_time" => Self::Time,
            _ => return None,
        })
    }
}

/// Whether it is an aggregate of Cassandra.
pub(super) fn is_aggregate(name: &QualifiedName<'_>) -> bool {
    is_system(name) && matches!(name.name.as_str(), "count" | "countrows" | "min" | "max" | "sum" | "avg")
}

/// Whether Cassandra 5.0 has a function or aggregate of that name: any other is a user's.
pub(super) fn is_native(name: &QualifiedName<'_>) -> bool {
    is_system(name) && (is_aggregate(name) || is_native_scalar(&name.name))
}

fn is_system(name: &QualifiedName<'_>) -> bool {
    name.keyspace.as_ref().is_none_or(|keyspace| *keyspace == "system")
}

fn is_native_scalar(name: &Name<'_>) -> bool {
    let name = name.as_str();
    Nondeterministic::named(name).is_some() || NATIVE_SCALARS.contains(&name) || is_conversion(name)
}

/// Between blobs and other types, and casts: `intAsBlob`, `blob_as_int`, `castAsText`, `cast_as_text`.
fn is_conversion(name: &str) -> bool {
    let prefixed = ["blob_as_", "blobas", "cast_as_", "castas"].iter().find_map(|prefix| name.strip_prefix(prefix));
    let converted = prefixed.or_else(|| name.strip_suffix("_as_blob")).or_else(|| name.strip_suffix("asblob"));
    converted.is_some_and(|converted| NativeType::ALL.iter().any(|native| native.name() == converted))
}

const NATIVE_SCALARS: &[&str] = &[
    "token",
    "tojson",
    "to_json",
    "fromjson",
    "from_json",
    "totimestamp",
    "to_timestamp",
    "todate",
    "to_date",
    "tounixtimestamp",
    "to_unix_timestamp",
    "dateof",
    "unixtimestampof",
    "mintimeuuid",
    "min_timeuuid",
    "maxtimeuuid",
    "max_timeuuid",
    "floor",
    "abs",
    "exp",
    "log",
    "log10",
    "round",
    "map_keys",
    "map_values",
    "collection_count",
    "collection_min",
    "collection_max",
    "collection_sum",
    "collection_avg",
    "mask_null",
    "mask_default",
    "mask_replace",
    "mask_inner",
    "mask_outer",
    "mask_hash",
    "similarity_cosine",
    "similarity_euclidean",
    "similarity_dot_product",
    "ttl",
    "writetime",
    "maxwritetime",
];
