use std::time::Duration;

use super::limits::TIMEOUT_BOUNDS;
use super::section::Section;

/// `[timeouts]`: by when a request is answered, with an error if need be. Names and defaults are those of Cassandra 5.0's
/// `cassandra.yaml` (`read_request_timeout` and so on).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// A SELECT of one partition.
    pub read: Duration,
    /// Any other SELECT.
    pub range: Duration,
    /// INSERT, UPDATE, DELETE, BATCH.
    pub write: Duration,
    /// CREATE, ALTER, DROP, GRANT and their kin, schema agreement of every backend included.
    pub ddl: Duration,
    /// TRUNCATE.
    pub truncate: Duration,
    /// Everything else.
    pub other: Duration,
}

pub(super) fn read(section: &mut Section<'_>) -> Timeouts {
    let mut timeout = |key, default_ms| section.within(key, Duration::from_millis(default_ms), TIMEOUT_BOUNDS);
    Timeouts {
        read: timeout("read", 5_000),
        range: timeout("range", 10_000),
        write: timeout("write", 2_000),
        ddl: timeout("ddl", 60_000),
        truncate: timeout("truncate", 60_000),
        other: timeout("other", 10_000),
    }
}
