//! Statements at random: whatever they make, some things hold, and the schema survives being kept.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::engine::schema::TableDefinition;

/// Statements over few names, so that they meet.
fn any_statement() -> impl Strategy<Value = String> {
    let table = || prop::sample::select(vec!["t0", "t1", "\"T2\""]);
    let column = || prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    let user_type = || prop::sample::select(vec!["u0", "u1", "u2"]);
    prop_oneof![
        (table(), any_type(), any_type(), any_type()).prop_map(|(table, a, b, c)| format!(
            "CREATE TABLE {table} (a {a}, b {b}, c {c}, d int static, e text, PRIMARY KEY (a, b)) \
             WITH CLUSTERING ORDER BY (b DESC)"
        )),
        (table(), any_type()).prop_map(|(table, c)| format!("CREATE TABLE {table} (a int PRIMARY KEY, c {c})")),
        table()
            .prop_map(|table| format!("CREATE TABLE {table} (a int, b int, PRIMARY KEY (a, b)) WITH COMPACT STORAGE")),
        table().prop_map(|table| format!("CREATE TABLE {table} (a int, b int, c counter, PRIMARY KEY (a, b))")),
        (table(), column(), any_type())
            .prop_map(|(table, column, ty)| format!("ALTER TABLE {table} ADD {column} {ty}")),
        (table(), column()).prop_map(|(table, column)| format!("ALTER TABLE {table} DROP {column}")),
        (table(), column(), column()).prop_map(|(t, from, to)| format!("ALTER TABLE {t} RENAME {from} TO {to}")),
        (table(), column()).prop_map(|(t, column)| format!("ALTER TABLE {t} ALTER {column} MASKED WITH DEFAULT")),
        (table(), 0..3_u32).prop_map(|(t, seconds)| format!("ALTER TABLE {t} WITH gc_grace_seconds = {seconds}")),
        table().prop_map(|table| format!("ALTER TABLE {table} DROP COMPACT STORAGE")),
        table().prop_map(|table| format!("DROP TABLE {table}")),
        (user_type(), any_type(), any_type()).prop_map(|(u, x, y)| format!("CREATE TYPE {u} (x {x}, y {y})")),
        (user_type(), column(), any_type()).prop_map(|(u, field, ty)| format!("ALTER TYPE {u} ADD {field} {ty}")),
        (user_type(), column()).prop_map(|(u, to)| format!("ALTER TYPE {u} RENAME x TO {to}")),
        user_type().prop_map(|user_type| format!("DROP TYPE {user_type}")),
        (table(), column()).prop_map(|(table, column)| format!("CREATE INDEX ON {table} ({column})")),
        (table(), column()).prop_map(|(table, column)| format!("CREATE INDEX i ON {table} ({column}) USING 'sai'")),
        prop::sample::select(vec!["i", "t0_c_idx", "t1_c_idx"]).prop_map(|index| format!("DROP INDEX {index}")),
        (table(), column()).prop_map(|(table, key)| format!(
            "CREATE MATERIALIZED VIEW v AS SELECT a, b, {key} FROM {table} WHERE a IS NOT NULL AND b IS NOT NULL AND \
             {key} IS NOT NULL PRIMARY KEY ({key}, a, b)"
        )),
        table().prop_map(|table| format!(
            "CREATE MATERIALIZED VIEW w AS SELECT * FROM {table} WHERE a IS NOT NULL AND b IS NOT NULL \
             PRIMARY KEY (b, a)"
        )),
        prop::sample::select(vec!["v", "w"]).prop_map(|view| format!("DROP MATERIALIZED VIEW {view}")),
        Just("ALTER KEYSPACE ks WITH durable_writes = false".to_owned()),
    ]
}

fn any_type() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["int", "text", "blob", "uuid", "duration", "u0", "frozen<u1>", "frozen<u2>"]);
    leaf.prop_map(str::to_owned).prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|ty| format!("list<{ty}>")),
            inner.clone().prop_map(|ty| format!("frozen<set<{ty}>>")),
            (inner.clone(), inner.clone()).prop_map(|(key, value)| format!("map<{key}, {value}>")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("tuple<{a}, {b}>")),
            inner.prop_map(|ty| format!("vector<{ty}, 3>")),
        ]
    })
}

