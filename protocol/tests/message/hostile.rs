//! What a peer must not be able to do.

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use quorate_protocol::frame::{
    Compression, DecodeError, Decoder, Direction, Encoder, Envelope, FrameError, Header, HeaderFlags, Limits, Opcode,
    Version,
};
use quorate_protocol::message::view::{BatchView, ErrorView, ExecuteView, PrepareView, QueryView, ResultView};
use quorate_protocol::message::{RequestMessage, ResponseMessage};

use crate::arbitrary;

const LIMITS: Limits = Limits { max_body_bytes: 1 << 20 };

fn envelope(version: Version, flags: HeaderFlags, opcode: Opcode, body: &[u8]) -> Envelope {
    Envelope::build(Header::new(version, flags, 0, opcode), |writer| {
        writer.raw(body);
        Ok(())
    })
    .unwrap()
}

/// Everything that reads messages; the only thing asked of it is to return.
fn read_all_ways(envelope: &Envelope) {
    let _ = RequestMessage::decode(envelope);
    let _ = ResponseMessage::decode(envelope);
    let _ = QueryView::parse(envelope);
    let _ = PrepareView::parse(envelope);
    let _ = ExecuteView::parse(envelope);
    let _ = BatchView::parse(envelope).map(|view| view.children().count());
    let _ = ErrorView::parse(envelope);
    let _ = ResultView::parse(envelope).map(|view| view.rows().map(|rows| rows.cells().count()));
}

proptest! {
    #[test]
    fn arbitrary_bodies_never_panic(
        version in arbitrary::version(),
        opcode in prop::sample::select(Opcode::ALL.to_vec()),
        flags in 0..32_u8,
        body in vec(any::<u8>(), 0..200),
    ) {
        let flags = HeaderFlags(flags).without(HeaderFlags::COMPRESSED);
        read_all_ways(&envelope(version, flags, opcode, &body));
    }

    #[test]
    fn damaged_messages_never_panic(
        (version, request) in arbitrary::request(),
        (other, response) in arbitrary::response(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        for whole in [request.encode(version, 0).unwrap(), response.encode(other, 0).unwrap()] {
            let mut body = whole.body().to_vec();
            for (at, byte) in damage.iter().filter(|_| !whole.body().is_empty()) {
                let at = at.index(body.len());
                body[at] = *byte;
            }
            read_all_ways(&envelope(whole.version(), whole.flags(), whole.opcode(), &body));
        }
    }
}

fn decode(decoder: &mut Decoder, bytes: &[u8]) -> Result<Option<Envelope>, FrameError> {
    decoder.decode(&mut BytesMut::from(bytes))
}

#[test]
fn an_oversized_body_is_refused_by_its_header_alone() {
    let header = [4, 0, 0, 1, Opcode::Query.code(), 0x7F, 0xFF, 0xFF, 0xFF];
    let error = decode(&mut Decoder::new(Direction::Request, LIMITS), &header).unwrap_err();
    assert!(matches!(error, FrameError::BodyTooLong { stream: 1, body_len: 0x7FFF_FFFF, .. }));
}

#[test]
fn an_announced_length_allocates_nothing() {
    let header = [4, 0, 0, 1, Opcode::Query.code(), 0, 0x0F, 0xFF, 0xFF];
    let mut input = BytesMut::from(&header[..]);
    let capacity = input.capacity();
    assert_eq!(Decoder::new(Direction::Request, LIMITS).decode(&mut input), Ok(None));
    assert_eq!(input.capacity(), capacity);
}

#[test]
fn a_bomb_is_refused_before_it_is_decompressed() {
    let compressed = |len: i32, block: &[u8]| {
        let body = [&len.to_be_bytes()[..], block].concat();
        let mut header = Header::new(Version::V4, HeaderFlags::COMPRESSED, 1, Opcode::Query);
        header.body_len = body.len() as u32;
        [&header.to_bytes()[..], &body].concat()
    };
    let decoder = || {
        let mut decoder = Decoder::new(Direction::Request, LIMITS);
        decoder.set_compression(Compression::Lz4);
        decoder
    };
    let too_long = decode(&mut decoder(), &compressed(i32::MAX, &[0; 100])).unwrap_err();
    assert!(matches!(too_long, FrameError::BodyTooLong { .. }));
    let impossible = decode(&mut decoder(), &compressed(1_000_000, &[0; 100])).unwrap_err();
    assert!(matches!(impossible, FrameError::CorruptBody { .. }));
    let negative = decode(&mut decoder(), &compressed(-1, &[0; 100])).unwrap_err();
    assert!(matches!(negative, FrameError::CorruptBody { .. }));
}

#[test]
fn compression_that_was_not_agreed_on_is_refused() {
    let frame = [4, HeaderFlags::COMPRESSED.0, 0, 1, Opcode::Query.code(), 0, 0, 0, 1, 0];
    let error = decode(&mut Decoder::new(Direction::Request, LIMITS), &frame).unwrap_err();
    assert_eq!(error, FrameError::UnexpectedCompression { version: Version::V4, stream: 1 });
}

#[test]
fn the_version_of_startup_holds() {
    let mut decoder = Decoder::new(Direction::Request, LIMITS);
    let empty = |version: u8, opcode: Opcode| [version, 0, 0, 9, opcode.code(), 0, 0, 0, 0];
    assert!(decode(&mut decoder, &empty(5, Opcode::Options)).is_ok(), "OPTIONS may try another version");
    assert!(decode(&mut decoder, &empty(4, Opcode::Startup)).is_ok());
    let error = decode(&mut decoder, &empty(5, Opcode::Options)).unwrap_err();
    assert_eq!(error, FrameError::VersionChanged { expected: Version::V4, got: Version::V5, stream: 9 });
}

#[test]
fn a_short_header_of_an_old_version_is_answered_without_waiting() {
    let error = decode(&mut Decoder::new(Direction::Request, LIMITS), &[2, 0, 7, 5, 0, 0, 0, 0]).unwrap_err();
    assert!(matches!(error, FrameError::UnsupportedVersion { version: 2, .. }));
}

/// What an encoder of segments makes of one envelope.
fn segments(envelope: &Envelope) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.use_segments();
    encoder.push(envelope.raw(), 0);
    encoder.seal();
    encoder.pending().to_vec()
}

