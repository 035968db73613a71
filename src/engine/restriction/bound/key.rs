//! Partition keys and ranges of tokens.

use bytes::Bytes;
use quorate_protocol::cql::ast::Operator;
use quorate_protocol::value::compare;
use quorate_protocol::value::token::Token;

use super::{Binder, check_combinations};
use crate::engine::error::EngineError;
use crate::engine::expression::{Context, Expression};
use crate::engine::restriction::Filter;
use crate::store::mutation::PartitionKey;
use crate::store::table::TokenRange;

/// The longest partition key that Cassandra stores.
const KEY_BYTES_MAX: usize = u16::MAX as usize;

impl Binder<'_> {
    /// The partition keys that are named, in the order of their values.
    pub(super) fn keys(&self, context: &mut Context<'_>) -> Result<Vec<PartitionKey>, EngineError> {
        let mut keys = vec![PartitionKey::new()];
        for column in 0..self.table.partition_key_count() {
            let values = self.key_values(column, context)?;
            check_combinations(keys.len().saturating_mul(values.len()))?;
            if let ([key], [value]) = (keys.as_mut_slice(), values.as_slice()) {
                key.push(value.clone());
                continue;
            }
            let with = |key: &PartitionKey, value: &Bytes| {
                let mut key = key.clone();
                key.push(value.clone());
                key
            };
            keys = keys.iter().flat_map(|key| values.iter().map(move |value| with(key, value))).collect();
        }
        if self.token_filters().next().is_some() {
            let ranges = self.token_ranges(context)?;
            keys.retain(|key| token_of(key).is_some_and(|token| ranges.iter().any(|range| range.contains(token))));
        }
        Ok(keys)
    }

    pub(super) fn check_keys(&self, keys: &[PartitionKey]) -> Result<(), EngineError> {
        for key in keys {
            if key.len() == 1 && key.iter().all(|value| value.is_empty()) {
                return Err(EngineError::invalid("Key may not be empty"));
            }
            let composite = if key.len() > 1 { 3 * key.len() } else { 0 };
            let length = key.iter().map(|value| value.len()).sum::<usize>() + composite;
            if length > KEY_BYTES_MAX {
                return Err(EngineError::invalid(format!(
                    "Key length of {length} is longer than maximum of {KEY_BYTES_MAX}"
                )));
            }
        }
        Ok(())
    }

    /// The range of tokens to read; `None` if there is none. The smallest token as an upper bound is none.
    pub(super) fn token_range(&self, context: &mut Context<'_>) -> Result<Option<TokenRange>, EngineError> {
        let (start, end) = self.token_bounds(context)?;
        let is_bound = |bound: &Option<(i64, bool)>| bound.filter(|(token, _)| *token != i64::MIN);
        if let (Some((start, includes_start)), Some((end, includes_end))) = (is_bound(&start), is_bound(&end))
            && (start > end || (start == end && !(includes_start && includes_end)))
        {
            return Ok(None);
        }
        let first = match is_bound(&start) {
            None => Some(i64::MIN),
            Some((token, true)) => Some(token),
            Some((token, false)) => token.checked_add(1),
        };
        let last = is_bound(&end).map_or(i64::MAX, |(token, inclusive)| if inclusive { token } else { token - 1 });
        Ok(first.filter(|first| *first <= last).map(|first| TokenRange { first: Token(first), last: Token(last) }))
    }

    /// The ranges in which the tokens of named keys must be (`TokenFilter.toRangeSet`): two, if the bounds cross.
    fn token_ranges(&self, context: &mut Context<'_>) -> Result<Vec<TokenRange>, EngineError> {
        let (start, end) = self.token_bounds(context)?;
        let first = start.and_then(|(token, inclusive)| token.checked_add(i64::from(!inclusive)));
        let last = end.and_then(|(token, inclusive)| token.checked_sub(i64::from(!inclusive)));
        let range = |first: i64, last: i64| TokenRange { first: Token(first), last: Token(last) };
        Ok(match (start, end) {
            (Some((start, _)), Some((end, _))) if start > end => first
                .map(|first| range(first, i64::MAX))
                .into_iter()
                .chain(last.map(|last| range(i64::MIN, last)))
                .collect(),
            (Some(_), Some(_)) => first.zip(last).map(|(first, last)| range(first, last)).into_iter().collect(),
            (Some(_), None) => first.map(|first| range(first, i64::MAX)).into_iter().collect(),
            (None, Some(_)) => last.map(|last| range(i64::MIN, last)).into_iter().collect(),
            (None, None) => vec![TokenRange::ALL],
        })
    }

    /// The lower and the upper bound, and whether each is included.
    #[expect(clippy::type_complexity, reason = "two ends of the same kind")]
    fn token_bounds(
        &self,
        context: &mut Context<'_>,
    ) -> Result<(Option<(i64, bool)>, Option<(i64, bool)>), EngineError> {
        let (mut start, mut end) = (None, None);
        for (operator, value) in self.token_filters() {
            let value = value.evaluate(context)?.ok_or_else(|| EngineError::invalid("Invalid null token value"))?;
            let token = <[u8; 8]>::try_from(value.as_ref()).map(i64::from_be_bytes);
            let token = token.map_err(|_| EngineError::invalid("Invalid token value"))?;
            match operator {
                Operator::Greater | Operator::GreaterOrEqual => start = Some((token, operator != Operator::Greater)),
                Operator::Less | Operator::LessOrEqual => end = Some((token, operator != Operator::Less)),
                _ => (start, end) = (Some((token, true)), Some((token, true))),
            }
        }
        Ok((start, end))
    }

    fn token_filters(&self) -> impl Iterator<Item = (Operator, &Expression)> {
        self.restrictions.filters.iter().filter_map(|filter| match filter {
            Filter::Token { operator, value } => Some((*operator, value)),
            _ => None,
        })
    }

    /// The values that one column of the key may have, ascending.
    fn key_values(&self, column: usize, context: &mut Context<'_>) -> Result<Vec<Bytes>, EngineError> {
        let filter = self.restrictions.filters.iter().find(|filter| filter.columns() == [column]);
        let mut values = match filter {
            Some(Filter::In { values, .. }) => self.values_in(column, values, context)?,
            Some(Filter::Compare { value, .. }) => {
                self.check_set(value, column)?;
                let value = value.evaluate(context)?.ok_or_else(|| {
                    EngineError::invalid(format!("Invalid null value in condition for column {}", self.name(column)))
                })?;
                return Ok(vec![value]);
            }
            _ => Vec::new(),
        };
        let cql_type = self.cql_type(column);
        values.sort_by(|left, right| compare(&cql_type, left, right));
        values.dedup();
        Ok(values)
    }
}

/// Where a partition stands; `None` for a key that none has.
pub(in crate::engine) fn token_of(key: &PartitionKey) -> Option<Token> {
    Token::of_key(key.iter().map(|value| value.as_ref())).ok()
}
