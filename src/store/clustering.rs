//! Where a row stands in its partition, and ranges of such places.

use std::cmp::Ordering;

use bytes::Bytes;
use quorate_protocol::value::compare;
use smallvec::SmallVec;

use super::table::TableShape;

/// The values of all clustering columns of one row, serialized; empty in a table without clustering columns.
pub type Clustering = SmallVec<[Bytes; 2]>;

/// One end of a range: the values of the first clustering columns, and whether rows that begin with them belong to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bound {
    /// The values of the first clustering columns, as many as are bounded.
    pub prefix: Clustering,
    /// Whether rows that begin with the prefix belong to the range.
    pub inclusive: bool,
}

/// A range of rows in the table's own order (a descending column's larger values come first). An absent end is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Slice {
    /// Where it begins.
    pub start: Option<Bound>,
    /// Where it ends.
    pub end: Option<Bound>,
}

impl Slice {
    /// Every row that begins with these values: one row, if they are all of its clustering.
    pub fn of_prefix(prefix: Clustering) -> Self {
        let bound = Bound { prefix, inclusive: true };
        Slice { start: Some(bound.clone()), end: Some(bound) }
    }

    /// Whether a row of that clustering belongs to it.
    pub fn contains(&self, shape: &TableShape, clustering: &Clustering) -> bool {
        let within = |bound: &Option<Bound>, outside: Ordering| match bound {
            None => true,
            Some(bound) => {
                let columns = shape.clustering.iter().zip(clustering.iter().zip(&bound.prefix));
                let orders = columns.map(|((cql_type, descends), (left, right))| {
                    let order = compare(cql_type, left, right);
                    if *descends { order.reverse() } else { order }
                });
                match orders.fold(Ordering::Equal, Ordering::then) {
                    Ordering::Equal => bound.inclusive,
                    order => order != outside,
                }
            }
        };
        within(&self.start, Ordering::Less) && within(&self.end, Ordering::Greater)
    }
}
