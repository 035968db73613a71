//! What stored rows are worth to CQL: the values of columns as a client would read them.

use std::cmp::Ordering;

use bytes::{BufMut, Bytes, BytesMut};
use quorate_protocol::value::{CqlType, compare};

use crate::store::cell::Cell;
use crate::store::row::{ColumnData, ColumnId, ComplexData, Row};

/// The value of a column of a row, serialized; absent where it is null.
pub(in crate::engine) fn value_of(row: &Row, id: ColumnId, cql_type: &CqlType, now_seconds: i64) -> Option<Bytes> {
    match row.column(id)? {
        ColumnData::Simple(cell) => cell.live(now_seconds).cloned(),
        ColumnData::Counter(counter) => counter.value().map(|value| Bytes::copy_from_slice(&value.to_be_bytes())),
        ColumnData::Complex(data) => complex_value(data, cql_type, now_seconds),
    }
}

/// The elements of a column of several cells that are there: path and value, in the order of the type.
pub(in crate::engine) fn elements_of<'r>(
    row: &'r Row,
    id: ColumnId,
    cql_type: &CqlType,
    now_seconds: i64,
) -> Vec<(&'r Bytes, &'r Bytes)> {
    match row.column(id) {
        Some(ColumnData::Complex(data)) => live_elements(data, cql_type, now_seconds),
        _ => Vec::new(),
    }
}

fn live_elements<'d>(data: &'d ComplexData, cql_type: &CqlType, now_seconds: i64) -> Vec<(&'d Bytes, &'d Bytes)> {
    let value = |(path, cell): (&'d Bytes, &'d Cell)| Some((path, cell.live(now_seconds)?));
    let mut elements: Vec<(&Bytes, &Bytes)> = data.live(now_seconds).filter_map(value).collect();
    if let CqlType::Set { element: key, .. } | CqlType::Map { key, .. } = cql_type {
        elements.sort_by(|(left, _), (right, _)| compare(key, left, right));
    }
    elements
}

fn complex_value(data: &ComplexData, cql_type: &CqlType, now_seconds: i64) -> Option<Bytes> {
    let elements = live_elements(data, cql_type, now_seconds);
    if elements.is_empty() {
        return None;
    }
    let mut out = BytesMut::new();
    match cql_type {
        CqlType::Udt { definition, .. } => {
            for number in 0..definition.fields.len() {
                let field = elements.iter().find(|(path, _)| field_number(path) == Some(number));
                put_nullable(field.map(|(_, value)| value.as_ref()), &mut out);
            }
        }
        _ => {
            out.put_i32(i32::try_from(elements.len()).ok()?);
            for (path, value) in elements {
                if !matches!(cql_type, CqlType::List { .. }) {
                    put_nullable(Some(path), &mut out);
                }
                if !matches!(cql_type, CqlType::Set { .. }) {
                    put_nullable(Some(value), &mut out);
                }
            }
        }
    }
    Some(out.freeze())
}

/// The number of the field that a cell path of a user type names.
fn field_number(path: &[u8]) -> Option<usize> {
    <[u8; 2]>::try_from(path).ok().map(|path| u16::from_be_bytes(path).into())
}

fn put_nullable(value: Option<&[u8]>, out: &mut BytesMut) {
    let Some(value) = value else { return out.put_i32(-1) };
    // no value is longer than a frame, which is shorter than that
    out.put_i32(i32::try_from(value.len()).unwrap_or(i32::MAX));
    out.put_slice(value);
}

/// The order of two cell paths of a column in the store: of lists as timeuuids, of others by their bytes.
pub(super) fn path_order(left: &[u8], right: &[u8]) -> Ordering {
    crate::store::merge::path_order(left, right)
}
