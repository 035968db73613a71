//! ORDER BY: the clustering order of the table, forwards or backwards (`SelectStatement.getOrderingComparator`).

use quorate_protocol::cql::ast::{Direction, Ordering as OrderBy, OrderingKey};

use super::compile::undefined_column;
use super::error::EngineError;
use super::restriction::Restrictions;
use super::table::{ColumnKind, Row, Table};

/// In which order rows are returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// The clustering columns that were named, in their order.
    columns: Vec<usize>,
    /// Against the order of the table.
    reversed: bool,
}

impl Order {
    pub(super) fn new(
        order_by: &[OrderBy<'_>],
        table: &Table,
        restrictions: Restrictions,
    ) -> Result<Self, EngineError> {
        if order_by.is_empty() {
            return Ok(Order::default());
        }
        if !restrictions.names_partitions {
            return Err(EngineError::invalid(
                "ORDER BY is only supported when the partition key is restricted by an EQ or an IN.",
            ));
        }
        let mut columns = Vec::new();
        let mut reversed = None;
        for (position, ordering) in order_by.iter().enumerate() {
            let name = match &ordering.key {
                OrderingKey::Column(name) => name.as_str(),
                OrderingKey::Ann(name, _) => {
                    return Err(EngineError::invalid(format!(
                        "ANN ordering is only supported on properly indexed columns. {} is not",
                        name.as_str()
                    )));
                }
            };
            let (index, column) = table.column(name).ok_or_else(|| undefined_column(name, table))?;
            let ColumnKind::Clustering { descending } = column.kind else {
                return Err(EngineError::invalid(format!(
                    "Order by is currently only supported on the clustered columns of the PRIMARY KEY, got {name}"
                )));
            };
            if index != table.partition_key_count() + position {
                return Err(EngineError::invalid(
                    "Order by currently only supports the ordering of columns following their declared order in the \
                     PRIMARY KEY",
                ));
            }
            let is_reversed = (ordering.direction == Some(Direction::Descending)) != descending;
            if *reversed.get_or_insert(is_reversed) != is_reversed {
                return Err(EngineError::invalid("Unsupported order by relation"));
            }
            columns.push(index);
        }
        Ok(Order { columns, reversed: reversed.unwrap_or_default() })
    }

    /// Puts rows, which are in the order of the table, in this order. Rows of several partitions are merged only where an
    /// order was asked for.
    pub(super) fn apply(&self, rows: &mut Vec<&Row>, table: &Table) {
        if self.columns.is_empty() {
            return;
        }
        let mut partitions: Vec<Vec<&Row>> = Vec::new();
        for row in rows.drain(..) {
            match partitions.last_mut() {
                Some(partition) if partition.last().is_some_and(|last| table.is_same_partition(last, row)) => {
                    partition.push(row);
                }
                _ => partitions.push(vec![row]),
            }
        }
        for partition in &mut partitions {
            if self.reversed {
                partition.reverse();
            }
        }
        let is_merged = partitions.len() > 1;
        rows.extend(partitions.into_iter().flatten());
        if is_merged {
            rows.sort_by(|left, right| {
                let order = table.compare_clustering_prefix(left, right, self.columns.len());
                if self.reversed { order.reverse() } else { order }
            });
        }
    }
}
