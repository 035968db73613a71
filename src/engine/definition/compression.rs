//! The option `compression`: checked and kept, for this store compresses in its own way (`CompressionParams`).

use std::collections::BTreeMap;

use quorate_protocol::value::{CqlType, NativeType, Value};

use crate::engine::error::EngineError;

const PACKAGE: &str = "org.apache.cassandra.io.compress.";

const CHUNK_LENGTH: &str = "chunk_length_in_kb";
const MIN_RATIO: &str = "min_compress_ratio";

const DEFAULT_CHUNK_LENGTH_KB: i32 = 16;

/// The option, completed, as Cassandra shows it.
pub(super) fn resolve(mut options: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, EngineError> {
    let is_enabled = |text: &String| text.eq_ignore_ascii_case("true");
    if !options.is_empty() && options.get("enabled").is_none_or(is_enabled) && !options.contains_key("class") {
        return Err(EngineError::configuration("Missing sub-option 'class' for the 'compression' option."));
    }
    if !options.remove("enabled").as_ref().is_none_or(is_enabled) && !options.is_empty() {
        return Err(EngineError::configuration(
            "If the 'enabled' option is set to false no other options must be specified",
        ));
    }
    let Some(class) = options.remove("class") else {
        return Ok(BTreeMap::from([("enabled".to_owned(), "false".to_owned())]));
    };
    if class.is_empty() {
        return Err(EngineError::configuration(
            "The 'class' option must not be empty. To disable compression use 'enabled' : false",
        ));
    }
    let chunk_length_kb = chunk_length(options.remove(CHUNK_LENGTH))?;
    let min_ratio = match options.remove(MIN_RATIO) {
        None => 0.0,
        Some(text) => {
            text.parse().map_err(|_| EngineError::configuration(format!("Invalid value {text} for '{MIN_RATIO}'")))?
        }
    };
    let class = if class.contains('.') { class } else { format!("{PACKAGE}{class}") };
    check_compressor(&class, &options)?;
    check_chunks(chunk_length_kb, min_ratio)?;
    options.insert("class".to_owned(), class);
    options.insert(CHUNK_LENGTH.to_owned(), chunk_length_kb.to_string());
    if min_ratio != 0.0 {
        let literal = Value::Double(min_ratio).to_literal(&CqlType::Native(NativeType::Double));
        options.insert(MIN_RATIO.to_owned(), literal);
    }
    Ok(options)
}

fn chunk_length(text: Option<String>) -> Result<i32, EngineError> {
    let Some(text) = text else { return Ok(DEFAULT_CHUNK_LENGTH_KB) };
    match text.parse::<i32>() {
        Ok(length) if length > i32::MAX / 1024 => {
            Err(EngineError::configuration(format!("Value of {CHUNK_LENGTH} is too large ({length})")))
        }
        Ok(length) => Ok(length),
        Err(_) => Err(EngineError::configuration(format!("Invalid value for {CHUNK_LENGTH}"))),
    }
}

/// `CompressionParams.validate`
fn check_chunks(length_kb: i32, min_ratio: f64) -> Result<(), EngineError> {
    if length_kb <= 0 {
        return Err(EngineError::configuration(format!("Invalid negative or null {CHUNK_LENGTH}")));
    }
    if length_kb.count_ones() != 1 {
        return Err(EngineError::configuration(format!("{CHUNK_LENGTH} must be a power of 2")));
    }
    if min_ratio < 0.0 {
        return Err(EngineError::configuration(format!("Invalid negative {MIN_RATIO}")));
    }
    if min_ratio > 0.0 && min_ratio < 1.0 {
        return Err(EngineError::configuration(format!("{MIN_RATIO} can either be 0 or greater than or equal to 1")));
    }
    Ok(())
}

/// Refuses compressors that Cassandra does not have, and suboptions that they do not take.
fn check_compressor(class: &str, options: &BTreeMap<String, String>) -> Result<(), EngineError> {
    let supported: &[&str] = match class.strip_prefix(PACKAGE) {
        Some("LZ4Compressor") => {
            check_lz4(options)?;
            &["lz4_compressor_type", "lz4_high_compressor_level"]
        }
        Some("ZstdCompressor") => {
            check_zstd(options)?;
            &["compression_level"]
        }
        Some("DeflateCompressor" | "SnappyCompressor" | "NoopCompressor") => &[],
        _ => {
            return Err(EngineError::configuration(format!("Could not create Compression for type {class}")));
        }
    };
    match options.keys().find(|name| !supported.contains(&name.as_str())) {
        Some(unknown) => Err(EngineError::configuration(format!("Unknown compression options {unknown}"))),
        None => Ok(()),
    }
}

fn check_lz4(options: &BTreeMap<String, String>) -> Result<(), EngineError> {
    if let Some(kind) = options.get("lz4_compressor_type").filter(|kind| !["fast", "high"].contains(&kind.as_str())) {
        return Err(EngineError::configuration(format!(
            "Invalid compressor type '{kind}' specified for LZ4 parameter 'lz4_compressor_type'. \
             Valid options are [high, fast]."
        )));
    }
    match options.get("lz4_high_compressor_level") {
        Some(level) if !level.parse().is_ok_and(|level: i32| (1..=17).contains(&level)) => {
            Err(EngineError::configuration(format!(
                "Invalid value [{level}] for parameter 'lz4_high_compressor_level'. Value must be between 1 and 17."
            )))
        }
        _ => Ok(()),
    }
}

fn check_zstd(options: &BTreeMap<String, String>) -> Result<(), EngineError> {
    const LEVELS: std::ops::RangeInclusive<i32> = -131_072..=22;
    let Some(level) = options.get("compression_level") else { return Ok(()) };
    let refuse = |error: String| {
        Err(EngineError::configuration(format!("ZstdCompressor.create() threw an error: java.lang.{error}")))
    };
    match level.parse::<i32>() {
        Ok(number) if LEVELS.contains(&number) => Ok(()),
        Ok(number) => refuse(format!("IllegalArgumentException compression_level={number} is invalid")),
        Err(_) => refuse(format!("NumberFormatException For input string: \"{level}\"")),
    }
}
