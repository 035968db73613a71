//! Counting: from the rows that each voter shows to those that a majority shows. Pure.

use std::collections::HashMap;
use std::iter::Peekable;

use bytes::Bytes;
use smallvec::SmallVec;

/// A row, cell by cell; null cells have no bytes.
pub(super) type Row = Vec<Option<Bytes>>;

/// What a row's columns of the primary key hold.
type Key = Vec<Option<Bytes>>;

/// The rows, and the cells in them, that at least `majority` of the voters show identically.
///
/// `key_columns` tell rows apart. A row that a majority does not show is absent. Nothing where some row or cell has no
/// majority either way, since then nobody knows what is right. Every ballot must be complete: all rows that its voter has,
/// in the order of the table.
pub(super) fn count(ballots: &[Vec<Row>], key_columns: &[usize], majority: usize) -> Option<Vec<Row>> {
    let mut by_key: HashMap<Key, Shown<'_>> = HashMap::new();
    for (ballot, rows) in ballots.iter().enumerate() {
        for (place, row) in rows.iter().enumerate() {
            by_key.entry(key_of(row, key_columns)).or_default().add(ballot, place, row);
        }
    }
    let mut elected = Vec::new();
    for shown in by_key.values() {
        let presence = shown.rows.len();
        if presence >= majority {
            elected.push((shown, Some(elect_cells(&shown.rows, majority)?)));
        } else if ballots.len().saturating_sub(presence) < majority {
            // Neither its presence nor its absence has a majority.
            return None;
        }
    }
    Some(in_order(elected, ballots.len()))
}

/// One row as the ballots show it.
#[derive(Default)]
struct Shown<'b> {
    rows: SmallVec<[&'b Row; 5]>,
    /// Where: the ballot, and the place in it.
    places: SmallVec<[(usize, usize); 5]>,
}

impl<'b> Shown<'b> {
    /// A ballot counts once, however often it shows the row.
    fn add(&mut self, ballot: usize, place: usize, row: &'b Row) {
        if self.places.last().is_none_or(|(last, _)| *last != ballot) {
            self.rows.push(row);
            self.places.push((ballot, place));
        }
    }
}

fn elect_cells(shown: &[&Row], majority: usize) -> Option<Row> {
    let columns = shown.first()?.len();
    (0..columns)
        .map(|column| {
            let cell = |row: &&Row| row.get(column).cloned().flatten();
            let candidates = shown.iter().map(cell);
            candidates
                .into_iter()
                .find(|candidate| shown.iter().filter(|row| cell(row) == *candidate).count() >= majority)
        })
        .collect()
}

