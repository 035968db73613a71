//! The rows that may hold a value, by an index.

use std::borrow::Cow;
use std::cmp::Ordering;

use bytes::Bytes;
use quorate_protocol::value::compare;

use super::IndexPlan;
use super::entry::{entry_value, partition_of_entries};
use crate::engine::error::EngineError;
use crate::store::clustering::{Bound, Clustering, Slice};
use crate::store::mutation::PartitionKey;
use crate::store::{PartitionReader, Store, StoreError};

/// Which values are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexRange {
    /// This one: of a column, an element, a map's key or value.
    Value(Bytes),
    /// This entry of a map, by an index on entries.
    Entry {
        /// Its key.
        key: Bytes,
        /// Its value.
        value: Bytes,
    },
    /// Those between two values, each with whether it belongs to them.
    Between(Option<(Bytes, bool)>, Option<(Bytes, bool)>),
}

/// Rows that hold a wanted value, or held it: in the order of a table, each once.
#[derive(Debug)]
pub struct Candidates<'a> {
    source: Source<'a>,
    partition_key_count: usize,
    now_seconds: i64,
}

#[allow(clippy::large_enum_variant, reason = "there is one at a time, and it is not moved")]
#[derive(Debug)]
enum Source<'a> {
    /// Entries of one value, which are in order.
    Ordered(PartitionReader<'a>),
    /// Rows that were sorted.
    Sorted(std::vec::IntoIter<(PartitionKey, Clustering)>),
}

impl IndexPlan {
    /// The rows that may hold what is wanted. Of several values all are gathered before the first is given.
    ///
    /// # Errors
    /// Of the store.
    pub fn candidates<'a>(
        &self,
        store: &'a Store,
        wanted: &IndexRange,
        now_seconds: i64,
    ) -> Result<Candidates<'a>, EngineError> {
        let bound = |bound: &Option<(Bytes, bool)>| {
            bound.as_ref().map(|(value, inclusive)| Bound { prefix: prefix(value.clone()), inclusive: *inclusive })
        };
        let slice = match wanted {
            IndexRange::Value(value) => Slice::of_prefix(prefix(value.clone())),
            IndexRange::Entry { key, value } => Slice::of_prefix(prefix(entry_value(key, value))),
            IndexRange::Between(from, to) => Slice { start: bound(from), end: bound(to) },
        };
        let mut reader = store.partition(&self.shape, &partition_of_entries(), &[slice], false)?;
        let partition_key_count = self.partition_key_count;
        let source = if matches!(wanted, IndexRange::Between(..)) {
            let mut places: Vec<Clustering> = Vec::new();
            while let Some((place, row)) = reader.next()? {
                if row.is_live(now_seconds) {
                    places.push(place.into_iter().skip(1).collect());
                }
            }
            places.sort_by(|left, right| self.place_order(left, right));
            places.dedup();
            let rows = places.into_iter().map(|place| split(place, partition_key_count));
            Source::Sorted(rows.collect::<Result<Vec<_>, _>>()?.into_iter())
        } else {
            Source::Ordered(reader)
        };
        Ok(Candidates { source, partition_key_count, now_seconds })
    }

    /// The order of two places in the table: token, partition key, clustering.
    fn place_order(&self, left: &[Bytes], right: &[Bytes]) -> Ordering {
        let types = self.shape.clustering.iter().skip(1);
        let orders = types.zip(left.iter().zip(right)).map(|((cql_type, descends), (left, right))| {
            let order = compare(cql_type, left, right);
            if *descends { order.reverse() } else { order }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }
}

impl Candidates<'_> {
    /// The next row; of a static column, the next partition, without a clustering.
    #[expect(clippy::should_implement_trait, reason = "it fails, and lends nothing out")]
    pub fn next(&mut self) -> Result<Option<(PartitionKey, Clustering)>, StoreError> {
        match &mut self.source {
            Source::Sorted(rows) => Ok(rows.next()),
            Source::Ordered(reader) => loop {
                let Some((place, row)) = reader.next()? else { return Ok(None) };
                if row.is_live(self.now_seconds) {
                    return split(place.into_iter().skip(1).collect(), self.partition_key_count).map(Some);
                }
            },
        }
    }
}

fn prefix(value: Bytes) -> Clustering {
    std::iter::once(value).collect()
}

/// A place (token, serialized partition key, clustering) as the key and the clustering of a row.
pub(super) fn split(place: Clustering, partition_key_count: usize) -> Result<(PartitionKey, Clustering), StoreError> {
    let mut parts = place.into_iter().skip(1);
    let serialized = parts.next().ok_or(StoreError::Corrupt("an index entry without a key".into()))?;
    let key = split_key(serialized, partition_key_count)?;
    Ok((key, parts.collect()))
}

/// The parts of a serialized partition key (`CompositeType`).
fn split_key(mut serialized: Bytes, count: usize) -> Result<PartitionKey, StoreError> {
    const CUT_SHORT: StoreError = StoreError::Corrupt(Cow::Borrowed("the key in an index entry is cut short"));
    if count == 1 {
        return Ok(std::iter::once(serialized).collect());
    }
    let mut key = PartitionKey::new();
    for _ in 0..count {
        let length = serialized.first_chunk::<2>().map(|length| usize::from(u16::from_be_bytes(*length)));
        let length = length.ok_or(CUT_SHORT)?;
        if serialized.len() < length + 3 {
            return Err(CUT_SHORT);
        }
        key.push(serialized.slice(2..length + 2));
        serialized = serialized.slice(length + 3..);
    }
    Ok(key)
}
