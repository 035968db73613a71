//! Messages: no body panics; what is decoded survives being encoded and decoded; a view and its patch agree with it.
//!
//! Input: a byte each of version, opcode and header flags, then the body.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use quorate_protocol::frame::{Decoder, Direction, Encoder, Envelope, Header, HeaderFlags, Limits, Opcode, Version};
use quorate_protocol::message::patch::{Change, Patch, ResponsePatch};
use quorate_protocol::message::view::{BatchView, ErrorView, ExecuteView, PrepareView, QueryView, ResultView};
use quorate_protocol::message::{Consistency, RequestMessage, ResponseMessage};

fuzz_target!(|input: &[u8]| {
    let [version, opcode, flags, body @ ..] = input else { return };
    let version = Version::ALL[usize::from(*version) % Version::ALL.len()];
    let opcode = Opcode::ALL[usize::from(*opcode) % Opcode::ALL.len()];
    let flags = HeaderFlags(*flags).without(HeaderFlags::COMPRESSED);
    let envelope = Envelope::build(Header::new(version, flags, 1, opcode), |writer| {
        writer.raw(body);
        Ok(())
    });
    let Ok(envelope) = envelope else { return };
    match opcode.direction() {
        Direction::Request => request(&envelope),
        Direction::Response => response(&envelope),
    }
});

fn request(envelope: &Envelope) {
    let Ok(message) = RequestMessage::decode(envelope) else { return };
    let encoded = message.encode(envelope.version(), 1).expect("what was decoded can be encoded");
    assert_eq!(RequestMessage::decode(&encoded).as_ref(), Ok(&message));

    let patch = Patch {
        consistency: Some(Consistency::LocalQuorum),
        default_timestamp_micros: Change::Set(7),
        keyspace: Change::Remove,
        now_in_seconds: Change::Remove,
        ..Patch::default()
    };
    let mut encoder = Encoder::new();
    let patched = if let Ok(view) = QueryView::parse(envelope) {
        view.patch_into(&patch, &mut encoder)
    } else if let Ok(view) = PrepareView::parse(envelope) {
        view.patch_into(&patch, &mut encoder)
    } else if let Ok(view) = ExecuteView::parse(envelope) {
        view.patch_into(&patch, &mut encoder)
    } else if let Ok(view) = BatchView::parse(envelope) {
        assert_eq!(view.children().count(), view.len());
        view.patch_into(&patch, &mut encoder)
    } else {
        return;
    };
    patched.expect("what was decoded can be patched");
    let mut bytes = BytesMut::from(encoder.pending());
    let patched = Decoder::new(Direction::Request, Limits::default()).decode(&mut bytes);
    let patched = patched.expect("a frame").expect("a whole frame");
    RequestMessage::decode(&patched).expect("a patched message is a message");
}

fn response(envelope: &Envelope) {
    let _ = ErrorView::parse(envelope);
    let view = ResultView::parse(envelope);
    if let Ok(view) = &view {
        view.rows().map(|rows| rows.cells().filter(Result::is_ok).count());
        let patch = ResponsePatch {
            paging_state: Change::Set(b"next"),
            statement_id: Some(b"id"),
            hidden_markers: &[0, 3],
            ..ResponsePatch::default()
        };
        view.patch_into(&patch, &mut Encoder::new()).expect("what was read can be patched");
    }
    let Ok(message) = ResponseMessage::decode(envelope) else { return };
    assert!(envelope.opcode() != Opcode::Result || view.is_ok(), "a view reads no more than the whole");
    // An error that an older version lacks is told as another one, so what comes back may differ, once.
    if let Ok(encoded) = message.encode(envelope.version(), 1) {
        let again = ResponseMessage::decode(&encoded).expect("what was encoded can be decoded");
        assert_eq!(again.encode(envelope.version(), 1).as_ref(), Ok(&encoded));
    }
}
