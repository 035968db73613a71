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

/// The largest key, in bytes: what is looked for before or behind one still fits the two bytes of a length.
const MAX_KEY_LENGTH: usize = u16::MAX as usize - 8;

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
        let mut out = Vec::with_capacity(13 + length);
        put_token(storage, token, &mut out);
        out.push(u8::try_from(key.len()).map_err(|_| StoreError::Key)?);
        for value in key {
            let length = u16::try_from(value.len()).map_err(|_| StoreError::Key)?;
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(value);
        }
        check_length(&out)?;
        Ok(PartitionPrefix(out))
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
        // as much room as most types need: their bytes and what marks them
        let length: usize = clustering.iter().map(|value| value.len() + 4).sum();
        let mut out = Vec::with_capacity(self.0.len() + 1 + length);
        out.extend_from_slice(&self.0);
        out.push(ROW);
        put_clustering(shape, clustering, &mut out);
        check_length(&out)?;
        Ok(out)
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

impl TableShape {
    /// Bytes that sort as the rows of a partition do: equal for clusterings of equal values, whatever their own bytes (1.0 and
    /// 1.00).
    pub fn sort_key(&self, clustering: &[Bytes]) -> Vec<u8> {
        let mut key = Vec::new();
        put_clustering(self, clustering, &mut key);
        key
    }
}

/// Refuses keys that the storage could not take.
pub(super) fn check_length(key: &[u8]) -> Result<(), StoreError> {
    match key.len() {
        length if length > MAX_KEY_LENGTH => Err(StoreError::KeyLength { length, max: MAX_KEY_LENGTH }),
        _ => Ok(()),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_name_their_partition(parts in prop::collection::vec(any::<Vec<u8>>(), 1..4)) {
            let partition: PartitionKey = parts.into_iter().map(Bytes::from).collect();
            let prefix = PartitionPrefix::new(StorageId(9), &partition).unwrap();
            let (found, token, key) = PartitionPrefix::of(&prefix.header().into()).unwrap();
            prop_assert_eq!(token, Token::of_key(partition.iter().map(|value| value.as_ref())).unwrap());
            prop_assert_eq!((found, key), (prefix, partition));
        }

        #[test]
        fn partitions_are_in_the_order_of_their_tokens(keys in prop::array::uniform2(any::<Vec<u8>>())) {
            let [left, right] = keys.map(|key| PartitionKey::from_iter([Bytes::from(key)]));
            let prefix = |key| PartitionPrefix::new(StorageId(9), key).unwrap();
            let token = |key: &PartitionKey| Token::of_key(key.iter().map(|value| value.as_ref())).unwrap();
            prop_assert_eq!(prefix(&left).cmp(&prefix(&right)), (token(&left), &left[0].len(), &left[0]).cmp(&(token(&right), &right[0].len(), &right[0])));
        }

        #[test]
        fn any_bytes_never_panic(bytes: Vec<u8>) {
            let _ = PartitionPrefix::of(&bytes.into());
        }

        #[test]
        fn what_is_after_a_prefix_is_behind_all_that_begin_with_it(prefix: Vec<u8>, rest: Vec<u8>, other: Vec<u8>) {
            let begins = [prefix.as_slice(), &rest].concat();
            let after = after_prefix(prefix.clone());
            prop_assert!(is_before(Some(&begins), after.as_deref()));
            if other > prefix && !other.starts_with(&prefix) {
                prop_assert!(!is_before(Some(&other), after.as_deref()));
            }
        }
    }

    #[test]
    fn a_key_of_a_row_has_a_largest_length() {
        let shape = TableShape {
            storage: StorageId(9),
            clustering: vec![(quorate_protocol::value::NativeType::Blob.into(), false)],
            gc_grace_seconds: 0,
        };
        let partition = PartitionKey::from_iter([Bytes::from_static(b"key")]);
        let prefix = PartitionPrefix::new(shape.storage, &partition).unwrap();
        let row = |length| prefix.row(&shape, &Clustering::from_iter([Bytes::from(vec![1; length])]));
        assert!(row(60_000).is_ok());
        assert!(matches!(row(70_000), Err(StoreError::KeyLength { .. })));
    }
}
