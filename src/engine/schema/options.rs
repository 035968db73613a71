//! The options of a table, and how CQL writes them.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Options of CREATE TABLE ... WITH, each with Cassandra's default (`TableParams`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableOptions {
    /// Free text.
    pub comment: String,
    /// The TTL of writes that have none, in seconds; zero is none.
    pub default_time_to_live_seconds: u32,
    /// How long tombstones are kept, in seconds.
    pub gc_grace_seconds: u32,
    /// All other options, kept and shown by name as CQL shows them (`caching`, `compaction`, `compression`,
    /// `speculative_retry`, `bloom_filter_fp_chance`, ...), in the text of the literal: `'99p'`, `0.01`,
    /// `{'keys': 'ALL', 'rows_per_partition': 'NONE'}`.
    pub others: BTreeMap<String, String>,
}

/// The options that a table keeps as literals, with their defaults.
pub const OPTION_DEFAULTS: [(&str, &str); 16] = [
    ("additional_write_policy", "'99p'"),
    ("allow_auto_snapshot", "true"),
    ("bloom_filter_fp_chance", "0.01"),
    ("caching", "{'keys': 'ALL', 'rows_per_partition': 'NONE'}"),
    ("cdc", "false"),
    (
        "compaction",
        "{'class': 'org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy', 'max_threshold': '32', \
         'min_threshold': '4'}",
    ),
    ("compression", "{'chunk_length_in_kb': '16', 'class': 'org.apache.cassandra.io.compress.LZ4Compressor'}"),
    ("crc_check_chance", "1.0"),
    ("extensions", "{}"),
    ("incremental_backups", "true"),
    ("max_index_interval", "2048"),
    ("memtable", "'default'"),
    ("memtable_flush_period_in_ms", "0"),
    ("min_index_interval", "128"),
    ("read_repair", "'BLOCKING'"),
    ("speculative_retry", "'99p'"),
];

impl Default for TableOptions {
    fn default() -> Self {
        TableOptions {
            comment: String::new(),
            default_time_to_live_seconds: 0,
            gc_grace_seconds: 864_000,
            others: OPTION_DEFAULTS.map(|(name, literal)| (name.to_owned(), literal.to_owned())).into(),
        }
    }
}

/// `'text'`
pub fn text_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `{'key': 'value', ...}`, in the order of the keys, as `CqlBuilder` writes maps.
pub fn map_literal(map: &BTreeMap<String, String>) -> String {
    let mut literal = String::from("{");
    for (index, (key, value)) in map.iter().enumerate() {
        let separator = if index > 0 { ", " } else { "" };
        let _ = write!(literal, "{separator}{}: {}", text_literal(key), text_literal(value));
    }
    literal.push('}');
    literal
}
