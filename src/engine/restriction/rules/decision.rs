//! What WHERE as a whole can be answered by: named partitions, an index, or a scan that ALLOW FILTERING asks for.

use quorate_protocol::value::{CqlType, NativeType};

use super::super::Filter;
use super::super::index::{Lookup, has_supporting_index, supports, supports_group};
use super::{Group, Kind, NEEDS_FILTERING, Restrictions, Rules, Surroundings};
use crate::engine::error::EngineError;
use crate::engine::schema::{Index, IndexKind};
use crate::engine::table::{ColumnKind, Table};

const ANN_NEEDS_INDEXED: &str = "ANN ordering by vector requires all restricted column(s) to be indexed";

/// `StatementRestrictions` while it decides.
pub(super) struct Decision<'r, 'a> {
    rules: &'r Rules<'a>,
    surroundings: Surroundings,
    partition: Vec<&'r Group>,
    clustering: Vec<&'r Group>,
    others: Vec<&'r Group>,
    has_queriable_index: bool,
    has_clustering_index: bool,
    is_key_range: bool,
    pub(super) has_key_in: bool,
    pub(super) uses_index: bool,
    /// The groups that become row filters.
    filtered: Vec<&'r Group>,
    filters_nearest: bool,
}

impl<'r, 'a> Decision<'r, 'a> {
    pub(super) fn new(rules: &'r Rules<'a>, surroundings: Surroundings) -> Self {
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

    pub(super) fn check_partition_key(&mut self) -> Result<(), EngineError> {
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

    pub(super) fn check_clustering(&mut self) -> Result<(), EngineError> {
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

    pub(super) fn check_others(&mut self) -> Result<(), EngineError> {
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
    pub(super) fn needs_filtering(&self) -> bool {
        if self.filtered.is_empty() && !self.filters_nearest {
            return !self.clustering.is_empty();
        }
        let Rules { table, indexes, filters, .. } = self.rules;
        let of_kind = |kind: IndexKind| indexes.iter().copied().filter(|index| index.kind == kind).collect::<Vec<_>>();
        let singles = of_kind(IndexKind::Secondary).into_iter().chain(of_kind(IndexKind::Sasi));
        let attached = of_kind(IndexKind::StorageAttached);
        let mut sets = singles.map(|index| vec![index]).chain((!attached.is_empty()).then_some(attached));
        let answers = |set: &Vec<&Index>, group: &&Group| {
            let has_many = group.is_contains() && group.filters.len() > 1;
            // an index answers for its own column alone
            if group.is_multi && group.columns.iter().any(|column| !set_supports(set, group, *column, filters, table)) {
                return false;
            }
            let mut able = set.iter().filter(|index| supports_group(index, group, filters, table));
            able.any(|index| !has_many || index.kind == IndexKind::StorageAttached)
        };
        let answers_nearest = |set: &Vec<&Index>| {
            let nearest = self.surroundings.nearest.filter(|_| self.filters_nearest);
            nearest.is_none_or(|column| set.iter().any(|index| supports(index, table, column, Lookup::Nearest)))
        };
        !sets.any(|set| answers_nearest(&set) && self.filtered.iter().all(|group| answers(&set, group)))
    }

    pub(super) fn into_restrictions(self, needs_filtering: bool) -> Restrictions {
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

/// Whether one of the indexes is on the column and answers what the group says of it.
fn set_supports(set: &[&Index], group: &Group, column: usize, filters: &[Filter], table: &Table) -> bool {
    let mut lookups = group.filters.iter().filter_map(|filter| filters.get(*filter)).map(Lookup::of);
    lookups.all(|lookup| set.iter().any(|index| supports(index, table, column, lookup)))
}
