//! What a frame costs on its way through a proxy: decoded, viewed, patched, encoded.
//!
//! `cargo bench -p quorate-protocol --bench frames`

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark of messages that it builds itself")]

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use quorate_protocol::frame::{Compression, Decoder, Direction, Encoder, Envelope, Limits, Version};
use quorate_protocol::message::patch::{Change, Patch};
use quorate_protocol::message::request::{BindValue, BindValues, QueryParameters};
use quorate_protocol::message::response::{ColumnSpec, ResultMetadata, Rows, TableSpec};
use quorate_protocol::message::view::{ExecuteView, ResultView};
use quorate_protocol::message::{Consistency, Request, RequestMessage, Response, ResponseMessage};
use quorate_protocol::value::{CqlType, NativeType};

/// How many frames a read of a busy connection brings.
const FRAMES: usize = 64;

/// EXECUTE with two values, as a write of one row has.
fn execute(version: Version) -> Envelope {
    let value = |bytes: &'static [u8]| BindValue::Bytes(Bytes::from_static(bytes));
    let mut parameters = QueryParameters::new(Consistency::LocalQuorum);
    parameters.values = Some(BindValues::Positional(vec![value(b"0123456789abcdef"), value(&[b'v'; 100])]));
    parameters.skip_metadata = true;
    parameters.page_size = Some(5000);
    let id = Bytes::from_static(b"fedcba9876543210");
    let result_metadata_id = version.features().result_metadata_id.then(|| id.clone());
    RequestMessage::from(Request::Execute { id, result_metadata_id, parameters }).encode(version, 7).unwrap()
}

/// One row of two columns, with its metadata.
fn rows() -> Envelope {
    let table = std::sync::Arc::new(TableSpec { keyspace: "keyspace".into(), table: "table".into() });
    let column = |name: &str, native: NativeType| ColumnSpec {
        table: table.clone(),
        name: name.into(),
        cql_type: CqlType::from(native),
    };
    let metadata = ResultMetadata::new(vec![column("id", NativeType::Uuid), column("value", NativeType::Text)]);
    let cell = |bytes: &'static [u8]| Some(Bytes::from_static(bytes));
    let rows = Rows { metadata, rows: vec![vec![cell(&[7; 16]), cell(&[b'v'; 100])]] };
    ResponseMessage::from(Response::Rows(rows)).encode(Version::V5, 7).unwrap()
}

fn decode(criterion: &mut Criterion) {
    for (name, version, compression) in [
        ("decode 64 bare", Version::V4, None),
        ("decode 64 in a segment", Version::V5, None),
        ("decode 64 in a segment of lz4", Version::V5, Some(Compression::Lz4)),
    ] {
        let envelope = execute(version);
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new(Direction::Request, Limits::default()));
        if let Some(compression) = compression {
            encoder.set_compression(compression);
            decoder.set_compression(compression);
        }
        if version.features().segments {
            encoder.use_segments();
            decoder.use_segments();
        }
        (0..FRAMES).for_each(|_| encoder.push(envelope.raw(), 7));
        encoder.seal();
        let read = || BytesMut::from(encoder.pending());
        criterion.bench_function(name, |bencher| {
            bencher.iter_batched(
                read,
                |mut input| while black_box(decoder.decode(&mut input)).unwrap().is_some() {},
                BatchSize::SmallInput,
            );
        });
    }
}

fn view(criterion: &mut Criterion) {
    let (execute, rows) = (execute(Version::V5), rows());
    criterion
        .bench_function("view EXECUTE", |bencher| bencher.iter(|| ExecuteView::parse(black_box(&execute)).is_ok()));
    criterion.bench_function("view ROWS", |bencher| bencher.iter(|| ResultView::parse(black_box(&rows)).is_ok()));
    criterion.bench_function("decode EXECUTE whole", |bencher| {
        bencher.iter(|| RequestMessage::decode(black_box(&execute)));
    });
}

fn patch(criterion: &mut Criterion) {
    let envelope = execute(Version::V5);
    let view = ExecuteView::parse(&envelope).unwrap();
    let id: &[u8] = b"another statemen";
    let in_place =
        Patch { stream: Some(9), statement_id: Some(id), consistency: Some(Consistency::One), ..Patch::default() };
    let stamped = Patch { default_timestamp_micros: Change::Set(1), ..in_place };
    for (name, patch) in [("patch in place", in_place), ("patch with a timestamp added", stamped)] {
        let mut encoder = Encoder::new();
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                view.patch_into(black_box(&patch), &mut encoder).unwrap();
                encoder.advance(encoder.pending().len());
            });
        });
    }
    let mut encoder = Encoder::new();
    criterion.bench_function("push", |bencher| {
        bencher.iter(|| {
            encoder.push(black_box(envelope.raw()), 9);
            encoder.advance(encoder.pending().len());
        });
    });
}

criterion_group!(frames, decode, view, patch);
criterion_main!(frames);
