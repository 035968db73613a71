//! Real Cassandra, real drivers, chaos and benchmarks around the quorate binary.
//!
//! Everything here runs on one machine, on loopback addresses, and dies with the process that started it:
//! - [`cassandra`] starts, kills, pauses and resumes Apache Cassandra nodes from their Maven jars;
//! - [`proxy`] writes a `quorate.toml` over such nodes and starts the `quorate` binary on it;
//! - [`drivers`] builds and runs the client programs under `drivers/`, one per language;
//! - [`witness`] is a client that records every error while nodes fail;
//! - [`differential`] generates statements and compares what two servers answer;
//! - [`mod@bench`] offers load and measures what a request costs.

pub mod bench;
pub mod cassandra;
pub mod child;
pub mod differential;
pub mod drivers;

pub mod loopback;
pub mod proxy;
pub mod raw;
pub mod wait;
pub mod witness;
pub mod workdir;
