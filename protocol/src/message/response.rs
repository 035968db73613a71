//! Responses, whole.

mod error;
mod event;
mod metadata;
mod prepared;
mod rows;
mod schema_change;

pub use error::{CqlError, ErrorDetails, Failures};
pub use event::{Event, EventType, StatusChange, TopologyChange};
pub use metadata::{ColumnSpec, Columns, ResultColumns, ResultMetadata, TableSpec};
pub use prepared::Prepared;
pub use rows::Rows;
pub use schema_change::{SchemaChange, SchemaChangeKind, SchemaTarget};

use bytes::Bytes;
use uuid::Uuid;

use super::CustomPayload;
use super::view::ResponseExtras;
use crate::frame::{DecodeError, EncodeError, Encoder, Envelope, Header, HeaderFlags, Opcode, Reader, Version, Writer};

/// A response with what stands in front of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseMessage {
    /// The id of the trace, if the request was traced.
    pub tracing_id: Option<Uuid>,
    /// What the server wants the client to know (v4 and later).
    pub warnings: Vec<String>,
    /// The custom payload (v4 and later).
    pub custom_payload: Option<CustomPayload>,
    /// The response.
    pub response: Response,
}

/// What a server can answer (section 4.2).
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// The request failed.
    Error(CqlError),
    /// The connection may be used.
    Ready,
    /// The client must authenticate, to an authenticator of this class.
    Authenticate(String),
    /// What STARTUP can ask for: names and values, in order.
    Supported(Vec<(String, Vec<String>)>),
    /// Done.
    Void,
    /// Rows.
    Rows(Rows),
    /// The keyspace in use from now on.
    SetKeyspace(String),
    /// A statement was prepared.
    Prepared(Prepared),
    /// The schema was changed.
    SchemaChange(SchemaChange),
    /// Something the client registered for.
    Event(Event),
    /// A further step of authentication.
    AuthChallenge(Option<Bytes>),
    /// The client is who it says.
    AuthSuccess(Option<Bytes>),
}

impl ResponseMessage {
    /// Decodes a response. Bytes after what the specification describes are ignored, as it demands.
    ///
    /// # Errors
    /// When it is a request, or malformed.
    pub fn decode(envelope: &Envelope) -> Result<Self, DecodeError> {
        let (extras, mut reader) = ResponseExtras::read(envelope)?;
        let custom_payload = extras.custom_payload.map(|map| CustomPayload::decode(envelope, map)).transpose()?;
        Ok(Self {
            tracing_id: extras.tracing_id,
            warnings: extras.warnings().map(str::to_owned).collect(),
            custom_payload,
            response: Response::read(envelope, &mut reader)?,
        })
    }

    /// Encodes the response; what the version does not have is expressed as Cassandra does for old drivers.
    ///
    /// # Errors
    /// When the version cannot express it.
    pub fn encode(&self, version: Version, stream: i16) -> Result<Envelope, EncodeError> {
        Envelope::build(self.header(version, stream), |writer| self.write(version, writer))
    }

    /// Pushes the response; see [`ResponseMessage::encode`].
    ///
    /// # Errors
    /// When the version cannot express it; then nothing is pushed.
    pub fn push(&self, version: Version, stream: i16, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.push_with(self.header(version, stream), |writer| self.write(version, writer))
    }

    fn header(&self, version: Version, stream: i16) -> Header {
        let features = version.features();
        let flags = HeaderFlags::NONE
            .with(HeaderFlags::TRACING, self.tracing_id.is_some())
            .with(HeaderFlags::WARNING, features.warnings && !self.warnings.is_empty())
            .with(HeaderFlags::CUSTOM_PAYLOAD, features.custom_payload && self.custom_payload.is_some());
        Header::new(version, flags, stream, self.response.opcode())
    }

    fn write(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        let features = version.features();
        if let Some(id) = self.tracing_id {
            writer.uuid(id);
        }
        if features.warnings && !self.warnings.is_empty() {
            writer.short_count(self.warnings.len(), "warnings")?;
            self.warnings.iter().for_each(|warning| writer.message(warning));
        }
        if let (Some(payload), true) = (&self.custom_payload, features.custom_payload) {
            payload.write(writer)?;
        }
        self.response.write(version, writer)
    }
}

impl From<Response> for ResponseMessage {
    fn from(response: Response) -> Self {
        Self { tracing_id: None, warnings: Vec::new(), custom_payload: None, response }
    }
}

