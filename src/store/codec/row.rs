//! A row: flags, a time that most of its cells share, the clustering, and the columns.

use bytes::Bytes;

use super::cursor::{Cursor, put_bytes, put_clustering, put_deletion, put_signed, put_timestamp, put_unsigned};
use crate::store::StoreError;
use crate::store::cell::{Cell, Content, Deletion, Expiry, Liveness, Timestamp};
use crate::store::clustering::Clustering;
use crate::store::row::{ColumnData, ColumnId, ComplexData, CounterData, CounterShard, Row};

// flags of a row
const HAS_LIVENESS: u8 = 1;
const LIVENESS_EXPIRES: u8 = 2;
const HAS_DELETION: u8 = 4;
const ROW_FLAGS: u8 = 7;

// flags of a column or cell: the two lowest bits are the kind of what follows
const KIND: u8 = 3;
const VALUE: u8 = 0;
const EXPIRING: u8 = 1;
const TOMBSTONE: u8 = 2;
const OF_SEVERAL: u8 = 3;
/// Of a cell: its time is that of the row.
const SAME_TIME: u8 = 4;
/// Of what is of several cells: it is a counter.
const COUNTER: u8 = 4;
/// Of what is of several cells: a deletion comes first.
const DELETED: u8 = 8;

pub(in crate::store) fn encode_row(clustering: &Clustering, row: &Row) -> Vec<u8> {
    let mut out = Vec::with_capacity(likely_length(clustering, row));
    let base = usual_time(row);
    let expiry = row.liveness.and_then(|liveness| liveness.expiry);
    let flag = |flag: u8, set: bool| if set { flag } else { 0 };
    out.push(
        flag(HAS_LIVENESS, row.liveness.is_some())
            | flag(LIVENESS_EXPIRES, expiry.is_some())
            | flag(HAS_DELETION, row.deletion.is_some()),
    );
    out.extend_from_slice(&base.to_be_bytes());
    put_clustering(clustering, &mut out);
    if let Some(liveness) = row.liveness {
        put_timestamp(liveness.timestamp, base, &mut out);
        if let Some(expiry) = expiry {
            put_expiry(expiry, &mut out);
        }
    }
    if let Some(deletion) = row.deletion {
        put_deletion(deletion, base, &mut out);
    }
    put_unsigned(row.columns.len() as u64, &mut out);
    for (id, data) in &row.columns {
        put_unsigned(id.0.into(), &mut out);
        put_column(data, base, &mut out);
    }
    out
}

/// Enough room for most rows.
fn likely_length(clustering: &Clustering, row: &Row) -> usize {
    let column = |data: &ColumnData| match data {
        ColumnData::Simple(Cell { content: Content::Value { bytes, .. }, .. }) => bytes.len() + 8,
        ColumnData::Simple(_) => 16,
        ColumnData::Complex(data) => 16 + 32 * data.cells.len(),
        ColumnData::Counter(data) => 16 + 32 * data.shards.len(),
    };
    let clustering: usize = clustering.iter().map(|value| value.len() + 2).sum();
    32 + clustering + row.columns.iter().map(|(_, data)| column(data)).sum::<usize>()
}

/// The marker's time, or that of the first cell.
fn usual_time(row: &Row) -> Timestamp {
    let first_cell = || match &row.columns.first()?.1 {
        ColumnData::Simple(cell) => Some(cell.timestamp),
        ColumnData::Complex(data) => data.cells.first().map(|(_, cell)| cell.timestamp),
        ColumnData::Counter(data) => data.shards.first().map(|shard| shard.timestamp),
    };
    let of_deletion = || row.deletion.map(|deletion| deletion.timestamp);
    row.liveness.map(|liveness| liveness.timestamp).or_else(first_cell).or_else(of_deletion).unwrap_or(0)
}

