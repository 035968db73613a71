//! Which statements may stand together in a batch (`BatchStatement.validate`).

use quorate_protocol::cql::ast::BatchKind;

use super::BatchPlan;
use crate::engine::error::EngineError;

impl BatchPlan {
    pub(super) fn check(&self) -> Result<(), EngineError> {
        let refuse = |message: &str| Err(EngineError::invalid(message));
        if self.attributes.ttl.is_some() {
            return refuse("Global TTL on the BATCH statement is not supported.");
        }
        let is_counter_batch = self.kind == BatchKind::Counter;
        let has_timestamp = self.attributes.timestamp.is_some();
        if has_timestamp && self.is_conditional() {
            return refuse("Cannot provide custom timestamp for conditional BATCH");
        }
        if has_timestamp && is_counter_batch {
            return refuse("Cannot provide custom timestamp for counter BATCH");
        }
        if has_timestamp && self.statements.iter().any(|statement| statement.attributes.timestamp.is_some()) {
            return refuse("Timestamp must be set either on BATCH or individual statements");
        }
        let has_counters = self.statements.iter().any(|statement| statement.is_counter());
        let has_others = self.statements.iter().any(|statement| !statement.is_counter());
        if has_timestamp && has_counters {
            return refuse("Cannot provide custom timestamp for a BATCH containing counters");
        }
        if is_counter_batch && has_others {
            return refuse("Cannot include non-counter statement in a counter batch");
        }
        if has_counters && has_others {
            return refuse("Counter and non-counter mutations cannot exist in the same batch");
        }
        if self.kind == BatchKind::Logged && has_counters {
            return refuse("Cannot include a counter statement in a logged batch");
        }
        let mut tables = self.statements.iter().map(|statement| statement.definition.table.spec());
        let first = tables.next();
        if self.is_conditional() && tables.any(|table| Some(table) != first) {
            return refuse("Batch with conditions cannot span multiple tables");
        }
        Ok(())
    }
}
