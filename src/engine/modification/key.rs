//! Which partitions and rows a modification is about: its WHERE clause, or an INSERT's values of the primary key
//! (`org.apache.cassandra.cql3.restrictions.StatementRestrictions`).

mod check;
mod evaluate;
mod pairs;
mod slices;

use quorate_protocol::cql::ast::Operator;

use super::StatementKind;
use crate::engine::error::EngineError;
use crate::engine::expression::Expression;
use crate::engine::restriction::{Alternatives, Filter};
use crate::engine::schema::TableDefinition;
use crate::engine::table::Table;

pub(super) use check::compile_relations;

/// The key of a modification, checked.
#[derive(Clone, Debug)]
pub(super) struct KeyPlan {
    /// For each column of the partition key.
    partition: Vec<Choice>,
    /// What the clustering columns are restricted to, in their order and without gaps.
    clustering: Vec<Part>,
    /// Whether what is restricted are ranges of rows, rather than rows.
    is_range: bool,
}

/// One value, or one of several.
#[derive(Clone, Debug)]
enum Choice {
    One(Expression),
    Many(Alternatives),
}

/// A restriction of neighbouring clustering columns.
#[derive(Clone, Debug)]
enum Part {
    /// One column is one of these values.
    Single { column: usize, choice: Choice },
    /// The columns together are one of these tuples.
    Tuple { columns: Vec<usize>, choice: Choice },
    /// The columns from this one on lie between these bounds.
    Slice { first: usize, lower: Option<BoundPlan>, upper: Option<BoundPlan> },
}

/// An end of a slice.
#[derive(Clone, Debug)]
struct BoundPlan {
    /// The columns whose values bound it.
    columns: Vec<usize>,
    /// Their values: a tuple, if they are more than one or were written as one.
    value: Expression,
    is_tuple: bool,
    is_inclusive: bool,
}

impl KeyPlan {
    /// Checks the filters of a statement that changes only static columns, or not, and arranges them.
    pub(super) fn new(
        filters: Vec<Filter>,
        definition: &TableDefinition,
        kind: StatementKind,
        is_static_only: bool,
    ) -> Result<Self, EngineError> {
        let table = definition.table.as_ref();
        check::check(&filters, definition, kind, is_static_only)?;
        let mut partition: Vec<Option<Choice>> = vec![None; table.partition_key_count()];
        let mut clustering: Vec<Part> = Vec::new();
        for filter in filters {
            match filter {
                Filter::Compare { column, operator: Operator::Equal, value } if column < partition.len() => {
                    partition[column] = Some(Choice::One(value));
                }
                Filter::In { column, values } if column < partition.len() => {
                    partition[column] = Some(Choice::of_alternatives(values));
                }
                other => add_part(other, &mut clustering),
            }
        }
        clustering.sort_by_key(Part::first_column);
        let restricted: usize = clustering.iter().map(Part::column_count).sum();
        let is_range = kind == StatementKind::Delete
            && !clustering.is_empty()
            && (restricted < table.clustering().len()
                || clustering.iter().any(|part| matches!(part, Part::Slice { .. })));
        Ok(KeyPlan { partition: partition.into_iter().flatten().collect(), clustering, is_range })
    }

    /// Whether any clustering column is restricted.
    pub(super) fn restricts_clustering(&self) -> bool {
        !self.clustering.is_empty()
    }

    /// Whether ranges of rows are meant, rather than rows.
    pub(super) fn is_range(&self) -> bool {
        self.is_range
    }

    /// Whether the partition key may be one of several.
    pub(super) fn has_partition_alternatives(&self) -> bool {
        self.partition.iter().any(|choice| matches!(choice, Choice::Many(_)))
    }

    /// Whether the clustering may be one of several.
    pub(super) fn has_clustering_alternatives(&self) -> bool {
        self.clustering.iter().any(|part| match part {
            Part::Single { choice, .. } | Part::Tuple { choice, .. } => matches!(choice, Choice::Many(_)),
            Part::Slice { .. } => false,
        })
    }

    /// Whether the whole primary key is fixed to one row.
    pub(super) fn is_one_row(&self, table: &Table) -> bool {
        let restricted: usize = self.clustering.iter().map(Part::column_count).sum();
        restricted == table.clustering().len()
            && !self.has_partition_alternatives()
            && !self.has_clustering_alternatives()
            && !self.clustering.iter().any(|part| matches!(part, Part::Slice { .. }))
    }
}

impl Choice {
    /// IN with one value is the same as `=`.
    fn of_alternatives(alternatives: Alternatives) -> Self {
        match alternatives {
            Alternatives::Listed(mut values) if values.len() == 1 => match values.pop() {
                Some(only) => Choice::One(only),
                None => Choice::Many(Alternatives::Listed(values)),
            },
            other => Choice::Many(other),
        }
    }
}

impl Part {
    fn first_column(&self) -> usize {
        match self {
            Part::Single { column, .. } => *column,
            Part::Tuple { columns, .. } => columns.first().copied().unwrap_or_default(),
            Part::Slice { first, .. } => *first,
        }
    }

    /// How many columns it restricts.
    fn column_count(&self) -> usize {
        match self {
            Part::Single { .. } => 1,
            Part::Tuple { columns, .. } => columns.len(),
            Part::Slice { lower, upper, .. } => {
                lower.iter().chain(upper).map(|bound| bound.columns.len()).max().unwrap_or_default()
            }
        }
    }
}

/// Adds what a filter says of the clustering columns. Two bounds of the same columns make one slice.
fn add_part(filter: Filter, parts: &mut Vec<Part>) {
    let (columns, operator, value, is_tuple) = match filter {
        Filter::Compare { column, operator, value } => (vec![column], operator, value, false),
        Filter::Tuple { columns, operator, value } => (columns, operator, value, true),
        Filter::In { column, values } => {
            return parts.push(Part::Single { column, choice: Choice::of_alternatives(values) });
        }
        Filter::TupleIn { columns, values } => {
            return parts.push(Part::Tuple { columns, choice: Choice::of_alternatives(values) });
        }
        Filter::Token { .. } | Filter::Element { .. } | Filter::Like { .. } => return,
    };
    let is_lower = matches!(operator, Operator::Greater | Operator::GreaterOrEqual);
    let is_inclusive = matches!(operator, Operator::GreaterOrEqual | Operator::LessOrEqual);
    let first = columns.first().copied().unwrap_or_default();
    match operator {
        Operator::Equal if is_tuple => parts.push(Part::Tuple { columns, choice: Choice::One(value) }),
        Operator::Equal => parts.push(Part::Single { column: first, choice: Choice::One(value) }),
        _ => {
            let bound = BoundPlan { columns, value, is_tuple, is_inclusive };
            let known =
                parts.iter_mut().find(|part| matches!(part, Part::Slice { first: other, .. } if *other == first));
            if let Some(Part::Slice { lower, upper, .. }) = known {
                *(if is_lower { lower } else { upper }) = Some(bound);
            } else if is_lower {
                parts.push(Part::Slice { first, lower: Some(bound), upper: None });
            } else {
                parts.push(Part::Slice { first, lower: None, upper: Some(bound) });
            }
        }
    }
}
