//! ERROR (sections 4.2.1 and 9).

use std::net::IpAddr;

use bytes::Bytes;

use crate::frame::{DecodeError, EncodeError, Envelope, Features, Reader, Writer};
use crate::message::{Consistency, ErrorCode, WriteType};

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CqlError {
    /// What people read.
    pub message: String,
    /// What programs read.
    pub details: ErrorDetails,
}

/// The code of an error and the fields that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorDetails {
    /// A bug in the server.
    Server,
    /// A message breaks the protocol.
    Protocol,
    /// Wrong credentials.
    BadCredentials,
    /// Too few replicas are alive.
    Unavailable {
        /// The level asked for.
        consistency: Consistency,
        /// How many replicas it needs.
        required: i32,
        /// How many are alive.
        alive: i32,
    },
    /// The coordinator has too much to do.
    Overloaded,
    /// The coordinator is starting.
    Bootstrapping,
    /// A TRUNCATE failed.
    Truncate,
    /// A write was not acknowledged in time.
    WriteTimeout {
        /// The level asked for.
        consistency: Consistency,
        /// How many replicas acknowledged.
        received: i32,
        /// How many had to.
        required: i32,
        /// What was written.
        write_type: WriteType,
        /// How often others got in the way of a conditional write (v5, type CAS).
        contentions: Option<u16>,
    },
    /// A read was not answered in time.
    ReadTimeout {
        /// The level asked for.
        consistency: Consistency,
        /// How many replicas answered.
        received: i32,
        /// How many had to.
        required: i32,
        /// Whether the replica asked for data, rather than a digest, answered.
        data_present: bool,
    },
    /// Replicas failed to read.
    ReadFailure {
        /// The level asked for.
        consistency: Consistency,
        /// How many replicas answered.
        received: i32,
        /// How many had to.
        required: i32,
        /// Which failed.
        failures: Failures,
        /// Whether the replica asked for data, rather than a digest, answered.
        data_present: bool,
    },
    /// A user-defined function failed.
    FunctionFailure {
        /// The keyspace of the function.
        keyspace: String,
        /// Its name.
        function: String,
        /// The types of its arguments.
        argument_types: Vec<String>,
    },
    /// Replicas failed to write.
    WriteFailure {
        /// The level asked for.
        consistency: Consistency,
        /// How many replicas acknowledged.
        received: i32,
        /// How many had to.
        required: i32,
        /// Which failed.
        failures: Failures,
        /// What was written.
        write_type: WriteType,
    },
    /// The space for change data capture is full.
    CdcWriteFailure,
    /// Nobody knows whether a conditional write was applied.
    CasWriteUnknown {
        /// The level asked for.
        consistency: Consistency,
        /// How many replicas acknowledged.
        received: i32,
        /// How many had to.
        required: i32,
    },
    /// The text is not CQL.
    Syntax,
    /// The user may not do that.
    Unauthorized,
    /// The statement makes no sense.
    Invalid,
    /// The statement makes no sense with this configuration.
    Config,
    /// The keyspace or table exists.
    AlreadyExists {
        /// The keyspace.
        keyspace: String,
        /// The table; empty when it is the keyspace that exists.
        table: String,
    },
    /// The statement id is unknown: prepare again.
    Unprepared {
        /// The id.
        id: Bytes,
    },
    /// A code that is not in the specification.
    Other {
        /// The code.
        code: i32,
        /// Its fields, as they came.
        fields: Bytes,
    },
}

/// Which replicas failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failures {
    /// How many (v4).
    Count(i32),
    /// Which, and each one's reason: 0 unknown, 1 too many tombstones, … (v5, `RequestFailureReason`).
    Reasons(Vec<(IpAddr, u16)>),
}

impl CqlError {
    /// An error.
    pub fn new(details: ErrorDetails, message: impl Into<String>) -> Self {
        Self { message: message.into(), details }
    }

    /// The code on the wire.
    pub const fn code(&self) -> ErrorCode {
        self.details.code()
    }

    pub(super) fn read(envelope: &Envelope, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let features = envelope.version().features();
        let code = ErrorCode::from_code(reader.int("error code")?);
        let message = reader.string("error message")?.to_owned();
        let details = ErrorDetails::read(envelope, code, reader, features)?;
        Ok(Self { message, details })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        let Some(details) = self.details.in_older_version(features) else {
            return self.details.write(writer, features, &self.message);
        };
        match details {
            // A code that becomes a general one says so in its text, as Cassandra's does.
            ErrorDetails::Invalid => {
                details.write(writer, features, &format!("ERROR {}: {}", self.code().name(), self.message))
            }
            _ => details.write(writer, features, &self.message),
        }
    }
}

