//! Quorate: one CQL endpoint over several stores, with a leaderless quorum between them.

pub mod catalog;
pub mod cli;
pub mod config;
pub mod observe;
pub mod quorum;
pub mod statement;
