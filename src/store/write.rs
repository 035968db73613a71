//! A write as changes of the ordered storage: what is stored is read, merged with what is written, and replaced.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::StoreError;
use super::cell::Deletion;
use super::clustering::Clustering;
use super::codec::{Header, decode_row, encode_row};
use super::key::{PartitionPrefix, check_length};
use super::mutation::{CounterUpdate, Mutation, StorageId};
use super::purge::Horizon;
use super::ranges::{self, Range, RangeCursor};
use super::row::{ColumnData, CounterData, Row};
use super::storage::{Change, Read};
use super::table::TableShape;

/// What a write of one partition is merged into. The partition is locked meanwhile.
pub(super) struct PartitionWrite<'a> {
    pub(super) view: &'a dyn Read,
    pub(super) prefix: &'a PartitionPrefix,
    /// Whose counts those of counters are.
    pub(super) replica: u64,
    /// Whether any partition of the table has a header.
    pub(super) may_have_header: bool,
}

/// The changes that a write makes.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) list: Vec<Change>,
    /// The tables of headers among them.
    pub(super) headers_of: SmallVec<[StorageId; 1]>,
}

/// What is written of one row.
struct RowWrite<'m> {
    key: Vec<u8>,
    clustering: &'m Clustering,
    row: Row,
    counters: SmallVec<[&'m CounterUpdate; 1]>,
}

impl PartitionWrite<'_> {
    /// Adds the changes that these mutations of the partition make.
    pub(super) fn write(
        &self,
        mutations: &[(&TableShape, &Mutation)],
        now_seconds: i64,
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        let Some((shape, _)) = mutations.first() else { return Ok(()) };
        let horizon = Horizon::new(shape, now_seconds);
        let touches_header = mutations.iter().any(|(_, mutation)| touches_header(mutation));
        let counts = mutations.iter().any(|(_, mutation)| !mutation.counters.is_empty());
        let before = if touches_header || counts { self.header()? } else { Header::default() };
        let mut header = before.clone();
        if touches_header {
            self.write_header(shape, mutations, &mut header, horizon, changes)?;
        }
        if header != before {
            let value = (!header.is_empty()).then(|| header.encode());
            if value.is_some() {
                changes.headers_of.push(shape.storage);
            }
            changes.list.push(Change { key: self.prefix.header(), value });
        }
        for write in rows(shape, self.prefix, mutations)? {
            self.write_row(shape, write, &header, mutations, horizon, changes)?;
        }
        Ok(())
    }

    fn header(&self) -> Result<Header, StoreError> {
        if !self.may_have_header {
            return Ok(Header::default());
        }
        let stored = self.view.get(&self.prefix.header())?;
        stored.map_or(Ok(Header::default()), |bytes| Header::decode(&bytes))
    }

    fn write_header(
        &self,
        shape: &TableShape,
        mutations: &[(&TableShape, &Mutation)],
        header: &mut Header,
        horizon: Horizon,
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        let mut static_row = header.static_row()?;
        let mut ranges = Vec::new();
        for (_, mutation) in mutations {
            header.deletion = Deletion::newest(header.deletion, mutation.deletion);
            static_row = static_row.merge(mutation.static_row.clone());
            let of_slice = |(slice, deletion): &(_, _)| Range::new(shape, slice, *deletion);
            ranges.extend(mutation.ranges.iter().filter_map(of_slice));
        }
        let counters = mutations.iter().flat_map(|(_, mutation)| &mutation.counters);
        let counters: SmallVec<[_; 1]> = counters.filter(|update| update.clustering.is_none()).collect();
        self.count(&mut static_row, &counters, header.deletion);
        horizon.purge(&mut static_row);
        header.set_static_row(&static_row);
        header.has_ranges |= !ranges.is_empty();
        self.write_ranges(ranges, changes)
    }

    fn write_ranges(&self, ranges: Vec<Range>, changes: &mut Changes) -> Result<(), StoreError> {
        // an end becomes a key where a later one divides the range
        for range in &ranges {
            check_length(&self.prefix.range_at(Some(&range.start_position)))?;
            check_length(&self.prefix.range_at(range.tombstone.end_position.as_deref()))?;
        }
        // what is stored of what the new ones overlap, then what it becomes, by place
        let mut stored: BTreeMap<Vec<u8>, Range> = BTreeMap::new();
        let by_place = |range: Range| (range.start_position.clone(), range);
        for range in &ranges {
            stored.extend(ranges::overlapping(self.view, self.prefix, range)?.into_iter().map(by_place));
        }
        let mut becomes: Vec<Range> = stored.values().cloned().collect();
        for range in ranges {
            becomes = ranges::lay_over(becomes, range);
        }
        for range in becomes {
            if stored.remove(&range.start_position).as_ref() != Some(&range) {
                let key = self.prefix.range_at(Some(&range.start_position));
                changes.list.push(Change { key, value: Some(range.tombstone.encode()) });
            }
        }
        let gone = stored.into_keys().map(|position| self.prefix.range_at(Some(&position)));
        changes.list.extend(gone.map(|key| Change { key, value: None }));
        Ok(())
    }

    fn write_row(
        &self,
        shape: &TableShape,
        write: RowWrite<'_>,
        header: &Header,
        mutations: &[(&TableShape, &Mutation)],
        horizon: Horizon,
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        let RowWrite { key, clustering, row, counters } = write;
        let stored = self.view.get(&key)?;
        let (clustering, mut row) = match &stored {
            None => (clustering.clone(), row.normalized()),
            Some(bytes) => {
                let (stored_clustering, stored) = decode_row(bytes)?;
                // equal is not identical (1.0 and 1.00): one of them stays, whichever came first
                (stored_clustering.min(clustering.clone()), stored.merge(row))
            }
        };
        if !counters.is_empty() {
            let deletion = self.covering(shape, &key, header, mutations)?;
            self.count(&mut row, &counters, deletion);
        }
        horizon.purge(&mut row);
        let value = (!row.is_empty()).then(|| encode_row(&clustering, &row));
        if value.as_deref() != stored.as_deref() {
            changes.list.push(Change { key, value });
        }
        Ok(())
    }

    /// Adds to counters what they are told to, unless that is older than a deletion; what was counted before a deletion does
    /// not go on.
    fn count(&self, row: &mut Row, updates: &[&CounterUpdate], deletion: Option<Deletion>) {
        if updates.is_empty() {
            return;
        }
        if let Some(deletion) = &deletion {
            row.shadow(deletion);
        }
        let shadow = deletion.into_iter().chain(row.deletion).reduce(Deletion::merge);
        let of = |column, counter| Row { columns: vec![(column, ColumnData::Counter(counter))], ..Row::default() };
        let mut counted = Row::default();
        for update in updates {
            let find = |row: &Row| match row.column(update.column) {
                Some(ColumnData::Counter(counter)) => Some(counter.clone()),
                _ => None,
            };
            let mut before = of(update.column, find(&counted).or_else(|| find(row)).unwrap_or_default());
            if let Some(shadow) = &shadow {
                // what the deletion covers, even of this write, does not go on either
                before.shadow(shadow);
            }
            let mut counter: CounterData = find(&before).unwrap_or_default();
            if shadow.into_iter().chain(counter.deletion).any(|deletion| deletion.covers(update.timestamp)) {
                continue;
            }
            counter.add(self.replica, update.delta, update.timestamp);
            counted.columns.retain(|(column, _)| *column != update.column);
            counted = counted.merge(of(update.column, counter));
        }
        *row = std::mem::take(row).merge(counted);
    }

    /// The newest deletion of the partition and of ranges that covers a row: those stored and those being written.
    fn covering(
        &self,
        shape: &TableShape,
        key: &[u8],
        header: &Header,
        mutations: &[(&TableShape, &Mutation)],
    ) -> Result<Option<Deletion>, StoreError> {
        let position = self.prefix.position_of_row(key).unwrap_or_default();
        let written = mutations.iter().flat_map(|(_, mutation)| &mutation.ranges);
        let written = written.filter_map(|(slice, deletion)| Range::new(shape, slice, *deletion));
        let written = written.filter(|range| range.covers(position)).map(|range| range.tombstone.deletion);
        let stored = match header.has_ranges {
            true => RangeCursor::new(false).covering(self.view, self.prefix, position)?,
            false => None,
        };
        Ok(written.chain(stored).chain(header.deletion).reduce(Deletion::merge))
    }
}

