//! Bare envelopes: no bytes panic, and how the bytes are cut into reads makes no difference.
//!
//! Input: one byte of choices, one byte that says how long a read is, then the bytes of a connection.

#![no_main]

mod reads;

use libfuzzer_sys::fuzz_target;
use quorate_protocol::frame::{Compression, Decoder, Direction, Encoder, Envelope, FrameError, Limits};

fuzz_target!(|input: &[u8]| {
    let [choices, read_len, bytes @ ..] = input else { return };
    let whole = decode(*choices, bytes, bytes.len().max(1));
    let cut = decode(*choices, bytes, usize::from(*read_len).max(1));
    assert_eq!(whole, cut);
    again(*choices, &whole.0);
});

const LIMITS: Limits = Limits { max_body_bytes: 1 << 20 };

fn decoder(choices: u8) -> Decoder {
    let direction = if choices & 1 == 0 { Direction::Request } else { Direction::Response };
    let mut decoder = Decoder::new(direction, LIMITS);
    if let Some(compression) = compression(choices) {
        decoder.set_compression(compression);
    }
    decoder
}

fn compression(choices: u8) -> Option<Compression> {
    match choices >> 1 & 3 {
        0 => Some(Compression::Lz4),
        1 => Some(Compression::Snappy),
        _ => None,
    }
}

fn decode(choices: u8, bytes: &[u8], read_len: usize) -> (Vec<Envelope>, Option<FrameError>) {
    reads::decode(decoder(choices), bytes, read_len)
}

/// What was decoded survives being encoded and decoded.
fn again(choices: u8, envelopes: &[Envelope]) {
    let mut encoder = Encoder::new();
    if let Some(compression) = compression(choices) {
        encoder.set_compression(compression);
    }
    for envelope in envelopes {
        encoder.push(envelope.raw(), envelope.stream());
    }
    let (decoded, error) = decode(choices, encoder.pending(), usize::MAX);
    assert_eq!((decoded.as_slice(), error), (envelopes, None));
}