impl ErrorDetails {
    /// The code on the wire.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Server => ErrorCode::Server,
            Self::Protocol => ErrorCode::Protocol,
            Self::BadCredentials => ErrorCode::BadCredentials,
            Self::Unavailable { .. } => ErrorCode::Unavailable,
            Self::Overloaded => ErrorCode::Overloaded,
            Self::Bootstrapping => ErrorCode::Bootstrapping,
            Self::Truncate => ErrorCode::Truncate,
            Self::WriteTimeout { .. } => ErrorCode::WriteTimeout,
            Self::ReadTimeout { .. } => ErrorCode::ReadTimeout,
            Self::ReadFailure { .. } => ErrorCode::ReadFailure,
            Self::FunctionFailure { .. } => ErrorCode::FunctionFailure,
            Self::WriteFailure { .. } => ErrorCode::WriteFailure,
            Self::CdcWriteFailure => ErrorCode::CdcWriteFailure,
            Self::CasWriteUnknown { .. } => ErrorCode::CasWriteUnknown,
            Self::Syntax => ErrorCode::Syntax,
            Self::Unauthorized => ErrorCode::Unauthorized,
            Self::Invalid => ErrorCode::Invalid,
            Self::Config => ErrorCode::Config,
            Self::AlreadyExists { .. } => ErrorCode::AlreadyExists,
            Self::Unprepared { .. } => ErrorCode::Unprepared,
            Self::Other { code, .. } => ErrorCode::Other(*code),
        }
    }

    /// What Cassandra tells drivers of a version that does not have this error; `None` when it has
    /// (`ErrorMessage.getBackwardsCompatibleException`).
    fn in_older_version(&self, features: &Features) -> Option<Self> {
        match *self {
            Self::ReadFailure { consistency, received, required, data_present, .. } if !features.failures => {
                Some(Self::ReadTimeout { consistency, received, required, data_present })
            }
            Self::WriteFailure { consistency, received, required, write_type, .. } if !features.failures => {
                Some(Self::WriteTimeout { consistency, received, required, write_type, contentions: None })
            }
            Self::FunctionFailure { .. } | Self::CdcWriteFailure if !features.failures => Some(Self::Invalid),
            Self::CasWriteUnknown { consistency, received, required } if !features.cas_write_unknown => {
                let write_type = WriteType::Cas;
                Some(Self::WriteTimeout { consistency, received, required, write_type, contentions: None })
            }
            _ => None,
        }
    }

    fn read(
        envelope: &Envelope,
        code: ErrorCode,
        reader: &mut Reader<'_>,
        features: &Features,
    ) -> Result<Self, DecodeError> {
        let own = |bytes: &[u8]| envelope.raw().slice_ref(bytes);
        Ok(match code {
            ErrorCode::Unavailable => {
                let (consistency, required, alive) = read_counts(reader)?;
                Self::Unavailable { consistency, required, alive }
            }
            ErrorCode::WriteTimeout => {
                let (consistency, received, required) = read_counts(reader)?;
                let write_type = read_write_type(reader)?;
                let counted = features.cas_write_unknown && write_type == WriteType::Cas && reader.left() > 0;
                let contentions = counted.then(|| reader.short("contentions")).transpose()?;
                Self::WriteTimeout { consistency, received, required, write_type, contentions }
            }
            ErrorCode::ReadTimeout => {
                let (consistency, received, required) = read_counts(reader)?;
                let data_present = reader.byte("data present")? != 0;
                Self::ReadTimeout { consistency, received, required, data_present }
            }
            ErrorCode::ReadFailure => {
                let (consistency, received, required) = read_counts(reader)?;
                let failures = Failures::read(reader, features)?;
                let data_present = reader.byte("data present")? != 0;
                Self::ReadFailure { consistency, received, required, failures, data_present }
            }
            ErrorCode::FunctionFailure => Self::FunctionFailure {
                keyspace: reader.string("keyspace")?.to_owned(),
                function: reader.string("function")?.to_owned(),
                argument_types: reader.string_list("argument types")?,
            },
            ErrorCode::WriteFailure => {
                let (consistency, received, required) = read_counts(reader)?;
                let failures = Failures::read(reader, features)?;
                let write_type = read_write_type(reader)?;
                Self::WriteFailure { consistency, received, required, failures, write_type }
            }
            ErrorCode::CasWriteUnknown => {
                let (consistency, received, required) = read_counts(reader)?;
                Self::CasWriteUnknown { consistency, received, required }
            }
            ErrorCode::AlreadyExists => Self::AlreadyExists {
                keyspace: reader.string("keyspace")?.to_owned(),
                table: reader.string("table")?.to_owned(),
            },
            ErrorCode::Unprepared => Self::Unprepared { id: own(reader.short_bytes("statement id")?) },
            ErrorCode::Server => Self::Server,
            ErrorCode::Protocol => Self::Protocol,
            ErrorCode::BadCredentials => Self::BadCredentials,
            ErrorCode::Overloaded => Self::Overloaded,
            ErrorCode::Bootstrapping => Self::Bootstrapping,
            ErrorCode::Truncate => Self::Truncate,
            ErrorCode::CdcWriteFailure => Self::CdcWriteFailure,
            ErrorCode::Syntax => Self::Syntax,
            ErrorCode::Unauthorized => Self::Unauthorized,
            ErrorCode::Invalid => Self::Invalid,
            ErrorCode::Config => Self::Config,
            ErrorCode::Other(code) => Self::Other { code, fields: own(reader.rest()) },
        })
    }

    fn write(&self, writer: &mut Writer<'_>, features: &Features, message: &str) -> Result<(), EncodeError> {
        writer.int(self.code().code());
        writer.message(message);
        match self {
            Self::Unavailable { consistency, required: first, alive: second }
            | Self::CasWriteUnknown { consistency, received: first, required: second } => {
                write_counts(writer, *consistency, *first, *second);
            }
            Self::WriteTimeout { consistency, received, required, write_type, contentions } => {
                write_counts(writer, *consistency, *received, *required);
                writer.string(write_type.name(), "write type")?;
                if features.cas_write_unknown && *write_type == WriteType::Cas {
                    writer.short(contentions.unwrap_or_default());
                }
            }
            Self::ReadTimeout { consistency, received, required, data_present } => {
                write_counts(writer, *consistency, *received, *required);
                writer.byte((*data_present).into());
            }
            Self::ReadFailure { consistency, received, required, failures, data_present } => {
                write_counts(writer, *consistency, *received, *required);
                failures.write(writer, features)?;
                writer.byte((*data_present).into());
            }
            Self::FunctionFailure { keyspace, function, argument_types } => {
                writer.string(keyspace, "keyspace")?;
                writer.string(function, "function")?;
                writer.string_list(argument_types, "argument types")?;
            }
            Self::WriteFailure { consistency, received, required, failures, write_type } => {
                write_counts(writer, *consistency, *received, *required);
                failures.write(writer, features)?;
                writer.string(write_type.name(), "write type")?;
            }
            Self::AlreadyExists { keyspace, table } => {
                writer.string(keyspace, "keyspace")?;
                writer.string(table, "table")?;
            }
            Self::Unprepared { id } => writer.short_bytes(id, "statement id")?,
            Self::Other { fields, .. } => writer.raw(fields),
            _ => {}
        }
        Ok(())
    }
}

