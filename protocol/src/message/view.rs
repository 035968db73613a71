//! Partial views: what routing needs of a message, read without allocating.
//!
//! Bytes behind what a request says are ignored, as Cassandra ignores them: some clients send them.
//!
//! A view borrows its envelope. Parsing one checks the whole of the message's structure, so that its iterators cannot
//! fail.

mod batch;
mod error;
mod execute;
mod extras;
mod parameters;
mod prepare;
mod query;
mod result;
pub(crate) mod specs;
mod values;

pub use batch::{BatchChild, BatchView, Statement};
pub use error::ErrorView;
pub use execute::ExecuteView;
pub use extras::{RequestExtras, ResponseExtras};
pub use parameters::Parameters;
pub use prepare::PrepareView;
pub(crate) use prepare::WITH_KEYSPACE;
pub use query::QueryView;
pub use result::{PreparedView, ResultKind, ResultView, RowsView, SchemaChangeView};
pub use values::{Values, ValuesIter};
