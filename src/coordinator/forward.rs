//! A client's request on its way to backends: the bytes as they came, and what each backend must see changed.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use quorate_protocol::frame::{Encoder, Envelope, Value};
use quorate_protocol::message::patch::{Change, ChildPatch, ExtraValue, Patch};
use quorate_protocol::message::view::{BatchView, ExecuteView, QueryView, Statement};
use quorate_protocol::message::{Consistency, WriteType};
use smallvec::SmallVec;

use super::operation::OperationKey;
use crate::backend::{Lane, Outbound, Partition, ReplyTo, SendError, Unencodable};
use crate::prepared::Prepared;
use crate::quorum::Access;
use crate::worker::Worker;

/// Values for the hidden markers of one statement: each a marker's position and its value.
pub(crate) type HiddenValues = SmallVec<[(u16, Bytes); 2]>;

/// A request that can be sent to any backend, any number of times.
pub(crate) struct Forward {
    pub(crate) envelope: Envelope,
    pub(crate) lane: Rc<Lane>,
    /// Who asks, where clients log in.
    pub(crate) user: Option<Arc<str>>,
    pub(crate) what: What,
    /// As the client wrote it, but for the statement ids: one backend alone answers.
    pub(crate) native: bool,
    pub(crate) access: Access,
    pub(crate) write_type: WriteType,
    /// The write time that every backend gets; absent where the client gave one.
    pub(crate) timestamp_micros: Option<i64>,
    /// The time of a schema change, for embedded backends alone, which make the ids of tables of it; absent where the client
    /// gave one.
    pub(crate) schema_micros: Option<i64>,
    pub(crate) partition: Option<OwnedPartition>,
    /// Where the client wants a trace: the backend that makes it.
    pub(crate) traced: Option<u8>,
}

/// What is asked.
pub(crate) enum What {
    /// Bytes that nothing is changed in.
    Opaque,
    /// A QUERY; with another text, if functions in it were evaluated.
    Query { text: Option<Rc<str>> },
    /// An EXECUTE.
    Execute { prepared: Arc<Prepared>, hidden: HiddenValues },
    /// A BATCH; only the statements that are prepared or changed are listed.
    Batch { children: Vec<ForwardChild> },
}

/// One statement of a batch.
pub(crate) struct ForwardChild {
    pub(crate) index: u16,
    pub(crate) text: Option<Box<str>>,
    pub(crate) prepared: Option<Arc<Prepared>>,
    pub(crate) hidden: HiddenValues,
}

/// See [`Partition`].
#[derive(Clone, Debug)]
pub(crate) struct OwnedPartition {
    pub(crate) keyspace: Arc<str>,
    pub(crate) table: Arc<str>,
    pub(crate) token: i64,
}

impl Forward {
    /// The request as it came.
    pub(crate) fn opaque(envelope: Envelope, lane: Rc<Lane>, access: Access) -> Self {
        Self {
            envelope,
            lane,
            user: None,
            what: What::Opaque,
            native: true,
            access,
            write_type: WriteType::Simple,
            timestamp_micros: None,
            schema_micros: None,
            partition: None,
            traced: None,
        }
    }

    /// Sends it to one backend; the reply comes to the operation.
    pub(crate) fn send(&self, worker: &Worker, backend: u8, operation: OperationKey) -> Result<(), SendError> {
        self.send_for(worker, backend, ReplyTo::Key(operation.into(), backend))
    }

    /// Sends it to one backend.
    pub(crate) fn send_for(&self, worker: &Worker, backend: u8, reply_to: ReplyTo) -> Result<(), SendError> {
        let Some(target) = worker.backend(backend) else { return Err(SendError::Down) };
        let partition = self.partition.as_ref().map(|partition| Partition {
            keyspace: &partition.keyspace,
            table: &partition.table,
            token: partition.token,
        });
        let level = worker.shared.cluster.backend_level(backend, self.access);
        let schema_micros = self.schema_micros.filter(|_| worker.shared.cluster.is_embedded(backend));
        let micros = self.timestamp_micros.or(schema_micros);
        let encode = |encoder: &mut Encoder, stream: i16| self.encode(backend, level, micros, encoder, stream);
        let user = self.user.as_ref();
        target.send(Outbound { lane: &self.lane, user, partition, encode: &encode }, reply_to)
    }

    pub(crate) fn write_type(&self) -> WriteType {
        self.write_type
    }

