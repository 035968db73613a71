//! Query parameters: what QUERY, EXECUTE and BATCH have in common (section 4.1.4).

use super::Values;
use crate::frame::{DecodeError, Features, Header, Reader};
use crate::message::{Consistency, QueryFlags, SerialConsistency};

/// The parameters of a QUERY, an EXECUTE or a BATCH.
#[derive(Debug, Clone, Copy)]
pub struct Parameters<'a> {
    /// The level of the statement.
    pub consistency: Consistency,
    /// Which parameters there are, and how the result is wanted. Flags that the version does not have are cleared.
    pub flags: QueryFlags,
    /// The bind values. Those of a BATCH are in its children.
    pub values: Values<'a>,
    /// Rows of a page; not positive means no paging.
    pub page_size: Option<i32>,
    /// Where to go on.
    pub paging_state: Option<&'a [u8]>,
    /// The level of the Paxos rounds.
    pub serial_consistency: Option<SerialConsistency>,
    /// Microseconds since the epoch: the stamp of what has no stamp of its own.
    pub default_timestamp_micros: Option<i64>,
    /// The keyspace of unqualified names (v5).
    pub keyspace: Option<&'a str>,
    /// Seconds since the epoch: the time for TTLs (v5).
    pub now_in_seconds: Option<i32>,
    /// Where the fields of fixed size are, for patching in place.
    pub(crate) at: Positions,
}

/// Offsets in the envelope.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Positions {
    pub(crate) consistency: usize,
    pub(crate) flags: usize,
    pub(crate) page_size: Option<usize>,
    pub(crate) serial_consistency: Option<usize>,
    pub(crate) default_timestamp: Option<usize>,
    pub(crate) now_in_seconds: Option<usize>,
}

impl Parameters<'static> {
    /// Parameters of nothing but a level.
    pub fn of_level(consistency: Consistency) -> Self {
        Self {
            consistency,
            flags: QueryFlags::default(),
            values: Values::NONE,
            page_size: None,
            paging_state: None,
            serial_consistency: None,
            default_timestamp_micros: None,
            keyspace: None,
            now_in_seconds: None,
            at: Positions::default(),
        }
    }
}

impl<'a> Parameters<'a> {
    /// Reads parameters; `reader` counts from the start of a body.
    pub(crate) fn read(reader: &mut Reader<'a>, features: &Features) -> Result<Self, DecodeError> {
        let mut at = Positions { consistency: Header::LEN + reader.position(), ..Positions::default() };
        let consistency = Consistency::decode(reader.short("consistency level")?)?;
        at.flags = Header::LEN + reader.position();
        let flags = QueryFlags(if features.int_query_flags {
            reader.int("query flags")?.cast_unsigned()
        } else {
            reader.byte("query flags")?.into()
        })
        .known_to(features);
        let mut parameters = Self {
            consistency,
            flags,
            values: Values::NONE,
            page_size: None,
            paging_state: None,
            serial_consistency: None,
            default_timestamp_micros: None,
            keyspace: None,
            now_in_seconds: None,
            at,
        };
        parameters.read_optional(reader, features)?;
        Ok(parameters)
    }

    fn read_optional(&mut self, reader: &mut Reader<'a>, features: &Features) -> Result<(), DecodeError> {
        let flags = self.flags;
        let here = |reader: &Reader<'_>| Some(Header::LEN + reader.position());
        if flags.contains(QueryFlags::VALUES) {
            self.values = Values::read(reader, flags.contains(QueryFlags::NAMES), features)?;
        }
        if flags.contains(QueryFlags::PAGE_SIZE) {
            self.at.page_size = here(reader);
            self.page_size = Some(reader.int("page size")?);
        }
        if flags.contains(QueryFlags::PAGING_STATE) {
            self.paging_state = reader.bytes("paging state")?;
        }
        if flags.contains(QueryFlags::SERIAL_CONSISTENCY) {
            self.at.serial_consistency = here(reader);
            self.serial_consistency = Some(SerialConsistency::decode(reader.short("serial consistency level")?)?);
        }
        if flags.contains(QueryFlags::DEFAULT_TIMESTAMP) {
            self.at.default_timestamp = here(reader);
            self.default_timestamp_micros = Some(reader.long("default timestamp")?);
        }
        if flags.contains(QueryFlags::KEYSPACE) {
            self.keyspace = Some(reader.string("keyspace")?);
        }
        if flags.contains(QueryFlags::NOW_IN_SECONDS) {
            self.at.now_in_seconds = here(reader);
            self.now_in_seconds = Some(reader.int("now in seconds")?);
        }
        Ok(())
    }
}
