//! Rows, headers of partitions and range tombstones as bytes. `docs/storage.md` specifies them byte by byte.
//!
//! Decoding takes no bytes for granted: what does not follow the format is an error.

mod cursor;
mod header;
mod row;

pub(super) use header::{Header, RangeTombstone};
pub(super) use row::{decode_row, encode_row};
