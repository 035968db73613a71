//! Segments of v5: no payload panics. The checksums are made right, since nothing behind them would be reached
//! otherwise.
//!
//! Input: one byte that says whether segments have LZ4 headers, then for each segment a byte of flags (1
//! self-contained, 2 compressed), two of the payload's length, two of its uncompressed length, and the payload.

#![no_main]

mod reads;

use libfuzzer_sys::fuzz_target;
use quorate_protocol::frame::{Compression, Decoder, Direction, Envelope, FrameError, Limits};

fuzz_target!(|input: &[u8]| {
    let [lz4, rest @ ..] = input else { return };
    let lz4 = lz4 & 1 != 0;
    let bytes = segments(lz4, rest);
    let whole = decode(lz4, &bytes, bytes.len().max(1));
    assert_eq!(whole, decode(lz4, &bytes, 1 + bytes.len() / 3));
});

fn segments(lz4: bool, mut input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let [flags, l0, l1, u0, u1, rest @ ..] = input {
        let len = usize::from(u16::from_be_bytes([*l0, *l1])).min(rest.len());
        let (payload, rest) = rest.split_at(len);
        let uncompressed = if flags & 2 != 0 { u64::from(u16::from_be_bytes([*u0, *u1])) } else { 0 };
        let self_contained = u64::from(flags & 1);
        let (fields, fields_len) = if lz4 {
            (len as u64 | uncompressed << 17 | self_contained << 34, 5)
        } else {
            (len as u64 | self_contained << 17, 3)
        };
        let fields = &fields.to_le_bytes()[..fields_len];
        out.extend_from_slice(fields);
        out.extend_from_slice(&crc24(fields).to_le_bytes()[..3]);
        out.extend_from_slice(payload);
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&[0xFA, 0x2D, 0x55, 0xCA]);
        hasher.update(payload);
        out.extend_from_slice(&hasher.finalize().to_le_bytes());
        input = rest;
    }
    out
}

fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x0087_5060, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 16, |crc: u32, _| {
            let shifted = crc << 1;
            if shifted & 0x0100_0000 != 0 { shifted ^ 0x0197_4F0B } else { shifted }
        })
    })
}

fn decode(lz4: bool, bytes: &[u8], read_len: usize) -> (Vec<Envelope>, Option<FrameError>) {
    let mut decoder = Decoder::new(Direction::Request, Limits { max_body_bytes: 1 << 20 });
    if lz4 {
        decoder.set_compression(Compression::Lz4);
    }
    decoder.use_segments();
    reads::decode(decoder, bytes, read_len)
}
