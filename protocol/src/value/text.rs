//! Values as text: what Cassandra's types print and read (`AbstractType.getString`, `fromString`).

use std::fmt::Write;
use std::net::IpAddr;

use thiserror::Error;
use uuid::Uuid;

use super::NativeType;
use super::decimal::{Decimal, parse_integer};
use super::decoded::Value;
use super::duration::{Duration, DurationError};
use super::number::{write_double, write_float};
use super::temporal;

/// Text that is no value of the type. The message follows Cassandra's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct TextError(String);

impl Value {
    /// Reads a value of a native type from its text, as it stands in a string or numeric constant of CQL.
    ///
    /// Of `0xcafe` the prefix may be given or not; host names are not resolved.
    pub fn parse(native: NativeType, text: &str) -> Result<Self, TextError> {
        let refuse = |reason: String| Err(TextError(reason));
        let trimmed = text.trim();
        let value = match native {
            NativeType::Text => return Ok(Value::Text(text.to_owned())),
            NativeType::Ascii if text.is_ascii() => return Ok(Value::Ascii(text.to_owned())),
            NativeType::Ascii => return refuse(format!("Invalid ASCII character in string literal: {text}")),
            NativeType::Empty if text.is_empty() => return Ok(Value::Empty),
            NativeType::Empty => return refuse(format!("'{text}' is not empty")),
            NativeType::BigInt => trimmed.parse().ok().map(Value::BigInt),
            NativeType::Counter => trimmed.parse().ok().map(Value::Counter),
            NativeType::Int => trimmed.parse().ok().map(Value::Int),
            NativeType::SmallInt => trimmed.parse().ok().map(Value::SmallInt),
            NativeType::TinyInt => trimmed.parse().ok().map(Value::TinyInt),
            NativeType::VarInt => parse_integer(trimmed).map(Value::VarInt),
            NativeType::Decimal => Decimal::parse(trimmed).map(Value::Decimal),
            NativeType::Double => parse_float(trimmed).map(Value::Double),
            NativeType::Float => parse_float(trimmed).map(Value::Float),
            NativeType::Boolean => match trimmed {
                _ if trimmed.eq_ignore_ascii_case("true") => Some(Value::Boolean(true)),
                _ if trimmed.eq_ignore_ascii_case("false") => Some(Value::Boolean(false)),
                _ => None,
            },
            NativeType::Blob => parse_hex(text.strip_prefix("0x").unwrap_or(text)).map(Value::Blob),
            NativeType::Inet => trimmed.parse::<IpAddr>().ok().map(Value::Inet),
            NativeType::Uuid => parse_uuid(trimmed).map(Value::Uuid),
            NativeType::TimeUuid => parse_uuid(trimmed).filter(|uuid| uuid.get_version_num() == 1).map(Value::TimeUuid),
            NativeType::Date => temporal::parse_date(trimmed).map(Value::Date),
            NativeType::Time => temporal::parse_time(trimmed).map(Value::Time),
            NativeType::Timestamp => temporal::parse_timestamp(text).map(Value::Timestamp),
            NativeType::Duration => match Duration::parse(trimmed) {
                Err(DurationError::Notation) => None,
                Err(refusal) => return refuse(refusal.to_string()),
                Ok(duration) => Some(Value::Duration(duration)),
            },
        };
        value.ok_or_else(|| TextError(refusal(native, text)))
    }

    /// The text of a native value, without quotes; nothing for other values, and for [`Value::Empty`].
    pub(super) fn write_native(&self, out: &mut String) {
        let _ = match self {
            Value::Ascii(text) | Value::Text(text) => out.write_str(text),
            Value::BigInt(value) | Value::Counter(value) => write!(out, "{value}"),
            Value::Int(value) => write!(out, "{value}"),
            Value::SmallInt(value) => write!(out, "{value}"),
            Value::TinyInt(value) => write!(out, "{value}"),
            Value::VarInt(value) => write!(out, "{value}"),
            Value::Decimal(value) => write!(out, "{value}"),
            Value::Duration(value) => write!(out, "{value}"),
            Value::Boolean(value) => write!(out, "{value}"),
            Value::Uuid(uuid) | Value::TimeUuid(uuid) => write!(out, "{uuid}"),
            Value::Blob(bytes) | Value::Custom(bytes) => {
                out.push_str("0x");
                bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
            }
            Value::Double(value) => return write_double(*value, out),
            Value::Float(value) => return write_float(*value, out),
            Value::Date(days) => return temporal::write_date(*days, out),
            Value::Time(nanos) => return temporal::write_time(*nanos, out),
            Value::Timestamp(millis) => return temporal::write_timestamp(*millis, 'T', out),
            Value::Inet(address) => return write_address(*address, out),
            _ => Ok(()),
        };
    }

