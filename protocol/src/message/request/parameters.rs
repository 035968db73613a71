//! Query parameters (section 4.1.4).

use bytes::Bytes;

use crate::frame::{EncodeError, Envelope, Features, Value, Writer};
use crate::message::parameters::Fields;
use crate::message::view::{Parameters, Values};
use crate::message::{Consistency, QueryFlags, SerialConsistency};

/// The parameters of a QUERY or EXECUTE; those of a BATCH too, where only the last five make sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryParameters {
    /// The level of the statement.
    pub consistency: Consistency,
    /// The bind values, if there is a list of them, be it empty.
    pub values: Option<BindValues>,
    /// Whether the result may come without metadata.
    pub skip_metadata: bool,
    /// Rows of a page; not positive means no paging.
    pub page_size: Option<i32>,
    /// Where to go on.
    pub paging_state: Option<Bytes>,
    /// The level of the Paxos rounds.
    pub serial_consistency: Option<SerialConsistency>,
    /// Microseconds since the epoch: the stamp of what has no stamp of its own.
    pub default_timestamp_micros: Option<i64>,
    /// The keyspace of unqualified names (v5).
    pub keyspace: Option<String>,
    /// Seconds since the epoch: the time for TTLs (v5).
    pub now_in_seconds: Option<i32>,
}

/// Bind values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindValues {
    /// In the order of the markers.
    Positional(Vec<BindValue>),
    /// By the names of the markers.
    Named(Vec<(String, BindValue)>),
}

/// One bind value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindValue {
    /// Bytes, possibly none.
    Bytes(Bytes),
    /// No value.
    Null,
    /// Leave as it is (v4 and later).
    Unset,
}

impl QueryParameters {
    /// Parameters of nothing but a level.
    pub const fn new(consistency: Consistency) -> Self {
        Self {
            consistency,
            values: None,
            skip_metadata: false,
            page_size: None,
            paging_state: None,
            serial_consistency: None,
            default_timestamp_micros: None,
            keyspace: None,
            now_in_seconds: None,
        }
    }

    /// What a view of `envelope` shows.
    pub(super) fn of(envelope: &Envelope, view: &Parameters<'_>) -> Self {
        Self {
            consistency: view.consistency,
            values: view.flags.contains(QueryFlags::VALUES).then(|| BindValues::of(envelope, &view.values)),
            skip_metadata: view.flags.contains(QueryFlags::SKIP_METADATA),
            page_size: view.page_size,
            paging_state: view.paging_state.map(|state| envelope.raw().slice_ref(state)),
            serial_consistency: view.serial_consistency,
            default_timestamp_micros: view.default_timestamp_micros,
            keyspace: view.keyspace.map(str::to_owned),
            now_in_seconds: view.now_in_seconds,
        }
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        let named = matches!(self.values, Some(BindValues::Named(_)));
        let fields = Fields {
            consistency: self.consistency,
            flags: QueryFlags::default()
                .with(QueryFlags::VALUES, self.values.is_some())
                .with(QueryFlags::NAMES, named)
                .with(QueryFlags::SKIP_METADATA, self.skip_metadata),
            page_size: self.page_size,
            paging_state: self.paging_state.as_deref(),
            serial_consistency: self.serial_consistency,
            default_timestamp_micros: self.default_timestamp_micros,
            keyspace: self.keyspace.as_deref(),
            now_in_seconds: self.now_in_seconds,
        };
        fields.write(writer, features, |writer| match &self.values {
            Some(values) => values.write(writer, features),
            None => Ok(()),
        })
    }
}

impl BindValues {
    fn of(envelope: &Envelope, values: &Values<'_>) -> Self {
        if values.named() {
            let named = |(name, value): (Option<&str>, _)| (name.unwrap_or_default().to_owned(), own(envelope, value));
            Self::Named(values.iter().map(named).collect())
        } else {
            Self::Positional(positional(envelope, values))
        }
    }

    fn write(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        match self {
            Self::Positional(values) => write_positional(writer, values, features),
            Self::Named(values) => {
                writer.short_count(values.len(), "values")?;
                values.iter().try_for_each(|(name, value)| {
                    writer.string(name, "name of a value")?;
                    write_value(writer, value, features)
                })
            }
        }
    }
}

/// Values without names, of a view of `envelope`.
pub(super) fn positional(envelope: &Envelope, values: &Values<'_>) -> Vec<BindValue> {
    values.iter().map(|(_, value)| own(envelope, value)).collect()
}

/// Writes a `[short]` n and n values.
pub(super) fn write_positional(
    writer: &mut Writer<'_>,
    values: &[BindValue],
    features: &Features,
) -> Result<(), EncodeError> {
    writer.short_count(values.len(), "values")?;
    values.iter().try_for_each(|value| write_value(writer, value, features))
}

fn own(envelope: &Envelope, value: Value<'_>) -> BindValue {
    match value {
        Value::Bytes(bytes) => BindValue::Bytes(envelope.raw().slice_ref(bytes)),
        Value::Null => BindValue::Null,
        Value::Unset => BindValue::Unset,
    }
}

fn write_value(writer: &mut Writer<'_>, value: &BindValue, features: &Features) -> Result<(), EncodeError> {
    let value = match value {
        BindValue::Bytes(bytes) => Value::Bytes(bytes),
        BindValue::Null => Value::Null,
        BindValue::Unset if !features.unset_values => {
            return Err(EncodeError::NotInVersion { what: "an unset value" });
        }
        BindValue::Unset => Value::Unset,
    };
    writer.value(value, "value")
}
