//! WHERE: relations to filters over rows, and what of them a table can answer without ALLOW FILTERING.

mod bound;
mod filter;
mod index;
mod rules;

use quorate_protocol::cql::ast::{InValues, Name, Operator, Relation, Term};
use quorate_protocol::value::{CqlType, NativeType, quote_identifier};

use super::bind::Receiver;
use super::compile::{Compiler, undefined_column};
use super::error::EngineError;
use super::expression::Expression;
use super::name::term_text;
use super::table::{ColumnKind, Table};

pub(super) use bound::{Access, Binder, Partitions, token_of};
pub(super) use filter::{BoundFilter, holds};
pub(super) use index::is_answered_by;
pub(super) use rules::{Restrictions, Rules, Surroundings};

/// A condition on a row.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    /// `column ∘ value`
    Compare { column: usize, operator: Operator, value: Expression },
    /// `column IN values`
    In { column: usize, values: Alternatives },
    /// `(columns) ∘ (values)`; the value is a tuple.
    Tuple { columns: Vec<usize>, operator: Operator, value: Expression },
    /// `(columns) IN …`; each value is a tuple.
    TupleIn { columns: Vec<usize>, values: Alternatives },
    /// `token(partition key) ∘ value`
    Token { operator: Operator, value: Expression },
    /// `column[key] = value`
    Element { column: usize, key: Expression, value: Expression },
    /// `column LIKE pattern`, and the pattern as it was written.
    Like { column: usize, pattern: Expression, text: String },
}

/// The values after IN.
#[derive(Clone, Debug)]
pub(super) enum Alternatives {
    Listed(Vec<Expression>),
    /// One list, of values of this type.
    Whole(Expression, CqlType),
}

impl Filter {
    /// Calls `visit` with each value that columns are compared with.
    pub(super) fn for_each_operand(&self, visit: &mut dyn FnMut(&Expression)) {
        match self {
            Filter::Compare { value, .. } | Filter::Tuple { value, .. } | Filter::Token { value, .. } => visit(value),
            Filter::In { values, .. } | Filter::TupleIn { values, .. } => match values {
                Alternatives::Listed(values) => values.iter().for_each(visit),
                Alternatives::Whole(list, _) => visit(list),
            },
            Filter::Element { key, value, .. } => {
                visit(key);
                visit(value);
            }
            Filter::Like { pattern, .. } => visit(pattern),
        }
    }

    /// The columns that the condition is on; of a token none.
    pub(super) fn columns(&self) -> &[usize] {
        match self {
            Filter::Compare { column, .. }
            | Filter::In { column, .. }
            | Filter::Element { column, .. }
            | Filter::Like { column, .. } => std::slice::from_ref(column),
            Filter::Tuple { columns, .. } | Filter::TupleIn { columns, .. } => columns,
            Filter::Token { .. } => &[],
        }
    }
}

