//! SELECTs on tables of every shape, over a store and over rows in memory, beside Apache Cassandra 5.0.6.
//!
//! `testdata/rich` is as `testdata` is: the statements that made the tables, and what Cassandra answered. `bound-5.0.6.txt`
//! holds statements with values (hex, `null`, `unset`, `empty`) and what it answered to those.

use bytes::Bytes;
use quorate_protocol::cql::ast::{Select, Statement};
use quorate_protocol::cql::parse;
use quorate_protocol::frame::Envelope;
use quorate_protocol::message::Response;
use quorate_protocol::message::response::{Prepared, Rows};
use quorate_protocol::message::view::{QueryView, Values};

use super::fixture::Fixture;
use super::{hex, is_same};
use crate::engine::environment::tests::Still;
use crate::engine::table::Row;
use crate::engine::{EngineError, Page, Plan, RowSource};

const ANSWERS: &str = include_str!("../testdata/rich/cassandra-5.0.6.txt");
const BOUND: &str = include_str!("../testdata/rich/bound-5.0.6.txt");

/// Statements whose answer differs, and why that is accepted.
const DIFFERENT: &[(&str, &str)] = &[
    ("mask_default(p)", "Cassandra declares timeuuids that functions give as a class that drivers do not know"),
    ("min(p), max(p)", "the same"),
    ("SHA-224", "no library in use has it"),
    ("fromjson('nojson')", "the message of Cassandra's parser of JSON"),
    ("m = fromjson(?)", "the same"),
    ("m[?..?]", "an unset bound of a slice is refused"),
    ("(int) ? FROM r.plain", "Cassandra shows what is unset as an empty value, which is none"),
    ("u = ? ALLOW", "Cassandra fails with an internal error"),
];

/// Values that are refused in other words than Cassandra's, or that Cassandra takes for what they are not.
const OTHER_WORDS: &[&str] = &[
    "SELECT k FROM r.typed WHERE k IN ? 000000020000000400000002000000040000000100",
    "SELECT k FROM r.typed WHERE vf = ? ALLOW FILTERING 3fc00000",
    "SELECT k FROM r.typed WHERE a = ? ALLOW FILTERING ff",
    "SELECT k FROM r.typed WHERE j = ? ALLOW FILTERING 7f0000",
    "SELECT k FROM r.typed WHERE r = ? ALLOW FILTERING 00",
    "SELECT k FROM r.typed WHERE p = ? ALLOW FILTERING 00000000000040008080808080808080",
];

