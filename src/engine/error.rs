//! Why a statement cannot be evaluated.

use quorate_protocol::message::response::{CqlError, ErrorDetails};
use quorate_protocol::value::{TextError, TypeError, ValueError};
use thiserror::Error;

/// What Cassandra answers in place of a result.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EngineError {
    /// The statement makes no sense for the table, or a value none for its place: Invalid (0x2200).
    #[error("{0}")]
    Invalid(String),
    /// The statement is no CQL, found when it was executed: Syntax (0x2000).
    #[error("{0}")]
    Syntax(String),
    /// Nobody may do this: Unauthorized (0x2100).
    #[error("{0}")]
    Unauthorized(String),
    /// An option of a keyspace, table or index is not possible: Configuration (0x2300).
    #[error("{0}")]
    Configuration(String),
    /// What is to be created is there: AlreadyExists (0x2400).
    #[error("{}", already_exists(keyspace, table))]
    AlreadyExists {
        /// The keyspace.
        keyspace: String,
        /// The table or view; empty where it is the keyspace that exists.
        table: String,
    },
    /// An operation failed on the values it met: function failure (0x1400).
    #[error("the operation '{operation}' failed: {reason}")]
    Operation {
        /// The operation with the types of its operands, such as `int / int`.
        operation: String,
        /// The types of the operands.
        operand_types: Vec<String>,
        /// Why.
        reason: String,
    },
}

impl EngineError {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        EngineError::Invalid(message.into())
    }

    pub(super) fn syntax(message: impl Into<String>) -> Self {
        EngineError::Syntax(message.into())
    }

    pub(super) fn configuration(message: impl Into<String>) -> Self {
        EngineError::Configuration(message.into())
    }
}

/// `AlreadyExistsException`
fn already_exists(keyspace: &str, table: &str) -> String {
    if table.is_empty() {
        format!("Cannot add existing keyspace \"{keyspace}\"")
    } else {
        format!("Cannot add already existing table \"{table}\" to keyspace \"{keyspace}\"")
    }
}

impl From<TypeError> for EngineError {
    fn from(error: TypeError) -> Self {
        EngineError::Invalid(error.to_string())
    }
}

impl From<ValueError> for EngineError {
    fn from(error: ValueError) -> Self {
        EngineError::Invalid(error.to_string())
    }
}

impl From<TextError> for EngineError {
    fn from(error: TextError) -> Self {
        EngineError::Invalid(error.to_string())
    }
}

impl From<EngineError> for CqlError {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::Invalid(_) => CqlError::new(ErrorDetails::Invalid, message),
            EngineError::Syntax(_) => CqlError::new(ErrorDetails::Syntax, message),
            EngineError::Unauthorized(_) => CqlError::new(ErrorDetails::Unauthorized, message),
            EngineError::Configuration(_) => CqlError::new(ErrorDetails::Config, message),
            EngineError::AlreadyExists { keyspace, table } => {
                CqlError::new(ErrorDetails::AlreadyExists { keyspace, table }, message)
            }
            EngineError::Operation { operation, operand_types, .. } => {
                let function = operation.split(' ').nth(1).unwrap_or_default().to_owned();
                let details = ErrorDetails::FunctionFailure {
                    keyspace: "system".to_owned(),
                    function,
                    argument_types: operand_types,
                };
                CqlError::new(details, message)
            }
        }
    }
}
