//! What the rows of a SELECT depend on.
//!
//! Rows of several stores that are equal byte for byte are the merged rows only where everything shown or compared depends
//! on at most one mutable cell: with `v = 5, w = 1` here and `v = 1, w = 5` there, `v + w` is 6 on both, whatever the
//! merged cells are.

use quorate_protocol::cql::ast::{self, Operator, OrderingKey, Relation, Selector, WritetimeKind};
use smallvec::SmallVec;

use super::functions;

/// What is to be known of a SELECT besides its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    /// What is selected.
    pub selection: Selection,
    /// What the rows depend on.
    pub cells: Cells,
    /// `SELECT JSON`
    pub json: bool,
    /// `SELECT DISTINCT`
    pub distinct: bool,
    /// GROUP BY or an aggregate of Cassandra's own: a row of the result stands for several.
    pub aggregates: bool,
    /// LIMIT or PER PARTITION LIMIT.
    pub limited: bool,
    /// ORDER BY
    pub ordered: bool,
    /// ALLOW FILTERING
    pub filtering: bool,
}

/// What a SELECT selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// `*`
    All,
    /// Columns, as they are.
    Columns,
    /// At least one expression that is no column.
    Computed,
}

/// How many mutable cells a value that is shown, or the condition under which a row is shown, depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cells {
    /// On at most one: equal rows are the merged rows.
    AtMostOne,
    /// On several: base rows are to be compared.
    Several,
    /// The schema tells.
    ByColumns {
        /// Columns that a function is computed from: several cells, if one is a collection or user-defined type that is not
        /// frozen.
        computed: Box<[Box<str>]>,
        /// Columns in WHERE: several cells, if more than one is no part of the primary key, or one is a collection that is
        /// not frozen.
        restricted: Box<[Box<str>]>,
    },
}

impl Select {
    pub(super) fn of(select: &ast::Select<'_>) -> Self {
        let mut columns = Columns::default();
        let selection = match &select.selection {
            ast::Selection::All => Selection::All,
            ast::Selection::Some(items) => {
                if items.iter().filter(|item| !columns.add_selected(&item.selector)).count() == 0 {
                    Selection::Columns
                } else {
                    Selection::Computed
                }
            }
        };
        select.relations.iter().for_each(|relation| columns.add_restricted(relation));
        let near = select.order_by.iter().any(|ordering| matches!(ordering.key, OrderingKey::Ann(..)));
        columns.several |= select.distinct || !select.group_by.is_empty() || near;
        Self {
            selection,
            json: select.json,
            distinct: select.distinct,
            aggregates: columns.aggregates || !select.group_by.is_empty(),
            limited: select.limit.is_some() || select.per_partition_limit.is_some(),
            ordered: !select.order_by.is_empty(),
            filtering: select.allow_filtering,
            cells: columns.into_cells(),
        }
    }
}

/// Collects what [`Cells`] says.
#[derive(Default)]
pub(super) struct Columns<'s> {
    several: bool,
    aggregates: bool,
    computed: SmallVec<[&'s str; 4]>,
    restricted: SmallVec<[&'s str; 4]>,
    /// A collection is searched.
    contains: bool,
}

impl<'s> Columns<'s> {
    /// A column that WHERE compares.
    pub(super) fn restrict(&mut self, column: &'s str) {
        if !self.restricted.contains(&column) {
            self.restricted.push(column);
        }
    }

    pub(super) fn into_cells(self) -> Cells {
        let restricted = if self.restricted.len() > 1 || self.contains { self.restricted } else { SmallVec::new() };
        if self.several {
            Cells::Several
        } else if self.computed.is_empty() && restricted.is_empty() {
            Cells::AtMostOne
        } else {
            let owned = |names: &[&str]| names.iter().map(|name| Box::from(*name)).collect();
            Cells::ByColumns { computed: owned(&self.computed), restricted: owned(&restricted) }
        }
    }

    /// Adds what one selector depends on; true if it is a column as it is.
    fn add_selected(&mut self, selector: &'s Selector<'_>) -> bool {
        if matches!(selector, Selector::Column(_)) {
            return true;
        }
        if shows_one_cell(selector) {
            return false;
        }
        let mut columns = SmallVec::<[&'s str; 4]>::new();
        self.add_computed(selector, &mut columns);
        match columns.as_slice() {
            [] => {}
            [column] => self.computed.push(column),
            _ => self.several = true,
        }
        false
    }

    fn add_computed(&mut self, selector: &'s Selector<'_>, columns: &mut SmallVec<[&'s str; 4]>) {
        match selector {
            Selector::Column(name) => {
                if !columns.contains(&name.as_str()) {
                    columns.push(name.as_str());
                }
            }
            Selector::Term(_) => {}
            Selector::CountRows => self.aggregate(),
            Selector::Writetime(_, inner)
            | Selector::Cast(inner, _)
            | Selector::Field(inner, _)
            | Selector::Negation(inner) => self.add_computed(inner, columns),
            Selector::Call(call) => {
                if functions::is_aggregate(&call.name) {
                    self.aggregate();
                }
                // A user's function may be an aggregate.
                self.several |= !functions::is_native(&call.name);
                call.arguments.iter().for_each(|argument| self.add_computed(argument, columns));
            }
            Selector::Element(element) => self.add_computed(&element.0, columns),
            Selector::Slice(slice) => self.add_computed(&slice.0, columns),
            Selector::Hint(hint) => self.add_computed(&hint.1, columns),
            Selector::List(items) | Selector::Set(items) | Selector::Tuple(items) => {
                items.iter().for_each(|item| self.add_computed(item, columns));
            }
            Selector::Map(entries) => {
                for (key, value) in entries {
                    self.add_computed(key, columns);
                    self.add_computed(value, columns);
                }
            }
            Selector::Arithmetic(operation) => {
                self.add_computed(&operation.first, columns);
                operation.rest.iter().for_each(|(_, operand)| self.add_computed(operand, columns));
            }
        }
    }

    fn aggregate(&mut self) {
        self.aggregates = true;
        self.several = true;
    }

    fn add_restricted(&mut self, relation: &'s Relation<'_>) {
        match relation {
            Relation::Column { column, operator, .. } => {
                self.contains |= matches!(operator, Operator::Contains | Operator::ContainsKey);
                self.restrict(column.as_str());
            }
            Relation::In { column, .. } | Relation::Element { column, .. } | Relation::IsNotNull(column) => {
                self.restrict(column.as_str());
            }
            // These are about the primary key.
            Relation::Token { .. } | Relation::Tuple { .. } | Relation::TupleIn { .. } => {}
            Relation::Expression { .. } => self.several = true,
        }
    }
}

/// Whether the selector shows one cell, or shows every cell of a column so that equal values mean equal cells.
fn shows_one_cell(selector: &Selector<'_>) -> bool {
    match selector {
        Selector::Column(_) => true,
        Selector::Field(inner, _) | Selector::Writetime(WritetimeKind::Writetime | WritetimeKind::Ttl, inner) => {
            shows_one_cell(inner)
        }
        Selector::Element(element) => shows_one_cell(&element.0),
        Selector::Slice(slice) => shows_one_cell(&slice.0),
        _ => false,
    }
}
