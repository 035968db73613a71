//! Why a statement cannot be evaluated.

use quorate_protocol::message::response::{CqlError, ErrorDetails};
use quorate_protocol::value::{TextError, TypeError, ValueError};
use thiserror::Error;

use crate::store::StoreError;

/// What Cassandra answers in place of a result.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EngineError {
    /// The statement makes no sense for the table, or a value none for its place: Invalid (0x2200).
    #[error("{0}")]
    Invalid(String),
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
    /// A function failed on the values it met: function failure (0x1400).
    #[error("{message}")]
    Function {
        /// Its name; it is a native one.
        function: String,
        /// The types of its arguments.
        argument_types: Vec<String>,
        /// What happened, in Cassandra's words.
        message: String,
    },
    /// The request itself is none that a driver sends: protocol error (0x000A).
    #[error("{0}")]
    Protocol(String),
    /// The statement is wrong by itself, whatever the table: SyntaxError (0x2000).
    #[error("{0}")]
    Syntax(String),
    /// The store failed: a server error (0x0000).
    #[error("{0}")]
    Storage(String),
}

impl EngineError {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        EngineError::Invalid(message.into())
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

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            // the client's fault, where all others are ours
            StoreError::Key => EngineError::Invalid(error.to_string()),
            _ => EngineError::Storage(error.to_string()),
        }
    }
}

impl From<EngineError> for CqlError {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::Invalid(_) => CqlError::new(ErrorDetails::Invalid, message),
            EngineError::Protocol(_) => CqlError::new(ErrorDetails::Protocol, message),
            EngineError::Syntax(_) => CqlError::new(ErrorDetails::Syntax, message),
            EngineError::Storage(_) => CqlError::new(ErrorDetails::Server, message),
            EngineError::Function { function, argument_types, .. } => {
                let keyspace = "system".to_owned();
                CqlError::new(ErrorDetails::FunctionFailure { keyspace, function, argument_types }, message)
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