impl Response {
    /// What the message is.
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Error(_) => Opcode::Error,
            Self::Ready => Opcode::Ready,
            Self::Authenticate(_) => Opcode::Authenticate,
            Self::Supported(_) => Opcode::Supported,
            Self::Void | Self::Rows(_) | Self::SetKeyspace(_) | Self::Prepared(_) | Self::SchemaChange(_) => {
                Opcode::Result
            }
            Self::Event(_) => Opcode::Event,
            Self::AuthChallenge(_) => Opcode::AuthChallenge,
            Self::AuthSuccess(_) => Opcode::AuthSuccess,
        }
    }

    /// Pushes the response with nothing in front of it.
    ///
    /// # Errors
    /// When the version cannot express it; then nothing is pushed.
    pub fn push(&self, version: Version, stream: i16, encoder: &mut Encoder) -> Result<(), EncodeError> {
        let header = Header::new(version, HeaderFlags::NONE, stream, self.opcode());
        encoder.push_with(header, |writer| self.write(version, writer))
    }

    /// Writes the message, without what stands in front.
    ///
    /// # Errors
    /// When the version cannot express it.
    pub fn write(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        let features = version.features();
        match self {
            Self::Error(error) => error.write(writer, features),
            Self::Ready => Ok(()),
            Self::Authenticate(authenticator) => writer.string(authenticator, "authenticator"),
            Self::Supported(options) => write_supported(writer, options),
            Self::Void => {
                writer.int(VOID);
                Ok(())
            }
            Self::Rows(rows) => {
                writer.int(ROWS);
                rows.write(writer, features)
            }
            Self::SetKeyspace(keyspace) => {
                writer.int(SET_KEYSPACE);
                writer.string(keyspace, "keyspace")
            }
            Self::Prepared(prepared) => {
                writer.int(PREPARED);
                prepared.write(writer, features)
            }
            Self::SchemaChange(change) => {
                writer.int(SCHEMA_CHANGE);
                change.write(writer, features)
            }
            Self::Event(event) => event.write(writer, features),
            Self::AuthChallenge(token) | Self::AuthSuccess(token) => writer.bytes(token.as_deref(), "token"),
        }
    }

    fn read(envelope: &Envelope, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let token = |reader: &mut Reader<'_>| Ok(reader.bytes("token")?.map(|token| envelope.raw().slice_ref(token)));
        Ok(match envelope.opcode() {
            Opcode::Error => Self::Error(CqlError::read(envelope, reader)?),
            Opcode::Ready => Self::Ready,
            Opcode::Authenticate => Self::Authenticate(reader.string("authenticator")?.to_owned()),
            Opcode::Supported => Self::Supported(read_supported(reader)?),
            Opcode::Result => match reader.int("kind of a result")? {
                VOID => Self::Void,
                ROWS => Self::Rows(Rows::read(envelope, reader)?),
                SET_KEYSPACE => Self::SetKeyspace(reader.string("keyspace")?.to_owned()),
                PREPARED => Self::Prepared(Prepared::read(envelope, reader)?),
                SCHEMA_CHANGE => Self::SchemaChange(SchemaChange::read(reader)?),
                code => return Err(DecodeError::UnknownCode { what: "kind of a result", code: code.into() }),
            },
            Opcode::Event => Self::Event(Event::read(reader)?),
            Opcode::AuthChallenge => Self::AuthChallenge(token(reader)?),
            Opcode::AuthSuccess => Self::AuthSuccess(token(reader)?),
            _ => return Err(DecodeError::Unexpected { what: "response" }),
        })
    }
}

/// Kinds of RESULT (section 4.2.5).
pub(crate) const VOID: i32 = 0x0001;
pub(crate) const ROWS: i32 = 0x0002;
pub(crate) const SET_KEYSPACE: i32 = 0x0003;
pub(crate) const PREPARED: i32 = 0x0004;
pub(crate) const SCHEMA_CHANGE: i32 = 0x0005;

fn read_supported(reader: &mut Reader<'_>) -> Result<Vec<(String, Vec<String>)>, DecodeError> {
    let what = "supported option";
    let count = reader.short(what)?;
    reader.list(count.into(), what, |reader| Ok((reader.string(what)?.to_owned(), reader.string_list(what)?)))
}

fn write_supported(writer: &mut Writer<'_>, options: &[(String, Vec<String>)]) -> Result<(), EncodeError> {
    let what = "supported option";
    writer.short_count(options.len(), what)?;
    options.iter().try_for_each(|(name, values)| {
        writer.string(name, what)?;
        writer.string_list(values, what)
    })
}
