//! Plans run over rows: filter, order, group, limit, compute, page.

use bytes::Bytes;
use quorate_protocol::message::response::{ResultMetadata, Rows};
use quorate_protocol::message::view::Values;
use quorate_protocol::value::{Value, json, write_json_key};

use super::aggregate::State;
use super::bind::bind;
use super::environment::Environment;
use super::error::EngineError;
use super::expression::{Context, Expression};
use super::paging::{rows_before, state_after};
use super::plan::{Output, Plan};
use super::restriction::BoundFilter;
use super::table::Row;

/// Which part of a result is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page<'a> {
    /// At most so many rows; all if absent.
    pub size: Option<usize>,
    /// The state that came with the page before.
    pub state: Option<&'a [u8]>,
}

impl Plan {
    /// Runs the plan over `rows`, all rows of the table in the order of [`super::sort_rows`].
    ///
    /// # Errors
    /// For values that do not fit the markers, for a state that is not ours, and for operations that fail on what they meet.
    pub fn execute(
        &self,
        rows: &[Row],
        values: &Values<'_>,
        page: Page<'_>,
        environment: &mut dyn Environment,
    ) -> Result<Rows, EngineError> {
        let binds = bind(&self.binds, values)?;
        let skipped = rows_before(page.state)?;
        let mut run = Run { plan: self, binds: &binds, environment };
        let limit = run.limit(self.limit.as_ref())?;
        let per_partition = run.limit(self.per_partition_limit.as_ref())?;
        let mut selected = run.filtered(rows)?;
        if self.restrictions.names_partitions {
            // partitions that are asked for by key come in the order of the keys, not of their tokens
            selected.sort_by(|left, right| self.table.compare_partition_key(left, right));
        }
        self.order.apply(&mut selected, &self.table);
        let mut entries = if self.is_aggregate() { run.grouped(&selected)? } else { run.plain(&selected) };
        if let Some(per_partition) = per_partition {
            self.limit_partitions(&mut entries, per_partition);
        }
        entries.truncate(limit.unwrap_or(usize::MAX));
        let is_paged = !self.is_aggregate() || !self.group_by.is_empty();
        let wanted = page.size.filter(|size| is_paged && *size > 0).unwrap_or(usize::MAX);
        let end = skipped.saturating_add(wanted).min(entries.len());
        let has_more = end < entries.len();
        let page = entries.get(skipped..end).unwrap_or_default();
        let rows = page.iter().map(|entry| run.output(entry)).collect::<Result<_, _>>()?;
        let paging_state = has_more.then(|| state_after(end));
        Ok(Rows { metadata: ResultMetadata { paging_state, ..self.metadata.clone() }, rows })
    }

    fn limit_partitions(&self, entries: &mut Vec<Entry<'_>>, limit: usize) {
        let mut partition: Option<&Row> = None;
        let mut count = 0;
        entries.retain(|entry| {
            let is_same = match (partition, entry.row) {
                (Some(partition), Some(row)) => self.table.is_same_partition(partition, row),
                _ => false,
            };
            count = if is_same { count + 1 } else { 1 };
            partition = entry.row;
            count <= limit
        });
    }

    fn is_same_group(&self, left: &Row, right: &Row) -> bool {
        self.group_by.is_empty()
            || (self.table.is_same_partition(left, right)
                && self.group_by.iter().all(|column| left.get(*column) == right.get(*column)))
    }
}

/// What becomes a row of the result: a row of the table, or a group with its first row and its aggregates.
struct Entry<'a> {
    row: Option<&'a Row>,
    aggregates: Vec<Option<Bytes>>,
}

struct Run<'a> {
    plan: &'a Plan,
    binds: &'a [Option<Bytes>],
    environment: &'a mut dyn Environment,
}

