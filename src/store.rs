//! Rows of stamped cells, as Cassandra keeps them: what an embedded backend stores, and how two versions of it merge.
//!
//! A value is never overwritten in place: every write is a partial row with write times, and what a reader sees is the
//! *merge* of all of them. Merging is commutative, associative and idempotent (`cell`, `row`, `mutation`), so writes may
//! arrive in any order and any number of times. The store knows nothing of CQL and of the network.

pub mod cell;
pub mod clustering;
pub mod mutation;
pub mod row;
pub mod table;
