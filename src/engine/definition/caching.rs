//! The option `caching` (`CachingParams`).

use std::collections::BTreeMap;

use crate::engine::error::EngineError;

/// The option with both of its parts, as Cassandra shows it.
pub(super) fn resolve(mut map: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, EngineError> {
    let keys = match map.remove("keys") {
        None => "NONE",
        Some(keys) if keys.eq_ignore_ascii_case("ALL") => "ALL",
        Some(keys) if keys.eq_ignore_ascii_case("NONE") => "NONE",
        Some(keys) => {
            return Err(EngineError::configuration(format!(
                "Invalid value '{keys}' for caching sub-option 'keys': only 'ALL' and 'NONE' are allowed"
            )));
        }
    };
    let rows = map.remove("rows_per_partition").map_or(Ok("NONE".to_owned()), |rows| rows_per_partition(&rows))?;
    if !map.is_empty() {
        let names: Vec<&str> = map.keys().map(String::as_str).collect();
        return Err(EngineError::configuration(format!(
            "Invalid caching sub-options [{}]: only 'keys' and 'rows_per_partition' are allowed",
            names.join(", ")
        )));
    }
    Ok(BTreeMap::from([("keys".to_owned(), keys.to_owned()), ("rows_per_partition".to_owned(), rows)]))
}

fn rows_per_partition(rows: &str) -> Result<String, EngineError> {
    match rows.parse::<u32>() {
        _ if rows.eq_ignore_ascii_case("ALL") => Ok("ALL".to_owned()),
        _ if rows.eq_ignore_ascii_case("NONE") => Ok("NONE".to_owned()),
        Ok(0) => Ok("NONE".to_owned()),
        Ok(number) if number == i32::MAX as u32 => Ok("ALL".to_owned()),
        Ok(number) if number < i32::MAX as u32 && !rows.starts_with('+') => Ok(number.to_string()),
        _ => Err(EngineError::configuration(format!(
            "Invalid value '{rows}' for caching sub-option 'rows_per_partition': \
             only 'ALL', 'NONE', and integer values are allowed"
        ))),
    }
}