impl Failures {
    /// How many replicas failed.
    pub fn count(&self) -> i32 {
        match self {
            Self::Count(count) => *count,
            Self::Reasons(reasons) => i32::try_from(reasons.len()).unwrap_or(i32::MAX),
        }
    }

    fn read(reader: &mut Reader<'_>, features: &Features) -> Result<Self, DecodeError> {
        if !features.failure_reasons {
            return reader.int("failures").map(Self::Count);
        }
        let what = "failure reason";
        let count = reader.count(what)?;
        reader.list(count, what, |reader| Ok((reader.inetaddr(what)?, reader.short(what)?))).map(Self::Reasons)
    }

    /// A count names nobody, so that towards v5 it becomes an empty list of reasons.
    fn write(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        match self {
            Self::Reasons(reasons) if features.failure_reasons => {
                writer.int_count(reasons.len(), "failure reasons")?;
                for (address, reason) in reasons {
                    writer.inetaddr(*address);
                    writer.short(*reason);
                }
            }
            Self::Count(_) if features.failure_reasons => writer.int(0),
            _ => writer.int(self.count()),
        }
        Ok(())
    }
}

fn read_counts(reader: &mut Reader<'_>) -> Result<(Consistency, i32, i32), DecodeError> {
    let consistency = Consistency::decode(reader.short("consistency level")?)?;
    Ok((consistency, reader.int("number of replicas")?, reader.int("number of replicas")?))
}

fn write_counts(writer: &mut Writer<'_>, consistency: Consistency, first: i32, second: i32) {
    writer.short(consistency.code());
    writer.int(first);
    writer.int(second);
}

fn read_write_type(reader: &mut Reader<'_>) -> Result<WriteType, DecodeError> {
    WriteType::from_name(reader.string("write type")?).ok_or(DecodeError::UnknownName { what: "write type" })
}
