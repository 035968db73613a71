use quorate_protocol::frame::{Envelope, Opcode};
use quorate_protocol::message::ErrorCode;
use quorate_protocol::message::view::ErrorView;

/// What a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// A SELECT.
    Read,
    /// INSERT, UPDATE, DELETE.
    Write,
    /// A BATCH of either form.
    Batch,
    /// PREPARE.
    Prepare,
    /// A change of schema or roles, TRUNCATE.
    Ddl,
    /// Everything else.
    Other,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a result.
    Ok,
    /// Too few voters were live.
    Unavailable,
    /// Too few answered in time.
    Timeout,
    /// Too many voters failed.
    Failure,
    /// A bound was met.
    Overloaded,
    /// The request is at fault: syntax, semantics, permissions, something that exists already.
    Invalid,
    /// The statement must be prepared again.
    Unprepared,
    /// The credentials are wrong.
    BadCredentials,
    /// A message broke the protocol.
    Protocol,
    /// A fault of the proxy or of a backend.
    Server,
}

impl RequestKind {
    /// Whether it changes data or schema.
    pub const fn is_write(self) -> bool {
        matches!(self, Self::Write | Self::Batch | Self::Ddl)
    }

    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Read, Self::Write, Self::Batch, Self::Prepare, Self::Ddl, Self::Other];

    /// Its label in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Batch => "batch",
            Self::Prepare => "prepare",
            Self::Ddl => "ddl",
            Self::Other => "other",
        }
    }
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Unavailable,
        Self::Timeout,
        Self::Failure,
        Self::Overloaded,
        Self::Invalid,
        Self::Unprepared,
        Self::BadCredentials,
        Self::Protocol,
        Self::Server,
    ];

    /// Its label in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Failure => "failure",
            Self::Overloaded => "overloaded",
            Self::Invalid => "invalid",
            Self::Unprepared => "unprepared",
            Self::BadCredentials => "bad_credentials",
            Self::Protocol => "protocol",
            Self::Server => "server",
        }
    }

    /// The outcome that an ERROR message tells of.
    pub const fn of_code(code: ErrorCode) -> Self {
        match code {
            ErrorCode::Unavailable => Self::Unavailable,
            ErrorCode::ReadTimeout | ErrorCode::WriteTimeout | ErrorCode::CasWriteUnknown => Self::Timeout,
            ErrorCode::ReadFailure
            | ErrorCode::WriteFailure
            | ErrorCode::FunctionFailure
            | ErrorCode::CdcWriteFailure
            | ErrorCode::Truncate => Self::Failure,
            ErrorCode::Overloaded => Self::Overloaded,
            ErrorCode::Syntax
            | ErrorCode::Unauthorized
            | ErrorCode::Invalid
            | ErrorCode::Config
            | ErrorCode::AlreadyExists => Self::Invalid,
            ErrorCode::Unprepared => Self::Unprepared,
            ErrorCode::BadCredentials => Self::BadCredentials,
            ErrorCode::Protocol => Self::Protocol,
            _ => Self::Server,
        }
    }

    /// The outcome that a response tells of.
    pub fn of(response: &Envelope) -> Self {
        match response.opcode() {
            Opcode::Error => ErrorView::parse(response).map_or(Self::Server, |error| Self::of_code(error.code)),
            _ => Self::Ok,
        }
    }
}
