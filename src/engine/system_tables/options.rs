//! A table's options as Cassandra shows them (`TableParams`).

use quorate_protocol::value::{NativeType, Value};

use crate::engine::schema::{OPTION_DEFAULTS, TableOptions};

/// The options of a table, read from their literals; those that were not given have their defaults.
#[derive(Clone, Copy)]
pub(in crate::engine) struct ShownOptions<'a>(pub(in crate::engine) &'a TableOptions);

impl ShownOptions<'_> {
    /// The literal as it is kept.
    fn literal(&self, name: &str) -> &str {
        let default = || OPTION_DEFAULTS.iter().find(|(known, _)| *known == name).map_or("''", |(_, default)| default);
        self.0.others.get(name).map_or_else(default, String::as_str)
    }

    /// An option that is a string, without quotes.
    pub(in crate::engine) fn text(&self, name: &str) -> String {
        unquoted(self.literal(name))
    }

    /// An option that is a whole number.
    pub(in crate::engine) fn int(&self, name: &str) -> i32 {
        self.text(name).parse().unwrap_or_default()
    }

    /// An option that is a fraction.
    pub(in crate::engine) fn double(&self, name: &str) -> f64 {
        self.text(name).parse().unwrap_or_default()
    }

    /// An option that is a fraction, as Java prints it: `1.0`, `7.5E-4`.
    pub(in crate::engine) fn double_text(&self, name: &str) -> String {
        Value::Double(self.double(name)).to_text().unwrap_or_default()
    }

    /// An option that is true or false.
    pub(in crate::engine) fn boolean(&self, name: &str) -> bool {
        Value::parse(NativeType::Boolean, &self.text(name)) == Ok(Value::Boolean(true))
    }

    /// An option that is a map, by key.
    pub(in crate::engine) fn map(&self, name: &str) -> Vec<(String, String)> {
        let mut entries = entries(self.literal(name));
        entries.sort_unstable();
        entries
    }
}

/// The content of a string literal; any other constant as it is.
fn unquoted(literal: &str) -> String {
    let content = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    content.map_or_else(|| literal.to_owned(), |content| content.replace("''", "'"))
}

/// The entries of a map literal of constants.
fn entries(literal: &str) -> Vec<(String, String)> {
    let content = literal.trim().trim_start_matches('{').trim_end_matches('}');
    let mut constants = constants(content).into_iter();
    let mut entries = Vec::new();
    while let (Some(key), Some(value)) = (constants.next(), constants.next()) {
        entries.push((unquoted(key), unquoted(value)));
    }
    entries
}

/// The constants in a text that are parted by commas and colons.
fn constants(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut in_string) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' => in_string = !in_string,
            b',' | b':' if !in_string => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        found.push(text[start..].trim());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_read_from_their_literals() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(entries("{'a': 'it''s: {b, c}', 'd': 5}"), [pair("a", "it's: {b, c}"), pair("d", "5")]);
        assert_eq!(entries("{'x': 0xcafe, 'y': 'é'}"), [pair("x", "0xcafe"), pair("y", "é")]);
        assert!(entries("{}").is_empty());
    }
}
