//! Evaluates SELECT over rows in memory or in a store, as Cassandra would: same columns, same names and types in the result,
//! same errors.
//!
//! [`Plan::prepare`] turns a parsed SELECT and a [`Table`] into a plan, [`Plan::prepare_stored`] one from a table that is
//! stored; [`Plan::execute`] runs it over a [`RowSource`]. Rows stream: a restriction (`restriction`) becomes keys, ranges of
//! tokens, slices and filters, a cursor (`cursor`) goes through them, and what passes is grouped, computed and paged
//! (`execute`). Time and randomness come from an [`Environment`]. What Cassandra has and this has not: user-defined functions.

mod aggregate;
mod argument;
mod bind;
mod compile;
mod constant;
mod cursor;
mod environment;
mod error;
mod execute;
mod expression;
mod function;
pub mod maintain;
pub mod modification;
mod name;
mod order;
mod paging;
mod plan;
mod restriction;
pub mod schema;
mod sink;
mod source;
mod stamp;
mod stored;
mod table;

pub use environment::{Environment, SystemEnvironment};
pub use error::EngineError;
pub use execute::Page;
pub use plan::Plan;
pub use sink::{EncodedRows, ListedRows, RowSink};
pub use source::RowSource;
pub use table::{Column, ColumnKind, Row, Table, sort_rows};

#[cfg(test)]
mod tests;
