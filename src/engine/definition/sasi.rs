//! What a SASI index can be on, and its options (`SASIIndex.validateOptions`).

use quorate_protocol::value::{CqlType, NativeType};

use crate::engine::error::EngineError;
use crate::engine::schema::Index;
use crate::engine::{Column, ColumnKind};

/// The only name that the index goes by.
pub(super) const CLASS: &str = "org.apache.cassandra.index.sasi.SASIIndex";

pub(super) const USAGE_WARNING: &str = "SASI indexes are experimental and are not recommended for production use.";

/// Refuses what the index cannot be.
pub(super) fn check(index: &Index, column: &Column) -> Result<(), EngineError> {
    if column.cql_type.is_multi_cell() {
        return Err(EngineError::configuration("complex columns are not yet supported by SASI"));
    }
    if column.kind == ColumnKind::PartitionKey {
        return Err(EngineError::configuration("partition key columns are not yet supported by SASI"));
    }
    let is_analyzed = check_analyzer(index, &column.cql_type)?;
    let mode = index.options.get("mode").map_or("PREFIX", String::as_str);
    match mode.to_uppercase().as_str() {
        "PREFIX" | "CONTAINS" => Ok(()),
        "SPARSE" => {
            let is_literal = match index.options.get("is_literal") {
                Some(text) => text.eq_ignore_ascii_case("true"),
                None => is_text(&column.cql_type),
            };
            if is_literal {
                return Err(EngineError::configuration("SPARSE mode is only supported on non-literal columns."));
            }
            if is_analyzed {
                return Err(EngineError::configuration("SPARSE mode doesn't support analyzers."));
            }
            Ok(())
        }
        _ => Err(EngineError::configuration(format!("Incorrect index mode: {mode}"))),
    }
}

/// Whether values are analyzed.
fn check_analyzer(index: &Index, cql_type: &CqlType) -> Result<bool, EngineError> {
    let is_on = index.options.get("analyzed").map(|text| text.eq_ignore_ascii_case("true"));
    let Some(class) = index.options.get("analyzer_class") else { return Ok(is_on.unwrap_or(false)) };
    let name = class.strip_prefix("org.apache.cassandra.index.sasi.analyzer.").unwrap_or_default();
    match name {
        "NoOpAnalyzer" => {}
        "StandardAnalyzer" | "NonTokenizingAnalyzer" | "DelimiterAnalyzer" => {
            if !is_text(cql_type) {
                return Err(EngineError::configuration(format!("{name} does not support type {cql_type}")));
            }
        }
        _ => {
            return Err(EngineError::configuration(format!("Invalid analyzer class option specified [{class}]")));
        }
    }
    Ok(is_on.unwrap_or(true))
}

fn is_text(cql_type: &CqlType) -> bool {
    matches!(cql_type, CqlType::Native(NativeType::Text | NativeType::Ascii))
}
