//! One connection to a node: handshake, then requests in and answers out.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::BytesMut;
use quorate_protocol::frame::{
    Compression, Decoder, Direction, Encoder, Envelope, FrameError, Limits, Version, unsupported_version,
};
use quorate_protocol::message::request::Startup;
use quorate_protocol::message::response::{CqlError, ErrorDetails};
use quorate_protocol::message::{Request, RequestMessage, Response, ResponseMessage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::answers::{self, Asked};
use super::{Core, Health, Outgoing};
use crate::stream::ByteStream;

/// The name under which the proxy's connections for its clients introduce themselves.
const PROXY: &str = "Quorate";

struct Connection {
    core: Arc<Core>,
    stream: Box<dyn ByteStream>,
    encoder: Encoder,
    decoder: Decoder,
    version: Version,
    keyspace: Option<String>,
    of_the_proxy: bool,
    outgoing: mpsc::UnboundedSender<Outgoing>,
}

pub(super) async fn serve(core: Arc<Core>, socket: TcpStream) {
    let stream: Box<dyn ByteStream> = match &core.options.tls {
        None => Box::new(socket),
        Some(acceptor) => match acceptor.accept(socket).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
    };
    let (outgoing, waiting) = mpsc::unbounded_channel();
    let connection = Connection {
        core,
        stream,
        encoder: Encoder::new(),
        decoder: Decoder::new(Direction::Request, Limits { max_body_bytes: 256 << 20 }),
        version: Version::NEWEST,
        keyspace: None,
        of_the_proxy: false,
        outgoing,
    };
    // Whatever ends it, the proxy sees the connection close.
    let _ = connection.run(waiting).await;
}

impl Connection {
    async fn run(mut self, mut waiting: mpsc::UnboundedReceiver<Outgoing>) -> std::io::Result<()> {
        let mut health = self.core.health.subscribe();
        let mut input = BytesMut::new();
        loop {
            let now = *health.borrow_and_update();
            match now {
                Health::Dead => return Ok(()),
                Health::Paused => {
                    let _ = health.changed().await;
                    continue;
                }
                Health::Serving => {}
            }
            tokio::select! {
                // What was sent after a test changed the node's health finds it changed.
                biased;
                _ = health.changed() => continue,
                Some(outgoing) = waiting.recv() => self.push(outgoing.stream, &outgoing.message),
                read = self.stream.read_buf(&mut input) => {
                    if read? == 0 || self.on_bytes(&mut input).is_break() {
                        self.flush().await?;
                        return Ok(());
                    }
                }
            }
            // A node that dies meanwhile does not wait until its peer reads.
            tokio::select! {
                _ = health.wait_for(|health| *health == Health::Dead) => return Ok(()),
                flushed = self.flush() => flushed?,
            }
        }
    }

    fn on_bytes(&mut self, input: &mut BytesMut) -> ControlFlow<()> {
        loop {
            match self.decoder.decode(input) {
                Ok(Some(envelope)) => self.on_envelope(&envelope)?,
                Ok(None) => return ControlFlow::Continue(()),
                Err(error) => {
                    if let FrameError::UnsupportedVersion { version, .. } = error {
                        self.encoder.push_bytes(&unsupported_version(version, self.newest()));
                    }
                    return ControlFlow::Break(());
                }
            }
        }
    }

    fn on_envelope(&mut self, envelope: &Envelope) -> ControlFlow<()> {
        self.version = envelope.version();
        let newest = self.newest();
        if self.version > newest {
            self.encoder.push_bytes(&unsupported_version(self.version.number(), newest));
            return ControlFlow::Break(());
        }
        let stream = envelope.stream();
        let message = RequestMessage::decode(envelope).expect("the proxy sends what can be decoded");
        match &message.request {
            Request::Startup(startup) => self.on_startup(stream, startup),
            Request::Options => self.push(stream, &answers::supported(self.core.options.newest).into()),
            Request::AuthResponse(token) => {
                let right = token.as_deref().is_some_and(|token| self.knows(token));
                let answer = if right { Response::AuthSuccess(None) } else { wrong_credentials() };
                self.push(stream, &answer.into());
            }
            Request::Register(_) => {
                self.core.state.lock().registered.push(self.outgoing.clone());
                self.push(stream, &Response::Ready.into());
            }
            Request::Query { .. } | Request::Prepare { .. } | Request::Execute { .. } | Request::Batch(_) => {
                let asked = Asked {
                    message: &message,
                    envelope,
                    keyspace: self.keyspace.clone(),
                    is_recorded: self.of_the_proxy,
                    outgoing: &self.outgoing,
                };
                match answers::answer(&self.core, &asked) {
                    answers::Outcome::Now(answer) => {
                        if let Response::SetKeyspace(keyspace) = &answer.response {
                            self.keyspace = Some(keyspace.clone());
                        }
                        self.push(stream, &answer);
                    }
                    answers::Outcome::Later => {}
                    answers::Outcome::Close => return ControlFlow::Break(()),
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn on_startup(&mut self, stream: i16, startup: &Startup) {
        self.of_the_proxy = startup.option(Startup::DRIVER_NAME) == Some(PROXY);
        let answer = if self.core.options.users.is_empty() {
            Response::Ready
        } else {
            Response::Authenticate("org.apache.cassandra.auth.PasswordAuthenticator".to_owned())
        };
        self.push(stream, &answer.into());
        if let Some(compression) = startup.compression().and_then(Compression::from_name) {
            self.encoder.set_compression(compression);
            self.decoder.set_compression(compression);
        }
        if self.version.features().segments {
            self.encoder.use_segments();
            self.decoder.use_segments();
        }
    }

    fn newest(&self) -> Version {
        *self.core.newest.lock()
    }

    fn knows(&self, token: &[u8]) -> bool {
        let known = |(name, password): &(String, String)| token == format!("\0{name}\0{password}").as_bytes();
        self.core.options.users.iter().any(known)
    }

    fn push(&mut self, stream: i16, message: &ResponseMessage) {
        message.push(self.version, stream, &mut self.encoder).expect("the test answers what can be expressed");
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        self.encoder.seal();
        self.stream.write_all(self.encoder.pending()).await?;
        self.encoder.advance(self.encoder.len());
        self.stream.flush().await
    }
}

fn wrong_credentials() -> Response {
    Response::Error(CqlError::new(ErrorDetails::BadCredentials, "Provided username and/or password are incorrect"))
}
