use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Origin, Problem};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) value: Value,
}

/// A table: its keys in alphabetical order.
pub(super) type Table = BTreeMap<String, Node>;

/// What TOML can say, and what the environment can.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A TOML string.
    Text(String),
    /// The value of an environment variable: what it means depends on the key.
    Raw(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// Something no key takes: its TOML name.
    Unusable(&'static str),
}

impl Value {
    /// How an error calls it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Text(text) | Self::Raw(text) => format!("{text:?}"),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(flag) => flag.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
            Self::Unusable(kind) => format!("a {kind}"),
        }
    }
}

/// Parses a document; where its syntax is broken, all that could be understood and the errors.
pub(super) fn parse(text: &str) -> (Table, Vec<Problem>) {
    let lines = Lines::of(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let problems = errors.into_iter().map(|error| {
        let origin = error.span().map_or(Origin::File, |span| lines.origin(span.start));
        Problem::new(origin, "", error.message().replace('\n', ", "))
    });
    (table(document.get_ref(), &lines), problems.collect())
}

fn table(table: &DeTable<'_>, lines: &Lines) -> Table {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        (String::from(AsRef::<str>::as_ref(key.get_ref())), node(value, lines.origin(key.span().start), lines))
    };
    table.iter().map(entry).collect()
}

fn node(value: &Spanned<DeValue<'_>>, origin: Origin, lines: &Lines) -> Node {
    let element = |element: &Spanned<DeValue<'_>>| node(element, lines.origin(element.span().start), lines);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Unusable("number beyond 64 bits"), Value::Integer),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Array(elements) => Value::List(elements.iter().map(element).collect()),
        DeValue::Table(entries) => Value::Table(table(entries, lines)),
        DeValue::Float(_) => Value::Unusable("fractional number"),
        DeValue::Datetime(_) => Value::Unusable("date"),
    };
    Node { origin, value }
}

/// Where each line starts.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    fn origin(&self, offset: usize) -> Origin {
        Origin::Line(self.0.partition_point(|newline| *newline < offset) + 1)
    }
}
