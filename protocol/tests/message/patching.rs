//! A patched message is the message with its fields changed.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use quorate_protocol::frame::{Decoder, Direction, EncodeError, Encoder, Envelope, Limits, Value, Version};
use quorate_protocol::message::patch::{Change, ChildPatch, ExtraValue, Patch, ResponsePatch};
use quorate_protocol::message::request::{BindValue, BindValues, OwnedStatement, QueryParameters};
use quorate_protocol::message::response::{Prepared, ResultMetadata};
use quorate_protocol::message::view::{BatchView, ExecuteView, PrepareView, QueryView, ResultView, Statement};
use quorate_protocol::message::{Consistency, Request, RequestMessage, Response, ResponseMessage, SerialConsistency};

use crate::arbitrary;

/// Changes, owned.
#[derive(Debug, Clone)]
struct Changes {
    tracing: Option<bool>,
    query: Option<String>,
    statement_id: Option<Vec<u8>>,
    consistency: Option<Consistency>,
    serial_consistency: Change<SerialConsistency>,
    default_timestamp_micros: Change<i64>,
    page_size: Change<i32>,
    paging_state: Change<Vec<u8>>,
    skip_metadata: Option<bool>,
}

fn change<S: Strategy + 'static>(strategy: S) -> impl Strategy<Value = Change<S::Value>>
where
    S::Value: Clone + 'static,
{
    prop_oneof![2 => Just(Change::Keep), 2 => strategy.prop_map(Change::Set), 1 => Just(Change::Remove)]
}

prop_compose! {
    fn changes()(
        tracing in option::of(any::<bool>()),
        query in option::of(arbitrary::text()),
        statement_id in option::of(vec(any::<u8>(), 0..20)),
        consistency in option::of(prop::sample::select(Consistency::ALL.to_vec())),
        serial_consistency in change(Just(SerialConsistency::LocalSerial)),
        default_timestamp_micros in change(any::<i64>()),
        page_size in change(any::<i32>()),
        paging_state in change(vec(any::<u8>(), 0..20)),
        skip_metadata in option::of(any::<bool>()),
    ) -> Changes {
        Changes {
            tracing, query, statement_id, consistency, serial_consistency, default_timestamp_micros, page_size,
            paging_state, skip_metadata,
        }
    }
}

impl Changes {
    fn patch(&self) -> Patch<'_> {
        Patch {
            stream: Some(77),
            tracing: self.tracing,
            query: self.query.as_deref(),
            statement_id: self.statement_id.as_deref(),
            consistency: self.consistency,
            serial_consistency: self.serial_consistency,
            default_timestamp_micros: self.default_timestamp_micros,
            page_size: self.page_size,
            paging_state: match &self.paging_state {
                Change::Keep => Change::Keep,
                Change::Set(state) => Change::Set(state),
                Change::Remove => Change::Remove,
            },
            skip_metadata: self.skip_metadata,
            ..Patch::default()
        }
    }

    /// The changes, applied to the decoded message.
    fn apply(&self, mut message: RequestMessage) -> RequestMessage {
        message.tracing = self.tracing.unwrap_or(message.tracing);
        match &mut message.request {
            Request::Query { query, parameters } => {
                *query = self.query.clone().unwrap_or_else(|| query.clone());
                self.apply_to_parameters(parameters);
            }
            Request::Prepare { query, .. } => *query = self.query.clone().unwrap_or_else(|| query.clone()),
            Request::Execute { id, parameters, .. } => {
                *id = self.statement_id.clone().map_or_else(|| id.clone(), Into::into);
                self.apply_to_parameters(parameters);
            }
            Request::Batch(batch) => self.apply_to_parameters(&mut batch.parameters),
            _ => {}
        }
        message
    }

    fn apply_to_parameters(&self, parameters: &mut QueryParameters) {
        parameters.consistency = self.consistency.unwrap_or(parameters.consistency);
        parameters.serial_consistency = self.serial_consistency.apply(parameters.serial_consistency);
        parameters.default_timestamp_micros = self.default_timestamp_micros.apply(parameters.default_timestamp_micros);
        parameters.page_size = self.page_size.apply(parameters.page_size);
        match &self.paging_state {
            Change::Keep => {}
            Change::Set(state) => parameters.paging_state = Some(state.clone().into()),
            Change::Remove => parameters.paging_state = None,
        }
        parameters.skip_metadata = self.skip_metadata.unwrap_or(parameters.skip_metadata);
    }
}

