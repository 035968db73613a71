//! Cassandra's order of serialized values (`AbstractType.compare`): of clustering columns, set elements and map keys.

use std::cmp::Ordering;

use super::decoded::Value;
use super::elements::Elements;
use super::{CqlType, NativeType};

/// Compares two serialized values of type `ty`. Never fails: empty values come before all others, and bytes that are no
/// value of the type after all others, in the order of the bytes. A column in descending order reverses the result.
///
/// Equal does not mean identical: `1.0` and `1.00` are equal decimals, and trailing nulls of a tuple do not count.
pub fn compare(ty: &CqlType, left: &[u8], right: &[u8]) -> Ordering {
    match ty {
        CqlType::Native(native) => compare_native(*native, left, right),
        CqlType::Custom(_) => left.cmp(right),
        CqlType::List { element, .. } | CqlType::Set { element, .. } => compare_collections(&[element], left, right),
        CqlType::Map { key, value, .. } => compare_collections(&[key, value], left, right),
        CqlType::Tuple(types) => compare_tuples(types.iter(), left, right),
        CqlType::Udt { definition, .. } => compare_tuples(definition.fields.iter().map(|(_, ty)| ty), left, right),
        CqlType::Vector { element, dimension } => compare_vectors(element, *dimension, left, right),
    }
}

fn compare_native(native: NativeType, left: &[u8], right: &[u8]) -> Ordering {
    use NativeType::*;
    match native {
        // unsigned bytes, of whatever length
        Ascii | Text | Blob | Date | Time | Inet | Duration | Empty => left.cmp(right),
        BigInt | Counter | Timestamp => by_key(left, right, |bytes| fixed(bytes).map(i64::from_be_bytes)),
        Int => by_key(left, right, |bytes| fixed(bytes).map(i32::from_be_bytes)),
        SmallInt => by_key(left, right, |bytes| fixed(bytes).map(i16::from_be_bytes)),
        TinyInt => by_key(left, right, |bytes| fixed(bytes).map(i8::from_be_bytes)),
        Boolean => by_key(left, right, |bytes| fixed::<1>(bytes).map(|byte| byte != [0])),
        Double => by_key(left, right, |bytes| fixed(bytes).map(|bytes| double_key(f64::from_be_bytes(bytes)))),
        Float => by_key(left, right, |bytes| fixed(bytes).map(|bytes| double_key(f32::from_be_bytes(bytes).into()))),
        Uuid => by_key(left, right, |bytes| fixed(bytes).map(uuid_key)),
        TimeUuid => by_key(left, right, |bytes| fixed(bytes).map(time_uuid_key)),
        VarInt => ranked(left, right, |_| true, compare_varints),
        Decimal => ranked(left, right, |bytes| bytes.len() > 4, compare_decimals),
    }
}

