//! Quorate: one CQL endpoint over several stores, with a leaderless quorum between them.

mod assemble;
mod backend;
pub mod catalog;
pub mod cli;
mod clock;
pub mod config;
mod control;
mod coordinator;
pub mod engine;
mod frontend;
pub mod observe;
mod prepared;
pub mod quorum;
pub mod replicas;
pub mod server;
mod shared;
pub mod statement;
pub mod store;
pub mod system;
pub mod testing;
mod turn;
mod wire;
mod worker;
