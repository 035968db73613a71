//! A SELECT as a client asked it, for what asks the backends more than that.

use quorate_protocol::message::RequestMessage;
use quorate_protocol::message::request::{BindValues, QueryParameters, Request};

use super::forward::{Forward, What};
use crate::statement::Statement;
use crate::statement::rewrite::{BaseSelect, VoteSelect, base_select, vote_select};
use crate::worker::Worker;

/// A SELECT with its values.
pub(crate) struct ClientSelect {
    text: String,
    statement: Statement,
    keyspace: String,
    parameters: QueryParameters,
}

impl ClientSelect {
    /// Nothing if it has values that the client did not give.
    pub(crate) fn of(forward: &Forward) -> Option<Self> {
        let request = RequestMessage::decode(&forward.envelope).ok()?.request;
        let (text, keyspace, parameters) = match (&forward.what, request) {
            (What::Query { text }, Request::Query { query, parameters }) => {
                let text = text.as_deref().map_or(query, str::to_owned);
                (text, forward.lane.keyspace.clone(), parameters)
            }
            (What::Execute { prepared, .. }, Request::Execute { parameters, .. }) if prepared.hidden.is_none() => {
                (prepared.text.to_string(), prepared.keyspace.clone(), parameters)
            }
            _ => return None,
        };
        let statement = Statement::analyse(&text);
        let named = statement.keyspace.as_deref().or(parameters.keyspace.as_deref()).or(keyspace.as_deref());
        let keyspace = named?.to_owned();
        Some(Self { text, statement, keyspace, parameters })
    }

    /// Whether the table is one of counters.
    pub(crate) fn reads_counters(&self, worker: &Worker) -> bool {
        let table = self.statement.table.as_deref();
        table.is_some_and(|table| worker.shared.catalog().is_counter_table(&self.keyspace, table) == Some(true))
    }

    /// With the key of each row in its result, as a QUERY for all of the rows at once.
    pub(crate) fn with_keys(self, worker: &Worker) -> Option<(VoteSelect, QueryParameters)> {
        let facts = self.statement.select.as_ref()?;
        // A limit or a page ends where each backend's own rows end: what is beyond cannot be counted.
        if facts.limited || facts.aggregates || self.parameters.paging_state.is_some() {
            return None;
        }
        let catalog = worker.shared.catalog();
        let select = vote_select(&self.text, catalog.table(&self.keyspace, self.statement.table.as_deref()?)?)?;
        let level = worker.shared.cluster.members.first()?.read_level;
        Some((select, QueryParameters { consistency: level, skip_metadata: false, ..self.parameters }))
    }

    /// The rows of the table that its answer depends on, as a QUERY for their first page.
    pub(crate) fn base_rows(self, worker: &Worker) -> Option<(BaseSelect, QueryParameters)> {
        let catalog = worker.shared.catalog();
        let select = base_select(&self.text, catalog.table(&self.keyspace, self.statement.table.as_deref()?)?)?;
        let values = match self.parameters.values {
            Some(BindValues::Positional(values)) => {
                let kept = select.markers.iter().map(|position| values.get(usize::from(*position)).cloned());
                Some(BindValues::Positional(kept.collect::<Option<_>>()?))
            }
            other => other,
        };
        let level = worker.shared.cluster.members.first()?.read_level;
        let parameters = QueryParameters {
            consistency: level,
            values,
            skip_metadata: true,
            page_size: None,
            paging_state: None,
            ..self.parameters
        };
        Some((select, parameters))
    }
}
