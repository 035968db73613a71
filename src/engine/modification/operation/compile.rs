//! Assignments and deletions to operations, refusing what the column's type does not allow.

use quorate_protocol::cql::ast::{Assignment, ColumnAssignment, Deletion, Subscript, Term};
use quorate_protocol::value::{CqlType, NativeType, UserType};

use super::{Action, Operation};
use crate::engine::bind::Receiver;
use crate::engine::compile::{Compiler, Operand, undefined_column};
use crate::engine::error::EngineError;
use crate::engine::expression::Expression;
use crate::engine::name::term_text;
use crate::engine::schema::TableDefinition;
use crate::engine::table::ColumnKind;

/// A column as the target of an operation.
struct Target<'a> {
    index: usize,
    name: &'a str,
    cql_type: &'a CqlType,
    is_static: bool,
}

/// Compiles one assignment of SET. Only conditional updates may add to what is no counter.
pub(in crate::engine::modification) fn compile_assignment(
    written: &ColumnAssignment<'_>,
    definition: &TableDefinition,
    is_conditional: bool,
    compiler: &mut Compiler<'_>,
) -> Result<Operation, EngineError> {
    let target = target(written.column.as_str(), definition)?;
    if definition.table.is_key(target.index) {
        return Err(EngineError::invalid(format!("PRIMARY KEY part {} found in SET part", target.name)));
    }
    let action = match &written.assignment {
        Assignment::Set(value) => return set_value(target.index, value, definition, compiler),
        Assignment::SetElement { key, value } => set_element(&target, key, value, compiler)?,
        Assignment::SetField { field, value } => set_field(&target, field.as_str(), value, compiler)?,
        Assignment::Add(value) => add(&target, value, is_conditional, compiler)?,
        Assignment::Subtract(value) => subtract(&target, value, compiler)?,
        Assignment::Prepend(value) => prepend(&target, value, compiler)?,
    };
    operation(&target, action, definition)
}

/// `column = value`, as in INSERT and UPDATE.
pub(in crate::engine::modification) fn set_value(
    column: usize,
    value: &Term<'_>,
    definition: &TableDefinition,
    compiler: &mut Compiler<'_>,
) -> Result<Operation, EngineError> {
    let target = target_at(column, definition)?;
    let value = target.compile(value, compiler)?;
    if *target.cql_type == CqlType::Native(NativeType::Counter) {
        return Err(EngineError::invalid(format!(
            "Cannot set the value of counter column {} (counters can only be incremented/decremented, not set)",
            target.name
        )));
    }
    let action = if target.cql_type.is_multi_cell() { Action::Replace(value) } else { Action::Put(value) };
    operation(&target, action, definition)
}

/// Compiles what stands after DELETE.
pub(in crate::engine::modification) fn compile_deletion(
    written: &Deletion<'_>,
    definition: &TableDefinition,
    compiler: &mut Compiler<'_>,
) -> Result<Operation, EngineError> {
    let target = target(written.column.as_str(), definition)?;
    let name = target.name;
    if definition.table.is_key(target.index) {
        return Err(EngineError::invalid(format!(
            "Invalid identifier {name} for deletion (should not be a PRIMARY KEY part)"
        )));
    }
    let action = match &written.subscript {
        Subscript::None => Action::Delete,
        Subscript::Element(element) => {
            if !target.cql_type.is_collection() {
                let message = format!("Invalid deletion operation for non collection column {name}");
                return Err(EngineError::invalid(message));
            }
            if !target.cql_type.is_multi_cell() {
                let message = format!("Invalid deletion operation for frozen collection column {name}");
                return Err(EngineError::invalid(message));
            }
            let receiver = match target.cql_type {
                CqlType::Map { key, .. } => Receiver::new(format!("key({name})"), CqlType::clone(key)),
                CqlType::Set { element, .. } => Receiver::new(format!("value({name})"), CqlType::clone(element)),
                _ => index_receiver(name),
            };
            Action::DeleteElement(element.compile(compiler, &receiver)?)
        }
        Subscript::Field(field) => {
            let CqlType::Udt { definition: user_type, frozen } = target.cql_type else {
                let message = format!("Invalid field deletion operation for non-UDT column {name}");
                return Err(EngineError::invalid(message));
            };
            if *frozen {
                let message = format!("Frozen UDT column {name} does not support field deletions");
                return Err(EngineError::invalid(message));
            }
            Action::DeleteField(field_number(&target, user_type, field.as_str())?.0)
        }
    };
    operation(&target, action, definition)
}

