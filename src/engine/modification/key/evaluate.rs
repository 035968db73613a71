//! The values of a key: partition keys, clusterings, slices.

use bytes::Bytes;
use quorate_protocol::value::CqlType;
use smallvec::SmallVec;

use super::slices::{self, SliceBounds};
use super::{BoundPlan, Choice, KeyPlan, Part};
use crate::engine::environment::Environment;
use crate::engine::error::EngineError;
use crate::engine::expression::{Expression, parts_of};
use crate::engine::modification::arguments::{Arguments, Given};
use crate::engine::restriction::Alternatives;
use crate::engine::table::Table;
use crate::store::clustering::{Clustering, Slice};
use crate::store::mutation::PartitionKey;
use crate::store::table::TableShape;

/// The largest serialized partition key, and the longest values of a clustering, in bytes.
const KEY_LENGTH_MAX: usize = u16::MAX as usize;

/// How many keys or rows the alternatives of one statement may amount to.
const COMBINATIONS_MAX: usize = 1 << 16;

/// Values of neighbouring columns.
type Values = SmallVec<[Bytes; 2]>;

impl KeyPlan {
    /// The partitions, each once.
    pub(in crate::engine::modification) fn partition_keys(
        &self,
        table: &Table,
        arguments: &Arguments,
        environment: &mut dyn Environment,
    ) -> Result<SmallVec<[PartitionKey; 1]>, EngineError> {
        let mut keys: SmallVec<[PartitionKey; 1]> = SmallVec::new();
        keys.push(PartitionKey::new());
        for (column, choice) in self.partition.iter().enumerate() {
            let source = Source { table, arguments };
            let values = source.values_of(choice, column, environment)?;
            extend(&mut keys, values.iter().map(std::slice::from_ref), values.len())?;
        }
        for key in &keys {
            check_key(key)?;
        }
        Ok(keys)
    }

    /// The clusterings of the rows, each once. Empty if an IN lists nothing.
    pub(in crate::engine::modification) fn clusterings(
        &self,
        table: &Table,
        arguments: &Arguments,
        environment: &mut dyn Environment,
    ) -> Result<SmallVec<[Clustering; 1]>, EngineError> {
        let clusterings = self.prefixes(&Source { table, arguments }, environment)?;
        let too_long = |clustering: &Clustering| {
            let length: usize = clustering.iter().map(|value| value.len()).sum();
            (length > KEY_LENGTH_MAX).then_some(length)
        };
        match clusterings.iter().find_map(too_long) {
            Some(length) => Err(key_too_long(length)),
            None => Ok(clusterings),
        }
    }

    /// The slices of a DELETE of ranges, in the table's own order. Those that can hold nothing are left out.
    pub(in crate::engine::modification) fn slices(
        &self,
        table: &Table,
        shape: &TableShape,
        arguments: &Arguments,
        environment: &mut dyn Environment,
    ) -> Result<Vec<Slice>, EngineError> {
        let source = Source { table, arguments };
        let prefixes = self.prefixes(&source, environment)?;
        let Some(Part::Slice { lower, upper, .. }) = self.clustering.last() else {
            return Ok(prefixes.into_iter().map(Slice::of_prefix).collect());
        };
        let mut bound = |plan: &Option<BoundPlan>| match plan {
            Some(plan) => Ok::<_, EngineError>(Some((source.bound(plan, environment)?, plan.is_inclusive))),
            None => Ok(None),
        };
        let bounds = SliceBounds { lower: bound(lower)?, upper: bound(upper)? };
        Ok(prefixes.iter().flat_map(|prefix| slices::of_bounds(prefix, &bounds, shape)).collect())
    }

