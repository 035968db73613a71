//! Types as the wire carries them: `[option]` (native protocol specification, section 4.2.5.2).

use std::sync::Arc;

use bytes::{Buf, BufMut};

use crate::frame::Features;

use super::{CqlType, MAX_TYPE_DEPTH, NativeType, TypeError, UserType};

const CUSTOM: u16 = 0x00;
const VARCHAR: u16 = 0x0D;
const LIST: u16 = 0x20;
const MAP: u16 = 0x21;
const SET: u16 = 0x22;
const UDT: u16 = 0x30;
const TUPLE: u16 = 0x31;

impl CqlType {
    /// Reads one `[option]` off the front of `input`.
    ///
    /// A `custom` option that names a class of Cassandra's own types (vectors, `duration` before v5) becomes that type;
    /// any other stays [`CqlType::Custom`].
    pub fn decode_option(input: &mut &[u8]) -> Result<Self, TypeError> {
        decode(input, 0)
    }

    /// Appends this type as an `[option]`. What the protocol version has no id for goes as `custom`. Names longer than a
    /// `[string]` and more fields than a `[short]` counts are cut off: neither can be declared in CQL, nor decoded.
    pub fn encode_option(&self, out: &mut impl BufMut, features: &Features) {
        match self {
            CqlType::Native(native) => match native_id(*native, features) {
                Some(id) => out.put_u16(id),
                None => put_custom(out, &self.class_name()),
            },
            CqlType::List { element, .. } => {
                out.put_u16(LIST);
                element.encode_option(out, features);
            }
            CqlType::Set { element, .. } => {
                out.put_u16(SET);
                element.encode_option(out, features);
            }
            CqlType::Map { key, value, .. } => {
                out.put_u16(MAP);
                key.encode_option(out, features);
                value.encode_option(out, features);
            }
            CqlType::Tuple(elements) => {
                out.put_u16(TUPLE);
                out.put_u16(count(elements.len()));
                for element in elements.iter().take(usize::from(u16::MAX)) {
                    element.encode_option(out, features);
                }
            }
            CqlType::Udt { definition, .. } => {
                out.put_u16(UDT);
                put_string(out, &definition.keyspace);
                put_string(out, &definition.name);
                out.put_u16(count(definition.fields.len()));
                for (name, ty) in definition.fields.iter().take(usize::from(u16::MAX)) {
                    put_string(out, name);
                    ty.encode_option(out, features);
                }
            }
            CqlType::Vector { .. } => put_custom(out, &self.class_name()),
            CqlType::Custom(class) => put_custom(out, class),
        }
    }
}

fn decode(input: &mut &[u8], depth: usize) -> Result<CqlType, TypeError> {
    if depth >= MAX_TYPE_DEPTH {
        return Err(TypeError::TooDeep);
    }
    let nested = |input: &mut &[u8]| decode(input, depth + 1);
    Ok(match take_u16(input)? {
        CUSTOM => {
            let class = take_string(input)?;
            match CqlType::from_class_name_at(class, depth) {
                Ok(ty) => ty.unfrozen(),
                Err(TypeError::TooDeep) => return Err(TypeError::TooDeep),
                Err(_) => CqlType::Custom(Arc::from(class)),
            }
        }
        LIST => CqlType::list(nested(input)?),
        SET => CqlType::set(nested(input)?),
        MAP => {
            let key = nested(input)?;
            CqlType::map(key, nested(input)?)
        }
        UDT => {
            let keyspace = take_string(input)?.to_owned();
            let name = take_string(input)?.to_owned();
            let fields = (0..take_u16(input)?)
                .map(|_| Ok((take_string(input)?.to_owned(), nested(input)?)))
                .collect::<Result<_, _>>()?;
            CqlType::Udt { definition: Arc::new(UserType { keyspace, name, fields }), frozen: false }
        }
        TUPLE => {
            let elements = (0..take_u16(input)?).map(|_| nested(input)).collect::<Result<_, _>>()?;
            CqlType::Tuple(elements)
        }
        id => CqlType::Native(native_of(id).ok_or(TypeError::UnknownId(id))?),
    })
}

