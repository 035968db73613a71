//! Another codec's opinion: the crate `cassandra-protocol` reads what we write and writes what we read.

use std::convert::TryFrom;

use bytes::BytesMut;
use cassandra_protocol::compression::Compression as TheirCompression;
use cassandra_protocol::frame::frame_decoder::{
    FrameDecoder, LegacyFrameDecoder, Lz4FrameDecoder, UncompressedFrameDecoder,
};
use cassandra_protocol::frame::frame_encoder::{FrameEncoder, Lz4FrameEncoder, UncompressedFrameEncoder};
use cassandra_protocol::frame::message_request::RequestBody;
use cassandra_protocol::frame::message_response::ResponseBody;
use cassandra_protocol::frame::{Envelope as TheirEnvelope, Opcode as TheirOpcode, Serialize, Version as TheirVersion};
use proptest::collection::vec;
use proptest::prelude::*;
use quorate_protocol::frame::{
    Compression, Decoder, Direction, Encoder, Envelope, Header, HeaderFlags, Limits, Opcode, Version,
};
use quorate_protocol::message::request::{BindValues, QueryParameters};
use quorate_protocol::message::response::{
    ErrorDetails, Event, Failures, ResultColumns, ResultMetadata, TopologyChange,
};
use quorate_protocol::message::{Request, RequestMessage, Response, ResponseMessage, WriteType};

use crate::arbitrary;

/// They have no v6, whose bodies are laid out as those of v5 are.
fn theirs(version: Version) -> TheirVersion {
    TheirVersion::try_from(version.min(Version::V5).number()).unwrap()
}

/// They hold names in hash maps, and so lose their order and duplicates.
fn keeps_its_order(request: &Request) -> bool {
    let unnamed = |parameters: &QueryParameters| match &parameters.values {
        Some(BindValues::Named(values)) => values.len() == 1,
        _ => true,
    };
    match request {
        Request::Startup(startup) => startup.options.len() < 2,
        Request::Query { parameters, .. } | Request::Execute { parameters, .. } => unnamed(parameters),
        _ => true,
    }
}

/// They do not write that flag.
fn without_skip_metadata(mut request: Request) -> Request {
    if let Request::Query { parameters, .. } | Request::Execute { parameters, .. } = &mut request {
        parameters.skip_metadata = false;
    }
    request
}

/// What they do not read, or do not write as they read it.
///
/// A new id of metadata that is omitted makes no sense, and Cassandra never sends one.
fn they_know(version: Version, response: &Response) -> bool {
    let described = |metadata: &ResultMetadata| {
        metadata.new_metadata_id.is_none() || matches!(metadata.columns, ResultColumns::Described(_))
    };
    match response {
        Response::Error(error) => match &error.details {
            // They expect contentions of every version.
            ErrorDetails::WriteTimeout { write_type, contentions, .. } => {
                *write_type != WriteType::Cas || contentions.is_some()
            }
            ErrorDetails::Other { .. } | ErrorDetails::CdcWriteFailure | ErrorDetails::CasWriteUnknown { .. } => false,
            // They expect a port after each address, against the specification and Cassandra's `ErrorMessage`.
            ErrorDetails::ReadFailure { failures, .. } | ErrorDetails::WriteFailure { failures, .. } => {
                !matches!(failures, Failures::Reasons(reasons) if !reasons.is_empty())
            }
            _ => true,
        },
        Response::Event(Event::Topology(TopologyChange::MovedNode, _)) => false,
        Response::Supported(options) => options.len() < 2,
        Response::Prepared(prepared) => version.features().partition_key_indexes && described(&prepared.result),
        Response::Rows(rows) => described(&rows.metadata),
        _ => true,
    }
}

proptest! {
    #[test]
    fn they_read_our_requests_and_write_the_same((version, message) in arbitrary::request()) {
        prop_assume!(keeps_its_order(&message.request));
        let message = RequestMessage::from(without_skip_metadata(message.request));
        let envelope = message.encode(version, 1).unwrap();
        let opcode = TheirOpcode::try_from(envelope.opcode().code()).unwrap();
        let read = RequestBody::try_from(envelope.body(), opcode, theirs(version));
        let read = read.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&read.serialize_to_vec(theirs(version)), envelope.body(), "{:?}\n{:?}", message, read);
    }

    #[test]
    fn they_read_our_responses_and_write_the_same((version, message) in arbitrary::response()) {
        prop_assume!(they_know(version, &message.response));
        let envelope = ResponseMessage::from(message.response.clone()).encode(version, 1).unwrap();
        let opcode = TheirOpcode::try_from(envelope.opcode().code()).unwrap();
        let read = ResponseBody::try_from(envelope.body(), opcode, theirs(version));
        let written = match read.map_err(|error| TestCaseError::fail(error.to_string()))? {
            ResponseBody::Error(body) => body.serialize_to_vec(theirs(version)),
            ResponseBody::Authenticate(body) => body.serialize_to_vec(theirs(version)),
            ResponseBody::Supported(body) => body.serialize_to_vec(theirs(version)),
            ResponseBody::Result(body) => body.serialize_to_vec(theirs(version)),
            ResponseBody::Event(body) => body.serialize_to_vec(theirs(version)),
            ResponseBody::AuthChallenge(body) => body.serialize_to_vec(theirs(version)),
            ResponseBody::AuthSuccess(body) => body.serialize_to_vec(theirs(version)),
            _ => vec![],
        };
        prop_assert_eq!(&written, envelope.body(), "{:?}", message.response);
    }
}

