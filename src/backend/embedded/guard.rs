//! A panic in one request's work is that request's error: whoever runs the queue goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use quorate_protocol::frame::Version;
use quorate_protocol::message::response::{CqlError, ErrorDetails};
use tracing::error;

use super::message;
use crate::backend::Reply;
use crate::engine::EngineError;

/// Does the work; where it panics, the reply is a server error. Nothing that the work shares with others stays locked or
/// half done: the store writes all of a statement at once, and its locks are not poisoned.
pub(super) fn guarded<T>(version: Version, work: impl FnOnce() -> T) -> Result<T, Reply> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        error!("a statement made the embedded store panic");
        let text = "The statement failed by a defect of the store";
        message::error(version, CqlError::new(ErrorDetails::Server, text.to_owned()))
    })
}

/// Commits; where that panics, nobody knows what is on the disk, and all that waited for it is told so.
pub(super) fn guarded_commit(commit: impl FnOnce() -> Result<(), EngineError>) -> Result<(), EngineError> {
    catch_unwind(AssertUnwindSafe(commit)).unwrap_or_else(|_| {
        error!("a commit made the embedded store panic");
        Err(EngineError::Storage("The commit failed by a defect of the store".to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use quorate_protocol::frame::Opcode;

    use super::*;

    #[test]
    fn a_panic_is_answered_with_an_error() {
        let outcome = guarded(Version::V4, || -> u8 { panic!("a defect") });
        assert_eq!(outcome.unwrap_err().unwrap().opcode(), Opcode::Error);
        assert!(matches!(guarded(Version::V4, || 7), Ok(7)));
    }

    #[test]
    fn a_panic_of_a_commit_fails_what_waited_for_it() {
        assert!(matches!(guarded_commit(|| panic!("a defect")), Err(EngineError::Storage(_))));
        assert_eq!(guarded_commit(|| Ok(())), Ok(()));
    }
}
