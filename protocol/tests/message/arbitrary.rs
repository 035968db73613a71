//! Any message that a version can express.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use quorate_protocol::frame::Version;
use quorate_protocol::message::request::{
    Batch, BatchStatement, BindValue, BindValues, OwnedStatement, QueryParameters, Startup,
};
use quorate_protocol::message::response::{
    ColumnSpec, Columns, CqlError, ErrorDetails, Event, EventType, Failures, Prepared, ResultColumns, ResultMetadata,
    Rows, SchemaChange, SchemaChangeKind, SchemaTarget, StatusChange, TableSpec, TopologyChange,
};
use quorate_protocol::message::{
    BatchType, Consistency, CustomPayload, Request, RequestMessage, Response, ResponseMessage, SerialConsistency,
    WriteType,
};
use quorate_protocol::value::{CqlType, NativeType};

pub(crate) fn version() -> impl Strategy<Value = Version> {
    prop::sample::select(Version::ALL.to_vec())
}

/// A version, and a request that it can express.
pub(crate) fn request() -> impl Strategy<Value = (Version, RequestMessage)> {
    version().prop_flat_map(|version| (Just(version), request_in(version)))
}

/// A version, and a response that it can express.
pub(crate) fn response() -> impl Strategy<Value = (Version, ResponseMessage)> {
    version().prop_flat_map(|version| (Just(version), response_in(version)))
}

pub(crate) fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

pub(crate) fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..20).prop_map(Bytes::from)
}

/// `Some` where the version has it.
fn when<S: Strategy + 'static>(has: bool, strategy: S) -> BoxedStrategy<Option<S::Value>>
where
    S::Value: Clone + 'static,
{
    if has { strategy.prop_map(Some).boxed() } else { Just(None).boxed() }
}

/// `Some` at times, where the version has it.
fn optional<S: Strategy + 'static>(has: bool, strategy: S) -> BoxedStrategy<Option<S::Value>>
where
    S::Value: Clone + 'static,
{
    if has { option::of(strategy).boxed() } else { Just(None).boxed() }
}

fn payload(version: Version) -> impl Strategy<Value = Option<CustomPayload>> {
    optional(version.features().custom_payload, vec((text(), option::of(bytes())), 0..3).prop_map(CustomPayload))
}

fn request_in(version: Version) -> impl Strategy<Value = RequestMessage> {
    let features = version.features();
    let request = prop_oneof![
        vec((text(), text()), 0..4).prop_map(|options| Request::Startup(Startup { options })),
        Just(Request::Options),
        (text(), parameters(version)).prop_map(|(query, parameters)| Request::Query { query, parameters }),
        (text(), optional(features.keyspace, text()))
            .prop_map(|(query, keyspace)| Request::Prepare { query, keyspace }),
        (bytes(), when(features.result_metadata_id, bytes()), parameters(version))
            .prop_map(|(id, result_metadata_id, parameters)| Request::Execute { id, result_metadata_id, parameters }),
        batch(version).prop_map(Request::Batch),
        vec(prop::sample::select(EventType::ALL.to_vec()), 0..4).prop_map(Request::Register),
        option::of(bytes()).prop_map(Request::AuthResponse),
    ];
    (any::<bool>(), payload(version), request).prop_map(|(tracing, custom_payload, request)| RequestMessage {
        tracing,
        custom_payload,
        request,
    })
}

fn parameters(version: Version) -> impl Strategy<Value = QueryParameters> {
    let features = version.features();
    let named = vec((text(), value(version)), 0..4).prop_map(BindValues::Named);
    let positional = vec(value(version), 0..4).prop_map(BindValues::Positional);
    (
        consistency(),
        option::of(prop_oneof![named, positional]),
        any::<bool>(),
        option::of(any::<i32>()),
        option::of(bytes()),
        option::of(serial_consistency()),
        option::of(any::<i64>()),
        optional(features.keyspace, text()),
        optional(features.now_in_seconds, any::<i32>()),
    )
        .prop_map(
            |(consistency, values, skip_metadata, page_size, paging_state, serial, timestamp, keyspace, now)| {
                QueryParameters {
                    consistency,
                    values,
                    skip_metadata,
                    page_size,
                    paging_state,
                    serial_consistency: serial,
                    default_timestamp_micros: timestamp,
                    keyspace,
                    now_in_seconds: now,
                }
            },
        )
}

fn batch(version: Version) -> impl Strategy<Value = Batch> {
    let statement = prop_oneof![text().prop_map(OwnedStatement::Text), bytes().prop_map(OwnedStatement::Id)];
    let child =
        (statement, vec(value(version), 0..3)).prop_map(|(statement, values)| BatchStatement { statement, values });
    let batch_type = prop::sample::select(vec![BatchType::Logged, BatchType::Unlogged, BatchType::Counter]);
    let parameters = parameters(version).prop_map(|all| QueryParameters {
        values: None,
        skip_metadata: false,
        page_size: None,
        paging_state: None,
        ..all
    });
    (batch_type, vec(child, 0..4), parameters).prop_map(|(batch_type, statements, parameters)| Batch {
        batch_type,
        statements,
        parameters,
    })
}

