//! Plans run: rows are read one after the other, filtered, grouped, limited, computed and returned in pages.

mod group;
mod output;

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use quorate_protocol::message::response::{ResultColumns, ResultMetadata, Rows};
use quorate_protocol::message::view::Values;
use quorate_protocol::value::{NativeType, Value};

use super::bind::{Bound, bind};
use super::cursor::{Cursor, Line, Position};
use super::environment::Environment;
use super::error::EngineError;
use super::expression::{Context, Expression};
use super::paging::State;
use super::plan::Plan;
use super::restriction::{Access, Binder, BoundFilter, Partitions};
use super::schema::Index;
use super::sink::{ListedRows, RowSink};
use super::source::RowSource;
use super::stamp::BoundStamp;
use group::Groups;
use output::Outputs;

/// Which part of a result is wanted, and by whom.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page<'a> {
    /// At most so many rows; all if absent.
    pub size: Option<usize>,
    /// The state that came with the page before.
    pub state: Option<&'a [u8]>,
    /// The second, since the epoch, in which cells may have expired; that of the environment's clock if absent.
    pub now_seconds: Option<i64>,
    /// Masked columns are shown masked: the reader has no permission UNMASK.
    pub masked: bool,
    /// The columns are not described: the reader knows them.
    pub omits_columns: bool,
    /// Set once nobody waits for the page any more: reading ends at the next row then.
    pub abandoned: Option<&'a AtomicBool>,
}

/// The most rows that may be asked for by their nearness (`StorageAttachedIndex.MAX_TOP_K`).
const NEAREST_MAX: u32 = 1_000;

impl Plan {
    /// Runs the plan.
    ///
    /// # Errors
    /// For values that do not fit the markers, for a state that is not ours, for operations that fail on what they meet, and
    /// of the store.
    pub fn execute<'s>(
        &self,
        source: impl Into<RowSource<'s>>,
        values: &Values<'_>,
        page: Page<'_>,
        environment: &mut dyn Environment,
    ) -> Result<Rows, EngineError> {
        let mut rows = ListedRows::default();
        let paging_state = self.run(source.into(), values, page, environment, &mut rows)?;
        let columns = match page.omits_columns {
            true => ResultColumns::Omitted { count: self.metadata.column_count(), global_flag: false },
            false => self.metadata.columns.clone(),
        };
        Ok(Rows { metadata: ResultMetadata { paging_state, new_metadata_id: None, columns }, rows: rows.rows })
    }

    /// Runs the plan as [`Plan::execute`] does, and gives its rows to `sink` and the next page's state, if there is one.
    ///
    /// # Errors
    /// See [`Plan::execute`]. What the sink was given before does not count then.
    pub fn run(
        &self,
        source: RowSource<'_>,
        values: &Values<'_>,
        page: Page<'_>,
        environment: &mut dyn Environment,
        sink: &mut dyn RowSink,
    ) -> Result<Option<Bytes>, EngineError> {
        let bound = bind(&self.binds, values)?;
        let now_seconds = page.now_seconds.unwrap_or_else(|| (environment.unix_micros() / 1_000_000) as i64);
        let mut run = Run { plan: self, bound: &bound, environment };
        let limit = run.limit(self.limit.as_ref())?;
        let per_partition = run.limit(self.per_partition_limit.as_ref())?;
        let state = page.state.map(|state| State::decode(state, &self.table)).transpose()?;
        self.check_page(page, limit, per_partition)?;
        run.check_unset()?;
        let access = run.access()?;
        let mut outputs = Outputs::new(self, page.masked, limit, sink);
        if self.order.is_nearest() {
            outputs.near(run.nearest()?);
        }
        if let Some(access) = &access {
            let stamps = run.stamps()?;
            let limits = Limits::new(self, limit, per_partition, page.size, state.as_ref());
            let mut line = Line::default();
            let position = state.as_ref().map(|state| &state.position);
            let cursor = Cursor::new(self, access, source, stamps, now_seconds, position, &mut line)?;
            let resumed = position.is_some_and(|position| position.clustering.is_some());
            let (partitions, filters) = (&access.partitions, access.filters.as_slice());
            let abandoned = page.abandoned;
            let mut reading = Reading { run, cursor, partitions, filters, limits, line, outputs, abandoned };
            reading.limits.partition = if resumed { reading.line.partition } else { 0 };
            return reading.read();
        }
        if self.is_aggregate() && self.group_by.is_none() {
            let mut groups = Groups::new(self);
            groups.finish(&mut run, &mut outputs)?;
        }
        outputs.finish()?;
        Ok(None)
    }

    /// Refuses pages of what must be sorted as a whole, and nearest neighbours without a limit.
    fn check_page(&self, page: Page<'_>, limit: Option<u32>, per_partition: Option<u32>) -> Result<(), EngineError> {
        if self.order.is_nearest() {
            if self.is_aggregate() {
                return Err(EngineError::invalid("Top-K queries can not be run with aggregation"));
            }
            let Some(limit) = limit else {
                return Err(EngineError::invalid(
                    "Top-K queries must have a limit specified and the limit must be less than the query page size",
                ));
            };
            if per_partition.is_some() {
                return Err(EngineError::invalid("Top-K queries do not support per-partition limits"));
            }
            if limit > NEAREST_MAX {
                return Err(EngineError::invalid(format!(
                    "Use of ANN OF in an ORDER BY clause requires a LIMIT that is not greater than {NEAREST_MAX}. \
                     LIMIT was {limit}"
                )));
            }
            return Ok(());
        }
        if self.sorts_result() && page.size.is_some_and(|size| size > 0) {
            return Err(EngineError::invalid(
                "Cannot page queries with both ORDER BY and a IN restriction on the partition key; you must either remove \
                 the ORDER BY or the IN and sort client side, or disable paging for this query",
            ));
        }
        Ok(())
    }
}

