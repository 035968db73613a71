//! The suboptions of `UnifiedCompactionStrategy` (`Controller.validateOptions`).

use std::collections::BTreeMap;

use super::compaction::parse;
use crate::engine::error::EngineError;

const NAMES: [&str; 10] = [
    "scaling_parameters",
    "base_shard_count",
    "target_sstable_size",
    "flush_size_override",
    "max_sstables_to_compact",
    "expired_sstable_check_frequency_seconds",
    "unsafe_aggressive_sstable_expiration",
    "overlap_inclusion_method",
    "min_sstable_size",
    "sstable_growth",
];

const MEBIBYTE: f64 = 1_048_576.0;

const TARGET_DEFAULT_BYTES: f64 = 1024.0 * MEBIBYTE;

/// Checks the values and returns the names that are known.
pub(super) fn check(options: &BTreeMap<String, String>) -> Result<[&'static str; 10], EngineError> {
    if let Some(parameters) = options.get("scaling_parameters") {
        parameters.split(',').try_for_each(|parameter| check_scaling_parameter(parameter.trim()))?;
    }
    if let Some(text) = options.get("base_shard_count") {
        check_positive("base_shard_count", parse::<i32>(text, "base_shard_count")?.into())?;
    }
    let target = check_size(options, "target_sstable_size")?.unwrap_or(TARGET_DEFAULT_BYTES);
    check_size(options, "flush_size_override")?;
    if let Some(text) = options.get("max_sstables_to_compact") {
        parse::<i32>(text, "max_sstables_to_compact")?;
    }
    if let Some(text) = options.get("expired_sstable_check_frequency_seconds") {
        let frequency = text.parse().map_err(|_| {
            EngineError::configuration(format!(
                "{text} is not a parsable long (base10) for expired_sstable_check_frequency_seconds"
            ))
        })?;
        check_positive("expired_sstable_check_frequency_seconds", frequency)?;
    }
    check_words(options)?;
    check_min_size(options, target)?;
    check_growth(options)?;
    Ok(NAMES)
}

/// `N`, `L10`, `T4`, or a number.
fn check_scaling_parameter(parameter: &str) -> Result<(), EngineError> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = match parameter.as_bytes().first() {
        Some(b'N') => parameter.len() == 1,
        Some(b'L' | b'T' | b'+' | b'-') => is_number(parameter.get(1..).unwrap_or_default()),
        _ => is_number(parameter),
    };
    if !fits {
        return Err(EngineError::configuration(format!(
            "Scaling parameter {parameter} must match N|L[0-9]+|T[0-9]+|[+-]?[0-9]+"
        )));
    }
    let fan = parameter.get(1..).unwrap_or_default();
    if parameter.starts_with(['L', 'T']) && fan.parse::<i32>().is_ok_and(|fan| fan < 2) {
        return Err(EngineError::configuration(format!("Fan factor cannot be lower than 2 in {parameter}")));
    }
    Ok(())
}

fn check_positive(name: &str, number: i64) -> Result<(), EngineError> {
    if number <= 0 {
        return Err(EngineError::configuration(format!("Invalid configuration, {name} should be positive: {number}")));
    }
    Ok(())
}

/// A size of at least a mebibyte, in bytes.
fn check_size(options: &BTreeMap<String, String>, name: &str) -> Result<Option<f64>, EngineError> {
    let Some(text) = options.get(name) else { return Ok(None) };
    let bytes = bytes(text).ok_or_else(|| {
        EngineError::configuration(format!("{name} {text} is not a valid size in bytes: {text} does not end in unit B"))
    })?;
    if bytes < MEBIBYTE {
        return Err(EngineError::configuration(format!(
            "{name} {text} is not acceptable, size must be at least 1.000MiB"
        )));
    }
    Ok(Some(bytes))
}

fn check_words(options: &BTreeMap<String, String>) -> Result<(), EngineError> {
    let name = "unsafe_aggressive_sstable_expiration";
    if let Some(text) = options.get(name)
        && !text.eq_ignore_ascii_case("true")
        && !text.eq_ignore_ascii_case("false")
    {
        return Err(EngineError::configuration(format!("{name} should either be 'true' or 'false', not {text}")));
    }
    match options.get("overlap_inclusion_method") {
        Some(method) if !["NONE", "SINGLE", "TRANSITIVE"].contains(&method.to_uppercase().as_str()) => {
            Err(EngineError::configuration(format!(
                "Invalid overlap inclusion method {method}. The valid options are [NONE, SINGLE, TRANSITIVE]."
            )))
        }
        _ => Ok(()),
    }
}

fn check_min_size(options: &BTreeMap<String, String>, target_bytes: f64) -> Result<(), EngineError> {
    let Some(text) = options.get("min_sstable_size") else { return Ok(()) };
    let bytes = bytes(text).ok_or_else(|| {
        EngineError::configuration(format!("{text} is not a valid size in bytes for min_sstable_size"))
    })?;
    if bytes < 0.0 {
        return Err(EngineError::configuration(
            "Invalid configuration, min_sstable_size should be greater than or equal to 0 (zero)",
        ));
    }
    let limit = (target_bytes * std::f64::consts::FRAC_1_SQRT_2).ceil();
    if bytes >= limit {
        return Err(EngineError::configuration(format!(
            "Invalid configuration, min_sstable_size ({}) should be less than the target size minimum: {}",
            memory(bytes),
            memory(limit)
        )));
    }
    Ok(())
}

fn check_growth(options: &BTreeMap<String, String>) -> Result<(), EngineError> {
    let Some(text) = options.get("sstable_growth") else { return Ok(()) };
    let trimmed = text.trim();
    let number = match trimmed.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => trimmed.parse(),
    };
    match number {
        Ok(growth) if (0.0..=1.0).contains(&growth) => Ok(()),
        Ok(_) => Err(EngineError::configuration(format!("sstable_growth {text} must be between 0 and 1"))),
        Err(_) => Err(EngineError::configuration(format!(
            "sstable_growth is not a valid number between 0 and 1: For input string: \"{trimmed}\""
        ))),
    }
}

/// `100MiB`, `1.5GB`, `5000B` in bytes.
fn bytes(text: &str) -> Option<f64> {
    let without_unit = text.strip_suffix('B')?;
    let (without_unit, base) = match without_unit.strip_suffix('i') {
        Some(rest) => (rest, 1024.0_f64),
        None => (without_unit, 1000.0),
    };
    let trimmed = without_unit.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let power = match without_unit.get(trimmed.len()..)? {
        "" if base < 1024.0 => 0,
        "k" | "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        "P" => 5,
        "E" => 6,
        _ => return None,
    };
    let number: f64 = trimmed.trim_end().parse().ok()?;
    Some((number * base.powi(power)).trunc())
}

/// `FBUtilities.prettyPrintMemory`
fn memory(bytes: f64) -> String {
    let units = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let mut scaled = bytes;
    let mut unit = None;
    for next in units {
        if scaled < 1024.0 {
            break;
        }
        scaled /= 1024.0;
        unit = Some(next);
    }
    match unit {
        Some(unit) => format!("{scaled:.3}{unit}B"),
        None => format!("{scaled:.0}B"),
    }
}
