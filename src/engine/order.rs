//! ORDER BY: the clustering order of the table, forwards or backwards, or nearest neighbours first
//! (`SelectStatement.RawStatement.isReversed`, `getOrderingComparator`).

use std::cmp::Ordering;

use bytes::Bytes;
use quorate_protocol::cql::ast::{Direction, Ordering as OrderBy, OrderingKey};
use quorate_protocol::value::{Value, compare};

use super::bind::Receiver;
use super::compile::{Compiler, Operand, undefined_column};
use super::error::EngineError;
use super::expression::{Context, Expression};
use super::restriction::Restrictions;
use super::schema::Index;
use super::table::{ColumnKind, Row, Table};

/// In which order rows are returned.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// The columns that were named: clustering columns, in their order, or that of ANN OF.
    columns: Vec<usize>,
    /// Against the order of the table.
    reversed: bool,
    near: Option<Near>,
}

#[derive(Clone, Debug)]
struct Near {
    vector: Expression,
    similarity: Similarity,
}

/// How alike two vectors are (`similarity_function` of the index).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Similarity {
    #[default]
    Cosine,
    Euclidean,
    DotProduct,
}

/// ORDER BY, with its names resolved.
pub(super) struct Orderings {
    named: Vec<(usize, Option<Direction>)>,
    /// The column of ANN OF.
    pub(super) nearest: Option<usize>,
    vector: Option<Expression>,
}

