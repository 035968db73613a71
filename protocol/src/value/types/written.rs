//! Types as the syntax tree of a statement has them.

use super::{CqlType, NativeType, TypeError, UserTypeLookup};
use crate::cql::ast::{NativeType as WrittenNative, Type};

impl From<WrittenNative> for NativeType {
    fn from(written: WrittenNative) -> Self {
        match written {
            WrittenNative::Ascii => NativeType::Ascii,
            WrittenNative::Bigint => NativeType::BigInt,
            WrittenNative::Blob => NativeType::Blob,
            WrittenNative::Boolean => NativeType::Boolean,
            WrittenNative::Counter => NativeType::Counter,
            WrittenNative::Date => NativeType::Date,
            WrittenNative::Decimal => NativeType::Decimal,
            WrittenNative::Double => NativeType::Double,
            WrittenNative::Duration => NativeType::Duration,
            WrittenNative::Float => NativeType::Float,
            WrittenNative::Inet => NativeType::Inet,
            WrittenNative::Int => NativeType::Int,
            WrittenNative::Smallint => NativeType::SmallInt,
            WrittenNative::Text | WrittenNative::Varchar => NativeType::Text,
            WrittenNative::Time => NativeType::Time,
            WrittenNative::Timestamp => NativeType::Timestamp,
            WrittenNative::Timeuuid => NativeType::TimeUuid,
            WrittenNative::Tinyint => NativeType::TinyInt,
            WrittenNative::Uuid => NativeType::Uuid,
            WrittenNative::Varint => NativeType::VarInt,
        }
    }
}

impl CqlType {
    /// The type that a statement names. The parser has bounded its depth.
    ///
    /// # Errors
    /// For an unknown user-defined type, a class name that cannot be read, or a vector of no elements.
    pub fn resolve(written: &Type<'_>, user_type: &UserTypeLookup<'_>) -> Result<Self, TypeError> {
        let nested = |written: &Type<'_>| Self::resolve(written, user_type);
        Ok(match written {
            Type::Native(native) => CqlType::Native((*native).into()),
            Type::List(element) => CqlType::list(nested(element)?),
            Type::Set(element) => CqlType::set(nested(element)?),
            Type::Map(pair) => CqlType::map(nested(&pair.0)?, nested(&pair.1)?),
            Type::Tuple(types) => {
                let types = types.iter().map(|ty| Ok(nested(ty)?.freeze()));
                CqlType::Tuple(types.collect::<Result<_, _>>()?)
            }
            Type::Vector(element, dimension) => {
                let refuse = |_| TypeError::VectorDimension((*dimension).into());
                CqlType::vector(nested(element)?.freeze(), u32::try_from(*dimension).map_err(refuse)?)?
            }
            Type::Frozen(inner) => nested(inner)?.freeze(),
            Type::Custom(class) => CqlType::from_class_name(class)?,
            Type::UserDefined(name) => {
                let keyspace = name.keyspace.as_ref().map(|keyspace| keyspace.as_str());
                let definition = user_type(keyspace, name.name.as_str())
                    .ok_or_else(|| TypeError::UnknownName(name.name.as_str().to_owned()))?;
                CqlType::Udt { definition, frozen: false }
            }
        })
    }
}