/// Empty, then valid in the order of their keys, then invalid.
fn by_key<K: Ord>(left: &[u8], right: &[u8], key: impl Fn(&[u8]) -> Option<K>) -> Ordering {
    match (key(left), key(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => ranked(left, right, |bytes| key(bytes).is_some(), |_, _| Ordering::Equal),
    }
}

/// Empty, then valid in the order given, then invalid.
fn ranked(
    left: &[u8],
    right: &[u8],
    is_valid: impl Fn(&[u8]) -> bool,
    compare_valid: impl Fn(&[u8], &[u8]) -> Ordering,
) -> Ordering {
    let rank = |bytes: &[u8]| match bytes {
        [] => 0,
        bytes if is_valid(bytes) => 1,
        _ => 2,
    };
    rank(left).cmp(&rank(right)).then_with(|| match rank(left) {
        1 => compare_valid(left, right),
        _ => left.cmp(right),
    })
}

pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// `Double.compare`: -0.0 before 0.0, and one NaN after all others.
pub(super) fn double_key(value: f64) -> i64 {
    let bits = if value.is_nan() { f64::NAN.abs() } else { value }.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// `UUIDType`: by version; within version 1 by time, within others by bytes.
pub(super) fn uuid_key(bytes: [u8; 16]) -> (u8, u64, u64) {
    let bits = u128::from_be_bytes(bytes);
    let (high, low) = ((bits >> 64) as u64, bits as u64);
    let version = bytes[6] >> 4;
    (version, if version == 1 { time_of_uuid(high) } else { high }, low)
}

/// `TimeUUIDType`: by time, then by the other bytes as signed ones.
pub(super) fn time_uuid_key(bytes: [u8; 16]) -> (i64, i64) {
    let bits = u128::from_be_bytes(bytes);
    let (high, low) = ((bits >> 64) as u64, bits as u64);
    (time_of_uuid(high) as i64, (low ^ 0x0080_8080_8080_8080) as i64)
}

/// The first half of a UUID with its most significant part of the time in front.
fn time_of_uuid(high: u64) -> u64 {
    high << 48 | (high << 16 & 0xFFFF_0000_0000) | high >> 32
}

/// By number, without building it: the sign, then how many bytes matter, then those.
fn compare_varints(left: &[u8], right: &[u8]) -> Ordering {
    let key = |bytes: &[u8]| {
        let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
        let sign_byte = if negative { 0xFF } else { 0 };
        let start = bytes.iter().position(|byte| *byte != sign_byte).unwrap_or(bytes.len());
        let length = (bytes.len() - start) as isize;
        (negative, start, if negative { -length } else { length })
    };
    let ((left_negative, left_start, left_length), (right_negative, right_start, right_length)) =
        (key(left), key(right));
    right_negative
        .cmp(&left_negative)
        .then(left_length.cmp(&right_length))
        .then_with(|| left[left_start..].cmp(&right[right_start..]))
}

fn compare_decimals(left: &[u8], right: &[u8]) -> Ordering {
    let decode = |bytes| Value::decode(&NativeType::Decimal.into(), bytes);
    match (decode(left), decode(right)) {
        (Ok(Value::Decimal(left)), Ok(Value::Decimal(right))) => left.compare(&right),
        _ => left.cmp(right),
    }
}

/// What stands at one place of a composite value. The order of the variants is theirs.
pub(super) enum Item<'a> {
    /// The composite has ended.
    End,
    Null,
    Value(&'a [u8]),
    /// What is left is not what the type has there.
    Invalid(&'a [u8]),
}

impl<'a> Item<'a> {
    fn compare(&self, other: &Item<'a>, ty: &CqlType) -> Ordering {
        let rank = |item: &Item<'_>| match item {
            Item::End => 0,
            Item::Null => 1,
            Item::Value(_) => 2,
            Item::Invalid(_) => 3,
        };
        match (self, other) {
            (Item::Value(left), Item::Value(right)) => compare(ty, left, right),
            (Item::Invalid(left), Item::Invalid(right)) => left.cmp(right),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

/// Element by element, then the shorter first (`ListType`, `SetType`, `MapType`).
fn compare_collections(types: &[&CqlType], left: &[u8], right: &[u8]) -> Ordering {
    let (mut left, mut right) = (Collection::new(left, types.len()), Collection::new(right, types.len()));
    for ty in types.iter().cycle() {
        let (a, b) = (left.next(), right.next());
        let order = a.compare(&b, ty);
        if order.is_ne() || !matches!(a, Item::Null | Item::Value(_)) {
            return order;
        }
    }
    Ordering::Equal
}

pub(super) struct Collection<'a> {
    elements: Elements<'a>,
    left: Option<usize>,
}

impl<'a> Collection<'a> {
    pub(super) fn new(bytes: &'a [u8], per_element: usize) -> Self {
        let mut elements = Elements::new(bytes);
        let left = match bytes {
            [] => Some(0),
            _ => elements.count().ok().map(|count| count.saturating_mul(per_element)),
        };
        Collection { elements, left }
    }

    pub(super) fn next(&mut self) -> Item<'a> {
        let rest = self.elements.rest();
        match self.left {
            None => Item::Invalid(rest),
            Some(0) if rest.is_empty() => Item::End,
            Some(0) => Item::Invalid(rest),
            Some(left) => {
                self.left = Some(left - 1);
                match self.elements.nullable() {
                    Ok(Some(value)) => Item::Value(value),
                    Ok(None) => Item::Null,
                    Err(_) => Item::Invalid(rest),
                }
            }
        }
    }
}

/// Component by component, null first; components that are missing at the end are null (`TupleType`).
fn compare_tuples<'a>(types: impl Iterator<Item = &'a CqlType>, left: &[u8], right: &[u8]) -> Ordering {
    if left.is_empty() || right.is_empty() {
        return right.is_empty().cmp(&left.is_empty());
    }
    let (mut left, mut right) = (Elements::new(left), Elements::new(right));
    for ty in types {
        let (a, b) = (tuple_item(&mut left), tuple_item(&mut right));
        let order = a.compare(&b, ty);
        if order.is_ne() || matches!(a, Item::Invalid(_)) {
            return order;
        }
    }
    left.rest().cmp(right.rest())
}

/// The next component of a tuple; one that is missing at the end is null.
pub(super) fn tuple_item<'a>(elements: &mut Elements<'a>) -> Item<'a> {
    let rest = elements.rest();
    match elements.nullable() {
        Ok(Some(value)) => Item::Value(value),
        Ok(None) => Item::Null,
        Err(_) if rest.is_empty() => Item::Null,
        Err(_) => Item::Invalid(rest),
    }
}

fn compare_vectors(element: &CqlType, dimension: u32, left: &[u8], right: &[u8]) -> Ordering {
    if left.is_empty() || right.is_empty() {
        return right.is_empty().cmp(&left.is_empty());
    }
    let (mut left, mut right) = (Elements::new(left), Elements::new(right));
    for _ in 0..dimension {
        let (a, b) = (vector_item(&mut left, element), vector_item(&mut right, element));
        let order = a.compare(&b, element);
        if order.is_ne() || matches!(a, Item::Invalid(_)) {
            return order;
        }
    }
    left.rest().cmp(right.rest())
}

