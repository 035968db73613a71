//! Counting: from the rows that each voter shows to those that a majority shows. Pure.

use std::collections::HashMap;

use bytes::Bytes;

/// A row, cell by cell; null cells have no bytes.
pub(super) type Row = Vec<Option<Bytes>>;

/// The rows, and the cells in them, that at least `majority` of the voters show identically.
///
/// `key_columns` tell rows apart. A row that a majority does not show is absent. Nothing where some row or cell has no
/// majority either way, since then nobody knows what is right (SEMANTICS: the vote rule). Every ballot must be complete:
/// all rows that its voter has, in the order of the table.
pub(super) fn count(ballots: &[Vec<Row>], key_columns: &[usize], majority: usize) -> Option<Vec<Row>> {
    let mut by_key: HashMap<Vec<Option<Bytes>>, Vec<&Row>> = HashMap::new();
    for row in ballots.iter().flatten() {
        by_key.entry(key_of(row, key_columns)).or_default().push(row);
    }
    let mut elected: HashMap<&[Option<Bytes>], Row> = HashMap::new();
    for (key, shown) in &by_key {
        if shown.len() >= majority {
            elected.insert(key, elect_cells(shown, majority)?);
        } else if ballots.len() - shown.len() < majority {
            // Neither its presence nor its absence has a majority.
            return None;
        }
    }
    let mut rows = Vec::with_capacity(elected.len());
    for key in in_order(ballots, key_columns) {
        if let Some(row) = elected.remove(key.as_slice()) {
            rows.push(row);
        }
    }
    Some(rows)
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

/// Every key once, so that the order in each ballot is kept.
fn in_order(ballots: &[Vec<Row>], key_columns: &[usize]) -> Vec<Vec<Option<Bytes>>> {
    let mut order: Vec<Vec<Option<Bytes>>> = Vec::new();
    for ballot in ballots {
        let mut after = 0;
        for row in ballot {
            let key = key_of(row, key_columns);
            match order.iter().position(|known| *known == key) {
                Some(at) => after = at + 1,
                None => {
                    order.insert(after, key);
                    after += 1;
                }
            }
        }
    }
    order
}

fn key_of(row: &Row, key_columns: &[usize]) -> Vec<Option<Bytes>> {
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
}
