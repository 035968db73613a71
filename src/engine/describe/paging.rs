//! Paging states of DESCRIBE: the version of the schema, and how many rows came before.

use bytes::Bytes;
use uuid::Uuid;

use crate::engine::EngineError;

const FORMAT: u8 = 1;
const CHANGED: &str = "The schema has changed since the previous page of the DESCRIBE statement result. Please retry the \
                       DESCRIBE statement.";

/// The state behind this many rows.
pub(super) fn state_after(rows: usize, schema_version: Uuid) -> Bytes {
    let mut state = vec![FORMAT];
    state.extend_from_slice(schema_version.as_bytes());
    state.extend_from_slice(&(rows as u64).to_be_bytes());
    state.into()
}

/// How many rows come before a page.
///
/// # Errors
/// If the state is not one of DESCRIBE, or is of another version of the schema.
pub(super) fn rows_before(state: Option<&[u8]>, schema_version: Uuid) -> Result<usize, EngineError> {
    let Some(state) = state else { return Ok(0) };
    let parts = state.split_first().filter(|(format, _)| **format == FORMAT);
    let parts = parts.and_then(|(_, rest)| rest.split_first_chunk::<16>());
    let rows = parts.and_then(|(version, rows)| Some((version, rows.try_into().map(u64::from_be_bytes).ok()?)));
    match rows {
        Some((version, _)) if version != schema_version.as_bytes() => Err(EngineError::invalid(CHANGED)),
        Some((_, rows)) => Ok(usize::try_from(rows).unwrap_or(usize::MAX)),
        None => Err(EngineError::invalid("Incompatible paging state")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_of_one_schema() {
        let (version, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let state = state_after(7, version);
        assert_eq!(rows_before(Some(&state), version), Ok(7));
        assert_eq!(rows_before(None, version), Ok(0));
        assert_eq!(rows_before(Some(&state), other), Err(EngineError::invalid(CHANGED)));
        assert!(rows_before(Some(&state[1..]), version).is_err());
        assert!(rows_before(Some(b""), version).is_err());
    }
}
