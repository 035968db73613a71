//! Restrictions of clustering columns as slices of a partition.

use std::cmp::Ordering;

use bytes::Bytes;
use quorate_protocol::cql::ast::Operator;
use quorate_protocol::value::{CqlType, compare};

use super::{Binder, check_combinations};
use crate::engine::error::EngineError;
use crate::engine::expression::{Context, Expression, parts_of};
use crate::engine::restriction::{Alternatives, BoundFilter, Filter};
use crate::engine::table::ColumnKind;
use crate::store::clustering::{Bound, Clustering, Slice};

/// A bound of the column behind the fixed ones: the values of the columns it names, from that one on.
struct Limit {
    is_lower: bool,
    inclusive: bool,
    values: Vec<Bytes>,
}

impl Binder<'_> {
    /// The slices to read, in the order of the table (none: all rows), and what they do not say of the restrictions they are
    /// made of. `None` if no row can be meant.
    #[expect(clippy::type_complexity, reason = "what a slice says, and what it does not")]
    pub(super) fn rows(
        &self,
        context: &mut Context<'_>,
    ) -> Result<Option<(Vec<Slice>, Vec<BoundFilter>)>, EngineError> {
        let prefixes = self.prefixes(context)?;
        let (limits, also) = match self.limits(context)? {
            Some(found) => found,
            None => return Ok(None),
        };
        if limits.is_empty() && prefixes.iter().all(|prefix| prefix.is_empty()) && !prefixes.is_empty() {
            return Ok(Some((Vec::new(), also)));
        }
        let slices: Vec<Slice> = prefixes.into_iter().filter_map(|prefix| self.slice(&prefix, &limits)).collect();
        Ok((!slices.is_empty()).then_some((slices, also)))
    }

    /// The values of the first clustering columns, each alternative once, in the order of the table.
    fn prefixes(&self, context: &mut Context<'_>) -> Result<Vec<Clustering>, EngineError> {
        let mut prefixes = vec![Clustering::new()];
        for filter in self.restrictions.points.iter().filter_map(|index| self.restrictions.filters.get(*index)) {
            let alternatives = self.alternatives(filter, context)?;
            check_combinations(prefixes.len().saturating_mul(alternatives.len()))?;
            if let ([prefix], [values]) = (prefixes.as_mut_slice(), alternatives.as_slice()) {
                prefix.extend(values.iter().cloned());
                continue;
            }
            let with = |prefix: &Clustering, values: &[Bytes]| {
                let mut prefix = prefix.clone();
                prefix.extend(values.iter().cloned());
                prefix
            };
            prefixes = prefixes
                .iter()
                .flat_map(|prefix| alternatives.iter().map(move |values| with(prefix, values)))
                .collect();
        }
        if prefixes.len() > 1 {
            prefixes.sort_by(|left, right| self.table.compare_clustering_values(left, right));
            prefixes.dedup();
        }
        Ok(prefixes)
    }

    /// The values that a restriction fixes its columns to, one alternative after the other.
    fn alternatives(&self, filter: &Filter, context: &mut Context<'_>) -> Result<Vec<Vec<Bytes>>, EngineError> {
        match filter {
            Filter::In { column, values } => {
                Ok(self.values_in(*column, values, context)?.into_iter().map(|value| vec![value]).collect())
            }
            Filter::Compare { column, value, .. } => {
                self.check_set(value, *column)?;
                let value = value.evaluate(context)?.ok_or_else(|| {
                    EngineError::invalid(format!("Invalid null value in condition for column {}", self.name(*column)))
                })?;
                Ok(vec![vec![value]])
            }
            Filter::Tuple { columns, value, .. } => {
                let refuse = |column| format!("Invalid null value for column {}", self.name(column));
                Ok(vec![self.tuple(columns, value, refuse, context)?])
            }
            Filter::TupleIn { columns, values: Alternatives::Listed(values) } => {
                let names: Vec<&str> = columns.iter().map(|column| self.name(*column)).collect();
                let is_one = values.len() == 1;
                let refuse = |column| match is_one {
                    true => format!("Invalid null value for column {}", self.name(column)),
                    false => format!("Invalid null value in condition for columns: [{}]", names.join(", ")),
                };
                values.iter().map(|value| self.tuple(columns, value, refuse, context)).collect()
            }
            Filter::TupleIn { columns, values: Alternatives::Whole(list, element) } => {
                if self.is_unset(list) {
                    let names: Vec<&str> = columns.iter().map(|column| self.name(*column)).collect();
                    return Err(EngineError::invalid(format!("Invalid unset value for in({})", names.join(","))));
                }
                let list = list.evaluate(context)?;
                let list = list.ok_or_else(|| EngineError::invalid("Invalid null value for IN restriction"))?;
                let names: Vec<&str> = columns.iter().map(|column| self.name(*column)).collect();
                let tuples = parts_of(&CqlType::list(element.clone()), Some(list))?;
                let values = tuples.into_iter().map(|tuple| {
                    self.components(columns, tuple, |_| {
                        format!("Invalid null value in condition for columns: [{}]", names.join(", "))
                    })
                });
                values.collect()
            }
            Filter::Token { .. } | Filter::Element { .. } | Filter::Like { .. } => Ok(Vec::new()),
        }
    }

    fn tuple(
        &self,
        columns: &[usize],
        value: &Expression,
        refuse: impl Fn(usize) -> String,
        context: &mut Context<'_>,
    ) -> Result<Vec<Bytes>, EngineError> {
        if self.is_unset(value) {
            let names: Vec<&str> = columns.iter().map(|column| self.name(*column)).collect();
            return Err(EngineError::invalid(format!("Invalid unset value for tuple ({})", names.join(","))));
        }
        if let Expression::Composite(_, parts) = value
            && let Some(place) = parts.iter().position(|part| self.is_unset(part))
        {
            return Err(EngineError::invalid(format!("Invalid unset value for tuple field number {place}")));
        }
        let value = value.evaluate(context)?;
        self.components(columns, value, refuse)
    }

    fn components(
        &self,
        columns: &[usize],
        tuple: Option<Bytes>,
        refuse: impl Fn(usize) -> String,
    ) -> Result<Vec<Bytes>, EngineError> {
        let types = columns.iter().map(|column| self.cql_type(*column));
        let mut parts = parts_of(&CqlType::tuple(types), tuple)?.into_iter();
        let values = columns.iter().map(|column| {
            let part = parts.next().flatten();
            part.ok_or_else(|| EngineError::invalid(refuse(*column)))
        });
        values.collect()
    }

    /// The bounds behind the fixed columns, and conditions that they are too coarse for. `None`: nothing is within them.
    #[expect(clippy::type_complexity, reason = "what bounds say, and what they do not")]
    fn limits(&self, context: &mut Context<'_>) -> Result<Option<(Vec<Limit>, Vec<BoundFilter>)>, EngineError> {
        let (mut limits, mut also) = (Vec::new(), Vec::new());
        for filter in self.restrictions.slices.iter().filter_map(|index| self.restrictions.filters.get(*index)) {
            match filter {
                Filter::Compare { column, operator, value } => {
                    self.check_set(value, *column)?;
                    let is_lower = matches!(operator, Operator::Greater | Operator::GreaterOrEqual);
                    // null is before every value
                    match value.evaluate(context)? {
                        Some(value) => {
                            limits.push(self.limit(&[*column], is_lower, is_inclusive(*operator), vec![value]))
                        }
                        None if is_lower => {}
                        None => return Ok(None),
                    }
                }
                Filter::Tuple { columns, operator, value } => {
                    let refuse = |column| format!("Invalid null value in condition for column {}", self.name(column));
                    let values = self.tuple(columns, value, refuse, context)?;
                    let is_lower = matches!(operator, Operator::Greater | Operator::GreaterOrEqual);
                    if self.has_one_direction(columns) {
                        limits.push(self.limit(columns, is_lower, is_inclusive(*operator), values));
                        continue;
                    }
                    // the columns are in different directions: there is no one place in the table where this begins or ends
                    also.push(BoundFilter::Tuple {
                        columns: columns.clone(),
                        operator: *operator,
                        values: values.iter().cloned().map(Some).collect(),
                    });
                    let first = values.into_iter().take(1).collect();
                    limits.push(self.limit(columns.get(..1).unwrap_or_default(), is_lower, true, first));
                }
                _ => {}
            }
        }
        Ok(Some((limits, also)))
    }

    /// A bound as the table has it: where larger values come first, a lower bound is where the slice ends.
    fn limit(&self, columns: &[usize], is_lower: bool, inclusive: bool, values: Vec<Bytes>) -> Limit {
        let is_descending = columns.first().is_some_and(|column| self.is_descending(*column));
        Limit { is_lower: is_lower != is_descending, inclusive, values }
    }

    fn slice(&self, prefix: &Clustering, limits: &[Limit]) -> Option<Slice> {
        let mut slice = Slice::of_prefix(prefix.clone());
        if prefix.is_empty() {
            slice = Slice::default();
        }
        for limit in limits {
            let mut bound = Bound { prefix: prefix.clone(), inclusive: limit.inclusive };
            bound.prefix.extend(limit.values.iter().cloned());
            if limit.is_lower {
                slice.start = Some(bound);
            } else {
                slice.end = Some(bound);
            }
        }
        let is_empty = match (&slice.start, &slice.end) {
            (Some(start), Some(end)) => match self.table.compare_clustering_values(&start.prefix, &end.prefix) {
                Ordering::Less => false,
                Ordering::Greater => true,
                Ordering::Equal => !(start.inclusive && end.inclusive) && start.prefix.len() == end.prefix.len(),
            },
            _ => false,
        };
        (!is_empty).then_some(slice)
    }

    fn is_descending(&self, column: usize) -> bool {
        let kind = self.table.columns().get(column).map(|column| column.kind);
        kind == Some(ColumnKind::Clustering { descending: true })
    }

    fn has_one_direction(&self, columns: &[usize]) -> bool {
        let mut directions = columns.iter().map(|column| self.is_descending(*column));
        let first = directions.next();
        directions.all(|direction| Some(direction) == first)
    }
}