fn segment_decoder() -> Decoder {
    let mut decoder = Decoder::new(Direction::Request, LIMITS);
    decoder.use_segments();
    decoder
}

#[test]
fn a_self_contained_segment_must_hold_whole_envelopes() {
    // The header says one byte more than there is.
    let mut lying = envelope(Version::V5, HeaderFlags::NONE, Opcode::Query, &[0; 10]).raw().to_vec();
    lying[8] += 1;
    let mut encoder = Encoder::new();
    encoder.use_segments();
    encoder.push(&lying, 0);
    encoder.seal();
    assert_eq!(decode(&mut segment_decoder(), encoder.pending()), Err(FrameError::SplitEnvelope));
}

#[test]
fn a_spanning_envelope_must_not_be_interrupted() {
    let large = segments(&envelope(Version::V5, HeaderFlags::NONE, Opcode::Query, &[0; 200_000]));
    let small = segments(&envelope(Version::V5, HeaderFlags::NONE, Opcode::Options, &[]));
    let first_segment = &large[..6 + 131_071 + 4];
    let error = decode(&mut segment_decoder(), &[first_segment, &small].concat()).unwrap_err();
    assert_eq!(error, FrameError::Interrupted);
}

#[test]
fn a_spanning_envelope_that_announces_too_much_is_refused_at_its_first_segment() {
    let mut lying = envelope(Version::V5, HeaderFlags::NONE, Opcode::Query, &vec![0; 200_000]).raw().to_vec();
    lying[5..9].copy_from_slice(&0x7000_0000_i32.to_be_bytes());
    let mut encoder = Encoder::new();
    encoder.use_segments();
    encoder.push(&lying, 0);
    encoder.seal();
    let error = decode(&mut segment_decoder(), &encoder.pending()[..6 + 131_071 + 4]).unwrap_err();
    assert!(matches!(error, FrameError::BodyTooLong { .. }));
}

