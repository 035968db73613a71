//! From a client's QUERY, EXECUTE or BATCH to an operation on its way.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use quorate_protocol::frame::Envelope;
use quorate_protocol::message::request::{Request, RequestMessage};
use quorate_protocol::message::view::{BatchView, ExecuteView, Parameters, QueryView, Statement as ChildStatement};
use quorate_protocol::message::{BatchType, WriteType};
use quorate_protocol::value::token::Token;
use smallvec::SmallVec;

use super::error::CqlError;
use super::forward::{Forward, ForwardChild, HiddenValues, OwnedPartition, What};
use super::refresh::Unjudged;
use super::route::{Route, check_functions, route};
use super::start::{Begin, refuse};
use super::{
    base_rows, clock_skew, ddl, local, refresh, respond, start_one, start_read, start_relay, start_write, traces,
    truncate, use_keyspace,
};
use crate::backend::{Lane, Unencodable};
use crate::catalog::Catalog;
use crate::frontend::client::Client;
use crate::observe::RequestKind;
use crate::prepared::Prepared;
use crate::quorum::Access;
use crate::statement::{BatchKind, Cells, Statement, rewrite};
use crate::worker::Worker;

/// A QUERY.
pub(crate) fn query(worker: &Rc<Worker>, client: &Rc<Client>, lane: Rc<Lane>, envelope: &Envelope) {
    let stream = envelope.stream();
    let view = match QueryView::parse(envelope) {
        Ok(view) => view,
        Err(error) => return reject(client, stream, &CqlError::Protocol(error.to_string())),
    };
    let statement = worker.statements.borrow_mut().analyse(view.query);
    let keyspace = view.parameters.keyspace.or(lane.keyspace.as_deref());
    let way = route(&statement, keyspace, &worker.shared.cluster);
    let parameters = view.parameters;
    let text = match rewritten(worker, &statement, view.query) {
        Ok(text) => text,
        Err(error) => return reject(client, stream, &error),
    };
    if let Err(error) = clock_skew::check(worker, &statement, &parameters, &parameters.values) {
        return reject(client, stream, &error);
    }
    let mut asked = Asked::new(worker, client, stream, &statement, &parameters);
    asked.keyspace = keyspace.map(Arc::from);
    let forward = Forward { what: What::Query { text }, ..asked.forward(envelope, lane) };
    asked.go(way, forward, view.query);
}

/// An EXECUTE.
pub(crate) fn execute(worker: &Rc<Worker>, client: &Rc<Client>, lane: &Rc<Lane>, envelope: &Envelope) {
    let stream = envelope.stream();
    let view = match ExecuteView::parse(envelope) {
        Ok(view) => view,
        Err(error) => return reject(client, stream, &CqlError::Protocol(error.to_string())),
    };
    let Some(prepared) = worker.shared.prepared.find(view.id) else {
        return reject(client, stream, &CqlError::Unprepared(view.id.to_vec()));
    };
    let statement = prepared.statement.clone();
    let way = route(&statement, prepared.keyspace.as_deref(), &worker.shared.cluster);
    let parameters = view.parameters;
    if let Err(error) = clock_skew::check(worker, &statement, &parameters, &parameters.values) {
        return reject(client, stream, &error);
    }
    let mut asked = Asked::new(worker, client, stream, &statement, &parameters);
    asked.keyspace = prepared.keyspace.clone();
    asked.prepared = Some(prepared.clone());
    let lane = lane_of(&prepared, lane);
    let partition = partition_of(worker, &prepared, &parameters);
    let forward = match evaluated_at_execution(worker, &prepared) {
        None => {
            let what = What::Execute { prepared: prepared.clone(), hidden: hidden_values(worker, &prepared) };
            Forward { what, partition, ..asked.forward(envelope, lane) }
        }
        Some(text) => match as_query(envelope, text) {
            Ok(query) => Forward { what: What::Query { text: None }, partition, ..asked.forward(&query, lane) },
            Err(error) => return reject(client, stream, &CqlError::Protocol(error.to_string())),
        },
    };
    asked.go(way, forward, &prepared.text);
}

