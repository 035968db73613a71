//! What a write takes from its surroundings.

use super::list_ids::ListIds;
use crate::engine::environment::Environment;

/// What a write takes from its surroundings.
pub struct WriteContext<'a> {
    /// The write time of what names none, in microseconds since the epoch.
    pub timestamp_micros: i64,
    /// Now: TTLs count from here, and what has expired is gone. Seconds since the epoch.
    pub now_seconds: i64,
    /// For functions such as `now()`, and the time in the ids of list elements.
    pub environment: &'a mut dyn Environment,
    /// The store's ids of list elements.
    pub list_ids: &'a ListIds,
}