fn put_expiry(expiry: Expiry, out: &mut Vec<u8>) {
    put_unsigned(expiry.ttl_seconds.into(), out);
    put_signed(expiry.at_seconds, out);
}

fn put_column(data: &ColumnData, base: Timestamp, out: &mut Vec<u8>) {
    match data {
        ColumnData::Simple(cell) => put_cell(cell, base, out),
        ColumnData::Complex(data) => {
            put_start(OF_SEVERAL, data.deletion, base, out);
            put_unsigned(data.cells.len() as u64, out);
            for (path, cell) in &data.cells {
                put_bytes(path, out);
                put_cell(cell, base, out);
            }
        }
        ColumnData::Counter(data) => {
            put_start(OF_SEVERAL | COUNTER, data.deletion, base, out);
            put_unsigned(data.shards.len() as u64, out);
            for shard in &data.shards {
                out.extend_from_slice(&shard.replica.to_be_bytes());
                put_timestamp(shard.timestamp, base, out);
                put_timestamp(shard.clock, base, out);
                put_signed(shard.count, out);
            }
        }
    }
}

fn put_start(flags: u8, deletion: Option<Deletion>, base: Timestamp, out: &mut Vec<u8>) {
    match deletion {
        None => out.push(flags),
        Some(deletion) => {
            out.push(flags | DELETED);
            put_deletion(deletion, base, out);
        }
    }
}

fn put_cell(cell: &Cell, base: Timestamp, out: &mut Vec<u8>) {
    let kind = match &cell.content {
        Content::Value { expiry: None, .. } => VALUE,
        Content::Value { expiry: Some(_), .. } => EXPIRING,
        Content::Tombstone { .. } => TOMBSTONE,
    };
    if cell.timestamp == base {
        out.push(kind | SAME_TIME);
    } else {
        out.push(kind);
        put_timestamp(cell.timestamp, base, out);
    }
    match &cell.content {
        Content::Value { bytes, expiry } => {
            if let Some(expiry) = expiry {
                put_expiry(*expiry, out);
            }
            put_bytes(bytes, out);
        }
        Content::Tombstone { deleted_at_seconds } => put_signed(*deleted_at_seconds, out),
    }
}

pub(in crate::store) fn decode_row(bytes: &Bytes) -> Result<(Clustering, Row), StoreError> {
    let mut cursor = Cursor::new(bytes);
    let flags = cursor.byte()?;
    if flags & !ROW_FLAGS != 0 || flags & (HAS_LIVENESS | LIVENESS_EXPIRES) == LIVENESS_EXPIRES {
        return Err(StoreError::corrupt("a row has flags that mean nothing"));
    }
    let base = i64::from_be_bytes(cursor.fixed()?);
    let clustering = cursor.clustering()?;
    let mut row = Row::default();
    if flags & HAS_LIVENESS != 0 {
        let timestamp = cursor.timestamp(base)?;
        let expiry = if flags & LIVENESS_EXPIRES != 0 { Some(expiry(&mut cursor)?) } else { None };
        row.liveness = Some(Liveness { timestamp, expiry });
    }
    if flags & HAS_DELETION != 0 {
        row.deletion = Some(cursor.deletion(base)?);
    }
    let count = cursor.count()?;
    row.columns.reserve_exact(count);
    for _ in 0..count {
        let id = ColumnId(cursor.unsigned_32()?);
        if row.columns.last().is_some_and(|(last, _)| *last >= id) {
            return Err(StoreError::corrupt("a row's columns are out of order"));
        }
        row.columns.push((id, column(&mut cursor, base)?));
    }
    cursor.finish()?;
    Ok((clustering, row))
}

fn expiry(cursor: &mut Cursor<'_>) -> Result<Expiry, StoreError> {
    Ok(Expiry { ttl_seconds: cursor.unsigned_32()?, at_seconds: cursor.signed()? })
}

