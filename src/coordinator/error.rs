//! What a client is told when its request cannot be answered with rows: one variant for each CQL error that the proxy
//! itself raises.

use quorate_protocol::message::response::{CqlError as ErrorMessage, ErrorDetails, Failures};
use quorate_protocol::message::{ErrorCode, WriteType};
use thiserror::Error;

use crate::quorum::Consistency;

/// An error with the fields that the native protocol gives it (specification, section 9).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum CqlError {
    /// 0x0000.
    #[error("{0}")]
    Server(String),
    /// 0x000A.
    #[error("{0}")]
    Protocol(String),
    /// 0x0100.
    #[error("{0}")]
    BadCredentials(String),
    /// 0x1000.
    #[error("Cannot achieve consistency level {level}")]
    Unavailable { level: Consistency, required: i32, alive: i32 },
    /// 0x1001.
    #[error("{0}")]
    Overloaded(String),
    /// 0x1003.
    #[error("{0}")]
    Truncate(String),
    /// 0x1100.
    #[error("Operation timed out - received only {received} responses.")]
    WriteTimeout { level: Consistency, received: i32, required: i32, write_type: WriteType },
    /// 0x1200.
    #[error("Operation timed out - received only {received} responses.")]
    ReadTimeout { level: Consistency, received: i32, required: i32, data_present: bool },
    /// 0x1300.
    #[error("Operation failed - received {received} responses and {} failures{}", .failures.len(), named(.failures))]
    ReadFailure { level: Consistency, received: i32, required: i32, failures: Vec<BackendFailure>, data_present: bool },
    /// 0x1500.
    #[error("Operation failed - received {received} responses and {} failures{}", .failures.len(), named(.failures))]
    WriteFailure {
        level: Consistency,
        received: i32,
        required: i32,
        failures: Vec<BackendFailure>,
        write_type: WriteType,
    },
    /// 0x2200.
    #[error("{0}")]
    Invalid(String),
    /// 0x2500.
    #[error("Prepared query with ID {} not found (either the query was not prepared on this host (maybe the host has been restarted?) or you have prepared too many queries and it has been evicted from the internal cache)", hex(.0))]
    Unprepared(Vec<u8>),
}

/// One backend that failed, for the reason map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BackendFailure {
    pub(crate) backend: String,
    pub(crate) address: std::net::IpAddr,
    pub(crate) reason: u16,
    pub(crate) message: String,
}

impl CqlError {
    /// Its code in the protocol.
    pub(crate) const fn code(&self) -> ErrorCode {
        match self {
            CqlError::Server(_) => ErrorCode::Server,
            CqlError::Protocol(_) => ErrorCode::Protocol,
            CqlError::BadCredentials(_) => ErrorCode::BadCredentials,
            CqlError::Unavailable { .. } => ErrorCode::Unavailable,
            CqlError::Overloaded(_) => ErrorCode::Overloaded,
            CqlError::Truncate(_) => ErrorCode::Truncate,
            CqlError::WriteTimeout { .. } => ErrorCode::WriteTimeout,
            CqlError::ReadTimeout { .. } => ErrorCode::ReadTimeout,
            CqlError::ReadFailure { .. } => ErrorCode::ReadFailure,
            CqlError::WriteFailure { .. } => ErrorCode::WriteFailure,
            CqlError::Invalid(_) => ErrorCode::Invalid,
            CqlError::Unprepared(_) => ErrorCode::Unprepared,
        }
    }
}

impl From<CqlError> for ErrorMessage {
    fn from(error: CqlError) -> Self {
        let message = error.to_string();
        ErrorMessage::new(details(error), message)
    }
}

fn details(error: CqlError) -> ErrorDetails {
    let reasons = |failures: Vec<BackendFailure>| {
        Failures::Reasons(failures.into_iter().map(|failure| (failure.address, failure.reason)).collect())
    };
    match error {
        CqlError::Server(_) => ErrorDetails::Server,
        CqlError::Protocol(_) => ErrorDetails::Protocol,
        CqlError::BadCredentials(_) => ErrorDetails::BadCredentials,
        CqlError::Unavailable { level: consistency, required, alive } => {
            ErrorDetails::Unavailable { consistency, required, alive }
        }
        CqlError::Overloaded(_) => ErrorDetails::Overloaded,
        CqlError::Truncate(_) => ErrorDetails::Truncate,
        CqlError::WriteTimeout { level: consistency, received, required, write_type } => {
            ErrorDetails::WriteTimeout { consistency, received, required, write_type, contentions: None }
        }
        CqlError::ReadTimeout { level: consistency, received, required, data_present } => {
            ErrorDetails::ReadTimeout { consistency, received, required, data_present }
        }
        CqlError::ReadFailure { level: consistency, received, required, failures, data_present } => {
            ErrorDetails::ReadFailure { consistency, received, required, failures: reasons(failures), data_present }
        }
        CqlError::WriteFailure { level: consistency, received, required, failures, write_type } => {
            ErrorDetails::WriteFailure { consistency, received, required, failures: reasons(failures), write_type }
        }
        CqlError::Invalid(_) => ErrorDetails::Invalid,
        CqlError::Unprepared(id) => ErrorDetails::Unprepared { id: id.into() },
    }
}

fn named(failures: &[BackendFailure]) -> String {
    if failures.is_empty() {
        return String::new();
    }
    let each: Vec<_> = failures.iter().map(|failure| format!("{} ({})", failure.backend, failure.message)).collect();
    format!(": {}", each.join(", "))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
