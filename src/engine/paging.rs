//! Paging states: how many rows of the result have been returned.
//!
//! The tables evaluated here fit in memory and change rarely, so a page is computed anew and its beginning left out.

use bytes::Bytes;

use super::error::EngineError;

const VERSION: u8 = 1;

/// The state after this many rows.
pub(super) fn state_after(rows: usize) -> Bytes {
    let mut state = vec![VERSION];
    state.extend_from_slice(&(rows as u64).to_be_bytes());
    state.into()
}

/// How many rows a state is after.
pub(super) fn rows_before(state: Option<&[u8]>) -> Result<usize, EngineError> {
    let refuse = || EngineError::invalid("Invalid value for the paging state");
    match state {
        None => Ok(0),
        Some([VERSION, rows @ ..]) => {
            let rows = rows.try_into().map(u64::from_be_bytes).map_err(|_| refuse())?;
            usize::try_from(rows).map_err(|_| refuse())
        }
        Some(_) => Err(refuse()),
    }
}
