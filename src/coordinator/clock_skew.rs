//! Write times of clients that are too far ahead of the clock: what they write would hide all that is written until then.

use quorate_protocol::frame::Value;
use quorate_protocol::message::view::{Parameters, Values};

use super::error::CqlError;
use crate::statement::{Statement, WriteTime};
use crate::worker::Worker;

/// Whether write times are looked at.
pub(super) fn is_checked(worker: &Worker) -> bool {
    worker.shared.cluster.clock_skew_max_micros.is_some()
}

/// Refuses a write whose time, in the frame or in the text, is too far ahead.
pub(super) fn check(
    worker: &Worker,
    statement: &Statement,
    parameters: &Parameters<'_>,
    values: &Values<'_>,
) -> Result<(), CqlError> {
    if !statement.kind.is_write() {
        return Ok(());
    }
    check_default(worker, parameters)?;
    check_written(worker, statement, values)
}

/// The time that the frame gives for all statements that give none themselves.
pub(super) fn check_default(worker: &Worker, parameters: &Parameters<'_>) -> Result<(), CqlError> {
    parameters.default_timestamp_micros.map_or(Ok(()), |micros| check_micros(worker, micros))
}

/// The times that the text gives, some of them as bind values.
pub(super) fn check_written(worker: &Worker, statement: &Statement, values: &Values<'_>) -> Result<(), CqlError> {
    if !is_checked(worker) {
        return Ok(());
    }
    for write_time in &statement.write_times {
        let micros = match write_time {
            WriteTime::Literal(micros) => Some(*micros),
            WriteTime::Bound { position, name } => bound_micros(values, *position, name.as_deref()),
        };
        micros.map_or(Ok(()), |micros| check_micros(worker, micros))?;
    }
    Ok(())
}

/// A bigint; what is none is the backends' to refuse. Cassandra calls the marker of `USING TIMESTAMP ?` "[timestamp]".
fn bound_micros(values: &Values<'_>, position: u16, name: Option<&str>) -> Option<i64> {
    let named = values.value_named(name.unwrap_or("[timestamp]"));
    match named.or_else(|| values.value_at(usize::from(position)))? {
        Value::Bytes(bytes) => bytes.try_into().ok().map(i64::from_be_bytes),
        Value::Null | Value::Unset => None,
    }
}

fn check_micros(worker: &Worker, micros: i64) -> Result<(), CqlError> {
    let Some(skew_micros) = worker.shared.cluster.clock_skew_max_micros else { return Ok(()) };
    let now_micros = worker.shared.clock.wall_micros();
    if micros <= now_micros.saturating_add(skew_micros) {
        return Ok(());
    }
    let ahead_ms = micros.saturating_sub(now_micros) / 1000;
    Err(CqlError::Invalid(format!(
        "The write time {micros} is {ahead_ms} ms ahead of the proxy's clock, and max_clock_skew allows {} ms",
        skew_micros / 1000
    )))
}
