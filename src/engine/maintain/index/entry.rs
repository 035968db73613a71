//! The entries that a mutation needs.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use quorate_protocol::value::CqlType;
use quorate_protocol::value::token::{Token, serialize_partition_key};
use smallvec::smallvec;

use super::{IndexPlan, Part, Source};
use crate::engine::error::EngineError;
use crate::engine::expression::parts_of;
use crate::store::StoreError;
use crate::store::cell::{Cell, Content, Expiry, Liveness};
use crate::store::clustering::Clustering;
use crate::store::mutation::{Mutation, PartitionKey};
use crate::store::row::{ColumnData, ColumnId, Row};
use crate::store::table::TableShape;

/// The largest indexed value, in bytes: it becomes part of a key.
const VALUE_LENGTH_MAX: usize = u16::MAX as usize;

/// What becomes of a value that is too large for an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::maintain) enum Oversized {
    /// It cannot be written.
    Refuse,
    /// It was there before the index was, which leaves it out.
    Skip,
}

/// A value, and how long its entry is to be there.
struct Entry {
    value: Bytes,
    marker: Liveness,
}

impl IndexPlan {
    /// Adds the mutation of the index's table that a mutation of its base table needs, if it needs one.
    pub(in crate::engine::maintain) fn entries_of(
        &self,
        mutation: &Mutation,
        oversized: Oversized,
        derived: &mut Vec<(Arc<TableShape>, Mutation)>,
    ) -> Result<(), EngineError> {
        let mut rows: Vec<(Clustering, Row)> = Vec::new();
        match &self.source {
            Source::Column { id, is_static: true, .. } => {
                self.add(self.of_row(&mutation.static_row, *id)?, &mutation.key, None, oversized, &mut rows)?;
            }
            Source::Column { id, .. } => {
                for (clustering, row) in &mutation.rows {
                    self.add(self.of_row(row, *id)?, &mutation.key, Some(clustering), oversized, &mut rows)?;
                }
            }
            Source::PartitionKey(number) => {
                let written = std::iter::once(&mutation.static_row).chain(mutation.rows.iter().map(|(_, row)| row));
                self.add(of_key(mutation.key.get(*number), written), &mutation.key, None, oversized, &mut rows)?;
            }
            Source::Clustering(number) => {
                for (clustering, row) in &mutation.rows {
                    let entry = of_key(clustering.get(*number), std::iter::once(row));
                    self.add(entry, &mutation.key, Some(clustering), oversized, &mut rows)?;
                }
            }
        }
        if !rows.is_empty() {
            let mut entries = Mutation::empty(self.shape.storage, partition_of_entries());
            entries.rows = rows;
            derived.push((Arc::clone(&self.shape), entries));
        }
        Ok(())
    }

    /// The clustering of the entries of a row, or of a static column, up to what varies.
    fn add(
        &self,
        entries: Vec<Entry>,
        key: &PartitionKey,
        clustering: Option<&Clustering>,
        oversized: Oversized,
        rows: &mut Vec<(Clustering, Row)>,
    ) -> Result<(), EngineError> {
        if entries.is_empty() {
            return Ok(());
        }
        let parts = || key.iter().map(AsRef::as_ref);
        let token = Token::of_key(parts()).map_err(|_| StoreError::Key)?;
        let serialized = serialize_partition_key(parts()).map_err(|_| StoreError::Key)?;
        let token = Bytes::copy_from_slice(&token.0.to_be_bytes());
        let serialized = Bytes::copy_from_slice(&serialized);
        for Entry { value, marker } in entries {
            if value.len() > VALUE_LENGTH_MAX {
                if oversized == Oversized::Skip {
                    continue;
                }
                return Err(EngineError::invalid(format!(
                    "Cannot index value of size {} for index {} on {}({}) (maximum allowed size={VALUE_LENGTH_MAX})",
                    value.len(),
                    self.name,
                    self.table,
                    self.column_name
                )));
            }
            let mut place: Clustering = smallvec![value, token.clone(), serialized.clone()];
            place.extend(clustering.into_iter().flatten().cloned());
            rows.push((place, row_of(marker)));
        }
        Ok(())
    }

