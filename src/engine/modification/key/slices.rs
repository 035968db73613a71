//! Bounds of clustering columns as slices in the table's own order, in which some columns descend.

use std::cmp::Ordering;

use bytes::Bytes;
use quorate_protocol::value::compare;

use crate::store::clustering::{Bound, Clustering, Slice};
use crate::store::table::TableShape;

/// What the columns behind a prefix must be above and below: values of one or more columns, and whether these belong to it.
pub(super) struct SliceBounds {
    pub(super) lower: Option<(Clustering, bool)>,
    pub(super) upper: Option<(Clustering, bool)>,
}

/// The slices of rows that begin with `prefix` and lie between the bounds. Where ascending and descending columns are
/// bounded together, they are several.
pub(super) fn of_bounds(prefix: &Clustering, bounds: &SliceBounds, shape: &TableShape) -> Vec<Slice> {
    let lower = half(prefix, bounds.lower.as_ref(), Ordering::Greater, shape);
    let upper = half(prefix, bounds.upper.as_ref(), Ordering::Less, shape);
    let pairs = lower.iter().flat_map(|left| upper.iter().map(move |right| (left, right)));
    pairs.filter_map(|(left, right)| intersection(left, right, shape)).collect()
}

/// The rows on one side of a bound: for each column those that are beyond its value where the columns before are equal to
/// theirs, and those that are equal in all columns, if they belong to it. Neighbours are joined.
fn half(prefix: &Clustering, bound: Option<&(Clustering, bool)>, side: Ordering, shape: &TableShape) -> Vec<Slice> {
    let Some((values, is_inclusive)) = bound else { return vec![Slice::of_prefix(prefix.clone())] };
    let is_after = |column: usize| {
        let descends = shape.clustering.get(prefix.len() + column).is_some_and(|(_, descends)| *descends);
        (side == Ordering::Greater) != descends
    };
    let prefixed = |count: usize| -> Clustering { prefix.iter().chain(values.iter().take(count)).cloned().collect() };
    let all_alike = (1..values.len()).all(|column| is_after(column) == is_after(0));
    if all_alike {
        let inner = Bound { prefix: prefixed(values.len()), inclusive: *is_inclusive };
        let outer = Bound { prefix: prefix.clone(), inclusive: true };
        let (start, end) = if is_after(0) { (inner, outer) } else { (outer, inner) };
        return vec![Slice { start: Some(start), end: Some(end) }];
    }
    let mut slices: Vec<Slice> = (0..values.len())
        .map(|column| {
            let inner = Bound { prefix: prefixed(column + 1), inclusive: false };
            let outer = Bound { prefix: prefixed(column), inclusive: true };
            let (start, end) = if is_after(column) { (inner, outer) } else { (outer, inner) };
            Slice { start: Some(start), end: Some(end) }
        })
        .collect();
    if *is_inclusive {
        slices.push(Slice::of_prefix(prefixed(values.len())));
    }
    slices
}

/// What both slices have in common, if anything can be.
fn intersection(left: &Slice, right: &Slice, shape: &TableShape) -> Option<Slice> {
    let later = |a: &Option<Bound>, b: &Option<Bound>, is_start: bool| match (a, b) {
        (Some(a), Some(b)) => {
            Some(if place_order(a, is_start, b, is_start, shape).is_ge() == is_start { a.clone() } else { b.clone() })
        }
        (a, b) => a.clone().or_else(|| b.clone()),
    };
    let common = Slice { start: later(&left.start, &right.start, true), end: later(&left.end, &right.end, false) };
    let is_empty = match (&common.start, &common.end) {
        (Some(start), Some(end)) => place_order(start, true, end, false, shape).is_ge(),
        _ => false,
    };
    (!is_empty).then(|| without_open_ends(common))
}

/// A bound of no columns that belongs to the range bounds nothing.
fn without_open_ends(slice: Slice) -> Slice {
    let closed = |bound: Option<Bound>| bound.filter(|bound| !bound.prefix.is_empty());
    Slice { start: closed(slice.start), end: closed(slice.end) }
}

/// Where two bounds stand to each other between the rows.
fn place_order(left: &Bound, left_is_start: bool, right: &Bound, right_is_start: bool, shape: &TableShape) -> Ordering {
    // where rows that begin with its values are, as seen from the bound
    let side = |bound: &Bound, is_start: bool| if bound.inclusive == is_start { -1_i8 } else { 1 };
    let (left_side, right_side) = (side(left, left_is_start), side(right, right_is_start));
    prefix_order(&left.prefix, &right.prefix, shape).then_with(|| {
        match left.prefix.len().cmp(&right.prefix.len()) {
            Ordering::Equal => left_side.cmp(&right_side),
            // the shorter one stands before or behind all that begin with its values
            Ordering::Less => left_side.cmp(&0),
            Ordering::Greater => 0.cmp(&right_side),
        }
    })
}

fn prefix_order(left: &[Bytes], right: &[Bytes], shape: &TableShape) -> Ordering {
    let columns = shape.clustering.iter().zip(left.iter().zip(right));
    let orders = columns.map(|((cql_type, descends), (left, right))| {
        let order = compare(cql_type, left, right);
        if *descends { order.reverse() } else { order }
    });
    orders.fold(Ordering::Equal, Ordering::then)
}
