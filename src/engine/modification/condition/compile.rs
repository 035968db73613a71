//! Conditions, checked against the types of their columns (`ColumnCondition.Raw.prepare`).

use quorate_protocol::cql::ast::{Condition as Written, ConditionTest, If, InValues, Operator, Subscript};
use quorate_protocol::value::{CqlType, NativeType};

use super::{Condition, Conditions, Subject, Test};
use crate::engine::bind::Receiver;
use crate::engine::compile::{Compiler, Operand, undefined_column};
use crate::engine::error::EngineError;
use crate::engine::restriction::{Alternatives, operator_text};
use crate::engine::schema::TableDefinition;
use crate::engine::table::ColumnKind;

/// Compiles the condition of an UPDATE or DELETE.
pub(in crate::engine::modification) fn compile(
    written: Option<&If<'_>>,
    has_timestamp: bool,
    definition: &TableDefinition,
    compiler: &mut Compiler<'_>,
) -> Result<Conditions, EngineError> {
    match written {
        None => Ok(Conditions::None),
        Some(If::Exists) => Ok(Conditions::Exists),
        Some(If::Conditions(_)) if has_timestamp => {
            Err(EngineError::invalid("Cannot provide custom timestamp for conditional updates"))
        }
        Some(If::Conditions(conditions)) => {
            let compiled = conditions.iter().map(|condition| compile_one(condition, definition, compiler));
            let mut compiled = compiled.collect::<Result<Vec<_>, _>>()?;
            compiled.sort_by_key(|condition| condition.is_static);
            Ok(Conditions::Columns(compiled))
        }
    }
}

fn compile_one(
    written: &Written<'_>,
    definition: &TableDefinition,
    compiler: &mut Compiler<'_>,
) -> Result<Condition, EngineError> {
    let table = &definition.table;
    let name = written.column.as_str();
    let (column, found) = table.column(name).ok_or_else(|| undefined_column(name, table))?;
    let id = definition.column_id(column).ok_or_else(|| undefined_column(name, table))?;
    if found.cql_type == CqlType::Native(NativeType::Counter) {
        return Err(EngineError::invalid("Conditions on counters are not supported"));
    }
    let whole = Receiver { name: found.name.clone(), cql_type: found.cql_type.clone(), column: Some(column) };
    let (subject, receiver) = subject(&written.subscript, whole, compiler)?;
    check_durations(&receiver.cql_type, &written.test)?;
    let test = test(&written.test, &receiver, compiler)?;
    if table.is_key(column) {
        let message = format!("PRIMARY KEY column '{name}' cannot have IF conditions");
        return Err(EngineError::invalid(message));
    }
    Ok(Condition { column, id, is_static: found.kind == ColumnKind::Static, subject, test })
}

/// What of the column is looked at, and what values it is compared with.
fn subject(
    subscript: &Subscript<'_>,
    whole: Receiver,
    compiler: &mut Compiler<'_>,
) -> Result<(Subject, Receiver), EngineError> {
    let name = &whole.name;
    match subscript {
        Subscript::None => Ok((Subject::Whole, whole)),
        Subscript::Element(element) => {
            let (key, value) = match &whole.cql_type {
                CqlType::List { element, .. } => (Receiver::new(format!("idx({name})"), NativeType::Int), element),
                CqlType::Map { key, value, .. } => (Receiver::new(format!("key({name})"), CqlType::clone(key)), value),
                CqlType::Set { .. } => {
                    return Err(EngineError::invalid(format!("Invalid element access syntax for set column {name}")));
                }
                _ => {
                    let message = format!("Invalid element access syntax for non-collection column {name}");
                    return Err(EngineError::invalid(message));
                }
            };
            let receiver = Receiver::new(format!("value({name})"), CqlType::clone(value));
            Ok((Subject::Element(element.compile(compiler, &key)?), receiver))
        }
        Subscript::Field(field) => {
            let CqlType::Udt { definition, .. } = &whole.cql_type else {
                return Err(EngineError::invalid(format!("Invalid field access for non-UDT column {name}")));
            };
            let field = field.as_str();
            let found = definition.fields.iter().enumerate().find(|(_, (known, _))| known == field);
            let Some((number, (_, cql_type))) = found else {
                return Err(EngineError::invalid(format!("Unknown field {field} for column {name}")));
            };
            Ok((Subject::Field(number), Receiver::new(format!("{name}.{field}"), cql_type.clone())))
        }
    }
}

