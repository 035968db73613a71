//! Groups of rows, and the aggregates over each.

use bytes::Bytes;

use super::Run;
use super::output::Outputs;
use crate::engine::aggregate::State;
use crate::engine::cursor::Line;
use crate::engine::error::EngineError;
use crate::engine::expression::Context;
use crate::engine::plan::Plan;
use crate::engine::table::Row;

/// The group that is being read.
pub(super) struct Groups<'p> {
    plan: &'p Plan,
    open: Option<Open>,
    has_finished: bool,
}

struct Open {
    key: Vec<Option<Bytes>>,
    partition: u64,
    first: Row,
    first_shown: Row,
    states: Vec<State>,
}

impl<'p> Groups<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        Groups { plan, open: None, has_finished: false }
    }

    /// Whether the row begins another group than the one that is open.
    pub(super) fn is_new(&mut self, run: &mut Run<'_>, line: &Line) -> Result<bool, EngineError> {
        let Some(open) = &self.open else { return Ok(true) };
        if self.plan.group_by.is_none() {
            return Ok(false);
        }
        Ok(open.partition != line.partition || open.key != self.key(run, line)?)
    }

    /// Adds the row to the open group, or opens one.
    pub(super) fn add(&mut self, run: &mut Run<'_>, line: &Line, shown: &Row) -> Result<(), EngineError> {
        if self.open.is_none() {
            self.open = Some(Open {
                key: self.key(run, line)?,
                partition: line.partition,
                first: line.cells.clone(),
                first_shown: shown.clone(),
                states: self.plan.aggregates.iter().map(|_| State::new()).collect(),
            });
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        for (aggregate, state) in self.plan.aggregates.iter().zip(&mut open.states) {
            let value = match &aggregate.argument {
                Some(argument) => {
                    let row = Some(shown);
                    let binds = &run.bound.values;
                    argument.evaluate(&mut Context { row, binds, aggregates: &[], environment: run.environment })?
                }
                None => Some(Bytes::new()),
            };
            state.add(aggregate, value)?;
        }
        Ok(())
    }

    /// Returns the open group. False: there was none.
    pub(super) fn finish_open(
        &mut self,
        run: &mut Run<'_>,
        outputs: &mut Outputs<'_, '_>,
    ) -> Result<bool, EngineError> {
        let Some(open) = self.open.take() else { return Ok(false) };
        let aggregates = self.plan.aggregates.iter().zip(open.states);
        let aggregates: Vec<Option<Bytes>> = aggregates.map(|(aggregate, state)| state.finish(aggregate)).collect();
        outputs.row(run, &open.first, &open.first_shown, &aggregates)?;
        self.has_finished = true;
        Ok(true)
    }

    /// Returns the last group; without GROUP BY there is one even of no rows.
    pub(super) fn finish(&mut self, run: &mut Run<'_>, outputs: &mut Outputs<'_, '_>) -> Result<(), EngineError> {
        if self.finish_open(run, outputs)? || self.has_finished || self.plan.group_by.is_some() {
            return Ok(());
        }
        let aggregates = self.plan.aggregates.iter().map(|aggregate| State::new().finish(aggregate));
        let aggregates: Vec<Option<Bytes>> = aggregates.collect();
        outputs.row(run, &Row::new(), &Row::new(), &aggregates)
    }

    fn key(&self, run: &mut Run<'_>, line: &Line) -> Result<Vec<Option<Bytes>>, EngineError> {
        let Some(group_by) = &self.plan.group_by else { return Ok(Vec::new()) };
        let cells = line.cells.get(self.plan.table.partition_key_count()..group_by.key_end).unwrap_or_default();
        let mut key = cells.to_vec();
        if let Some(function) = &group_by.function {
            let row = Some(&line.cells);
            let binds = &run.bound.values;
            let context = &mut Context { row, binds, aggregates: &[], environment: run.environment };
            key.push(function.evaluate(context)?);
        }
        Ok(key)
    }
}
