//! The options of tables and views in WITH: read, checked, and put in the place of those that were there
//! (`TableAttributes`, `TableParams`).

use quorate_protocol::cql::ast::{Direction, Name, Property, TableOption};
use quorate_protocol::value::{CqlType, NativeType, Value};
use uuid::Uuid;

use super::attributes::Attributes;
use super::compaction::{Compaction, Strategy};
use super::{caching, compression, speculative_retry};
use crate::engine::error::EngineError;
use crate::engine::schema::{TableOptions, map_literal, text_literal};

const KNOWN: [&str; 20] = [
    "additional_write_policy",
    "allow_auto_snapshot",
    "bloom_filter_fp_chance",
    "caching",
    "cdc",
    "comment",
    "compaction",
    "compression",
    "crc_check_chance",
    "default_time_to_live",
    "extensions",
    "gc_grace_seconds",
    "id",
    "incremental_backups",
    "max_index_interval",
    "memtable",
    "memtable_flush_period_in_ms",
    "min_index_interval",
    "read_repair",
    "speculative_retry",
];

/// The longest TTL, in seconds: 20 years.
const TTL_MAX_SECONDS: i32 = 20 * 365 * 24 * 60 * 60;

/// The least chance that a bloom filter can be made for.
const BLOOM_FILTER_FP_CHANCE_MIN: f64 = 6.71e-5;

/// The options that a statement gives, read one by one but not yet checked together.
pub(super) struct TableAttributes<'a> {
    attributes: Attributes<'a>,
    literals: Vec<(&'static str, String)>,
    comment: Option<&'a str>,
    compaction: Option<Compaction>,
    bloom_filter_fp_chance: Option<f64>,
    crc_check_chance: Option<f64>,
    default_time_to_live_seconds: Option<i32>,
    gc_grace_seconds: Option<i32>,
    max_index_interval: Option<i32>,
    memtable_flush_period_ms: Option<i32>,
    min_index_interval: Option<i32>,
}

impl<'a> TableAttributes<'a> {
    /// Reads the options, in Cassandra's order, for the first that is wrong is reported.
    pub(super) fn read(properties: impl IntoIterator<Item = &'a Property<'a>>) -> Result<Self, EngineError> {
        let attributes = Attributes::new(properties);
        let mut literals = Vec::new();
        let boolean = |literals: &mut Vec<_>, name| -> Result<(), EngineError> {
            if let Some(value) = attributes.boolean(name)? {
                literals.push((name, value.to_string()));
            }
            Ok(())
        };
        boolean(&mut literals, "allow_auto_snapshot")?;
        let bloom_filter_fp_chance = attributes.double("bloom_filter_fp_chance")?;
        if let Some(map) = attributes.map("caching")? {
            literals.push(("caching", map_literal(&caching::resolve(map)?)));
        }
        let comment = attributes.text("comment")?;
        let compaction = attributes.map("compaction")?.map(Compaction::new).transpose()?;
        if let Some(map) = attributes.map("compression")? {
            literals.push(("compression", map_literal(&compression::resolve(map)?)));
        }
        if let Some(memtable) = attributes.text("memtable")? {
            if memtable != "default" {
                return Err(EngineError::configuration(format!("Memtable configuration \"{memtable}\" not found.")));
            }
            literals.push(("memtable", text_literal(memtable)));
        }
        let default_time_to_live_seconds = attributes.integer("default_time_to_live")?;
        let gc_grace_seconds = attributes.integer("gc_grace_seconds")?;
        boolean(&mut literals, "incremental_backups")?;
        let max_index_interval = attributes.integer("max_index_interval")?;
        let memtable_flush_period_ms = attributes.integer("memtable_flush_period_in_ms")?;
        let min_index_interval = attributes.integer("min_index_interval")?;
        for name in ["speculative_retry", "additional_write_policy"] {
            if let Some(text) = attributes.text(name)? {
                literals.push((name, text_literal(&speculative_retry::resolve(text)?)));
            }
        }
        let crc_check_chance = attributes.double("crc_check_chance")?;
        boolean(&mut literals, "cdc")?;
        if let Some(strategy) = attributes.text("read_repair")? {
            literals.push(("read_repair", text_literal(read_repair(strategy)?)));
        }
        Ok(TableAttributes {
            attributes,
            literals,
            comment,
            compaction,
            bloom_filter_fp_chance,
            crc_check_chance,
            default_time_to_live_seconds,
            gc_grace_seconds,
            max_index_interval,
            memtable_flush_period_ms,
            min_index_interval,
        })
    }

