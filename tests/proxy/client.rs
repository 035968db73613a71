//! A client that sends what it is told to, and shows what comes back as it came.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use quorate_protocol::frame::{Compression, Decoder, Direction, Encoder, Envelope, Limits, Opcode, Version};
use quorate_protocol::message::request::{BindValue, BindValues, QueryParameters, Startup};
use quorate_protocol::message::response::{CqlError, Event, EventType, Prepared, Rows};
use quorate_protocol::message::{Consistency, ErrorCode, Request, RequestMessage, Response, ResponseMessage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::patience::within_reason;
use crate::setup::Proxy;
use crate::stream::ByteStream;

/// A connection to the proxy.
pub struct Client {
    pub version: Version,
    stream: Box<dyn ByteStream>,
    encoder: Encoder,
    decoder: Decoder,
    input: BytesMut,
    events: VecDeque<Event>,
}

impl Client {
    /// A client of v5 that may ask.
    pub async fn connect(proxy: &Proxy) -> Self {
        Self::speaking(proxy, Version::V5, None).await
    }

    /// A client of this version that may ask.
    pub async fn speaking(proxy: &Proxy, version: Version, compression: Option<Compression>) -> Self {
        let mut client = Self::over(Box::new(tcp(proxy).await), version);
        let answer = client.start_up(compression).await;
        assert_eq!(answer.response, Response::Ready);
        client
    }

    /// A client over a stream, before its handshake.
    pub fn over(stream: Box<dyn ByteStream>, version: Version) -> Self {
        let decoder = Decoder::new(Direction::Response, Limits { max_body_bytes: 256 << 20 });
        Self { version, stream, encoder: Encoder::new(), decoder, input: BytesMut::new(), events: VecDeque::new() }
    }

    /// Sends STARTUP and gives the answer; what follows is compressed, and in segments where the version has them.
    pub async fn start_up(&mut self, compression: Option<Compression>) -> ResponseMessage {
        let mut options = vec![(Startup::CQL_VERSION.to_owned(), "3.0.0".to_owned())];
        options.extend(compression.map(|one| (Startup::COMPRESSION.to_owned(), one.name().to_owned())));
        let answer = self.ask(Request::Startup(Startup { options })).await;
        if let Some(compression) = compression {
            self.encoder.set_compression(compression);
            self.decoder.set_compression(compression);
        }
        if self.version.features().segments {
            self.encoder.use_segments();
            self.decoder.use_segments();
        }
        answer
    }

    /// SASL PLAIN, after AUTHENTICATE.
    pub async fn log_in(&mut self, username: &str, password: &str) -> ResponseMessage {
        let token = format!("\0{username}\0{password}").into_bytes();
        self.ask(Request::AuthResponse(Some(token.into()))).await
    }

    /// Sends one request and awaits its answer.
    pub async fn ask(&mut self, request: impl Into<RequestMessage>) -> ResponseMessage {
        self.send(1, request).await;
        let (stream, answer) = self.receive().await;
        assert_eq!(stream, 1);
        answer
    }

    pub async fn query(&mut self, text: &str, level: Consistency) -> ResponseMessage {
        self.ask(query(text, level)).await
    }

    pub async fn prepare(&mut self, text: &str) -> Prepared {
        match self.ask(prepare(text)).await.response {
            Response::Prepared(prepared) => prepared,
            other => panic!("not prepared: {other:?}"),
        }
    }

    pub async fn execute(&mut self, prepared: &Prepared, values: &[&[u8]], level: Consistency) -> ResponseMessage {
        self.ask(execute(prepared, values, level)).await
    }

    /// Registers for events of this type.
    pub async fn register(&mut self, event_type: EventType) {
        let answer = self.ask(Request::Register(vec![event_type])).await;
        assert_eq!(answer.response, Response::Ready);
    }

    /// The next event.
    pub async fn event(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let envelope = self.envelope().await.expect("the connection is open");
            self.keep_event(&envelope);
        }
    }

    /// Whether an event came.
    pub fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    pub async fn send(&mut self, stream: i16, request: impl Into<RequestMessage>) {
        self.queue(stream, request);
        self.flush().await;
    }

    /// Queues a request; [`Client::flush`] sends it.
    pub fn queue(&mut self, stream: i16, request: impl Into<RequestMessage>) {
        request.into().push(self.version, stream, &mut self.encoder).expect("the version can express it");
    }

    pub async fn flush(&mut self) {
        self.encoder.seal();
        self.stream.write_all(self.encoder.pending()).await.expect("the connection is open");
        self.encoder.advance(self.encoder.len());
        self.stream.flush().await.expect("the connection is open");
    }

    /// What was queued, in place of sending it.
    pub fn take_queued(&mut self) -> Vec<u8> {
        self.encoder.seal();
        let bytes = self.encoder.pending().to_vec();
        self.encoder.advance(bytes.len());
        bytes
    }

    /// Says that nothing more will come.
    pub async fn hang_up(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Sends bytes as they are; whether the proxy still listens is seen by what it answers.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    /// The next answer, and the stream it is for.
    pub async fn receive(&mut self) -> (i16, ResponseMessage) {
        let envelope = self.receive_envelope().await.expect("the connection is open");
        (envelope.stream(), ResponseMessage::decode(&envelope).expect("an answer"))
    }

    /// The next answer as it came; nothing when the proxy closed the connection.
    pub async fn receive_envelope(&mut self) -> Option<Envelope> {
        loop {
            let envelope = self.envelope().await?;
            if envelope.opcode() != Opcode::Event {
                return Some(envelope);
            }
            self.keep_event(&envelope);
        }
    }

    /// Awaits the end of the connection, whatever comes before.
    pub async fn shun(&mut self) {
        let mut anything = Vec::new();
        // A reset is an end too.
        let _ = within_reason("the end", self.stream.read_to_end(&mut anything)).await;
    }

    /// Awaits the end of the connection, and gives the answers that came before.
    pub async fn until_closed(&mut self) -> Vec<ResponseMessage> {
        let mut answers = Vec::new();
        while let Some(envelope) = self.receive_envelope().await {
            answers.push(ResponseMessage::decode(&envelope).expect("an answer"));
        }
        answers
    }

    fn keep_event(&mut self, envelope: &Envelope) {
        match ResponseMessage::decode(envelope).expect("an event").response {
            Response::Event(event) => self.events.push_back(event),
            other => panic!("not an event: {other:?}"),
        }
    }

    async fn envelope(&mut self) -> Option<Envelope> {
        loop {
            if let Some(envelope) = self.decoder.decode(&mut self.input).expect("the proxy speaks the protocol") {
                return Some(envelope);
            }
            let read = within_reason("an answer", self.stream.read_buf(&mut self.input)).await;
            // A reset is an end too: the proxy closed while bytes were on their way.
            if read.unwrap_or(0) == 0 {
                return None;
            }
        }
    }
}

/// A TCP connection to the proxy.
pub async fn tcp(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address).await.expect("the proxy listens");
    stream.set_nodelay(true).expect("an option");
    stream
}

