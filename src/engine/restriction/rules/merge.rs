//! Restrictions of one column that were written apart (`RestrictionSet.addRestriction`, `Restriction.mergeWith`).

use super::super::index::has_supporting_index;
use super::{Group, Kind, Rules};
use crate::engine::error::EngineError;
use crate::engine::restriction::Filter;

impl Rules<'_> {
    /// Adds what a relation was compiled to.
    pub(in crate::engine) fn add(&mut self, filter: Filter) -> Result<(), EngineError> {
        let new = Group::of(&filter, self.filters.len());
        let like = if let Filter::Like { text, .. } = &filter { Some(text.clone()) } else { None };
        self.filters.push(filter);
        if new.columns.is_empty() {
            return self.add_token(new);
        }
        if let Some(pattern) = like.filter(|_| !has_supporting_index(&new, &self.filters, self.table, self.indexes)) {
            return Err(EngineError::invalid(format!(
                "LIKE restriction is only supported on properly indexed columns. {} LIKE {pattern} is not valid.",
                self.name(new.first())
            )));
        }
        let last = self.clustering_groups().max_by_key(|group| group.last()).cloned();
        let next = self.clustering_groups().flat_map(|group| group.columns.clone()).collect::<Vec<_>>();
        self.merge(new.clone())?;
        match last {
            Some(last) if self.is_clustering(&new) => self.check_order(&new, &last, &next),
            _ => Ok(()),
        }
    }

    fn is_clustering(&self, group: &Group) -> bool {
        (self.table.partition_key_count()..self.table.key_count()).contains(&group.first())
    }

    fn clustering_groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| self.is_clustering(group))
    }

    fn merge(&mut self, new: Group) -> Result<(), EngineError> {
        let mut earlier: Option<usize> = None;
        for (place, group) in self.groups.iter().enumerate() {
            if group.columns.iter().any(|column| new.columns.contains(column)) {
                self.check_pair(group, &new)?;
                earlier = Some(place);
            }
        }
        let Some(group) = earlier.and_then(|place| self.groups.get_mut(place)) else {
            self.groups.push(new);
            return Ok(());
        };
        group.columns.extend(new.columns);
        group.columns.sort_unstable();
        group.columns.dedup();
        group.filters.extend(new.filters);
        group.is_multi |= new.is_multi;
        group.has_start |= new.has_start;
        group.has_end |= new.has_end;
        Ok(())
    }

    fn check_pair(&self, earlier: &Group, new: &Group) -> Result<(), EngineError> {
        let is_multi = earlier.is_multi || new.is_multi;
        let common = earlier.columns.iter().filter(|column| new.columns.contains(column));
        let common = common.map(|column| self.name(*column)).collect::<Vec<_>>().join(", ");
        let first = self.name(earlier.first());
        Err(EngineError::invalid(match earlier.kind {
            Kind::Equal => format!("{common} cannot be restricted by more than one relation if it includes an Equal"),
            Kind::In => format!("{common} cannot be restricted by more than one relation if it includes a IN"),
            Kind::Like => format!("{first} cannot be restricted by more than one relation if it includes a LIKE"),
            Kind::Contains if new.kind != Kind::Contains => format!(
                "Collection column {first} can only be restricted by CONTAINS, CONTAINS KEY, or map-entry equality"
            ),
            Kind::Contains => return Ok(()),
            Kind::Slice if new.kind != Kind::Slice => {
                format!("Column \"{common}\" cannot be restricted by both an equality and an inequality relation")
            }
            Kind::Slice if is_multi && earlier.first() != new.first() => format!(
                "Column \"{}\" cannot be restricted by two inequalities not starting with the same column",
                self.name(earlier.first().max(new.first()))
            ),
            Kind::Slice if earlier.has_start && new.has_start => {
                format!("More than one restriction was found for the start bound on {common}")
            }
            Kind::Slice if earlier.has_end && new.has_end => {
                format!("More than one restriction was found for the end bound on {common}")
            }
            Kind::Slice => return Ok(()),
        }))
    }

    /// Clustering columns are restricted in their order (`ClusteringColumnRestrictions.mergeWith`). `last` is the last one
    /// that was restricted before, `columns` are all those.
    fn check_order(&self, new: &Group, last: &Group, columns: &[usize]) -> Result<(), EngineError> {
        if self.allow_filtering || has_supporting_index(new, &self.filters, self.table, self.indexes) {
            return Ok(());
        }
        if last.kind == Kind::Slice && new.first() > last.first() {
            return Err(EngineError::invalid(format!(
                "Clustering column \"{}\" cannot be restricted (preceding column \"{}\" is restricted by a non-EQ relation)",
                self.name(new.first()),
                self.name(last.first())
            )));
        }
        if new.first() < last.first() && new.kind == Kind::Slice {
            let next = columns.iter().filter(|column| **column > new.first()).min();
            return Err(EngineError::invalid(format!(
                "PRIMARY KEY column \"{}\" cannot be restricted (preceding column \"{}\" is restricted by a non-EQ relation)",
                self.name(next.copied().unwrap_or_default()),
                self.name(new.first())
            )));
        }
        Ok(())
    }

    fn add_token(&mut self, new: Group) -> Result<(), EngineError> {
        let Some(earlier) = &mut self.token else {
            self.token = Some(new);
            return Ok(());
        };
        let key = self.table.partition_key().iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        Err(EngineError::invalid(match earlier.kind {
            Kind::Equal => format!("{key} cannot be restricted by more than one relation if it includes an Equal"),
            _ if new.kind != Kind::Slice => {
                format!("Columns \"{key}\" cannot be restricted by both an equality and an inequality relation")
            }
            _ if earlier.has_start && new.has_start => {
                format!("More than one restriction was found for the start bound on {key}")
            }
            _ if earlier.has_end && new.has_end => {
                format!("More than one restriction was found for the end bound on {key}")
            }
            _ => {
                earlier.has_start |= new.has_start;
                earlier.has_end |= new.has_end;
                earlier.filters.extend(new.filters);
                return Ok(());
            }
        }))
    }
}