/// Compiles the relation to a filter, refusing what its columns do not allow.
pub(super) fn compile(
    relation: &Relation<'_>,
    table: &Table,
    compiler: &mut Compiler<'_>,
) -> Result<Filter, EngineError> {
    match relation {
        Relation::Column { column, operator, value } => column_relation(column, *operator, value, table, compiler),
        Relation::In { column, values } => {
            let (index, receiver) = receiver_of(column, table)?;
            check_single_cell(&receiver, "IN")?;
            let values = alternatives(values, &receiver, &format!("in({})", receiver.name), compiler)?;
            Ok(Filter::In { column: index, values })
        }
        Relation::IsNotNull(column) => {
            let name = quote_identifier(column.as_str());
            Err(EngineError::invalid(format!("Unsupported restriction: {name} IS NOT NULL")))
        }
        Relation::Element { column, key, operator, value } => {
            element_relation(column, key, *operator, value, table, compiler)
        }
        Relation::Token { columns, operator, value } => {
            check_operator(*operator, || format!("token{}", tuple_text(columns)), value)?;
            check_token_columns(columns, table)?;
            let receiver = Receiver::new("partition key token", NativeType::BigInt);
            Ok(Filter::Token { operator: *operator, value: compile_value(value, &receiver, compiler)? })
        }
        Relation::Tuple { columns, operator, value } => {
            check_operator(*operator, || tuple_text(columns), value)?;
            let (columns, receiver) =
                tuple_receiver(columns, table, || format!("{} {}", operator_text(*operator), term_text(value)))?;
            check_tuple_length(value, columns.len())?;
            Ok(Filter::Tuple { columns, operator: *operator, value: value_of_tuple(value, &receiver, compiler)? })
        }
        Relation::TupleIn { columns, values } => {
            let (columns, receiver) = tuple_receiver(columns, table, || "IN".to_owned())?;
            if let InValues::List(terms) = values {
                terms.iter().try_for_each(|term| check_tuple_length(term, columns.len()))?;
            }
            let name = format!("in{}", receiver.name);
            let values = match values {
                InValues::List(terms) if terms.iter().all(|term| matches!(term, Term::Tuple(_))) => {
                    let terms = terms.iter().map(|term| value_of_tuple(term, &receiver, compiler));
                    Alternatives::Listed(terms.collect::<Result<_, _>>()?)
                }
                values => alternatives(values, &receiver, &name, compiler)?,
            };
            Ok(Filter::TupleIn { columns, values })
        }
        Relation::Expression { index, .. } => Err(index::refused_expression(index.as_str(), table, compiler.indexes)),
    }
}

fn column_relation(
    column: &Name<'_>,
    operator: Operator,
    value: &Term<'_>,
    table: &Table,
    compiler: &mut Compiler<'_>,
) -> Result<Filter, EngineError> {
    check_operator(operator, || quote_identifier(column.as_str()), value)?;
    let (index, mut receiver) = receiver_of(column, table)?;
    let symbol = operator_text(operator);
    match operator {
        Operator::Like => {
            let pattern = compile_value(value, &receiver, compiler)?;
            return Ok(Filter::Like { column: index, pattern, text: term_text(value) });
        }
        Operator::Contains | Operator::ContainsKey => {
            receiver = contained(&receiver, operator)?;
        }
        _ => {
            if operator != Operator::Equal {
                check_slice(&receiver.cql_type)?;
            }
            check_single_cell(&receiver, symbol)?;
        }
    }
    let value = compile_value(value, &receiver, compiler)?;
    Ok(Filter::Compare { column: index, operator, value })
}

/// `!=` is read, and refused; `left` is what stands before it.
fn check_operator(operator: Operator, left: impl Fn() -> String, value: &Term<'_>) -> Result<(), EngineError> {
    match operator {
        Operator::NotEqual => {
            let refusal = format!("Unsupported \"!=\" relation: {} != {}", left(), term_text(value));
            Err(EngineError::invalid(refusal))
        }
        _ => Ok(()),
    }
}

