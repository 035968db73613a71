//! Skipping column specifications.

use crate::frame::{DecodeError, Reader};
use crate::value::MAX_TYPE_DEPTH;

/// Flags of the metadata of ROWS and PREPARED.
pub(crate) const GLOBAL_TABLE_SPEC: i32 = 0x01;
/// A paging state follows.
pub(crate) const HAS_MORE_PAGES: i32 = 0x02;
/// There are no column specifications.
pub(crate) const NO_METADATA: i32 = 0x04;
/// A new id of the metadata follows (v5).
pub(crate) const METADATA_CHANGED: i32 = 0x08;

/// Skips the specification of `count` columns, the global table in front included.
pub(crate) fn skip_columns(reader: &mut Reader<'_>, flags: i32, count: usize) -> Result<(), DecodeError> {
    let global = flags & GLOBAL_TABLE_SPEC != 0;
    if global {
        skip_table(reader)?;
    }
    (0..count).try_for_each(|_| skip_column(reader, global))
}

/// Skips keyspace and table.
pub(crate) fn skip_table(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    reader.short_bytes("keyspace")?;
    reader.short_bytes("table").map(drop)
}

/// Skips one column, with its table unless that is global.
pub(crate) fn skip_column(reader: &mut Reader<'_>, global: bool) -> Result<(), DecodeError> {
    if !global {
        skip_table(reader)?;
    }
    reader.short_bytes("column")?;
    skip_type(reader, MAX_TYPE_DEPTH)
}

fn skip_type(reader: &mut Reader<'_>, depth: usize) -> Result<(), DecodeError> {
    let depth = depth.checked_sub(1).ok_or(DecodeError::TooDeep)?;
    let code = reader.short("type")?;
    match code {
        0x0000 => reader.short_bytes("class of a custom type").map(drop),
        0x0020 | 0x0022 => skip_type(reader, depth),
        0x0021 => (0..2).try_for_each(|_| skip_type(reader, depth)),
        0x0030 => {
            reader.short_bytes("keyspace")?;
            reader.short_bytes("name of a type")?;
            for _ in 0..reader.short("fields of a type")? {
                reader.short_bytes("field of a type")?;
                skip_type(reader, depth)?;
            }
            Ok(())
        }
        0x0031 => {
            let count = reader.short("types of a tuple")?;
            (0..count).try_for_each(|_| skip_type(reader, depth))
        }
        0x0001..=0x0015 => Ok(()),
        _ => Err(DecodeError::UnknownCode { what: "type", code: code.into() }),
    }
}
