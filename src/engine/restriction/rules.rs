//! Which restrictions go together, and what of them a table answers without ALLOW FILTERING (`StatementRestrictions`).

mod merge;

use super::index::{Lookup, has_supporting_index, supports, supports_group};
use super::{Alternatives, Filter};
use crate::engine::error::EngineError;
use crate::engine::schema::{Index, IndexKind};
use crate::engine::table::{ColumnKind, Table};
use quorate_protocol::cql::ast::Operator;
use quorate_protocol::value::{CqlType, NativeType};

const NEEDS_FILTERING: &str = "Cannot execute this query as it might involve data filtering and thus may have \
                               unpredictable performance. If you want to execute this query despite the performance \
                               unpredictability, use ALLOW FILTERING";

const ANN_NEEDS_INDEXED: &str = "ANN ordering by vector requires all restricted column(s) to be indexed";

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

/// `StatementRestrictions` while it decides.
struct Decision<'r, 'a> {
    rules: &'r Rules<'a>,
    surroundings: Surroundings,
    partition: Vec<&'r Group>,
    clustering: Vec<&'r Group>,
    others: Vec<&'r Group>,
    has_queriable_index: bool,
    has_clustering_index: bool,
    is_key_range: bool,
    has_key_in: bool,
    uses_index: bool,
    /// The groups that become row filters.
    filtered: Vec<&'r Group>,
    filters_nearest: bool,
}

impl<'r, 'a> Decision<'r, 'a> {
    fn new(rules: &'r Rules<'a>, surroundings: Surroundings) -> Self {
        let table = rules.table;
        let of = |from: usize, to: usize| {
            let mut groups: Vec<&Group> =
                rules.groups.iter().filter(|group| (from..to).contains(&group.first())).collect();
            groups.sort_by_key(|group| group.first());
            groups
        };
        let partition = of(0, table.partition_key_count());
        let clustering = of(table.partition_key_count(), table.key_count());
        let others = of(table.key_count(), usize::MAX);
        let has_index = |groups: &[&Group]| {
            groups.iter().any(|group| has_supporting_index(group, &rules.filters, table, rules.indexes))
        };
        let has_clustering_index = has_index(&clustering);
        let has_nearest_index = surroundings
            .nearest
            .is_some_and(|column| rules.indexes.iter().any(|index| supports(index, table, column, Lookup::Nearest)));
        Decision {
            has_queriable_index: has_clustering_index
                || has_index(&partition)
                || has_index(&others)
                || has_nearest_index,
            has_clustering_index,
            has_key_in: partition.iter().any(|group| group.kind == Kind::In),
            rules,
            surroundings,
            partition,
            clustering,
            others,
            is_key_range: false,
            uses_index: false,
            filtered: Vec::new(),
            filters_nearest: false,
        }
    }

    fn may_filter(&self) -> bool {
        self.rules.allow_filtering || self.surroundings.is_virtual
    }

    fn partition_needs_filtering(&self) -> bool {
        let restricted: usize = self.partition.iter().map(|group| group.columns.len()).sum();
        !self.partition.is_empty()
            && (restricted < self.rules.table.partition_key_count()
                || self.partition.iter().any(|group| matches!(group.kind, Kind::Slice | Kind::Contains)))
    }

    fn check_partition_key(&mut self) -> Result<(), EngineError> {
        let needs_filtering = self.partition_needs_filtering();
        let restricts_all = !self.partition.is_empty() && !needs_filtering;
        if self.rules.token.is_some() {
            self.is_key_range = !restricts_all;
            self.has_key_in = self.has_key_in && restricts_all;
        } else if self.partition.is_empty() {
            self.is_key_range = true;
            self.uses_index = self.has_queriable_index;
        }
        if needs_filtering {
            if !self.may_filter() && !self.has_queriable_index {
                return Err(EngineError::invalid(NEEDS_FILTERING));
            }
            self.is_key_range = true;
            self.uses_index = self.has_queriable_index;
        }
        if self.uses_index || needs_filtering {
            self.filtered.extend(&self.partition);
        }
        Ok(())
    }

