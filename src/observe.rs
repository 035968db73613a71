//! What an operator sees: metrics, health and status, over HTTP.
//!
//! Each worker counts in its own [`WorkerMetrics`] with plain loads and stores, no name looked up and nothing shared. The [`Registry`]
//! adds the workers up when somebody asks: as Prometheus text, as [`Status`], or as [`Readiness`]. [`admin`] serves them.

pub mod admin;
mod counter;
mod drift;
mod histogram;
mod process;
mod prometheus;
mod registry;
mod request;
mod status;
mod worker;

pub use counter::{Counter, Gauge};
pub use drift::{Drift, DriftAlarm};
pub use histogram::Histogram;
pub use process::VERSION;
pub use registry::Registry;
pub use request::{Outcome, RequestKind};
pub use status::{BackendStatus, DriftStatus, Readiness, Status};
pub use worker::{BackendMetrics, Refusal, WorkerMetrics};