/// A BATCH.
pub(crate) fn batch(worker: &Rc<Worker>, client: &Rc<Client>, lane: Rc<Lane>, envelope: &Envelope) {
    let stream = envelope.stream();
    let view = match BatchView::parse(envelope) {
        Ok(view) => view,
        Err(error) => return reject(client, stream, &CqlError::Protocol(error.to_string())),
    };
    let parameters = view.parameters;
    if let Err(error) = clock_skew::check_default(worker, &parameters) {
        return reject(client, stream, &error);
    }
    let Children { changed, conditional, unjudged } = match children(worker, &view, &lane) {
        Ok(children) => children,
        Err(error) => return reject(client, stream, &error),
    };
    let native = worker.shared.cluster.is_native();
    let write_type = match view.batch_type {
        BatchType::Logged => WriteType::Batch,
        BatchType::Unlogged => WriteType::UnloggedBatch,
        BatchType::Counter => WriteType::Counter,
    };
    let forward = Forward {
        envelope: envelope.clone(),
        lane,
        user: client.session.borrow().user.clone(),
        what: What::Batch { children: changed },
        native,
        access: Access::Write,
        write_type,
        timestamp_micros: stamp(worker, &parameters, native),
        schema_micros: None,
        partition: None,
        traced: None,
    };
    let begin = Begin {
        client: client.clone(),
        stream,
        forward,
        kind: RequestKind::Batch,
        level: parameters.consistency,
        timeout: worker.shared.timeouts.write(native),
        repeatable: false,
    };
    if conditional && !native && worker.shared.cluster.has_one_voter() {
        let forward = as_written(begin.forward);
        return start_relay(worker, Begin { forward, ..begin });
    }
    if conditional && !native {
        let error = "Conditional statements (IF) are not supported over several voters yet";
        return refuse(worker, &begin, &CqlError::Invalid(error.to_owned()));
    }
    if native {
        start_relay(worker, begin);
    } else if unjudged.is_empty() {
        start_write(worker, begin);
    } else {
        refresh::then_write(worker, begin, unjudged, lists_refused());
    }
}

/// What a statement's way needs to know about the request it came in.
pub(super) struct Asked<'a> {
    pub(super) worker: &'a Rc<Worker>,
    pub(super) client: &'a Rc<Client>,
    pub(super) stream: i16,
    pub(super) statement: &'a Statement,
    pub(super) parameters: &'a Parameters<'a>,
    pub(super) keyspace: Option<Arc<str>>,
    pub(super) prepared: Option<Arc<Prepared>>,
}

impl<'a> Asked<'a> {
    fn new(
        worker: &'a Rc<Worker>,
        client: &'a Rc<Client>,
        stream: i16,
        statement: &'a Statement,
        parameters: &'a Parameters<'a>,
    ) -> Self {
        Self { worker, client, stream, statement, parameters, keyspace: None, prepared: None }
    }

    fn forward(&self, envelope: &Envelope, lane: Rc<Lane>) -> Forward {
        let native = self.worker.shared.cluster.is_native();
        let writes = self.statement.kind.is_write();
        Forward {
            native,
            user: self.client.session.borrow().user.clone(),
            access: if writes { Access::Write } else { Access::Read },
            timestamp_micros: if writes { stamp(self.worker, self.parameters, native) } else { None },
            write_type: write_type(self.statement),
            ..Forward::opaque(envelope.clone(), lane, Access::Read)
        }
    }

    fn go(self, way: Route, forward: Forward, text: &str) {
        let worker = self.worker;
        let native = worker.shared.cluster.is_native();
        let timeouts = &worker.shared.timeouts;
        let for_rows = matches!(way, Route::One | Route::Traces | Route::Voter | Route::Read | Route::Refuse(_));
        if for_rows && self.kind() == RequestKind::Read {
            self.client.begin_rows();
        }
        let begin = |kind, timeout, forward| Begin {
            client: self.client.clone(),
            stream: self.stream,
            forward,
            kind,
            level: self.parameters.consistency,
            timeout,
            repeatable: self.statement.repeatable,
        };
        match way {
            Route::Local => local::answer(&self, as_written(forward), text),
            Route::One => start_one(worker, begin(self.kind(), timeouts.relay, as_written(forward))),
            Route::Traces => traces::start(worker, begin(RequestKind::Read, timeouts.relay, as_written(forward))),
            Route::Voter => start_relay(worker, begin(self.kind(), timeouts.relay, as_written(forward))),
            Route::Read => {
                let timeout = if forward.partition.is_some() { timeouts.read } else { timeouts.range };
                let begin = begin(RequestKind::Read, timeout, forward);
                if self.needs_base_rows() { base_rows::start(worker, begin) } else { start_read(worker, begin) }
            }
            Route::Write if native => start_relay(worker, begin(RequestKind::Write, timeouts.relay, forward)),
            Route::Write => self.write(begin(RequestKind::Write, timeouts.write(native), forward)),
            Route::Ddl(kind) => {
                let schema_micros = kind.and_then(|_| stamp(worker, self.parameters, native));
                let forward = Forward { schema_micros, ..forward };
                ddl::start(worker, begin(RequestKind::Ddl, timeouts.ddl, forward), kind, text);
            }
            Route::Truncate => truncate::start(worker, begin(RequestKind::Ddl, timeouts.truncate, forward)),
            Route::Use(keyspace) => use_keyspace::start(worker, self.client, forward.envelope, keyspace),
            Route::Refuse(error) => refuse(worker, &begin(self.kind(), Duration::ZERO, forward), &error),
        }
    }

