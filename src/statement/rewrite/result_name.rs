//! What Cassandra calls a column of a result that has no alias.

use std::fmt::Write;

use quorate_protocol::cql::ast::{QualifiedName, Selector, WritetimeKind};

use crate::statement::functions;

/// The name of a selected expression: its text, with functions qualified by their keyspace (`Selectable.toColumnName` and
/// the `Selector` factories' `getColumnName` of Cassandra 5.0). A user's function that is not qualified belongs to the
/// keyspace of the table.
pub(super) fn result_name(selector: &Selector<'_>, table_keyspace: Option<&str>) -> String {
    let mut name = String::new();
    Namer { name: &mut name, table_keyspace }.selector(selector);
    name
}

struct Namer<'n> {
    name: &'n mut String,
    table_keyspace: Option<&'n str>,
}

impl Namer<'_> {
    fn selector(&mut self, selector: &Selector<'_>) {
        match selector {
            Selector::Column(column) => self.name.push_str(column.as_str()),
            Selector::CountRows => self.name.push_str("count"),
            Selector::Term(term) => self.shown(term),
            Selector::Writetime(kind, inner) => {
                self.name.push_str(match kind {
                    WritetimeKind::Writetime => "writetime(",
                    WritetimeKind::MaxWritetime => "maxwritetime(",
                    WritetimeKind::Ttl => "ttl(",
                });
                self.selector(inner);
                self.name.push(')');
            }
            Selector::Cast(inner, native) => {
                self.name.push_str("cast(");
                self.selector(inner);
                self.shown(&format_args!(" as {})", native.name()));
            }
            Selector::Call(call) => {
                self.function(&call.name);
                self.list('(', &call.arguments, ')');
            }
            Selector::Field(inner, field) => {
                self.selector(inner);
                self.shown(&format_args!(".{}", field.as_str()));
            }
            Selector::Element(element) => {
                self.selector(&element.0);
                self.shown(&format_args!("[{}]", element.1));
            }
            Selector::Slice(slice) => {
                let (inner, from, to) = &**slice;
                self.selector(inner);
                self.name.push('[');
                from.iter().for_each(|from| self.shown(from));
                self.name.push_str("..");
                to.iter().for_each(|to| self.shown(to));
                self.name.push(']');
            }
            Selector::Hint(hint) => {
                self.shown(&format_args!("({})", hint.0));
                self.selector(&hint.1);
            }
            Selector::List(items) => self.list('[', items, ']'),
            Selector::Set(items) => self.list('{', items, '}'),
            Selector::Tuple(items) => self.list('(', items, ')'),
            Selector::Map(entries) => {
                self.name.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.name.push_str(if index == 0 { "" } else { ", " });
                    self.selector(key);
                    self.name.push_str(": ");
                    self.selector(value);
                }
                self.name.push('}');
            }
            Selector::Negation(inner) => {
                self.name.push('-');
                self.selector(inner);
            }
            Selector::Arithmetic(operation) => {
                self.selector(&operation.first);
                for (operator, operand) in &operation.rest {
                    self.shown(&format_args!(" {operator} "));
                    self.selector(operand);
                }
            }
        }
    }

    fn function(&mut self, name: &QualifiedName<'_>) {
        let keyspace = match &name.keyspace {
            Some(keyspace) => Some(keyspace.as_str()),
            None if functions::is_native(name) => Some("system"),
            None => self.table_keyspace,
        };
        if let Some(keyspace) = keyspace {
            self.name.push_str(keyspace);
            self.name.push('.');
        }
        self.name.push_str(name.name.as_str());
    }

    fn list(&mut self, open: char, items: &[Selector<'_>], close: char) {
        self.name.push(open);
        for (index, item) in items.iter().enumerate() {
            self.name.push_str(if index == 0 { "" } else { ", " });
            self.selector(item);
        }
        self.name.push(close);
    }

    fn shown(&mut self, part: &dyn std::fmt::Display) {
        // Writing to a string does not fail.
        let _ = write!(self.name, "{part}");
    }
}
