//! Operations carried out: the cells that they write.

use std::collections::HashSet;

use bytes::Bytes;
use quorate_protocol::value::{CqlType, NativeType, compare};

use super::{Action, Operation};
use crate::engine::error::EngineError;
use crate::engine::expression::{Expression, compose, parts_of};
use crate::engine::function;
use crate::engine::modification::arguments::{Arguments, Given};
use crate::engine::modification::context::WriteContext;
use crate::engine::modification::execute::check_size;
use crate::engine::modification::row_writer::{Counts, RowWriter};
use crate::engine::modification::stored::{elements_of, value_of};
use crate::engine::table::Table;
use crate::store::row::Row;

/// What operations work with.
pub(in crate::engine::modification) struct Execution<'a, 'c> {
    pub(in crate::engine::modification) table: &'a Table,
    pub(in crate::engine::modification) arguments: &'a Arguments,
    pub(in crate::engine::modification) context: &'a mut WriteContext<'c>,
    /// The row as it is stored, where an operation depends on it.
    pub(in crate::engine::modification) stored: Option<&'a Row>,
    pub(in crate::engine::modification) writer: &'a mut RowWriter,
    pub(in crate::engine::modification) counts: &'a mut Counts,
}

impl Execution<'_, '_> {
    /// Carries out one operation.
    pub(in crate::engine::modification) fn run(&mut self, operation: &Operation) -> Result<(), EngineError> {
        let id = operation.id;
        match &operation.action {
            Action::Put(value) => match self.evaluate(value)? {
                Given::Unset => {}
                Given::Null => self.writer.delete(id),
                Given::Value(bytes) => {
                    let bytes = canonical(self.cql_type(operation)?, bytes)?;
                    self.writer.put(id, bytes);
                }
            },
            Action::Replace(value) => match self.evaluate_elements(value)? {
                Given::Unset => {}
                Given::Null => self.writer.replace_elements(id),
                Given::Value(bytes) => {
                    self.writer.replace_elements(id);
                    self.append(operation, bytes)?;
                }
            },
            Action::Append(value) => {
                if let Given::Value(bytes) = self.evaluate_elements(value)? {
                    self.append(operation, bytes)?;
                }
            }
            Action::Prepend(value) => {
                if let Given::Value(bytes) = self.evaluate_elements(value)? {
                    // the last one first, so that each later one comes before it
                    for element in parts_of(self.cql_type(operation)?, Some(bytes))?.into_iter().rev().flatten() {
                        let path = self.context.list_ids.prepend(self.context.environment.unix_micros());
                        self.writer.put_element(id, path, element);
                    }
                }
            }
            Action::Remove(value) => {
                if let Given::Value(bytes) = self.evaluate(value)? {
                    self.remove(operation, bytes)?;
                }
            }
            Action::PutElement { key, value } => self.put_element(operation, key, value)?,
            Action::PutField { field, value } => self.put_field(operation, *field, value)?,
            Action::Delete if self.cql_type(operation)?.is_multi_cell() => self.writer.delete_elements(id),
            Action::Delete if *self.cql_type(operation)? == CqlType::Native(NativeType::Counter) => {
                self.writer.delete_counter(id);
            }
            Action::Delete => self.writer.delete(id),
            Action::DeleteElement(key) => self.delete_element(operation, key)?,
            Action::DeleteField(field) => self.writer.delete_element(id, field_path(*field)),
            Action::Count { amount, is_subtracted } => self.count(operation, amount, *is_subtracted)?,
            Action::Add(amount) => self.add(operation, amount)?,
        }
        Ok(())
    }

    fn evaluate(&mut self, expression: &Expression) -> Result<Given, EngineError> {
        self.arguments.evaluate(expression, self.context.environment)
    }

    /// A value whose elements are all written; one that cannot be is refused before they are taken apart.
    fn evaluate_elements(&mut self, expression: &Expression) -> Result<Given, EngineError> {
        let given = self.evaluate(expression)?;
        if let Given::Value(bytes) = &given {
            check_size(bytes.len(), &self.table.spec().keyspace)?;
        }
        Ok(given)
    }

