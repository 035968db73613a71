//! The tree → text: `Display` of everything in [`super::ast`].
//!
//! What is printed parses to the same tree again, if the tree is one that the grammar can make. Keywords are in upper case,
//! everything is on one line, nothing ends in a semicolon (but the statements inside a batch).

mod describe;
mod modification;
mod name;
mod property;
mod relation;
mod role;
mod schema;
mod select;
mod statement;
mod term;
mod types;

use std::fmt::{Display, Formatter, Result};

/// `first, second`
fn separated<T: Display>(f: &mut Formatter<'_>, items: &[T], separator: &str) -> Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

/// `first, second`
fn list<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> Result {
    separated(f, items, ", ")
}

/// `(first, second)`, or with other brackets
fn bracketed<T: Display>(f: &mut Formatter<'_>, open: &str, items: &[T], close: &str) -> Result {
    f.write_str(open)?;
    list(f, items)?;
    f.write_str(close)
}

/// ` WORD first AND second`, or nothing
fn clause<T: Display>(f: &mut Formatter<'_>, word: &str, items: &[T]) -> Result {
    if items.is_empty() {
        return Ok(());
    }
    f.write_str(word)?;
    separated(f, items, " AND ")
}

/// The text if the condition holds, else nothing.
fn when(f: &mut Formatter<'_>, condition: bool, text: &str) -> Result {
    if condition { f.write_str(text) } else { Ok(()) }
}

/// Prints a pair, with something between its parts.
struct Pair<'t, K, V>(&'t K, &'static str, &'t V);

impl<K: Display, V: Display> Display for Pair<'_, K, V> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self(key, between, value) = self;
        write!(f, "{key}{between}{value}")
    }
}

/// `{key: value, key: value}`, or with other brackets and separators
fn pairs<K: Display, V: Display>(
    f: &mut Formatter<'_>,
    [open, between, separator, close]: [&'static str; 4],
    entries: &[(K, V)],
) -> Result {
    f.write_str(open)?;
    for (index, (key, value)) in entries.iter().enumerate() {
        when(f, index > 0, separator)?;
        Pair(key, between, value).fmt(f)?;
    }
    f.write_str(close)
}
