//! From a request's message to the reply's: what the database is asked, and how its answer is said.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use quorate_protocol::frame::{Envelope, Opcode, Version};
use quorate_protocol::message::response::{
    CqlError, ErrorDetails, Prepared as PreparedMessage, ResultColumns, ResultMetadata, Rows,
};
use quorate_protocol::message::view::{
    BatchView, ExecuteView, Parameters, PrepareView, QueryView, Statement as BatchStatement,
};
use quorate_protocol::message::{Consistency, QueryFlags, Response, ResponseMessage};

use super::Session;
use super::replica::Replica;
use super::trace::Trace;
use crate::backend::{BackendError, Reply};
use crate::engine::database::{BatchChild, Database, Executed, Execution, Outcome, Statement, metadata_id};

/// The stream id of replies: whoever takes one knows whose it is.
const STREAM: i16 = 0;

/// The most rows of a page that others may have to wait for.
const CHEAP_ROWS_MAX: i32 = 10_000;

/// A request whose statements are compiled.
pub(super) struct Work {
    request: Envelope,
    session: Session,
    what: What,
    /// The level that it is to be executed at.
    level: Consistency,
    /// How many rows the client wants at once.
    page_size: Option<i32>,
}

enum What {
    Query(Arc<Statement>),
    Prepare,
    Execute(Arc<Statement>),
    Batch(Vec<Arc<Statement>>),
}

impl Work {
    /// Compiles what `request` asks; the reply at once where that fails.
    pub(super) fn prepare(replica: &Replica, request: Envelope, session: Session) -> Result<Self, Reply> {
        match What::of(replica.database(), &request, &session) {
            Ok((what, level, page_size)) => Ok(Self { request, session, what, level, page_size }),
            Err(refusal) => Err(error(request.version(), refusal)),
        }
    }

    /// Whether it may take so long that others should not wait for it.
    pub(super) fn is_heavy(&self) -> bool {
        match &self.what {
            What::Query(statement) | What::Execute(statement) => statement.is_heavy(|| self.has_pages()),
            What::Batch(_) | What::Prepare => false,
        }
    }

    /// Whether the client wants a result in pages that cost little.
    fn has_pages(&self) -> bool {
        self.page_size.is_some_and(|size| (1..=CHEAP_ROWS_MAX).contains(&size))
    }

    /// The version of the request, and so of the reply.
    pub(super) fn version(&self) -> Version {
        self.request.version()
    }

    /// Executes it, and gives the reply. Once `abandoned` is set, nobody wants it, and what only reads ends soon.
    pub(super) fn execute(self, replica: &Replica, abandoned: Option<&AtomicBool>) -> Reply {
        let version = self.version();
        let trace = Trace::of(&self.request);
        let mut reply = match self.answer(replica, abandoned) {
            Ok(reply) => reply,
            Err(refusal) => Response::Error(refusal).into(),
        };
        if let Some(trace) = trace {
            reply.tracing_id = trace.finish(replica.database(), &self.request);
        }
        if let Response::SchemaChange(change) = &reply.response {
            replica.schema_changed(change);
        }
        encode(version, &reply)
    }

    fn answer(&self, replica: &Replica, abandoned: Option<&AtomicBool>) -> Result<ResponseMessage, CqlError> {
        self.check_level()?;
        let (database, user) = (replica.database(), self.session.user.as_deref());
        match &self.what {
            What::Prepare => prepare(database, &self.request, &self.session),
            What::Query(statement) => {
                let view = QueryView::parse(&self.request).map_err(|error| malformed(&error))?;
                let execution = Execution { parameters: &view.parameters, knows_columns: false, user, abandoned };
                let executed = database.execute(statement, execution)?;
                Ok(said(executed, &view.parameters, None))
            }
            What::Execute(statement) => {
                let view = ExecuteView::parse(&self.request).map_err(|error| malformed(&error))?;
                // A version without ids of metadata knows what PREPARED said.
                let known = view.result_metadata_id.unwrap_or(statement.metadata_id());
                let knows_columns = statement.metadata().is_some() && *known == **statement.metadata_id();
                let execution = Execution { parameters: &view.parameters, knows_columns, user, abandoned };
                let executed = database.execute(statement, execution)?;
                Ok(said(executed, &view.parameters, Some((known, statement))))
            }
            What::Batch(statements) => {
                let view = BatchView::parse(&self.request).map_err(|error| malformed(&error))?;
                let children: Vec<_> = statements
                    .iter()
                    .zip(view.children())
                    .map(|(statement, child)| BatchChild { statement, values: child.values })
                    .collect();
                let execution = Execution { parameters: &view.parameters, knows_columns: false, user, abandoned };
                let executed = database.batch(view.batch_type, &children, execution)?;
                Ok(said(executed, &view.parameters, None))
            }
        }
    }
}