    /// Whether the group, with this clustering column being the next that a slice could bound, is left to a filter.
    fn is_left_to_filter(group: &Group, position: usize) -> bool {
        matches!(group.kind, Kind::Contains | Kind::Like) || group.first() != position
    }

    fn clustering_needs_filtering(&self) -> bool {
        let mut position = self.rules.table.partition_key_count();
        for group in &self.clustering {
            if Self::is_left_to_filter(group, position) {
                return true;
            }
            if group.kind != Kind::Slice {
                position = group.last() + 1;
            }
        }
        false
    }

    fn check_clustering(&mut self) -> Result<(), EngineError> {
        if self.surroundings.selects_static_only && !self.clustering.is_empty() {
            return Err(EngineError::invalid("Cannot restrict clustering columns when selecting only static columns"));
        }
        let has_contains = self.clustering.iter().any(|group| group.is_contains());
        if has_contains && !self.has_queriable_index && !self.rules.allow_filtering {
            return Err(EngineError::invalid(
                "Clustering columns can only be restricted with CONTAINS with a secondary index or filtering",
            ));
        }
        if self.clustering_needs_filtering() {
            if self.has_queriable_index {
                self.uses_index = true;
            } else if !self.rules.allow_filtering {
                let restricted = self.clustering.iter().flat_map(|group| &group.columns);
                for (expected, column) in (self.rules.table.partition_key_count()..).zip(restricted) {
                    if expected != *column {
                        return Err(EngineError::invalid(format!(
                            "PRIMARY KEY column \"{}\" cannot be restricted as preceding column \"{}\" is not restricted",
                            self.rules.name(*column),
                            self.rules.name(expected)
                        )));
                    }
                }
            }
        }
        if self.is_key_range && self.has_clustering_index {
            self.uses_index = true;
        }
        if self.uses_index || self.clustering_needs_filtering() {
            self.filtered.extend(&self.clustering);
        }
        Ok(())
    }

    fn check_others(&mut self) -> Result<(), EngineError> {
        if self.others.is_empty() && self.surroundings.nearest.is_none() {
            return Ok(());
        }
        match self.surroundings.nearest {
            Some(column) => self.check_nearest(column)?,
            None => {
                let is_indexed_vector = |group: &&Group| {
                    let column = self.rules.table.columns().get(group.first());
                    column.is_some_and(|column| {
                        matches!(column.cql_type, CqlType::Vector { .. }) && self.is_indexed(group.first())
                    })
                };
                if self.others.iter().any(is_indexed_vector) {
                    return Err(EngineError::invalid("Vector indexes only support ANN queries"));
                }
            }
        }
        if self.has_queriable_index {
            self.uses_index = true;
        } else if !self.may_filter() {
            return Err(EngineError::invalid(NEEDS_FILTERING));
        }
        self.filtered.extend(&self.others);
        self.filters_nearest = self.surroundings.nearest.is_some();
        Ok(())
    }

    fn check_nearest(&self, column: usize) -> Result<(), EngineError> {
        let is_float_vector = self.rules.table.columns().get(column).is_some_and(|column| {
            matches!(&column.cql_type, CqlType::Vector { element, .. } if **element == NativeType::Float.into())
        });
        if !is_float_vector {
            return Err(EngineError::invalid("ANN ordering is only supported on float vector indexes"));
        }
        if !self.is_indexed(column) {
            return Err(EngineError::invalid("ANN ordering by vector requires the column to be indexed"));
        }
        if self.partition_needs_filtering() {
            return Err(EngineError::invalid(ANN_NEEDS_INDEXED));
        }
        let restricts_all = !self.partition.is_empty();
        let is_bad_other = self.others.iter().any(|group| !self.is_indexed(group.first()));
        let is_bad_clustering = self.clustering.iter().flat_map(|group| &group.columns).any(|c| !self.is_indexed(*c));
        if is_bad_other || (is_bad_clustering && (!restricts_all || self.clustering_needs_filtering())) {
            return Err(EngineError::invalid(ANN_NEEDS_INDEXED));
        }
        Ok(())
    }

