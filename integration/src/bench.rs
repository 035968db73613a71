//! Offering load and measuring what a request costs.
//!
//! The load generator speaks the protocol itself, from one thread: a driver would cost more than what is measured.
//! The figure that a noisy machine and a slow backend do not hide is the CPU that a proxy's own process spends per
//! request; throughput and latency stand beside it.

pub mod embedded;
pub mod generator;
pub mod lag;
pub mod process;
pub mod relay;
pub mod report;
mod wire;

pub use generator::{Load, Measured, ROWS, Statement, measure, open_idle, prepare_table};