fn native_of(id: u16) -> Option<NativeType> {
    Some(match id {
        0x01 => NativeType::Ascii,
        0x02 => NativeType::BigInt,
        0x03 => NativeType::Blob,
        0x04 => NativeType::Boolean,
        0x05 => NativeType::Counter,
        0x06 => NativeType::Decimal,
        0x07 => NativeType::Double,
        0x08 => NativeType::Float,
        0x09 => NativeType::Int,
        // `text` of protocol v1 and v2, an alias since
        0x0A | VARCHAR => NativeType::Text,
        0x0B => NativeType::Timestamp,
        0x0C => NativeType::Uuid,
        0x0E => NativeType::VarInt,
        0x0F => NativeType::TimeUuid,
        0x10 => NativeType::Inet,
        0x11 => NativeType::Date,
        0x12 => NativeType::Time,
        0x13 => NativeType::SmallInt,
        0x14 => NativeType::TinyInt,
        0x15 => NativeType::Duration,
        _ => return None,
    })
}

fn native_id(native: NativeType, features: &Features) -> Option<u16> {
    let (id, has) = match native {
        NativeType::Ascii => (0x01, true),
        NativeType::BigInt => (0x02, true),
        NativeType::Blob => (0x03, true),
        NativeType::Boolean => (0x04, true),
        NativeType::Counter => (0x05, true),
        NativeType::Decimal => (0x06, true),
        NativeType::Double => (0x07, true),
        NativeType::Float => (0x08, true),
        NativeType::Int => (0x09, true),
        NativeType::Timestamp => (0x0B, true),
        NativeType::Uuid => (0x0C, true),
        NativeType::Text => (VARCHAR, true),
        NativeType::VarInt => (0x0E, true),
        NativeType::TimeUuid => (0x0F, true),
        NativeType::Inet => (0x10, true),
        NativeType::Date => (0x11, features.small_types),
        NativeType::Time => (0x12, features.small_types),
        NativeType::SmallInt => (0x13, features.small_types),
        NativeType::TinyInt => (0x14, features.small_types),
        NativeType::Duration => (0x15, features.duration_type),
        NativeType::Empty => return None,
    };
    has.then_some(id)
}

fn put_custom(out: &mut impl BufMut, class: &str) {
    out.put_u16(CUSTOM);
    put_string(out, class);
}

fn put_string(out: &mut impl BufMut, text: &str) {
    let length = count(text.len());
    out.put_u16(length);
    out.put_slice(&text.as_bytes()[..usize::from(length)]);
}

fn count(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

fn take_u16(input: &mut &[u8]) -> Result<u16, TypeError> {
    input.try_get_u16().map_err(|_| TypeError::Truncated)
}

fn take_string<'a>(input: &mut &'a [u8]) -> Result<&'a str, TypeError> {
    let length = usize::from(take_u16(input)?);
    let (text, rest) = input.split_at_checked(length).ok_or(TypeError::Truncated)?;
    *input = rest;
    std::str::from_utf8(text).map_err(|_| TypeError::InvalidUtf8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::any_type;
    use super::*;
    use crate::frame::Version;

    proptest! {
        #[test]
        fn an_option_round_trips_in_every_version(ty in any_type()) {
            for version in Version::ALL {
                let mut bytes = Vec::new();
                ty.encode_option(&mut bytes, version.features());
                let mut rest = bytes.as_slice();
                prop_assert_eq!(&CqlType::decode_option(&mut rest), &Ok(ty.clone()));
                prop_assert!(rest.is_empty());
            }
        }

        #[test]
        fn a_truncated_option_is_refused(ty in any_type(), cut in any::<prop::sample::Index>()) {
            let mut bytes = Vec::new();
            ty.encode_option(&mut bytes, Version::V5.features());
            let cut = cut.index(bytes.len());
            prop_assert!(CqlType::decode_option(&mut &bytes[..cut]).is_err());
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = CqlType::decode_option(&mut bytes.as_slice());
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let mut bytes = [0x00, 0x20].repeat(100_000);
        bytes.extend([0x00, 0x09]);
        assert_eq!(CqlType::decode_option(&mut bytes.as_slice()), Err(TypeError::TooDeep));
    }

    #[test]
    fn depth_counts_across_the_boundary_of_a_class_name() {
        let half = MAX_TYPE_DEPTH / 2 + 1;
        let class = format!("{}Int32Type{}", "ListType(".repeat(half), ")".repeat(half));
        let mut bytes = [0x00, 0x20].repeat(half);
        put_custom(&mut bytes, &class);
        assert_eq!(CqlType::decode_option(&mut bytes.as_slice()), Err(TypeError::TooDeep));
    }

    #[test]
    fn duration_is_custom_before_v5() {
        let mut bytes = Vec::new();
        CqlType::from(NativeType::Duration).encode_option(&mut bytes, Version::V4.features());
        assert_eq!(bytes, [&[0, 0, 0, 44][..], b"org.apache.cassandra.db.marshal.DurationType"].concat());
    }
}