impl Run<'_> {
    fn evaluate(
        &mut self,
        expression: &Expression,
        row: Option<&Row>,
        aggregates: &[Option<Bytes>],
    ) -> Result<Option<Bytes>, EngineError> {
        let mut context = Context { row, binds: self.binds, aggregates, environment: self.environment };
        expression.evaluate(&mut context)
    }

    fn limit(&mut self, limit: Option<&Expression>) -> Result<Option<usize>, EngineError> {
        let Some(limit) = limit else { return Ok(None) };
        let value = self.evaluate(limit, None, &[])?;
        let value = value.ok_or_else(|| EngineError::invalid("Invalid null value of limit"))?;
        match Value::decode(&quorate_protocol::value::NativeType::Int.into(), &value)? {
            Value::Int(limit @ 1..) => Ok(usize::try_from(limit).ok()),
            _ => Err(EngineError::invalid("LIMIT must be strictly positive")),
        }
    }

    fn filtered<'r>(&mut self, rows: &'r [Row]) -> Result<Vec<&'r Row>, EngineError> {
        let table = &self.plan.table;
        let mut filters = Vec::with_capacity(self.plan.filters.len());
        for filter in &self.plan.filters {
            let mut context = Context { row: None, binds: self.binds, aggregates: &[], environment: self.environment };
            filters.push(BoundFilter::new(filter, table, &mut context)?);
        }
        let mut selected = Vec::new();
        for row in rows {
            let mut is_accepted = true;
            for filter in &filters {
                is_accepted = is_accepted && filter.accepts(row, table)?;
            }
            if is_accepted {
                selected.push(row);
            }
        }
        Ok(selected)
    }

    fn plain<'r>(&self, rows: &[&'r Row]) -> Vec<Entry<'r>> {
        let mut entries: Vec<Entry<'r>> = Vec::with_capacity(rows.len());
        for row in rows {
            let last = entries.last().and_then(|entry| entry.row);
            let is_repeated = last.is_some_and(|last| self.plan.table.is_same_partition(last, row));
            if !(self.plan.distinct && is_repeated) {
                entries.push(Entry { row: Some(row), aggregates: Vec::new() });
            }
        }
        entries
    }

    fn grouped<'r>(&mut self, rows: &[&'r Row]) -> Result<Vec<Entry<'r>>, EngineError> {
        let plan = self.plan;
        let mut entries = Vec::new();
        let groups = rows.chunk_by(|left, right| plan.is_same_group(left, right));
        for group in groups {
            entries.push(self.group(group)?);
        }
        // without GROUP BY there is one group, even of no rows
        if entries.is_empty() && plan.group_by.is_empty() {
            entries.push(self.group(&[])?);
        }
        Ok(entries)
    }

    fn group<'r>(&mut self, rows: &[&'r Row]) -> Result<Entry<'r>, EngineError> {
        let mut aggregates = Vec::with_capacity(self.plan.aggregates.len());
        for aggregate in &self.plan.aggregates {
            let mut state = State::new();
            for row in rows {
                let value = match &aggregate.argument {
                    Some(argument) => self.evaluate(argument, Some(row), &[])?,
                    None => Some(Bytes::new()),
                };
                state.add(aggregate, value)?;
            }
            aggregates.push(state.finish(aggregate));
        }
        Ok(Entry { row: rows.first().copied(), aggregates })
    }

    fn output(&mut self, entry: &Entry<'_>) -> Result<Vec<Option<Bytes>>, EngineError> {
        let plan = self.plan;
        let cells =
            plan.outputs.iter().map(|output| self.evaluate(&output.value.expression, entry.row, &entry.aggregates));
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        if !plan.json {
            return Ok(cells);
        }
        Ok(vec![Some(json_object(&plan.outputs, &cells)?.into())])
    }
}

fn json_object(outputs: &[Output], cells: &[Option<Bytes>]) -> Result<String, EngineError> {
    let mut object = String::from("{");
    for (index, (output, cell)) in outputs.iter().zip(cells).enumerate() {
        object.push_str(if index > 0 { ", " } else { "" });
        write_json_key(&output.name, &mut object);
        object.push_str(": ");
        match cell {
            Some(cell) => object.push_str(&json(&output.value.cql_type, cell)?),
            None => object.push_str("null"),
        }
    }
    object.push('}');
    Ok(object)
}
