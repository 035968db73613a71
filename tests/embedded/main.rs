//! Servers over embedded replicas, met by a driver that knows nothing of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod child;
mod client;
mod durability;
mod paging;
mod replicas;
mod roles;
mod statements;
mod values;