fn set_element(
    target: &Target<'_>,
    key: &Term<'_>,
    value: &Term<'_>,
    compiler: &mut Compiler<'_>,
) -> Result<Action, EngineError> {
    let name = target.name;
    let text = || format!("{name}[{}] = {}", term_text(key), term_text(value));
    target.check_collection(text)?;
    let (key_receiver, value_type) = match target.cql_type {
        CqlType::List { element, .. } => (index_receiver(name), element),
        CqlType::Map { key, value, .. } => (Receiver::new(format!("key({name})"), CqlType::clone(key)), value),
        _ => return Err(target.refuse(&text(), "set column")),
    };
    let key = key.compile(compiler, &key_receiver)?;
    let value = value.compile(compiler, &Receiver::new(format!("value({name})"), CqlType::clone(value_type)))?;
    Ok(Action::PutElement { key, value })
}

fn set_field(
    target: &Target<'_>,
    field: &str,
    value: &Term<'_>,
    compiler: &mut Compiler<'_>,
) -> Result<Action, EngineError> {
    let text = || format!("{}.{field} = {}", target.name, term_text(value));
    let CqlType::Udt { definition, frozen } = target.cql_type else {
        return Err(target.refuse(&text(), "non-UDT column"));
    };
    if *frozen {
        return Err(target.refuse(&text(), "frozen UDT column"));
    }
    let (number, cql_type) = field_number(target, definition, field)?;
    let value = value.compile(compiler, &Receiver::new(format!("{}.{field}", target.name), cql_type))?;
    Ok(Action::PutField { field: number, value })
}

fn add(
    target: &Target<'_>,
    value: &Term<'_>,
    is_conditional: bool,
    compiler: &mut Compiler<'_>,
) -> Result<Action, EngineError> {
    let name = target.name;
    let text = || format!("{name} = {name} + {}", term_text(value));
    if !target.cql_type.is_collection() {
        let is_counter = *target.cql_type == CqlType::Native(NativeType::Counter);
        if matches!(target.cql_type, CqlType::Tuple(_) | CqlType::Udt { .. }) {
            return Err(target.refuse(&text(), "tuple column"));
        }
        if is_conditional && !is_counter && !is_addable(target.cql_type) {
            return Err(target.refuse(&text(), "non-numeric and non-text type"));
        }
        if !is_conditional && !is_counter {
            return Err(target.refuse(&text(), "non counter column"));
        }
        let amount = target.compile(value, compiler)?;
        return Ok(if is_counter { Action::Count { amount, is_subtracted: false } } else { Action::Add(amount) });
    }
    target.check_collection(text)?;
    let compiled = target.compile(value, compiler);
    Ok(Action::Append(match target.cql_type {
        CqlType::Map { .. } => compiled.map_err(|_| {
            EngineError::invalid(format!("Value for a map addition has to be a map, but was: '{}'", term_text(value)))
        })?,
        _ => compiled?,
    }))
}

fn subtract(target: &Target<'_>, value: &Term<'_>, compiler: &mut Compiler<'_>) -> Result<Action, EngineError> {
    let name = target.name;
    let text = || format!("{name} = {name} - {}", term_text(value));
    if !target.cql_type.is_collection() {
        if *target.cql_type != CqlType::Native(NativeType::Counter) {
            return Err(target.refuse(&text(), "non counter column"));
        }
        let amount = target.compile(value, compiler)?;
        return Ok(Action::Count { amount, is_subtracted: true });
    }
    target.check_collection(text)?;
    let CqlType::Map { key, .. } = target.cql_type else {
        return Ok(Action::Remove(target.compile(value, compiler)?));
    };
    let keys = Receiver::new(name, CqlType::set(CqlType::clone(key)));
    let compiled = value.compile(compiler, &keys).map_err(|_| {
        EngineError::invalid(format!("Value for a map substraction has to be a set, but was: '{}'", term_text(value)))
    })?;
    Ok(Action::Remove(compiled))
}

