//! Traced requests: what `system_traces` says of them.

use std::fmt::Write;
use std::time::Instant;

use quorate_protocol::frame::{Envelope, HeaderFlags, Opcode};
use quorate_protocol::message::view::{BatchView, ExecuteView, Parameters, PrepareView, QueryView};
use tracing::warn;
use uuid::Uuid;

use crate::engine::database::Database;

/// How long traces are kept (`tracetype_query_ttl`).
const TTL_SECONDS: u32 = 86_400;

/// One traced request under way.
pub(super) struct Trace {
    started: Instant,
}

impl Trace {
    /// Of a request whose client wants a trace.
    pub(super) fn of(request: &Envelope) -> Option<Self> {
        request.flags().contains(HeaderFlags::TRACING).then(|| Self { started: Instant::now() })
    }

    /// Stores the trace of an executed request, and gives its id. A trace that cannot be stored is none: the request
    /// itself was executed.
    pub(super) fn finish(self, database: &Database, request: &Envelope) -> Option<Uuid> {
        let elapsed_micros = self.started.elapsed().as_micros();
        let (id, event) = (database.time_uuid(), database.time_uuid());
        let Described { request, text, parameters } = Described::of(request);
        let mut stored = database.run(&format!(
            "INSERT INTO system_traces.sessions (session_id, client, command, coordinator, coordinator_port, duration, \
             parameters, request, started_at) VALUES ({id}, '127.0.0.1', 'QUERY', '127.0.0.1', 9042, \
             {elapsed_micros}, {parameters}, '{request}', {}) USING TTL {TTL_SECONDS}",
            database.now_micros() / 1000
        ));
        let activities = [(0, format!("Parsing {text}")), (elapsed_micros, format!("Executed on {}", database.name()))];
        for ((elapsed, activity), event) in activities.into_iter().zip([event, database.time_uuid()]) {
            stored = stored.and(database.run(&format!(
                "INSERT INTO system_traces.events (session_id, event_id, activity, source, source_port, source_elapsed, \
                 thread) VALUES ({id}, {event}, '{}', '127.0.0.1', 9042, {elapsed}, 'worker') USING TTL {TTL_SECONDS}",
                quoted(&activity)
            )));
        }
        if let Err(error) = stored {
            warn!("a trace cannot be stored: {error}");
            return None;
        }
        Some(id)
    }
}

/// A request in words.
struct Described {
    request: &'static str,
    text: String,
    /// A map literal.
    parameters: String,
}

impl Described {
    fn of(envelope: &Envelope) -> Self {
        let described = match envelope.opcode() {
            Opcode::Query => QueryView::parse(envelope).ok().map(|view| {
                let parameters = literal(&view.parameters, Some(view.query));
                ("Execute CQL3 query", view.query.to_owned(), parameters)
            }),
            Opcode::Execute => ExecuteView::parse(envelope).ok().map(|view| {
                ("Execute CQL3 prepared query", "a prepared statement".to_owned(), literal(&view.parameters, None))
            }),
            Opcode::Batch => BatchView::parse(envelope).ok().map(|view| {
                let text = format!("a batch of {} statements", view.len());
                ("Execute batch of CQL3 queries", text, literal(&view.parameters, None))
            }),
            Opcode::Prepare => PrepareView::parse(envelope).ok().map(|view| {
                ("Preparing CQL3 query", view.query.to_owned(), format!("{{'query': '{}'}}", quoted(view.query)))
            }),
            _ => None,
        };
        let (request, text, parameters) = described.unwrap_or(("", String::new(), "{}".to_owned()));
        Self { request, text, parameters }
    }
}

fn literal(parameters: &Parameters<'_>, query: Option<&str>) -> String {
    let mut map = format!("{{'consistency_level': '{}'", parameters.consistency.name());
    if let Some(size) = parameters.page_size {
        let _ = write!(map, ", 'page_size': '{size}'");
    }
    if let Some(query) = query {
        let _ = write!(map, ", 'query': '{}'", quoted(query));
    }
    if let Some(serial) = parameters.serial_consistency {
        let _ = write!(map, ", 'serial_consistency_level': '{serial}'");
    }
    map.push('}');
    map
}

fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}
