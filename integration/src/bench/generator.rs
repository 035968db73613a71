//! The load generator: one thread, any number of connections, prepared one-row statements in a closed or an open loop.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::process;
use super::wire::{self, Level, Template};
use crate::cassandra::CQL_PORT;

/// Rows of the table that is read and written.
pub const ROWS: i64 = 10_000;
const VALUE: &[u8] = b"0123456789abcdef0123456789abcdef";
const INSERT: &str = "INSERT INTO bench.kv (id, value) VALUES (?, ?)";
const SELECT: &str = "SELECT value FROM bench.kv WHERE id = ?";
const AGREEMENT_ATTEMPTS: usize = 100;
const AGREEMENT_PAUSE: Duration = Duration::from_millis(200);
const READ_BUFFER_BYTES: usize = 64 * 1024;
const CONNECTING_AT_ONCE: usize = 64;
/// The open loop sends what has become due this often.
const TICK: Duration = Duration::from_millis(1);
/// How often it is looked whether all rows are loaded.
const LOADED_POLL: Duration = Duration::from_millis(5);
/// Requests of the open loop that may be unanswered on a connection before the server counts as overrun.
const STREAMS: u16 = 16_384;

/// What is asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement {
    /// One row by its key.
    Read,
    /// One row, overwritten.
    Write,
}

/// How much is asked, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// What is asked; always at QUORUM.
    pub statement: Statement,
    /// Connections, over which the requests go in turn.
    pub connections: usize,
    /// Requests that wait for an answer at any time, in the closed loop.
    pub in_flight: usize,
    /// Requests a second, whatever the server does: the open loop. None: the closed loop, as fast as the server answers.
    pub rate: Option<u32>,
    /// How many rows there are to choose from: the keys from 0 on.
    pub rows: i64,
    /// How long before it counts.
    pub warm_up: Duration,
    /// How long it counts.
    pub duration: Duration,
}

/// What a load found.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Answers a second.
    pub throughput: f64,
    /// Median latency, in milliseconds.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// CPU of the observed process per answer, in microseconds.
    pub cpu_us: f64,
    /// Memory of the observed process at the end, in MiB.
    pub resident_mib: f64,
    /// Errors by code.
    pub errors: BTreeMap<i32, u64>,
}

/// Creates the table and writes its rows, so that every backend has them.
pub fn prepare_table(server: IpAddr, replication_factor: usize) -> Result<()> {
    block_on(async {
        let mut stream = connect(server).await?;
        create_table(&mut stream, replication_factor).await?;
        for key in 0..ROWS {
            let value = String::from_utf8_lossy(VALUE);
            let insert = format!("INSERT INTO bench.kv (id, value) VALUES ({key}, '{value}')");
            insert_everywhere(&mut stream, &insert).await?;
        }
        Ok(())
    })
}

async fn create_table(stream: &mut TcpStream, replication_factor: usize) -> Result<()> {
    let keyspace = format!(
        "CREATE KEYSPACE IF NOT EXISTS bench WITH replication = \
         {{'class': 'SimpleStrategy', 'replication_factor': {replication_factor}}}"
    );
    for statement in [&keyspace, "CREATE TABLE IF NOT EXISTS bench.kv (id bigint PRIMARY KEY, value text)"] {
        wire::query(stream, statement, Level::Quorum).await?;
    }
    Ok(())
}

/// Creates the table and writes that many rows, each once, `in_flight` at a time.
///
/// # Errors
/// If one of them is refused.
pub fn load_table(server: IpAddr, rows: i64, in_flight: usize) -> Result<()> {
    block_on(async {
        let mut stream = connect(server).await?;
        create_table(&mut stream, 1).await?;
        let template = Template::execute(&wire::prepare(&mut stream, INSERT).await?, Level::Quorum, &[VALUE])?;
        let loop_ = Rc::new(RefCell::new(Loop::new(vec![stream], template, true, Keys::Each(0..rows))?));
        let stream = loop_.borrow().connections.first().context("no connection")?.stream.clone();
        let reader = tokio::task::spawn_local(read_replies(loop_.clone(), 0, stream));
        loop_.borrow_mut().issue(in_flight, Instant::now())?;
        while (loop_.borrow().latencies.len() as i64) < rows {
            let refused = loop_.borrow().errors.clone();
            ensure!(refused.is_empty(), "rows were refused: {refused:?}");
            ensure!(!reader.is_finished(), "the connection was lost");
            tokio::time::sleep(LOADED_POLL).await;
        }
        reader.abort();
        Ok(())
    })
}

/// Reads the table page by page, and tells how many rows it has.
pub fn scan_table(server: IpAddr, page_size: i32) -> Result<usize> {
    block_on(async {
        let mut stream = connect(server).await?;
        let (mut rows, mut state) = (0, None);
        loop {
            let page = wire::select(&mut stream, "SELECT id, value FROM bench.kv", page_size, state.as_deref()).await?;
            rows += page.rows;
            state = page.state;
            if state.is_none() {
                return Ok(rows);
            }
        }
    })
}