/// Patches whichever request it is; `None` for those without a view.
fn patch(envelope: &Envelope, patch: &Patch<'_>) -> Option<Result<Envelope, EncodeError>> {
    let mut encoder = Encoder::new();
    let done = if let Ok(view) = QueryView::parse(envelope) {
        view.patch_into(patch, &mut encoder)
    } else if let Ok(view) = PrepareView::parse(envelope) {
        view.patch_into(patch, &mut encoder)
    } else if let Ok(view) = ExecuteView::parse(envelope) {
        view.patch_into(patch, &mut encoder)
    } else if let Ok(view) = BatchView::parse(envelope) {
        view.patch_into(patch, &mut encoder)
    } else {
        return None;
    };
    Some(done.map(|()| pushed(&encoder, Direction::Request)))
}

fn pushed(encoder: &Encoder, direction: Direction) -> Envelope {
    let mut input = BytesMut::from(encoder.pending());
    let envelope = Decoder::new(direction, Limits::default()).decode(&mut input).unwrap().unwrap();
    assert!(input.is_empty());
    envelope
}

proptest! {
    #[test]
    fn a_patch_changes_what_it_says_and_nothing_else((version, request) in arbitrary::request(), changes in changes()) {
        let envelope = request.encode(version, 1).unwrap();
        if let Some(patched) = patch(&envelope, &changes.patch()) {
            let patched = patched.unwrap();
            prop_assert_eq!(patched.stream(), 77);
            prop_assert_eq!(RequestMessage::decode(&patched).unwrap(), changes.apply(request));
        }
    }

    #[test]
    fn an_empty_patch_keeps_every_byte((version, request) in arbitrary::request()) {
        let envelope = request.encode(version, 1).unwrap();
        if let Some(patched) = patch(&envelope, &Patch::default()) {
            prop_assert_eq!(patched.unwrap(), envelope);
        }
    }

    #[test]
    fn a_message_is_translated_or_refused((version, request) in arbitrary::request(), to in arbitrary::version()) {
        let envelope = request.encode(version, 1).unwrap();
        let to_version = Patch { version: Some(to), ..Patch::default() };
        let Some(Ok(patched)) = patch(&envelope, &to_version) else { return Ok(()) };
        prop_assert_eq!(patched.version(), to);
        let mut translated = RequestMessage::decode(&patched).unwrap();
        // Ids of result metadata and custom payloads are what a version may have alone.
        let mut original = request;
        for message in [&mut translated, &mut original] {
            message.custom_payload = None;
            if let Request::Execute { result_metadata_id, .. } = &mut message.request {
                *result_metadata_id = None;
            }
        }
        prop_assert_eq!(translated, original);
    }

    #[test]
    fn extra_values_end_up_where_they_should(
        values in vec(vec(any::<u8>(), 0..3), 0..5),
        extra in proptest::collection::btree_map(0..8_u16, vec(any::<u8>(), 0..3), 0..4),
    ) {
        let own = |value: &Vec<u8>| BindValue::Bytes(value.clone().into());
        let mut parameters = QueryParameters::new(Consistency::One);
        parameters.values = Some(BindValues::Positional(values.iter().map(own).collect()));
        let request = RequestMessage::from(Request::Query { query: "q".into(), parameters });
        let extra_values: Vec<_> = extra
            .iter()
            .map(|(&position, value)| ExtraValue { position, name: None, value: Value::Bytes(value) })
            .collect();
        let added = Patch { extra_values: &extra_values, ..Patch::default() };
        let patched = patch(&request.encode(Version::V4, 0).unwrap(), &added).unwrap().unwrap();

        let mut expected = values;
        for (&position, value) in &extra {
            expected.insert(usize::from(position).min(expected.len()), value.clone());
        }
        let view = QueryView::parse(&patched).unwrap();
        let seen: Vec<_> = view.parameters.values.iter().map(|(_, value)| value).collect();
        let expected: Vec<_> = expected.iter().map(|value| Value::Bytes(value)).collect();
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn a_patched_result_differs_where_it_should((version, response) in arbitrary::response(), traced: bool) {
        let envelope = response.encode(version, 1).unwrap();
        let Ok(view) = ResultView::parse(&envelope) else { return Ok(()) };
        let mut encoder = Encoder::new();
        let tracing_id = if traced { Change::Keep } else { Change::Remove };
        let patch = ResponsePatch {
            stream: Some(5),
            tracing_id,
            paging_state: Change::Set(b"next"),
            statement_id: Some(b"id"),
            warnings: Change::Remove,
            ..ResponsePatch::default()
        };
        view.patch_into(&patch, &mut encoder).unwrap();

        let mut expected = response;
        expected.tracing_id = tracing_id.apply(expected.tracing_id);
        expected.warnings.clear();
        match &mut expected.response {
            Response::Rows(rows) => rows.metadata.paging_state = Some("next".into()),
            Response::Prepared(prepared) => prepared.id = "id".into(),
            _ => {}
        }
        let patched = pushed(&encoder, Direction::Response);
        prop_assert_eq!(patched.stream(), 5);
        prop_assert_eq!(ResponseMessage::decode(&patched).unwrap(), expected);
    }

    #[test]
    fn hidden_markers_are_gone((version, response) in arbitrary::response(), hidden: prop::sample::Index) {
        let Response::Prepared(mut prepared) = response.response else { return Ok(()) };
        if prepared.markers.specs.is_empty() {
            return Ok(());
        }
        let hidden = hidden.index(prepared.markers.specs.len()) as u16;
        let envelope = ResponseMessage::from(Response::Prepared(prepared.clone())).encode(version, 1).unwrap();
        let mut encoder = Encoder::new();
        let patch = ResponsePatch { hidden_markers: &[hidden], ..ResponsePatch::default() };
        ResultView::parse(&envelope).unwrap().patch_into(&patch, &mut encoder).unwrap();

        prepared.markers.specs.remove(hidden.into());
        if prepared.partition_key_indexes.contains(&hidden) {
            prepared.partition_key_indexes.clear();
        }
        for index in prepared.partition_key_indexes.iter_mut().filter(|index| **index > hidden) {
            *index -= 1;
        }
        let patched = ResponseMessage::decode(&pushed(&encoder, Direction::Response)).unwrap();
        prop_assert_eq!(patched.response, Response::Prepared(prepared));
    }
}

#[test]
fn statements_of_a_batch_are_replaced() {
    let statement = |text: &str| quorate_protocol::message::request::BatchStatement {
        statement: OwnedStatement::Text(text.into()),
        values: vec![BindValue::Null],
    };
    let batch = quorate_protocol::message::request::Batch {
        batch_type: quorate_protocol::message::BatchType::Logged,
        statements: vec![statement("a"), statement("b"), statement("c")],
        parameters: QueryParameters::new(Consistency::One),
    };
    let envelope = RequestMessage::from(Request::Batch(batch)).encode(Version::V5, 0).unwrap();
    let extra = [ExtraValue { position: 0, name: None, value: Value::Bytes(b"x") }];
    let same_length = ChildPatch { index: 1, statement: Some(Statement::Text("B")), extra_values: &[] };
    let other_kind = ChildPatch { index: 2, statement: Some(Statement::Id(b"id")), extra_values: &extra };

    for children in [&[same_length][..], &[same_length, other_kind]] {
        let patched = patch(&envelope, &Patch { children, ..Patch::default() }).unwrap().unwrap();
        let view = BatchView::parse(&patched).unwrap();
        let seen: Vec<_> = view.children().map(|child| (child.statement, child.values.len())).collect();
        let third = if children.len() == 2 { (Statement::Id(b"id"), 2) } else { (Statement::Text("c"), 1) };
        assert_eq!(seen, [(Statement::Text("a"), 1), (Statement::Text("B"), 1), third]);
    }
}

#[test]
fn what_a_version_cannot_say_is_refused_unless_removed() {
    let mut parameters = QueryParameters::new(Consistency::One);
    parameters.keyspace = Some("ks".into());
    let envelope =
        RequestMessage::from(Request::Query { query: "q".into(), parameters }).encode(Version::V5, 0).unwrap();
    let to_v4 = Patch { version: Some(Version::V4), ..Patch::default() };
    assert_eq!(patch(&envelope, &to_v4), Some(Err(EncodeError::NotInVersion { what: "a keyspace" })));
    let without = Patch { keyspace: Change::Remove, ..to_v4 };
    let patched = patch(&envelope, &without).unwrap().unwrap();
    assert_eq!(QueryView::parse(&patched).unwrap().parameters.keyspace, None);
}

#[test]
fn a_prepared_statement_of_no_markers_is_patched() {
    let prepared = Prepared {
        id: "old".into(),
        result_metadata_id: None,
        markers: Default::default(),
        partition_key_indexes: vec![],
        result: ResultMetadata::none(),
    };
    let envelope = ResponseMessage::from(Response::Prepared(prepared)).encode(Version::V4, 0).unwrap();
    let mut encoder = Encoder::new();
    let patch = ResponsePatch { hidden_markers: &[0, 0, 7], statement_id: Some(b"new"), ..ResponsePatch::default() };
    ResultView::parse(&envelope).unwrap().patch_into(&patch, &mut encoder).unwrap();
    let patched = pushed(&encoder, Direction::Response);
    let Response::Prepared(seen) = ResponseMessage::decode(&patched).unwrap().response else { panic!("prepared") };
    assert_eq!(seen.id, "new");
}
