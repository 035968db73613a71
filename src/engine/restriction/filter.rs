//! Filters with their values in place, and whether a row passes them.

use std::cmp::Ordering;

use bytes::Bytes;
use quorate_protocol::cql::ast::Operator;
use quorate_protocol::value::{CqlType, NativeType, compare};

use super::index::LikeForm;
use super::{Alternatives, Filter};
use crate::engine::error::EngineError;
use crate::engine::expression::{Context, Expression, element, parts_of};
use crate::engine::table::{Row, Table};

/// A filter whose values are known.
#[derive(Clone, Debug)]
pub(in crate::engine) enum BoundFilter {
    Compare {
        column: usize,
        operator: Operator,
        value: Bytes,
    },
    In {
        column: usize,
        values: Vec<Bytes>,
    },
    Tuple {
        columns: Vec<usize>,
        operator: Operator,
        values: Vec<Option<Bytes>>,
    },
    TupleIn {
        columns: Vec<usize>,
        values: Vec<Vec<Option<Bytes>>>,
    },
    Token {
        operator: Operator,
        value: Bytes,
    },
    Element {
        column: usize,
        key: Bytes,
        value: Bytes,
    },
    Like {
        column: usize,
        form: LikeForm,
        term: Bytes,
        folds_case: bool,
    },
    /// `column = value`, where upper and lower case are the same.
    Folded {
        column: usize,
        value: String,
    },
}

impl BoundFilter {
    /// Evaluates the values of a filter. None of them may be null.
    pub(in crate::engine) fn new(
        filter: &Filter,
        table: &Table,
        context: &mut Context<'_>,
    ) -> Result<Self, EngineError> {
        let refused = |what: &str, column: usize| {
            let name = table.columns().get(column).map_or("", |column| column.name.as_str());
            EngineError::invalid(format!("Unsupported null {what} for column {name}"))
        };
        let tuple_type = |columns: &[usize]| {
            CqlType::tuple(columns.iter().filter_map(|index| Some(table.columns().get(*index)?.cql_type.clone())))
        };
        Ok(match filter {
            Filter::Compare { column, operator, value } => {
                let value = value.evaluate(context)?.ok_or_else(|| refused("value", *column))?;
                BoundFilter::Compare { column: *column, operator: *operator, value }
            }
            Filter::In { column, values } => {
                let name = table.columns().get(*column).map_or("", |column| column.name.as_str());
                let values = listed(values, name, context)?;
                BoundFilter::In { column: *column, values: values.into_iter().flatten().collect() }
            }
            Filter::Tuple { columns, operator, value } => {
                let values = parts_of(&tuple_type(columns), value.evaluate(context)?)?;
                for (index, column) in columns.iter().enumerate() {
                    if values.get(index).is_none_or(Option::is_none) {
                        let name = table.columns().get(*column).map_or("", |column| column.name.as_str());
                        return Err(EngineError::invalid(format!("Invalid null value for column {name}")));
                    }
                }
                BoundFilter::Tuple { columns: columns.clone(), operator: *operator, values }
            }
            Filter::TupleIn { columns, values } => {
                let cql_type = tuple_type(columns);
                let tuples = listed(values, "", context)?.into_iter().map(|tuple| parts_of(&cql_type, tuple));
                BoundFilter::TupleIn { columns: columns.clone(), values: tuples.collect::<Result<_, _>>()? }
            }
            Filter::Token { operator, value } => {
                let value = value.evaluate(context)?;
                let value = value.ok_or_else(|| EngineError::invalid("Invalid null token value"))?;
                BoundFilter::Token { operator: *operator, value }
            }
            Filter::Element { column, key, value, .. } => {
                let key = key.evaluate(context)?.ok_or_else(|| refused("map key", *column))?;
                let value = value.evaluate(context)?.ok_or_else(|| refused("map value", *column))?;
                BoundFilter::Element { column: *column, key, value }
            }
            Filter::Like { column, pattern, .. } => {
                let term = pattern.evaluate(context)?.ok_or_else(|| refused("value", *column))?;
                BoundFilter::Like { column: *column, form: LikeForm::Matches, term, folds_case: false }
            }
        })
    }

    /// The same for a filter of a view, whose conditions on several columns at once are checked row by row.
    pub(in crate::engine) fn of_view(
        filter: &Filter,
        table: &Table,
        context: &mut Context<'_>,
    ) -> Result<Self, EngineError> {
        let tuple_type = |columns: &[usize]| {
            CqlType::tuple(columns.iter().filter_map(|index| Some(table.columns().get(*index)?.cql_type.clone())))
        };
        match filter {
            Filter::Tuple { columns, operator, value } => {
                let values = parts_of(&tuple_type(columns), value.evaluate(context)?)?;
                Ok(BoundFilter::Tuple { columns: columns.clone(), operator: *operator, values })
            }
            Filter::TupleIn { columns, values } => {
                let values = listed(values, "", context)?.into_iter();
                let values = values.map(|value| parts_of(&tuple_type(columns), value));
                let values = values.collect::<Result<_, EngineError>>()?;
                Ok(BoundFilter::TupleIn { columns: columns.clone(), values })
            }
            other => BoundFilter::new(other, table, context),
        }
    }