fn tuple_text(columns: &[Name<'_>]) -> String {
    let names: Vec<&str> = columns.iter().map(|name| name.as_str()).collect();
    format!("({})", names.join(", "))
}

/// What is stored as several cells is not compared as a whole.
fn check_single_cell(receiver: &Receiver, symbol: &str) -> Result<(), EngineError> {
    let name = &receiver.name;
    Err(EngineError::invalid(match &receiver.cql_type {
        CqlType::Udt { frozen: false, definition } => {
            format!("Non-frozen UDT column '{name}' ({}) cannot be restricted by any relation", definition.name)
        }
        ty if ty.is_multi_cell() => {
            format!("Collection column '{name}' ({ty}) cannot be restricted by a '{symbol}' relation")
        }
        _ => return Ok(()),
    }))
}

/// What a collection is asked to contain.
fn contained(receiver: &Receiver, operator: Operator) -> Result<Receiver, EngineError> {
    let name = &receiver.name;
    match (operator, &receiver.cql_type) {
        (Operator::ContainsKey, CqlType::Map { key, .. }) => {
            Ok(Receiver::new(format!("key({name})"), CqlType::clone(key)))
        }
        (Operator::ContainsKey, _) => {
            Err(EngineError::invalid(format!("Cannot use CONTAINS KEY on non-map column {name}")))
        }
        (
            _,
            CqlType::List { element: value, .. } | CqlType::Set { element: value, .. } | CqlType::Map { value, .. },
        ) => Ok(Receiver::new(format!("value({name})"), CqlType::clone(value))),
        _ => Err(EngineError::invalid(format!("Cannot use CONTAINS on non-collection column {name}"))),
    }
}

fn element_relation(
    column: &Name<'_>,
    key: &Term<'_>,
    operator: Operator,
    value: &Term<'_>,
    table: &Table,
    compiler: &mut Compiler<'_>,
) -> Result<Filter, EngineError> {
    let (index, receiver) = receiver_of(column, table)?;
    let name = &receiver.name;
    let (key_type, value_type) = match &receiver.cql_type {
        CqlType::Map { key, value, .. } => (CqlType::clone(key), CqlType::clone(value)),
        CqlType::List { .. } => {
            return Err(EngineError::invalid(format!(
                "Indexes on list entries ({name}[index] = value) are not currently supported."
            )));
        }
        _ => return Err(EngineError::invalid(format!("Column {name} cannot be used as a map"))),
    };
    if !receiver.cql_type.is_multi_cell() {
        return Err(EngineError::invalid(format!(
            "Map-entry equality predicates on frozen map column {name} are not supported"
        )));
    }
    if operator != Operator::Equal {
        return Err(EngineError::invalid("Only EQ relations are supported on map entries"));
    }
    let key = compile_value(key, &Receiver::new(format!("key({name})"), key_type), compiler)?;
    let value = compile_value(value, &Receiver::new(format!("value({name})"), value_type), compiler)?;
    Ok(Filter::Element { column: index, key, value })
}

fn receiver_of(column: &Name<'_>, table: &Table) -> Result<(usize, Receiver), EngineError> {
    let (index, found) = table.column(column.as_str()).ok_or_else(|| undefined_column(column.as_str(), table))?;
    let receiver = Receiver { name: found.name.clone(), cql_type: found.cql_type.clone(), column: Some(index) };
    Ok((index, receiver))
}

/// Values are compared with cells as they are: a constant must be of the column's type, a call must return it.
fn compile_value(
    value: &Term<'_>,
    receiver: &Receiver,
    compiler: &mut Compiler<'_>,
) -> Result<Expression, EngineError> {
    use super::compile::Operand;
    value.compile(compiler, receiver)
}

fn alternatives(
    values: &InValues<'_>,
    receiver: &Receiver,
    list_name: &str,
    compiler: &mut Compiler<'_>,
) -> Result<Alternatives, EngineError> {
    match values {
        InValues::List(terms) => {
            let terms = terms.iter().map(|term| compile_value(term, receiver, compiler));
            Ok(Alternatives::Listed(terms.collect::<Result<_, _>>()?))
        }
        InValues::Marker(marker) => {
            let list = Receiver::new(list_name, CqlType::list(receiver.cql_type.clone()));
            Ok(Alternatives::Whole(compile_value(marker, &list, compiler)?, receiver.cql_type.clone()))
        }
    }
}

fn check_token_columns(columns: &[Name<'_>], table: &Table) -> Result<(), EngineError> {
    for column in columns {
        table.column(column.as_str()).ok_or_else(|| undefined_column(column.as_str(), table))?;
    }
    let key = table.partition_key();
    if !key.iter().all(|column| columns.iter().any(|name| column.name == name.as_str())) {
        return Err(EngineError::invalid(
            "The token() function must be applied to all partition key components or none of them",
        ));
    }
    if (1..columns.len()).any(|index| columns[..index].contains(&columns[index])) {
        return Err(EngineError::invalid("The token() function contains duplicate partition key components"));
    }
    if columns.len() > key.len() {
        return Err(EngineError::invalid("The token() function must contains only partition key components"));
    }
    if columns.iter().zip(key).any(|(name, column)| column.name != name.as_str()) {
        let names: Vec<&str> = key.iter().map(|column| column.name.as_str()).collect();
        return Err(EngineError::invalid(format!(
            "The token function arguments must be in the partition key order: {}",
            names.join(", ")
        )));
    }
    Ok(())
}

/// The clustering columns of a multi-column relation, and the tuple that they are compared with.
fn tuple_receiver(
    names: &[Name<'_>],
    table: &Table,
    rest: impl Fn() -> String,
) -> Result<(Vec<usize>, Receiver), EngineError> {
    let mut columns = Vec::new();
    for name in names {
        let (index, column) = table.column(name.as_str()).ok_or_else(|| undefined_column(name.as_str(), table))?;
        if !matches!(column.kind, ColumnKind::Clustering { .. }) {
            return Err(EngineError::invalid(format!(
                "Multi-column relations can only be applied to clustering columns but was applied to: {}",
                column.name
            )));
        }
        if columns.contains(&index) {
            let joined = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(EngineError::invalid(format!(
                "Column \"{}\" appeared twice in a relation: ({joined}) {}",
                column.name,
                rest()
            )));
        }
        columns.push(index);
    }
    let joined = names.iter().map(|name| name.as_str()).collect::<Vec<_>>();
    if columns.windows(2).any(|pair| matches!(pair, [a, b] if *b != *a + 1)) {
        return Err(EngineError::invalid(format!(
            "Clustering columns must appear in the PRIMARY KEY order in multi-column relations: ({}) {}",
            joined.join(", "),
            rest()
        )));
    }
    let types = columns.iter().map(|index| table.columns()[*index].cql_type.clone());
    Ok((columns.clone(), Receiver::new(format!("({})", joined.join(",")), CqlType::tuple(types))))
}

fn check_tuple_length(value: &Term<'_>, expected: usize) -> Result<(), EngineError> {
    match value {
        Term::Tuple(parts) if parts.len() != expected => Err(EngineError::invalid(format!(
            "Expected {expected} elements in value tuple, but got {}: {}",
            parts.len(),
            term_text(value)
        ))),
        _ => Ok(()),
    }
}

/// `(a, b) > (?, ?)`: markers in the tuple are named by their columns.
fn value_of_tuple(
    value: &Term<'_>,
    receiver: &Receiver,
    compiler: &mut Compiler<'_>,
) -> Result<Expression, EngineError> {
    let (Term::Tuple(parts), CqlType::Tuple(types)) = (value, &receiver.cql_type) else {
        return compile_value(value, receiver, compiler);
    };
    let names: Vec<&str> = receiver.name.trim_matches(['(', ')']).split(',').collect();
    let parts = parts
        .iter()
        .zip(types.iter())
        .zip(names)
        .map(|((part, ty), name)| compile_value(part, &Receiver::new(name, ty.clone()), compiler));
    Ok(Expression::Composite(receiver.cql_type.clone(), parts.collect::<Result<_, _>>()?))
}

fn check_slice(cql_type: &CqlType) -> Result<(), EngineError> {
    if !references_duration(cql_type) {
        return Ok(());
    }
    let what = match cql_type {
        CqlType::Tuple(_) => "tuples containing durations",
        CqlType::Udt { .. } => "UDTs containing durations",
        ty if ty.is_collection() => "collections containing durations",
        _ => "duration columns",
    };
    Err(EngineError::invalid(format!("Slice restrictions are not supported on {what}")))
}

fn references_duration(cql_type: &CqlType) -> bool {
    match cql_type {
        CqlType::Native(native) => *native == NativeType::Duration,
        CqlType::List { element, .. } | CqlType::Set { element, .. } | CqlType::Vector { element, .. } => {
            references_duration(element)
        }
        CqlType::Map { key, value, .. } => references_duration(key) || references_duration(value),
        CqlType::Tuple(types) => types.iter().any(references_duration),
        CqlType::Udt { definition, .. } => definition.fields.iter().any(|(_, ty)| references_duration(ty)),
        CqlType::Custom(_) => false,
    }
}

pub(super) fn operator_text(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "=",
        Operator::NotEqual => "!=",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::Like => "LIKE",
        Operator::Contains => "CONTAINS",
        Operator::ContainsKey => "CONTAINS KEY",
    }
}
