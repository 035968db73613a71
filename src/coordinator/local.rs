//! SELECTs that the proxy answers itself: `system.local`, `system.peers`, `system.peers_v2`.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use md5::{Digest, Md5};
use quorate_protocol::cql::{self, ast};
use quorate_protocol::message::response::{
    CqlError as ErrorMessage, ErrorDetails, Prepared as PreparedMessage, ResultColumns, Rows,
};
use quorate_protocol::message::view::Parameters;
use quorate_protocol::message::{QueryFlags, Response, ResponseMessage};
use uuid::Uuid;

use super::forward::Forward;
use super::request::Asked;
use super::{ask, respond};
use crate::engine::{Page, SystemEnvironment};
use crate::frontend::client::Client;
use crate::observe::{Outcome, RequestKind};
use crate::prepared::Prepared;
use crate::quorum::Consistency;
use crate::statement::Statement;
use crate::system::{SystemPlan, Tables};
use crate::worker::Worker;

/// Answers a QUERY or an EXECUTE. Where the client wants a trace, a backend runs the statement too: the trace is of that.
pub(super) fn answer(asked: &Asked<'_>, forward: Forward, text: &str) {
    let tables = &asked.worker.shared.system;
    let plan = match asked.prepared.as_ref().and_then(|prepared| prepared.local.as_ref()) {
        Some(plan) => Ok(plan.clone()),
        None => compile(tables, text, asked.keyspace.as_deref()),
    };
    let rows = plan.and_then(|plan| execute(tables, &plan, asked.parameters));
    let (outcome, response) = match rows {
        Ok(rows) => (Outcome::Ok, Response::Rows(rows)),
        Err(error) => (Outcome::of_code(error.code()), Response::Error(error)),
    };
    let (worker, client, stream) = (asked.worker.clone(), asked.client.clone(), asked.stream);
    let level = asked.parameters.consistency;
    let finish = move |worker: &Worker, answer: ResponseMessage| {
        respond::response(&client, stream, answer);
        client.end_request();
        worker.metrics.request(RequestKind::Read, level, outcome, Duration::ZERO);
    };
    if !forward.wants_trace() {
        return finish(&worker, response.into());
    }
    tokio::task::spawn_local(async move {
        let tracing_id = trace(&worker, &forward).await;
        finish(&worker, ResponseMessage { tracing_id, ..response.into() });
    });
}

/// Has one backend run the statement; none where no backend can.
async fn trace(worker: &Worker, forward: &Forward) -> Option<Uuid> {
    let backend = worker.the_one(forward.lane.version)?;
    let answer = ask::forward(worker, backend, forward, worker.shared.timeouts.relay).await.ok()?;
    ResponseMessage::decode(&answer).ok()?.tracing_id
}

/// Answers a PREPARE.
pub(super) fn prepare(
    worker: &Worker,
    client: &Rc<Client>,
    stream: i16,
    text: &str,
    keyspace: Option<Arc<str>>,
    statement: Statement,
) {
    let plan = match compile(&worker.shared.system, text, keyspace.as_deref()) {
        Ok(plan) => plan,
        Err(error) => {
            respond::response(client, stream, Response::Error(error));
            return client.end_request();
        }
    };
    let id = id_of(text, keyspace.as_deref());
    let answer = PreparedMessage {
        id: id.clone(),
        result_metadata_id: Some(id.clone()),
        markers: plan.plan().markers(),
        partition_key_indexes: plan.plan().partition_key_indexes(),
        result: plan.plan().metadata().clone(),
    };
    // A backend gets it too, where an execution is to be traced.
    let mut prepared = Prepared::new(id, text, keyspace, Arc::new(statement)).for_backends(worker.backends().len());
    prepared.local = Some(plan);
    worker.shared.prepared.insert(Arc::new(prepared));
    respond::response(client, stream, Response::Prepared(answer));
    client.end_request();
    worker.metrics.request(RequestKind::Prepare, Consistency::One, Outcome::Ok, Duration::ZERO);
}

fn compile(tables: &Tables, text: &str, keyspace: Option<&str>) -> Result<SystemPlan, ErrorMessage> {
    let select = match cql::parse(text) {
        Ok(ast::Statement::Select(select)) => select,
        Ok(_) => return Err(not_ours()),
        Err(error) => return Err(ErrorMessage::new(ErrorDetails::Syntax, error.to_string())),
    };
    match tables.prepare(&select, keyspace) {
        Some(plan) => plan.map_err(Into::into),
        None => Err(not_ours()),
    }
}

fn execute(tables: &Tables, plan: &SystemPlan, parameters: &Parameters<'_>) -> Result<Rows, ErrorMessage> {
    let size = parameters.page_size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let page = Page { size, state: parameters.paging_state, ..Page::default() };
    let mut rows = tables.execute(plan, &parameters.values, page, &mut SystemEnvironment)?;
    if parameters.flags.contains(QueryFlags::SKIP_METADATA) {
        let count = rows.metadata.column_count();
        rows.metadata.columns = ResultColumns::Omitted { count, global_flag: false };
    }
    Ok(rows)
}

/// The router and the tables agree on what is answered here, so nobody sees this.
fn not_ours() -> ErrorMessage {
    ErrorMessage::new(ErrorDetails::Server, "this table is not the proxy's own")
}

/// As Cassandra makes it (`QueryProcessor.computeId`).
fn id_of(text: &str, keyspace: Option<&str>) -> Bytes {
    let digest = Md5::new().chain_update(keyspace.unwrap_or_default()).chain_update(text).finalize();
    Bytes::copy_from_slice(&digest)
}
