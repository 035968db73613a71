//! INSERT JSON: an object's members as the values of columns (`org.apache.cassandra.cql3.Json`).

pub(in crate::engine) mod value;

use quorate_protocol::cql::ast::{Constant, JsonDefault, Term};
use quorate_protocol::value::NativeType;
use serde_json::Value as Json;

use super::arguments::{Arguments, Given};
use crate::engine::bind::Receiver;
use crate::engine::compile::{Compiler, Operand};
use crate::engine::error::EngineError;
use crate::engine::expression::Expression;
use crate::engine::table::Table;

/// Where the values of an INSERT JSON come from: one for each column.
#[derive(Clone, Debug)]
pub(super) struct JsonSource {
    object: Object,
    is_default_unset: bool,
}

#[derive(Clone, Debug)]
enum Object {
    /// It stood in the statement.
    Known(Vec<Given>),
    /// The value of the marker of this index.
    Bound(usize),
}

impl JsonSource {
    /// Compiles what stands after JSON.
    pub(super) fn compile(
        written: &Term<'_>,
        default: Option<JsonDefault>,
        table: &Table,
        compiler: &mut Compiler<'_>,
    ) -> Result<Self, EngineError> {
        let is_default_unset = default == Some(JsonDefault::Unset);
        if let Term::Constant(Constant::String(text)) = written {
            let object = Object::Known(values_of(text, table, is_default_unset)?);
            return Ok(JsonSource { object, is_default_unset });
        }
        match written.compile(compiler, &Receiver::new("[json]", NativeType::Text))? {
            Expression::Bind(index) => Ok(JsonSource { object: Object::Bound(index), is_default_unset }),
            _ => Err(EngineError::invalid("Expected a string or a bind marker after JSON")),
        }
    }

    /// Gives the arguments the value of each column.
    pub(super) fn bind(&self, table: &Table, arguments: &mut Arguments) -> Result<(), EngineError> {
        let values = match &self.object {
            Object::Known(values) => values.clone(),
            Object::Bound(index) => match arguments.get(*index) {
                Given::Value(bytes) => {
                    let text =
                        std::str::from_utf8(&bytes).map_err(|_| EngineError::invalid("String didn't validate."))?;
                    values_of(text, table, self.is_default_unset)?
                }
                Given::Null => return Err(EngineError::invalid("Got null for INSERT JSON values")),
                // as Cassandra takes it
                Given::Unset => values_of("", table, self.is_default_unset)?,
            },
        };
        arguments.json = values;
        Ok(())
    }
}

/// The value of each column, in the order of the table.
fn values_of(text: &str, table: &Table, is_default_unset: bool) -> Result<Vec<Given>, EngineError> {
    let refuse = |reason: String| {
        let message = format!("Could not decode JSON string as a map: {reason}. (String was: {text})");
        EngineError::invalid(message)
    };
    let mut members = match serde_json::from_str(text) {
        Ok(Json::Object(members)) => value::with_internal_names(members),
        Ok(Json::Null) => return Err(EngineError::invalid("Got null for INSERT JSON values")),
        Ok(other) => return Err(refuse(format!("it is {}", value::java_class(&other)))),
        Err(error) => return Err(refuse(error.to_string())),
    };
    let mut values = Vec::with_capacity(table.columns().len());
    for column in table.columns() {
        values.push(match members.remove(&column.name) {
            None if is_default_unset => Given::Unset,
            None | Some(Json::Null) => Given::Null,
            Some(member) => {
                let bytes = value::from_json(&column.cql_type, &member).map_err(|reason| {
                    EngineError::invalid(format!("Error decoding JSON value for {}: {reason}", column.name))
                })?;
                Given::Value(bytes)
            }
        });
    }
    match members.keys().next() {
        Some(unknown) => Err(EngineError::invalid(format!("JSON values map contains unrecognized column: {unknown}"))),
        None => Ok(values),
    }
}
