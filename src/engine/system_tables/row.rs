//! Rows by the names of their columns.

use bytes::Bytes;
use quorate_protocol::value::Value;
use uuid::Uuid;

use crate::engine::table::{Row, Table};

/// A row that is being made. Columns that are not set are null.
pub(in crate::engine) struct RowBuilder<'a> {
    table: &'a Table,
    cells: Row,
}

impl<'a> RowBuilder<'a> {
    /// A row of this table.
    pub(in crate::engine) fn new(table: &'a Table) -> Self {
        RowBuilder { table, cells: vec![None; table.columns().len()] }
    }

    /// Sets a column. One that the table does not have is left out.
    pub(in crate::engine) fn set(mut self, column: &str, value: impl Into<Cell>) -> Self {
        debug_assert!(self.table.column(column).is_some(), "{} has no column {column}", self.table.spec().table);
        if let Some((index, _)) = self.table.column(column) {
            self.cells[index] = value.into().0;
        }
        self
    }

    /// The row.
    pub(in crate::engine) fn build(self) -> Row {
        self.cells
    }
}

/// A serialized value, or null.
pub(in crate::engine) struct Cell(Option<Bytes>);

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Cell(Some(value.to_bytes().into()))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell(Some(Bytes::copy_from_slice(text.as_bytes())))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell(Some(text.into()))
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Value::Boolean(value).into()
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Value::Int(value).into()
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Value::BigInt(value).into()
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Value::Double(value).into()
    }
}

impl From<Uuid> for Cell {
    fn from(uuid: Uuid) -> Self {
        Value::Uuid(uuid).into()
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell(None), Into::into)
    }
}

/// `map<text, text>`, with its keys in order.
pub(in crate::engine) fn text_map<'t>(entries: impl IntoIterator<Item = (&'t str, &'t str)>) -> Value {
    let mut entries: Vec<(&str, &str)> = entries.into_iter().collect();
    entries.sort_unstable();
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    Value::Map(entries.into_iter().map(|(key, value)| (text(key), text(value))).collect())
}

/// `set<text>`, in order.
pub(in crate::engine) fn text_set<'t>(elements: impl IntoIterator<Item = &'t str>) -> Value {
    let mut elements: Vec<&str> = elements.into_iter().collect();
    elements.sort_unstable();
    Value::Set(elements.into_iter().map(|text| Some(Value::Text(text.to_owned()))).collect())
}

/// `list<text>`
pub(in crate::engine) fn text_list(elements: impl IntoIterator<Item = String>) -> Value {
    Value::List(elements.into_iter().map(|text| Some(Value::Text(text))).collect())
}
