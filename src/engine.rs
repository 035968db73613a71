//! Evaluates SELECT over rows in memory, as Cassandra would: same columns, same names and types in the result, same errors.
//!
//! [`Plan::prepare`] turns a parsed SELECT and a [`Table`] into a plan; [`Plan::execute`] runs it over rows. Time and
//! randomness come from an [`Environment`]. What Cassandra has and this has not: masking functions, `fromJson`, `LIKE`, `ANN`
//! and user-defined functions.

mod aggregate;
mod argument;
mod bind;
mod compile;
mod constant;
pub mod definition;
mod environment;
mod error;
mod execute;
mod expression;
mod function;
mod name;
mod order;
mod paging;
mod plan;
mod restriction;
pub mod schema;
mod table;

pub use environment::{Environment, SystemEnvironment};
pub use error::EngineError;
pub use execute::Page;
pub use plan::Plan;
pub use table::{Column, ColumnKind, Row, Table, sort_rows};

#[cfg(test)]
mod tests;
