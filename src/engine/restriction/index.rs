//! Which restrictions an index can answer (`Index.supportsExpression` of each kind of index).

use quorate_protocol::cql::ast::Operator;
use quorate_protocol::value::{CqlType, NativeType};

use super::Filter;
use super::rules::Group;
use crate::engine::error::EngineError;
use crate::engine::schema::{Index, IndexKind, IndexTarget};
use crate::engine::table::Table;

/// What an index is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    Equal,
    In,
    Range,
    Contains,
    ContainsKey,
    Entry,
    Like,
    Nearest,
}

impl Lookup {
    pub(super) fn of(filter: &Filter) -> Self {
        match filter {
            Filter::In { values, .. } | Filter::TupleIn { values, .. } if values.is_one() => Lookup::Equal,
            Filter::In { .. } | Filter::TupleIn { .. } => Lookup::In,
            Filter::Element { .. } => Lookup::Entry,
            Filter::Like { .. } => Lookup::Like,
            Filter::Compare { operator, .. } | Filter::Tuple { operator, .. } | Filter::Token { operator, .. } => {
                match operator {
                    Operator::Equal => Lookup::Equal,
                    Operator::Contains => Lookup::Contains,
                    Operator::ContainsKey => Lookup::ContainsKey,
                    _ => Lookup::Range,
                }
            }
        }
    }
}

/// Whether the index is on the column and answers such a lookup.
pub(super) fn supports(index: &Index, table: &Table, column: usize, lookup: Lookup) -> bool {
    let Some(column) = table.columns().get(column).filter(|column| column.name == index.column) else { return false };
    match index.kind {
        IndexKind::Secondary => secondary_supports(index.target, &column.cql_type, lookup),
        IndexKind::StorageAttached => attached_supports(index.target, &column.cql_type, lookup),
        IndexKind::Sasi => sasi_supports(index, &column.cql_type, lookup),
    }
}

/// Whether the index answers the condition.
pub(in crate::engine) fn is_answered_by(filter: &Filter, index: &Index, table: &Table) -> bool {
    filter.columns().iter().any(|column| supports(index, table, *column, Lookup::of(filter)))
}

/// Whether one of the indexes answers all of the group, or of a collection's restrictions any.
pub(super) fn has_supporting_index(group: &Group, filters: &[Filter], table: &Table, indexes: &[&Index]) -> bool {
    indexes.iter().any(|index| supports_group(index, group, filters, table))
}

/// See [`has_supporting_index`].
pub(super) fn supports_group(index: &Index, group: &Group, filters: &[Filter], table: &Table) -> bool {
    let supports = |filter: &Filter| filter.columns().iter().any(|c| supports(index, table, *c, Lookup::of(filter)));
    let mut lookups = group.filters.iter().filter_map(|filter| filters.get(*filter));
    if group.is_contains() { lookups.any(supports) } else { lookups.all(supports) }
}

/// The refusal of `expr(index, value)`: no index here takes such expressions.
pub(super) fn refused_expression(name: &str, table: &Table, indexes: &[&Index]) -> EngineError {
    let spec = table.spec();
    EngineError::invalid(match indexes.iter().find(|index| &*index.name == name) {
        None => format!("Invalid index expression, index {name} not found for {}.{}", spec.keyspace, spec.table),
        Some(index) if index.kind == IndexKind::Secondary => {
            format!("Only CUSTOM indexes may be used in custom index expressions, {name} is not valid")
        }
        Some(_) => format!("Index {name} does not support custom expressions"),
    })
}

fn secondary_supports(target: IndexTarget, cql_type: &CqlType, lookup: Lookup) -> bool {
    match target {
        IndexTarget::Keys => lookup == Lookup::ContainsKey,
        IndexTarget::Entries => lookup == Lookup::Entry,
        IndexTarget::Full => lookup == Lookup::Equal,
        IndexTarget::Values if cql_type.is_multi_cell() => lookup == Lookup::Contains,
        IndexTarget::Values => lookup == Lookup::Equal,
    }
}

fn attached_supports(target: IndexTarget, cql_type: &CqlType, lookup: Lookup) -> bool {
    if matches!(cql_type, CqlType::Vector { .. }) {
        return lookup == Lookup::Nearest;
    }
    if cql_type.is_multi_cell() {
        return match target {
            IndexTarget::Keys => lookup == Lookup::ContainsKey,
            IndexTarget::Values => lookup == Lookup::Contains,
            IndexTarget::Entries => lookup == Lookup::Entry,
            IndexTarget::Full => false,
        };
    }
    let is_literal = matches!(
        cql_type,
        CqlType::Native(NativeType::Text | NativeType::Ascii | NativeType::Boolean | NativeType::Uuid)
    );
    lookup == Lookup::Equal || (lookup == Lookup::Range && target != IndexTarget::Full && !is_literal)
}

fn sasi_supports(index: &Index, cql_type: &CqlType, lookup: Lookup) -> bool {
    let is_text = matches!(cql_type, CqlType::Native(NativeType::Text | NativeType::Ascii));
    let is_analyzed = index.options.contains_key("analyzer_class")
        || index.options.get("analyzed").is_some_and(|analyzed| analyzed == "true");
    match lookup {
        Lookup::Like => is_text,
        Lookup::Equal => !is_analyzed || !is_text,
        Lookup::Range => !is_text,
        _ => false,
    }
}

/// The forms of a LIKE pattern (`Operator.LIKE_PREFIX` and its kin).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum LikeForm {
    Prefix,
    Suffix,
    Contains,
    Matches,
}

impl LikeForm {
    /// As messages show it.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            LikeForm::Prefix => "LIKE '<term>%'",
            LikeForm::Suffix => "LIKE '%<term>'",
            LikeForm::Contains => "LIKE '%<term>%'",
            LikeForm::Matches => "LIKE '<term>'",
        }
    }
}

/// Whether one of the indexes on the column answers a pattern of this form: a SASI index does as its mode says.
pub(super) fn supports_like(indexes: &[&Index], column: &str, form: LikeForm) -> bool {
    let mut of_column = indexes.iter().filter(|index| index.kind == IndexKind::Sasi && index.column == column);
    of_column.any(|index| match index.options.get("mode").map(|mode| mode.to_ascii_uppercase()).as_deref() {
        Some("CONTAINS") => true,
        Some("SPARSE") => false,
        _ => matches!(form, LikeForm::Prefix | LikeForm::Matches),
    })
}