    /// Refuses unknown names, and values that are wrong by themselves or beside the defaults of the others: Cassandra does
    /// not look at the options that the table has.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        self.attributes.check_names(&KNOWN)?;
        if let Some(compaction) = &self.compaction {
            compaction.check()?;
        }
        self.check_chances()?;
        let least = |name: &str, least: i32, value: Option<i32>| match value {
            Some(value) if value < least => {
                Err(refuse(format!("{name} must be greater than or equal to {least} (got {value})")))
            }
            _ => Ok(()),
        };
        least("default_time_to_live", 0, self.default_time_to_live_seconds)?;
        if let Some(ttl) = self.default_time_to_live_seconds.filter(|ttl| *ttl > TTL_MAX_SECONDS) {
            return Err(refuse(format!(
                "default_time_to_live must be less than or equal to {TTL_MAX_SECONDS} (got {ttl})"
            )));
        }
        least("gc_grace_seconds", 0, self.gc_grace_seconds)?;
        least("min_index_interval", 1, self.min_index_interval)?;
        let (min, max) = (self.min_index_interval.unwrap_or(128), self.max_index_interval.unwrap_or(2048));
        if max < min {
            return Err(refuse(format!(
                "max_index_interval must be greater than or equal to min_index_interval ({min}) (got {max})"
            )));
        }
        least("memtable_flush_period_in_ms", 0, self.memtable_flush_period_ms)
    }

    /// The id that the table is to have.
    pub(super) fn id(&self) -> Result<Option<Uuid>, EngineError> {
        match self.attributes.text("id")? {
            None => Ok(None),
            Some(text) => match Uuid::try_parse(text) {
                Ok(id) => Ok(Some(id)),
                Err(_) => Err(refuse("Invalid table id".to_owned())),
            },
        }
    }

    /// The option `default_time_to_live`, if it is given.
    pub(super) fn default_time_to_live_seconds(&self) -> Option<i32> {
        self.default_time_to_live_seconds
    }

    /// The options of a table that had `base`; checked before.
    pub(super) fn apply_to(self, base: &TableOptions) -> TableOptions {
        let mut options = base.clone();
        if let Some(comment) = self.comment {
            comment.clone_into(&mut options.comment);
        }
        let seconds = |value: Option<i32>, old: u32| value.map_or(old, |value| value.max(0) as u32);
        options.default_time_to_live_seconds =
            seconds(self.default_time_to_live_seconds, base.default_time_to_live_seconds);
        options.gc_grace_seconds = seconds(self.gc_grace_seconds, base.gc_grace_seconds);
        let mut literals = self.literals;
        let integers = [
            ("max_index_interval", self.max_index_interval),
            ("memtable_flush_period_in_ms", self.memtable_flush_period_ms),
            ("min_index_interval", self.min_index_interval),
        ];
        literals.extend(integers.into_iter().filter_map(|(name, value)| Some((name, value?.to_string()))));
        let doubles =
            [("bloom_filter_fp_chance", self.bloom_filter_fp_chance), ("crc_check_chance", self.crc_check_chance)];
        literals.extend(doubles.into_iter().filter_map(|(name, value)| Some((name, double_literal(value?)))));
        if let Some(compaction) = self.compaction {
            literals.push(("compaction", map_literal(&compaction.into_map())));
        }
        options.others.extend(literals.into_iter().map(|(name, literal)| (name.to_owned(), literal)));
        options
    }

    /// The options of a new table.
    pub(super) fn into_options(self) -> TableOptions {
        let is_leveled = self.compaction.as_ref().is_some_and(|compaction| compaction.strategy == Strategy::Leveled);
        let mut base = TableOptions::default();
        if is_leveled {
            base.others.insert("bloom_filter_fp_chance".to_owned(), "0.1".to_owned());
        }
        self.apply_to(&base)
    }

    fn check_chances(&self) -> Result<(), EngineError> {
        if let Some(chance) = self.bloom_filter_fp_chance
            && !(chance > BLOOM_FILTER_FP_CHANCE_MIN && chance <= 1.0)
        {
            return Err(refuse(format!(
                "bloom_filter_fp_chance must be larger than {} and less than or equal to 1.0 (got {})",
                double_literal(BLOOM_FILTER_FP_CHANCE_MIN),
                double_literal(chance)
            )));
        }
        if let Some(chance) = self.crc_check_chance
            && !(0.0..=1.0).contains(&chance)
        {
            return Err(refuse(format!(
                "crc_check_chance must be larger than or equal to 0 and smaller than or equal to 1.0 (got {})",
                double_literal(chance)
            )));
        }
        Ok(())
    }
}

/// The properties among the options of CREATE TABLE or CREATE MATERIALIZED VIEW.
pub(super) fn properties<'a>(options: &'a [TableOption<'a>]) -> impl Iterator<Item = &'a Property<'a>> {
    options.iter().filter_map(|option| match option {
        TableOption::Property(property) => Some(property),
        _ => None,
    })
}

/// The columns of all CLUSTERING ORDER BY, each with whether it is descending.
pub(super) fn clustering_order<'a>(options: &'a [TableOption<'a>]) -> Vec<(&'a Name<'a>, bool)> {
    let orders = options.iter().filter_map(|option| match option {
        TableOption::ClusteringOrder(order) => Some(order),
        _ => None,
    });
    orders.flatten().map(|(column, direction)| (column, *direction == Direction::Descending)).collect()
}

fn read_repair(text: &str) -> Result<&'static str, EngineError> {
    match text.to_uppercase().as_str() {
        "NONE" => Ok("NONE"),
        "BLOCKING" => Ok("BLOCKING"),
        // Cassandra answers with a server error here
        _ => Err(refuse(format!("Invalid value {text} for option 'read_repair'"))),
    }
}

fn double_literal(value: f64) -> String {
    Value::Double(value).to_literal(&CqlType::Native(NativeType::Double))
}

fn refuse(message: String) -> EngineError {
    EngineError::configuration(message)
}
