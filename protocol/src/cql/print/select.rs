use std::fmt::{Display, Formatter, Result};

use super::{bracketed, clause, pairs, when};
use crate::cql::ast::{Direction, Ordering, OrderingKey, Select, Selected, Selection, Selector, WritetimeKind};

impl Display for Select<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("SELECT ")?;
        when(f, self.json, "JSON ")?;
        when(f, self.distinct, "DISTINCT ")?;
        write!(f, "{} FROM {}", self.selection, self.from)?;
        clause(f, " WHERE ", &self.relations)?;
        if !self.group_by.is_empty() {
            bracketed(f, " GROUP BY ", &self.group_by, "")?;
        }
        if !self.order_by.is_empty() {
            bracketed(f, " ORDER BY ", &self.order_by, "")?;
        }
        if let Some(limit) = &self.per_partition_limit {
            write!(f, " PER PARTITION LIMIT {limit}")?;
        }
        if let Some(limit) = &self.limit {
            write!(f, " LIMIT {limit}")?;
        }
        when(f, self.allow_filtering, " ALLOW FILTERING")
    }
}

impl Display for Selection<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Some(items) => {
                for (index, Selected { selector, alias }) in items.iter().enumerate() {
                    if index == 0 {
                        Leading(selector).fmt(f)?;
                    } else {
                        write!(f, ", {selector}")?;
                    }
                    if let Some(alias) = alias {
                        write!(f, " AS {alias}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// A selector where a column JSON, DISTINCT or AS, if it begins with one, could be taken for the keyword.
struct Leading<'t, 'a>(&'t Selector<'a>);

impl Display for Leading<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let text = self.0.to_string();
        let word = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_').next();
        match word {
            Some(word @ ("json" | "distinct" | "as")) => write!(f, "\"{word}\"{}", text.split_at(word.len()).1),
            _ => f.write_str(&text),
        }
    }
}

impl Display for Selector<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Column(name) => name.fmt(f),
            Self::Term(term) => term.fmt(f),
            Self::CountRows => f.write_str("COUNT(*)"),
            Self::Writetime(kind, target) => write!(f, "{kind}({target})"),
            Self::Cast(operand, native) => write!(f, "CAST({operand} AS {native})"),
            Self::Call(call) => call.fmt(f),
            // A dot directly behind a number would become part of it.
            Self::Field(receiver, field) if ends_in_constant(receiver) => write!(f, "{receiver} .{field}"),
            Self::Field(receiver, field) => write!(f, "{receiver}.{field}"),
            Self::Element(element) => write!(f, "{}[{}]", element.0, element.1),
            Self::Slice(slice) => {
                let (receiver, from, to) = &**slice;
                write!(f, "{receiver}[")?;
                if let Some(from) = from {
                    from.fmt(f)?;
                }
                f.write_str("..")?;
                if let Some(to) = to {
                    to.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Hint(hint) => write!(f, "({}) {}", hint.0, Leading(&hint.1)),
            Self::List(items) => bracketed(f, "[", items, "]"),
            Self::Set(items) => bracketed(f, "{", items, "}"),
            Self::Map(entries) => pairs(f, ["{", ": ", ", ", "}"], entries),
            Self::Tuple(components) => bracketed(f, "(", components, ")"),
            // A minus directly before digits would become part of the number.
            Self::Negation(operand) => write!(f, "- {operand}"),
            Self::Arithmetic(arithmetic) => arithmetic.fmt(f),
        }
    }
}

fn ends_in_constant(selector: &Selector<'_>) -> bool {
    match selector {
        Selector::Term(_) => true,
        Selector::Hint(hint) => ends_in_constant(&hint.1),
        _ => false,
    }
}

impl Display for WritetimeKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Writetime => "WRITETIME",
            Self::MaxWritetime => "MAXWRITETIME",
            Self::Ttl => "TTL",
        })
    }
}

impl Display for Ordering<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.key {
            OrderingKey::Column(column) => column.fmt(f)?,
            OrderingKey::Ann(column, vector) => write!(f, "{column} ANN OF {vector}")?,
        }
        match self.direction {
            Some(direction) => write!(f, " {direction}"),
            None => Ok(()),
        }
    }
}

impl Display for Direction {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        })
    }
}
