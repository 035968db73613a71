//! Types and values: no bytes panic; what is decoded survives being encoded and decoded, and equals itself.
//!
//! Input: a type as an `[option]`, then a value of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_protocol::frame::Version;
use quorate_protocol::value::{CqlType, Value, compare};

fuzz_target!(|input: &[u8]| {
    let mut rest = input;
    let Ok(cql_type) = CqlType::decode_option(&mut rest) else { return };
    let mut option = Vec::new();
    cql_type.encode_option(&mut option, Version::V5.features());
    assert_eq!(CqlType::decode_option(&mut option.as_slice()).as_ref(), Ok(&cql_type));

    let (left, right) = rest.split_at(rest.len() / 2);
    let _ = compare(&cql_type, left, right);
    assert!(compare(&cql_type, rest, rest).is_eq());
    let Ok(value) = Value::decode(&cql_type, rest) else { return };
    let encoded = value.to_bytes();
    let decoded = Value::decode(&cql_type, &encoded).expect("what was encoded can be decoded");
    assert_eq!(decoded.to_bytes(), encoded);
    value.to_literal(&cql_type);
    value.to_json(&cql_type);
});
