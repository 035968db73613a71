//! The options `speculative_retry` and `additional_write_policy`: checked and kept (`SpeculativeRetryPolicy`).

use crate::engine::error::EngineError;

/// The policy as Cassandra shows it, without quotes.
pub(super) fn resolve(text: &str) -> Result<String, EngineError> {
    if text.eq_ignore_ascii_case("ALWAYS") {
        return Ok("ALWAYS".to_owned());
    }
    if text.eq_ignore_ascii_case("NEVER") || text.eq_ignore_ascii_case("NONE") {
        return Ok("NEVER".to_owned());
    }
    match threshold(text)? {
        Some(threshold) => Ok(threshold.to_string()),
        None => hybrid(text),
    }
}

/// When a further replica is asked.
enum Threshold {
    Percentile(f64),
    Milliseconds(i32),
}

impl std::fmt::Display for Threshold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Threshold::Percentile(percentile) => {
                // at most four decimals, none that is not needed
                let rounded = (percentile * 10_000.0).round_ties_even() / 10_000.0;
                write!(f, "{rounded}p")
            }
            Threshold::Milliseconds(milliseconds) => write!(f, "{milliseconds}ms"),
        }
    }
}

/// `99p`, `99percentile`, `50ms`; nothing if the text is of another form.
fn threshold(text: &str) -> Result<Option<Threshold>, EngineError> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Ok(None);
    }
    match unit.as_str() {
        "p" | "percentile" => {
            let percentile: f64 = digits.parse().map_err(|_| refuse(text))?;
            if percentile <= 0.0 || percentile >= 100.0 {
                return Err(EngineError::configuration(format!(
                    "Invalid value {text} for PERCENTILE option 'speculative_retry': must be between (0.0 and 100.0)"
                )));
            }
            Ok(Some(Threshold::Percentile(percentile)))
        }
        "ms" => {
            let milliseconds: f64 = digits.parse().map_err(|_| refuse(text))?;
            Ok(Some(Threshold::Milliseconds(milliseconds as i32)))
        }
        _ => Ok(None),
    }
}

/// `MIN(99p, 50ms)`, `MAX(…)`
fn hybrid(text: &str) -> Result<String, EngineError> {
    let upper = text.to_ascii_uppercase();
    let inner = upper.strip_prefix("MIN(").or_else(|| upper.strip_prefix("MAX("));
    let parts = inner.and_then(|inner| inner.strip_suffix(')')).and_then(|inner| inner.split_once(','));
    let (first, second) = parts.ok_or_else(|| refuse(text))?;
    let read = |part: &str| match threshold(part.trim()) {
        Ok(Some(threshold)) => Ok(threshold),
        _ => Err(refuse(text)),
    };
    let function = upper.get(..3).unwrap_or_default();
    match (read(first)?, read(second)?) {
        (percentile @ Threshold::Percentile(_), fixed @ Threshold::Milliseconds(_))
        | (fixed @ Threshold::Milliseconds(_), percentile @ Threshold::Percentile(_)) => {
            Ok(format!("{function}({percentile},{fixed})"))
        }
        (first, _) => {
            let kind = if matches!(first, Threshold::Percentile(_)) { "PERCENTILE" } else { "FIXED" };
            Err(EngineError::configuration(format!(
                "Invalid value {text} for option 'speculative_retry': MIN()/MAX() arguments should be of different \
                 types, but both are of type {kind}"
            )))
        }
    }
}

fn refuse(text: &str) -> EngineError {
    EngineError::configuration(format!("Invalid value {text} for option 'speculative_retry'"))
}
