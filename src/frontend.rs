//! Clients: from the listening socket to requests on their way to the coordinator.

pub(crate) mod authentication;
pub(crate) mod client;
mod dispatch;
pub(crate) mod events;
mod expected_rows;
mod handshake;
pub(crate) mod listener;
pub(crate) mod session;
