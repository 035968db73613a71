use bytes::Bytes;
use quorate_protocol::frame::{Envelope, Opcode, Version};
use quorate_protocol::message::request::{BindValue, BindValues, OwnedStatement, QueryParameters};
use quorate_protocol::message::{Consistency, Request, RequestMessage};

/// One request, as it reached a node.
#[derive(Clone, Debug)]
pub struct Received {
    pub message: RequestMessage,
    pub envelope: Envelope,
    /// The text of a QUERY or PREPARE, of what an EXECUTE prepared before, and of all the statements of a BATCH.
    pub text: String,
    /// The keyspace of the connection that it came on.
    pub keyspace: Option<String>,
}

impl Received {
    pub fn opcode(&self) -> Opcode {
        self.envelope.opcode()
    }

    pub fn version(&self) -> Version {
        self.envelope.version()
    }

    /// All but the stream id.
    pub fn body(&self) -> &[u8] {
        self.envelope.body()
    }

    pub fn parameters(&self) -> &QueryParameters {
        match &self.message.request {
            Request::Query { parameters, .. } | Request::Execute { parameters, .. } => parameters,
            Request::Batch(batch) => &batch.parameters,
            other => panic!("{other:?} has no parameters"),
        }
    }

    pub fn level(&self) -> Consistency {
        self.parameters().consistency
    }

    pub fn stamp(&self) -> Option<i64> {
        self.parameters().default_timestamp_micros
    }

    /// The bind values, in order; of all statements of a BATCH.
    pub fn values(&self) -> Vec<Bytes> {
        let values: Vec<&BindValue> = match &self.message.request {
            Request::Batch(batch) => batch.statements.iter().flat_map(|child| &child.values).collect(),
            _ => match &self.parameters().values {
                None => Vec::new(),
                Some(BindValues::Positional(values)) => values.iter().collect(),
                Some(BindValues::Named(values)) => values.iter().map(|(_, value)| value).collect(),
            },
        };
        let bytes = |value: &BindValue| match value {
            BindValue::Bytes(bytes) => bytes.clone(),
            BindValue::Null | BindValue::Unset => Bytes::new(),
        };
        values.into_iter().map(bytes).collect()
    }

    /// The ids of the prepared statements in it.
    pub fn ids(&self) -> Vec<Bytes> {
        match &self.message.request {
            Request::Execute { id, .. } => vec![id.clone()],
            Request::Batch(batch) => batch.statements.iter().filter_map(|child| id_of(&child.statement)).collect(),
            _ => Vec::new(),
        }
    }
}

fn id_of(statement: &OwnedStatement) -> Option<Bytes> {
    match statement {
        OwnedStatement::Id(id) => Some(id.clone()),
        OwnedStatement::Text(_) => None,
    }
}