fn value(version: Version) -> BoxedStrategy<BindValue> {
    let present = prop_oneof![4 => bytes().prop_map(BindValue::Bytes), 1 => Just(BindValue::Null)];
    if version.features().unset_values {
        prop_oneof![4 => present, 1 => Just(BindValue::Unset)].boxed()
    } else {
        present.boxed()
    }
}

fn consistency() -> impl Strategy<Value = Consistency> {
    prop::sample::select(Consistency::ALL.to_vec())
}

fn serial_consistency() -> impl Strategy<Value = SerialConsistency> {
    prop::sample::select(vec![SerialConsistency::Serial, SerialConsistency::LocalSerial])
}

fn response_in(version: Version) -> impl Strategy<Value = ResponseMessage> {
    let warnings = if version.features().warnings { vec(text(), 0..3).boxed() } else { Just(vec![]).boxed() };
    let response = prop_oneof![
        6 => error(version).prop_map(Response::Error),
        1 => Just(Response::Ready),
        1 => text().prop_map(Response::Authenticate),
        1 => vec((text(), vec(text(), 0..3)), 0..3).prop_map(Response::Supported),
        1 => Just(Response::Void),
        4 => rows(version).prop_map(Response::Rows),
        1 => text().prop_map(Response::SetKeyspace),
        4 => prepared(version).prop_map(Response::Prepared),
        2 => schema_change(version).prop_map(Response::SchemaChange),
        2 => event(version).prop_map(Response::Event),
        1 => option::of(bytes()).prop_map(Response::AuthChallenge),
        1 => option::of(bytes()).prop_map(Response::AuthSuccess),
    ];
    (option::of(any::<[u8; 16]>().prop_map(uuid::Uuid::from_bytes)), warnings, payload(version), response).prop_map(
        |(tracing_id, warnings, custom_payload, response)| ResponseMessage {
            tracing_id,
            warnings,
            custom_payload,
            response,
        },
    )
}

fn error(version: Version) -> impl Strategy<Value = CqlError> {
    (text(), details(version)).prop_map(|(message, details)| CqlError { message, details })
}

fn details(version: Version) -> BoxedStrategy<ErrorDetails> {
    let features = version.features();
    let counts = || (consistency(), any::<i32>(), any::<i32>());
    let write_type = || prop::sample::select(WriteType::ALL.to_vec());
    let counts_contentions = features.cas_write_unknown;
    let in_every_version = prop_oneof![
        prop::sample::select(vec![
            ErrorDetails::Server,
            ErrorDetails::Protocol,
            ErrorDetails::BadCredentials,
            ErrorDetails::Overloaded,
            ErrorDetails::Bootstrapping,
            ErrorDetails::Truncate,
            ErrorDetails::Syntax,
            ErrorDetails::Unauthorized,
            ErrorDetails::Invalid,
            ErrorDetails::Config,
        ]),
        counts().prop_map(|(consistency, required, alive)| ErrorDetails::Unavailable { consistency, required, alive }),
        (counts(), write_type(), any::<u16>()).prop_map(
            move |((consistency, received, required), write_type, contentions)| {
                let counted = counts_contentions && write_type == WriteType::Cas;
                let contentions = counted.then_some(contentions);
                ErrorDetails::WriteTimeout { consistency, received, required, write_type, contentions }
            }
        ),
        (counts(), any::<bool>()).prop_map(|((consistency, received, required), data_present)| {
            ErrorDetails::ReadTimeout { consistency, received, required, data_present }
        }),
        (text(), text()).prop_map(|(keyspace, table)| ErrorDetails::AlreadyExists { keyspace, table }),
        bytes().prop_map(|id| ErrorDetails::Unprepared { id }),
        (0x3000..0x4000, bytes()).prop_map(|(code, fields)| ErrorDetails::Other { code, fields }),
    ];
    if !features.failures {
        return in_every_version.boxed();
    }
    let failures = || {
        if features.failure_reasons {
            vec((any::<IpAddr>(), any::<u16>()), 0..3).prop_map(Failures::Reasons).boxed()
        } else {
            any::<i32>().prop_map(Failures::Count).boxed()
        }
    };
    let since_v4 = prop_oneof![
        (counts(), failures(), any::<bool>()).prop_map(
            |((consistency, received, required), failures, data_present)| {
                ErrorDetails::ReadFailure { consistency, received, required, failures, data_present }
            }
        ),
        (counts(), failures(), write_type()).prop_map(|((consistency, received, required), failures, write_type)| {
            ErrorDetails::WriteFailure { consistency, received, required, failures, write_type }
        }),
        (text(), text(), vec(text(), 0..3)).prop_map(|(keyspace, function, argument_types)| {
            ErrorDetails::FunctionFailure { keyspace, function, argument_types }
        }),
        Just(ErrorDetails::CdcWriteFailure),
    ];
    if !features.cas_write_unknown {
        return prop_oneof![in_every_version, since_v4].boxed();
    }
    let since_v5 = counts().prop_map(|(consistency, received, required)| ErrorDetails::CasWriteUnknown {
        consistency,
        received,
        required,
    });
    prop_oneof![2 => in_every_version, 2 => since_v4, 1 => since_v5].boxed()
}

