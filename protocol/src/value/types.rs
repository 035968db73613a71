//! Every type of Cassandra 5.0, and its three written forms: CQL text, the marshal class name, the wire `[option]`.

mod class_name;
mod cql;
mod cursor;
mod option;
mod written;

use std::sync::Arc;

use thiserror::Error;

pub use cql::{UserTypeLookup, quote_identifier};

/// How deep types may nest. Deeper ones are refused on every way in, so no walk over a type can exhaust the stack.
pub const MAX_TYPE_DEPTH: usize = 100;

/// A CQL type. Cheap to clone: what is nested is shared.
///
/// `frozen` is what the schema says of a collection or user type. It does not change how a value is serialized, and the
/// wire `[option]` does not carry it: a decoded option has `frozen: false` throughout. Compare types from different
/// sources with [`CqlType::has_same_values_as`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CqlType {
    /// A type without parameters.
    Native(NativeType),
    /// `list<element>`
    List {
        /// Type of the elements.
        element: Arc<CqlType>,
        /// Stored as one cell.
        frozen: bool,
    },
    /// `set<element>`
    Set {
        /// Type of the elements.
        element: Arc<CqlType>,
        /// Stored as one cell.
        frozen: bool,
    },
    /// `map<key, value>`
    Map {
        /// Type of the keys.
        key: Arc<CqlType>,
        /// Type of the values.
        value: Arc<CqlType>,
        /// Stored as one cell.
        frozen: bool,
    },
    /// `tuple<…>`: always frozen.
    Tuple(Arc<[CqlType]>),
    /// `vector<element, dimension>`: always frozen.
    Vector {
        /// Type of the elements.
        element: Arc<CqlType>,
        /// Number of elements, at least 1.
        dimension: u32,
    },
    /// A user-defined type.
    Udt {
        /// Its definition.
        definition: Arc<UserType>,
        /// Stored as one cell.
        frozen: bool,
    },
    /// A server-side class that none of the above describes; its values are opaque bytes.
    Custom(Arc<str>),
}

/// The definition of a user-defined type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserType {
    /// Keyspace that holds it.
    pub keyspace: String,
    /// Its name, unquoted.
    pub name: String,
    /// Fields in order: name, unquoted, and type.
    pub fields: Vec<(String, CqlType)>,
}

/// The types without parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the CQL type of the same name")]
pub enum NativeType {
    Ascii,
    BigInt,
    Blob,
    Boolean,
    Counter,
    Date,
    Decimal,
    Double,
    Duration,
    /// Has only the empty value: compact tables' hidden columns.
    Empty,
    Float,
    Inet,
    Int,
    SmallInt,
    /// `text` and `varchar`.
    Text,
    Time,
    Timestamp,
    TimeUuid,
    TinyInt,
    Uuid,
    VarInt,
}

/// Why a written type was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TypeError {
    /// The bytes or text end inside a type.
    #[error("the type is cut short")]
    Truncated,
    /// An `[option]` id that no protocol version defines.
    #[error("unknown type id 0x{0:04X}")]
    UnknownId(u16),
    /// A `[string]` that is not UTF-8.
    #[error("a name in the type is not valid UTF-8")]
    InvalidUtf8,
    /// More than [`MAX_TYPE_DEPTH`] levels.
    #[error("the type nests deeper than {MAX_TYPE_DEPTH} levels")]
    TooDeep,
    /// A name that is neither a native type nor a known user type.
    #[error("Unknown type {0}")]
    UnknownName(String),
    /// Text that is not a type.
    #[error("syntax error in type at byte {position}")]
    Syntax {
        /// Offset of the offending byte.
        position: usize,
    },
    /// A vector of no elements, or of more than an `int` counts.
    #[error("vectors may only have positive dimensions; given {0}")]
    VectorDimension(i64),
}

impl From<NativeType> for CqlType {
    fn from(native: NativeType) -> Self {
        CqlType::Native(native)
    }
}

impl CqlType {
    /// A non-frozen `list<element>`.
    pub fn list(element: impl Into<CqlType>) -> Self {
        CqlType::List { element: Arc::new(element.into()), frozen: false }
    }

    /// A non-frozen `set<element>`.
    pub fn set(element: impl Into<CqlType>) -> Self {
        CqlType::Set { element: Arc::new(element.into()), frozen: false }
    }

    /// A non-frozen `map<key, value>`.
    pub fn map(key: impl Into<CqlType>, value: impl Into<CqlType>) -> Self {
        CqlType::Map { key: Arc::new(key.into()), value: Arc::new(value.into()), frozen: false }
    }

