//! One question at a time on a connection of its own: handshakes, and what the proxy itself asks of a node.

use std::collections::VecDeque;
use std::io;

use bytes::BytesMut;
use quorate_protocol::frame::{Decoder, Direction, Encoder, Envelope, Limits, Opcode, Version};
use quorate_protocol::message::{Request, RequestMessage, Response, ResponseMessage};

use super::handshake::HandshakeError;
use crate::wire::Wire;

/// Events kept while an answer is awaited.
const EVENTS_MAX: usize = 1024;

/// A connection and its codec.
pub(crate) struct Dialogue {
    wire: Wire,
    version: Version,
    encoder: Encoder,
    decoder: Decoder,
    buffer: BytesMut,
    events: VecDeque<Envelope>,
}

impl Dialogue {
    pub(super) fn new(wire: Wire, version: Version, body_bytes_max: u32) -> Self {
        let decoder = Decoder::new(Direction::Response, Limits { max_body_bytes: body_bytes_max });
        let (encoder, buffer, events) = (Encoder::new(), BytesMut::new(), VecDeque::new());
        Self { wire, version, encoder, decoder, buffer, events }
    }

    /// From the answer to STARTUP on, a version that has segments speaks in them.
    pub(super) fn use_segments(&mut self) {
        if self.version.features().segments {
            self.encoder.use_segments();
            self.decoder.use_segments();
        }
    }

    /// Asks, and gives the answer; an ERROR is an `Err`.
    pub(crate) async fn ask(&mut self, request: Request) -> Result<Response, HandshakeError> {
        RequestMessage::from(request).push(self.version, 0, &mut self.encoder)?;
        self.encoder.seal();
        self.wire.write_all(self.encoder.pending()).await?;
        self.encoder.advance(self.encoder.len());
        let envelope = loop {
            let envelope = self.receive().await?;
            if envelope.opcode() != Opcode::Event {
                break envelope;
            }
            if self.events.len() < EVENTS_MAX {
                self.events.push_back(envelope);
            }
        };
        match ResponseMessage::decode(&envelope)?.response {
            Response::Error(error) => Err(HandshakeError::Refused { error, envelope }),
            response => Ok(response),
        }
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Result<Response, HandshakeError> {
        let envelope = match self.events.pop_front() {
            Some(envelope) => envelope,
            None => self.receive().await?,
        };
        Ok(ResponseMessage::decode(&envelope)?.response)
    }

    /// Goes on as a connection for many questions at once.
    pub(super) fn into_parts(self) -> (Wire, Decoder) {
        (self.wire, self.decoder)
    }

    async fn receive(&mut self) -> Result<Envelope, HandshakeError> {
        loop {
            if let Some(envelope) = self.decoder.decode(&mut self.buffer)? {
                return Ok(envelope);
            }
            if self.wire.fill(&mut self.buffer).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }
}