/// Has the server count the rows of the table.
pub fn count_table(server: IpAddr) -> Result<i64> {
    block_on(async {
        let mut stream = connect(server).await?;
        let page = wire::select(&mut stream, "SELECT count(*) FROM bench.kv", 100, None).await?;
        let count = page.first.and_then(|count| count.try_into().ok()).map(i64::from_be_bytes);
        count.context("a count that is no bigint")
    })
}

/// The nodes of a ring agree on a new table a little after it was created, and until then refuse its rows.
async fn insert_everywhere(stream: &mut TcpStream, insert: &str) -> io::Result<()> {
    for _ in 0..AGREEMENT_ATTEMPTS {
        if wire::query(stream, insert, Level::All).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(AGREEMENT_PAUSE).await;
    }
    wire::query(stream, insert, Level::All).await
}

/// Offers `load` to `servers` (the nodes of one cluster, or one proxy) and measures it; `observed` is the process whose
/// CPU is attributed to the requests.
pub fn measure(servers: &[IpAddr], observed: Option<u32>, load: Load) -> Result<Measured> {
    block_on(run(servers, observed, load))
}

/// Opens connections that ask nothing, calls `meanwhile`, and closes them.
pub fn open_idle<T>(server: IpAddr, connections: usize, meanwhile: impl FnOnce() -> Result<T>) -> Result<T> {
    block_on(async {
        let idle = connect_all(&[server], connections).await?;
        let outcome = meanwhile();
        drop(idle);
        outcome
    })
}

async fn run(servers: &[IpAddr], observed: Option<u32>, load: Load) -> Result<Measured> {
    let mut streams = connect_all(servers, load.connections).await?;
    let first = streams.first_mut().context("no connection")?;
    let template = match load.statement {
        Statement::Read => Template::execute(&wire::prepare(first, SELECT).await?, Level::Quorum, &[])?,
        Statement::Write => Template::execute(&wire::prepare(first, INSERT).await?, Level::Quorum, &[VALUE])?,
    };
    prepare_elsewhere(&mut streams, servers.len(), load.statement).await?;

    let loop_ = Rc::new(RefCell::new(Loop::new(streams, template, load.rate.is_none(), Keys::Random(load.rows))?));
    let mut readers = JoinSet::new();
    for (index, connection) in loop_.borrow().connections.iter().enumerate() {
        readers.spawn_local(read_replies(loop_.clone(), index, connection.stream.clone()));
    }
    let pace = match load.rate {
        Some(rate) => tokio::task::spawn_local(send_at_rate(loop_.clone(), rate)),
        None => {
            loop_.borrow_mut().issue(load.in_flight, Instant::now())?;
            tokio::task::spawn_local(std::future::pending())
        }
    };
    tokio::time::sleep(load.warm_up).await;
    loop_.borrow_mut().reset();
    let cpu_before = observed.map(process::cpu_time).transpose()?.unwrap_or_default();
    let began = Instant::now();
    tokio::time::sleep(load.duration).await;
    let elapsed = began.elapsed();
    let cpu = observed.map(process::cpu_time).transpose()?.unwrap_or_default().saturating_sub(cpu_before);
    pace.abort();
    if let Some(ended) = readers.try_join_next() {
        ended??;
    }
    readers.abort_all();
    let counted = loop_.borrow();
    let answers = counted.latencies.len();
    ensure!(answers > 0, "no answer in {elapsed:?}; errors {:?}", counted.errors);
    Ok(Measured {
        throughput: answers as f64 / elapsed.as_secs_f64(),
        p50_ms: counted.latencies.value_at_quantile(0.5) as f64 / 1000.0,
        p99_ms: counted.latencies.value_at_quantile(0.99) as f64 / 1000.0,
        cpu_us: cpu.as_secs_f64() * 1e6 / answers as f64,
        resident_mib: observed.map(process::resident_mib).transpose()?.unwrap_or_default(),
        errors: counted.errors.clone(),
    })
}

/// The nodes of a cluster each want to have prepared what they execute; the ids are the same.
async fn prepare_elsewhere(streams: &mut [TcpStream], servers: usize, statement: Statement) -> Result<()> {
    let text = match statement {
        Statement::Read => SELECT,
        Statement::Write => INSERT,
    };
    for stream in streams.iter_mut().take(servers) {
        wire::prepare(stream, text).await?;
    }
    Ok(())
}

struct Connection {
    stream: Rc<TcpStream>,
    out: Vec<u8>,
    free_streams: Vec<u16>,
    /// When the request on each stream became due.
    due: Vec<Option<Instant>>,
}

/// Which rows are asked for.
enum Keys {
    /// Any of so many.
    Random(i64),
    /// Each of these.
    Each(std::ops::Range<i64>),
}