    /// `tuple<elements…>`
    pub fn tuple(elements: impl IntoIterator<Item = CqlType>) -> Self {
        CqlType::Tuple(elements.into_iter().collect())
    }

    /// `vector<element, dimension>`; a dimension outside `1..=i32::MAX` is refused.
    pub fn vector(element: impl Into<CqlType>, dimension: u32) -> Result<Self, TypeError> {
        if dimension == 0 || dimension > i32::MAX as u32 {
            return Err(TypeError::VectorDimension(dimension.into()));
        }
        Ok(CqlType::Vector { element: Arc::new(element.into()), dimension })
    }

    /// This type as `frozen<…>` makes it: collections and user types in it are stored as one cell, at every depth.
    pub fn freeze(&self) -> Self {
        self.with_frozen(true)
    }

    /// This type as the wire carries it: nothing is marked frozen.
    pub fn unfrozen(&self) -> Self {
        self.with_frozen(false)
    }

    /// Whether values of both types have the same bytes and meaning: equal but for `frozen`.
    pub fn has_same_values_as(&self, other: &CqlType) -> bool {
        use CqlType::*;
        match (self, other) {
            (List { element: a, .. }, List { element: b, .. }) | (Set { element: a, .. }, Set { element: b, .. }) => {
                a.has_same_values_as(b)
            }
            (Map { key: k1, value: v1, .. }, Map { key: k2, value: v2, .. }) => {
                k1.has_same_values_as(k2) && v1.has_same_values_as(v2)
            }
            (Tuple(a), Tuple(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.has_same_values_as(b)),
            (Vector { element: a, dimension: n }, Vector { element: b, dimension: m }) => {
                n == m && a.has_same_values_as(b)
            }
            (Udt { definition: a, .. }, Udt { definition: b, .. }) => {
                a.keyspace == b.keyspace
                    && a.name == b.name
                    && a.fields.len() == b.fields.len()
                    && a.fields.iter().zip(&b.fields).all(|(a, b)| a.0 == b.0 && a.1.has_same_values_as(&b.1))
            }
            _ => self == other,
        }
    }

    /// Whether a column of this type is stored as several cells (a non-frozen collection or user type).
    pub fn is_multi_cell(&self) -> bool {
        matches!(
            self,
            CqlType::List { frozen: false, .. }
                | CqlType::Set { frozen: false, .. }
                | CqlType::Map { frozen: false, .. }
                | CqlType::Udt { frozen: false, .. }
        )
    }

    /// Whether this is a list, set or map.
    pub fn is_collection(&self) -> bool {
        matches!(self, CqlType::List { .. } | CqlType::Set { .. } | CqlType::Map { .. })
    }

    /// Length in bytes of every non-empty value, where Cassandra's storage treats it as fixed
    /// (`AbstractType.valueLengthIfFixed`). Decides how vectors lay out their elements: `smallint`, `tinyint`, `date`
    /// and `time` count as variable there.
    pub fn fixed_length(&self) -> Option<usize> {
        match self {
            CqlType::Native(native) => native.fixed_length(),
            CqlType::Vector { element, dimension } => element.fixed_length()?.checked_mul(*dimension as usize),
            _ => None,
        }
    }

    fn with_frozen(&self, frozen: bool) -> Self {
        let nested = |inner: &Arc<CqlType>| match inner.as_ref() {
            CqlType::Native(_) | CqlType::Custom(_) => Arc::clone(inner),
            inner => Arc::new(inner.with_frozen(frozen)),
        };
        match self {
            CqlType::Native(_) | CqlType::Custom(_) => self.clone(),
            CqlType::List { element, .. } => CqlType::List { element: nested(element), frozen },
            CqlType::Set { element, .. } => CqlType::Set { element: nested(element), frozen },
            CqlType::Map { key, value, .. } => CqlType::Map { key: nested(key), value: nested(value), frozen },
            CqlType::Tuple(elements) => CqlType::tuple(elements.iter().map(|element| element.with_frozen(frozen))),
            CqlType::Vector { element, dimension } => {
                CqlType::Vector { element: nested(element), dimension: *dimension }
            }
            CqlType::Udt { definition, .. } => {
                let fields = definition.fields.iter().map(|(name, ty)| (name.clone(), ty.with_frozen(frozen)));
                let definition = UserType {
                    keyspace: definition.keyspace.clone(),
                    name: definition.name.clone(),
                    fields: fields.collect(),
                };
                CqlType::Udt { definition: Arc::new(definition), frozen }
            }
        }
    }
}

impl NativeType {
    /// Every native type.
    pub const ALL: [NativeType; 21] = [
        NativeType::Ascii,
        NativeType::BigInt,
        NativeType::Blob,
        NativeType::Boolean,
        NativeType::Counter,
        NativeType::Date,
        NativeType::Decimal,
        NativeType::Double,
        NativeType::Duration,
        NativeType::Empty,
        NativeType::Float,
        NativeType::Inet,
        NativeType::Int,
        NativeType::SmallInt,
        NativeType::Text,
        NativeType::Time,
        NativeType::Timestamp,
        NativeType::TimeUuid,
        NativeType::TinyInt,
        NativeType::Uuid,
        NativeType::VarInt,
    ];