/// Requests of these bodies, numbered by their streams.
fn envelopes(version: Version, bodies: &[Vec<u8>]) -> Vec<Envelope> {
    let numbered = (0..).zip(bodies);
    let envelope = |(stream, body): (i16, &Vec<u8>)| {
        let header = Header::new(version, HeaderFlags::NONE, stream, Opcode::AuthResponse);
        Envelope::build(header, |writer| writer.bytes(Some(body), "token")).unwrap()
    };
    numbered.map(envelope).collect()
}

/// Bodies, some of them longer than a segment.
fn bodies() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let len = prop_oneof![6 => 0..500_usize, 1 => 131_050..131_080_usize, 1 => 200_000..300_000_usize];
    vec((len, any::<u8>()).prop_map(|(len, seed)| (0..len).map(|at| seed ^ (at / 7) as u8).collect()), 1..5)
}

fn parts(envelopes: &[TheirEnvelope]) -> Vec<(i16, u8, Vec<u8>)> {
    let parts = |envelope: &TheirEnvelope| (envelope.stream_id, envelope.opcode.into(), envelope.body.clone());
    envelopes.iter().map(parts).collect()
}

fn our_parts(envelopes: &[Envelope]) -> Vec<(i16, u8, Vec<u8>)> {
    let parts = |envelope: &Envelope| (envelope.stream(), envelope.opcode().code(), envelope.body().to_vec());
    envelopes.iter().map(parts).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn they_read_our_segments(lz4: bool, bodies in bodies()) {
        let envelopes = envelopes(Version::V5, &bodies);
        let mut encoder = Encoder::new();
        encoder.use_segments();
        if lz4 {
            encoder.set_compression(Compression::Lz4);
        }
        envelopes.iter().for_each(|envelope| encoder.push(envelope.raw(), envelope.stream()));
        encoder.seal();
        let mut bytes = encoder.pending().to_vec();
        let (mut plain, mut compressed) = (UncompressedFrameDecoder::default(), Lz4FrameDecoder::default());
        let decoder: &mut dyn FrameDecoder = if lz4 { &mut compressed } else { &mut plain };
        let mut read = Vec::new();
        // They hand out the envelopes of one segment a call.
        loop {
            let before = bytes.len();
            read.extend(decoder.consume(&mut bytes, TheirCompression::None).unwrap());
            if bytes.len() == before {
                break;
            }
        }
        prop_assert!(bytes.is_empty());
        prop_assert_eq!(parts(&read), our_parts(&envelopes));
    }

    #[test]
    fn we_read_their_segments(lz4: bool, bodies in bodies()) {
        let envelopes = envelopes(Version::V5, &bodies);
        let (mut plain, mut compressed) = (UncompressedFrameEncoder::default(), Lz4FrameEncoder::default());
        // Their LZ4 encoder starts without the room for the header that it counts on.
        compressed.reset();
        let encoder: &mut dyn FrameEncoder = if lz4 { &mut compressed } else { &mut plain };
        let mut bytes = Vec::new();
        for envelope in &envelopes {
            let mut left = &envelope.raw()[..];
            encoder.reset();
            if encoder.can_fit(left.len()) {
                encoder.add_envelope(left.to_vec());
                bytes.extend_from_slice(encoder.finalize_self_contained());
                continue;
            }
            while !left.is_empty() {
                encoder.reset();
                let (written, segment) = encoder.finalize_non_self_contained(left);
                bytes.extend_from_slice(segment);
                left = &left[written..];
            }
        }
        let mut decoder = Decoder::new(Direction::Request, Limits::default());
        decoder.use_segments();
        if lz4 {
            decoder.set_compression(Compression::Lz4);
        }
        prop_assert_eq!(decode_all(&mut decoder, &bytes), envelopes);
    }

    #[test]
    fn compressed_bodies_are_read_both_ways(snappy: bool, bodies in bodies()) {
        let (ours, theirs) = if snappy {
            (Compression::Snappy, TheirCompression::Snappy)
        } else {
            (Compression::Lz4, TheirCompression::Lz4)
        };
        let envelopes = envelopes(Version::V4, &bodies);
        let mut encoder = Encoder::new();
        encoder.set_compression(ours);
        envelopes.iter().for_each(|envelope| encoder.push(envelope.raw(), envelope.stream()));
        let mut decoder = LegacyFrameDecoder::default();
        let read = decoder.consume(&mut encoder.pending().to_vec(), theirs).unwrap();
        prop_assert_eq!(parts(&read), our_parts(&envelopes));

        let written: Vec<u8> = read.iter().flat_map(|envelope| envelope.encode_with(theirs).unwrap()).collect();
        let mut decoder = Decoder::new(Direction::Request, Limits::default());
        decoder.set_compression(ours);
        prop_assert_eq!(decode_all(&mut decoder, &written), envelopes);
    }
}

fn decode_all(decoder: &mut Decoder, bytes: &[u8]) -> Vec<Envelope> {
    let mut input = BytesMut::from(bytes);
    std::iter::from_fn(|| decoder.decode(&mut input).unwrap()).collect()
}