    /// A write to several backends; what a list's server-made element ids would tear apart is refused.
    fn write(&self, begin: Begin) {
        let catalog = self.worker.shared.catalog();
        match self.statement.changes_list(&catalog, self.keyspace.as_deref()) {
            Some(false) => start_write(self.worker, begin),
            Some(true) => refuse(self.worker, &begin, &lists_refused()),
            None => {
                let unjudged = Unjudged { statement: self.statement.clone(), keyspace: self.keyspace.clone() };
                refresh::then_write(self.worker, begin, vec![unjudged], lists_refused());
            }
        }
    }

    /// Whether equal answers would not tell that the backends' rows are equal. Of a paged answer it is asked once, at the
    /// first page.
    fn needs_base_rows(&self) -> bool {
        let may = self.statement.select.as_ref().is_some_and(|select| select.cells != Cells::AtMostOne);
        may && self.parameters.paging_state.is_none()
            && self.statement.needs_base_rows(&self.worker.shared.catalog(), self.keyspace.as_deref()) == Some(true)
    }

    fn kind(&self) -> RequestKind {
        if self.statement.kind.is_write() { RequestKind::Write } else { RequestKind::Read }
    }
}

/// Answers at once with an error.
pub(super) fn reject(client: &Rc<Client>, stream: i16, error: &CqlError) {
    respond::error(client, stream, error);
    client.end_request();
}

/// What goes to one backend goes as the client wrote it.
fn as_written(forward: Forward) -> Forward {
    Forward { native: true, timestamp_micros: None, ..forward }
}

/// The write time for every backend, unless the client gave one.
fn stamp(worker: &Worker, parameters: &Parameters<'_>, native: bool) -> Option<i64> {
    (!native && parameters.default_timestamp_micros.is_none()).then(|| worker.shared.clock.stamp_micros())
}

/// The text with its functions evaluated, where several backends must not evaluate them each for itself.
fn rewritten(worker: &Worker, statement: &Statement, text: &str) -> Result<Option<Rc<str>>, CqlError> {
    if worker.shared.cluster.is_native() || !statement.nondeterministic {
        return Ok(None);
    }
    let mut evaluator = worker.evaluator();
    Ok(rewrite::evaluate_in_text(text, &mut evaluator).map(Rc::from))
}

/// The text of a prepared statement whose functions can be no hidden markers, evaluated for one execution.
fn evaluated_at_execution(worker: &Worker, prepared: &Prepared) -> Option<String> {
    let in_text =
        !worker.shared.cluster.is_native() && prepared.statement.nondeterministic && prepared.hidden.is_none();
    if in_text { rewrite::evaluate_in_text(&prepared.text, &mut worker.evaluator()) } else { None }
}

/// An EXECUTE as the QUERY of a text with the same markers.
fn as_query(execute: &Envelope, query: String) -> Result<Envelope, Unencodable> {
    let mut message = RequestMessage::decode(execute)?;
    if let Request::Execute { parameters, .. } = message.request {
        message.request = Request::Query { query, parameters };
    }
    Ok(message.encode(execute.version(), execute.stream())?)
}

fn hidden_values(worker: &Worker, prepared: &Prepared) -> HiddenValues {
    match &prepared.hidden {
        Some(hidden) => hidden.values(&mut worker.evaluator()),
        None => HiddenValues::new(),
    }
}

/// EXECUTE takes the lane of the keyspace that the statement was prepared in.
fn lane_of(prepared: &Prepared, lane: &Rc<Lane>) -> Rc<Lane> {
    if prepared.keyspace == lane.keyspace {
        lane.clone()
    } else {
        Rc::new(Lane { version: lane.version, keyspace: prepared.keyspace.clone() })
    }
}

