use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use quorate_protocol::message::{Consistency, SerialConsistency};

use super::tree::{Node, Value};
use super::units;

/// The port of the native protocol, where none is written.
const CQL_PORT: u16 = 9042;

/// A host, by address or by name, and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// An IP address (IPv6 without brackets) or a name to be resolved.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// Something a key can hold.
pub(super) trait FromValue: Sized {
    /// What is expected, for errors: "a duration such as …".
    const EXPECTED: &'static str;

    /// The value, or `None` if it is something else.
    fn from_value(value: &Value) -> Option<Self>;

    /// How an error calls a value that is something else.
    fn misfit(value: &Value) -> String {
        value.describe()
    }
}

impl std::str::FromStr for HostPort {
    type Err = &'static str;

    /// `10.0.0.1`, `10.0.0.1:9042`, `cassandra.example:9042`, `[::1]:9042`; the port is 9042 unless written.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a host with or without a port, such as \"10.1.0.1:9042\"";
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self { host: address.to_string(), port: CQL_PORT });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| EXPECTED)?),
            None => (text, CQL_PORT),
        };
        let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => inner.parse::<Ipv6Addr>().map_err(|_| EXPECTED)?.to_string(),
            None => host.to_owned(),
        };
        let plausible = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        let valid = host.parse::<Ipv6Addr>().is_ok() || (!host.is_empty() && host.chars().all(plausible));
        if valid && port != 0 { Ok(Self { host, port }) } else { Err(EXPECTED) }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The text of a string or of an environment variable.
fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) | Value::Raw(text) => Some(text),
        _ => None,
    }
}

impl FromValue for String {
    const EXPECTED: &'static str = "a non-empty text";

    fn from_value(value: &Value) -> Option<Self> {
        text(value).filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

impl FromValue for PathBuf {
    const EXPECTED: &'static str = "the path of a file";

    fn from_value(value: &Value) -> Option<Self> {
        String::from_value(value).map(Self::from)
    }
}

impl FromValue for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(flag) => Some(*flag),
            Value::Raw(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl FromValue for u64 {
    const EXPECTED: &'static str = "a whole number, not negative";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Self::try_from(*number).ok(),
            Value::Raw(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl FromValue for Duration {
    const EXPECTED: &'static str = "a duration with its unit, such as \"250ms\", \"2s\" or \"1h\"";

    fn from_value(value: &Value) -> Option<Self> {
        units::duration(text(value)?)
    }
}

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bytes(pub(super) u64);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&units::size_text(self.0))
    }
}

impl FromValue for Bytes {
    const EXPECTED: &'static str = "a size with its unit, such as \"512KiB\", \"64MiB\" or \"1GiB\"";

    fn from_value(value: &Value) -> Option<Self> {
        units::size_bytes(text(value)?).map(Self)
    }
}

impl FromValue for SocketAddr {
    const EXPECTED: &'static str = "an IP address and a port, such as \"127.0.0.1:9042\"";

    fn from_value(value: &Value) -> Option<Self> {
        let text = text(value)?;
        text.parse().ok().or_else(|| text.parse().ok().map(|address| Self::new(address, CQL_PORT)))
    }
}

impl FromValue for HostPort {
    const EXPECTED: &'static str = "a host with or without a port, such as \"10.1.0.1:9042\"";

    fn from_value(value: &Value) -> Option<Self> {
        text(value)?.parse().ok()
    }
}

impl FromValue for Consistency {
    const EXPECTED: &'static str = "a consistency level, such as \"LOCAL_QUORUM\"";

    fn from_value(value: &Value) -> Option<Self> {
        Self::from_name(text(value)?)
    }
}

impl FromValue for SerialConsistency {
    const EXPECTED: &'static str = "\"SERIAL\" or \"LOCAL_SERIAL\"";

    fn from_value(value: &Value) -> Option<Self> {
        Consistency::from_value(value)?.serial()
    }
}

/// A list; from the environment, one separated by commas.
impl<T: FromValue> FromValue for Vec<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::List(nodes) => nodes.iter().map(|Node { value, .. }| T::from_value(value)).collect(),
            Value::Raw(text) => {
                let elements = text.split(',').map(str::trim).filter(|element| !element.is_empty());
                elements.map(|element| T::from_value(&Value::Raw(element.to_owned()))).collect()
            }
            _ => None,
        }
    }

    fn misfit(value: &Value) -> String {
        let wrong = |node: &&Node| T::from_value(&node.value).is_none();
        match value {
            Value::List(nodes) => nodes.iter().find(wrong).map_or(value, |node| &node.value).describe(),
            _ => value.describe(),
        }
    }
}
