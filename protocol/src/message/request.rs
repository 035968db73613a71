//! Requests, whole.

mod batch;
mod parameters;
mod startup;

pub use batch::{Batch, BatchStatement, OwnedStatement};
pub use parameters::{BindValue, BindValues, QueryParameters};
pub use startup::Startup;

use bytes::Bytes;

use super::CustomPayload;
use super::patch::write_prepare;
use super::response::EventType;
use super::view::{BatchView, ExecuteView, PrepareView, QueryView, RequestExtras};
use crate::frame::{DecodeError, EncodeError, Encoder, Envelope, Header, HeaderFlags, Opcode, Version, Writer};

/// A request with what stands in front of it.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestMessage {
    /// The client wants the request traced.
    pub tracing: bool,
    /// The custom payload (v4 and later).
    pub custom_payload: Option<CustomPayload>,
    /// The request.
    pub request: Request,
}

/// What a client can ask (section 4.1).
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// The first message of a connection.
    Startup(Startup),
    /// What can STARTUP ask for?
    Options,
    /// A statement as text.
    Query {
        /// The text.
        query: String,
        /// The parameters.
        parameters: QueryParameters,
    },
    /// A statement to be given an id.
    Prepare {
        /// The text.
        query: String,
        /// The keyspace of unqualified names (v5).
        keyspace: Option<String>,
    },
    /// A prepared statement.
    Execute {
        /// The id that PREPARED gave.
        id: Bytes,
        /// The id of the result metadata that the client knows (v5, and only there).
        result_metadata_id: Option<Bytes>,
        /// The parameters.
        parameters: QueryParameters,
    },
    /// Several statements.
    Batch(Batch),
    /// The events that the client wants.
    Register(Vec<EventType>),
    /// A step of authentication.
    AuthResponse(Option<Bytes>),
}

impl RequestMessage {
    /// Decodes a request. Bytes behind what it says are ignored, as Cassandra ignores them.
    ///
    /// # Errors
    /// When it is a response, or malformed.
    pub fn decode(envelope: &Envelope) -> Result<Self, DecodeError> {
        let (extras, mut reader) = RequestExtras::read(envelope, envelope.opcode())?;
        let own = |bytes: &[u8]| envelope.raw().slice_ref(bytes);
        let request = match envelope.opcode() {
            Opcode::Startup => Request::Startup(Startup::read(&mut reader)?),
            Opcode::Options => Request::Options,
            Opcode::Query => {
                let QueryView { query, parameters, .. } = QueryView::parse(envelope)?;
                Request::Query { query: query.to_owned(), parameters: QueryParameters::of(envelope, &parameters) }
            }
            Opcode::Prepare => {
                let PrepareView { query, keyspace, .. } = PrepareView::parse(envelope)?;
                Request::Prepare { query: query.to_owned(), keyspace: keyspace.map(str::to_owned) }
            }
            Opcode::Execute => {
                let ExecuteView { id, result_metadata_id, parameters, .. } = ExecuteView::parse(envelope)?;
                Request::Execute {
                    id: own(id),
                    result_metadata_id: result_metadata_id.map(own),
                    parameters: QueryParameters::of(envelope, &parameters),
                }
            }
            Opcode::Batch => Request::Batch(Batch::of(envelope, &BatchView::parse(envelope)?)),
            Opcode::Register => {
                let count = reader.short("event types")?;
                Request::Register(reader.list(count.into(), "event types", EventType::read)?)
            }
            Opcode::AuthResponse => Request::AuthResponse(reader.bytes("token")?.map(own)),
            _ => return Err(DecodeError::Unexpected { what: "request" }),
        };
        let custom_payload = extras.custom_payload.map(|map| CustomPayload::decode(envelope, map)).transpose()?;
        Ok(Self { tracing: extras.tracing, custom_payload, request })
    }

    /// Encodes the request.
    ///
    /// # Errors
    /// When the version cannot express it.
    pub fn encode(&self, version: Version, stream: i16) -> Result<Envelope, EncodeError> {
        Envelope::build(self.header(version, stream), |writer| self.write(version, writer))
    }

    /// Pushes the request.
    ///
    /// # Errors
    /// When the version cannot express it; then nothing is pushed.
    pub fn push(&self, version: Version, stream: i16, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.push_with(self.header(version, stream), |writer| self.write(version, writer))
    }

    fn header(&self, version: Version, stream: i16) -> Header {
        let flags = HeaderFlags::NONE
            .with(HeaderFlags::TRACING, self.tracing)
            .with(HeaderFlags::CUSTOM_PAYLOAD, self.custom_payload.is_some());
        Header::new(version, flags, stream, self.request.opcode())
    }

    fn write(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        if let Some(payload) = &self.custom_payload {
            if !version.features().custom_payload {
                return Err(EncodeError::NotInVersion { what: "a custom payload" });
            }
            payload.write(writer)?;
        }
        self.request.write(version, writer)
    }
}

impl From<Request> for RequestMessage {
    fn from(request: Request) -> Self {
        Self { tracing: false, custom_payload: None, request }
    }
}

impl Request {
    /// What the message is.
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Startup(_) => Opcode::Startup,
            Self::Options => Opcode::Options,
            Self::Query { .. } => Opcode::Query,
            Self::Prepare { .. } => Opcode::Prepare,
            Self::Execute { .. } => Opcode::Execute,
            Self::Batch(_) => Opcode::Batch,
            Self::Register(_) => Opcode::Register,
            Self::AuthResponse(_) => Opcode::AuthResponse,
        }
    }

    /// Writes the message, without what stands in front.
    ///
    /// # Errors
    /// When the version cannot express it.
    pub fn write(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        let features = version.features();
        match self {
            Self::Startup(startup) => startup.write(writer),
            Self::Options => Ok(()),
            Self::Query { query, parameters } => {
                writer.long_string(query, "query")?;
                parameters.write(writer, features)
            }
            Self::Prepare { query, keyspace } => write_prepare(writer, query, keyspace.as_deref(), features),
            Self::Execute { id, result_metadata_id, parameters } => {
                writer.short_bytes(id, "statement id")?;
                if features.result_metadata_id {
                    writer.short_bytes(result_metadata_id.as_deref().unwrap_or_default(), "result metadata id")?;
                }
                parameters.write(writer, features)
            }
            Self::Batch(batch) => batch.write(writer, features),
            Self::Register(types) => {
                writer.short_count(types.len(), "event types")?;
                types.iter().try_for_each(|event_type| writer.string(event_type.name(), "event type"))
            }
            Self::AuthResponse(token) => writer.bytes(token.as_deref(), "token"),
        }
    }
}
