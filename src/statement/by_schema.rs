//! What only the schema tells of a statement.

use super::{Cells, ListChange, Statement};
use crate::catalog::{Catalog, Table};

impl Statement {
    /// Whether it changes a list in a way that depends on what is in it. `session_keyspace` is what an unqualified table
    /// belongs to. `None`: a table or column is unknown to the catalog.
    pub fn changes_list(&self, catalog: &Catalog, session_keyspace: Option<&str>) -> Option<bool> {
        let columns = match &self.list_change {
            ListChange::No => return Some(false),
            ListChange::Certainly => return Some(true),
            ListChange::IfList(columns) => columns,
        };
        let mut all_known = true;
        for of in columns {
            let keyspace = of.keyspace.as_deref().or(session_keyspace);
            match keyspace.and_then(|keyspace| catalog.table(keyspace, &of.table)?.column(&of.column)) {
                Some(column) if column.is_list() => return Some(true),
                Some(_) => {}
                None => all_known = false,
            }
        }
        all_known.then_some(false)
    }

    /// Whether it changes counters. `None`: a table is unknown to the catalog.
    pub fn changes_counters(&self, catalog: &Catalog, session_keyspace: Option<&str>) -> Option<bool> {
        if self.is_counter_batch() {
            return Some(true);
        }
        self.writes_any(catalog, session_keyspace, Table::is_counter)
    }

    /// Whether it writes a table that has a list of several cells. `None`: a table is unknown to the catalog.
    pub fn writes_beside_lists(&self, catalog: &Catalog, session_keyspace: Option<&str>) -> Option<bool> {
        self.writes_any(catalog, session_keyspace, Table::has_list)
    }

    fn writes_any(
        &self,
        catalog: &Catalog,
        session_keyspace: Option<&str>,
        wanted: impl Fn(&Table) -> bool,
    ) -> Option<bool> {
        if !self.kind.is_write() {
            return Some(false);
        }
        let mut all_known = true;
        for (keyspace, table) in self.tables() {
            match keyspace.or(session_keyspace).and_then(|keyspace| catalog.table(keyspace, table)) {
                Some(table) if wanted(table) => return Some(true),
                Some(_) => {}
                None => all_known = false,
            }
        }
        all_known.then_some(false)
    }

    /// Whether rows of a SELECT that are equal on several stores may still not be the merged rows, so that its base rows
    /// are to be compared. `None`: the table or a column is unknown to the catalog.
    pub fn needs_base_rows(&self, catalog: &Catalog, session_keyspace: Option<&str>) -> Option<bool> {
        let Some(select) = &self.select else { return Some(false) };
        match &select.cells {
            Cells::AtMostOne => Some(false),
            Cells::Several => Some(true),
            Cells::ByColumns { computed, restricted } => {
                let keyspace = self.keyspace.as_deref().or(session_keyspace)?;
                let table = catalog.table(keyspace, self.table.as_deref()?)?;
                Some(
                    any_multi_cell(table, computed)? || any_multi_cell(table, restricted)? || {
                        let outside_key = restricted.iter().filter(|name| !is_of_primary_key(table, name));
                        outside_key.count() > 1
                    },
                )
            }
        }
    }
}

fn any_multi_cell(table: &Table, names: &[Box<str>]) -> Option<bool> {
    let mut any = false;
    for name in names {
        any |= table.column(name)?.data_type.is_multi_cell();
    }
    Some(any)
}

fn is_of_primary_key(table: &Table, name: &str) -> bool {
    table.column(name).is_some_and(|column| column.is_of_primary_key())
}

#[cfg(test)]
mod tests {
    use quorate_protocol::value::{CqlType, NativeType};

    use super::*;
    use crate::catalog::{Column, ColumnKind};

    fn catalog() -> Catalog {
        let column = |name: &str, kind, data_type: CqlType| Column { name: name.into(), kind, data_type };
        let int = || CqlType::Native(NativeType::Int);
        let table = Table::new([
            column("k", ColumnKind::PartitionKey(0), int()),
            column("c", ColumnKind::Clustering(0), int()),
            column("v", ColumnKind::Regular, int()),
            column("w", ColumnKind::Regular, int()),
            column("l", ColumnKind::Regular, CqlType::list(int())),
            column("s", ColumnKind::Regular, CqlType::set(int())),
        ]);
        let counters = Table::new([
            column("k", ColumnKind::PartitionKey(0), int()),
            column("n", ColumnKind::Regular, CqlType::Native(NativeType::Counter)),
        ]);
        Catalog::of_tables([("ks", "t", table), ("ks", "n", counters)])
    }

    #[test]
    fn the_key_is_no_mutable_cell() {
        let needs = |text| Statement::analyse(text).needs_base_rows(&catalog(), Some("ks"));
        assert_eq!(needs("SELECT * FROM t WHERE k = 1 AND c = 2"), Some(false));
        assert_eq!(needs("SELECT * FROM t WHERE k = 1 AND c = 2 AND v = 3 ALLOW FILTERING"), Some(false));
        assert_eq!(needs("SELECT * FROM ks.t WHERE w = 1 AND v = 3 ALLOW FILTERING"), Some(true));
        assert_eq!(needs("SELECT * FROM u WHERE w = 1 AND v = 3 ALLOW FILTERING"), None);
    }

    #[test]
    fn whether_a_list_is_changed_depends_on_the_column() {
        let changes = |text| Statement::analyse(text).changes_list(&catalog(), Some("ks"));
        assert_eq!(changes("UPDATE t SET l = l + ? WHERE k = 1"), Some(true));
        assert_eq!(changes("UPDATE t SET s = s + ? WHERE k = 1"), Some(false));
        assert_eq!(changes("UPDATE t SET l = ? WHERE k = 1"), Some(false));
        assert_eq!(changes("UPDATE t SET unknown = unknown + ? WHERE k = 1"), None);
        assert_eq!(changes("UPDATE unknown SET l = [1] + l WHERE k = 1"), Some(true));
        let batch = "BEGIN BATCH UPDATE u SET s = s + ? WHERE k = 1; DELETE l[0] FROM ks.t WHERE k = 1; APPLY BATCH";
        assert_eq!(changes(batch), Some(true));
        let beside = |text| Statement::analyse(text).writes_beside_lists(&catalog(), Some("ks"));
        assert_eq!(beside("INSERT INTO t (k, v) VALUES (1, 2)"), Some(true));
        assert_eq!(beside("DELETE FROM n WHERE k = 1"), Some(false));
    }

    #[test]
    fn a_function_of_a_collection_needs_the_base_rows() {
        let needs = |text| Statement::analyse(text).needs_base_rows(&catalog(), Some("ks"));
        assert_eq!(needs("SELECT abs(v) FROM t"), Some(false));
        assert_eq!(needs("SELECT collection_count(s) FROM t"), Some(true));
        assert_eq!(needs("SELECT s, s[1], writetime(v) FROM t"), Some(false));
        assert_eq!(needs("SELECT v + w FROM t"), Some(true));
        assert_eq!(needs("SELECT k FROM t WHERE s CONTAINS 1 ALLOW FILTERING"), Some(true));
    }

    #[test]
    fn counters_are_known_by_their_table() {
        let changes = |text| Statement::analyse(text).changes_counters(&catalog(), Some("ks"));
        assert_eq!(changes("DELETE FROM n WHERE k = 1"), Some(true));
        assert_eq!(changes("DELETE FROM t WHERE k = 1"), Some(false));
        assert_eq!(changes("DELETE FROM other.n WHERE k = 1"), None);
        assert_eq!(changes("SELECT * FROM n"), Some(false));
    }
}
