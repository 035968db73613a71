//! A client of native protocol v5 that runs one step after the other.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::{Bytes, BytesMut};
use quorate_protocol::frame::{Decoder, Direction, Encoder, Limits, Version};
use quorate_protocol::message::request::{
    Batch, BatchStatement, BindValue, BindValues, OwnedStatement, QueryParameters, Startup,
};
use quorate_protocol::message::response::Prepared;
use quorate_protocol::message::{BatchType, Consistency, Request, RequestMessage, Response, ResponseMessage};

use super::answer::Answer;
use super::step::{NOW_SECONDS, Step};

/// The longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest that an index or a view may take to be built.
const BUILD_PATIENCE: Duration = Duration::from_secs(20);

/// More pages than any result has.
const PAGES_MAX: usize = 2000;

const VERSION: Version = Version::V5;

/// A connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    encoder: Encoder,
    decoder: Decoder,
    received: BytesMut,
    /// Whether indexes and views are built in the background.
    waits_for_builds: bool,
}

impl Client {
    /// Connects, and starts up. `waits_for_builds`: the server answers CREATE INDEX before it can be used, as Cassandra does.
    ///
    /// # Errors
    /// Nobody listens there who speaks v5.
    pub fn connect(server: SocketAddr, waits_for_builds: bool) -> Result<Self> {
        let stream = TcpStream::connect(server).with_context(|| format!("cannot connect to {server}"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut client = Self {
            stream,
            encoder: Encoder::new(),
            decoder: Decoder::new(Direction::Response, Limits::default()),
            received: BytesMut::new(),
            waits_for_builds,
        };
        let options = vec![(Startup::CQL_VERSION.to_owned(), "3.0.0".to_owned())];
        match client.call(Request::Startup(Startup { options }))?.response {
            Response::Ready => {}
            other => bail!("not READY but {other:?}"),
        }
        client.encoder.use_segments();
        client.decoder.use_segments();
        Ok(client)
    }

    /// Runs a step, and gives all that is seen of the answer.
    ///
    /// # Errors
    /// The connection fails.
    pub fn answer(&mut self, step: &Step) -> Result<String> {
        let answer = self.run(step)?;
        if self.waits_for_builds && step.builds() && answer.contains("schema") {
            self.wait_for_builds()?;
        }
        Ok(answer)
    }

    fn run(&mut self, step: &Step) -> Result<String> {
        let mut answer = Answer::default();
        if !step.children.is_empty() {
            let message = self.call(batch(step)?)?;
            answer.add(&message);
            return Ok(answer.into_text());
        }
        let Some(values) = &step.values else {
            let query = |parameters| Request::Query { query: step.text.clone(), parameters };
            self.pages(step, None, &query, &mut answer)?;
            return Ok(answer.into_text());
        };
        let message = self.call(Request::Prepare { query: step.text.clone(), keyspace: None })?;
        answer.add(&message);
        let Response::Prepared(Prepared { id, result_metadata_id, .. }) = message.response else {
            return Ok(answer.into_text());
        };
        let execute = |parameters| Request::Execute {
            id: id.clone(),
            result_metadata_id: result_metadata_id.clone(),
            parameters,
        };
        let values = BindValues::Positional(bind_values(values)?);
        self.pages(step, Some(values), &execute, &mut answer)?;
        Ok(answer.into_text())
    }

    /// Sends a request again and again until there is no further page.
    fn pages(
        &mut self,
        step: &Step,
        values: Option<BindValues>,
        request: &dyn Fn(QueryParameters) -> Request,
        answer: &mut Answer,
    ) -> Result<()> {
        let mut parameters = QueryParameters { values, ..parameters(step) };
        for _ in 0..PAGES_MAX {
            let message = self.call(request(parameters.clone()))?;
            answer.add(&message);
            match message.response {
                Response::Rows(rows) if rows.metadata.paging_state.is_some() => {
                    parameters.paging_state = rows.metadata.paging_state;
                }
                _ => return Ok(()),
            }
        }
        answer.note("too many pages");
        Ok(())
    }

    fn wait_for_builds(&mut self) -> Result<()> {
        let deadline = Instant::now() + BUILD_PATIENCE;
        while self.is_building()? {
            if Instant::now() > deadline {
                bail!("an index or a view is not built after {BUILD_PATIENCE:?}");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Whether one of the indexes and views is not built yet.
    fn is_building(&mut self) -> Result<bool> {
        let mut pairs = |text: &str| -> Result<Vec<Vec<Option<Bytes>>>> {
            let parameters = QueryParameters::new(Consistency::One);
            match self.call(Request::Query { query: text.to_owned(), parameters })?.response {
                Response::Rows(rows) => Ok(rows.rows),
                other => bail!("{text}: {other:?}"),
            }
        };
        let indexes = pairs("SELECT keyspace_name, index_name FROM system_schema.indexes")?;
        let built = pairs("SELECT table_name, index_name FROM system.\"IndexInfo\"")?;
        let views = pairs("SELECT keyspace_name, view_name FROM system_schema.views")?;
        let built_views = pairs("SELECT keyspace_name, view_name FROM system.built_views")?;
        let is_of_system = |one: &[Option<Bytes>]| one.first() == Some(&Some(Bytes::from_static(b"system")));
        let waits = |one: &Vec<Option<Bytes>>| !is_of_system(one) && !built.contains(one);
        Ok(indexes.iter().any(waits) || views.iter().any(|one| !built_views.contains(one)))
    }

    fn call(&mut self, request: Request) -> Result<ResponseMessage> {
        RequestMessage::from(request).push(VERSION, 1, &mut self.encoder)?;
        self.encoder.seal();
        self.stream.write_all(self.encoder.pending())?;
        self.encoder.advance(self.encoder.pending().len());
        let mut buffer = [0; 64 << 10];
        loop {
            if let Some(envelope) = self.decoder.decode(&mut self.received)? {
                return Ok(ResponseMessage::decode(&envelope)?);
            }
            let count = self.stream.read(&mut buffer)?;
            if count == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            self.received.extend_from_slice(buffer.get(..count).unwrap_or_default());
        }
    }
}

fn parameters(step: &Step) -> QueryParameters {
    QueryParameters {
        page_size: step.page_size,
        default_timestamp_micros: step.timestamp_micros,
        now_in_seconds: Some(step.now_seconds.unwrap_or(NOW_SECONDS)),
        ..QueryParameters::new(Consistency::One)
    }
}

fn batch(step: &Step) -> Result<Request> {
    let batch_type = match step.text.as_str() {
        "0" => BatchType::Logged,
        "1" => BatchType::Unlogged,
        "2" => BatchType::Counter,
        other => bail!("no kind of batch: {other}"),
    };
    let child = |(text, values): &(String, String)| {
        Ok(BatchStatement { statement: OwnedStatement::Text(text.clone()), values: bind_values(values)? })
    };
    let statements = step.children.iter().map(child).collect::<Result<_>>()?;
    Ok(Request::Batch(Batch { batch_type, statements, parameters: parameters(step) }))
}

fn bind_values(written: &str) -> Result<Vec<BindValue>> {
    let byte = |digits: &[u8]| Ok(u8::from_str_radix(std::str::from_utf8(digits)?, 16)?);
    let value = |word: &str| match word {
        "null" => Ok(BindValue::Null),
        "unset" => Ok(BindValue::Unset),
        hex => {
            let digits = hex.trim_start_matches("0x").as_bytes();
            Ok(BindValue::Bytes(digits.chunks(2).map(byte).collect::<Result<Vec<u8>>>()?.into()))
        }
    };
    written.split_whitespace().map(value).collect()
}