/// The next element of a vector.
pub(super) fn vector_item<'a>(elements: &mut Elements<'a>, element: &CqlType) -> Item<'a> {
    let rest = elements.rest();
    elements.of_vector(element).map_or(Item::Invalid(rest), Item::Value)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::decoded::tests::any_value;
    use super::super::types::tests::any_type;
    use super::*;

    /// A type, and three things to compare: values of it or hostile bytes.
    pub(crate) fn any_three() -> impl Strategy<Value = (CqlType, [Vec<u8>; 3])> {
        any_type().prop_flat_map(|ty| {
            let bytes = || {
                prop_oneof![
                    4 => any_value(&ty).prop_map(|value| value.to_bytes()),
                    1 => prop::collection::vec(0..3_u8, 0..12),
                ]
            };
            let three = [bytes().boxed(), bytes().boxed(), bytes().boxed()];
            (Just(ty), three)
        })
    }

    proptest! {
        #[test]
        fn the_order_is_total((ty, [a, b, c]) in any_three()) {
            prop_assert_eq!(compare(&ty, &a, &a), Ordering::Equal);
            prop_assert_eq!(compare(&ty, &a, &b), compare(&ty, &b, &a).reverse());
            if compare(&ty, &a, &b).is_le() && compare(&ty, &b, &c).is_le() {
                prop_assert!(compare(&ty, &a, &c).is_le());
            }
        }

        #[test]
        fn varints_are_ordered_as_numbers(a: i128, b: i128, shift in 0..128_u32) {
            let (a, b) = (a >> shift, b >> (shift / 2));
            let bytes = |value: i128| num_bigint::BigInt::from(value).to_signed_bytes_be();
            prop_assert_eq!(compare(&NativeType::VarInt.into(), &bytes(a), &bytes(b)), a.cmp(&b));
            // needless bytes of sign change nothing
            prop_assert_eq!(compare(&NativeType::VarInt.into(), &a.to_be_bytes(), &bytes(b)), a.cmp(&b));
        }

        #[test]
        fn timeuuids_are_ordered_as_the_scylla_driver_orders_them(a: u128, b: u128) {
            let uuid = |bits| uuid::Builder::from_u128(bits).with_version(uuid::Version::Mac).into_uuid();
            let (a, b) = (uuid(a), uuid(b));
            let theirs = scylla_cql::value::CqlTimeuuid::from(a).cmp(&scylla_cql::value::CqlTimeuuid::from(b));
            prop_assert_eq!(compare(&NativeType::TimeUuid.into(), a.as_bytes(), b.as_bytes()), theirs);
        }

        #[test]
        fn doubles_are_ordered_as_java_orders_them(a: f64, b: f64) {
            let order = compare(&NativeType::Double.into(), &a.to_be_bytes(), &b.to_be_bytes());
            prop_assert_eq!(order, a.total_cmp(&b));
        }
    }

    #[test]
    fn nan_is_above_infinity_whatever_its_sign() {
        for nan in [f64::NAN, -f64::NAN] {
            let order = compare(&NativeType::Double.into(), &nan.to_be_bytes(), &f64::INFINITY.to_be_bytes());
            assert_eq!(order, Ordering::Greater);
        }
    }

    #[test]
    fn uuids_are_ordered_by_version_first() {
        let early = uuid::uuid!("ffffffff-ffff-1fff-8000-000000000000");
        let random = uuid::uuid!("00000000-0000-4000-8000-000000000000");
        assert_eq!(compare(&NativeType::Uuid.into(), early.as_bytes(), random.as_bytes()), Ordering::Less);
    }

    #[test]
    fn a_tuple_without_its_last_components_equals_one_with_nulls() {
        let ty = CqlType::tuple([NativeType::Int.into(), NativeType::Int.into()]);
        let short = Value::Tuple(vec![Some(Value::Int(1))]).to_bytes();
        let null = Value::Tuple(vec![Some(Value::Int(1)), None]).to_bytes();
        let full = Value::Tuple(vec![Some(Value::Int(1)), Some(Value::Int(-5))]).to_bytes();
        assert_eq!(compare(&ty, &short, &null), Ordering::Equal);
        assert_eq!(compare(&ty, &null, &full), Ordering::Less);
    }

    #[test]
    fn a_shorter_collection_comes_before_its_extension() {
        let list = |values: &[i32]| Value::List(values.iter().map(|v| Some(Value::Int(*v))).collect()).to_bytes();
        let ty = CqlType::list(NativeType::Int);
        assert_eq!(compare(&ty, &list(&[1]), &list(&[1, -1])), Ordering::Less);
        assert_eq!(compare(&ty, &list(&[2]), &list(&[1, 1])), Ordering::Greater);
    }
}