/// How much of the result is returned, and how much of it has been.
struct Limits {
    left: Option<u32>,
    per_partition: Option<u32>,
    left_in_partition: Option<u32>,
    /// The partition that `left_in_partition` is about; none so far if 0.
    partition: u64,
    left_on_page: usize,
}

impl Limits {
    fn new(
        plan: &Plan,
        limit: Option<u32>,
        per_partition: Option<u32>,
        page_size: Option<usize>,
        state: Option<&State>,
    ) -> Self {
        let is_paged = (!plan.is_aggregate() || plan.group_by.is_some()) && !plan.sorts_result();
        // what is sorted, or is one row anyhow, is limited at its end
        let limit = limit.filter(|_| is_paged);
        Limits {
            left: state.map_or(limit, |state| match (state.left, limit) {
                (Some(left), Some(limit)) => Some(left.min(limit)),
                (_, limit) => limit,
            }),
            per_partition,
            left_in_partition: state.map_or(per_partition, |state| state.left_in_partition.or(per_partition)),
            partition: 0,
            left_on_page: page_size.filter(|size| is_paged && *size > 0).unwrap_or(usize::MAX),
        }
    }

    fn enter(&mut self, partition: u64) {
        if self.partition != partition {
            self.partition = partition;
            self.left_in_partition = self.per_partition;
        }
    }

    fn count(&mut self) {
        self.left = self.left.map(|left| left.saturating_sub(1));
        self.left_in_partition = self.left_in_partition.map(|left| left.saturating_sub(1));
        self.left_on_page = self.left_on_page.saturating_sub(1);
    }

    fn is_reached(&self) -> bool {
        self.left == Some(0)
    }
}

/// One execution of a plan.
struct Run<'a> {
    plan: &'a Plan,
    bound: &'a Bound,
    environment: &'a mut dyn Environment,
}

impl Run<'_> {
    fn context(&mut self) -> Context<'_> {
        Context { row: None, binds: &self.bound.values, aggregates: &[], environment: self.environment }
    }

    fn limit(&mut self, limit: Option<&Expression>) -> Result<Option<u32>, EngineError> {
        let Some(limit) = limit else { return Ok(None) };
        if matches!(limit, Expression::Bind(index) if self.bound.unset.contains(index)) {
            return Ok(None);
        }
        let value = limit.evaluate(&mut self.context())?;
        let value = value.ok_or_else(|| EngineError::invalid("Invalid null value of limit"))?;
        match Value::decode(&NativeType::Int.into(), &value)? {
            Value::Int(limit @ 1..) => Ok(u32::try_from(limit).ok().filter(|limit| *limit != i32::MAX as u32)),
            _ => Err(EngineError::invalid("LIMIT must be strictly positive")),
        }
    }

    /// Refuses values left unset where a value is needed; those of conditions and limits are looked at there.
    fn check_unset(&self) -> Result<(), EngineError> {
        let plan = self.plan;
        if self.bound.unset.is_empty() {
            return Ok(());
        }
        let mut direct: Vec<usize> = Vec::new();
        let mut visit = |expression: &Expression| match expression {
            Expression::Bind(index) => direct.push(*index),
            Expression::Composite(_, parts) => {
                direct.extend(parts.iter().filter_map(|part| match part {
                    Expression::Bind(index) => Some(*index),
                    _ => None,
                }));
            }
            _ => {}
        };
        plan.restrictions.filters.iter().for_each(|filter| filter.for_each_operand(&mut visit));
        plan.limit.iter().chain(&plan.per_partition_limit).for_each(&mut visit);
        for index in self.bound.unset.iter().filter(|index| !direct.contains(index)) {
            let name = plan.binds.get(*index).map_or("", |spec| spec.name.as_str());
            let inner = |prefix: &str| name.split_once(prefix)?.1.strip_suffix(')');
            if name == "[selection]" {
                continue;
            }
            return Err(EngineError::invalid(match (inner("(system."), inner("key(").or_else(|| inner("value("))) {
                (Some(function), _) => format!("Invalid unset value for argument in call to function {function}"),
                (None, Some(collection)) => format!("Invalid unset value for element selection on {collection}"),
                (None, None) => format!("Invalid unset value for column {name}"),
            }));
        }
        Ok(())
    }

    fn access(&mut self) -> Result<Option<Access>, EngineError> {
        let plan = self.plan;
        let indexes: Vec<&Index> = plan.indexes().collect();
        let unset = &self.bound.unset;
        let binder = Binder { table: &plan.table, indexes: &indexes, restrictions: &plan.restrictions, unset };
        let Some(mut access) = binder.bind(&mut self.context())? else { return Ok(None) };
        if let Some(index_use) = &plan.index_use {
            access.wanted = index_use.wanted(&plan.restrictions, &mut self.context())?;
        }
        Ok(Some(access))
    }

    fn stamps(&mut self) -> Result<Vec<BoundStamp>, EngineError> {
        let plan = self.plan;
        plan.layout.stamps().map(|stamp| stamp.bind(&mut self.context())).collect()
    }

    /// The vector that neighbours are wanted of.
    fn nearest(&mut self) -> Result<Vec<f32>, EngineError> {
        let plan = self.plan;
        plan.order.nearest(&plan.table, &mut self.context())
    }
}

