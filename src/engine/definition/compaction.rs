//! The option `compaction`: checked and kept, for this store compacts in its own way (`CompactionParams`).

use std::collections::BTreeMap;

use super::unified_compaction;
use crate::engine::error::EngineError;

const PACKAGE: &str = "org.apache.cassandra.db.compaction.";

const MIN_THRESHOLD: &str = "min_threshold";
const MAX_THRESHOLD: &str = "max_threshold";

/// A strategy of Cassandra 5.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    SizeTiered,
    Leveled,
    TimeWindow,
    Unified,
}

/// The option, completed.
pub(super) struct Compaction {
    pub(super) strategy: Strategy,
    options: BTreeMap<String, String>,
}

impl Strategy {
    fn name(self) -> &'static str {
        match self {
            Strategy::SizeTiered => "SizeTieredCompactionStrategy",
            Strategy::Leveled => "LeveledCompactionStrategy",
            Strategy::TimeWindow => "TimeWindowCompactionStrategy",
            Strategy::Unified => "UnifiedCompactionStrategy",
        }
    }

    fn of_class(class: &str) -> Option<Self> {
        let all = [Strategy::SizeTiered, Strategy::Leveled, Strategy::TimeWindow, Strategy::Unified];
        let name = class.strip_prefix(PACKAGE)?;
        all.into_iter().find(|strategy| strategy.name() == name)
    }
}

impl Compaction {
    /// Finds the strategy and completes the option; [`Compaction::check`] is apart, as in Cassandra.
    pub(super) fn new(mut options: BTreeMap<String, String>) -> Result<Self, EngineError> {
        let Some(class) = options.remove("class") else {
            return Err(EngineError::configuration("Missing sub-option 'class' for the 'compaction' option"));
        };
        let class = if class.contains('.') { class } else { format!("{PACKAGE}{class}") };
        let strategy = Strategy::of_class(&class)
            .ok_or_else(|| EngineError::configuration(format!("Unable to find compaction strategy class '{class}'")))?;
        if let Some(overlapping) = options.get("provide_overlapping_tombstones") {
            let overlapping = overlapping.to_uppercase();
            if !["NONE", "ROW", "CELL"].contains(&overlapping.as_str()) {
                return Err(EngineError::configuration(format!(
                    "Invalid value {overlapping} for 'provide_overlapping_tombstones' compaction sub-option - must be \
                     one of the following [NONE, ROW, CELL]."
                )));
            }
        }
        if strategy != Strategy::Unified {
            options.entry(MIN_THRESHOLD.to_owned()).or_insert_with(|| "4".to_owned());
            options.entry(MAX_THRESHOLD.to_owned()).or_insert_with(|| "32".to_owned());
        }
        Ok(Compaction { strategy, options })
    }

