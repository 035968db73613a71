//! Data types as they are written.

use std::borrow::Cow;

use super::QualifiedName;

/// A data type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type<'a> {
    /// `int`, `text`, …
    Native(NativeType),
    /// `list<int>`
    List(Box<Type<'a>>),
    /// `set<int>`
    Set(Box<Type<'a>>),
    /// `map<key, value>`
    Map(Box<(Type<'a>, Type<'a>)>),
    /// `tuple<int, text>`, of at least one component.
    Tuple(Vec<Type<'a>>),
    /// `vector<float, 3>`
    Vector(Box<Type<'a>>, i32),
    /// A user-defined type.
    UserDefined(QualifiedName<'a>),
    /// `frozen<list<int>>`
    Frozen(Box<Type<'a>>),
    /// `'org.apache.cassandra.db.marshal.BytesType'`: a class on the server.
    Custom(Cow<'a, str>),
}

macro_rules! native_types {
    ($($variant:ident $name:literal,)*) => {
        /// A type without parameters that the language knows by a keyword.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each variant is the type of that name")]
        pub enum NativeType {
            $($variant,)*
        }

        impl NativeType {
            /// Every native type.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in CQL, in lower case.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

native_types! {
    Ascii "ascii",
    Bigint "bigint",
    Blob "blob",
    Boolean "boolean",
    Counter "counter",
    Date "date",
    Decimal "decimal",
    Double "double",
    Duration "duration",
    Float "float",
    Inet "inet",
    Int "int",
    Smallint "smallint",
    Text "text",
    Time "time",
    Timestamp "timestamp",
    Timeuuid "timeuuid",
    Tinyint "tinyint",
    Uuid "uuid",
    Varchar "varchar",
    Varint "varint",
}
