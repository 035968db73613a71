//! The Cassandra native protocol (v3, v4, v5, and v6 as the beta it is) and CQL: bytes in, values out.
//!
//! No sockets, no clocks, no runtime: everything here is a function of its input.

pub mod cql;
pub mod frame;
pub mod message;
pub mod value;
