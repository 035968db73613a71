//! `CompositeType` and its like: classes without a name in CQL, which tables of old have, and whose values are several
//! values in one.

use quorate_protocol::value::{CqlType, Value};

const PACKAGE: &str = "org.apache.cassandra.db.marshal.";

/// The class as Cassandra shows it: each class in it with its package, and no blanks.
pub(super) fn full_name(class: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$' | '-' | '+');
    let mut full = String::with_capacity(class.len() * 2);
    let mut rest = class.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(if length == 0 { first.len_utf8() } else { length });
        rest = behind.trim_start();
        // An alias is one byte that stands for a class.
        let is_alias = rest.starts_with("=>");
        if length > 0 && !is_alias && !word.contains('.') {
            full.push_str(PACKAGE);
        }
        full.push_str(word);
    }
    full
}

/// The value of a `CompositeType` that a string stands for: its parts have colons between them
/// (`AbstractCompositeType.fromString`). None for other classes, and for what is no such value.
pub(super) fn parse(class: &str, text: &str) -> Option<Vec<u8>> {
    let class = class.strip_prefix(PACKAGE).unwrap_or(class);
    let parameters = class.strip_prefix("CompositeType(")?.strip_suffix(')')?;
    let types: Vec<CqlType> = parameters_of(parameters).map(CqlType::from_class_name).collect::<Result<_, _>>().ok()?;
    let (mut out, mut end) = (Vec::new(), 0);
    for (index, part) in between_colons(text).into_iter().enumerate() {
        let part = part.replace("\\:", ":");
        // The last byte says whether the value stands before or behind all that begin with it.
        match part.as_str() {
            "!" => end = 1,
            "_" => end = 0xFF,
            _ => {
                let CqlType::Native(native) = types.get(index)? else { return None };
                let component = Value::parse(*native, &part).ok()?.to_bytes();
                out.extend_from_slice(&u16::try_from(component.len()).ok()?.to_be_bytes());
                out.extend_from_slice(&component);
                out.push(0);
                continue;
            }
        }
        break;
    }
    *out.last_mut()? = end;
    Some(out)
}

/// What stands between the commas that are not within parentheses.
fn parameters_of(parameters: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    parameters.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
}

/// What stands between the colons; a colon behind a backslash belongs to its part.
pub(super) fn between_colons(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut begin = 0;
    for (at, _) in text.match_indices(':') {
        if !text[..at].ends_with('\\') {
            parts.push(&text[begin..at]);
            begin = at + 1;
        }
    }
    parts.push(&text[begin..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_out() {
        let full = "org.apache.cassandra.db.marshal.DynamicCompositeType(\
                    s=>org.apache.cassandra.db.marshal.UTF8Type,i=>org.apache.cassandra.db.marshal.Int32Type)";
        assert_eq!(full_name("DynamicCompositeType(s => UTF8Type, i => Int32Type)"), full);
        assert_eq!(full_name(full), full);
        assert_eq!(full_name("LexicalUUIDType"), "org.apache.cassandra.db.marshal.LexicalUUIDType");
    }

    #[test]
    fn parts_become_components() {
        let class = "org.apache.cassandra.db.marshal.CompositeType(AsciiType, Int32Type)";
        let value = |text| parse(class, text);
        assert_eq!(value("abc:123").unwrap(), b"\x00\x03abc\x00\x00\x04\x00\x00\x00\x7b\x00");
        assert_eq!(value("abc").unwrap(), b"\x00\x03abc\x00");
        assert_eq!(value(r"a\:c:!").unwrap(), b"\x00\x03a:c\x01");
        for wrong in ["abc:x", "abc:1:2"] {
            assert_eq!(value(wrong), None, "{wrong}");
        }
        assert_eq!(parse("LexicalUUIDType", "abc"), None);
    }
}
