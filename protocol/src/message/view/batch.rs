//! BATCH (section 4.1.7).

use super::{Parameters, RequestExtras, Values};
use crate::frame::{DecodeError, Envelope, Features, Header, Opcode, Reader};
use crate::message::BatchType;

/// Several statements that are executed as one.
#[derive(Debug, Clone, Copy)]
pub struct BatchView<'a> {
    pub(crate) envelope: &'a Envelope,
    /// What stands in front.
    pub extras: RequestExtras<'a>,
    /// Logged, unlogged or counter.
    pub batch_type: BatchType,
    /// The parameters; the bind values are in the children.
    pub parameters: Parameters<'a>,
    count: u16,
    children: &'a [u8],
    children_at: usize,
}

/// A statement by its text or by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Statement<'a> {
    /// The text.
    Text(&'a str),
    /// The id that PREPARED gave.
    Id(&'a [u8]),
}

/// One statement of a batch.
#[derive(Debug, Clone, Copy)]
pub struct BatchChild<'a> {
    /// The statement.
    pub statement: Statement<'a>,
    /// Its bind values, without names.
    pub values: Values<'a>,
    /// Where the bytes of the text or id are in the envelope.
    pub(crate) statement_at: usize,
}

impl<'a> BatchView<'a> {
    /// Reads a BATCH.
    ///
    /// # Errors
    /// When it is not one, or malformed.
    pub fn parse(envelope: &'a Envelope) -> Result<Self, DecodeError> {
        let features = envelope.version().features();
        let (extras, mut reader) = RequestExtras::read(envelope, Opcode::Batch)?;
        let batch_type = BatchType::decode(reader.byte("batch type")?)?;
        let count = reader.short("statements of a batch")?;
        let children_at = Header::LEN + reader.position();
        let children = reader.spanning(|reader| (0..count).try_for_each(|_| child(reader, 0, features).map(drop)))?;
        let parameters = Parameters::read(&mut reader, features)?;
        Ok(Self { envelope, extras, batch_type, parameters, count, children, children_at })
    }

    /// How many statements there are.
    pub fn len(&self) -> usize {
        self.count.into()
    }

    /// Whether there is no statement.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The statements in order.
    pub fn children(&self) -> impl Iterator<Item = BatchChild<'a>> + use<'a> {
        let (features, at) = (self.envelope.version().features(), self.children_at);
        let mut reader = Reader::new(self.children);
        (0..self.count).map_while(move |_| child(&mut reader, at, features).ok())
    }
}

fn child<'a>(reader: &mut Reader<'a>, at: usize, features: &Features) -> Result<BatchChild<'a>, DecodeError> {
    let (statement, len) = match reader.byte("kind of a statement")? {
        0 => reader.long_string("query").map(|text| (Statement::Text(text), text.len()))?,
        1 => reader.short_bytes("statement id").map(|id| (Statement::Id(id), id.len()))?,
        code => return Err(DecodeError::UnknownCode { what: "kind of a statement", code: code.into() }),
    };
    let statement_at = at + reader.position() - len;
    let values = Values::read(reader, false, features)?;
    Ok(BatchChild { statement, values, statement_at })
}
