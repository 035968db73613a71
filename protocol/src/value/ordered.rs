//! Values as bytes whose order, as unsigned bytes, is the order of the values: keys of an ordered store.

use num_bigint::{BigInt, Sign};

use super::compare::{Collection, Item, double_key, fixed, tuple_item, vector_item};
use super::decoded::Value;
use super::elements::Elements;
use super::{CqlType, Decimal, NativeType};

/// What comes first of a value that may be empty or no value of its type.
const EMPTY: u8 = 0;
const VALID: u8 = 1;
const INVALID: u8 = 2;

/// Appends an encoding of a serialized value of type `ty` that sorts, byte by byte, as [`compare`](super::compare) sorts the
/// values: equal bytes for values that compare as equal, so that the value itself cannot be told from it. No encoding
/// begins with another one, so several may follow each other; with all bits inverted they sort in descending order.
pub fn write_ordered(ty: &CqlType, value: &[u8], out: &mut Vec<u8>) {
    match ty {
        CqlType::Native(native) => write_native(*native, value, out),
        CqlType::Custom(_) => write_bytes(value, out),
        CqlType::List { element, .. } | CqlType::Set { element, .. } => write_collection(&[element], value, out),
        CqlType::Map { key, value: mapped, .. } => write_collection(&[key, mapped], value, out),
        CqlType::Tuple(types) => write_composite(value, out, types.iter(), tuple_item),
        CqlType::Udt { definition, .. } => {
            write_composite(value, out, definition.fields.iter().map(|(_, ty)| ty), tuple_item);
        }
        CqlType::Vector { element, dimension } => {
            let types = std::iter::repeat_n(&**element, *dimension as usize);
            write_composite(value, out, types, |elements| vector_item(elements, element));
        }
    }
}

fn write_native(native: NativeType, value: &[u8], out: &mut Vec<u8>) {
    use NativeType::*;
    match native {
        Ascii | Text | Blob | Date | Time | Inet | Duration | Empty => write_bytes(value, out),
        BigInt | Counter | Timestamp => {
            write_key(value, out, |bytes| fixed(bytes).map(|bytes| signed_64(i64::from_be_bytes(bytes))))
        }
        Int => write_key(value, out, |bytes| fixed(bytes).map(flip_sign::<4>)),
        SmallInt => write_key(value, out, |bytes| fixed(bytes).map(flip_sign::<2>)),
        TinyInt => write_key(value, out, |bytes| fixed(bytes).map(flip_sign::<1>)),
        Boolean => write_key(value, out, |bytes| fixed::<1>(bytes).map(|byte| [u8::from(byte != [0])])),
        Double => {
            write_key(value, out, |bytes| fixed(bytes).map(|bytes| signed_64(double_key(f64::from_be_bytes(bytes)))))
        }
        Float => {
            write_key(value, out, |bytes| {
                fixed(bytes).map(|bytes| signed_64(double_key(f32::from_be_bytes(bytes).into())))
            });
        }
        Uuid => write_key(value, out, |bytes| fixed(bytes).map(ordered_uuid)),
        TimeUuid => write_key(value, out, |bytes| fixed(bytes).map(ordered_time_uuid)),
        VarInt if value.is_empty() => out.push(EMPTY),
        VarInt => {
            out.push(VALID);
            write_varint(value, out);
        }
        Decimal => match (value.len() > 4).then(|| Value::decode(&NativeType::Decimal.into(), value)) {
            Some(Ok(Value::Decimal(decimal))) => {
                out.push(VALID);
                write_decimal(&decimal, out);
            }
            _ => write_key(value, out, |_| None::<[u8; 0]>),
        },
    }
}

