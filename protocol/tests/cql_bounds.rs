//! Hostile statements are refused in time, and without exhausting a small stack even where nothing is optimised.

use std::thread;

use quorate_protocol::cql::{self, DEPTH_MAX, SyntaxErrorKind};

const STACK_BYTES: usize = 2 << 20;

/// Runs on a stack of 2 MiB, as a thread of a server has it.
#[allow(clippy::expect_used, reason = "a failed thread fails the test")]
fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(test).expect("a thread");
    thread.join().expect("the statement was handled");
}

/// What nests, as prefix and suffix of one level.
const NESTING: &[(&str, &str, &str, &str)] = &[
    ("INSERT INTO t (a) VALUES (", "(", ")", ")"),
    ("INSERT INTO t (a) VALUES (", "[", "]", ")"),
    ("INSERT INTO t (a) VALUES (", "{", "}", ")"),
    ("INSERT INTO t (a) VALUES (", "{1:", "}", ")"),
    ("INSERT INTO t (a) VALUES (", "{a:", "}", ")"),
    ("INSERT INTO t (a) VALUES (", "f(", ")", ")"),
    ("INSERT INTO t (a) VALUES (", "(int)", "", ")"),
    ("INSERT INTO t (a) VALUES (", "CAST(", " AS int)", ")"),
    ("SELECT ", "(", ")", " FROM t"),
    ("SELECT ", "[", "]", " FROM t"),
    ("SELECT ", "{", "}", " FROM t"),
    ("SELECT ", "{a:", "}", " FROM t"),
    ("SELECT ", "f(", ")", " FROM t"),
    ("SELECT ", "(a)", "", " FROM t"),
    ("SELECT ", "(a)[", "]", " FROM t"),
    ("SELECT ", "- ", "", " FROM t"),
    ("SELECT ", "CAST(", " AS int)", " FROM t"),
    ("SELECT JSON DISTINCT ", "f(", ")", " FROM t"),
    ("SELECT a FROM t WHERE ", "(", " = 1)", ""),
    ("CREATE TABLE t (a ", "list<", ">", ")"),
    ("CREATE TABLE t (a ", "map<int, ", ">", ")"),
    ("CREATE TABLE t (a ", "frozen<", ">", ")"),
];

fn nested((start, open, close, end): (&str, &str, &str, &str), depth: usize) -> String {
    format!("{start}{}a{}{end}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn what_nests_ten_thousand_deep_is_refused() {
    on_small_stack(|| {
        for level in NESTING {
            let error = cql::parse(&nested(*level, 10_000)).expect_err("too deep");
            assert_eq!(error.kind(), SyntaxErrorKind::Bound, "{level:?}: {error}");
            let (start, open, _, _) = level;
            assert!(cql::parse(&format!("{start}{}", open.repeat(10_000))).is_err(), "{level:?}");
        }
    });
}

#[test]
fn what_nests_as_deep_as_allowed_is_parsed_printed_walked_and_compared() {
    on_small_stack(|| {
        for (start, open, close, end) in NESTING {
            let inner = if end.starts_with(')') && !start.starts_with("CREATE") { "1" } else { "a" };
            for depth in (1..DEPTH_MAX as usize).rev() {
                let text = format!("{start}{}{inner}{}{end}", open.repeat(depth), close.repeat(depth));
                if let Ok(mut statement) = cql::parse(&text) {
                    assert!(depth + 3 >= DEPTH_MAX as usize / 2 || close.is_empty() || *open == "(", "{open} {depth}");
                    let printed = statement.to_string();
                    assert_eq!(cql::parse(&printed).as_ref(), Ok(&statement), "{printed}");
                    statement.walk_mut(&mut |_| ());
                    statement.walk(&mut |_| ());
                    break;
                }
            }
        }
    });
}

#[test]
fn what_is_long_is_not_deep() {
    on_small_stack(|| {
        let sum = format!("SELECT a{} FROM t", " + a - 1 * 2".repeat(20_000));
        let statement = cql::parse(&sum).expect("a long sum");
        assert_eq!(cql::parse(&statement.to_string()).as_ref(), Ok(&statement));
        let batch = format!("BEGIN BATCH {} APPLY BATCH", "INSERT INTO t (a) VALUES (?);".repeat(65_535));
        let statement = cql::parse(&batch).expect("a long batch");
        assert_eq!(statement.markers().len(), 65_535);
    });
}

#[test]
fn too_many_markers_are_refused() {
    let text = format!("INSERT INTO t (a) VALUES ([?{}])", ",?".repeat(65_535));
    assert_eq!(cql::parse(&text).expect_err("too many").kind(), SyntaxErrorKind::Bound);
}

#[test]
fn too_long_a_text_is_refused() {
    let text = " ".repeat(cql::lexer::TEXT_LENGTH_MAX + 1);
    assert_eq!(cql::parse(&text).expect_err("too long").kind(), SyntaxErrorKind::Bound);
}

#[test]
fn fields_of_fields_end_somewhere() {
    on_small_stack(|| {
        let error = cql::parse(&format!("SELECT a{} FROM t", ".a[1]".repeat(10_000))).expect_err("too deep");
        assert_eq!(error.kind(), SyntaxErrorKind::Bound);
    });
}
