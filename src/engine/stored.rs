//! Stored rows as CQL shows them: which cells make a value, and in which order.

use bytes::{BufMut, Bytes, BytesMut};
use quorate_protocol::value::{CqlType, compare};

use super::schema::TableDefinition;
use super::stamp::{BoundStamp, Stamp};
use super::table::{ColumnKind, Row};
use crate::store::cell::Cell;
use crate::store::row::{self, ColumnData, ColumnId, ComplexData};

/// Which cells of a stored row a plan needs, and where they go.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    statics: Vec<Place>,
    regulars: Vec<Place>,
    /// How many cells the columns have.
    column_count: usize,
    /// What is asked of cells beside their values; its results stand behind the cells of the columns.
    stamps: Vec<(Stamp, ColumnId, bool)>,
}

#[derive(Clone, Debug)]
struct Place {
    index: usize,
    id: ColumnId,
    cql_type: CqlType,
}

impl Layout {
    /// `needed` says of each column whether its value is.
    pub(super) fn new(definition: &TableDefinition, needed: &[bool], stamps: &[Stamp]) -> Self {
        let columns = definition.table.columns();
        let places = |kind: ColumnKind| {
            let columns = columns.iter().enumerate().filter(move |(_, column)| column.kind == kind);
            let needed = columns.filter(|(index, _)| needed.get(*index).copied().unwrap_or_default());
            let places = needed.filter_map(|(index, column)| {
                Some(Place { index, id: definition.column_id(index)?, cql_type: column.cql_type.clone() })
            });
            places.collect::<Vec<_>>()
        };
        let stamps = stamps.iter().filter_map(|stamp| {
            let is_static = columns.get(stamp.column).is_some_and(|column| column.kind == ColumnKind::Static);
            Some((stamp.clone(), definition.column_id(stamp.column)?, is_static))
        });
        Layout {
            statics: places(ColumnKind::Static),
            regulars: places(ColumnKind::Regular),
            column_count: columns.len(),
            stamps: stamps.collect(),
        }
    }

    pub(super) fn stamps(&self) -> impl Iterator<Item = &Stamp> {
        self.stamps.iter().map(|(stamp, ..)| stamp)
    }

    /// How many cells a row has.
    pub(super) fn width(&self) -> usize {
        self.column_count + self.stamps.len()
    }

    /// Puts the static cells in their places. `stamps` are this layout's, with their values.
    pub(super) fn fill_static(&self, cells: &mut Row, stored: &row::Row, stamps: &[BoundStamp], now_seconds: i64) {
        self.fill(cells, &self.statics, stored, stamps, true, now_seconds);
    }

    /// Puts the regular cells in their places; none, if there is no row.
    pub(super) fn fill_regular(
        &self,
        cells: &mut Row,
        stored: Option<&row::Row>,
        stamps: &[BoundStamp],
        now_seconds: i64,
    ) {
        let nothing = row::Row::default();
        self.fill(cells, &self.regulars, stored.unwrap_or(&nothing), stamps, false, now_seconds);
    }

    fn fill(
        &self,
        cells: &mut Row,
        places: &[Place],
        stored: &row::Row,
        stamps: &[BoundStamp],
        of_static: bool,
        now_seconds: i64,
    ) {
        for place in places {
            if let Some(cell) = cells.get_mut(place.index) {
                *cell = stored.column(place.id).and_then(|data| value_of(data, &place.cql_type, now_seconds));
            }
        }
        for (place, ((_, id, is_static), stamp)) in self.stamps.iter().zip(stamps).enumerate() {
            if let Some(cell) = cells.get_mut(self.column_count + place)
                && *is_static == of_static
            {
                *cell = stored.column(*id).and_then(|data| stamp.evaluate(data, now_seconds));
            }
        }
    }
}

/// The value of a column, serialized; `None` if it is null.
pub(super) fn value_of(data: &ColumnData, cql_type: &CqlType, now_seconds: i64) -> Option<Bytes> {
    match data {
        ColumnData::Simple(cell) => cell.live(now_seconds).cloned(),
        ColumnData::Counter(counter) => counter.value().map(|value| Bytes::copy_from_slice(&value.to_be_bytes())),
        ColumnData::Complex(complex) => assemble(complex, cql_type, now_seconds),
    }
}

/// The cells of a collection or user type in the order of its elements or fields, each with its path.
pub(super) fn ordered_cells<'a>(
    complex: &'a ComplexData,
    cql_type: &CqlType,
    now_seconds: i64,
) -> Vec<(&'a Bytes, &'a Cell)> {
    let mut cells: Vec<(&Bytes, &Cell)> = complex.live(now_seconds).collect();
    if let CqlType::Set { element: key, .. } | CqlType::Map { key, .. } = cql_type {
        cells.sort_by(|(left, _), (right, _)| compare(key, left, right));
    }
    cells
}

/// The field of a user type that a path names.
pub(super) fn field_of(path: &[u8]) -> Option<usize> {
    <[u8; 2]>::try_from(path).ok().map(|path| usize::from(u16::from_be_bytes(path)))
}

fn assemble(complex: &ComplexData, cql_type: &CqlType, now_seconds: i64) -> Option<Bytes> {
    let cells = ordered_cells(complex, cql_type, now_seconds);
    if cells.is_empty() {
        return None;
    }
    let mut out = BytesMut::new();
    let mut put = |part: Option<&[u8]>| {
        out.put_i32(part.map_or(-1, |part| i32::try_from(part.len()).unwrap_or(i32::MAX)));
        out.put_slice(part.unwrap_or_default());
    };
    let value = |cell: &'_ Cell| cell.live(now_seconds).cloned().unwrap_or_default();
    match cql_type {
        CqlType::Udt { definition, .. } => {
            for field in 0..definition.fields.len() {
                let found = cells.iter().find(|(path, _)| field_of(path) == Some(field));
                put(found.map(|(_, cell)| value(cell)).as_deref());
            }
            return Some(out.freeze());
        }
        CqlType::Map { .. } => cells.iter().for_each(|(path, cell)| {
            put(Some(path));
            put(Some(&value(cell)));
        }),
        CqlType::Set { .. } => cells.iter().for_each(|(path, _)| put(Some(path))),
        _ => cells.iter().for_each(|(_, cell)| put(Some(&value(cell)))),
    }
    let mut whole = BytesMut::with_capacity(out.len() + 4);
    whole.put_i32(i32::try_from(cells.len()).unwrap_or(i32::MAX));
    whole.put_slice(&out);
    Some(whole.freeze())
}