/// The rows in the order that they have in the ballots. Any two of them stand together in one: majorities overlap.
fn in_order(mut elected: Vec<(&Shown<'_>, Option<Row>)>, ballot_count: usize) -> Vec<Row> {
    let mut sequences: Vec<Vec<(usize, usize)>> = vec![Vec::new(); ballot_count];
    for (index, (shown, _)) in elected.iter().enumerate() {
        for (ballot, place) in &shown.places {
            if let Some(sequence) = sequences.get_mut(*ballot) {
                sequence.push((*place, index));
            }
        }
    }
    let mut sequences: Vec<Peekable<_>> = sequences
        .into_iter()
        .map(|mut sequence| {
            sequence.sort_unstable();
            sequence.into_iter().map(|(_, index)| index).peekable()
        })
        .collect();
    let mut rows = Vec::with_capacity(elected.len());
    loop {
        let heads: SmallVec<[usize; 5]> =
            sequences.iter_mut().filter_map(|sequence| sequence.peek().copied()).collect();
        let Some(first) = heads.first() else { return rows };
        // The next row is at the head of every ballot that shows it; there is none only if ballots are ordered differently.
        let is_next = |index: &&usize| {
            let at_head = heads.iter().filter(|head| head == index).count();
            elected.get(**index).is_some_and(|(shown, _)| shown.places.len() == at_head)
        };
        let next = *heads.iter().find(is_next).unwrap_or(first);
        rows.extend(elected.get_mut(next).and_then(|(_, row)| row.take()));
        for sequence in &mut sequences {
            sequence.next_if_eq(&next);
        }
    }
}

fn key_of(row: &Row, key_columns: &[usize]) -> Key {
    key_columns.iter().map(|column| row.get(*column).cloned().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: u8, value: u8) -> Row {
        vec![Some(Bytes::copy_from_slice(&[key])), Some(Bytes::copy_from_slice(&[value]))]
    }

    #[test]
    fn a_row_of_the_majority_is_present_and_one_of_the_minority_absent() {
        let ballots = [vec![row(1, 1), row(2, 2)], vec![row(1, 1)], vec![row(1, 1), row(3, 3)]];
        assert_eq!(count(&ballots, &[0], 2), Some(vec![row(1, 1)]));
    }

    #[test]
    fn backends_that_each_miss_another_row_are_outvoted_row_by_row() {
        let ballots = [vec![row(1, 1), row(2, 2)], vec![row(2, 2), row(3, 3)], vec![row(1, 1), row(3, 3)]];
        assert_eq!(count(&ballots, &[0], 2), Some(vec![row(1, 1), row(2, 2), row(3, 3)]));
    }

    #[test]
    fn a_cell_without_a_majority_has_no_outcome() {
        let ballots = [vec![row(1, 1)], vec![row(1, 2)], vec![row(1, 3)]];
        assert_eq!(count(&ballots, &[0], 2), None);
    }

    #[test]
    fn two_ballots_of_three_that_differ_in_a_row_have_no_outcome() {
        let ballots = [vec![row(1, 1), row(2, 2)], vec![row(1, 1)]];
        assert_eq!(count(&ballots, &[0], 2), None);
    }

    #[test]
    fn cells_are_elected_one_by_one() {
        let wide = |a: u8, b: u8| vec![row(1, a)[0].clone(), row(1, a)[1].clone(), row(1, b)[1].clone()];
        let ballots = [vec![wide(5, 1)], vec![wide(1, 5)], vec![wide(5, 5)]];
        assert_eq!(count(&ballots, &[0], 2), Some(vec![wide(5, 5)]));
    }

    #[test]
    fn the_order_of_the_table_is_kept() {
        let ballots = [vec![row(3, 3), row(1, 1)], vec![row(3, 3), row(2, 2), row(1, 1)], vec![row(2, 2), row(1, 1)]];
        assert_eq!(count(&ballots, &[0], 2), Some(vec![row(3, 3), row(2, 2), row(1, 1)]));
    }

    #[test]
    fn rows_that_two_ballots_show_apart_are_ordered_by_the_third() {
        let ballots = [vec![row(1, 1), row(5, 5)], vec![row(3, 3), row(9, 9)], vec![row(1, 1), row(3, 3)]];
        let ballots = ballots.map(|ballot| ballot.into_iter().chain([row(10, 10)]).collect());
        assert_eq!(count(&ballots, &[0], 2), Some(vec![row(1, 1), row(3, 3), row(10, 10)]));
    }

    #[test]
    fn ballots_in_different_orders_lose_no_row() {
        let ballots = [vec![row(1, 1), row(2, 2)], vec![row(2, 2), row(1, 1)]];
        assert_eq!(count(&ballots, &[0], 2).map(|rows| rows.len()), Some(2));
    }

    #[test]
    fn a_row_shown_twice_by_one_voter_counts_once() {
        let ballots = [vec![row(1, 1), row(1, 1)], vec![], vec![]];
        assert_eq!(count(&ballots, &[0], 2), Some(vec![]));
    }

    proptest::proptest! {
        /// Whatever rows each voter misses, what a majority shows comes out, in order.
        #[test]
        fn rows_of_a_majority_come_out_in_order(masks in proptest::collection::vec(0_u8..32, 0..40)) {
            let shows = |voter: usize, mask: u8| mask >> voter & 1 == 1;
            let ballots: Vec<Vec<Row>> = (0..5)
                .map(|voter| {
                    (0..).zip(&masks).filter(|(_, mask)| shows(voter, **mask)).map(|(key, _)| row(key, key)).collect()
                })
                .collect();
            let expected: Vec<Row> =
                (0..).zip(&masks).filter(|(_, mask)| mask.count_ones() >= 3).map(|(key, _)| row(key, key)).collect();
            proptest::prop_assert_eq!(count(&ballots, &[0], 3), Some(expected));
        }
    }
}