#[test]
fn a_batch_of_65535_statements_is_read() {
    let mut body = vec![0, 0xFF, 0xFF];
    for _ in 0..u16::MAX {
        body.extend([1, 0, 1, 7, 0, 0]);
    }
    body.extend([0, 4, 0]);
    let batch = envelope(Version::V4, HeaderFlags::NONE, Opcode::Batch, &body);
    assert_eq!(BatchView::parse(&batch).unwrap().children().count(), 65_535);
    assert!(RequestMessage::decode(&batch).is_ok());
}

#[test]
fn a_count_without_the_items_is_refused() {
    let batch = envelope(Version::V4, HeaderFlags::NONE, Opcode::Batch, &[0, 0xFF, 0xFF]);
    assert!(matches!(BatchView::parse(&batch), Err(DecodeError::Truncated { .. })));
    // ROWS: no metadata, no column, and two thousand million rows of nothing.
    let rows = [0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF];
    let rows = envelope(Version::V4, HeaderFlags::NONE, Opcode::Result, &rows);
    assert!(matches!(ResultView::parse(&rows), Err(DecodeError::Truncated { .. })));
    assert!(matches!(ResponseMessage::decode(&rows), Err(DecodeError::Truncated { .. })));
}

#[test]
fn the_flag_of_changed_metadata_means_nothing_before_v5() {
    // ROWS of no column and no row, the flags of omitted and of changed metadata set. In v5 an id of no bytes follows.
    let rows = [0, 0, 0, 2, 0, 0, 0, 0x0C, 0, 0, 0, 0];
    for (version, id, body) in [
        (Version::V4, None, [&rows[..], &[0; 4]].concat()),
        (Version::V5, Some(&b""[..]), [&rows[..], &[0; 2], &[0; 4]].concat()),
    ] {
        let rows = envelope(version, HeaderFlags::NONE, Opcode::Result, &body);
        assert_eq!(ResultView::parse(&rows).unwrap().rows().unwrap().new_metadata_id, id);
        let ResponseMessage { response, .. } = ResponseMessage::decode(&rows).unwrap();
        let quorate_protocol::message::Response::Rows(rows) = response else { panic!("rows") };
        assert_eq!(rows.metadata.new_metadata_id.as_deref(), id);
    }
}

#[test]
fn negative_lengths_and_broken_text_are_refused() {
    let query = |body: &[u8]| envelope(Version::V4, HeaderFlags::NONE, Opcode::Query, body);
    let negative = query(&[0xFF, 0xFF, 0xFF, 0xFF, 0, 1, 0]);
    assert_eq!(QueryView::parse(&negative).unwrap_err(), DecodeError::NegativeLength { what: "query", len: -1 });
    let broken = query(&[0, 0, 0, 2, 0xC3, 0x28, 0, 1, 0]);
    assert_eq!(QueryView::parse(&broken).unwrap_err(), DecodeError::InvalidUtf8 { what: "query" });
    let value_of_minus_3 = query(&[0, 0, 0, 0, 0, 1, 1, 0, 1, 0xFF, 0xFF, 0xFF, 0xFD]);
    assert_eq!(
        QueryView::parse(&value_of_minus_3).unwrap_err(),
        DecodeError::NegativeLength { what: "value", len: -3 }
    );
    let level = query(&[0, 0, 0, 0, 0, 99, 0]);
    assert_eq!(QueryView::parse(&level).unwrap_err(), DecodeError::UnknownCode { what: "consistency level", code: 99 });
}

#[test]
fn a_name_shared_by_all_columns_is_held_once() {
    // 1,000 columns of a table with long names: were the names copied to each, 160 KB would become 130 MB.
    let long = [&[0xFF, 0xF0][..], &vec![b'x'; 0xFFF0]].concat();
    let columns = [0, 1, b'c', 0, 9].repeat(1000);
    let body = [&[0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0x03, 0xE8][..], &long, &long, &columns, &[0; 4]].concat();
    let rows = Bytes::from(body);
    let rows = envelope(Version::V4, HeaderFlags::NONE, Opcode::Result, &rows);
    let ResponseMessage { response, .. } = ResponseMessage::decode(&rows).unwrap();
    let quorate_protocol::message::Response::Rows(rows) = response else { panic!("rows") };
    let quorate_protocol::message::response::ResultColumns::Described(columns) = rows.metadata.columns else {
        panic!("described")
    };
    assert!(std::ptr::eq(&*columns.specs[0].table, &*columns.specs[999].table));
}
