//! The index that a plan reads by, where one answers `=`, CONTAINS, CONTAINS KEY or a map's entry.
//!
//! An index names rows that may fulfil its condition: they are read again, and every condition is checked on what is found.

use quorate_protocol::cql::ast::Operator;

use crate::engine::error::EngineError;
use crate::engine::expression::{Context, Expression};
use crate::engine::maintain::{IndexPlan, IndexRange};
use crate::engine::restriction::{Alternatives, Filter, Restrictions, is_answered_by};
use crate::engine::schema::TableDefinition;

/// An index, and the condition that it answers.
#[derive(Clone, Debug)]
pub(in crate::engine) struct IndexUse {
    filter: usize,
    index: IndexPlan,
}

impl IndexUse {
    /// The first condition that an index answers. `None`: the table is scanned, or partitions are named.
    pub(super) fn choose(restrictions: &Restrictions, definition: &TableDefinition) -> Option<Self> {
        if !restrictions.uses_index || !restrictions.is_key_range {
            return None;
        }
        let is_checked = |place: usize| restrictions.is_row_filter.get(place) == Some(&true);
        let filters = restrictions.filters.iter().enumerate();
        let mut of_one_value = filters.filter(|(place, filter)| {
            (is_checked(*place) || restrictions.points.contains(place)) && is_of_one_value(filter)
        });
        of_one_value.find_map(|(place, filter)| {
            let mut indexes = definition.indexes.values();
            let index = indexes.find(|index| {
                is_answered_by(filter, index, &definition.table) && !index.options.contains_key("case_sensitive")
            })?;
            Some(IndexUse { filter: place, index: IndexPlan::new(definition, index)? })
        })
    }

    pub(in crate::engine) fn index(&self) -> &IndexPlan {
        &self.index
    }

    /// What is looked for; `None` if that is null.
    pub(in crate::engine) fn wanted(
        &self,
        restrictions: &Restrictions,
        context: &mut Context<'_>,
    ) -> Result<Option<IndexRange>, EngineError> {
        let mut value = |expression: &Expression| expression.evaluate(context);
        Ok(match restrictions.filters.get(self.filter) {
            Some(Filter::Compare { value: expression, .. }) => value(expression)?.map(IndexRange::Value),
            Some(Filter::In { values: Alternatives::Listed(values), .. }) => match values.first() {
                Some(only) => value(only)?.map(IndexRange::Value),
                None => None,
            },
            Some(Filter::Element { key, value: of_entry, .. }) => {
                let key = value(key)?;
                key.zip(value(of_entry)?).map(|(key, value)| IndexRange::Entry { key, value })
            }
            _ => None,
        })
    }
}

fn is_of_one_value(filter: &Filter) -> bool {
    match filter {
        Filter::Compare { operator, .. } => {
            matches!(operator, Operator::Equal | Operator::Contains | Operator::ContainsKey)
        }
        Filter::In { values: Alternatives::Listed(values), .. } => values.len() == 1,
        Filter::Element { .. } => true,
        _ => false,
    }
}