    fn prefixes(
        &self,
        source: &Source<'_>,
        environment: &mut dyn Environment,
    ) -> Result<SmallVec<[Clustering; 1]>, EngineError> {
        let mut prefixes: SmallVec<[Clustering; 1]> = SmallVec::new();
        prefixes.push(Clustering::new());
        for part in &self.clustering {
            match part {
                Part::Single { column, choice } => {
                    let values = source.values_of(choice, *column, environment)?;
                    extend(&mut prefixes, values.iter().map(std::slice::from_ref), values.len())?;
                }
                Part::Tuple { columns, choice } => {
                    let tuples = source.tuples_of(choice, columns, environment)?;
                    extend(&mut prefixes, tuples.iter().map(SmallVec::as_slice), tuples.len())?;
                }
                Part::Slice { .. } => {}
            }
        }
        Ok(prefixes)
    }
}

/// Appends each of the values to each of the keys.
fn extend<'v, const N: usize>(
    keys: &mut SmallVec<[SmallVec<[Bytes; N]>; 1]>,
    values: impl Iterator<Item = &'v [Bytes]> + Clone,
    count: usize,
) -> Result<(), EngineError>
where
    [Bytes; N]: smallvec::Array<Item = Bytes>,
{
    if let (1, [only]) = (count, keys.as_mut_slice()) {
        values.for_each(|value| only.extend(value.iter().cloned()));
        return Ok(());
    }
    if keys.len().saturating_mul(count) > COMBINATIONS_MAX {
        return Err(EngineError::invalid("The statement names too many combinations of keys"));
    }
    let extended = keys.iter().flat_map(|key| {
        values.clone().map(|value| {
            let mut key = key.clone();
            key.extend(value.iter().cloned());
            key
        })
    });
    *keys = extended.collect();
    Ok(())
}

fn check_key(key: &PartitionKey) -> Result<(), EngineError> {
    let length = match key.as_slice() {
        [only] => only.len(),
        // length and a zero byte around each
        several => several.iter().map(|part| part.len() + 3).sum(),
    };
    if length == 0 {
        return Err(EngineError::invalid("Key may not be empty"));
    }
    if length > KEY_LENGTH_MAX {
        return Err(key_too_long(length));
    }
    Ok(())
}

fn key_too_long(length: usize) -> EngineError {
    EngineError::invalid(format!("Key length of {length} is longer than maximum of {KEY_LENGTH_MAX}"))
}

/// What terms draw their values from.
struct Source<'a> {
    table: &'a Table,
    arguments: &'a Arguments,
}

