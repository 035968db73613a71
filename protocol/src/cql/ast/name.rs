//! Identifiers.

use std::borrow::Cow;
use std::fmt;

use crate::cql::keyword::Keyword;

/// An identifier in its internal form: what was unquoted is in lower case, what was quoted is as it stood between the
/// quotes, with `""` made one `"`. Two names are equal if they mean the same thing, however they were written.
///
/// It may be empty: the empty quoted name `""` is allowed for columns (a legacy of super columns).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name<'a>(Repr<'a>);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr<'a> {
    Text(Cow<'a, str>),
    /// A bind marker in the place of a name.
    Marker,
}

impl<'a> Name<'a> {
    /// A name from its internal form.
    pub fn new(internal: impl Into<Cow<'a, str>>) -> Self {
        Self(Repr::Text(internal.into()))
    }

    /// The bind marker `?` in the place of a name of a keyspace, table, index or role. Cassandra's grammar allows it only to
    /// refuse it with a better message; so does whoever executes the statement. It is no [`super::Marker`].
    pub fn marker() -> Self {
        Self(Repr::Marker)
    }

    /// Whether this is [`Name::marker`].
    pub fn is_marker(&self) -> bool {
        matches!(self.0, Repr::Marker)
    }

    /// A name from an unquoted identifier: ASCII letters are folded to lower case, without allocation if they already are.
    pub fn unquoted(text: &'a str) -> Self {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Self(Repr::Text(Cow::Owned(text.to_ascii_lowercase())))
        } else {
            Self(Repr::Text(Cow::Borrowed(text)))
        }
    }

    /// A name from a quoted identifier, quotes included.
    pub(in crate::cql) fn quoted(text: &'a str) -> Self {
        Self(Repr::Text(unquote(text, '"', "\"\"")))
    }

    /// The internal form; of a marker, `?`.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Text(text) => text,
            Repr::Marker => "?",
        }
    }

    /// Whether the name must be quoted to mean itself in CQL: it is not a lower-case identifier, or is a reserved word.
    pub fn needs_quotes(&self) -> bool {
        match &self.0 {
            Repr::Text(text) => !is_plain(text) || Keyword::of(text).is_some_and(Keyword::is_reserved),
            Repr::Marker => false,
        }
    }

    /// The same name, borrowing nothing.
    pub fn into_owned(self) -> Name<'static> {
        match self.0 {
            Repr::Text(text) => Name(Repr::Text(Cow::Owned(text.into_owned()))),
            Repr::Marker => Name(Repr::Marker),
        }
    }
}

impl AsRef<str> for Name<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Name<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.as_str())
    }
}

/// A name that may be qualified by a keyspace: of a table, index, type, function, aggregate or view.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QualifiedName<'a> {
    /// The keyspace before the dot.
    pub keyspace: Option<Name<'a>>,
    /// The name after it.
    pub name: Name<'a>,
}

impl<'a> QualifiedName<'a> {
    /// A name without a keyspace.
    pub fn unqualified(name: Name<'a>) -> Self {
        Self { keyspace: None, name }
    }

    /// A name in a keyspace.
    pub fn qualified(keyspace: Name<'a>, name: Name<'a>) -> Self {
        Self { keyspace: Some(keyspace), name }
    }
}

/// The name of a role or user, or an identity. Unlike a [`Name`] it may be written as a string, and of a user or identity
/// the case is kept even without quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RoleName<'a> {
    /// A name, in its internal form.
    Text(Cow<'a, str>),
    /// A quoted name for a user or identity, or a bind marker. Cassandra's grammar allows them only to refuse them with a
    /// better message.
    Refused(Name<'a>),
}

impl<'a> From<Name<'a>> for RoleName<'a> {
    fn from(name: Name<'a>) -> Self {
        match name.0 {
            Repr::Text(text) => Self::Text(text),
            Repr::Marker => Self::Refused(name),
        }
    }
}

impl RoleName<'_> {
    /// The internal form.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Refused(name) => name.as_str(),
        }
    }
}

/// Whether the text may stand for a role, user or identity without quotes.
pub(in crate::cql) fn is_plain_role(text: &str) -> bool {
    is_plain(text) && Keyword::of(text).is_none()
}

/// Whether the text is an identifier that is its own internal form.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_')
}

/// What stands between quotes, with two quotes made one.
pub(in crate::cql) fn unquote<'a>(text: &'a str, quote: char, doubled: &str) -> Cow<'a, str> {
    let content = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    if memchr::memchr(quote as u8, content.as_bytes()).is_none() {
        return Cow::Borrowed(content);
    }
    Cow::Owned(content.replace(doubled, quote.encode_utf8(&mut [0; 4])))
}