    /// The same, where upper and lower case are the same.
    pub(super) fn folded(self) -> Self {
        match self {
            BoundFilter::Compare { column, operator: Operator::Equal, value } => {
                BoundFilter::Folded { column, value: lower_case(&value) }
            }
            BoundFilter::Like { column, form, term, .. } => {
                BoundFilter::Like { column, form, term: lower_case(&term).into(), folds_case: true }
            }
            other => other,
        }
    }

    /// Whether the row fulfils the condition. A null cell fulfils none.
    pub(in crate::engine) fn accepts(&self, row: &Row, table: &Table) -> Result<bool, EngineError> {
        let cell = |column: usize| row.get(column).and_then(Option::as_ref);
        let cql_type = |column: usize| table.columns().get(column).map(|column| &column.cql_type);
        let order = |column: usize, value: &[u8]| Some(compare(cql_type(column)?, cell(column)?, value));
        Ok(match self {
            BoundFilter::Compare { column, operator: Operator::Contains, value } => {
                let Some(ty) = cql_type(*column) else { return Ok(false) };
                contains(ty, cell(*column).cloned(), value)?
            }
            BoundFilter::Compare { column, operator: Operator::ContainsKey, value } => match cql_type(*column) {
                Some(ty) => element(ty, cell(*column).cloned(), value)?.is_some(),
                None => false,
            },
            BoundFilter::Compare { column, operator, value } => {
                order(*column, value).is_some_and(|order| holds(*operator, order))
            }
            BoundFilter::In { column, values } => {
                values.iter().any(|value| order(*column, value) == Some(Ordering::Equal))
            }
            BoundFilter::Tuple { columns, operator, values } => {
                tuple_order(columns, values, order).is_some_and(|order| holds(*operator, order))
            }
            BoundFilter::TupleIn { columns, values } => {
                values.iter().any(|values| tuple_order(columns, values, order) == Some(Ordering::Equal))
            }
            BoundFilter::Token { operator, value } => {
                let token = table.token(row).map(|token| token.0.to_be_bytes());
                let order = token.map(|token| compare(&NativeType::BigInt.into(), &token, value));
                order.is_some_and(|order| holds(*operator, order))
            }
            BoundFilter::Element { column, key, value } => {
                let Some(CqlType::Map { value: value_type, .. }) = cql_type(*column) else { return Ok(false) };
                let Some(ty) = cql_type(*column) else { return Ok(false) };
                let found = element(ty, cell(*column).cloned(), key)?;
                found.is_some_and(|found| compare(value_type, &found, value).is_eq())
            }
            BoundFilter::Like { column, form, term, folds_case } => cell(*column).is_some_and(|cell| {
                if *folds_case { is_like(lower_case(cell).as_bytes(), *form, term) } else { is_like(cell, *form, term) }
            }),
            BoundFilter::Folded { column, value } => cell(*column).is_some_and(|cell| lower_case(cell) == *value),
        })
    }
}

fn listed(values: &Alternatives, name: &str, context: &mut Context<'_>) -> Result<Vec<Option<Bytes>>, EngineError> {
    match values {
        Alternatives::Listed(expressions) => {
            expressions.iter().map(|expression: &Expression| expression.evaluate(context)).collect()
        }
        Alternatives::Whole(list, element) => {
            let list = list.evaluate(context)?;
            let list = list.ok_or_else(|| EngineError::invalid(format!("Invalid null value for column {name}")))?;
            parts_of(&CqlType::list(element.clone()), Some(list))
        }
    }
}

fn is_like(text: &[u8], form: LikeForm, term: &[u8]) -> bool {
    match form {
        LikeForm::Prefix => text.starts_with(term),
        LikeForm::Suffix => text.ends_with(term),
        LikeForm::Contains => memchr::memmem::find(text, term).is_some(),
        LikeForm::Matches => text == term,
    }
}

fn lower_case(text: &[u8]) -> String {
    String::from_utf8_lossy(text).to_lowercase()
}

fn tuple_order(
    columns: &[usize],
    values: &[Option<Bytes>],
    order: impl Fn(usize, &[u8]) -> Option<Ordering>,
) -> Option<Ordering> {
    if values.len() < columns.len() {
        // a null, which has no parts
        return None;
    }
    for (column, value) in columns.iter().zip(values) {
        match order(*column, value.as_ref()?)? {
            Ordering::Equal => {}
            different => return Some(different),
        }
    }
    Some(Ordering::Equal)
}

/// Whether two values in this order fulfil a comparison.
pub(in crate::engine) fn holds(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        Operator::Like | Operator::Contains | Operator::ContainsKey => false,
    }
}

fn contains(cql_type: &CqlType, collection: Option<Bytes>, value: &[u8]) -> Result<bool, EngineError> {
    let parts = parts_of(cql_type, collection)?;
    let is_value =
        |ty: &CqlType, part: &Option<Bytes>| part.as_ref().is_some_and(|part| compare(ty, part, value).is_eq());
    Ok(match cql_type {
        CqlType::Map { value: ty, .. } => parts.iter().skip(1).step_by(2).any(|part| is_value(ty, part)),
        CqlType::List { element, .. } | CqlType::Set { element, .. } => {
            parts.iter().any(|part| is_value(element, part))
        }
        _ => false,
    })
}