impl Orderings {
    /// Resolves names, and refuses ANN OF beside other orders.
    pub(super) fn new(
        order_by: &[OrderBy<'_>],
        table: &Table,
        compiler: &mut Compiler<'_>,
    ) -> Result<Self, EngineError> {
        let mut orderings = Orderings { named: Vec::new(), nearest: None, vector: None };
        for ordering in order_by {
            let name = match &ordering.key {
                OrderingKey::Column(name) | OrderingKey::Ann(name, _) => name.as_str(),
            };
            let (index, column) = table.column(name).ok_or_else(|| undefined_column(name, table))?;
            orderings.named.push((index, ordering.direction));
            if let OrderingKey::Ann(_, term) = &ordering.key {
                let receiver =
                    Receiver { name: name.to_owned(), cql_type: column.cql_type.clone(), column: Some(index) };
                orderings.vector = Some(term.compile(compiler, &receiver)?);
                orderings.nearest = Some(index);
            }
        }
        Ok(orderings)
    }

    /// Refuses combinations of ANN OF that Cassandra refuses when it has looked at WHERE.
    pub(super) fn check(order_by: &[OrderBy<'_>]) -> Result<(), EngineError> {
        let mut nearest = order_by.iter().filter(|ordering| matches!(ordering.key, OrderingKey::Ann(..)));
        let Some(first) = nearest.next() else { return Ok(()) };
        if nearest.next().is_some() {
            return Err(EngineError::invalid("Cannot specify more than one ANN ordering"));
        }
        if order_by.len() > 1 {
            return Err(EngineError::invalid("ANN ordering does not support any other ordering"));
        }
        if first.direction == Some(Direction::Descending) {
            return Err(EngineError::invalid("Descending ANN ordering is not supported"));
        }
        Ok(())
    }
}

impl Order {
    pub(super) fn new<'i>(
        orderings: Orderings,
        table: &Table,
        restrictions: &Restrictions,
        mut indexes: impl Iterator<Item = &'i Index>,
    ) -> Result<Self, EngineError> {
        if let (Some(column), Some(vector)) = (orderings.nearest, orderings.vector) {
            let name = table.columns().get(column).map_or("", |column| column.name.as_str());
            let function = indexes.find(|index| index.column == name).and_then(|index| {
                index.options.iter().find(|(key, _)| key.eq_ignore_ascii_case("similarity_function"))
            });
            let similarity = match function.map(|(_, value)| value.to_ascii_lowercase()).as_deref() {
                Some("euclidean") => Similarity::Euclidean,
                Some("dot_product") => Similarity::DotProduct,
                _ => Similarity::Cosine,
            };
            return Ok(Order { columns: vec![column], reversed: false, near: Some(Near { vector, similarity }) });
        }
        if orderings.named.is_empty() {
            return Ok(Order::default());
        }
        if restrictions.uses_index {
            return Err(EngineError::invalid("ORDER BY with 2ndary indexes is not supported, except for ANN queries."));
        }
        if restrictions.is_key_range {
            return Err(EngineError::invalid(
                "ORDER BY is only supported when the partition key is restricted by an EQ or an IN.",
            ));
        }
        let mut columns: Vec<usize> = Vec::new();
        let mut directions: Vec<(usize, bool)> = Vec::new();
        for (index, direction) in orderings.named {
            // what is named twice is ordered as it is named last
            let descending = direction == Some(Direction::Descending);
            match directions.iter_mut().find(|(column, _)| *column == index) {
                Some(earlier) => earlier.1 = descending,
                None => directions.push((index, descending)),
            }
        }
        let mut next = table.partition_key_count();
        let mut reversed = None;
        for (index, wants_descending) in directions {
            let name = table.columns().get(index).map_or("", |column| column.name.as_str());
            let Some(ColumnKind::Clustering { descending }) = table.columns().get(index).map(|column| column.kind)
            else {
                return Err(EngineError::invalid(format!(
                    "Order by is currently only supported on the clustered columns of the PRIMARY KEY, got {name}"
                )));
            };
            while next != index {
                if next > index || !restrictions.fixed.contains(&next) {
                    return Err(EngineError::invalid(
                        "Order by currently only supports the ordering of columns following their declared order in the \
                         PRIMARY KEY",
                    ));
                }
                next += 1;
            }
            next += 1;
            let is_reversed = wants_descending != descending;
            if *reversed.get_or_insert(is_reversed) != is_reversed {
                return Err(EngineError::invalid("Unsupported order by relation"));
            }
            columns.push(index);
        }
        Ok(Order { columns, reversed: reversed.unwrap_or_default(), near: None })
    }

    /// Whether rows are read against the order of the table.
    pub(super) fn is_reversed(&self) -> bool {
        self.reversed
    }

    pub(super) fn is_nearest(&self) -> bool {
        self.near.is_some()
    }

    /// Whether an order was asked for.
    pub(super) fn is_named(&self) -> bool {
        !self.columns.is_empty()
    }

    /// The columns that are ordered by.
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The first column that is ordered by.
    pub(super) fn column(&self) -> Option<usize> {
        self.columns.first().copied()
    }

    pub(super) fn similarity(&self) -> Similarity {
        self.near.as_ref().map(|near| near.similarity).unwrap_or_default()
    }

    /// The vector whose neighbours are wanted.
    pub(super) fn nearest(&self, table: &Table, context: &mut Context<'_>) -> Result<Vec<f32>, EngineError> {
        let column = self.column().and_then(|column| table.columns().get(column));
        let name = column.map_or("", |column| column.name.as_str());
        let vector = self.near.as_ref().map(|near| near.vector.evaluate(context)).transpose()?.flatten();
        let vector = vector.ok_or_else(|| EngineError::invalid(format!("Unsupported null value for column {name}")))?;
        let decoded = column.map(|column| Value::decode(&column.cql_type, &vector)).transpose()?;
        Ok(floats(decoded.as_ref()))
    }

    /// The cells that [`Order::compare`] needs of a row.
    pub(super) fn cells(&self, row: &Row) -> Vec<Option<Bytes>> {
        self.columns.iter().map(|column| row.get(*column).cloned().flatten()).collect()
    }

    /// The order of two rows of any partitions, by their [`Order::cells`].
    pub(super) fn compare(&self, table: &Table, left: &[Option<Bytes>], right: &[Option<Bytes>]) -> Ordering {
        let cells = self.columns.iter().zip(left.iter().zip(right));
        let mut orders = cells.filter_map(|(column, (left, right))| {
            let column = table.columns().get(*column)?;
            let order = match (left, right) {
                (Some(left), Some(right)) => compare(&column.cql_type, left, right),
                (left, right) => left.is_some().cmp(&right.is_some()),
            };
            let is_descending = column.kind == ColumnKind::Clustering { descending: true };
            Some(if is_descending != self.reversed { order.reverse() } else { order })
        });
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// How near a stored vector is; larger is nearer. `None` if it is no vector of as many floats.
pub(super) fn similarity_of(similarity: Similarity, wanted: &[f32], stored: &[u8]) -> Option<f32> {
    let (stored, rest) = stored.as_chunks::<4>();
    if stored.len() != wanted.len() || !rest.is_empty() {
        return None;
    }
    let pairs = wanted.iter().zip(stored).map(|(a, b)| (f64::from(*a), f64::from(f32::from_be_bytes(*b))));
    let (mut dot, mut left, mut right, mut distance) = (0.0, 0.0, 0.0, 0.0);
    for (a, b) in pairs {
        dot += a * b;
        left += a * a;
        right += b * b;
        distance += (a - b) * (a - b);
    }
    Some(match similarity {
        Similarity::Cosine => (1.0 + dot / (left * right).sqrt()) / 2.0,
        Similarity::Euclidean => 1.0 / (1.0 + distance),
        Similarity::DotProduct => (1.0 + dot) / 2.0,
    } as f32)
}

fn floats(vector: Option<&Value>) -> Vec<f32> {
    let Some(Value::Vector(parts)) = vector else { return Vec::new() };
    let float = |part: &Value| if let Value::Float(float) = part { Some(*float) } else { None };
    parts.iter().filter_map(float).collect()
}
