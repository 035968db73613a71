//! A SELECT made ready for a vote on its rows: with the key of every row in sight.

use quorate_protocol::cql;
use quorate_protocol::cql::ast::{Name, Selected, Selection, Selector, Statement};

use crate::catalog::Table;

/// A SELECT whose rows can be told apart by their primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteSelect {
    /// The statement, with the key columns that it did not select appended.
    pub text: String,
    /// Which columns of its result are the primary key, in the order of the key.
    pub key_columns: Box<[usize]>,
    /// How many columns at the end of its result the client did not ask for.
    pub appended: usize,
}

/// The SELECT with every column of the primary key in its result.
///
/// `None` where rows of the result are no rows of the table (DISTINCT, GROUP BY, aggregates), or not only columns are
/// selected, or the grammar refuses the text, or it is no SELECT.
pub fn vote_select(text: &str, table: &Table) -> Option<VoteSelect> {
    let mut tree = cql::parse(text).ok()?;
    let Statement::Select(select) = &mut tree else { return None };
    if select.json || select.distinct || !select.group_by.is_empty() {
        return None;
    }
    let key = table.primary_key();
    let items = match &mut select.selection {
        // The columns of the primary key come first, in their order.
        Selection::All => {
            let text = text.to_owned();
            return Some(VoteSelect { text, key_columns: (0..key.len()).collect(), appended: 0 });
        }
        Selection::Some(items) => items,
    };
    let selected = items.iter().map(|item| match &item.selector {
        Selector::Column(column) => Some(column.as_str().to_owned()),
        _ => None,
    });
    let selected: Vec<String> = selected.collect::<Option<_>>()?;
    let mut key_columns = Vec::with_capacity(key.len());
    for column in key {
        let at = selected.iter().position(|selected| **selected == *column.name).unwrap_or_else(|| {
            let alias = Name::new(format!("quorate_key_{}", key_columns.len()));
            items.push(Selected { selector: Selector::Column(Name::new(&*column.name)), alias: Some(alias) });
            items.len() - 1
        });
        key_columns.push(at);
    }
    let appended = items.len() - selected.len();
    Some(VoteSelect { text: tree.to_string(), key_columns: key_columns.into(), appended })
}

#[cfg(test)]
mod tests {
    use quorate_protocol::value::{CqlType, NativeType};

    use super::*;
    use crate::catalog::{Column, ColumnKind};

    fn table() -> Table {
        let column = |name: &str, kind| Column { name: name.into(), kind, data_type: CqlType::Native(NativeType::Int) };
        Table::new([
            column("v", ColumnKind::Regular),
            column("C", ColumnKind::Clustering(0)),
            column("k", ColumnKind::PartitionKey(0)),
        ])
    }

    #[test]
    fn the_key_is_appended_where_it_is_not_selected() {
        let vote = vote_select("SELECT v, k AS x, v FROM t WHERE k = ? LIMIT 5", &table()).expect("columns only");
        assert_eq!(vote.text, "SELECT v, k AS x, v, \"C\" AS quorate_key_1 FROM t WHERE k = ? LIMIT 5");
        assert_eq!((&*vote.key_columns, vote.appended), (&[1, 3][..], 1));
        let all = vote_select("SELECT * FROM t", &table()).expect("all columns");
        assert_eq!((&*all.key_columns, all.appended), (&[0, 1][..], 0));
    }

    #[test]
    fn rows_that_are_no_rows_of_the_table_are_not_voted_on() {
        for text in [
            "SELECT count(*) FROM t",
            "SELECT DISTINCT k FROM t",
            "SELECT JSON v FROM t",
            "SELECT v + 1 FROM t",
            "SELECT k FROM t GROUP BY k",
            "DELETE FROM t WHERE k = 1",
            "SELECT",
        ] {
            assert_eq!(vote_select(text, &table()), None, "{text}");
        }
    }
}