fn touches_header(mutation: &Mutation) -> bool {
    mutation.deletion.is_some()
        || !mutation.ranges.is_empty()
        || !mutation.static_row.is_empty()
        || mutation.counters.iter().any(|update| update.clustering.is_none())
}

/// What is written of each row, in order, each named once.
fn rows<'m>(
    shape: &TableShape,
    prefix: &PartitionPrefix,
    mutations: &[(&TableShape, &'m Mutation)],
) -> Result<Vec<RowWrite<'m>>, StoreError> {
    let mut writes = Vec::new();
    for (_, mutation) in mutations {
        for (clustering, row) in &mutation.rows {
            let key = prefix.row(shape, clustering)?;
            writes.push(RowWrite { key, clustering, row: row.clone(), counters: SmallVec::new() });
        }
        for update in &mutation.counters {
            if let Some(clustering) = &update.clustering {
                let key = prefix.row(shape, clustering)?;
                let counters = SmallVec::from_slice(&[update]);
                writes.push(RowWrite { key, clustering, row: Row::default(), counters });
            }
        }
    }
    writes.sort_by(|left, right| left.key.cmp(&right.key));
    writes.dedup_by(|next, first| {
        let same = next.key == first.key;
        if same {
            first.row = std::mem::take(&mut first.row).merge(std::mem::take(&mut next.row));
            first.counters.append(&mut next.counters);
        }
        same
    });
    Ok(writes)
}
