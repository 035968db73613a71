//! Rows of the result: computed, masked, put in order where the table's is not the one that was asked for.

use std::borrow::Cow;
use std::cmp::Ordering;

use bytes::Bytes;
use quorate_protocol::value::{json, write_json_key};

use super::Run;
use crate::engine::error::EngineError;
use crate::engine::expression::{Context, Expression};
use crate::engine::order::similarity_of;
use crate::engine::plan::{Output, Plan};
use crate::engine::sink::RowSink;
use crate::engine::table::Row;

/// How large a result may be that is held in memory as a whole, in bytes: no longer one fits a frame.
const RESULT_SIZE_MAX: usize = 256 << 20;

/// Takes the rows that were read, and gives those of the result to a sink.
pub(super) struct Outputs<'p, 's> {
    plan: &'p Plan,
    is_masked: bool,
    limit: usize,
    sink: &'s mut dyn RowSink,
    /// What neighbours are wanted of.
    near: Option<Vec<f32>>,
    /// Rows that wait until all are known.
    waiting: Vec<Waiting>,
    /// How large the rows are that were given or wait.
    size: usize,
}

struct Waiting {
    rank: Rank,
    cells: Vec<Option<Bytes>>,
    size: usize,
}

enum Rank {
    /// The row's cells in the columns that are ordered by.
    Columns(Vec<Option<Bytes>>),
    /// How near it is; nearer is more.
    Similarity(f32),
}

impl<'p, 's> Outputs<'p, 's> {
    pub(super) fn new(plan: &'p Plan, is_masked: bool, limit: Option<u32>, sink: &'s mut dyn RowSink) -> Self {
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let is_masked = is_masked && !plan.masks.is_empty();
        Outputs { plan, is_masked, limit, sink, near: None, waiting: Vec::new(), size: 0 }
    }

    /// Only neighbours of this vector are wanted, the nearest first.
    pub(super) fn near(&mut self, vector: Vec<f32>) {
        self.near = Some(vector);
    }

    /// The row as the reader may see it.
    pub(super) fn shown<'r>(&self, run: &mut Run<'_>, row: &'r Row) -> Result<Cow<'r, Row>, EngineError> {
        if self.is_masked { self.masked(run, row).map(Cow::Owned) } else { Ok(Cow::Borrowed(row)) }
    }

    /// Takes a row, and how it is shown.
    pub(super) fn row(
        &mut self,
        run: &mut Run<'_>,
        row: &Row,
        shown: &Row,
        aggregates: &[Option<Bytes>],
    ) -> Result<(), EngineError> {
        if !self.plan.sorts_result() && self.near.is_none() {
            let mut measured = Measured { sink: &mut *self.sink, size: 0 };
            give(self.plan, run, shown, aggregates, &mut measured)?;
            let size = measured.size;
            return self.grow(size);
        }
        let Some(rank) = self.rank(row) else { return Ok(()) };
        let mut cells = Cells(Vec::new());
        let mut measured = Measured { sink: &mut cells, size: 0 };
        give(self.plan, run, shown, aggregates, &mut measured)?;
        let size = measured.size;
        self.waiting.push(Waiting { rank, cells: cells.0, size });
        self.grow(size)?;
        if self.waiting.len() / 2 > self.limit.saturating_add(512) {
            self.sort();
        }
        Ok(())
    }

    /// Gives the rows that waited.
    pub(super) fn finish(&mut self) -> Result<(), EngineError> {
        self.sort();
        for Waiting { cells, .. } in self.waiting.drain(..) {
            cells.iter().for_each(|cell| self.sink.cell(cell.as_ref()));
            self.sink.end_row();
        }
        Ok(())
    }

    /// Equal rows stay in the order in which they came, so that what is cut off early would be cut off at the end too.
    fn sort(&mut self) {
        let plan = self.plan;
        self.waiting.sort_by(|left, right| match (&left.rank, &right.rank) {
            (Rank::Columns(left), Rank::Columns(right)) => plan.order.compare(&plan.table, left, right),
            (Rank::Similarity(left), Rank::Similarity(right)) => right.total_cmp(left),
            _ => Ordering::Equal,
        });
        self.waiting.truncate(self.limit);
        self.size = self.waiting.iter().map(|waiting| waiting.size).sum();
    }

    /// Counts what was added, and refuses more than can be held.
    fn grow(&mut self, size: usize) -> Result<(), EngineError> {
        self.size = self.size.saturating_add(size);
        if self.size <= RESULT_SIZE_MAX {
            return Ok(());
        }
        Err(EngineError::invalid(format!(
            "The result is larger than {RESULT_SIZE_MAX} bytes: read it in (smaller) pages, or less of it"
        )))
    }

    /// `None` if the row has no vector.
    fn rank(&self, row: &Row) -> Option<Rank> {
        match &self.near {
            Some(vector) => {
                let stored = row.get(self.plan.order.column()?)?.as_ref()?;
                Some(Rank::Similarity(similarity_of(self.plan.order.similarity(), vector, stored)?))
            }
            None => Some(Rank::Columns(self.plan.order.cells(row))),
        }
    }

    fn masked(&self, run: &mut Run<'_>, row: &Row) -> Result<Row, EngineError> {
        let mut masked = row.clone();
        for (column, mask) in &self.plan.masks {
            let value = {
                let binds = &run.bound.values;
                mask.evaluate(&mut Context { row: Some(row), binds, aggregates: &[], environment: run.environment })?
            };
            if let Some(cell) = masked.get_mut(*column) {
                *cell = value;
            }
        }
        Ok(masked)
    }
}

/// The cells of one row.
struct Cells(Vec<Option<Bytes>>);

impl RowSink for Cells {
    fn cell(&mut self, cell: Option<&Bytes>) {
        self.0.push(cell.cloned());
    }

    fn end_row(&mut self) {}
}

/// Hands rows on, and counts how much memory they take.
struct Measured<'s> {
    sink: &'s mut dyn RowSink,
    size: usize,
}

impl RowSink for Measured<'_> {
    fn cell(&mut self, cell: Option<&Bytes>) {
        self.size += size_of::<Option<Bytes>>() + cell.map_or(0, Bytes::len);
        self.sink.cell(cell);
    }

    fn end_row(&mut self) {
        self.size += size_of::<Vec<Option<Bytes>>>();
        self.sink.end_row();
    }
}

/// Computes the row of the result.
fn give(
    plan: &Plan,
    run: &mut Run<'_>,
    row: &Row,
    aggregates: &[Option<Bytes>],
    sink: &mut dyn RowSink,
) -> Result<(), EngineError> {
    let binds = &run.bound.values;
    let mut context = Context { row: Some(row), binds, aggregates, environment: run.environment };
    if plan.json {
        let cells = plan.outputs.iter().map(|output| output.value.expression.evaluate(&mut context));
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        sink.cell(Some(&json_object(&plan.outputs, &cells)?.into()));
    } else {
        for output in &plan.outputs {
            match &output.value.expression {
                Expression::Column(index) => sink.cell(row.get(*index).and_then(Option::as_ref)),
                expression => sink.cell(expression.evaluate(&mut context)?.as_ref()),
            }
        }
    }
    sink.end_row();
    Ok(())
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
