//! Servers over embedded replicas, met by a driver that knows nothing of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
#![allow(unreachable_pub, missing_docs, reason = "the modules of one test binary")]

mod child;
mod client;
mod durability;
mod paging;
mod replicas;
mod roles;
mod statements;
mod values;
mod verdicts;
