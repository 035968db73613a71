//! Schema drift: a statement that one backend executes and another calls wrong shows that their schemas, or the rights of
//! the proxy's accounts on them, are not the same any more. Clients learn of it only where their level fails; operators
//! must learn of it always.

use quorate_protocol::frame::Opcode;
use quorate_protocol::message::ErrorCode;
use quorate_protocol::message::view::{BatchView, ErrorView, QueryView, Statement as ChildStatement};
use smallvec::SmallVec;

use super::forward::{Forward, What};
use crate::backend::{BackendError, Reply};
use crate::statement::Statement;
use crate::worker::Worker;

/// What the backends said of one statement: who did it, and who called it wrong.
#[derive(Debug, Default)]
pub(crate) struct Opinions {
    done: bool,
    /// Backends that rejected it and were not reported yet, with their words.
    rejected: SmallVec<[(u8, Box<str>); 1]>,
}

impl Opinions {
    /// Somebody has done it.
    pub(crate) fn done() -> Self {
        Self { done: true, ..Self::default() }
    }

    /// Hears one backend; gives the rejections that others contradict, each once.
    pub(crate) fn hear(&mut self, backend: u8, reply: &Reply) -> SmallVec<[(u8, Box<str>); 1]> {
        match reply {
            Ok(envelope) if envelope.opcode() != Opcode::Error => self.done = true,
            Ok(envelope) | Err(BackendError::Refused(envelope)) => {
                if let Ok(error) = ErrorView::parse(envelope)
                    && shows_drift(error.code)
                {
                    self.rejected.push((backend, error.message.into()));
                }
            }
            Err(BackendError::Lost | BackendError::NotSent(_)) => {}
        }
        if self.done && !self.rejected.is_empty() { std::mem::take(&mut self.rejected) } else { SmallVec::new() }
    }
}

/// Raises the alarm for a backend that rejects what others do.
pub(crate) fn alarm(worker: &Worker, backend: u8, subject: &str, error: &str) {
    let name = worker.shared.cluster.backend_name(backend);
    worker.metrics.backend(usize::from(backend)).drifted(name, subject, error);
}

/// What a request is about, without the values in it: "INSERT INTO ks.t".
pub(crate) fn subject(forward: &Forward) -> String {
    let session = forward.lane.keyspace.as_deref();
    match &forward.what {
        What::Execute { prepared, .. } => of_statement(&prepared.statement, prepared.keyspace.as_deref()),
        What::Query { .. } | What::Opaque => match QueryView::parse(&forward.envelope) {
            Ok(view) => of_statement(&Statement::analyse(view.query), view.parameters.keyspace.or(session)),
            Err(_) => forward.envelope.opcode().name().to_owned(),
        },
        What::Batch { children } => {
            let prepared = children.iter().find_map(|child| child.prepared.as_ref());
            let first = match prepared {
                Some(prepared) => of_statement(&prepared.statement, prepared.keyspace.as_deref()),
                None => BatchView::parse(&forward.envelope)
                    .ok()
                    .and_then(|view| match view.children().next()?.statement {
                        ChildStatement::Text(text) => Some(of_statement(&Statement::analyse(text), session)),
                        ChildStatement::Id(_) => None,
                    })
                    .unwrap_or_default(),
            };
            format!("BATCH of {first}")
        }
    }
}

/// The kind of a statement and its tables.
pub(crate) fn of_statement(statement: &Statement, session: Option<&str>) -> String {
    let table = |(keyspace, table): (Option<&str>, &str)| match keyspace.or(session) {
        Some(keyspace) => format!("{keyspace}.{table}"),
        None => table.to_owned(),
    };
    let tables: Vec<_> = statement.tables().map(table).collect();
    format!("{:?} of {}", statement.kind, tables.join(", "))
}

/// Errors that the schema or an account decides, not the data.
fn shows_drift(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::Syntax | ErrorCode::Unauthorized | ErrorCode::Invalid | ErrorCode::Config)
}

#[cfg(test)]
mod tests {
    use quorate_protocol::frame::{Envelope, Version};
    use quorate_protocol::message::response::{CqlError, ErrorDetails};
    use quorate_protocol::message::{Response, ResponseMessage};

    use super::*;

    fn answer(response: Response) -> Envelope {
        ResponseMessage::from(response).encode(Version::V5, 1).unwrap()
    }

    fn rejection(details: ErrorDetails) -> Envelope {
        answer(Response::Error(CqlError::new(details, "unconfigured table t")))
    }

    #[test]
    fn a_rejection_is_drift_once_another_did_it_whoever_was_first() {
        let mut opinions = Opinions::default();
        assert!(opinions.hear(1, &Ok(rejection(ErrorDetails::Invalid))).is_empty());
        let expected: (u8, Box<str>) = (1, "unconfigured table t".into());
        assert_eq!(opinions.hear(0, &Ok(answer(Response::Void))).into_vec(), [expected]);
        assert!(opinions.hear(2, &Ok(answer(Response::Void))).is_empty());
        let refused = Err(BackendError::Refused(rejection(ErrorDetails::Config)));
        assert_eq!(opinions.hear(3, &refused).len(), 1);
    }

    #[test]
    fn what_the_load_or_the_data_decide_is_none() {
        let mut opinions = Opinions::default();
        opinions.hear(0, &Ok(answer(Response::Void)));
        for details in [ErrorDetails::Overloaded, ErrorDetails::Server, ErrorDetails::Bootstrapping] {
            assert!(opinions.hear(1, &Ok(rejection(details))).is_empty());
        }
        assert!(opinions.hear(1, &Err(BackendError::Lost)).is_empty());
    }

    #[test]
    fn a_subject_has_no_values() {
        let statement = Statement::analyse("INSERT INTO t (k, v) VALUES (1, 'secret')");
        assert_eq!(of_statement(&statement, Some("ks")), "Insert of ks.t");
    }
}
