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
    /// The text is not CQL, or breaks a rule that Cassandra's parser checks: Syntax (0x2000).
    #[error("{0}")]
    Syntax(String),
    /// The user may not do that: Unauthorized (0x2100).
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
    /// The statement is not prepared: Unprepared (0x2500).
    #[error("Prepared query with ID {} not found", hex(.0))]
    Unprepared(Vec<u8>),
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
    /// The store failed: server error (0x0000).
    #[error("{0}")]
    Storage(String),
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
            StoreError::Key | StoreError::KeyLength { .. } => EngineError::Invalid(error.to_string()),
            _ => EngineError::Storage(error.to_string()),
        }
    }
}

impl From<EngineError> for CqlError {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        let of_function = |function: String, argument_types: Vec<String>| ErrorDetails::FunctionFailure {
            keyspace: "system".to_owned(),
            function,
            argument_types,
        };
        let details = match error {
            EngineError::Invalid(_) => ErrorDetails::Invalid,
            EngineError::Syntax(_) => ErrorDetails::Syntax,
            EngineError::Unauthorized(_) => ErrorDetails::Unauthorized,
            EngineError::Configuration(_) => ErrorDetails::Config,
            EngineError::AlreadyExists { keyspace, table } => ErrorDetails::AlreadyExists { keyspace, table },
            EngineError::Unprepared(id) => ErrorDetails::Unprepared { id: id.into() },
            EngineError::Operation { operation, operand_types, .. } => {
                of_function(operation.split(' ').nth(1).unwrap_or_default().to_owned(), operand_types)
            }
            EngineError::Function { function, argument_types, .. } => of_function(function, argument_types),
            EngineError::Protocol(_) => ErrorDetails::Protocol,
            EngineError::Storage(_) => ErrorDetails::Server,
        };
        CqlError::new(details, message)
    }
}