fn partition_of(worker: &Worker, prepared: &Prepared, parameters: &Parameters<'_>) -> Option<OwnedPartition> {
    let key = prepared.partition_key.as_ref()?;
    if !worker.shared.cluster.routes_by_token() && worker.shared.cluster.is_native() {
        return None;
    }
    let mut columns: SmallVec<[&[u8]; 4]> = SmallVec::new();
    for marker in &key.markers {
        match parameters.values.value_at(usize::from(*marker))? {
            quorate_protocol::frame::Value::Bytes(bytes) => columns.push(bytes),
            quorate_protocol::frame::Value::Null | quorate_protocol::frame::Value::Unset => return None,
        }
    }
    let token = Token::of_key(columns.iter().copied()).ok()?;
    Some(OwnedPartition { keyspace: key.keyspace.clone(), table: key.table.clone(), token: token.0 })
}

/// What is to be known of a batch's statements.
#[derive(Default)]
struct Children {
    /// Those that must be changed on their way.
    changed: Vec<ForwardChild>,
    /// Whether one has a condition.
    conditional: bool,
    /// Those that only the schema can judge, and it is not known.
    unjudged: Vec<Unjudged>,
}

fn children(worker: &Worker, view: &BatchView<'_>, lane: &Lane) -> Result<Children, CqlError> {
    let mut all = Children::default();
    let session_keyspace = view.parameters.keyspace.map(Arc::from).or_else(|| lane.keyspace.clone());
    let native = worker.shared.cluster.is_native();
    let catalog = worker.shared.catalog();
    for (index, child) in view.children().enumerate() {
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        match child.statement {
            ChildStatement::Id(id) => {
                let prepared = worker.shared.prepared.find(id).ok_or_else(|| CqlError::Unprepared(id.to_vec()))?;
                all.conditional |= prepared.statement.conditional;
                clock_skew::check_written(worker, &prepared.statement, &child.values)?;
                if !native {
                    all.judge(&prepared.statement, &catalog, prepared.keyspace.as_ref())?;
                }
                let hidden = hidden_values(worker, &prepared);
                all.changed.push(match evaluated_at_execution(worker, &prepared) {
                    None => ForwardChild { index, text: None, prepared: Some(prepared), hidden },
                    Some(text) => ForwardChild { index, text: Some(text.into()), prepared: None, hidden },
                });
            }
            ChildStatement::Text(text) if !native || clock_skew::is_checked(worker) => {
                let statement = worker.statements.borrow_mut().analyse(text);
                clock_skew::check_written(worker, &statement, &child.values)?;
                if native {
                    continue;
                }
                all.conditional |= statement.conditional;
                all.judge(&statement, &catalog, session_keyspace.as_ref())?;
                if let Some(text) = rewritten(worker, &statement, text)? {
                    let (text, hidden) = (Some(Box::from(&*text)), HiddenValues::new());
                    all.changed.push(ForwardChild { index, text, prepared: None, hidden });
                }
            }
            ChildStatement::Text(_) => {}
        }
    }
    Ok(all)
}

fn lists_refused() -> CqlError {
    let text = "Appending to, prepending to and changing elements of a list are not supported over several voters yet; \
                overwrite the whole list instead";
    CqlError::Invalid(text.to_owned())
}

/// What a timeout of this write is called.
fn write_type(statement: &Statement) -> WriteType {
    match statement.batch_kind {
        None if statement.conditional => WriteType::Cas,
        None => WriteType::Simple,
        Some(BatchKind::Logged) => WriteType::Batch,
        Some(BatchKind::Unlogged) => WriteType::UnloggedBatch,
        Some(BatchKind::Counter) => WriteType::Counter,
    }
}

impl Children {
    /// Refuses a statement that several backends would not execute alike.
    fn judge(&mut self, statement: &Statement, catalog: &Catalog, keyspace: Option<&Arc<str>>) -> Result<(), CqlError> {
        check_functions(statement)?;
        match statement.changes_list(catalog, keyspace.map(|keyspace| &**keyspace)) {
            Some(true) => return Err(lists_refused()),
            Some(false) => {}
            None => self.unjudged.push(Unjudged { statement: statement.clone(), keyspace: keyspace.cloned() }),
        }
        Ok(())
    }
}