fn cql_type() -> impl Strategy<Value = CqlType> {
    let native = prop::sample::select(vec![
        NativeType::Int,
        NativeType::Text,
        NativeType::Blob,
        NativeType::TinyInt,
        NativeType::Date,
        NativeType::Duration,
        NativeType::Uuid,
    ]);
    native.prop_map(CqlType::from).prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(CqlType::list),
            inner.clone().prop_map(CqlType::set),
            (inner.clone(), inner.clone()).prop_map(|(key, value)| CqlType::map(key, value)),
            vec(inner, 1..3).prop_map(|elements| CqlType::Tuple(elements.into())),
        ]
    })
}

fn columns(size: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Columns> {
    let table = || (text(), text()).prop_map(|(keyspace, table)| Arc::new(TableSpec { keyspace, table }));
    let spec = (table(), text(), cql_type()).prop_map(|(table, name, cql_type)| ColumnSpec { table, name, cql_type });
    (vec(spec, size), option::of(table())).prop_map(|(mut specs, global_table)| {
        if let Some(table) = &global_table {
            specs.iter_mut().for_each(|spec| spec.table = table.clone());
        }
        Columns { specs, global_table }
    })
}

fn metadata(version: Version, columns_max: usize) -> impl Strategy<Value = ResultMetadata> {
    let described = columns(1..=columns_max).prop_map(ResultColumns::Described);
    let omitted =
        (1..=columns_max, any::<bool>()).prop_map(|(count, global_flag)| ResultColumns::Omitted { count, global_flag });
    let new_id = optional(version.features().result_metadata_id, bytes());
    (option::of(bytes()), new_id, prop_oneof![described, omitted])
        .prop_map(|(paging_state, new_metadata_id, columns)| ResultMetadata { paging_state, new_metadata_id, columns })
}

fn rows(version: Version) -> impl Strategy<Value = Rows> {
    metadata(version, 4).prop_flat_map(|metadata| {
        let row = vec(option::of(bytes()), metadata.column_count());
        (Just(metadata), vec(row, 0..4)).prop_map(|(metadata, rows)| Rows { metadata, rows })
    })
}

fn prepared(version: Version) -> impl Strategy<Value = Prepared> {
    let features = version.features();
    let result = prop_oneof![Just(ResultMetadata::none()), metadata(version, 3)];
    let indexes = vec(any::<u16>(), if features.partition_key_indexes { 0..3 } else { 0..1 });
    (bytes(), when(features.result_metadata_id, bytes()), columns(0..4_usize), indexes, result).prop_map(
        |(id, result_metadata_id, markers, partition_key_indexes, result)| Prepared {
            id,
            result_metadata_id,
            markers,
            partition_key_indexes,
            result,
        },
    )
}

fn schema_change(version: Version) -> impl Strategy<Value = SchemaChange> {
    let kinds = vec![SchemaChangeKind::Created, SchemaChangeKind::Updated, SchemaChangeKind::Dropped];
    let in_every_version = prop_oneof![
        Just(SchemaTarget::Keyspace),
        text().prop_map(SchemaTarget::Table),
        text().prop_map(SchemaTarget::Type),
    ];
    let routine = || (text(), vec(text(), 0..3));
    let target = if version.features().function_schema_changes {
        prop_oneof![
            in_every_version,
            routine().prop_map(|(name, argument_types)| SchemaTarget::Function { name, argument_types }),
            routine().prop_map(|(name, argument_types)| SchemaTarget::Aggregate { name, argument_types }),
        ]
        .boxed()
    } else {
        in_every_version.boxed()
    };
    (prop::sample::select(kinds), text(), target).prop_map(|(kind, keyspace, target)| SchemaChange {
        kind,
        keyspace,
        target,
    })
}

fn event(version: Version) -> impl Strategy<Value = Event> {
    let node = || any::<(IpAddr, u16)>().prop_map(SocketAddr::from);
    let topology = vec![TopologyChange::NewNode, TopologyChange::RemovedNode, TopologyChange::MovedNode];
    prop_oneof![
        (prop::sample::select(topology), node()).prop_map(|(change, node)| Event::Topology(change, node)),
        (prop::sample::select(vec![StatusChange::Up, StatusChange::Down]), node())
            .prop_map(|(change, node)| Event::Status(change, node)),
        schema_change(version).prop_map(Event::Schema),
    ]
}
