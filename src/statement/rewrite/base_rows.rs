//! The rows of the table that the rows of a SELECT are computed from.

use quorate_protocol::cql;
use quorate_protocol::cql::ast::{Relation, Selection, Statement};

use crate::catalog::Table;

/// A SELECT of whole rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseSelect {
    /// The statement.
    pub text: String,
    /// Which markers of the original it has, by their positions there.
    pub markers: Box<[u16]>,
}

/// The SELECT of all that a SELECT's answer depends on: whole rows, neither limited nor grouped, under the conditions on the
/// key and at most one other.
///
/// One condition on the other columns is no loss: a row whose newest value fulfils it is shown at least by the store that
/// has that value. Under two, each store may hide the row for another reason.
///
/// `None`: the grammar refuses the text, or it is no SELECT.
pub fn base_select(text: &str, table: &Table) -> Option<BaseSelect> {
    let mut tree = cql::parse(text).ok()?;
    let Statement::Select(select) = &mut tree else { return None };
    select.selection = Selection::All;
    (select.json, select.distinct) = (false, false);
    (select.limit, select.per_partition_limit) = (None, None);
    select.group_by.clear();
    select.order_by.clear();
    let mut others = 0;
    select.relations.retain(|relation| {
        let of_key = is_about_key(relation, table);
        others += usize::from(!of_key);
        of_key || others == 1
    });
    let markers = tree.markers().into_iter().map(|marker| marker.position).collect();
    Some(BaseSelect { text: tree.to_string(), markers })
}

fn is_about_key(relation: &Relation<'_>, table: &Table) -> bool {
    match relation {
        Relation::Token { .. } | Relation::Tuple { .. } | Relation::TupleIn { .. } => true,
        Relation::Expression { .. } => false,
        Relation::Column { column, .. }
        | Relation::In { column, .. }
        | Relation::IsNotNull(column)
        | Relation::Element { column, .. } => {
            table.column(column.as_str()).is_some_and(|column| column.is_of_primary_key())
        }
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::value::{CqlType, NativeType};

    use super::*;
    use crate::catalog::{Column, ColumnKind};

    fn base(text: &str) -> Option<BaseSelect> {
        let column = |name: &str, kind| Column { name: name.into(), kind, data_type: CqlType::Native(NativeType::Int) };
        let table = Table::new([
            column("k", ColumnKind::PartitionKey(0)),
            column("c", ColumnKind::Clustering(0)),
            column("v", ColumnKind::Regular),
            column("w", ColumnKind::Regular),
        ]);
        base_select(text, &table)
    }

    #[test]
    fn whole_rows_are_selected_under_the_conditions_on_the_key_and_one_other() {
        let select = base(
            "SELECT DISTINCT max(v) FROM ks.t WHERE w = ? AND v > ? AND k = ? AND c < ? GROUP BY k LIMIT ? ALLOW FILTERING",
        );
        let text = "SELECT * FROM ks.t WHERE w = ? AND k = ? AND c < ? ALLOW FILTERING".to_owned();
        assert_eq!(select, Some(BaseSelect { text, markers: [0, 2, 3].into() }));
        let near = base("SELECT k FROM t ORDER BY v ANN OF ? LIMIT 3");
        assert_eq!(near, Some(BaseSelect { text: "SELECT * FROM t".to_owned(), markers: [].into() }));
        let count = base("SELECT JSON count(*) FROM t WHERE token(k) > :after PER PARTITION LIMIT 1");
        let text = "SELECT * FROM t WHERE TOKEN(k) > :after".to_owned();
        assert_eq!(count.map(|count| count.text.to_lowercase()), Some(text.to_lowercase()));
        assert_eq!(base("DELETE FROM t WHERE k = 1"), None);
    }
}
