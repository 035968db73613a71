//! What it costs to parse statements as drivers send them, about a microsecond each, and to find their tokens.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use quorate_protocol::cql;

const STATEMENTS: &[(&str, &str)] = &[
    ("select one row", "SELECT name, email FROM store.users WHERE id = ?"),
    (
        "select a range",
        "SELECT * FROM store.orders WHERE user = ? AND day >= ? AND day < ? ORDER BY day DESC LIMIT 100",
    ),
    ("insert markers", "INSERT INTO store.users (id, name, email) VALUES (?, ?, ?) USING TTL ?"),
    (
        "insert constants",
        "INSERT INTO store.users (id, name, email, tags) \
         VALUES (123e4567-e89b-12d3-a456-426614174000, 'Ann', 'ann@example.org', {'a', 'b'})",
    ),
    ("update", "UPDATE store.users SET email = ?, visits = visits + 1 WHERE id = ? IF version = 7"),
    ("delete", "DELETE FROM store.orders WHERE user = 1 AND day IN ('2020-01-01', '2020-01-02')"),
];

fn benchmark(criterion: &mut Criterion) {
    for (operation, run) in [("parse", parse as fn(&str)), ("lex", lex)] {
        let mut group = criterion.benchmark_group(operation);
        for (name, text) in STATEMENTS {
            group.bench_with_input(BenchmarkId::from_parameter(name), text, |bencher, text| {
                bencher.iter(|| run(black_box(text)));
            });
        }
        group.finish();
    }
}

fn parse(text: &str) {
    let _ = black_box(cql::parse(text));
}

fn lex(text: &str) {
    let _ = black_box(cql::lexer::Lexer::new(text).last());
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