pub fn query(text: &str, level: Consistency) -> Request {
    Request::Query { query: text.to_owned(), parameters: QueryParameters::new(level) }
}

pub fn prepare(text: &str) -> Request {
    Request::Prepare { query: text.to_owned(), keyspace: None }
}

pub fn execute(prepared: &Prepared, values: &[&[u8]], level: Consistency) -> Request {
    Request::Execute {
        id: prepared.id.clone(),
        result_metadata_id: prepared.result_metadata_id.clone(),
        parameters: bound(values, level),
    }
}

/// Parameters with positional values.
pub fn bound(values: &[&[u8]], level: Consistency) -> QueryParameters {
    let values = values.iter().map(|value| BindValue::Bytes(Bytes::copy_from_slice(value))).collect();
    QueryParameters { values: Some(BindValues::Positional(values)), ..QueryParameters::new(level) }
}

/// What a test looks for in an answer.
pub trait Answer {
    /// The ERROR that it is.
    fn error(&self) -> &CqlError;
    /// The code of the ERROR that it is.
    fn code(&self) -> ErrorCode {
        self.error().code()
    }
    fn rows(&self) -> &Rows;
    /// The first cell of each row, as text.
    fn texts(&self) -> Vec<String> {
        let first = |row: &Vec<Option<Bytes>>| row.first().cloned().flatten().unwrap_or_default();
        self.rows().rows.iter().map(|row| String::from_utf8(first(row).to_vec()).expect("text")).collect()
    }
    /// Fails unless the request was done.
    fn done(&self);
}

impl Answer for ResponseMessage {
    fn error(&self) -> &CqlError {
        match &self.response {
            Response::Error(error) => error,
            other => panic!("no error but {other:?}"),
        }
    }

    fn rows(&self) -> &Rows {
        match &self.response {
            Response::Rows(rows) => rows,
            other => panic!("no rows but {other:?}"),
        }
    }

    fn done(&self) {
        assert!(!matches!(self.response, Response::Error(_)), "{:?}", self.response);
    }
}
