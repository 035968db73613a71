//! The layout of a v5 segment: header, payload, checksum.
//!
//! ```text
//! uncompressed:  3 bytes little-endian: payload length (17 bits), self-contained (1 bit)          + CRC-24
//! with LZ4:      5 bytes little-endian: compressed length (17), uncompressed length (17), self-contained (1) + CRC-24
//! then the payload, then CRC-32 of the payload as it travels, little-endian
//! ```
//! With LZ4 an uncompressed length of 0 means that the payload is not compressed.
//! Source: v5 specification, section 2; `FrameEncoderCrc`, `FrameEncoderLZ4`.

use super::FrameError;
use super::crc::{crc24, crc32};

/// The most bytes that a segment's payload has.
pub(super) const MAX_PAYLOAD: usize = (1 << 17) - 1;
/// Bytes of the checksum after a payload.
pub(super) const TRAILER_LEN: usize = 4;

/// Bytes of a segment's header.
pub(super) const fn header_len(lz4: bool) -> usize {
    if lz4 { 8 } else { 6 }
}

/// What a segment's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    /// Bytes of the payload as it travels.
    pub(super) payload_len: usize,
    /// Bytes of the payload once decompressed; `None` when it is not compressed.
    pub(super) uncompressed_len: Option<usize>,
    /// Whether the payload is a sequence of whole envelopes, rather than a part of one.
    pub(super) self_contained: bool,
}

impl SegmentHeader {
    /// Parses a header from the front of `bytes`; `None` when there are too few of them.
    pub(super) fn parse(bytes: &[u8], lz4: bool) -> Result<Option<Self>, FrameError> {
        let Some((fields, crc)) = bytes.get(..header_len(lz4)).map(|header| header.split_at(header_len(lz4) - 3))
        else {
            return Ok(None);
        };
        let (read, computed) = (little_endian(crc) as u32, crc24(fields));
        if read != computed {
            return Err(FrameError::SegmentHeaderCrc { read, computed });
        }
        let fields = little_endian(fields);
        let length_at = |bit: u32| (fields >> bit) as usize & MAX_PAYLOAD;
        Ok(Some(if lz4 {
            let uncompressed_len = Some(length_at(17)).filter(|&len| len > 0);
            Self { payload_len: length_at(0), uncompressed_len, self_contained: fields >> 34 & 1 != 0 }
        } else {
            Self { payload_len: length_at(0), uncompressed_len: None, self_contained: fields >> 17 & 1 != 0 }
        }))
    }

    /// Writes the header into `header_len(lz4)` bytes.
    pub(super) fn write(&self, lz4: bool, out: &mut [u8]) {
        let fields = if lz4 {
            let uncompressed_len = self.uncompressed_len.unwrap_or_default() as u64;
            self.payload_len as u64 | uncompressed_len << 17 | u64::from(self.self_contained) << 34
        } else {
            self.payload_len as u64 | u64::from(self.self_contained) << 17
        };
        let (fields_out, crc_out) = out.split_at_mut(header_len(lz4) - 3);
        let fields_len = fields_out.len();
        fields_out.copy_from_slice(fields.to_le_bytes().get(..fields_len).unwrap_or_default());
        crc_out.copy_from_slice(crc24(fields_out).to_le_bytes().get(..3).unwrap_or_default());
    }
}

/// The checksum that follows `payload`.
pub(super) fn trailer(payload: &[u8]) -> [u8; TRAILER_LEN] {
    crc32(payload).to_le_bytes()
}

/// Compares a payload with the checksum that follows it.
pub(super) fn check(payload: &[u8], trailer: [u8; TRAILER_LEN]) -> Result<(), FrameError> {
    let (read, computed) = (u32::from_le_bytes(trailer), crc32(payload));
    if read == computed { Ok(()) } else { Err(FrameError::SegmentPayloadCrc { read, computed }) }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_survives_the_wire() {
        for lz4 in [false, true] {
            for self_contained in [false, true] {
                for payload_len in [0, 1, 0x1234, MAX_PAYLOAD] {
                    let uncompressed_len = lz4.then_some(MAX_PAYLOAD - 1);
                    let header = SegmentHeader { payload_len, uncompressed_len, self_contained };
                    let mut bytes = [0; 8];
                    let bytes = &mut bytes[..header_len(lz4)];
                    header.write(lz4, bytes);
                    assert_eq!(SegmentHeader::parse(bytes, lz4), Ok(Some(header)));
                    for bit in 0..bytes.len() * 8 {
                        bytes[bit / 8] ^= 1 << (bit % 8);
                        assert!(matches!(SegmentHeader::parse(bytes, lz4), Err(FrameError::SegmentHeaderCrc { .. })));
                        bytes[bit / 8] ^= 1 << (bit % 8);
                    }
                }
            }
        }
    }
}
