//! BATCH (section 4.1.7).

use bytes::Bytes;

use super::parameters::{BindValue, QueryParameters, positional, write_positional};
use crate::frame::{EncodeError, Envelope, Features, Writer};
use crate::message::BatchType;
use crate::message::view::{BatchView, Statement};

/// Several statements that are executed as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Logged, unlogged or counter.
    pub batch_type: BatchType,
    /// The statements in order.
    pub statements: Vec<BatchStatement>,
    /// The parameters.
    pub parameters: QueryParameters,
}

/// One statement of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchStatement {
    /// The statement.
    pub statement: OwnedStatement,
    /// Its bind values.
    pub values: Vec<BindValue>,
}

/// A statement by its text or by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnedStatement {
    /// The text.
    Text(String),
    /// The id that PREPARED gave.
    Id(Bytes),
}

impl Batch {
    pub(super) fn of(envelope: &Envelope, view: &BatchView<'_>) -> Self {
        let statements = view.children().map(|child| BatchStatement {
            statement: match child.statement {
                Statement::Text(text) => OwnedStatement::Text(text.to_owned()),
                Statement::Id(id) => OwnedStatement::Id(envelope.raw().slice_ref(id)),
            },
            values: positional(envelope, &child.values),
        });
        Self {
            batch_type: view.batch_type,
            statements: statements.collect(),
            parameters: QueryParameters::of(envelope, &view.parameters),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        writer.byte(self.batch_type.code());
        writer.short_count(self.statements.len(), "statements of a batch")?;
        for child in &self.statements {
            match &child.statement {
                OwnedStatement::Text(text) => Statement::Text(text).write(writer)?,
                OwnedStatement::Id(id) => Statement::Id(id).write(writer)?,
            }
            write_positional(writer, &child.values, features)?;
        }
        self.parameters.write(writer, features)
    }
}
