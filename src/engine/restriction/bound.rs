//! Restrictions with their values in place: which partitions, which slices of them, and what is left to check row by row.

mod clustering;
mod key;

pub(in crate::engine) use key::token_of;

use bytes::Bytes;
use quorate_protocol::cql::ast::Operator;
use quorate_protocol::value::CqlType;

use super::index::{LikeForm, supports_like};
use super::{Alternatives, BoundFilter, Filter, Restrictions};
use crate::engine::error::EngineError;
use crate::engine::expression::{Context, Expression, parts_of};
use crate::engine::maintain::IndexRange;
use crate::engine::schema::{Index, IndexKind};
use crate::engine::table::Table;
use crate::store::clustering::Slice;
use crate::store::mutation::PartitionKey;
use crate::store::table::TokenRange;

/// What a read looks at.
#[derive(Debug)]
pub(in crate::engine) struct Access {
    pub(in crate::engine) partitions: Partitions,
    /// The rows of each partition, in the order of the table; all, if there are none.
    pub(in crate::engine) slices: Vec<Slice>,
    /// What rows must fulfil beside.
    pub(in crate::engine) filters: Vec<BoundFilter>,
    /// What the plan's index is asked for, if it has one.
    pub(in crate::engine) wanted: Option<IndexRange>,
}

/// Which partitions a read looks at.
#[derive(Debug)]
pub(in crate::engine) enum Partitions {
    /// These, in the order of their values.
    Keys(Vec<PartitionKey>),
    Range(TokenRange),
}

/// How many keys or rows IN restrictions may name together: they are multiplied with each other.
const COMBINATIONS_MAX: usize = 1_000_000;

/// Puts values into restrictions.
pub(in crate::engine) struct Binder<'a> {
    pub(in crate::engine) table: &'a Table,
    pub(in crate::engine) indexes: &'a [&'a Index],
    pub(in crate::engine) restrictions: &'a Restrictions,
    /// Which bind values were left unset.
    pub(in crate::engine) unset: &'a [usize],
}