/// Bytes of any length: a zero byte is followed by 0xFF, and two zero bytes end them.
fn write_bytes(value: &[u8], out: &mut Vec<u8>) {
    out.reserve(value.len() + 2);
    for byte in value {
        out.push(*byte);
        if *byte == 0 {
            out.push(0xFF);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

/// Empty, then valid in the order of their keys, then invalid.
fn write_key<const N: usize>(value: &[u8], out: &mut Vec<u8>, key: impl Fn(&[u8]) -> Option<[u8; N]>) {
    match (key(value), value) {
        (Some(key), _) => {
            out.push(VALID);
            out.extend_from_slice(&key);
        }
        (None, []) => out.push(EMPTY),
        (None, invalid) => {
            out.push(INVALID);
            write_bytes(invalid, out);
        }
    }
}

fn signed_64(value: i64) -> [u8; 8] {
    flip_sign(value.to_be_bytes())
}

fn flip_sign<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    if let Some(first) = bytes.first_mut() {
        *first ^= 0x80;
    }
    bytes
}

fn ordered_uuid(bytes: [u8; 16]) -> [u8; 17] {
    let (version, high, low) = super::compare::uuid_key(bytes);
    let mut key = [version; 17];
    key[1..9].copy_from_slice(&high.to_be_bytes());
    key[9..].copy_from_slice(&low.to_be_bytes());
    key
}

fn ordered_time_uuid(bytes: [u8; 16]) -> [u8; 16] {
    let (time, rest) = super::compare::time_uuid_key(bytes);
    let mut key = [0; 16];
    key[..8].copy_from_slice(&signed_64(time));
    key[8..].copy_from_slice(&signed_64(rest));
    key
}

/// Sign and number of bytes that matter, then those: `0x80 + length` of a positive number, `0x7F - length` of a negative
/// one; where the length is 127 or more, `0xFF` or `0x00` and four bytes of it.
fn write_varint(value: &[u8], out: &mut Vec<u8>) {
    let negative = value.first().is_some_and(|byte| byte & 0x80 != 0);
    let sign_byte = if negative { 0xFF } else { 0 };
    let start = value.iter().position(|byte| *byte != sign_byte).unwrap_or(value.len());
    let significant = &value[start..];
    let flip = if negative { 0xFF } else { 0 };
    match u8::try_from(significant.len()) {
        Ok(length) if length < 0x7F => out.push((0x80 + length) ^ flip),
        _ => {
            out.push(0xFF ^ flip);
            out.extend((significant.len() as u32).to_be_bytes().map(|byte| byte ^ flip));
        }
    }
    out.extend_from_slice(significant);
}

/// Sign, the place of the first digit, and the digits without zeros at the end, each one larger than itself before a zero.
fn write_decimal(decimal: &Decimal, out: &mut Vec<u8>) {
    let flip = match decimal.unscaled.sign() {
        Sign::NoSign => return out.push(1),
        Sign::Plus => 0,
        Sign::Minus => 0xFF,
    };
    out.push(if flip == 0 { 2 } else { 0 });
    let digits = digits(&decimal.unscaled);
    let leading = digits.len() as i64 - i64::from(decimal.scale);
    out.extend(signed_64(leading).map(|byte| byte ^ flip));
    let significant = digits.trim_end_matches('0').bytes();
    out.extend(significant.map(|digit| (digit - b'0' + 1) ^ flip));
    out.push(flip);
}

fn digits(unscaled: &BigInt) -> String {
    unscaled.magnitude().to_string()
}

/// Writes an item; returns whether more may follow it.
fn write_item(item: &Item<'_>, ty: &CqlType, out: &mut Vec<u8>) -> bool {
    match item {
        Item::End => out.push(0),
        Item::Null => out.push(1),
        Item::Value(value) => {
            out.push(2);
            write_ordered(ty, value, out);
        }
        Item::Invalid(rest) => {
            out.push(3);
            write_bytes(rest, out);
        }
    }
    matches!(item, Item::Null | Item::Value(_))
}

fn write_collection(types: &[&CqlType], value: &[u8], out: &mut Vec<u8>) {
    let mut items = Collection::new(value, types.len());
    for ty in types.iter().cycle() {
        if !write_item(&items.next(), ty, out) {
            return;
        }
    }
}

/// Component by component, then what is left over.
fn write_composite<'a, 't>(
    value: &'a [u8],
    out: &mut Vec<u8>,
    types: impl Iterator<Item = &'t CqlType>,
    next: impl Fn(&mut Elements<'a>) -> Item<'a>,
) {
    if value.is_empty() {
        return out.push(EMPTY);
    }
    out.push(VALID);
    let mut elements = Elements::new(value);
    for ty in types {
        if !write_item(&next(&mut elements), ty, out) {
            return;
        }
    }
    write_bytes(elements.rest(), out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::compare::compare;
    use super::super::compare::tests::any_three;
    use super::*;

    fn ordered(ty: &CqlType, value: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write_ordered(ty, value, &mut out);
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn bytes_are_ordered_as_the_values((ty, [a, b, _]) in any_three()) {
            prop_assert_eq!(ordered(&ty, &a).cmp(&ordered(&ty, &b)), compare(&ty, &a, &b));
        }

        #[test]
        fn no_encoding_begins_with_another((ty, [a, b, _]) in any_three()) {
            let (a, b) = (ordered(&ty, &a), ordered(&ty, &b));
            prop_assert!(a == b || !a.starts_with(&b));
        }

        #[test]
        fn numbers_that_are_close_are_ordered_as_the_values(a in -300..300_i64, b in -300..300_i64, scales: [u8; 2]) {
            let varint = |value: i64| BigInt::from(value).to_signed_bytes_be();
            let ty = NativeType::VarInt.into();
            prop_assert_eq!(ordered(&ty, &varint(a)).cmp(&ordered(&ty, &varint(b))), a.cmp(&b));
            let decimal = |value: i64, scale: u8| {
                let scale = i32::from(scale % 4) - 1;
                [&scale.to_be_bytes()[..], &varint(value)].concat()
            };
            let (a, b) = (decimal(a, scales[0]), decimal(b, scales[1]));
            let ty = NativeType::Decimal.into();
            prop_assert_eq!(ordered(&ty, &a).cmp(&ordered(&ty, &b)), compare(&ty, &a, &b));
        }

        #[test]
        fn long_numbers_are_ordered_as_the_values(lengths in prop::array::uniform2(120..300_usize), firsts: [u8; 2]) {
            let [a, b] = [0, 1].map(|i| { let mut bytes = vec![7; lengths[i]]; bytes[0] = firsts[i]; bytes });
            let ty = NativeType::VarInt.into();
            prop_assert_eq!(ordered(&ty, &a).cmp(&ordered(&ty, &b)), compare(&ty, &a, &b));
        }

        #[test]
        fn inverted_bytes_are_in_descending_order((ty, [a, b, _]) in any_three()) {
            let inverted = |value: &[u8]| ordered(&ty, value).iter().map(|byte| !byte).collect::<Vec<_>>();
            prop_assert_eq!(inverted(&a).cmp(&inverted(&b)), compare(&ty, &a, &b).reverse());
        }
    }
}