fn column(cursor: &mut Cursor<'_>, base: Timestamp) -> Result<ColumnData, StoreError> {
    let flags = cursor.byte()?;
    if flags & KIND != OF_SEVERAL {
        return Ok(ColumnData::Simple(cell(cursor, flags, base)?));
    }
    if flags & !(KIND | COUNTER | DELETED) != 0 {
        return Err(StoreError::corrupt("a column has flags that mean nothing"));
    }
    let deletion = if flags & DELETED != 0 { Some(cursor.deletion(base)?) } else { None };
    let count = cursor.count()?;
    if flags & COUNTER != 0 {
        let shards = (0..count).map(|_| shard(cursor, base)).collect::<Result<_, _>>()?;
        return Ok(ColumnData::Counter(CounterData { deletion, shards }));
    }
    let element = |cursor: &mut Cursor<'_>| {
        let path = cursor.bytes()?;
        let flags = cursor.byte()?;
        Ok((path, cell(cursor, flags, base)?))
    };
    let cells = (0..count).map(|_| element(cursor)).collect::<Result<_, StoreError>>()?;
    Ok(ColumnData::Complex(ComplexData { deletion, cells }))
}

fn shard(cursor: &mut Cursor<'_>, base: Timestamp) -> Result<CounterShard, StoreError> {
    Ok(CounterShard {
        replica: u64::from_be_bytes(cursor.fixed()?),
        timestamp: cursor.timestamp(base)?,
        clock: cursor.timestamp(base)?,
        count: cursor.signed()?,
    })
}

fn cell(cursor: &mut Cursor<'_>, flags: u8, base: Timestamp) -> Result<Cell, StoreError> {
    if flags & !(KIND | SAME_TIME) != 0 {
        return Err(StoreError::corrupt("a cell has flags that mean nothing"));
    }
    let timestamp = if flags & SAME_TIME != 0 { base } else { cursor.timestamp(base)? };
    let content = match flags & KIND {
        VALUE => Content::Value { bytes: cursor.bytes()?, expiry: None },
        EXPIRING => {
            let expiry = Some(expiry(cursor)?);
            Content::Value { bytes: cursor.bytes()?, expiry }
        }
        TOMBSTONE => Content::Tombstone { deleted_at_seconds: cursor.signed()? },
        _ => return Err(StoreError::corrupt("a cell has flags that mean nothing")),
    };
    Ok(Cell { timestamp, content })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::arbitrary::{any_clustering, any_row};

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(clustering in any_clustering(), row in any_row()) {
            let row = row.normalized();
            let bytes = Bytes::from(encode_row(&clustering, &row));
            prop_assert_eq!(decode_row(&bytes).unwrap(), (clustering, row));
        }

        #[test]
        fn a_row_that_ends_early_or_late_is_damaged(clustering in any_clustering(), row in any_row(), cut: prop::sample::Index) {
            let mut bytes = encode_row(&clustering, &row.normalized());
            let cut = Bytes::copy_from_slice(&bytes[..cut.index(bytes.len())]);
            prop_assert!(matches!(decode_row(&cut), Err(StoreError::Corrupt(_))));
            bytes.push(0);
            prop_assert!(matches!(decode_row(&bytes.into()), Err(StoreError::Corrupt(_))));
        }

        /// Whatever is read after a byte has changed, it is a row that can be written again.
        #[test]
        fn changed_bytes_never_panic(row in any_row(), place: prop::sample::Index, byte: u8) {
            let mut bytes = encode_row(&Clustering::new(), &row.normalized());
            let place = place.index(bytes.len());
            bytes[place] = byte;
            if let Ok((clustering, row)) = decode_row(&bytes.into()) {
                let again = decode_row(&encode_row(&clustering, &row).into()).unwrap();
                prop_assert_eq!(again, (clustering, row));
            }
        }

        #[test]
        fn any_bytes_never_panic(bytes: Vec<u8>) {
            let _ = decode_row(&bytes.into());
        }
    }
}
