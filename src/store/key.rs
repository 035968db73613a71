//! Where things stand in the ordered storage: keys whose order as bytes is the order of tables, tokens and rows.
//!
//! `docs/storage.md` specifies them byte by byte.

use bytes::Bytes;
use quorate_protocol::value::token::Token;
use quorate_protocol::value::write_ordered;

use super::StoreError;
use super::clustering::{Bound, Clustering, Slice};
use super::mutation::{PartitionKey, StorageId};
use super::table::TableShape;

/// The largest key, in bytes.
const MAX_KEY_LENGTH: usize = u16::MAX as usize;

/// What stands before the rows of a partition, and they.
const HEADER: u8 = 0;
const RANGE: u8 = 1;
const ROW: u8 = 2;
const AFTER_ROWS: u8 = 3;

/// Takes the place of a table's number for what belongs to no table.
const NO_TABLE: u32 = u32::MAX;

/// The key of a named record. `space` keeps those of the store itself from those of its users.
pub(super) fn record(space: u8, name: &[u8]) -> Vec<u8> {
    [&NO_TABLE.to_be_bytes()[..], &[space], name].concat()
}

/// Every key of a table: from the first, up to but without the second.
pub(super) fn table(storage: StorageId) -> (Vec<u8>, Vec<u8>) {
    (storage.0.to_be_bytes().to_vec(), storage.0.saturating_add(1).to_be_bytes().to_vec())
}

/// The first key that a partition with this token may have.
pub(super) fn token(storage: StorageId, token: Token) -> Vec<u8> {
    let mut key = Vec::with_capacity(12);
    put_token(storage, token, &mut key);
    key
}

fn put_token(storage: StorageId, token: Token, out: &mut Vec<u8>) {
    out.extend_from_slice(&storage.0.to_be_bytes());
    out.extend_from_slice(&((token.0 as u64) ^ (1 << 63)).to_be_bytes());
}

/// What all keys of one partition begin with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartitionPrefix(Vec<u8>);

impl PartitionPrefix {
    pub(super) fn new(storage: StorageId, key: &PartitionKey) -> Result<Self, StoreError> {
        let token = Token::of_key(key.iter().map(|value| value.as_ref())).map_err(|_| StoreError::Key)?;
        let length: usize = key.iter().map(|value| value.len() + 2).sum();
        // room for the kind and a short clustering, since most prefixes become the key of a row
        let mut out = Vec::with_capacity(length + 48);
        put_token(storage, token, &mut out);
        out.push(u8::try_from(key.len()).map_err(|_| StoreError::Key)?);
        for value in key {
            let length = u16::try_from(value.len()).map_err(|_| StoreError::Key)?;
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(value);
        }
        if out.len() > MAX_KEY_LENGTH { Err(StoreError::Key) } else { Ok(PartitionPrefix(out)) }
    }

