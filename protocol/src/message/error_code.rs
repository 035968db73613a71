//! The codes of ERROR.

/// What an ERROR is about (section 9). Codes that are not in the specification are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// A bug in the server.
    Server,
    /// A message breaks the protocol.
    Protocol,
    /// Wrong credentials.
    BadCredentials,
    /// Too few replicas are alive.
    Unavailable,
    /// The coordinator has too much to do.
    Overloaded,
    /// The coordinator is starting.
    Bootstrapping,
    /// A TRUNCATE failed.
    Truncate,
    /// A write was not acknowledged in time.
    WriteTimeout,
    /// A read was not answered in time.
    ReadTimeout,
    /// A replica failed to read.
    ReadFailure,
    /// A user-defined function failed.
    FunctionFailure,
    /// A replica failed to write.
    WriteFailure,
    /// The space for change data capture is full.
    CdcWriteFailure,
    /// Nobody knows whether a conditional write was applied.
    CasWriteUnknown,
    /// The text is not CQL.
    Syntax,
    /// The user may not do that.
    Unauthorized,
    /// The statement makes no sense.
    Invalid,
    /// The statement makes no sense with this configuration.
    Config,
    /// The keyspace or table exists.
    AlreadyExists,
    /// The statement id is unknown: prepare again.
    Unprepared,
    /// A code that is not in the specification.
    Other(i32),
}

impl ErrorCode {
    /// Every code of the specification.
    pub const ALL: [Self; 20] = [
        Self::Server,
        Self::Protocol,
        Self::BadCredentials,
        Self::Unavailable,
        Self::Overloaded,
        Self::Bootstrapping,
        Self::Truncate,
        Self::WriteTimeout,
        Self::ReadTimeout,
        Self::ReadFailure,
        Self::FunctionFailure,
        Self::WriteFailure,
        Self::CdcWriteFailure,
        Self::CasWriteUnknown,
        Self::Syntax,
        Self::Unauthorized,
        Self::Invalid,
        Self::Config,
        Self::AlreadyExists,
        Self::Unprepared,
    ];

    /// The code on the wire.
    pub const fn code(self) -> i32 {
        match self {
            Self::Server => 0x0000,
            Self::Protocol => 0x000A,
            Self::BadCredentials => 0x0100,
            Self::Unavailable => 0x1000,
            Self::Overloaded => 0x1001,
            Self::Bootstrapping => 0x1002,
            Self::Truncate => 0x1003,
            Self::WriteTimeout => 0x1100,
            Self::ReadTimeout => 0x1200,
            Self::ReadFailure => 0x1300,
            Self::FunctionFailure => 0x1400,
            Self::WriteFailure => 0x1500,
            Self::CdcWriteFailure => 0x1600,
            Self::CasWriteUnknown => 0x1700,
            Self::Syntax => 0x2000,
            Self::Unauthorized => 0x2100,
            Self::Invalid => 0x2200,
            Self::Config => 0x2300,
            Self::AlreadyExists => 0x2400,
            Self::Unprepared => 0x2500,
            Self::Other(code) => code,
        }
    }

    /// Cassandra's name, such as `WRITE_TIMEOUT` (`ExceptionCode`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "SERVER_ERROR",
            Self::Protocol => "PROTOCOL_ERROR",
            Self::BadCredentials => "BAD_CREDENTIALS",
            Self::Unavailable => "UNAVAILABLE",
            Self::Overloaded => "OVERLOADED",
            Self::Bootstrapping => "IS_BOOTSTRAPPING",
            Self::Truncate => "TRUNCATE_ERROR",
            Self::WriteTimeout => "WRITE_TIMEOUT",
            Self::ReadTimeout => "READ_TIMEOUT",
            Self::ReadFailure => "READ_FAILURE",
            Self::FunctionFailure => "FUNCTION_FAILURE",
            Self::WriteFailure => "WRITE_FAILURE",
            Self::CdcWriteFailure => "CDC_WRITE_FAILURE",
            Self::CasWriteUnknown => "CAS_WRITE_UNKNOWN",
            Self::Syntax => "SYNTAX_ERROR",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Invalid => "INVALID",
            Self::Config => "CONFIG_ERROR",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::Unprepared => "UNPREPARED",
            Self::Other(_) => "UNKNOWN",
        }
    }

    /// What this code means.
    pub fn from_code(code: i32) -> Self {
        Self::ALL.into_iter().find(|known| known.code() == code).unwrap_or(Self::Other(code))
    }
}
