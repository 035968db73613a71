//! What a storage-attached index can be on, and its options (`StorageAttachedIndex.validateOptions`).

use quorate_protocol::value::{CqlType, NativeType};

use crate::engine::error::EngineError;
use crate::engine::schema::{Index, IndexKind, IndexTarget, TableDefinition, map_literal};
use crate::engine::{Column, ColumnKind};

const ANALYZER_OPTIONS: [&str; 3] = ["case_sensitive", "normalize", "ascii"];

const VECTOR_OPTIONS: [&str; 4] =
    ["maximum_node_connections", "construction_beam_width", "similarity_function", "optimize_for"];

const VECTOR_WARNING: &str = "SAI ANN indexes on vector columns are experimental and are not recommended for \
production use.
They don't yet support SELECT queries with:
 * Consistency level higher than ONE/LOCAL_ONE.
 * Paging.
 * No LIMIT clauses.
 * PER PARTITION LIMIT clauses.
 * GROUP BY clauses.
 * Aggregation functions.
 * Filters on columns without a SAI index.";

/// Whether USING names a storage-attached index: by its class or one of its short names, in any case.
pub(super) fn is_class(class: &str) -> bool {
    class.eq_ignore_ascii_case("sai")
        || class.eq_ignore_ascii_case("StorageAttachedIndex")
        || class == "org.apache.cassandra.index.sai.StorageAttachedIndex"
}

/// Refuses what the index cannot be.
pub(super) fn check(
    index: &Index,
    column: &Column,
    table: &TableDefinition,
    warnings: &mut Vec<String>,
) -> Result<(), EngineError> {
    let is_known =
        |name: &str| name == "class_name" || ANALYZER_OPTIONS.contains(&name) || VECTOR_OPTIONS.contains(&name);
    let unknown: Vec<&str> = index.options.keys().map(String::as_str).filter(|name| !is_known(name)).collect();
    if !unknown.is_empty() {
        return Err(EngineError::configuration(format!(
            "Properties specified [{}] are not understood by StorageAttachedIndex",
            unknown.join(", ")
        )));
    }
    let is_same = |other: &&std::sync::Arc<Index>| {
        other.kind == IndexKind::StorageAttached && other.column == index.column && other.target == index.target
    };
    if table.indexes.values().filter(is_same).count() > 1 {
        return Err(EngineError::invalid(format!(
            "Cannot create more than one storage-attached index on the same column: {}",
            column.name
        )));
    }
    let terms = terms(&column.cql_type, index.target);
    check_analyzer(index, column, &terms)?;
    let similarity = check_vector_options(index, &terms)?;
    terms.iter().try_for_each(check_supported)?;
    if let [CqlType::Vector { element, dimension }] = terms.as_slice() {
        if **element != CqlType::Native(NativeType::Float) {
            return Err(EngineError::invalid("SAI ANN indexes are only allowed on vector columns with float elements"));
        }
        if *dimension == 1 && similarity == "COSINE" {
            return Err(EngineError::invalid("Cosine similarity is not supported for single-dimension vectors"));
        }
        warnings.push(VECTOR_WARNING.to_owned());
    }
    Ok(())
}

/// The types of what is indexed: one, or those of a map's key and value.
fn terms(cql_type: &CqlType, target: IndexTarget) -> Vec<CqlType> {
    match (cql_type, target) {
        (CqlType::List { element, frozen: false } | CqlType::Set { element, frozen: false }, _) => {
            vec![element.as_ref().clone()]
        }
        (CqlType::Map { key, frozen: false, .. }, IndexTarget::Keys) => vec![key.as_ref().clone()],
        (CqlType::Map { key, value, frozen: false }, IndexTarget::Entries) => {
            vec![key.as_ref().clone(), value.as_ref().clone()]
        }
        (CqlType::Map { value, frozen: false, .. }, _) => vec![value.as_ref().clone()],
        _ => vec![cql_type.clone()],
    }
}

fn check_analyzer(index: &Index, column: &Column, terms: &[CqlType]) -> Result<(), EngineError> {
    let is_analyzer = |name: &String| ANALYZER_OPTIONS.contains(&name.as_str());
    let options: std::collections::BTreeMap<String, String> =
        index.options.iter().filter(|(name, _)| is_analyzer(name)).map(|(a, b)| (a.clone(), b.clone())).collect();
    if options.is_empty() {
        return Ok(());
    }
    if matches!(column.kind, ColumnKind::PartitionKey | ColumnKind::Clustering { .. }) {
        return Err(EngineError::invalid(format!(
            "Analysis options are not supported on primary key columns, but found {}",
            map_literal(&options)
        )));
    }
    if let Some(other) =
        terms.iter().find(|term| !matches!(term, CqlType::Native(NativeType::Text | NativeType::Ascii)))
    {
        return Err(EngineError::invalid(format!("CQL type {other} cannot be analyzed.")));
    }
    for (name, value) in &options {
        if value.is_empty() {
            return Err(EngineError::invalid(format!("Empty value for boolean option '{name}'")));
        }
        if !value.eq_ignore_ascii_case("true") && !value.eq_ignore_ascii_case("false") {
            return Err(EngineError::invalid(format!("Illegal value for boolean option '{name}': {value}")));
        }
    }
    Ok(())
}

/// `IndexWriterConfig.fromOptions`; returns the similarity function.
fn check_vector_options(index: &Index, terms: &[CqlType]) -> Result<String, EngineError> {
    let default = "COSINE".to_owned();
    if !index.options.keys().any(|name| VECTOR_OPTIONS.contains(&name.as_str())) {
        return Ok(default);
    }
    if let Some(other) = terms.iter().find(|term| !matches!(term, CqlType::Vector { .. })) {
        return Err(EngineError::invalid(format!("CQL type {other} cannot have vector options")));
    }
    for (name, shown) in
        [(VECTOR_OPTIONS[0], "Maximum node connections"), (VECTOR_OPTIONS[1], "Construction beam width")]
    {
        if index.options.contains_key(name) {
            return Err(EngineError::invalid(format!(
                "{shown} cannot be set without enabling SAI_VECTOR_ALLOW_CUSTOM_PARAMETERS"
            )));
        }
    }
    let similarity = index.options.get(VECTOR_OPTIONS[2]).map_or(default, |function| function.to_uppercase());
    if !["EUCLIDEAN", "DOT_PRODUCT", "COSINE"].contains(&similarity.as_str()) {
        // Cassandra does not know the name of the index here
        return Err(EngineError::invalid(format!(
            "Similarity function {similarity} was not recognized for index null. Valid values are: EUCLIDEAN, \
             DOT_PRODUCT, COSINE"
        )));
    }
    let optimize_for = index.options.get(VECTOR_OPTIONS[3]).map(|goal| goal.to_uppercase());
    match optimize_for {
        Some(goal) if goal != "LATENCY" && goal != "RECALL" => Err(EngineError::invalid(format!(
            "optimize_for '{goal}' was not recognized for index null. Valid values are: LATENCY, RECALL"
        ))),
        _ => Ok(similarity),
    }
}

fn check_supported(term: &CqlType) -> Result<(), EngineError> {
    use NativeType::{Blob, Counter, Duration, Empty};
    let is_supported = match term {
        CqlType::Native(native) => !matches!(native, Blob | Counter | Duration | Empty),
        CqlType::Custom(_) => false,
        _ => !term.is_multi_cell(),
    };
    if is_supported { Ok(()) } else { Err(EngineError::invalid(format!("Unsupported type: {term}"))) }
}
