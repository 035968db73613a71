//! Definitions beside Apache Cassandra 5.0.6, and what must hold of every schema that statements can reach.

mod random;
mod recorded;

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_protocol::cql::ast::Statement;
use quorate_protocol::cql::parse;
use quorate_protocol::message::response::CqlError;

use super::{Change, Features, apply_with, check_prepare, check_use};
use crate::engine::EngineError;
use crate::engine::schema::{Keyspace, Schema};

const NOW_MICROS: i64 = 1_700_000_000_000_000;

/// A schema with what a session knows of it.
struct Session {
    schema: Schema,
    keyspace: Option<String>,
    features: Features,
    randoms: u128,
}

impl Session {
    /// With the keyspaces of the system, but not their tables.
    fn new(features: Features) -> Self {
        let names = ["system", "system_schema", "system_auth", "system_traces", "system_distributed", "system_views"];
        let keyspaces = names.into_iter().map(|name| (Arc::from(name), Arc::new(system_keyspace(name))));
        let schema = Schema { keyspaces: keyspaces.collect(), next_storage: 0 };
        Session { schema, keyspace: None, features, randoms: 0 }
    }

    fn execute(&mut self, text: &str) -> Result<Change, CqlError> {
        let statement = parse(text).map_err(|error| CqlError::from(EngineError::Syntax(error.to_string())))?;
        Ok(self.apply(&statement)?)
    }

    fn apply(&mut self, statement: &Statement<'_>) -> Result<Change, EngineError> {
        let keyspace = self.keyspace.clone();
        let randoms = &mut self.randoms;
        let mut random = || {
            *randoms += 1;
            *randoms
        };
        let change = apply_with(self.features, &self.schema, statement, keyspace.as_deref(), NOW_MICROS, &mut random)?;
        self.schema = change.schema.clone();
        Ok(change)
    }
}

fn system_keyspace(name: &str) -> Keyspace {
    Keyspace {
        name: Arc::from(name),
        replication: BTreeMap::from([("class".to_owned(), "org.apache.cassandra.locator.LocalStrategy".to_owned())]),
        durable_writes: true,
        tables: BTreeMap::new(),
        views: BTreeMap::new(),
        types: BTreeMap::new(),
        is_virtual: name == "system_views",
    }
}

