//! Integers, byte strings and deletions: what the formats are made of.

use bytes::Bytes;

use crate::store::StoreError;
use crate::store::cell::{Deletion, Timestamp};
use crate::store::clustering::Clustering;

/// Reads from the front of some bytes. Byte strings it hands out share their memory.
pub(super) struct Cursor<'a> {
    bytes: &'a Bytes,
    at: usize,
}

pub(super) const TRUNCATED: StoreError = StoreError::corrupt("a value ends early");

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a Bytes) -> Self {
        Cursor { bytes, at: 0 }
    }

    pub(super) fn byte(&mut self) -> Result<u8, StoreError> {
        let byte = *self.bytes.get(self.at).ok_or(TRUNCATED)?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let chunk = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()).ok_or(TRUNCATED)?;
        self.at += N;
        Ok(*chunk)
    }

    /// Seven bits a byte, the lowest first; all but the last byte have their highest bit set.
    pub(super) fn unsigned(&mut self) -> Result<u64, StoreError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(StoreError::corrupt("an integer is too large"))
    }

    pub(super) fn unsigned_32(&mut self) -> Result<u32, StoreError> {
        u32::try_from(self.unsigned()?).map_err(|_| StoreError::corrupt("an integer is too large"))
    }

    /// The sign in the lowest bit.
    pub(super) fn signed(&mut self) -> Result<i64, StoreError> {
        let zigzag = self.unsigned()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// A time, as its distance from `base`.
    pub(super) fn timestamp(&mut self, base: Timestamp) -> Result<Timestamp, StoreError> {
        Ok(self.signed()?.wrapping_add(base))
    }

    pub(super) fn bytes(&mut self) -> Result<Bytes, StoreError> {
        let length = usize::try_from(self.unsigned()?).map_err(|_| TRUNCATED)?;
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len()).ok_or(TRUNCATED)?;
        let bytes = self.bytes.slice(self.at..end);
        self.at = end;
        Ok(bytes)
    }

    /// How many items follow, of which each takes at least one byte.
    pub(super) fn count(&mut self) -> Result<usize, StoreError> {
        let count = usize::try_from(self.unsigned()?).map_err(|_| TRUNCATED)?;
        if count > self.bytes.len() - self.at { Err(TRUNCATED) } else { Ok(count) }
    }

    pub(super) fn clustering(&mut self) -> Result<Clustering, StoreError> {
        (0..self.count()?).map(|_| self.bytes()).collect()
    }

    pub(super) fn deletion(&mut self, base: Timestamp) -> Result<Deletion, StoreError> {
        Ok(Deletion { timestamp: self.timestamp(base)?, deleted_at_seconds: self.signed()? })
    }

    pub(super) fn rest(&mut self) -> Bytes {
        let rest = self.bytes.slice(self.at..);
        self.at = self.bytes.len();
        rest
    }

    pub(super) fn finish(&self) -> Result<(), StoreError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(StoreError::corrupt("a value goes on after its end")) }
    }
}

pub(super) fn put_unsigned(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn put_signed(value: i64, out: &mut Vec<u8>) {
    put_unsigned(((value << 1) ^ (value >> 63)) as u64, out);
}

pub(super) fn put_timestamp(timestamp: Timestamp, base: Timestamp, out: &mut Vec<u8>) {
    put_signed(timestamp.wrapping_sub(base), out);
}

pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_unsigned(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

pub(super) fn put_clustering(clustering: &Clustering, out: &mut Vec<u8>) {
    put_unsigned(clustering.len() as u64, out);
    for value in clustering {
        put_bytes(value, out);
    }
}

pub(super) fn put_deletion(deletion: Deletion, base: Timestamp, out: &mut Vec<u8>) {
    put_timestamp(deletion.timestamp, base, out);
    put_signed(deletion.deleted_at_seconds, out);
}
