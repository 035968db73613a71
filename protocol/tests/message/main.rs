//! Frames and messages: properties, hostile input, another codec's opinion, and what real drivers sent.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod arbitrary;
mod captures;
mod differential;
mod framing;
mod hostile;
mod patching;
mod round_trip;
