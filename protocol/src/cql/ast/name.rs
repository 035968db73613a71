//! Identifiers.

use std::borrow::{Borrow, Cow};
use std::fmt;

use crate::cql::keyword::Keyword;

/// An identifier in its internal form: what was unquoted is in lower case, what was quoted is as it stood between the
/// quotes, with `""` made one `"`. Two names are equal if they mean the same thing, however they were written.
///
/// It may be empty: the empty quoted name `""` is allowed for columns (a legacy of super columns).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name<'a>(Cow<'a, str>);

impl<'a> Name<'a> {
    /// A name from its internal form.
    pub fn new(internal: impl Into<Cow<'a, str>>) -> Self {
        Self(internal.into())
    }

    /// A name from an unquoted identifier: ASCII letters are folded to lower case, without allocation if they already are.
    pub fn unquoted(text: &'a str) -> Self {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Self(Cow::Owned(text.to_ascii_lowercase()))
        } else {
            Self(Cow::Borrowed(text))
        }
    }

    /// The internal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name must be quoted to mean itself in CQL: it is not a lower-case identifier, or is a reserved word.
    pub fn needs_quotes(&self) -> bool {
        !is_plain(&self.0) || Keyword::of(&self.0).is_some_and(Keyword::is_reserved)
    }

    /// The same name, borrowing nothing.
    pub fn into_owned(self) -> Name<'static> {
        Name(Cow::Owned(self.0.into_owned()))
    }
}

impl AsRef<str> for Name<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Name<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
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
pub struct RoleName<'a>(Cow<'a, str>);

impl<'a> RoleName<'a> {
    /// A role's name in its internal form.
    pub fn new(internal: impl Into<Cow<'a, str>>) -> Self {
        Self(internal.into())
    }

    /// The internal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name must be written as a string: it is not a lower-case identifier, or is a keyword.
    pub fn needs_quotes(&self) -> bool {
        !is_plain(&self.0) || Keyword::of(&self.0).is_some()
    }
}

/// Whether the text is an identifier that is its own internal form.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_')
}
