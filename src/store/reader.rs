//! Reads of one partition, and of many in the order of their tokens.

use std::marker::PhantomData;

use quorate_protocol::value::token::Token;

use super::clustering::Clustering;
use super::mutation::PartitionKey;
use super::row::Row;
use super::{Store, StoreError, TableShape};

/// Reads the rows of one partition, in the order of the table or against it. What deletions of the partition, of ranges and
/// of rows cover is not shown; deleted and expired cells are, for the reader to judge by the second it takes as now
/// ([`Row::is_live`], `Cell::live`).
#[derive(Debug)]
pub struct PartitionReader<'a> {
    pub(super) static_row: Row,
    pub(super) rows: std::vec::IntoIter<(Clustering, Row)>,
    pub(super) store: PhantomData<&'a Store>,
}

impl PartitionReader<'_> {
    /// The static columns; empty where there are none.
    pub fn static_row(&mut self) -> Result<Row, StoreError> {
        Ok(self.static_row.clone())
    }

    /// The next row of which anything is left.
    #[expect(clippy::should_implement_trait, reason = "it fails, and lends nothing out")]
    pub fn next(&mut self) -> Result<Option<(Clustering, Row)>, StoreError> {
        Ok(self.rows.next())
    }
}

/// Reads the partitions of a table in the order of their tokens, in bounded memory.
#[derive(Debug)]
pub struct TableReader<'a> {
    pub(super) store: &'a Store,
    pub(super) shape: TableShape,
    pub(super) keys: std::vec::IntoIter<(Token, PartitionKey)>,
}

impl<'a> TableReader<'a> {
    /// The next partition. It may turn out to hold nothing, if all of it is deleted.
    pub fn next_partition(&mut self) -> Result<Option<(Token, PartitionKey, PartitionReader<'a>)>, StoreError> {
        let Some((token, key)) = self.keys.next() else { return Ok(None) };
        let reader = self.store.partition(&self.shape, &key, &[], false)?;
        Ok(Some((token, key, reader)))
    }
}