fn test(written: &ConditionTest<'_>, receiver: &Receiver, compiler: &mut Compiler<'_>) -> Result<Test, EngineError> {
    let name = &receiver.name;
    match written {
        ConditionTest::In(InValues::List(values)) => {
            let values = values.iter().map(|value| value.compile(compiler, receiver));
            Ok(Test::In(Alternatives::Listed(values.collect::<Result<_, _>>()?)))
        }
        ConditionTest::In(InValues::Marker(marker)) => {
            let list = Receiver::new(format!("in({name})"), CqlType::list(receiver.cql_type.clone()));
            Ok(Test::In(Alternatives::Whole(marker.compile(compiler, &list)?, receiver.cql_type.clone())))
        }
        ConditionTest::Compare(Operator::ContainsKey, value) => {
            let CqlType::Map { key, .. } = &receiver.cql_type else {
                let message = format!("Cannot use CONTAINS KEY on non-map column {name}");
                return Err(EngineError::invalid(message));
            };
            let key = Receiver::new(format!("key({name})"), CqlType::clone(key));
            Ok(Test::Compare(Operator::ContainsKey, value.compile(compiler, &key)?))
        }
        ConditionTest::Compare(Operator::Contains, value) => {
            let (CqlType::List { element, .. } | CqlType::Set { element, .. } | CqlType::Map { value: element, .. }) =
                &receiver.cql_type
            else {
                let message = format!("Cannot use CONTAINS on non-collection column {name}");
                return Err(EngineError::invalid(message));
            };
            let element = Receiver::new(format!("value({name})"), CqlType::clone(element));
            Ok(Test::Compare(Operator::Contains, value.compile(compiler, &element)?))
        }
        ConditionTest::Compare(operator, value) => Ok(Test::Compare(*operator, value.compile(compiler, receiver)?)),
    }
}

/// Durations have no order.
fn check_durations(cql_type: &CqlType, test: &ConditionTest<'_>) -> Result<(), EngineError> {
    use Operator::{Greater, GreaterOrEqual, Less, LessOrEqual};
    let ConditionTest::Compare(operator @ (Less | LessOrEqual | Greater | GreaterOrEqual), _) = test else {
        return Ok(());
    };
    if !has_duration(cql_type) {
        return Ok(());
    }
    Err(EngineError::invalid(match cql_type {
        CqlType::List { .. } | CqlType::Set { .. } | CqlType::Map { .. } => {
            "Slice conditions are not supported on collections containing durations".to_owned()
        }
        CqlType::Tuple(_) => "Slice conditions are not supported on tuples containing durations".to_owned(),
        CqlType::Udt { .. } => "Slice conditions are not supported on UDTs containing durations".to_owned(),
        _ => format!("Slice conditions ( {} ) are not supported on durations", operator_text(*operator)),
    }))
}

fn has_duration(cql_type: &CqlType) -> bool {
    match cql_type {
        CqlType::Native(native) => *native == NativeType::Duration,
        CqlType::List { element, .. } | CqlType::Set { element, .. } | CqlType::Vector { element, .. } => {
            has_duration(element)
        }
        CqlType::Map { key, value, .. } => has_duration(key) || has_duration(value),
        CqlType::Tuple(types) => types.iter().any(has_duration),
        CqlType::Udt { definition, .. } => definition.fields.iter().any(|(_, ty)| has_duration(ty)),
        CqlType::Custom(_) => false,
    }
}