#[test]
fn answers_of_a_store_are_those_of_cassandra() {
    let fixture = Fixture::new();
    let mut wrong = Vec::new();
    let lines: Vec<&str> = ANSWERS.lines().collect();
    let (statements, rest) = lines.as_chunks::<3>();
    assert!(rest.is_empty());
    for [text, prepared, rows] in statements {
        if DIFFERENT.iter().any(|(part, _)| text.contains(part)) {
            continue;
        }
        let ours = answer(&fixture, text, &Values::NONE);
        for (ours, theirs) in [(&ours.0, prepared), (&ours.1, rows)] {
            if !is_same(ours, theirs) {
                wrong.push(format!("{text}\n  ours:   {ours}\n  theirs: {theirs}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} answers differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn answers_to_values_are_those_of_cassandra() {
    let fixture = Fixture::new();
    let mut wrong = Vec::new();
    let lines: Vec<&str> = BOUND.lines().collect();
    let (statements, rest) = lines.as_chunks::<3>();
    assert!(rest.is_empty());
    for [text, values, rows] in statements {
        if DIFFERENT.iter().any(|(part, _)| text.contains(part)) {
            continue;
        }
        let request = request_with(values);
        let view = QueryView::parse(&request).unwrap();
        let (_, ours) = answer(&fixture, text, &view.parameters.values);
        if OTHER_WORDS.contains(&format!("{text} {values}").as_str()) {
            assert!(ours.starts_with("E 8704 "), "{text}");
        } else if !is_same(&ours, rows) {
            wrong.push(format!("{text}\n  with {values}\n  ours:   {ours}\n  theirs: {rows}"));
        }
    }
    assert!(wrong.is_empty(), "{} answers differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// A QUERY with these values.
fn request_with(values: &str) -> Envelope {
    let mut body = vec![0, 0, 0, 0, 0, 1, 1];
    let values: Vec<&str> = values.split_whitespace().collect();
    body.extend((values.len() as u16).to_be_bytes());
    for value in values {
        let bytes = match value {
            "null" => Err(-1_i32),
            "unset" => Err(-2),
            "empty" => Ok(Vec::new()),
            hex => Ok((0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()),
        };
        body.extend(bytes.as_ref().map_or_else(|length| *length, |bytes| bytes.len() as i32).to_be_bytes());
        body.extend(bytes.unwrap_or_default());
    }
    let mut raw = vec![4, 0, 0, 1, 7];
    raw.extend((body.len() as u32).to_be_bytes());
    raw.extend(body);
    Envelope::parse(raw.into()).unwrap()
}

fn answer(fixture: &Fixture, text: &str, values: &Values<'_>) -> (String, String) {
    let refused = |message: &str| format!("E 8704 {message}");
    let select = select(text);
    let Some(definition) = fixture.tables.get(select.from.name.as_str()) else {
        let error = refused(&format!("table {} does not exist", select.from.name.as_str()));
        return (error.clone(), error);
    };
    let lookup = |_: Option<&str>, name: &str| fixture.user_type(name);
    let plan = match Plan::prepare_stored(&select, definition, &lookup) {
        Ok(plan) => plan,
        Err(error) => return (refused(&error.to_string()), refused(&error.to_string())),
    };
    let prepared = Response::Prepared(Prepared {
        id: Bytes::new(),
        result_metadata_id: None,
        markers: plan.markers(),
        partition_key_indexes: plan.partition_key_indexes(),
        result: plan.metadata().clone(),
    });
    let rows = match plan.execute(&fixture.store, values, page(), &mut Still::default()) {
        Ok(rows) => format!("R {}", hex(&Response::Rows(rows), 4)),
        Err(EngineError::Invalid(message)) => refused(&message),
        Err(error) => format!("E 5120 {error}"),
    };
    (format!("P {}", hex(&prepared, 6)), rows)
}

fn page() -> Page<'static> {
    Page { now_seconds: Some(2000), ..Page::default() }
}

fn select(text: &str) -> Select<'_> {
    match parse(text) {
        Ok(Statement::Select(select)) => *select,
        other => panic!("{text} is no SELECT: {other:?}"),
    }
}

/// Every statement that has an answer.
fn answered<'f>(fixture: &'f Fixture) -> impl Iterator<Item = (&'static str, Plan)> + 'f {
    let lines = ANSWERS.lines().step_by(3).zip(ANSWERS.lines().skip(2).step_by(3));
    lines.filter(|(_, rows)| rows.starts_with("R ")).filter_map(|(text, _)| {
        let select = select(text);
        let lookup = |_: Option<&str>, name: &str| fixture.user_type(name);
        let plan = Plan::prepare_stored(&select, fixture.tables.get(select.from.name.as_str())?, &lookup).ok()?;
        Some((text, plan))
    })
}

#[test]
fn pages_of_any_size_are_the_whole_result() {
    let fixture = Fixture::new();
    let mut pages_seen = 0;
    for (text, plan) in answered(&fixture) {
        if plan.sorts_result() || text.contains("now()") {
            continue;
        }
        let run = |page: Page<'_>| plan.execute(&fixture.store, &Values::NONE, page, &mut Still::default());
        let Ok(whole) = run(page()) else { continue };
        for size in [1, 2, 3, 7] {
            let (mut seen, mut state) = (Vec::new(), None::<Bytes>);
            loop {
                let Rows { metadata, rows } =
                    run(Page { size: Some(size), state: state.as_deref(), ..page() }).unwrap();
                assert!(rows.len() <= size || plan.group_by.is_none() && plan.is_aggregate(), "{text}");
                assert!(!rows.is_empty() || metadata.paging_state.is_none(), "{text}: a page of nothing but a state");
                seen.extend(rows);
                state = metadata.paging_state;
                pages_seen += 1;
                if state.is_none() {
                    break;
                }
            }
            assert_eq!(seen, whole.rows, "{text} in pages of {size}");
        }
    }
    assert!(pages_seen > 1000);
}

#[test]
fn an_index_finds_what_a_scan_finds() {
    let fixture = Fixture::new();
    let mut used = 0;
    for (text, plan) in answered(&fixture) {
        if plan.index_use.is_none() {
            continue;
        }
        used += 1;
        let mut scanning = plan.clone();
        scanning.index_use = None;
        let run = |plan: &Plan| plan.execute(&fixture.store, &Values::NONE, page(), &mut Still::default());
        assert_eq!(run(&plan), run(&scanning), "{text}");
    }
    assert!(used > 20);
}

#[test]
fn rows_in_memory_give_what_a_store_gives() {
    let mut fixture = Fixture::new();
    // without indexes, which rows in memory do not have
    let names: Vec<String> = fixture.tables.keys().cloned().collect();
    for name in &names {
        fixture.definition_mut(name).indexes.clear();
    }
    let mut compared = 0;
    for text in ANSWERS.lines().step_by(3) {
        let select = select(text);
        let Some(definition) = fixture.tables.get(select.from.name.as_str()) else { continue };
        let lookup = |_: Option<&str>, name: &str| fixture.user_type(name);
        let is_of_values = ["writetime", "ttl(", "now()"].iter().all(|part| !text.contains(part));
        let (Ok(stored), true) = (Plan::prepare_stored(&select, definition, &lookup), is_of_values) else { continue };
        let in_memory = Plan::prepare(&select, &definition.table, &lookup).unwrap();
        let all = format!("SELECT * FROM r.{}", select.from.name.as_str());
        let all = Plan::prepare_stored(&super::rich::select(&all), definition, &lookup).unwrap();
        let all: Vec<Row> = all.execute(&fixture.store, &Values::NONE, page(), &mut Still::default()).unwrap().rows;
        let by_store = stored.execute(&fixture.store, &Values::NONE, page(), &mut Still::default());
        let by_rows = in_memory.execute(RowSource::Rows(&all), &Values::NONE, page(), &mut Still::default());
        assert_eq!(by_rows, by_store, "{text}");
        compared += usize::from(by_store.is_ok());
        if !stored.sorts_result() && by_store.is_ok() {
            let state = |state| Page { size: Some(2), state, ..page() };
            let first = in_memory.execute(&all, &Values::NONE, state(None), &mut Still::default()).unwrap();
            let next = first.metadata.paging_state.clone();
            let of_store = stored.execute(&fixture.store, &Values::NONE, state(None), &mut Still::default()).unwrap();
            assert_eq!(next, of_store.metadata.paging_state, "{text}");
            if let Some(next) = next {
                let page = state(Some(&next));
                let of_rows = in_memory.execute(&all, &Values::NONE, page, &mut Still::default()).unwrap();
                let of_store = stored.execute(&fixture.store, &Values::NONE, page, &mut Still::default()).unwrap();
                assert_eq!(of_rows, of_store, "{text}");
            }
        }
    }
    assert!(compared > 200);
}

#[test]
fn what_has_expired_is_gone_and_what_has_not_says_for_how_long() {
    let mut fixture = Fixture::new();
    // written at second 1000
    fixture.run("INSERT INTO r.plain (k, a) VALUES ('ttl', 1) USING TIMESTAMP 9000 AND TTL 100");
    fixture.run("UPDATE r.plain USING TIMESTAMP 9001 AND TTL 200 SET b = 'longer' WHERE k = 'ttl'");
    fixture.run(
        "UPDATE r.shapes USING TIMESTAMP 9002 AND TTL 100 SET m['short'] = 1, u.street = 's' WHERE k = 9 AND c = 9",
    );
    let at = |second: i64, text: &str| {
        let select = select(text);
        let lookup = |_: Option<&str>, name: &str| fixture.user_type(name);
        let definition = &fixture.tables[select.from.name.as_str()];
        let plan = Plan::prepare_stored(&select, definition, &lookup).unwrap();
        let page = Page { now_seconds: Some(second), ..Page::default() };
        let rows = plan.execute(&fixture.store, &Values::NONE, page, &mut Still::default()).unwrap().rows;
        let text = |cell: &Option<Bytes>| match cell {
            Some(json) => String::from_utf8_lossy(json).into_owned(),
            None => "null".to_owned(),
        };
        rows.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let plain = "SELECT JSON a, b, ttl(a), ttl(b), writetime(a) FROM r.plain WHERE k = 'ttl'";
    assert_eq!(at(1040, plain), [r#"{"a": 1, "b": "longer", "ttl(a)": 60, "ttl(b)": 160, "writetime(a)": 9000}"#]);
    assert_eq!(at(1100, plain), [r#"{"a": null, "b": "longer", "ttl(a)": null, "ttl(b)": 100, "writetime(a)": null}"#]);
    assert!(at(1200, plain).is_empty());
    let shapes = "SELECT JSON m, u, ttl(m), ttl(u), ttl(u.street) FROM r.shapes WHERE k = 9";
    assert_eq!(
        at(1001, shapes),
        [concat!(
            r#"{"m": {"short": 1}, "u": {"street": "s", "number": null, "tags": null}, "ttl(m)": [99], "#,
            r#""ttl(u)": [99, null, null], "ttl(u.street)": 99}"#
        )]
    );
    assert!(at(1100, shapes).is_empty());
}

#[test]
fn masked_columns_are_shown_masked_to_those_who_may_not_see_them() {
    use crate::engine::schema::ColumnMask;
    use quorate_protocol::value::NativeType;
    let mut fixture = Fixture::new();
    let number = |value: i32| (NativeType::Int.into(), Some(value.to_be_bytes().to_vec()));
    let inner = ColumnMask { function: "mask_inner".to_owned(), arguments: vec![number(1), number(0)] };
    fixture.definition_mut("plain").masks.insert("b".to_owned(), inner);
    let zero = ColumnMask { function: "mask_default".to_owned(), arguments: Vec::new() };
    fixture.definition_mut("plain").masks.insert("a".to_owned(), zero);
    let select = select("SELECT JSON a, b, max(a) AS m FROM r.plain WHERE k = 'f' AND b = 'v5' ALLOW FILTERING");
    let plan = Plan::prepare_stored(&select, &fixture.tables["plain"], &|_, _| None).unwrap();
    for (masked, expected) in [(true, r#"{"a": 0, "b": "v*", "m": 0}"#), (false, r#"{"a": 5, "b": "v5", "m": 5}"#)] {
        let page = Page { masked, ..page() };
        let found = plan.execute(&fixture.store, &Values::NONE, page, &mut Still::default()).unwrap();
        assert_eq!(found.rows, [[Some(Bytes::from_static(expected.as_bytes()))]]);
    }
}

#[test]
fn rows_come_encoded_as_they_stand_in_a_result() {
    use crate::engine::EncodedRows;
    let fixture = Fixture::new();
    for (text, plan) in answered(&fixture) {
        let Ok(listed) = plan.execute(&fixture.store, &Values::NONE, page(), &mut Still::default()) else { continue };
        let mut encoded = EncodedRows::default();
        let source = RowSource::Store(&fixture.store);
        plan.run(source, &Values::NONE, page(), &mut Still::default(), &mut encoded).unwrap();
        assert_eq!(encoded.count as usize, listed.rows.len(), "{text}");
        let whole = hex(&Response::Rows(listed), 0);
        let rows: String = encoded.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(text.contains("now()") || whole.ends_with(&rows), "{text}");
    }
}

#[test]
fn a_page_of_few_partitions_is_known_to_cost_little() {
    let fixture = Fixture::new();
    let is_bounded = |text: &str| {
        let plan = Plan::prepare_stored(&select(text), &fixture.tables["line"], &|_, _| None);
        plan.unwrap_or_else(|error| panic!("{text}: {error}")).is_bounded()
    };
    for text in [
        "SELECT * FROM r.line WHERE k = 1",
        "SELECT * FROM r.line WHERE k = 1 AND t = 0",
        "SELECT * FROM r.line WHERE k = 1 AND t > 0",
        "SELECT * FROM r.line WHERE k IN (1, 2) AND t = 0",
    ] {
        assert!(is_bounded(text), "{text}");
    }
    for text in [
        "SELECT * FROM r.line",
        "SELECT * FROM r.line WHERE k = 1 AND v = 1 ALLOW FILTERING",
        "SELECT * FROM r.line WHERE t = 0 ALLOW FILTERING",
        "SELECT count(*) FROM r.line WHERE k = 1 AND t = 0",
        "SELECT k, t FROM r.line WHERE k IN (1, 2) ORDER BY t",
    ] {
        assert!(!is_bounded(text), "{text}");
    }
}

#[test]
fn a_result_that_does_not_fit_a_frame_is_refused() {
    let fixture = Fixture::new();
    let definition = &fixture.tables["plain"];
    let plan = Plan::prepare(&select("SELECT b FROM r.plain"), &definition.table, &|_, _| None).unwrap();
    let (place, _) = definition.table.column("b").unwrap();
    let mut row: Row = vec![None; definition.table.columns().len()];
    // one piece of memory, shown again and again
    row[place] = Some(vec![b'b'; 1 << 20].into());
    for (row_count, fits) in [(250, true), (260, false)] {
        let rows = vec![row.clone(); row_count];
        let found = plan.execute(&rows, &Values::NONE, Page::default(), &mut Still::default());
        match found {
            Ok(found) => assert!(fits && found.rows.len() == row_count),
            Err(error) => assert!(!fits && error.to_string().starts_with("The result is larger"), "{error}"),
        }
    }
}
