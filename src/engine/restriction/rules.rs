//! Which restrictions go together, and what of them a table answers without ALLOW FILTERING (`StatementRestrictions`).

mod decision;
mod merge;

use super::index::Lookup;
use super::{Alternatives, Filter};
use crate::engine::error::EngineError;
use crate::engine::schema::Index;
use crate::engine::table::Table;
use decision::Decision;
use quorate_protocol::cql::ast::Operator;

/// The refusal of what only a scan answers.
const NEEDS_FILTERING: &str = "Cannot execute this query as it might involve data filtering and thus may have \
                               unpredictable performance. If you want to execute this query despite the performance \
                               unpredictability, use ALLOW FILTERING";

/// Collects the restrictions of WHERE one by one, refusing those that exclude each other.
pub(in crate::engine) struct Rules<'a> {
    table: &'a Table,
    indexes: &'a [&'a Index],
    allow_filtering: bool,
    filters: Vec<Filter>,
    groups: Vec<Group>,
    token: Option<Group>,
}

/// The restrictions of one column, or of columns that a relation names together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) kind: Kind,
    /// Ascending.
    pub(super) columns: Vec<usize>,
    /// Which of the filters they are.
    pub(super) filters: Vec<usize>,
    is_multi: bool,
    has_start: bool,
    has_end: bool,
}

/// How columns are restricted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Equal,
    In,
    Slice,
    Contains,
    Like,
}

/// What the statement says beside WHERE that matters here.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine) struct Surroundings {
    /// The column of ANN OF.
    pub(in crate::engine) nearest: Option<usize>,
    /// Static columns and parts of the partition key are selected, at least one of the former, and nothing else.
    pub(in crate::engine) selects_static_only: bool,
    /// Rows are computed: nothing has to be asked for twice.
    pub(in crate::engine) is_virtual: bool,
}

/// What WHERE asks for, and how it is found.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Restrictions {
    /// All conditions, in the order in which they were written.
    pub(in crate::engine) filters: Vec<Filter>,
    /// Not every column of the partition key has one value, or one of a list: a range of partitions is read.
    pub(in crate::engine) is_key_range: bool,
    /// A column of the partition key has one of several values.
    pub(in crate::engine) has_key_in: bool,
    /// An index is what makes the statement legal.
    pub(in crate::engine) uses_index: bool,
    /// A clustering column is restricted.
    pub(in crate::engine) restricts_clustering: bool,
    /// A clustering or regular column is: partitions of static columns alone are not asked for.
    pub(in crate::engine) restricts_rows: bool,
    /// A regular or static column is.
    pub(in crate::engine) restricts_others: bool,
    /// A column of the partition key, or the token, is.
    pub(in crate::engine) restricts_partitions: bool,
    /// Every restricted column that is not of the key is static.
    pub(in crate::engine) others_are_static: bool,
    /// Some filter may leave out what was read.
    pub(in crate::engine) needs_filtering: bool,
    /// The first clustering columns, each restricted to values by this filter.
    pub(in crate::engine) points: Vec<usize>,
    /// The bounds of the clustering column behind those.
    pub(in crate::engine) slices: Vec<usize>,
    /// Columns that `=` fixes to one value.
    pub(in crate::engine) fixed: Vec<usize>,
    /// Which filters are checked row by row in Cassandra too.
    pub(in crate::engine) is_row_filter: Vec<bool>,
}

impl Alternatives {
    /// A list of one is `=`.
    pub(super) fn is_one(&self) -> bool {
        matches!(self, Alternatives::Listed(values) if values.len() == 1)
    }
}

impl Group {
    fn of(filter: &Filter, index: usize) -> Self {
        let mut columns = filter.columns().to_vec();
        columns.sort_unstable();
        let kind = match Lookup::of(filter) {
            Lookup::Equal => Kind::Equal,
            Lookup::In => Kind::In,
            Lookup::Range => Kind::Slice,
            Lookup::Like => Kind::Like,
            _ => Kind::Contains,
        };
        let operator = match filter {
            Filter::Compare { operator, .. } | Filter::Tuple { operator, .. } | Filter::Token { operator, .. } => {
                Some(*operator)
            }
            _ => None,
        };
        Group {
            kind,
            columns,
            filters: vec![index],
            is_multi: matches!(filter, Filter::Tuple { .. } | Filter::TupleIn { .. }),
            has_start: matches!(operator, Some(Operator::Greater | Operator::GreaterOrEqual)),
            has_end: matches!(operator, Some(Operator::Less | Operator::LessOrEqual)),
        }
    }

    pub(super) fn is_contains(&self) -> bool {
        self.kind == Kind::Contains
    }

    fn first(&self) -> usize {
        self.columns.first().copied().unwrap_or_default()
    }

    fn last(&self) -> usize {
        self.columns.last().copied().unwrap_or_default()
    }
}

impl<'a> Rules<'a> {
    pub(in crate::engine) fn new(table: &'a Table, indexes: &'a [&'a Index], allow_filtering: bool) -> Self {
        Rules { table, indexes, allow_filtering, filters: Vec::new(), groups: Vec::new(), token: None }
    }

    /// Decides whether the table, its indexes or a scan answers all that was added.
    pub(in crate::engine) fn finish(self, surroundings: Surroundings) -> Result<Restrictions, EngineError> {
        let mut decision = Decision::new(&self, surroundings);
        decision.check_partition_key()?;
        decision.check_clustering()?;
        decision.check_others()?;
        if decision.uses_index && decision.has_key_in {
            return Err(EngineError::invalid(
                "Select on indexed columns and with IN clause for the PRIMARY KEY are not supported",
            ));
        }
        let needs_filtering = decision.needs_filtering();
        let decided = decision.into_restrictions(needs_filtering);
        Ok(Restrictions { filters: self.filters, ..decided })
    }

    /// Refuses what is left to a scan without ALLOW FILTERING; Cassandra looks at this after all else.
    pub(in crate::engine) fn check_filtering(
        restrictions: &Restrictions,
        allow_filtering: bool,
        is_virtual: bool,
    ) -> Result<(), EngineError> {
        let reads_much = restrictions.is_key_range || restrictions.uses_index;
        if !allow_filtering && !is_virtual && reads_much && restrictions.needs_filtering {
            return Err(EngineError::invalid(NEEDS_FILTERING));
        }
        Ok(())
    }

    fn name(&self, column: usize) -> &str {
        self.table.columns().get(column).map_or("", |column| column.name.as_str())
    }
}