    /// The name in CQL.
    pub fn name(self) -> &'static str {
        self.names().0
    }

    /// The type of that CQL name, in any case; `varchar` is `text`.
    pub fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("varchar") {
            return Some(NativeType::Text);
        }
        Self::ALL.into_iter().find(|native| native.name().eq_ignore_ascii_case(name))
    }

    /// The class in `org.apache.cassandra.db.marshal`, without the package.
    pub fn class_name(self) -> &'static str {
        self.names().1
    }

    fn from_class_name(class: &str) -> Option<Self> {
        match class {
            // the class of `timestamp` before Cassandra 1.2
            "DateType" => Some(NativeType::Timestamp),
            // what aggregates of timeuuids are declared to return
            "LegacyTimeUUIDType" => Some(NativeType::TimeUuid),
            _ => Self::ALL.into_iter().find(|native| native.class_name() == class),
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            NativeType::Ascii => ("ascii", "AsciiType"),
            NativeType::BigInt => ("bigint", "LongType"),
            NativeType::Blob => ("blob", "BytesType"),
            NativeType::Boolean => ("boolean", "BooleanType"),
            NativeType::Counter => ("counter", "CounterColumnType"),
            NativeType::Date => ("date", "SimpleDateType"),
            NativeType::Decimal => ("decimal", "DecimalType"),
            NativeType::Double => ("double", "DoubleType"),
            NativeType::Duration => ("duration", "DurationType"),
            NativeType::Empty => ("empty", "EmptyType"),
            NativeType::Float => ("float", "FloatType"),
            NativeType::Inet => ("inet", "InetAddressType"),
            NativeType::Int => ("int", "Int32Type"),
            NativeType::SmallInt => ("smallint", "ShortType"),
            NativeType::Text => ("text", "UTF8Type"),
            NativeType::Time => ("time", "TimeType"),
            NativeType::Timestamp => ("timestamp", "TimestampType"),
            NativeType::TimeUuid => ("timeuuid", "TimeUUIDType"),
            NativeType::TinyInt => ("tinyint", "ByteType"),
            NativeType::Uuid => ("uuid", "UUIDType"),
            NativeType::VarInt => ("varint", "IntegerType"),
        }
    }

    fn fixed_length(self) -> Option<usize> {
        match self {
            NativeType::Boolean => Some(1),
            NativeType::Int | NativeType::Float => Some(4),
            NativeType::BigInt | NativeType::Double | NativeType::Timestamp => Some(8),
            NativeType::Uuid | NativeType::TimeUuid => Some(16),
            NativeType::Empty => Some(0),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn any_native() -> impl Strategy<Value = NativeType> {
        proptest::sample::select(NativeType::ALL.to_vec())
    }

    /// Any type, of a few levels, nothing frozen.
    pub(crate) fn any_type() -> impl Strategy<Value = CqlType> {
        any_native().prop_map(CqlType::Native).prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(CqlType::list),
                inner.clone().prop_map(CqlType::set),
                (inner.clone(), inner.clone()).prop_map(|(key, value)| CqlType::map(key, value)),
                prop::collection::vec(inner.clone(), 1..4).prop_map(CqlType::tuple),
                (inner.clone(), 1..5_u32).prop_map(|(element, n)| CqlType::vector(element, n).unwrap()),
                ("[a-z]{1,4}", "[a-zA-Z ]{1,4}", prop::collection::vec(("[a-z\"é]{1,4}", inner), 1..4)).prop_map(
                    |(keyspace, name, fields)| CqlType::Udt {
                        definition: Arc::new(UserType { keyspace, name, fields }),
                        frozen: false
                    }
                ),
            ]
        })
    }

    proptest! {
        #[test]
        fn freezing_changes_no_values(ty in any_type()) {
            let frozen = ty.freeze();
            prop_assert!(frozen.has_same_values_as(&ty));
            prop_assert!(!frozen.is_multi_cell());
            prop_assert_eq!(frozen.unfrozen(), ty);
        }
    }
}