    /// The values that a row holds of the indexed column.
    fn of_row(&self, row: &Row, id: ColumnId) -> Result<Vec<Entry>, EngineError> {
        let Source::Column { part, cql_type, .. } = &self.source else { return Ok(Vec::new()) };
        let Some(data) = row.column(id) else { return Ok(Vec::new()) };
        match data {
            ColumnData::Simple(cell) => {
                let Some((value, marker)) = value_and_marker(cell) else { return Ok(Vec::new()) };
                let values = match part {
                    Part::Whole => vec![value.clone()],
                    part => of_frozen(*part, cql_type, value)?,
                };
                Ok(values.into_iter().map(|value| Entry { value, marker }).collect())
            }
            ColumnData::Complex(data) => {
                let entries = data.cells.iter().filter_map(|(path, cell)| {
                    let (value, marker) = value_and_marker(cell)?;
                    let value = match (part, cql_type) {
                        (Part::Keys, _) | (_, CqlType::Set { .. }) => path.clone(),
                        (Part::Entries, _) => entry_value(path, value),
                        _ => value.clone(),
                    };
                    Some(Entry { value, marker })
                });
                Ok(entries.collect())
            }
            ColumnData::Counter(_) => Ok(Vec::new()),
        }
    }
}

/// The partition of all entries of an index.
pub(super) fn partition_of_entries() -> PartitionKey {
    std::iter::once(Bytes::from_static(b"entries")).collect()
}

/// A map's key and value as one indexed value.
pub(super) fn entry_value(key: &[u8], value: &[u8]) -> Bytes {
    let mut entry = BytesMut::with_capacity(4 + key.len() + value.len());
    entry.put_u32(u32::try_from(key.len()).unwrap_or(u32::MAX));
    entry.put_slice(key);
    entry.put_slice(value);
    entry.freeze()
}

fn value_and_marker(cell: &Cell) -> Option<(&Bytes, Liveness)> {
    match &cell.content {
        Content::Value { bytes, expiry } => Some((bytes, Liveness { timestamp: cell.timestamp, expiry: *expiry })),
        Content::Tombstone { .. } => None,
    }
}

/// The parts of a frozen collection.
fn of_frozen(part: Part, cql_type: &CqlType, value: &Bytes) -> Result<Vec<Bytes>, EngineError> {
    let parts = parts_of(cql_type, Some(value.clone()))?;
    let CqlType::Map { .. } = cql_type else { return Ok(parts.into_iter().flatten().collect()) };
    let pairs = parts.chunks(2).filter_map(|pair| match pair {
        [Some(key), Some(value)] => Some(match part {
            Part::Keys => key.clone(),
            Part::Entries => entry_value(key, value),
            _ => value.clone(),
        }),
        _ => None,
    });
    Ok(pairs.collect())
}

/// The row of an entry. It is there as long as any write wants it to be: one that expires must not take the place of one that
/// does not, nor of one that expires later, so that expiring ones are cells, of one column for each day.
fn row_of(marker: Liveness) -> Row {
    const DAY_SECONDS: i64 = 86_400;
    let Some(Expiry { ttl_seconds, at_seconds }) = marker.expiry else {
        return Row { liveness: Some(marker), ..Row::default() };
    };
    let day = u32::try_from(at_seconds / DAY_SECONDS).unwrap_or(u32::MAX);
    let end_seconds = at_seconds.saturating_add(DAY_SECONDS - 1 - at_seconds.rem_euclid(DAY_SECONDS));
    let expiry = Some(Expiry { ttl_seconds, at_seconds: end_seconds });
    let cell = Cell { timestamp: marker.timestamp, content: Content::Value { bytes: Bytes::new(), expiry } };
    Row { columns: vec![(ColumnId(day), ColumnData::Simple(cell))], ..Row::default() }
}

/// The entry of a column of the primary key, for rows that anything is written of. It stays as long as what stays longest.
fn of_key<'r>(value: Option<&Bytes>, rows: impl Iterator<Item = &'r Row>) -> Vec<Entry> {
    let of_cell = |cell: &Cell| value_and_marker(cell).map(|(_, marker)| marker);
    let mut markers: Vec<Liveness> = Vec::new();
    for row in rows {
        markers.extend(row.liveness);
        for (_, data) in &row.columns {
            match data {
                ColumnData::Simple(cell) => markers.extend(of_cell(cell)),
                ColumnData::Complex(data) => markers.extend(data.cells.iter().filter_map(|(_, cell)| of_cell(cell))),
                ColumnData::Counter(_) => {}
            }
        }
    }
    let end = |expiry: Option<Expiry>| expiry.map_or(i64::MAX, |expiry| expiry.at_seconds);
    let longest = markers.iter().map(|marker| marker.expiry).max_by_key(|expiry| end(*expiry)).flatten();
    let newest = markers.iter().map(|marker| marker.timestamp).max();
    let entry = newest
        .zip(value)
        .map(|(timestamp, value)| Entry { value: value.clone(), marker: Liveness { timestamp, expiry: longest } });
    entry.into_iter().collect()
}