    /// The partition that a key belongs to.
    pub(super) fn of(key: &Bytes) -> Result<(Self, Token, PartitionKey), StoreError> {
        const DAMAGED: StoreError = StoreError::corrupt("a key names no partition");
        let token = key.get(4..12).and_then(|bytes| bytes.try_into().ok()).ok_or(DAMAGED)?;
        let token = Token((u64::from_be_bytes(token) ^ (1 << 63)) as i64);
        let parts = *key.get(12).ok_or(DAMAGED)?;
        let mut partition = PartitionKey::new();
        let mut at = 13;
        for _ in 0..parts {
            let length = key.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).ok_or(DAMAGED)?;
            let end = at + 2 + usize::from(u16::from_be_bytes(length));
            if end > key.len() {
                return Err(DAMAGED);
            }
            partition.push(key.slice(at + 2..end));
            at = end;
        }
        let prefix = key.get(..at).ok_or(DAMAGED)?;
        Ok((PartitionPrefix(prefix.to_vec()), token, partition))
    }

    pub(super) fn is_of(&self, key: &[u8]) -> bool {
        key.starts_with(&self.0)
    }

    pub(super) fn header(&self) -> Vec<u8> {
        self.followed_by(HEADER, &[])
    }

    /// Whether a key of this partition is that of its header.
    pub(super) fn is_header(&self, key: &[u8]) -> bool {
        key.get(self.0.len()) == Some(&HEADER)
    }

    /// The place of a row, if the key is one.
    pub(super) fn position_of_row<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        self.position(ROW, key)
    }

    /// The place where a range tombstone begins, if the key is one's.
    pub(super) fn position_of_range<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        self.position(RANGE, key)
    }

    fn position<'k>(&self, kind: u8, key: &'k [u8]) -> Option<&'k [u8]> {
        match key.strip_prefix(self.0.as_slice()) {
            Some([found, position @ ..]) if *found == kind => Some(position),
            _ => None,
        }
    }

    pub(super) fn row(&self, shape: &TableShape, clustering: &Clustering) -> Result<Vec<u8>, StoreError> {
        let mut out = self.0.clone();
        out.push(ROW);
        put_clustering(shape, clustering, &mut out);
        if out.len() > MAX_KEY_LENGTH { Err(StoreError::Key) } else { Ok(out) }
    }

    /// The key at this place among the rows; absent: behind all of them.
    pub(super) fn row_at(&self, position: Option<&[u8]>) -> Vec<u8> {
        match position {
            Some(position) => self.followed_by(ROW, position),
            None => self.followed_by(AFTER_ROWS, &[]),
        }
    }

    /// The key at this place among the range tombstones; absent: behind all of them.
    pub(super) fn range_at(&self, position: Option<&[u8]>) -> Vec<u8> {
        match position {
            Some(position) => self.followed_by(RANGE, position),
            None => self.followed_by(ROW, &[]),
        }
    }

    fn followed_by(&self, kind: u8, position: &[u8]) -> Vec<u8> {
        [&self.0[..], &[kind], position].concat()
    }
}

fn put_clustering(shape: &TableShape, values: &[Bytes], out: &mut Vec<u8>) {
    for ((ty, descending), value) in shape.clustering.iter().zip(values) {
        let start = out.len();
        write_ordered(ty, value, out);
        if *descending {
            out.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
        }
    }
}

/// A place between two rows: before all rows that begin with some values, or after all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) prefix: Clustering,
    pub(super) after: bool,
}

impl Edge {
    pub(super) fn start_of(slice: &Slice) -> Edge {
        match &slice.start {
            Some(bound) => Edge { prefix: bound.prefix.clone(), after: !bound.inclusive },
            None => Edge { prefix: Clustering::new(), after: false },
        }
    }

    pub(super) fn end_of(slice: &Slice) -> Edge {
        match &slice.end {
            Some(bound) => Edge { prefix: bound.prefix.clone(), after: bound.inclusive },
            None => Edge { prefix: Clustering::new(), after: true },
        }
    }

    /// The slice between two places.
    pub(super) fn slice(start: &Edge, end: &Edge) -> Slice {
        let bound = |edge: &Edge, inclusive: bool| Some(Bound { prefix: edge.prefix.clone(), inclusive });
        Slice {
            start: bound(start, !start.after).filter(|bound| !bound.prefix.is_empty()),
            end: bound(end, end.after).filter(|bound| !bound.prefix.is_empty()),
        }
    }

    /// The place as bytes that are not larger than those of any row behind it, and larger than those of any row before it.
    /// Absent: behind every row.
    pub(super) fn position(&self, shape: &TableShape) -> Option<Vec<u8>> {
        let mut position = Vec::new();
        put_clustering(shape, &self.prefix, &mut position);
        if self.after { after_prefix(position) } else { Some(position) }
    }
}

/// The smallest string of bytes behind all that begin with these.
pub(super) fn after_prefix(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = prefix.pop() {
        if last < u8::MAX {
            prefix.push(last + 1);
            return Some(prefix);
        }
    }
    None
}

/// Whether a place is before another one; absent is behind everything.
pub(super) fn is_before(left: Option<&[u8]>, right: Option<&[u8]>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left < right,
        (Some(_), None) => true,
        (None, _) => false,
    }
}