fn prepend(target: &Target<'_>, value: &Term<'_>, compiler: &mut Compiler<'_>) -> Result<Action, EngineError> {
    let compiled = target.compile(value, compiler)?;
    // Cassandra shows this operation with a minus
    let text = format!("{} = {} - {}", target.name, term_text(value), target.name);
    match target.cql_type {
        CqlType::List { frozen: false, .. } => Ok(Action::Prepend(compiled)),
        CqlType::List { .. } => Err(target.refuse(&text, "frozen list column")),
        _ => Err(target.refuse(&text, "non list column")),
    }
}

fn target<'a>(name: &str, definition: &'a TableDefinition) -> Result<Target<'a>, EngineError> {
    let (index, _) = definition.table.column(name).ok_or_else(|| undefined_column(name, &definition.table))?;
    target_at(index, definition)
}

fn target_at(index: usize, definition: &TableDefinition) -> Result<Target<'_>, EngineError> {
    let column = definition.table.columns().get(index).ok_or_else(|| EngineError::invalid("No such column"))?;
    let is_static = column.kind == ColumnKind::Static;
    Ok(Target { index, name: &column.name, cql_type: &column.cql_type, is_static })
}

fn operation(target: &Target<'_>, action: Action, definition: &TableDefinition) -> Result<Operation, EngineError> {
    let id = definition.column_id(target.index).ok_or_else(|| undefined_column(target.name, &definition.table))?;
    Ok(Operation { column: target.index, id, is_static: target.is_static, action })
}

impl Target<'_> {
    /// A value of the column's type. A counter cannot even be given null.
    fn compile(&self, value: &Term<'_>, compiler: &mut Compiler<'_>) -> Result<Expression, EngineError> {
        if matches!(value, Term::Null) && *self.cql_type == CqlType::Native(NativeType::Counter) {
            return Err(EngineError::invalid("Invalid null value for counter increment/decrement"));
        }
        value.compile(compiler, &self.receiver())
    }

    fn receiver(&self) -> Receiver {
        Receiver { name: self.name.to_owned(), cql_type: self.cql_type.clone(), column: Some(self.index) }
    }

    fn check_collection(&self, text: impl Fn() -> String) -> Result<(), EngineError> {
        if !self.cql_type.is_collection() {
            return Err(self.refuse(&text(), "non collection column"));
        }
        if !self.cql_type.is_multi_cell() {
            return Err(self.refuse(&text(), "frozen collection column"));
        }
        Ok(())
    }

    fn refuse(&self, operation: &str, kind: &str) -> EngineError {
        EngineError::invalid(format!("Invalid operation ({operation}) for {kind} {}", self.name))
    }
}

fn index_receiver(name: &str) -> Receiver {
    Receiver::new(format!("idx({name})"), NativeType::Int)
}

fn field_number(target: &Target<'_>, definition: &UserType, field: &str) -> Result<(u16, CqlType), EngineError> {
    let found = definition.fields.iter().enumerate().find(|(_, (name, _))| name == field);
    let numbered = found.and_then(|(index, (_, cql_type))| Some((u16::try_from(index).ok()?, cql_type.clone())));
    numbered
        .ok_or_else(|| EngineError::invalid(format!("UDT column {} does not have a field named {field}", target.name)))
}

/// Whether a value of the type may be added to what is there: a number or text.
fn is_addable(cql_type: &CqlType) -> bool {
    use NativeType::{Ascii, BigInt, Decimal, Double, Float, Int, SmallInt, Text, TinyInt, VarInt};
    matches!(
        cql_type,
        CqlType::Native(Ascii | Text | BigInt | Decimal | Double | Float | Int | SmallInt | TinyInt | VarInt)
    )
}