impl Work {
    /// One replica holds a copy of everything, and there is no other: what needs more cannot be had. (Where there are other
    /// backends, the level that comes here is the one within this backend.)
    fn check_level(&self) -> Result<(), CqlError> {
        let touches_rows = match &self.what {
            What::Prepare => false,
            What::Query(statement) | What::Execute(statement) => statement.touches_rows(),
            What::Batch(_) => true,
        };
        let level = self.level;
        let required = match level {
            Consistency::Two if touches_rows => 2,
            Consistency::Three if touches_rows => 3,
            _ => return Ok(()),
        };
        let details = ErrorDetails::Unavailable { consistency: level, required, alive: 1 };
        Err(CqlError::new(details, format!("Cannot achieve consistency level {level}")))
    }
}

impl What {
    /// What a request asks, with its level and the size of its pages.
    fn of(
        database: &Database,
        request: &Envelope,
        session: &Session,
    ) -> Result<(Self, Consistency, Option<i32>), CqlError> {
        let told = |what, parameters: &Parameters<'_>| (what, parameters.consistency, parameters.page_size);
        let user = session.user.as_deref();
        match request.opcode() {
            Opcode::Prepare => Ok((Self::Prepare, Consistency::One, None)),
            Opcode::Query => {
                let view = QueryView::parse(request).map_err(|error| malformed(&error))?;
                let keyspace = view.parameters.keyspace.or(session.keyspace.as_deref());
                let statement = Arc::new(database.compile(view.query, keyspace, user)?);
                Ok(told(Self::Query(statement), &view.parameters))
            }
            Opcode::Execute => {
                let view = ExecuteView::parse(request).map_err(|error| malformed(&error))?;
                Ok(told(Self::Execute(database.prepared(view.id)?), &view.parameters))
            }
            Opcode::Batch => {
                let view = BatchView::parse(request).map_err(|error| malformed(&error))?;
                let keyspace = view.parameters.keyspace.or(session.keyspace.as_deref());
                let statements = view.children().map(|child| match child.statement {
                    BatchStatement::Text(text) => Ok(Arc::new(database.compile(text, keyspace, user)?)),
                    BatchStatement::Id(id) => database.prepared(id).map_err(CqlError::from),
                });
                let statements = statements.collect::<Result<_, CqlError>>()?;
                Ok(told(Self::Batch(statements), &view.parameters))
            }
            other => Err(CqlError::new(ErrorDetails::Protocol, format!("{} is no statement", other.name()))),
        }
    }
}

/// An ERROR in this version.
pub(super) fn error(version: Version, error: CqlError) -> Reply {
    encode(version, &Response::Error(error).into())
}

fn prepare(database: &Database, request: &Envelope, session: &Session) -> Result<ResponseMessage, CqlError> {
    let view = PrepareView::parse(request).map_err(|error| malformed(&error))?;
    let keyspace = view.keyspace.or(session.keyspace.as_deref());
    let statement = database.prepare(view.query, keyspace, session.user.as_deref())?;
    Ok(Response::Prepared(PreparedMessage {
        id: statement.id().clone(),
        result_metadata_id: Some(statement.metadata_id().clone()),
        markers: statement.markers(),
        partition_key_indexes: statement.partition_key_indexes(),
        result: statement.metadata().cloned().unwrap_or_else(ResultMetadata::none),
    })
    .into())
}

/// An outcome as a response. Of a prepared statement, with the id of the metadata that the client knows: where the rows
/// have other columns, they are described, and named by their own id (`ExecuteMessage`).
fn said(executed: Executed, parameters: &Parameters<'_>, known: Option<(&[u8], &Arc<Statement>)>) -> ResponseMessage {
    let response = match executed.outcome {
        Outcome::Void => Response::Void,
        Outcome::SetKeyspace(keyspace) => Response::SetKeyspace(keyspace),
        Outcome::SchemaChange(change) => Response::SchemaChange(change),
        Outcome::Rows(mut rows) => {
            let outdated = known.and_then(|(known, statement)| {
                let actual = match statement.metadata() {
                    Some(_) => statement.metadata_id().clone(),
                    None => metadata_id(&rows.metadata),
                };
                (*known != *actual).then_some(actual)
            });
            match outdated {
                Some(id) => rows.metadata.new_metadata_id = Some(id),
                None if parameters.flags.contains(QueryFlags::SKIP_METADATA) => omit_columns(&mut rows),
                None => {}
            }
            Response::Rows(rows)
        }
    };
    ResponseMessage { warnings: executed.warnings, ..response.into() }
}

fn omit_columns(rows: &mut Rows) {
    let count = rows.metadata.column_count();
    rows.metadata.columns = ResultColumns::Omitted { count, global_flag: false };
}

fn malformed(error: &impl ToString) -> CqlError {
    CqlError::new(ErrorDetails::Protocol, error.to_string())
}

fn encode(version: Version, message: &ResponseMessage) -> Reply {
    message.encode(version, STREAM).or_else(|error| {
        let text = format!("the answer cannot be expressed: {error}");
        let error = ResponseMessage::from(Response::Error(CqlError::new(ErrorDetails::Server, text)));
        // A short text can be.
        error.encode(version, STREAM).map_err(|_| BackendError::Lost)
    })
}
