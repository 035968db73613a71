//! What holds for every statement.

use proptest::prelude::*;
use quorate_protocol::cql;

use super::rewrite::{evaluate_as_markers, evaluate_in_text};
use super::{Evaluator, Kind, Statement, analysis, plain};

/// Words of which most sequences are no statement, and some are.
const WORDS: &[&str] = &[
    "SELECT",
    "*",
    "FROM",
    "WHERE",
    "AND",
    "IN",
    "LIMIT",
    "ALLOW",
    "FILTERING",
    "INSERT",
    "INTO",
    "VALUES",
    "USING",
    "TIMESTAMP",
    "TTL",
    "UPDATE",
    "SET",
    "DELETE",
    "BEGIN",
    "BATCH",
    "APPLY",
    "IF",
    "EXISTS",
    "NOT",
    "JSON",
    "DISTINCT",
    "count(*)",
    "t",
    "ks",
    ".",
    "a",
    "B",
    "\"Q\"",
    "key",
    "text",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ":",
    "?",
    "=",
    "<=",
    "+",
    "-",
    "1",
    "-2",
    "1.5",
    "'x'",
    "$$y$$",
    "0xff",
    "1h",
    "5d1b1f80-c9a0-11f0-8de9-0242ac120002",
    "true",
    "null",
    "now()",
    "uuid()",
    "current_date()",
    "toTimestamp(",
    "f(",
    "AS",
    "CREATE",
    "DROP",
    "TABLE",
    "USE",
    "é",
    "'",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..24).prop_map(|words| words.join(" "))
}

/// Mostly statements, built from parts that are mostly plain.
fn statement() -> impl Strategy<Value = String> {
    let rewritten = prop_oneof![modification(), modification(), select(), batch()];
    (rewritten, prop_oneof![Just(""), Just(";"), Just(";;"), Just(" -- end\n")]).prop_map(|(text, end)| text + end)
}

fn batch() -> impl Strategy<Value = String> {
    (prop::sample::select(vec!["", "UNLOGGED ", "COUNTER "]), prop::collection::vec(modification(), 0..3))
        .prop_map(|(kind, statements)| format!("BEGIN {kind}BATCH {} APPLY BATCH", statements.join("; ")))
}

fn modification() -> impl Strategy<Value = String> {
    let insert = (table(), columns(), prop::collection::vec(value(), 1..4), using(), condition()).prop_map(
        |(table, columns, values, using, condition)| {
            let exists = if condition.is_empty() { "" } else { " IF NOT EXISTS" };
            format!("INSERT INTO {table} ({columns}) VALUES ({}){exists}{using}", values.join(", "))
        },
    );
    let update = (table(), using(), prop::collection::vec(assignment(), 1..3), relations(), condition()).prop_map(
        |(table, using, assignments, relations, condition)| {
            format!("UPDATE {table}{using} SET {} WHERE {relations}{condition}", assignments.join(", "))
        },
    );
    let what = prop_oneof![Just(String::new()), columns(), Just("a[1]".into()), Just("a['x'], b".into())];
    let delete = (what, table(), any::<bool>(), relations(), condition()).prop_map(
        |(what, table, stamped, relations, condition)| {
            let using = if stamped { " USING TIMESTAMP 5" } else { "" };
            format!("DELETE {what} FROM {table}{using} WHERE {relations}{condition}")
        },
    );
    prop_oneof![insert, update, delete]
}

fn select() -> impl Strategy<Value = String> {
    let selection = prop_oneof![
        Just("*".to_owned()),
        columns(),
        Just("count(*)".to_owned()),
        Just("now(), a AS n".to_owned()),
        Just("JSON a".to_owned()),
        Just("DISTINCT a".to_owned()),
        Just("a + B".to_owned()),
        Just("toTimestamp(now())".to_owned()),
        Just("writetime(a)".to_owned()),
    ];
    let end = prop::sample::select(vec!["", " LIMIT 5", " LIMIT ?", " ALLOW FILTERING", " ORDER BY a DESC LIMIT 1"]);
    (selection, table(), prop::option::of(relations()), end).prop_map(|(selection, table, relations, end)| {
        let relations = relations.map(|relations| format!(" WHERE {relations}")).unwrap_or_default();
        format!("SELECT {selection} FROM {table}{relations}{end}")
    })
}

fn table() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "t",
        "ks.t",
        "Ks.\"T\"",
        "\"Q\"\"q\".t",
        "users",
        "ks.role",
        "list.keys",
        "token",
        "timestamp",
        "system.local",
    ])
    .prop_map(str::to_owned)
}

fn columns() -> impl Strategy<Value = String> {
    let column = prop::sample::select(vec![
        "a",
        "B",
        "\"c C\"",
        "key",
        "type",
        "ttl",
        "date",
        "writetime",
        "as",
        "values",
        "map",
        "json",
        "list",
        "per",
        "contains",
        "count",
        "from",
    ]);
    prop::collection::vec(column, 1..4).prop_map(|columns| columns.join(", "))
}

