//! Envelopes through encoder and decoder, whatever the framing and however the bytes are cut.

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use quorate_protocol::frame::{
    Compression, Decoder, Direction, Encoder, Envelope, FrameError, Header, HeaderFlags, Limits, Opcode, Version,
};

/// A way for envelopes to travel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Framing {
    compression: Option<Compression>,
    segments: bool,
}

impl Framing {
    pub(crate) const ALL: [Self; 5] = [
        Self { compression: None, segments: false },
        Self { compression: Some(Compression::Lz4), segments: false },
        Self { compression: Some(Compression::Snappy), segments: false },
        Self { compression: None, segments: true },
        Self { compression: Some(Compression::Lz4), segments: true },
    ];

    pub(crate) fn encoder(self) -> Encoder {
        let mut encoder = Encoder::new();
        if let Some(compression) = self.compression {
            encoder.set_compression(compression);
        }
        if self.segments {
            encoder.use_segments();
        }
        encoder
    }

    pub(crate) fn decoder(self, direction: Direction, limits: Limits) -> Decoder {
        let mut decoder = Decoder::new(direction, limits);
        if let Some(compression) = self.compression {
            decoder.set_compression(compression);
        }
        if self.segments {
            decoder.use_segments();
        }
        decoder
    }
}

pub(crate) fn framing() -> impl Strategy<Value = Framing> {
    prop::sample::select(Framing::ALL.to_vec())
}

pub(crate) fn query(body: &[u8]) -> Envelope {
    let header = Header::new(Version::V5, HeaderFlags::TRACING, 3, Opcode::Query);
    Envelope::build(header, |writer| {
        writer.raw(body);
        Ok(())
    })
    .unwrap()
}

/// Bodies from empty to several segments long, some that compress and some that do not.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![8 => 0..300_usize, 1 => 131_000..131_200_usize, 1 => 200_000..400_000_usize];
    (len, any::<bool>(), any::<u32>()).prop_map(|(len, compressible, seed)| {
        let mut state = seed | 1;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        if compressible { vec![seed as u8; len] } else { noise.take(len).collect() }
    })
}

fn decode_all(decoder: &mut Decoder, input: &mut BytesMut, into: &mut Vec<Envelope>) -> Result<(), FrameError> {
    while let Some(envelope) = decoder.decode(input)? {
        into.push(envelope);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn envelopes_survive_every_framing_and_every_chunking(
        framing in framing(),
        bodies in vec((body(), any::<bool>()), 0..6),
        chunk in 1..70_000_usize,
    ) {
        let envelopes: Vec<_> = bodies.iter().map(|(body, _)| query(body)).collect();
        let mut encoder = framing.encoder();
        for (envelope, (_, seal)) in envelopes.iter().zip(&bodies) {
            encoder.push(envelope.raw(), envelope.stream());
            if *seal {
                encoder.seal();
            }
        }
        encoder.seal();
        prop_assert_eq!(encoder.len(), encoder.pending().len());

        let mut decoder = framing.decoder(Direction::Request, Limits::default());
        let (mut input, mut decoded) = (BytesMut::new(), Vec::new());
        while !encoder.is_empty() {
            let len = chunk.min(encoder.pending().len());
            input.extend_from_slice(&encoder.pending()[..len]);
            encoder.advance(len);
            decode_all(&mut decoder, &mut input, &mut decoded).unwrap();
        }
        prop_assert!(input.is_empty());
        prop_assert_eq!(decoded, envelopes);
    }

    #[test]
    fn an_envelope_built_in_place_equals_one_that_is_copied(framing in framing(), bodies in vec(body(), 0..6)) {
        let (mut copied, mut built) = (framing.encoder(), framing.encoder());
        for body in &bodies {
            let envelope = query(body);
            copied.push(envelope.raw(), 3);
            built.push_with(*envelope.header(), |writer| {
                writer.raw(body);
                Ok(())
            }).unwrap();
        }
        copied.seal();
        built.seal();
        let mut decoded = [Vec::new(), Vec::new()];
        for (encoder, into) in [copied, built].iter().zip(&mut decoded) {
            let mut decoder = framing.decoder(Direction::Request, Limits::default());
            decode_all(&mut decoder, &mut BytesMut::from(encoder.pending()), into).unwrap();
        }
        prop_assert_eq!(&decoded[0], &decoded[1]);
    }

    #[test]
    fn one_flipped_bit_in_a_segment_is_noticed(lz4: bool, body in vec(any::<u8>(), 0..200), bit: prop::sample::Index) {
        let framing = Framing { compression: lz4.then_some(Compression::Lz4), segments: true };
        let mut encoder = framing.encoder();
        encoder.push(query(&body).raw(), 3);
        encoder.seal();
        let mut input = BytesMut::from(encoder.pending());
        let bit = bit.index(input.len() * 8);
        input[bit / 8] ^= 1 << (bit % 8);
        let error = framing.decoder(Direction::Request, Limits::default()).decode(&mut input).unwrap_err();
        let is_crc = matches!(error, FrameError::SegmentHeaderCrc { .. } | FrameError::SegmentPayloadCrc { .. });
        prop_assert!(is_crc, "{}", error);
    }

    #[test]
    fn arbitrary_bytes_never_panic(framing in framing(), bytes in vec(any::<u8>(), 0..300)) {
        let mut decoder = framing.decoder(Direction::Response, Limits::default());
        let _ = decode_all(&mut decoder, &mut BytesMut::from(&bytes[..]), &mut Vec::new());
    }
}

#[test]
fn small_envelopes_share_a_segment() {
    let framing = Framing { compression: None, segments: true };
    let mut encoder = framing.encoder();
    let envelope = query(b"0123456789");
    for stream in 0..3 {
        encoder.push(envelope.raw(), stream);
    }
    assert_eq!(encoder.pending(), b"", "nothing is sealed yet");
    encoder.seal();
    assert_eq!(encoder.pending().len(), 6 + 3 * envelope.raw().len() + 4);
}

#[test]
fn an_uncompressed_envelope_is_not_copied() {
    let envelope = query(b"0123456789");
    let mut input = BytesMut::from(&envelope.raw()[..]);
    let at = input.as_ptr();
    let decoded = Decoder::new(Direction::Request, Limits::default()).decode(&mut input).unwrap().unwrap();
    assert_eq!(decoded.raw().as_ptr(), at);
}

#[test]
fn what_a_closure_cannot_write_leaves_no_trace() {
    let mut encoder = Encoder::new();
    encoder.push(query(b"before").raw(), 1);
    let before = Bytes::copy_from_slice(encoder.pending());
    let header = Header::new(Version::V4, HeaderFlags::NONE, 2, Opcode::Query);
    encoder.push_with(header, |writer| writer.string(&"x".repeat(70_000), "name")).unwrap_err();
    assert_eq!(encoder.pending(), before);
}