    /// Refuses suboptions that the strategy does not know, or not with this value.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        self.check_shared()?;
        let mut known = vec![
            "tombstone_threshold",
            "tombstone_compaction_interval",
            "unchecked_tombstone_compaction",
            "log_all",
            "enabled",
            "only_purge_repaired_tombstones",
            "provide_overlapping_tombstones",
        ];
        match self.strategy {
            Strategy::SizeTiered => {}
            Strategy::Leveled => known.extend(self.check_leveled()?),
            Strategy::TimeWindow => known.extend(self.check_time_window()?),
            Strategy::Unified => known.extend(unified_compaction::check(&self.options)?),
        }
        if self.strategy != Strategy::Unified {
            known.extend([MIN_THRESHOLD, MAX_THRESHOLD]);
            known.extend(self.check_size_tiered()?);
        }
        let unknown: Vec<&str> = self.options.keys().map(String::as_str).filter(|name| !known.contains(name)).collect();
        if !unknown.is_empty() {
            return Err(EngineError::configuration(format!(
                "Properties specified [{}] are not understood by {}",
                unknown.join(", "),
                self.strategy.name()
            )));
        }
        self.check_thresholds()
    }

    /// As Cassandra shows it.
    pub(super) fn into_map(self) -> BTreeMap<String, String> {
        let mut map = self.options;
        map.insert("class".to_owned(), format!("{PACKAGE}{}", self.strategy.name()));
        map
    }

    /// `AbstractCompactionStrategy.validateOptions`
    fn check_shared(&self) -> Result<(), EngineError> {
        if let Some(threshold) = self.options.get("tombstone_threshold") {
            let number: f32 = parse(threshold, "tombstone_threshold")?;
            if number < 0.0 {
                return Err(EngineError::configuration(format!(
                    "tombstone_threshold must be greater than 0, but was {number:.6}"
                )));
            }
        }
        if let Some(interval) = self.options.get("tombstone_compaction_interval") {
            let number: i64 = parse(interval, "tombstone_compaction_interval")?;
            if number < 0 {
                return Err(EngineError::configuration(format!(
                    "tombstone_compaction_interval must be greater than 0, but was {number}"
                )));
            }
        }
        let refused = |name: &str| self.options.get(name).filter(|text| !is_boolean(text));
        if let Some(text) = refused("unchecked_tombstone_compaction") {
            return Err(EngineError::configuration(format!(
                "'unchecked_tombstone_compaction' should be either 'true' or 'false', not '{text}'"
            )));
        }
        if let Some(text) = refused("log_all") {
            return Err(EngineError::configuration(format!(
                "'log_all' should either be 'true' or 'false', not {text}"
            )));
        }
        if let Some(text) = refused("enabled") {
            return Err(EngineError::configuration(format!("enabled should either be 'true' or 'false', not {text}")));
        }
        Ok(())
    }

    /// `SizeTieredCompactionStrategyOptions.validateOptions`
    fn check_size_tiered(&self) -> Result<[&'static str; 3], EngineError> {
        const NAMES: [&str; 3] = ["min_sstable_size", "bucket_low", "bucket_high"];
        if let Some(size) = self.options.get(NAMES[0]) {
            let size: i64 = parse(size, NAMES[0])?;
            if size < 0 {
                return Err(EngineError::configuration(format!("{} must be non negative: {size}", NAMES[0])));
            }
        }
        let double = |name: &str, default: f64| match self.options.get(name) {
            Some(text) => parse::<f64>(text, name),
            None => Ok(default),
        };
        let (low, high) = (double(NAMES[1], 0.5)?, double(NAMES[2], 1.5)?);
        if high <= low {
            return Err(EngineError::configuration(format!(
                "{} value ({high:?}) is less than or equal to the {} value ({low:?})",
                NAMES[2], NAMES[1]
            )));
        }
        Ok(NAMES)
    }

    /// `LeveledCompactionStrategy.validateOptions`
    fn check_leveled(&self) -> Result<[&'static str; 3], EngineError> {
        const NAMES: [&str; 3] = ["sstable_size_in_mb", "fanout_size", "single_sstable_uplevel"];
        for name in [NAMES[0], NAMES[1]] {
            if let Some(text) = self.options.get(name) {
                let number: i32 = parse(text, name)?;
                if number < 1 {
                    return Err(EngineError::configuration(format!("{name} must be larger than 0, but was {number}")));
                }
            }
        }
        Ok(NAMES)
    }

    /// `TimeWindowCompactionStrategyOptions.validateOptions`
    fn check_time_window(&self) -> Result<[&'static str; 5], EngineError> {
        const RESOLUTION: &str = "timestamp_resolution";
        const UNIT: &str = "compaction_window_unit";
        const SIZE: &str = "compaction_window_size";
        const FREQUENCY: &str = "expired_sstable_check_frequency_seconds";
        const UNSAFE: &str = "unsafe_aggressive_sstable_expiration";
        let units = [
            (RESOLUTION, &["SECONDS", "MILLISECONDS", "MICROSECONDS", "NANOSECONDS"] as &[&str]),
            (UNIT, &["MINUTES", "HOURS", "DAYS"]),
        ];
        for (name, units) in units {
            if let Some(unit) = self.options.get(name).filter(|unit| !units.contains(&unit.as_str())) {
                return Err(EngineError::configuration(format!("{unit} is not valid for {name}")));
            }
        }
        if let Some(text) = self.options.get(SIZE) {
            let size: i32 = parse(text, SIZE)?;
            if size < 1 {
                return Err(EngineError::configuration(format!("{size} must be greater than 1 for {SIZE}")));
            }
        }
        if let Some(text) = self.options.get(FREQUENCY) {
            let frequency: i64 = parse(text, FREQUENCY)?;
            if frequency < 0 {
                return Err(EngineError::configuration(format!(
                    "{FREQUENCY} must not be negative, but was {frequency}"
                )));
            }
        }
        if let Some(text) = self.options.get(UNSAFE) {
            if !is_boolean(text) {
                return Err(EngineError::configuration(format!("{UNSAFE} is not 'true' or 'false' ({text})")));
            }
            if text.eq_ignore_ascii_case("true") {
                return Err(EngineError::configuration(format!(
                    "{UNSAFE} is requested but not allowed, restart cassandra with \
                     -Dcassandra.allow_unsafe_aggressive_sstable_expiration=true to allow it"
                )));
            }
        }
        Ok([RESOLUTION, UNIT, SIZE, FREQUENCY, UNSAFE])
    }

    fn check_thresholds(&self) -> Result<(), EngineError> {
        let threshold = |name: &str, default: u32| match self.options.get(name) {
            None => Ok(default),
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() => {
                Ok(text.parse().unwrap_or(u32::MAX).min(i32::MAX as u32))
            }
            Some(text) => Err(EngineError::configuration(format!(
                "Invalid value {text} for '{name}' compaction sub-option - must be an integer"
            ))),
        };
        let (min, max) = (threshold(MIN_THRESHOLD, 4)?, threshold(MAX_THRESHOLD, 32)?);
        if min == 0 || max == 0 {
            return Err(EngineError::configuration(
                "Disabling compaction by setting compaction thresholds to 0 has been removed, set the compaction \
                 option 'enabled' to false instead.",
            ));
        }
        if min == 1 {
            return Err(EngineError::configuration("Min compaction threshold cannot be less than 2 (got 1)"));
        }
        if min > max {
            return Err(EngineError::configuration(format!(
                "Min compaction threshold (got {min}) cannot be greater than max compaction threshold (got {max})"
            )));
        }
        Ok(())
    }
}

/// A number, or Cassandra's refusal of what is none, which says int whatever it should be.
pub(super) fn parse<T: std::str::FromStr>(text: &str, name: &str) -> Result<T, EngineError> {
    text.parse().map_err(|_| EngineError::configuration(format!("{text} is not a parsable int (base10) for {name}")))
}

fn is_boolean(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}