    /// As `CAST(… AS text)` shows a native value; `None` for other values, and for one without bytes.
    pub fn to_text(&self) -> Option<String> {
        let mut out = String::new();
        match self {
            Value::Ascii(text) | Value::Text(text) => return Some(text.clone()),
            _ => self.write_native(&mut out),
        }
        (!out.is_empty()).then_some(out)
    }
}

fn refusal(native: NativeType, text: &str) -> String {
    match native {
        NativeType::Timestamp => format!("Unable to parse a date/time from '{text}'"),
        NativeType::Date if is_integer(text) => format!("Unable to make unsigned int (for date) from: '{text}'"),
        NativeType::Date => format!("Unable to coerce '{text}' to a formatted date (long)"),
        NativeType::Time => format!("(TimeType) Unable to coerce '{text}' to a formatted time (long)"),
        NativeType::Duration => format!("Unable to convert '{text}' to a duration"),
        NativeType::Uuid => format!("Unable to make UUID from '{text}'"),
        NativeType::TimeUuid => "TimeUUID supports only version 1 UUIDs".to_owned(),
        NativeType::Inet => format!("Unable to make inet address from '{text}'"),
        NativeType::Blob => format!("cannot parse '{text}' as hex bytes"),
        NativeType::Boolean => format!("Unable to make boolean from '{text}'"),
        NativeType::BigInt | NativeType::Counter => format!("Unable to make long from '{text}'"),
        NativeType::VarInt => format!("unable to make int from '{text}'"),
        NativeType::SmallInt => format!("Unable to make short from '{text}'"),
        NativeType::TinyInt => format!("Unable to make byte from '{text}'"),
        NativeType::Decimal => format!("unable to make BigDecimal from '{text}'"),
        _ => format!("Unable to make {} from '{text}'", native.name()),
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// What `Double.valueOf` reads of decimal notations, and the names of CQL for what is not finite.
fn parse_float<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let is_name = ["NaN", "Infinity"].iter().any(|name| digits.eq_ignore_ascii_case(name));
    if is_number || is_name { text.parse().ok() } else { None }
}

fn parse_hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    if odd.is_empty() { bytes } else { None }
}

/// The form with hyphens only.
fn parse_uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

/// As Java: an IPv6 address in full, without a run of zeros left out.
fn write_address(address: IpAddr, out: &mut String) {
    let _ = match address {
        IpAddr::V4(address) => write!(out, "{address}"),
        IpAddr::V6(address) => address.segments().iter().enumerate().try_for_each(|(index, segment)| {
            let colon = if index > 0 { ":" } else { "" };
            write!(out, "{colon}{segment:x}")
        }),
    };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::decoded::tests::any_value;
    use super::super::types::tests::any_native;
    use super::*;

    proptest! {
        #[test]
        fn the_text_of_a_native_value_reads_back(
            (native, value) in any_native().prop_flat_map(|native| (Just(native), any_value(&native.into())))
        ) {
            let mut text = String::new();
            value.write_native(&mut text);
            let read = Value::parse(native, &text);
            // a duration of nothing has no text
            if native != NativeType::Duration || !text.is_empty() {
                prop_assert_eq!(read.map(|value| value.to_bytes()), Ok(value.to_bytes()));
            }
        }

        #[test]
        fn hostile_text_never_panics(native in any_native(), text in "\\PC{0,20}") {
            let _ = Value::parse(native, &text);
        }
    }

    #[test]
    fn an_ipv6_address_is_written_in_full() {
        assert_eq!(Value::Inet("::1".parse().unwrap()).to_text().unwrap(), "0:0:0:0:0:0:0:1");
    }

    #[test]
    fn a_random_uuid_is_no_timeuuid() {
        assert!(Value::parse(NativeType::TimeUuid, "9f5c1f4c-3a35-4c5a-8e4c-2b3ec9ac8a0a").is_err());
    }
}