    /// Whether a backend that lost a prepared statement can be given it again.
    pub(crate) fn can_reprepare(&self) -> bool {
        match &self.what {
            What::Execute { .. } => true,
            What::Batch { children } => children.iter().any(|child| child.prepared.is_some()),
            What::Opaque | What::Query { .. } => false,
        }
    }

    /// The prepared statements in it, each once.
    pub(crate) fn prepared(&self) -> Vec<Arc<Prepared>> {
        match &self.what {
            What::Execute { prepared, .. } => vec![prepared.clone()],
            What::Batch { children } => {
                let mut all: Vec<_> = children.iter().filter_map(|child| child.prepared.clone()).collect();
                all.sort_by(|one, other| one.id.cmp(&other.id));
                all.dedup_by(|one, other| one.id == other.id);
                all
            }
            What::Opaque | What::Query { .. } => Vec::new(),
        }
    }

    pub(crate) fn wants_trace(&self) -> bool {
        self.envelope.flags().contains(quorate_protocol::frame::HeaderFlags::TRACING)
    }

    /// Only this backend makes a trace.
    pub(crate) fn trace_on(&mut self, backend: Option<u8>) {
        self.traced = backend;
    }

    fn encode(
        &self,
        backend: u8,
        level: Option<Consistency>,
        timestamp_micros: Option<i64>,
        encoder: &mut Encoder,
        stream: i16,
    ) -> Result<(), Unencodable> {
        let mut patch = Patch { stream: Some(stream), ..Patch::default() };
        if !self.native {
            patch.consistency = level;
            if self.wants_trace() {
                patch.tracing = Some(self.traced == Some(backend));
            }
            if let Some(micros) = timestamp_micros {
                patch.default_timestamp_micros = Change::Set(micros);
            }
        }
        match &self.what {
            What::Opaque => {
                encoder.push(self.envelope.raw(), stream);
                Ok(())
            }
            What::Query { text: None } if self.native => {
                encoder.push(self.envelope.raw(), stream);
                Ok(())
            }
            What::Query { text } => {
                patch.query = text.as_deref();
                Ok(QueryView::parse(&self.envelope)?.patch_into(&patch, encoder)?)
            }
            What::Execute { prepared, hidden } => {
                self.encode_execute(backend, patch, prepared, hidden, encoder, stream)
            }
            What::Batch { children } => self.encode_batch(backend, patch, children, encoder),
        }
    }

    fn encode_execute(
        &self,
        backend: u8,
        patch: Patch<'_>,
        prepared: &Prepared,
        hidden: &HiddenValues,
        encoder: &mut Encoder,
        stream: i16,
    ) -> Result<(), Unencodable> {
        let id = prepared.backend_id(backend);
        if self.native && id.is_none() {
            encoder.push(self.envelope.raw(), stream);
            return Ok(());
        }
        let values = extra_values(prepared, hidden);
        let patch = Patch { statement_id: id.as_ref().map(|id| &id[..]), extra_values: &values, ..patch };
        Ok(ExecuteView::parse(&self.envelope)?.patch_into(&patch, encoder)?)
    }

    fn encode_batch(
        &self,
        backend: u8,
        patch: Patch<'_>,
        children: &[ForwardChild],
        encoder: &mut Encoder,
    ) -> Result<(), Unencodable> {
        let ids: Vec<_> =
            children.iter().map(|child| child.prepared.as_ref().and_then(|one| one.backend_id(backend))).collect();
        let values: Vec<_> = children
            .iter()
            .map(|child| child.prepared.as_ref().map_or_else(SmallVec::new, |one| extra_values(one, &child.hidden)))
            .collect();
        let changes: Vec<_> = children
            .iter()
            .zip(ids.iter().zip(&values))
            .map(|(child, (id, values))| ChildPatch {
                index: child.index,
                statement: match (id, &child.text) {
                    (Some(id), _) => Some(Statement::Id(id)),
                    (None, Some(text)) => Some(Statement::Text(text)),
                    (None, None) => None,
                },
                extra_values: values,
            })
            .collect();
        let patch = Patch { children: &changes, ..patch };
        Ok(BatchView::parse(&self.envelope)?.patch_into(&patch, encoder)?)
    }
}

fn extra_values<'a>(prepared: &'a Prepared, hidden: &'a HiddenValues) -> SmallVec<[ExtraValue<'a>; 2]> {
    let names = prepared.hidden.as_ref();
    hidden
        .iter()
        .map(|(position, value)| ExtraValue {
            position: *position,
            name: names.and_then(|names| names.name_at(*position)),
            value: Value::Bytes(value),
        })
        .collect()
}
