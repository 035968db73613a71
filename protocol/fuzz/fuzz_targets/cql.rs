//! CQL: no text panics; what is parsed and printed parses to the same statement.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_protocol::cql::parse;

fuzz_target!(|text: &str| {
    let Ok(statement) = parse(text) else { return };
    let printed = statement.to_string();
    let again = parse(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"));
    assert_eq!(again, statement, "{printed}");
});