    fn cql_type(&self, operation: &Operation) -> Result<&CqlType, EngineError> {
        let column = self.table.columns().get(operation.column);
        column.map(|column| &column.cql_type).ok_or_else(|| EngineError::invalid("No such column"))
    }

    /// Adds the elements or fields of a whole value.
    fn append(&mut self, operation: &Operation, bytes: Bytes) -> Result<(), EngineError> {
        let id = operation.id;
        let cql_type = self.cql_type(operation)?.clone();
        let parts = parts_of(&cql_type, Some(bytes))?;
        match &cql_type {
            CqlType::List { .. } => {
                for element in parts.into_iter().flatten() {
                    let path = self.context.list_ids.append(self.context.environment.unix_micros());
                    self.writer.put_element(id, path, element);
                }
            }
            CqlType::Set { .. } => {
                for element in parts.into_iter().flatten() {
                    self.writer.put_element(id, element, Bytes::new());
                }
            }
            CqlType::Map { .. } => {
                for pair in parts.chunks(2) {
                    if let [Some(key), Some(value)] = pair {
                        self.writer.put_element(id, key.clone(), value.clone());
                    }
                }
            }
            _ => {
                for (number, field) in (0_u16..).zip(parts) {
                    if let Some(field) = field {
                        self.writer.put_element(id, field_path(number), field);
                    }
                }
            }
        }
        Ok(())
    }

    fn remove(&mut self, operation: &Operation, bytes: Bytes) -> Result<(), EngineError> {
        let id = operation.id;
        match self.cql_type(operation)?.clone() {
            CqlType::List { element, frozen } => {
                let cql_type = CqlType::List { element, frozen };
                let unwanted: HashSet<Bytes> = parts_of(&cql_type, Some(bytes))?.into_iter().flatten().collect();
                let current = self.current();
                for (path, value) in elements_of(&current, id, &cql_type, self.context.now_seconds) {
                    if unwanted.contains(value) {
                        self.writer.delete_element(id, path.clone());
                    }
                }
            }
            CqlType::Map { key, .. } => {
                for key in parts_of(&CqlType::set(CqlType::clone(&key)), Some(bytes))?.into_iter().flatten() {
                    self.writer.delete_element(id, key);
                }
            }
            cql_type => {
                for element in parts_of(&cql_type, Some(bytes))?.into_iter().flatten() {
                    self.writer.delete_element(id, element);
                }
            }
        }
        Ok(())
    }

    fn put_element(&mut self, operation: &Operation, key: &Expression, value: &Expression) -> Result<(), EngineError> {
        let (key, value) = (self.evaluate(key)?, self.evaluate(value)?);
        let is_list = matches!(self.cql_type(operation)?, CqlType::List { .. });
        let path = match key {
            Given::Value(index) if is_list => {
                self.path_at(operation, &index, "Attempted to set an element on a list which is null")?
            }
            Given::Value(key) => key,
            Given::Null if is_list => return Err(EngineError::invalid("Invalid null value for list index")),
            Given::Null => return Err(EngineError::invalid("Invalid null map key")),
            Given::Unset if is_list => return Err(EngineError::invalid("Invalid unset value for list index")),
            Given::Unset => return Err(EngineError::invalid("Invalid unset map key")),
        };
        match value {
            Given::Unset => {}
            Given::Null => self.writer.delete_element(operation.id, path),
            Given::Value(bytes) => self.writer.put_element(operation.id, path, bytes),
        }
        Ok(())
    }

    fn put_field(&mut self, operation: &Operation, field: u16, value: &Expression) -> Result<(), EngineError> {
        match self.evaluate(value)? {
            Given::Unset => {}
            Given::Null => self.writer.delete_element(operation.id, field_path(field)),
            Given::Value(bytes) => self.writer.put_element(operation.id, field_path(field), bytes),
        }
        Ok(())
    }

