//! The real proxy over backends that tests have in their hand: what clients and backends see of each other, and what
//! becomes of it when a backend or a client misbehaves.
//!
//! `node` is such a backend, `client` a client without any driver's opinions, `setup` starts the `quorate` binary between
//! them. The other modules are the tests, by subject.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
#![allow(unreachable_pub, missing_docs, reason = "the modules of one test binary")]

mod address;
mod client;
mod node;
mod patience;
mod setup;
mod stream;

mod bad_input;
mod drift;
mod extras;
mod functions;
mod handshake;
mod lagging;
mod older_backend;
mod one_voter;
mod outages;
mod prepared;
mod reads;
mod refused;
mod schema;
mod security;
mod sessions;
mod shutdown;
mod streams;
mod write_times;
mod writes;