fn check(schema: &Schema, numbers: &mut BTreeSet<(u32, u32, String)>) {
    let keyspace = schema.keyspace("ks").unwrap();
    let tables: Vec<&Arc<TableDefinition>> = keyspace.tables_and_views().collect();
    let distinct = |count: usize| assert_eq!(count, tables.len());
    distinct(tables.iter().map(|table| table.storage()).collect::<BTreeSet<_>>().len());
    distinct(tables.iter().map(|table| table.id).collect::<BTreeSet<_>>().len());
    distinct(tables.iter().map(|table| table.name()).collect::<BTreeSet<_>>().len());
    assert!(tables.iter().all(|table| table.storage().0 < schema.next_storage));
    let indexes: Vec<&Arc<str>> = keyspace.tables.values().flat_map(|table| table.indexes.keys()).collect();
    assert_eq!(indexes.iter().collect::<BTreeSet<_>>().len(), indexes.len());
    for table in tables {
        check_table(table, numbers);
    }
    for view in keyspace.views.values() {
        let base = keyspace.tables.get(&view.base).unwrap();
        assert!(view.definition.table.columns().iter().all(|column| base.table.column(&column.name).is_some()));
    }
}

fn check_table(table: &TableDefinition, numbers: &mut BTreeSet<(u32, u32, String)>) {
    let columns = table.table.columns();
    assert_eq!(table.column_ids.len(), columns.len());
    assert_eq!(table.column_ids.iter().collect::<BTreeSet<_>>().len(), columns.len());
    assert_eq!(columns.iter().map(|column| &column.name).collect::<BTreeSet<_>>().len(), columns.len());
    assert!(table.column_ids.iter().all(|number| number.0 < table.next_column));
    assert_eq!(table.shape.clustering.len(), table.table.clustering().len());
    assert_eq!(table.shape.gc_grace_seconds, table.options.gc_grace_seconds);
    for index in table.indexes.values() {
        assert!(table.table.column(&index.column).is_some());
    }
    assert!(table.masks.keys().all(|column| table.table.column(column).is_some()));
    for (column, number) in columns.iter().zip(&table.column_ids) {
        // whether it holds several cells is a matter of its number for ever
        let layout = format!("{}", column.cql_type.is_multi_cell());
        numbers.insert((table.storage().0, number.0, layout));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_schema_is_sound_and_survives_being_kept(statements in prop::collection::vec(any_statement(), 1..24)) {
        let mut session = session(&[]);
        let mut numbers = BTreeSet::new();
        for statement in statements {
            let before = session.schema.clone();
            let Ok(change) = session.execute(&statement) else {
                prop_assert_eq!(&session.schema, &before);
                continue;
            };
            prop_assert_eq!(change.event.is_some(), session.schema != before, "{}", statement);
            check(&session.schema, &mut numbers);
            let kept = Schema::from_record(&session.schema.to_record().unwrap()).unwrap();
            prop_assert_eq!(&kept, &session.schema, "{}", statement);
        }
        let of_columns: BTreeSet<(u32, u32)> = numbers.iter().map(|(table, number, _)| (*table, *number)).collect();
        prop_assert_eq!(of_columns.len(), numbers.len());
    }

    #[test]
    fn what_prepare_refuses_is_refused(statement in any_statement()) {
        let mut session = session(&[]);
        let parsed = parse(&statement).unwrap();
        if let Err(error) = check_prepare(&parsed, Some("ks")) {
            prop_assert!(session.apply(&parsed).is_err(), "{}", error);
        }
    }

    #[test]
    fn hostile_records_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(Schema::from_record(&bytes).is_err());
    }
}

#[test]
fn a_record_of_a_later_release_is_refused_as_such() {
    let error = Schema::from_record(br#"{"version": 2, "shape": "unknown"}"#).unwrap_err();
    assert_eq!(error.to_string(), "the schema's record is of version 2, and this release knows 1 at most");
}