    fn delete_element(&mut self, operation: &Operation, key: &Expression) -> Result<(), EngineError> {
        let key = self.evaluate(key)?;
        let path = match (self.cql_type(operation)?, key) {
            (CqlType::List { .. }, Given::Value(index)) => {
                self.path_at(operation, &index, "Attempted to delete an element from a list which is null")?
            }
            (CqlType::List { .. }, Given::Null) => {
                return Err(EngineError::invalid("Invalid null value for list index"));
            }
            (CqlType::List { .. } | CqlType::Set { .. }, Given::Unset) => return Ok(()),
            (_, Given::Value(key)) => key,
            (CqlType::Map { .. }, Given::Null) => return Err(EngineError::invalid("Invalid null map key")),
            (_, Given::Null) => return Err(EngineError::invalid("Invalid null set element")),
            (_, Given::Unset) => return Err(EngineError::invalid("Invalid unset map key")),
        };
        self.writer.delete_element(operation.id, path);
        Ok(())
    }

    /// The path of the element at an index of the list as it is now.
    fn path_at(&mut self, operation: &Operation, index: &[u8], if_null: &str) -> Result<Bytes, EngineError> {
        let current = self.current();
        let elements = elements_of(&current, operation.id, self.cql_type(operation)?, self.context.now_seconds);
        if elements.is_empty() {
            return Err(EngineError::invalid(if_null));
        }
        let index = <[u8; 4]>::try_from(index).map(i32::from_be_bytes).unwrap_or(-1);
        let found = usize::try_from(index).ok().and_then(|index| elements.get(index));
        found.map(|(path, _)| Bytes::clone(path)).ok_or_else(|| {
            EngineError::invalid(format!("List index {index} out of bound, list has size {}", elements.len()))
        })
    }

    fn count(&mut self, operation: &Operation, amount: &Expression, is_subtracted: bool) -> Result<(), EngineError> {
        let amount = match self.evaluate(amount)? {
            Given::Unset => return Ok(()),
            Given::Null => return Err(EngineError::invalid("Invalid null value for counter increment")),
            Given::Value(bytes) => <[u8; 8]>::try_from(bytes.as_ref())
                .map(i64::from_be_bytes)
                .map_err(|_| EngineError::invalid("Invalid empty value for counter increment"))?,
        };
        let delta = if is_subtracted {
            amount.checked_neg().ok_or_else(|| {
                EngineError::invalid(format!(
                    "The negation of {amount} overflows supported counter precision (signed 8 bytes integer)"
                ))
            })?
        } else {
            amount
        };
        self.counts.push((operation.id, delta));
        Ok(())
    }

    /// Adds to the number or text that is there; where there is none, nothing is written.
    fn add(&mut self, operation: &Operation, amount: &Expression) -> Result<(), EngineError> {
        let amount = self.evaluate(amount)?;
        let cql_type = self.cql_type(operation)?.clone();
        let current = value_of(&self.current(), operation.id, &cql_type, self.context.now_seconds);
        let (Some(current), Given::Value(amount)) = (current, amount) else { return Ok(()) };
        use quorate_protocol::cql::ast::ArithmeticOperator::Add;
        use quorate_protocol::value::NativeType::{Ascii, Text};
        let sum = if matches!(cql_type, CqlType::Native(Ascii | Text)) {
            Some([current.as_ref(), amount.as_ref()].concat().into())
        } else {
            let function = function::operation(Add, &cql_type, &cql_type);
            let function = function.ok_or_else(|| EngineError::invalid("No such operation"))?;
            function.call(&[Some(current), Some(amount)], self.context.environment)?
        };
        if let Some(sum) = sum {
            self.writer.put(operation.id, sum);
        }
        Ok(())
    }

    /// The row as it is with what this statement wrote so far.
    fn current(&self) -> Row {
        self.stored.cloned().unwrap_or_default().merge(self.writer.so_far())
    }
}

/// Sets and maps are kept in their order, each key once, however a client sent them.
pub(in crate::engine::modification) fn canonical(cql_type: &CqlType, bytes: Bytes) -> Result<Bytes, EngineError> {
    let (key, step) = match cql_type {
        CqlType::Set { element, .. } => (element, 1),
        CqlType::Map { key, .. } => (key, 2),
        _ => return Ok(bytes),
    };
    let parts = parts_of(cql_type, Some(bytes.clone()))?;
    let keys: Vec<&Bytes> = parts.iter().step_by(step).flatten().collect();
    if keys.is_sorted_by(|left, right| compare(key, left, right).is_lt()) {
        return Ok(bytes);
    }
    compose(cql_type, parts)
}

fn field_path(number: u16) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}