/// A read under way.
struct Reading<'a, 'r, 's> {
    run: Run<'r>,
    cursor: Cursor<'a>,
    partitions: &'a Partitions,
    filters: &'a [BoundFilter],
    limits: Limits,
    line: Line,
    outputs: Outputs<'r, 's>,
    abandoned: Option<&'r AtomicBool>,
}

impl Reading<'_, '_, '_> {
    fn read(mut self) -> Result<Option<Bytes>, EngineError> {
        let state = if self.run.plan.is_aggregate() { self.read_groups()? } else { self.read_rows()? };
        self.outputs.finish()?;
        Ok(state)
    }

    fn read_rows(&mut self) -> Result<Option<Bytes>, EngineError> {
        while self.next_accepted()? {
            let shown = self.outputs.shown(&mut self.run, &self.line.cells)?;
            self.outputs.row(&mut self.run, &self.line.cells, &shown, &[])?;
            self.limits.count();
            if self.limits.is_reached() {
                break;
            }
            if self.limits.left_on_page == 0 {
                let state = self.state();
                // As Cassandra, which looks for more only when it is asked for more.
                let has_more = !self.is_partition_done(&state) || self.next_accepted()?;
                return Ok(has_more.then(|| state.encode()));
            }
        }
        Ok(None)
    }

    fn read_groups(&mut self) -> Result<Option<Bytes>, EngineError> {
        let plan = self.run.plan;
        let mut groups = Groups::new(plan);
        let mut before = None;
        while self.next_accepted()? {
            if groups.is_new(&mut self.run, &self.line)? {
                if groups.finish_open(&mut self.run, &mut self.outputs)? {
                    self.limits.count();
                    if self.limits.is_reached() {
                        return Ok(None);
                    }
                    if self.limits.left_on_page == 0 {
                        return Ok(before.map(|state: State| state.encode()));
                    }
                }
                let is_full = self.limits.left_in_partition == Some(0) && self.limits.partition == self.line.partition;
                if is_full {
                    self.cursor.skip_partition();
                    continue;
                }
                self.limits.enter(self.line.partition);
            }
            let shown = self.outputs.shown(&mut self.run, &self.line.cells)?;
            groups.add(&mut self.run, &self.line, &shown)?;
            if self.limits.left_on_page != usize::MAX {
                let mut state = self.state();
                // the group that this row belongs to will have been counted
                state.left = state.left.map(|left| left.saturating_sub(1));
                state.left_in_partition = state.left_in_partition.map(|left| left.saturating_sub(1));
                before = Some(state);
            }
        }
        groups.finish(&mut self.run, &mut self.outputs)?;
        Ok(None)
    }

    /// Goes to the next row that passes the filters, and for rows that are not grouped the limit of its partition.
    fn next_accepted(&mut self) -> Result<bool, EngineError> {
        let plan = self.run.plan;
        while self.cursor.advance(&mut self.line)? {
            if self.abandoned.is_some_and(|abandoned| abandoned.load(Ordering::Relaxed)) {
                return Err(EngineError::Storage("Nobody waits for the result any more".to_owned()));
            }
            if !plan.is_aggregate() {
                self.limits.enter(self.line.partition);
                if self.limits.left_in_partition == Some(0) {
                    self.cursor.skip_partition();
                    continue;
                }
            }
            let mut is_accepted = true;
            for filter in self.filters {
                is_accepted = is_accepted && filter.accepts(&self.line.cells, &plan.table)?;
            }
            if is_accepted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether nothing can follow in a partition that the read names (`SinglePartitionPager.isExhausted`).
    fn is_partition_done(&self, state: &State) -> bool {
        let is_named = matches!(self.partitions, Partitions::Keys(_));
        is_named && (state.position.clustering.is_none() || state.left_in_partition == Some(0))
    }

    /// The state behind the row that the cursor is at.
    fn state(&self) -> State {
        let plan = self.run.plan;
        State {
            position: Position::of(&plan.table, &self.line, plan.distinct),
            left: self.limits.left,
            left_in_partition: self.limits.left_in_partition,
        }
    }
}