impl Keys {
    fn next(&mut self) -> Option<i64> {
        match self {
            Keys::Random(rows) => Some(fastrand::i64(0..*rows)),
            Keys::Each(keys) => keys.next(),
        }
    }
}

/// The requests that are under way, over all connections, and what came of the others.
struct Loop {
    connections: Vec<Connection>,
    template: Template,
    closed: bool,
    keys: Keys,
    next: usize,
    unflushed: Vec<usize>,
    latencies: Histogram<u64>,
    errors: BTreeMap<i32, u64>,
}

impl Loop {
    fn new(streams: Vec<TcpStream>, template: Template, closed: bool, keys: Keys) -> Result<Self> {
        let connections = streams
            .into_iter()
            .map(|stream| Connection {
                stream: Rc::new(stream),
                out: Vec::new(),
                free_streams: Vec::new(),
                due: Vec::new(),
            })
            .collect();
        let latencies = Histogram::new_with_bounds(1, 60_000_000, 3)?;
        Ok(Self {
            connections,
            template,
            closed,
            keys,
            next: 0,
            unflushed: Vec::new(),
            latencies,
            errors: BTreeMap::new(),
        })
    }

    fn reset(&mut self) {
        self.latencies.reset();
        self.errors.clear();
    }

    /// Sends `count` requests, each on the next connection.
    fn issue(&mut self, count: usize, due: Instant) -> io::Result<()> {
        for _ in 0..count {
            let Some(key) = self.keys.next() else { break };
            let index = self.next;
            self.next = (self.next + 1) % self.connections.len();
            let connection = &mut self.connections[index];
            let stream = match connection.free_streams.pop() {
                Some(stream) => stream,
                None => {
                    let fresh = u16::try_from(connection.due.len()).unwrap_or(u16::MAX);
                    if fresh >= STREAMS {
                        return Err(io::Error::new(ErrorKind::TimedOut, "the server does not keep up with the rate"));
                    }
                    connection.due.push(None);
                    fresh
                }
            };
            connection.due[usize::from(stream)] = Some(due);
            if connection.out.is_empty() {
                self.unflushed.push(index);
            }
            self.template.write(stream, key, &mut connection.out);
        }
        self.flush()
    }

    /// Takes the replies at the front of `buffer`; how much of it they took.
    fn take_replies(&mut self, index: usize, buffer: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        let mut answered = 0;
        let now = Instant::now();
        while let Some(reply) = wire::reply(&buffer[taken..])? {
            taken += reply.length;
            let connection = &mut self.connections[index];
            let due = connection.due.get_mut(usize::from(reply.stream)).and_then(Option::take);
            let due = due.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "a reply to no request"))?;
            connection.free_streams.push(reply.stream);
            match reply.error {
                None => self.latencies.saturating_record(now.saturating_duration_since(due).as_micros() as u64),
                Some(code) => *self.errors.entry(code).or_default() += 1,
            }
            answered += 1;
        }
        if self.closed {
            self.issue(answered, now)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        let connections = &mut self.connections;
        let mut result = Ok(());
        self.unflushed.retain(|&index| {
            let Connection { stream, out, .. } = &mut connections[index];
            match stream.try_write(out) {
                Ok(written) => drop(out.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => result = Err(error),
            }
            !out.is_empty()
        });
        result
    }
}

async fn read_replies(loop_: Rc<RefCell<Loop>>, index: usize, stream: Rc<TcpStream>) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        stream.readable().await?;
        buffer.reserve(if buffer.is_empty() { 4096 } else { READ_BUFFER_BYTES });
        match stream.try_read_buf(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) => {
                let taken = loop_.borrow_mut().take_replies(index, &buffer)?;
                buffer.drain(..taken);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn send_at_rate(loop_: Rc<RefCell<Loop>>, rate: u32) -> io::Result<()> {
    let mut tick = tokio::time::interval(TICK);
    let began = Instant::now();
    let mut sent = 0;
    loop {
        tick.tick().await;
        let due = (began.elapsed().as_secs_f64() * f64::from(rate)) as usize;
        loop_.borrow_mut().issue(due.saturating_sub(sent), Instant::now())?;
        sent = due;
    }
}

async fn connect_all(servers: &[IpAddr], count: usize) -> Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(count);
    while streams.len() < count {
        let group = CONNECTING_AT_ONCE.min(count - streams.len());
        let connecting = (0..group).map(|offset| connect(servers[(streams.len() + offset) % servers.len()]));
        streams.extend(futures::future::try_join_all(connecting.collect::<Vec<_>>()).await?);
    }
    Ok(streams)
}

async fn connect(server: IpAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(SocketAddr::new(server, CQL_PORT)).await?;
    stream.set_nodelay(true)?;
    wire::start_up(&mut stream).await?;
    Ok(stream)
}

fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build_local(tokio::runtime::LocalOptions::default())?.block_on(future)
}
