//! Where the rows of a SELECT come from.

use super::table::Row;
use crate::store::Store;

/// Where the rows of a SELECT come from.
#[derive(Clone, Copy, Debug)]
pub enum RowSource<'a> {
    /// All rows of the table, in the order of [`super::sort_rows`]. They have neither write times nor TTLs.
    Rows(&'a [Row]),
    /// The rows that are stored of the table that the plan was prepared for ([`super::Plan::prepare_stored`]).
    Store(&'a Store),
}

impl<'a> From<&'a [Row]> for RowSource<'a> {
    fn from(rows: &'a [Row]) -> Self {
        RowSource::Rows(rows)
    }
}

impl<'a> From<&'a Vec<Row>> for RowSource<'a> {
    fn from(rows: &'a Vec<Row>) -> Self {
        RowSource::Rows(rows)
    }
}

impl<'a> From<&'a Store> for RowSource<'a> {
    fn from(store: &'a Store) -> Self {
        RowSource::Store(store)
    }
}
