//! What a reader sees of a row at a given second: what has expired is gone, and so is what was deleted.

use bytes::Bytes;

use super::cell::{Cell, Content, Expiry, Liveness};
use super::row::{ColumnData, ColumnId, ComplexData, Row};

impl Expiry {
    /// Whether the value is still there (`Cell.isLive`).
    pub fn is_live(&self, now_seconds: i64) -> bool {
        now_seconds < self.at_seconds
    }
}

impl Cell {
    /// Its value; absent for tombstones and what has expired.
    pub fn live(&self, now_seconds: i64) -> Option<&Bytes> {
        match &self.content {
            Content::Value { bytes, expiry } if expiry.is_none_or(|expiry| expiry.is_live(now_seconds)) => Some(bytes),
            Content::Value { .. } | Content::Tombstone { .. } => None,
        }
    }

    /// When it ends, if it does.
    pub fn expiry(&self) -> Option<Expiry> {
        match &self.content {
            Content::Value { expiry, .. } => *expiry,
            Content::Tombstone { .. } => None,
        }
    }
}

impl Liveness {
    /// Whether the marker is still there.
    pub fn is_live(&self, now_seconds: i64) -> bool {
        self.expiry.is_none_or(|expiry| expiry.is_live(now_seconds))
    }
}

impl ColumnData {
    /// Whether anything of it is seen: the column is not null.
    pub fn is_live(&self, now_seconds: i64) -> bool {
        match self {
            ColumnData::Simple(cell) => cell.live(now_seconds).is_some(),
            ColumnData::Complex(data) => data.live(now_seconds).next().is_some(),
            ColumnData::Counter(data) => data.value().is_some(),
        }
    }
}

impl ComplexData {
    /// The elements that are there: path and cell, whose value it is.
    pub fn live(&self, now_seconds: i64) -> impl Iterator<Item = (&Bytes, &Cell)> {
        self.cells.iter().filter(move |(_, cell)| cell.live(now_seconds).is_some()).map(|(path, cell)| (path, cell))
    }
}

impl Row {
    /// What it holds of a column.
    pub fn column(&self, id: ColumnId) -> Option<&ColumnData> {
        let place = self.columns.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.columns.get(place).map(|(_, data)| data)
    }

    /// As [`Row::is_live`]; where `columns` are given, of these alone.
    pub fn is_live_in(&self, columns: Option<&[ColumnId]>, now_seconds: i64) -> bool {
        let Some(columns) = columns else { return self.is_live(now_seconds) };
        let mut known = self.columns.iter().filter(|(id, _)| columns.contains(id));
        self.liveness.is_some_and(|liveness| liveness.is_live(now_seconds))
            || known.any(|(_, data)| data.is_live(now_seconds))
    }

    /// Whether the row exists: by its marker, or by a column that is not null (`Row.hasLiveData`).
    pub fn is_live(&self, now_seconds: i64) -> bool {
        self.liveness.is_some_and(|liveness| liveness.is_live(now_seconds))
            || self.columns.iter().any(|(_, data)| data.is_live(now_seconds))
    }
}
