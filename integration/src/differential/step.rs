//! One request of a history.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The time that TTLs count from, where a step names no other: so far ahead that no clock of a machine purges what is written.
pub const NOW_SECONDS: i32 = 2_000_000_000;

/// A statement and how it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its text. Of a BATCH message, its kind: 0 logged, 1 unlogged, 2 of counters.
    #[serde(rename = "q")]
    pub text: String,
    /// The bind values, if it is prepared and executed: hexadecimal bytes, `null` or `unset`, separated by spaces.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub values: Option<String>,
    /// The children of a BATCH message: text and values.
    #[serde(rename = "b", default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<(String, String)>,
    /// The write time of the message in microseconds.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub timestamp_micros: Option<i64>,
    /// The time for TTLs, if it is another than [`NOW_SECONDS`].
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub now_seconds: Option<i32>,
    /// Rows of a page; all in one if there is none.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<i32>,
}

impl Step {
    /// A statement without anything.
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Whether it builds something in the background of a Cassandra: an index, or a view.
    pub fn builds(&self) -> bool {
        self.text.starts_with("CREATE") && [" INDEX ", " VIEW "].iter().any(|what| self.text.contains(what))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        for (text, values) in &self.children {
            write!(f, "\n    child: {text} [{values}]")?;
        }
        if let Some(values) = &self.values {
            write!(f, " [{values}]")?;
        }
        for (name, number) in [
            ("write time", self.timestamp_micros),
            ("now", self.now_seconds.map(i64::from)),
            ("page size", self.page_size.map(i64::from)),
        ] {
            if let Some(number) = number {
                write!(f, " {name} {number}")?;
            }
        }
        Ok(())
    }
}

/// A bind value, written as it is in [`Step::values`].
pub(super) fn hex(bytes: &[u8]) -> String {
    // an empty value would not be a word
    if bytes.is_empty() { "0x".to_owned() } else { bytes.iter().map(|byte| format!("{byte:02x}")).collect() }
}