impl Binder<'_> {
    /// `None` if the values leave nothing to read.
    ///
    /// # Errors
    /// For values that must not be null or unset, in Cassandra's order and words.
    pub(in crate::engine) fn bind(&self, context: &mut Context<'_>) -> Result<Option<Access>, EngineError> {
        let partitions = if self.restrictions.is_key_range { None } else { Some(self.keys(context)?) };
        if partitions.as_ref().is_some_and(Vec::is_empty) {
            return Ok(None);
        }
        let rows = self.rows(context)?;
        let filters = self.filters(context)?;
        if self.restrictions.uses_index {
            self.check_indexed_values(context)?;
        }
        let partitions = match partitions {
            Some(keys) => {
                self.check_keys(&keys)?;
                Partitions::Keys(keys)
            }
            None => match self.token_range(context)? {
                Some(range) => Partitions::Range(range),
                None => return Ok(None),
            },
        };
        let Some((slices, also)) = rows else { return Ok(None) };
        Ok(Some(Access { partitions, slices, filters: filters.into_iter().chain(also).collect(), wanted: None }))
    }

    /// The conditions that are checked row by row.
    fn filters(&self, context: &mut Context<'_>) -> Result<Vec<BoundFilter>, EngineError> {
        let mut bound = Vec::new();
        for (filter, is_row_filter) in self.restrictions.filters.iter().zip(&self.restrictions.is_row_filter) {
            if !is_row_filter {
                continue;
            }
            self.check_set_in_filter(filter)?;
            bound.push(match filter {
                Filter::Like { column, pattern, .. } => self.like(*column, pattern, context)?,
                Filter::Tuple { operator, .. } if *operator != Operator::Equal => {
                    return Err(EngineError::invalid("Multi-column slice restrictions cannot be used for filtering."));
                }
                Filter::TupleIn { values, .. } if !values.is_one() => {
                    return Err(EngineError::invalid("Multicolumn IN filters are not supported"));
                }
                Filter::Compare { column, operator, value } if self.folds_case(*column) => {
                    let filter = Filter::Compare { column: *column, operator: *operator, value: value.clone() };
                    BoundFilter::new(&filter, self.table, context)?.folded()
                }
                other => BoundFilter::new(other, self.table, context)?,
            });
        }
        Ok(bound)
    }

    /// Refuses values that no index could hold (`CassandraIndex.validate`).
    fn check_indexed_values(&self, context: &mut Context<'_>) -> Result<(), EngineError> {
        const LENGTH_MAX: usize = u16::MAX as usize;
        let is_indexed = |column: usize| {
            let mut secondary = self.indexes.iter().filter(|index| index.kind == IndexKind::Secondary);
            secondary.any(|index| index.column == self.name(column))
        };
        for filter in &self.restrictions.filters {
            let wanted = match filter {
                Filter::Compare { column, value, .. } if is_indexed(*column) => vec![value.evaluate(context)?],
                Filter::Tuple { columns, operator: Operator::Equal, value } => {
                    let types = CqlType::tuple(columns.iter().map(|column| self.cql_type(*column)));
                    let parts = columns.iter().zip(parts_of(&types, value.evaluate(context)?)?);
                    parts.filter(|(column, _)| is_indexed(**column)).map(|(_, part)| part).collect()
                }
                _ => continue,
            };
            if wanted.iter().flatten().any(|value| value.len() > LENGTH_MAX) {
                return Err(EngineError::invalid("Index expression values may not be larger than 64K"));
            }
        }
        Ok(())
    }

    fn like(&self, column: usize, pattern: &Expression, context: &mut Context<'_>) -> Result<BoundFilter, EngineError> {
        let name = self.name(column);
        let pattern = pattern.evaluate(context)?.unwrap_or_default();
        let (form, term) = match (pattern.first() == Some(&b'%'), pattern.last() == Some(&b'%')) {
            (true, true) => (LikeForm::Contains, pattern.get(1..pattern.len().saturating_sub(1))),
            (false, true) => (LikeForm::Prefix, pattern.get(..pattern.len() - 1)),
            (true, false) => (LikeForm::Suffix, pattern.get(1..)),
            (false, false) => (LikeForm::Matches, pattern.get(..)),
        };
        let Some(term) = term.filter(|term| !term.is_empty()) else {
            return Err(EngineError::invalid("LIKE value can't be empty."));
        };
        if !supports_like(self.indexes, name, form) {
            return Err(EngineError::invalid(format!(
                "{name} {} {} is only supported on properly indexed columns",
                form.symbol(),
                String::from_utf8_lossy(term)
            )));
        }
        let filter = BoundFilter::Like { column, form, term: Bytes::copy_from_slice(term), folds_case: false };
        Ok(if self.folds_case(column) { filter.folded() } else { filter })
    }

    /// Whether an index that answers for the column takes upper and lower case for the same.
    fn folds_case(&self, column: usize) -> bool {
        let name = self.name(column);
        let of_column = |index: &&&Index| index.column == name && index.kind != IndexKind::Secondary;
        self.restrictions.uses_index
            && self.indexes.iter().filter(of_column).any(|index| {
                index.options.get("case_sensitive").is_some_and(|option| option.eq_ignore_ascii_case("false"))
            })
    }

    fn name(&self, column: usize) -> &str {
        self.table.columns().get(column).map_or("", |column| column.name.as_str())
    }

    fn cql_type(&self, column: usize) -> CqlType {
        self.table
            .columns()
            .get(column)
            .map_or(quorate_protocol::value::NativeType::Blob.into(), |column| column.cql_type.clone())
    }

    fn is_unset(&self, expression: &Expression) -> bool {
        matches!(expression, Expression::Bind(index) if self.unset.contains(index))
    }

    fn check_set(&self, expression: &Expression, column: usize) -> Result<(), EngineError> {
        match self.is_unset(expression) {
            true => Err(EngineError::invalid(format!("Invalid unset value for column {}", self.name(column)))),
            false => Ok(()),
        }
    }

    fn check_set_in_filter(&self, filter: &Filter) -> Result<(), EngineError> {
        let refused = |what: &str, column: &usize| {
            Err(EngineError::invalid(format!("Unsupported unset {what} for column {}", self.name(*column))))
        };
        match filter {
            Filter::Compare { column, value, .. } if self.is_unset(value) => refused("value", column),
            Filter::Compare { value: Expression::Composite(_, parts), .. } => {
                match parts.iter().position(|part| self.is_unset(part)) {
                    Some(place) => {
                        Err(EngineError::invalid(format!("Invalid unset value for tuple field number {place}")))
                    }
                    None => Ok(()),
                }
            }
            Filter::Element { column, key, .. } if self.is_unset(key) => refused("map key", column),
            Filter::Element { column, value, .. } if self.is_unset(value) => refused("map value", column),
            Filter::In { column, values: Alternatives::Whole(list, _) } => self.check_set(list, *column),
            Filter::Like { pattern, .. } if self.is_unset(pattern) => {
                Err(EngineError::invalid("LIKE value can't be empty."))
            }
            _ => Ok(()),
        }
    }

    /// The values of `column IN …`, none of them null.
    fn values_in(
        &self,
        column: usize,
        values: &Alternatives,
        context: &mut Context<'_>,
    ) -> Result<Vec<Bytes>, EngineError> {
        let name = self.name(column);
        let listed = match values {
            Alternatives::Listed(expressions) => {
                expressions.iter().try_for_each(|expression| self.check_set(expression, column))?;
                expressions.iter().map(|expression| expression.evaluate(context)).collect::<Result<Vec<_>, _>>()?
            }
            Alternatives::Whole(list, element) => {
                self.check_set(list, column)?;
                let list = list.evaluate(context)?;
                let list = list.ok_or_else(|| EngineError::invalid(format!("Invalid null value for column {name}")))?;
                parts_of(&CqlType::list(element.clone()), Some(list))?
            }
        };
        let refuse = || EngineError::invalid(format!("Invalid null value in condition for column {name}"));
        listed.into_iter().map(|value| value.ok_or_else(refuse)).collect()
    }
}

/// Refuses products that are too large to be written out.
fn check_combinations(count: usize) -> Result<(), EngineError> {
    match count > COMBINATIONS_MAX {
        true => Err(EngineError::invalid(format!(
            "The IN restrictions name {count} combinations together; at most {COMBINATIONS_MAX} are supported"
        ))),
        false => Ok(()),
    }
}