    fn is_indexed(&self, column: usize) -> bool {
        let name = self.rules.name(column);
        self.rules.indexes.iter().any(|index| index.column == name)
    }

    /// Whether no set of indexes that are asked together answers every row filter.
    fn needs_filtering(&self) -> bool {
        if self.filtered.is_empty() && !self.filters_nearest {
            return !self.clustering.is_empty() && self.filtered.is_empty();
        }
        let Rules { table, indexes, filters, .. } = self.rules;
        let of_kind = |kind: IndexKind| indexes.iter().copied().filter(|index| index.kind == kind).collect::<Vec<_>>();
        let singles = of_kind(IndexKind::Secondary).into_iter().map(|index| vec![index]);
        let sets = [of_kind(IndexKind::StorageAttached), of_kind(IndexKind::Sasi)];
        let mut sets = singles.chain(sets.into_iter().filter(|set| !set.is_empty()));
        let answers = |set: &Vec<&Index>, group: &&Group| {
            let has_many = group.is_contains() && group.filters.len() > 1;
            let mut able = set.iter().filter(|index| supports_group(index, group, filters, table));
            able.any(|index| !has_many || index.kind == IndexKind::StorageAttached)
        };
        let answers_nearest = |set: &Vec<&Index>| {
            let nearest = self.surroundings.nearest.filter(|_| self.filters_nearest);
            nearest.is_none_or(|column| set.iter().any(|index| supports(index, table, column, Lookup::Nearest)))
        };
        !sets.any(|set| answers_nearest(&set) && self.filtered.iter().all(|group| answers(&set, group)))
    }

    fn into_restrictions(self, needs_filtering: bool) -> Restrictions {
        let table = self.rules.table;
        let (mut points, mut slices) = (Vec::new(), Vec::new());
        let mut position = table.partition_key_count();
        let mut is_row_filter = vec![false; self.rules.filters.len()];
        let filters_clustering = self.clustering.iter().any(|group| self.filtered.contains(group));
        for group in &self.clustering {
            if Self::is_left_to_filter(group, position) {
                for filter in group.filters.iter().filter(|_| filters_clustering) {
                    is_row_filter[*filter] = true;
                }
            } else if group.kind == Kind::Slice {
                slices.extend(&group.filters);
            } else {
                points.extend(&group.filters);
                position = group.last() + 1;
            }
        }
        for group in self.filtered.iter().filter(|group| !self.clustering.contains(group)) {
            for filter in &group.filters {
                is_row_filter[*filter] = true;
            }
        }
        let is_static =
            |group: &&Group| table.columns().get(group.first()).is_some_and(|column| column.kind == ColumnKind::Static);
        let fixed = self.rules.groups.iter().filter(|group| group.kind == Kind::Equal).flat_map(|group| &group.columns);
        Restrictions {
            filters: Vec::new(),
            is_key_range: self.is_key_range,
            has_key_in: self.has_key_in,
            uses_index: self.uses_index,
            restricts_clustering: !self.clustering.is_empty(),
            restricts_rows: !self.clustering.is_empty()
                || self.surroundings.nearest.is_some()
                || !self.others.iter().all(is_static),
            restricts_others: !self.others.is_empty(),
            restricts_partitions: !self.partition.is_empty() || self.rules.token.is_some(),
            others_are_static: self.others.iter().all(is_static),
            needs_filtering,
            points,
            slices,
            fixed: fixed.copied().collect(),
            is_row_filter,
        }
    }
}
