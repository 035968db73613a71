//! What was written and is not in a file of the tree yet, in order, with older values for those who still read them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::{RwLock, RwLockReadGuard};

use super::layers::Readers;
use crate::store::storage::chunks::Range;

/// What an entry takes beside its key and value: its place in the tree, and the allocator's headers.
const ENTRY_BYTES: usize = 176;

/// Numbers writes in the order in which they were made.
pub(super) type Sequence = u64;

/// A key's value, or that it has none.
pub(super) type Value = Option<Bytes>;

/// An ordered map of the newest values. Written by one thread at a time, read by any.
#[derive(Debug, Default)]
pub(super) struct Memtable {
    entries: RwLock<BTreeMap<Key, Slot>>,
    bytes: AtomicUsize,
}

/// The first bytes of a key as a number, then all of them. So two keys are compared without a look at what they point to, as
/// the first bytes are a table and a token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    first: u128,
    bytes: Bytes,
}

impl From<Bytes> for Key {
    fn from(bytes: Bytes) -> Self {
        let mut first = [0; size_of::<u128>()];
        first.iter_mut().zip(&bytes).for_each(|(first, byte)| *first = *byte);
        Key { first: u128::from_be_bytes(first), bytes }
    }
}

impl From<&[u8]> for Key {
    fn from(bytes: &[u8]) -> Self {
        Bytes::copy_from_slice(bytes).into()
    }
}

/// What a key stands for now, and what it stood for before where somebody still reads that; newest last.
#[derive(Debug)]
struct Slot {
    newest: Version,
    older: Vec<Version>,
}

#[derive(Debug)]
struct Version {
    sequence: Sequence,
    value: Value,
}

impl Memtable {
    /// Makes these changes, all seen at once. `readers` are those who still read what was there before.
    pub(super) fn write(
        &self,
        changes: impl IntoIterator<Item = (Bytes, Value)>,
        sequence: Sequence,
        readers: &Readers,
    ) {
        let mut entries = self.entries.write();
        let mut bytes = self.bytes();
        for (key, value) in changes {
            let next = Version { sequence, value };
            match entries.entry(key.into()) {
                Entry::Vacant(vacant) => {
                    bytes += vacant.key().bytes.len() + next.length() + ENTRY_BYTES;
                    vacant.insert(Slot { newest: next, older: Vec::new() });
                }
                Entry::Occupied(mut occupied) => {
                    let slot = occupied.get_mut();
                    bytes += next.length();
                    bytes -= slot.replace(next, readers).min(bytes);
                }
            }
        }
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// What a key stood for after the write of that number; absent if this does not know.
    pub(super) fn get(&self, key: &[u8], at: Sequence) -> Option<Value> {
        self.entries.read().get(&Key::from(key))?.at(at).cloned()
    }

    /// At most so many entries, in order or against it, as they were after the write of that number. What has no value is
    /// among them.
    pub(super) fn chunk(
        &self,
        Range { start, end, reversed }: Range<'_>,
        at: Sequence,
        count: usize,
    ) -> Vec<(Bytes, Value)> {
        let (start, end) = (start.map(Key::from), Key::from(end));
        let entries = self.entries.read();
        let range = entries.range((start, Bound::Excluded(end)));
        let seen = |(key, slot): (&Key, &Slot)| Some((key.bytes.clone(), slot.at(at)?.clone()));
        if reversed {
            range.rev().filter_map(seen).take(count).collect()
        } else {
            range.filter_map(seen).take(count).collect()
        }
    }

    /// How much memory it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.read().is_empty()
    }

    /// Its newest entries. Nobody can write meanwhile.
    pub(super) fn read(&self) -> Newest<'_> {
        Newest(self.entries.read())
    }
}

/// The newest entries of a memtable.
pub(super) struct Newest<'a>(RwLockReadGuard<'a, BTreeMap<Key, Slot>>);

impl Newest<'_> {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Bytes, &Value)> {
        self.0.iter().map(|(key, slot)| (&key.bytes, &slot.newest.value))
    }
}

impl Slot {
    /// Puts a newer version in front, drops those that nobody reads, and tells how many bytes that freed.
    fn replace(&mut self, next: Version, readers: &Readers) -> usize {
        let before = std::mem::replace(&mut self.newest, next);
        if readers.is_empty() && self.older.is_empty() {
            return before.length();
        }
        self.older.push(before);
        let mut freed = 0;
        let mut until = self.newest.sequence;
        let mut kept = Vec::new();
        while let Some(version) = self.older.pop() {
            let is_read = readers.range(version.sequence..until).next().is_some();
            until = version.sequence;
            if is_read {
                kept.push(version);
            } else {
                freed += version.length();
            }
        }
        kept.reverse();
        self.older = kept;
        freed
    }

    fn at(&self, at: Sequence) -> Option<&Value> {
        if self.newest.sequence <= at {
            return Some(&self.newest.value);
        }
        self.older.iter().rev().find(|version| version.sequence <= at).map(|version| &version.value)
    }
}

impl Version {
    fn length(&self) -> usize {
        self.value.as_ref().map_or(0, Bytes::len)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(number: u8) -> Bytes {
        Bytes::copy_from_slice(&[number])
    }

    fn all(reversed: bool) -> Range<'static> {
        Range { start: Bound::Included(&[]), end: &[9], reversed }
    }

    proptest! {
        /// Whoever reads sees what a copy of the map at that moment would show, however much is written after.
        #[test]
        fn readers_see_the_moment_they_began(
            writes in prop::collection::vec((0..4_u8, prop::option::of(any::<u8>())), 1..60),
            begin in prop::collection::btree_set(0..60_usize, 0..4),
        ) {
            let memtable = Memtable::default();
            let (mut readers, mut copy, mut copies) = (Readers::new(), BTreeMap::new(), Vec::new());
            for (number, (place, value)) in writes.into_iter().enumerate() {
                let sequence = number as u64 + 1;
                let value = value.map(|value| Bytes::copy_from_slice(&[value]));
                memtable.write([(key(place), value.clone())], sequence, &readers);
                copy.insert(key(place), value);
                if begin.contains(&number) {
                    readers.insert(sequence, 1);
                    copies.push((sequence, copy.clone()));
                }
            }
            copies.push((u64::MAX, copy));
            for (at, copy) in copies {
                for place in 0..4 {
                    prop_assert_eq!(memtable.get(&[place], at), copy.get(&key(place)).cloned());
                }
                let mut forwards = memtable.chunk(all(false), at, 99);
                prop_assert_eq!(&forwards, &copy.into_iter().collect::<Vec<_>>());
                forwards.reverse();
                prop_assert_eq!(memtable.chunk(all(true), at, 99), forwards);
            }
        }

        #[test]
        fn keys_are_ordered_as_their_bytes_are(keys in prop::array::uniform2(prop::collection::vec(0..3_u8, 0..20))) {
            let [left, right] = keys.each_ref().map(|key| Key::from(key.as_slice()));
            prop_assert_eq!(left.cmp(&right), keys[0].cmp(&keys[1]));
        }

        #[test]
        fn memory_is_freed_with_what_nobody_reads(values in prop::collection::vec(any::<Vec<u8>>(), 1..20)) {
            let memtable = Memtable::default();
            let length = values.last().map_or(0, Vec::len);
            for (number, value) in values.into_iter().enumerate() {
                memtable.write([(key(1), Some(value.into()))], number as u64, &Readers::new());
            }
            prop_assert_eq!(memtable.bytes(), 1 + length + ENTRY_BYTES);
        }
    }
}
