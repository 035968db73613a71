//! Paging states: the last row that was returned, and what the limits leave.
//!
//! Format, big-endian: version (u8, 2), rows left of LIMIT and of PER PARTITION LIMIT in that partition (u32 each,
//! 0xFFFFFFFF for no limit), the number of key columns (u16) and each of their values (u32 length, bytes), the number of
//! clustering columns (u16, 0xFFFF if nothing is left of the partition) and each of their values.
//!
//! A state comes back from outside: whatever it says, it can only name another place to go on from.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use quorate_protocol::value::Value;

use super::cursor::Position;
use super::error::EngineError;
use super::table::{Column, Table};
use crate::store::mutation::PartitionKey;

const VERSION: u8 = 2;
const PARTITION_DONE: u16 = u16::MAX;
const UNLIMITED: u32 = u32::MAX;

/// Where a read goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) position: Position,
    /// What LIMIT leaves.
    pub(super) left: Option<u32>,
    /// What PER PARTITION LIMIT leaves of the partition.
    pub(super) left_in_partition: Option<u32>,
}

impl State {
    pub(super) fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_u8(VERSION);
        out.put_u32(self.left.unwrap_or(UNLIMITED));
        out.put_u32(self.left_in_partition.unwrap_or(UNLIMITED));
        put_values(&mut out, &self.position.key);
        match &self.position.clustering {
            Some(clustering) => put_values(&mut out, clustering),
            None => out.put_u16(PARTITION_DONE),
        }
        out.freeze()
    }

    /// # Errors
    /// For everything that [`State::encode`] does not give for a row of this table.
    pub(super) fn decode(state: &[u8], table: &Table) -> Result<Self, EngineError> {
        Self::parse(state, table).ok_or_else(|| EngineError::Protocol("Invalid value for the paging state".to_owned()))
    }

    fn parse(mut state: &[u8], table: &Table) -> Option<Self> {
        let input = &mut state;
        if input.try_get_u8().ok()? != VERSION {
            return None;
        }
        let limit = |left: u32| (left != UNLIMITED).then_some(left);
        let left = limit(input.try_get_u32().ok()?);
        let left_in_partition = limit(input.try_get_u32().ok()?);
        let key: PartitionKey = take_values(input, table.partition_key(), table.partition_key().len())?.into();
        let clustering = if input.starts_with(&PARTITION_DONE.to_be_bytes()) {
            input.advance(2);
            None
        } else {
            Some(take_values(input, table.clustering(), table.clustering().len().min(1))?.into())
        };
        input.is_empty().then_some(State { position: Position { key, clustering }, left, left_in_partition })
    }
}

fn put_values(out: &mut BytesMut, values: &[Bytes]) {
    out.put_u16(values.len() as u16);
    for value in values {
        out.put_u32(value.len() as u32);
        out.put_slice(value);
    }
}

/// Values of the first columns, at least so many of them, each a valid one.
fn take_values(input: &mut &[u8], columns: &[Column], min: usize) -> Option<Vec<Bytes>> {
    let count = usize::from(input.try_get_u16().ok()?);
    if !(min..=columns.len()).contains(&count) {
        return None;
    }
    let values = columns.iter().take(count).map(|column| {
        let length = usize::try_from(input.try_get_u32().ok()?).ok()?;
        let value = input.get(..length)?;
        Value::decode(&column.cql_type, value).ok()?;
        input.advance(length);
        Some(Bytes::copy_from_slice(value))
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quorate_protocol::value::NativeType;

    use super::*;
    use crate::engine::table::ColumnKind;

    fn table() -> Table {
        let column = |name: &str, native: NativeType, kind| Column { name: name.into(), cql_type: native.into(), kind };
        let clustering = ColumnKind::Clustering { descending: false };
        let columns =
            vec![column("k", NativeType::Blob, ColumnKind::PartitionKey), column("c", NativeType::Int, clustering)];
        Table::new("q", "t", columns)
    }

    proptest! {
        #[test]
        fn a_state_reads_back(
            key in prop::collection::vec(any::<u8>(), 0..9),
            clustering: Option<i32>,
            left in prop::option::of(0..UNLIMITED),
            left_in_partition in prop::option::of(0..UNLIMITED),
        ) {
            let key = PartitionKey::from_iter([key.into()]);
            let clustering = clustering.map(|c| [Bytes::copy_from_slice(&c.to_be_bytes())].into_iter().collect());
            let state = State { position: Position { key, clustering }, left, left_in_partition };
            prop_assert_eq!(State::decode(&state.encode(), &table()), Ok(state));
        }

        #[test]
        fn other_bytes_are_refused_without_harm(bytes in prop::collection::vec(0..4_u8, 0..40)) {
            if let Ok(state) = State::decode(&bytes, &table()) {
                prop_assert_eq!(state.encode(), bytes);
            }
        }
    }
}
