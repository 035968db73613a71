//! CQL over rows in memory or in a store, as Cassandra answers it: same columns, same names and types in the result, same
//! errors.
//!
//! [`Plan::prepare`] turns a parsed SELECT and a [`Table`] into a plan, [`Plan::prepare_stored`] one from a table that is
//! stored; [`Plan::execute`] runs it over a [`RowSource`]. Rows stream: a restriction (`restriction`) becomes keys, ranges of
//! tokens, slices and filters, a cursor (`cursor`) goes through them, and what passes is grouped, computed and paged
//! (`execute`). [`modification`] does the same for INSERT, UPDATE, DELETE and BATCH, [`definition`] for what changes the
//! [`schema`], and [`database`] puts them together over one store. Time and randomness come from an [`Environment`]. What
//! Cassandra has and this has not: user-defined functions.

mod aggregate;
mod argument;
mod bind;
mod canonical;
mod compile;
mod composite;
mod constant;
mod cursor;
pub mod database;
pub mod definition;
pub mod describe;
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
mod recognition;
#[cfg(test)]
mod recorded;
mod restriction;
pub mod role;
pub mod schema;
mod sink;
mod source;
mod stamp;
mod stored;
pub mod system_tables;
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
