use std::fmt::{Display, Formatter, Result, Write};

use super::when;
use crate::cql::ast::{Name, QualifiedName, RoleName, is_plain_role};
use crate::cql::keyword::Keyword;

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.needs_quotes() { quoted(f, self.as_str(), '"') } else { f.write_str(self.as_str()) }
    }
}

impl Display for QualifiedName<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(keyspace) = &self.keyspace {
            write!(f, "{keyspace}.")?;
        }
        self.name.fmt(f)
    }
}

impl Display for RoleName<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Text(text) if is_plain_role(text) => f.write_str(text),
            Self::Text(text) => quoted(f, text, '\''),
            Self::Refused(name) if name.is_marker() => name.fmt(f),
            Self::Refused(name) => quoted(f, name.as_str(), '"'),
        }
    }
}

/// A name where only some keywords may stand without quotes: of a function or a user-defined type.
pub(super) struct Strict<'t, 'a>(pub(super) &'t QualifiedName<'a>, pub(super) fn(Keyword) -> bool);

impl Display for Strict<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self(QualifiedName { keyspace, name }, allowed) = self;
        if let Some(keyspace) = keyspace {
            write!(f, "{keyspace}.")?;
        }
        strict(f, name, *allowed)
    }
}

/// The name of a function.
pub(super) fn function<'t, 'a>(name: &'t QualifiedName<'a>) -> Strict<'t, 'a> {
    Strict(name, Keyword::may_name_function)
}

/// The name of a user-defined type.
pub(super) fn user_type<'t, 'a>(name: &'t QualifiedName<'a>) -> Strict<'t, 'a> {
    Strict(name, Keyword::may_name_type)
}

/// The name of a function without keyspace.
pub(super) fn strict(f: &mut Formatter<'_>, name: &Name<'_>, allowed: fn(Keyword) -> bool) -> Result {
    let text = name.as_str();
    // `expr(` is a token of its own; `byte` and its like are kept for types to come.
    let kept = matches!(text, "expr" | "byte" | "complex" | "enum" | "interval" | "macaddr" | "bitstring");
    match Keyword::of(text) {
        Some(keyword) if allowed(keyword) && !text.bytes().any(|byte| byte.is_ascii_uppercase()) => f.write_str(text),
        Some(_) => quoted(f, text, '"'),
        None if kept => quoted(f, text, '"'),
        None => name.fmt(f),
    }
}

/// The text between quotes, each of them in it doubled.
pub(super) fn quoted(f: &mut Formatter<'_>, text: &str, quote: char) -> Result {
    f.write_char(quote)?;
    for (index, part) in text.split(quote).enumerate() {
        when(f, index > 0, if quote == '"' { "\"\"" } else { "''" })?;
        f.write_str(part)?;
    }
    f.write_char(quote)
}