fn is_inclusive(operator: Operator) -> bool {
    matches!(operator, Operator::GreaterOrEqual | Operator::LessOrEqual)
}

impl crate::engine::table::Table {
    /// The order in the table of two clusterings, or of the first values of some, as far as both go.
    pub(in crate::engine) fn compare_clustering_values(&self, left: &[Bytes], right: &[Bytes]) -> Ordering {
        let columns = self.clustering().iter().zip(left.iter().zip(right));
        let mut orders = columns.map(|(column, (left, right))| {
            let order = compare(&column.cql_type, left, right);
            if column.kind == (ColumnKind::Clustering { descending: true }) { order.reverse() } else { order }
        });
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// Whether the slice has the row.
    pub(in crate::engine) fn is_within(&self, slice: &Slice, clustering: &[Bytes]) -> bool {
        let within = |bound: &Option<Bound>, outside: Ordering| match bound {
            None => true,
            Some(bound) => match self.compare_clustering_values(clustering, &bound.prefix) {
                // a row that ends before the bound does comes before it
                Ordering::Equal if clustering.len() < bound.prefix.len() => outside == Ordering::Greater,
                Ordering::Equal => bound.inclusive,
                order => order != outside,
            },
        };
        within(&slice.start, Ordering::Less) && within(&slice.end, Ordering::Greater)
    }
}