fn value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "1",
        "-1",
        "1.5",
        "'it''s'",
        "$$x$$",
        "?",
        ":name",
        ":\"Name\"",
        ":key",
        ":count",
        ":select",
        "null",
        "TRUE",
        "0xAB",
        "1h30m",
        "NaN",
        "now()",
        "uuid()",
        "[1, 2]",
        "{1, 2}",
        "{'a': now()}",
        "(1, ?)",
        "(int) ?",
        "toDate(currentTimestamp())",
        "f(1)",
        "- ?",
        "5d1b1f80-c9a0-11f0-8de9-0242ac120002",
        "1 + 2",
        "currentTime() - 1h",
    ])
}

fn assignment() -> impl Strategy<Value = String> {
    (prop::sample::select(vec!["a = ", "a = a + ", "a += ", "a = a - ", "a[0] = ", "a['x'] = ", "a.b = "]), value())
        .prop_map(|(target, value)| format!("{target}{value}"))
}

fn relations() -> impl Strategy<Value = String> {
    let relation = (prop::sample::select(vec!["a", "k", "\"c C\"", "token(k)", "(a, k)", "a['x']"]), comparison());
    prop::collection::vec(relation.prop_map(|(left, right)| format!("{left} {right}")), 1..4)
        .prop_map(|relations| relations.join(" AND "))
}

fn comparison() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec!["=", "<", ">=", "!=", "CONTAINS"]);
    prop_oneof![
        (operator, value()).prop_map(|(operator, value)| format!("{operator} {value}")),
        prop::collection::vec(value(), 0..3).prop_map(|values| format!("IN ({})", values.join(", "))),
        Just("IN ?".to_owned()),
    ]
}

fn using() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", " USING TTL 5", " USING TIMESTAMP ? AND TTL ?", " USING TIMESTAMP 1"])
}

fn condition() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", " IF EXISTS", " IF a = 1"])
}

fn evaluator() -> Evaluator {
    let mut random = fastrand::Rng::with_seed(7);
    Evaluator::new(|| 1_795_472_734_316_123, move || random.u128(..))
}

/// Both ways to analyse agree wherever the short one gives an answer.
fn check_analysis(text: &str) -> Result<(), TestCaseError> {
    let full = analysis::statement(text);
    if let Some(short) = plain::statement(text) {
        prop_assert_eq!(&short, &full, "{}", text);
    }
    prop_assert_eq!(full.kind == Kind::Unknown, cql::parse(text).is_err());
    Ok(())
}

/// What functions are replaced by is a statement that calls none, with the markers of the first in their order.
fn check_evaluation(text: &str) -> Result<(), TestCaseError> {
    let Some(evaluated) = evaluate_in_text(text, &mut evaluator()) else { return Ok(()) };
    let before = Statement::analyse(text);
    let after = Statement::analyse(&evaluated);
    prop_assert!(before.nondeterministic && !after.nondeterministic, "{}", evaluated);
    prop_assert_eq!(evaluate_in_text(&evaluated, &mut evaluator()), None);
    let facts = |it: Statement| (it.kind, it.keyspace, it.table, it.conditional, it.write_times, it.list_change);
    prop_assert_eq!(facts(before), facts(after));
    prop_assert_eq!(markers(text), markers(&evaluated));
    Ok(())
}

fn check_hidden_markers(text: &str) -> Result<(), TestCaseError> {
    let Some(hidden) = evaluate_as_markers(text) else { return Ok(()) };
    let positions: Vec<usize> = hidden.positions().map(usize::from).collect();
    let mut shown = markers(hidden.text());
    for position in positions.iter().rev() {
        shown.remove(*position);
    }
    prop_assert_eq!(shown, markers(text), "{}", hidden.text());
    prop_assert!(evaluate_as_markers(hidden.text()).is_none());
    let values = hidden.values(&mut evaluator());
    prop_assert_eq!(values.iter().map(|(position, _)| usize::from(*position)).collect::<Vec<_>>(), positions);
    Ok(())
}

/// The names of the markers, in their order.
fn markers(text: &str) -> Vec<Option<String>> {
    let tree = cql::parse(text).expect("a statement");
    tree.markers().into_iter().map(|marker| marker.name.as_ref().map(|name| name.as_str().to_owned())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn both_ways_to_analyse_agree_on_any_words(text in soup()) {
        check_analysis(&text)?;
        check_evaluation(&text)?;
        check_hidden_markers(&text)?;
    }

    #[test]
    fn both_ways_to_analyse_agree_on_statements(text in statement()) {
        check_analysis(&text)?;
    }

    #[test]
    fn evaluated_statements_are_the_same_but_for_the_calls(text in statement()) {
        check_evaluation(&text)?;
    }

    #[test]
    fn hidden_markers_leave_those_of_the_client_in_order(text in statement()) {
        check_hidden_markers(&text)?;
    }
}

/// `QUORATE_CQL_CORPUS` names a file of JSON lines `{"q": statement}`; without it, there is nothing to check.
#[test]
fn all_of_it_holds_on_a_corpus() {
    let Ok(path) = std::env::var("QUORATE_CQL_CORPUS") else { return };
    for line in std::fs::read_to_string(path).expect("the corpus is readable").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of the corpus");
        let text = line["q"].as_str().expect("a statement");
        for check in [check_analysis, check_evaluation, check_hidden_markers] {
            check(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    }
}
