//! Decoding undoes encoding, of every message in every version.

use proptest::prelude::*;
use quorate_protocol::frame::{Envelope, Header, Version};
use quorate_protocol::message::response::{
    CqlError, ErrorDetails, Failures, SchemaChange, SchemaChangeKind, SchemaTarget,
};
use quorate_protocol::message::view::{ErrorView, ResultView};
use quorate_protocol::message::{Consistency, RequestMessage, Response, ResponseMessage, WriteType};

use crate::arbitrary;

proptest! {
    #[test]
    fn a_request_survives_the_wire((version, request) in arbitrary::request(), stream: i16) {
        let envelope = request.encode(version, stream).unwrap();
        prop_assert_eq!(envelope.stream(), stream);
        let decoded = RequestMessage::decode(&envelope).unwrap();
        prop_assert_eq!(&decoded, &request);
        prop_assert_eq!(decoded.encode(version, stream).unwrap(), envelope);
    }

    #[test]
    fn a_response_survives_the_wire((version, response) in arbitrary::response(), stream: i16) {
        let envelope = response.encode(version, stream).unwrap();
        let decoded = ResponseMessage::decode(&envelope).unwrap();
        prop_assert_eq!(&decoded, &response);
        prop_assert_eq!(decoded.encode(version, stream).unwrap(), envelope);
    }

    #[test]
    fn a_truncated_request_is_refused((version, request) in arbitrary::request()) {
        let envelope = request.encode(version, 1).unwrap();
        for len in 0..envelope.body().len() {
            prop_assert!(RequestMessage::decode(&cut(&envelope, len)).is_err(), "{} bytes", len);
        }
    }

    #[test]
    fn a_truncated_response_is_refused((version, response) in arbitrary::response()) {
        // What is open-ended has no end to miss: the fields of an unknown error, contentions that old servers leave
        // out.
        let details = if let Response::Error(error) = &response.response { Some(&error.details) } else { None };
        let open_ended = match details {
            Some(ErrorDetails::Other { fields, .. }) => fields.len(),
            Some(ErrorDetails::WriteTimeout { contentions: Some(_), .. }) => 2,
            _ => 0,
        };
        let envelope = response.encode(version, 1).unwrap();
        for len in 0..envelope.body().len() - open_ended {
            prop_assert!(ResponseMessage::decode(&cut(&envelope, len)).is_err(), "{} bytes", len);
        }
    }

    #[test]
    fn bytes_behind_a_request_are_ignored((version, request) in arbitrary::request()) {
        let envelope = request.encode(version, 1).unwrap();
        let longer = Envelope::build(*envelope.header(), |writer| {
            writer.raw(envelope.body());
            writer.byte(0);
            Ok(())
        });
        prop_assert_eq!(RequestMessage::decode(&longer.unwrap()).unwrap(), request);
    }

    #[test]
    fn a_view_of_a_result_shows_what_it_holds((version, response) in arbitrary::response()) {
        let envelope = response.encode(version, 1).unwrap();
        if let Response::Error(error) = &response.response {
            let view = ErrorView::parse(&envelope).unwrap();
            prop_assert_eq!((view.code, view.message), (error.code(), error.message.as_str()));
            let id = if let ErrorDetails::Unprepared { id } = &error.details { Some(&id[..]) } else { None };
            prop_assert_eq!(view.unprepared_id, id);
        }
        if let Response::Rows(rows) = &response.response {
            let view = ResultView::parse(&envelope).unwrap();
            let seen = *view.rows().unwrap();
            prop_assert_eq!(seen.paging_state, rows.metadata.paging_state.as_deref());
            prop_assert_eq!(seen.new_metadata_id, rows.metadata.new_metadata_id.as_deref());
            prop_assert_eq!((seen.column_count, seen.row_count), (rows.metadata.column_count(), rows.rows.len()));
            let cells: Vec<_> = seen.cells().collect::<Result<_, _>>().unwrap();
            let expected: Vec<_> = rows.rows.iter().flatten().map(|cell| cell.as_deref()).collect();
            prop_assert_eq!(cells, expected);
            prop_assert_eq!(&envelope.raw()[seen.content_range(&envelope)], seen.content);
        }
    }
}

/// The envelope with only `len` bytes of its body, and a header that says so.
fn cut(envelope: &Envelope, len: usize) -> Envelope {
    let header: Header = *envelope.header();
    Envelope::build(header, |writer| {
        writer.raw(&envelope.body()[..len]);
        Ok(())
    })
    .unwrap()
}

/// What a driver of an older version is told.
fn told(response: Response, version: Version) -> Response {
    let envelope = ResponseMessage::from(response).encode(version, 0).unwrap();
    ResponseMessage::decode(&envelope).unwrap().response
}

#[test]
fn an_older_driver_is_told_what_it_knows() {
    let (consistency, received, required) = (Consistency::Quorum, 1, 2);
    let failures = Failures::Reasons(vec![([127, 0, 0, 1].into(), 1)]);
    let write_type = WriteType::Simple;
    let failure =
        CqlError::new(ErrorDetails::WriteFailure { consistency, received, required, failures, write_type }, "failed");
    let timeout = ErrorDetails::WriteTimeout { consistency, received, required, write_type, contentions: None };
    assert_eq!(told(Response::Error(failure.clone()), Version::V3), Response::Error(CqlError::new(timeout, "failed")));
    let Response::Error(in_v4) = told(Response::Error(failure), Version::V4) else { panic!("an error") };
    assert!(matches!(in_v4.details, ErrorDetails::WriteFailure { failures: Failures::Count(1), .. }));

    let unknown = CqlError::new(ErrorDetails::CasWriteUnknown { consistency, received, required }, "unknown");
    let Response::Error(in_v4) = told(Response::Error(unknown), Version::V4) else { panic!("an error") };
    assert!(matches!(in_v4.details, ErrorDetails::WriteTimeout { write_type: WriteType::Cas, .. }));
}

#[test]
fn a_version_without_functions_is_told_that_the_keyspace_was_updated() {
    let target = SchemaTarget::Function { name: "f".into(), argument_types: vec!["int".into()] };
    let created = SchemaChange { kind: SchemaChangeKind::Created, keyspace: "ks".into(), target };
    let updated =
        SchemaChange { kind: SchemaChangeKind::Updated, keyspace: "ks".into(), target: SchemaTarget::Keyspace };
    assert_eq!(told(Response::SchemaChange(created), Version::V3), Response::SchemaChange(updated));
}

#[test]
fn a_text_too_long_for_an_error_is_cut_at_a_character() {
    let long = "ä".repeat(40_000);
    let error = CqlError::new(ErrorDetails::Server, long.as_str());
    let Response::Error(error) = told(Response::Error(error), Version::V4) else { panic!("an error") };
    assert_eq!(error.message.len(), 65_534);
}