/// A session in a keyspace with these statements executed.
fn session(statements: &[&str]) -> Session {
    let mut session = Session::new(Features { dynamic_data_masking: true, drop_compact_storage: true });
    session.execute("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy'}").unwrap();
    session.keyspace = Some("ks".to_owned());
    for statement in statements {
        session.execute(statement).unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
    session
}

#[test]
fn a_column_that_is_dropped_and_added_again_gets_another_number_and_a_renamed_one_keeps_its_own() {
    let mut session = session(&["CREATE TABLE t (a int, b int, c int, PRIMARY KEY (a, b))"]);
    let number = |session: &Session, column: &str| {
        let table = session.schema.table("ks", "t").unwrap();
        table.column_id(table.table.column(column).unwrap().0).unwrap()
    };
    let (b, c) = (number(&session, "b"), number(&session, "c"));
    session.execute("ALTER TABLE t DROP c").unwrap();
    session.execute("ALTER TABLE t ADD c int").unwrap();
    session.execute("ALTER TABLE t RENAME b TO d").unwrap();
    assert_ne!(number(&session, "c"), c);
    assert_eq!(number(&session, "d"), b);
}

#[test]
fn dropping_names_the_rows_that_nothing_names_any_longer() {
    let mut session = session(&[
        "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b))",
        "CREATE TABLE u (a int PRIMARY KEY)",
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM t WHERE a IS NOT NULL AND b IS NOT NULL PRIMARY KEY (b, a)",
    ]);
    let storage = |name: &str| session.schema.keyspace("ks").unwrap().table_or_view(name).unwrap().storage();
    let (t, u, v) = (storage("t"), storage("u"), storage("v"));
    assert_eq!(session.execute("DROP TABLE u").unwrap().removed, [u]);
    let mut removed = session.execute("DROP KEYSPACE ks").unwrap().removed;
    removed.sort();
    assert_eq!(removed, [t, v]);
}

#[test]
fn a_type_is_altered_in_every_column_and_type_that_it_is_in() {
    let session = session(&[
        "CREATE TYPE inner (a int)",
        "CREATE TYPE outer (i frozen<inner>, l frozen<list<inner>>)",
        "CREATE TABLE t (k int PRIMARY KEY, o outer, f frozen<map<int, inner>>) WITH comment = 'kept'",
        "ALTER TYPE inner ADD b text",
        "ALTER TYPE inner RENAME a TO first",
    ]);
    let table = session.schema.table("ks", "t").unwrap();
    for column in ["o", "f"] {
        let class = table.table.column(column).unwrap().1.cql_type.class_name();
        // the names of fields are in hexadecimal there
        assert!(class.contains("6669727374:") && class.contains("62:"), "{class}");
    }
    assert_eq!(table.options.comment, "kept");
}

#[test]
fn types_that_grow_without_end_are_refused() {
    let mut session = session(&["CREATE TYPE t0 (a int, b int, c int, d int, e int, f int, g int, h int)"]);
    let mut refused = None;
    for level in 1..40 {
        let previous = level - 1;
        let fields: Vec<String> = (0..8).map(|field| format!("f{field} frozen<t{previous}>")).collect();
        if let Err(error) = session.execute(&format!("CREATE TYPE t{level} ({})", fields.join(", "))) {
            refused = Some((level, error));
            break;
        }
    }
    let (level, error) = refused.unwrap();
    assert!(level < 6, "{level}");
    assert!(error.message.contains("too large"), "{}", error.message);
}

#[test]
fn options_are_kept_as_cassandra_shows_them() {
    let session =
        session(&["CREATE TABLE t (a int PRIMARY KEY) WITH compaction = {'class': 'LeveledCompactionStrategy', \
         'sstable_size_in_mb': 160} AND caching = {'keys': 'none', 'rows_per_partition': '10'} AND speculative_retry = \
         'MAX(99PERCENTILE, 50MS)' AND additional_write_policy = 'never' AND compression = {'class': 'ZstdCompressor', \
         'min_compress_ratio': 1.1} AND crc_check_chance = 0.5 AND read_repair = 'none' AND cdc = true"]);
    let options = &session.schema.table("ks", "t").unwrap().options;
    let shown = |name: &str| options.others.get(name).map(String::as_str).unwrap();
    assert_eq!(
        shown("compaction"),
        "{'class': 'org.apache.cassandra.db.compaction.LeveledCompactionStrategy', 'max_threshold': '32', \
         'min_threshold': '4', 'sstable_size_in_mb': '160'}"
    );
    assert_eq!(shown("bloom_filter_fp_chance"), "0.1");
    assert_eq!(shown("caching"), "{'keys': 'NONE', 'rows_per_partition': '10'}");
    assert_eq!(shown("speculative_retry"), "'MAX(99p,50ms)'");
    assert_eq!(shown("additional_write_policy"), "'NEVER'");
    assert_eq!(
        shown("compression"),
        "{'chunk_length_in_kb': '16', 'class': 'org.apache.cassandra.io.compress.ZstdCompressor', \
         'min_compress_ratio': '1.1'}"
    );
    assert_eq!((shown("crc_check_chance"), shown("read_repair"), shown("cdc")), ("0.5", "'NONE'", "true"));
}

#[test]
fn a_renamed_key_is_renamed_in_its_views() {
    let session = session(&[
        "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b))",
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM t WHERE a IS NOT NULL AND b > 3 PRIMARY KEY (b, a)",
        "ALTER TABLE t RENAME b TO \"B\"",
    ]);
    let view = session.schema.view("ks", "v").unwrap();
    assert_eq!(view.where_clause, "a IS NOT NULL AND \"B\" > 3");
    assert!(view.definition.table.column("B").is_some());
}