impl Source<'_> {
    fn name(&self, column: usize) -> &str {
        self.table.columns().get(column).map_or("", |column| column.name.as_str())
    }

    fn cql_type(&self, column: usize) -> Option<&CqlType> {
        self.table.columns().get(column).map(|column| &column.cql_type)
    }

    /// The value of one key column, which is never null.
    fn value(
        &self,
        expression: &Expression,
        column: usize,
        environment: &mut dyn Environment,
    ) -> Result<Bytes, EngineError> {
        match self.arguments.evaluate(expression, environment)? {
            Given::Value(bytes) => Ok(bytes),
            Given::Null => {
                Err(EngineError::invalid(format!("Invalid null value in condition for column {}", self.name(column))))
            }
            Given::Unset => Err(EngineError::invalid(format!("Invalid unset value for column {}", self.name(column)))),
        }
    }

    fn values_of(
        &self,
        choice: &Choice,
        column: usize,
        environment: &mut dyn Environment,
    ) -> Result<SmallVec<[Bytes; 1]>, EngineError> {
        let mut values: SmallVec<[Bytes; 1]> = match choice {
            Choice::One(value) => {
                let mut one = SmallVec::new();
                one.push(self.value(value, column, environment)?);
                return Ok(one);
            }
            Choice::Many(Alternatives::Listed(values)) => {
                values.iter().map(|value| self.value(value, column, environment)).collect::<Result<_, _>>()?
            }
            Choice::Many(Alternatives::Whole(list, element)) => {
                let list = match self.arguments.evaluate(list, environment)? {
                    Given::Value(list) => list,
                    Given::Null => {
                        let message = format!("Invalid null value for column {}", self.name(column));
                        return Err(EngineError::invalid(message));
                    }
                    Given::Unset => {
                        let message = format!("Invalid unset value for column {}", self.name(column));
                        return Err(EngineError::invalid(message));
                    }
                };
                let is_null = || {
                    let name = self.name(column);
                    EngineError::invalid(format!("Invalid null value in condition for column {name}"))
                };
                let elements = parts_of(&CqlType::list(element.clone()), Some(list))?;
                elements.into_iter().map(|value| value.ok_or_else(is_null)).collect::<Result<_, _>>()?
            }
        };
        dedup(&mut values);
        Ok(values)
    }

    fn tuples_of(
        &self,
        choice: &Choice,
        columns: &[usize],
        environment: &mut dyn Environment,
    ) -> Result<SmallVec<[Values; 1]>, EngineError> {
        let null = |columns: &[usize]| {
            let names: Vec<&str> = columns.iter().map(|column| self.name(*column)).collect();
            EngineError::invalid(format!("Invalid null value in condition for columns: [{}]", names.join(", ")))
        };
        let mut tuples: SmallVec<[Values; 1]> = match choice {
            Choice::One(tuple) => {
                let mut one = SmallVec::new();
                one.push(self.tuple(tuple, columns, environment)?);
                return Ok(one);
            }
            Choice::Many(Alternatives::Listed(tuples)) => {
                let tuples = tuples.iter().map(|tuple| self.tuple(tuple, columns, environment));
                tuples.collect::<Result<_, _>>()?
            }
            Choice::Many(Alternatives::Whole(list, element)) => {
                let Given::Value(list) = self.arguments.evaluate(list, environment)? else {
                    return Err(EngineError::invalid("Invalid null value for IN restriction"));
                };
                let tuples = parts_of(&CqlType::list(element.clone()), Some(list))?.into_iter().map(|tuple| {
                    let parts = parts_of(element, tuple)?;
                    let values: Option<Values> = parts.into_iter().collect();
                    values.filter(|values| values.len() == columns.len()).ok_or_else(|| null(columns))
                });
                tuples.collect::<Result<_, _>>()?
            }
        };
        dedup(&mut tuples);
        Ok(tuples)
    }

    /// The values of a tuple of key columns.
    fn tuple(
        &self,
        tuple: &Expression,
        columns: &[usize],
        environment: &mut dyn Environment,
    ) -> Result<Values, EngineError> {
        let is_null =
            |column: usize| EngineError::invalid(format!("Invalid null value for column {}", self.name(column)));
        if let Expression::Composite(CqlType::Tuple(_), parts) = tuple {
            let values =
                columns.iter().zip(parts).map(|(column, part)| match self.arguments.evaluate(part, environment)? {
                    Given::Value(bytes) => Ok(bytes),
                    Given::Null => Err(is_null(*column)),
                    Given::Unset => {
                        Err(EngineError::invalid(format!("Invalid unset value for column {}", self.name(*column))))
                    }
                });
            return values.collect();
        }
        let types = columns.iter().filter_map(|column| self.cql_type(*column).cloned());
        let whole = match self.arguments.evaluate(tuple, environment)? {
            Given::Value(whole) => Some(whole),
            Given::Null | Given::Unset => None,
        };
        let mut parts = parts_of(&CqlType::tuple(types), whole)?.into_iter();
        columns.iter().map(|column| parts.next().flatten().ok_or_else(|| is_null(*column))).collect()
    }

    /// The values of a bound.
    fn bound(&self, plan: &BoundPlan, environment: &mut dyn Environment) -> Result<Values, EngineError> {
        if plan.is_tuple {
            return self.tuple(&plan.value, &plan.columns, environment);
        }
        let column = plan.columns.first().copied().unwrap_or_default();
        let mut values = Values::new();
        values.push(self.value(&plan.value, column, environment)?);
        Ok(values)
    }
}

/// Keeps each value once, in the order of their first places.
fn dedup<T: Clone + Eq + std::hash::Hash>(values: &mut SmallVec<[T; 1]>) {
    let mut seen = std::collections::HashSet::with_capacity(values.len());
    values.retain(|value| seen.insert(value.clone()));
}
