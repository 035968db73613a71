//! Terms and selectors to expressions: names are resolved, types found and checked.

mod arithmetic;
mod literal;
mod mask;
mod names;
mod selector;
mod stamp;
mod term;

use std::cell::Cell;

use quorate_protocol::cql::ast::{ArithmeticOperator, FunctionCall, NativeType as WrittenNative, QualifiedName, Type};
use quorate_protocol::value::{CqlType, NativeType, TypeError, UserTypeLookup};

use super::aggregate::Aggregate;
use super::argument::{Fit, Shape};
use super::bind::{Binds, Receiver};
use super::error::EngineError;
use super::expression::{Expression, Typed};
use super::function::{self, Function};
use super::schema::Index;
use super::stamp::Stamp;
use super::table::Table;

pub(super) use mask::mask;
pub(super) use names::columns_of;
pub(super) use selector::{is_aggregate_call, undefined_column};

/// What is compiled against, and what was found on the way.
pub(super) struct Compiler<'a> {
    /// The table whose columns may be named; `None` where there are none.
    pub(super) table: Option<&'a Table>,
    pub(super) user_types: &'a UserTypeLookup<'a>,
    pub(super) binds: Binds,
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) in_aggregate: bool,
    /// The indexes of the table.
    pub(super) indexes: &'a [&'a Index],
    /// What is asked of cells beside their values.
    pub(super) stamps: Vec<Stamp>,
    /// How many expressions were looked at.
    steps: Cell<u32>,
}

/// How many expressions may be looked at. Each is looked at again at every level that it is nested in, so the length of a
/// statement alone does not bound the work.
const STEPS_MAX: u32 = 1_000_000;

/// What may be an argument or operand: a term, or a selector.
pub(super) trait Operand {
    /// Whether an operation among them is of the type that is demanded of it, rather than of one by itself.
    const ADAPTS: bool;
    fn shape(&self, compiler: &Compiler<'_>) -> Result<Shape, EngineError>;
    /// The expression as a value of the receiver's type, which fits.
    fn compile(&self, compiler: &mut Compiler<'_>, receiver: &Receiver) -> Result<Expression, EngineError>;
    fn text(&self) -> String;
    /// An operation of two operands, as messages show it.
    fn operation_text(left: &str, operator: ArithmeticOperator, right: &str) -> String;
    /// Whether it is a marker and nothing else.
    fn is_marker(&self) -> bool;
    /// What a marker is called that is the argument of this index of a function.
    fn argument_name(index: usize, function: &str) -> String;
    /// The message about a function that does not exist.
    fn unknown_function(name: &QualifiedName<'_>) -> String;
}

impl<'a> Compiler<'a> {
    pub(super) fn new(table: Option<&'a Table>, user_types: &'a UserTypeLookup<'a>) -> Self {
        Compiler {
            table,
            user_types,
            binds: Binds::default(),
            aggregates: Vec::new(),
            in_aggregate: false,
            indexes: &[],
            stamps: Vec::new(),
            steps: Cell::new(0),
        }
    }

    /// Counts one more expression.
    fn step(&self) -> Result<(), EngineError> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS_MAX {
            return Err(EngineError::invalid("The statement is too complex"));
        }
        Ok(())
    }

    /// The overload that a call means, where a value of type `expected` is needed.
    fn resolve<T: Operand>(
        &self,
        call: &FunctionCall<'_, T>,
        expected: Option<&CqlType>,
    ) -> Result<Function, EngineError> {
        let name = call.name.name.as_str();
        let shapes = call.arguments.iter().map(|argument| argument.shape(self)).collect::<Result<Vec<_>, _>>()?;
        let is_native = call.name.keyspace.as_ref().is_none_or(|keyspace| keyspace.as_str() == "system");
        let text = |index: usize| call.arguments.get(index).map(T::text).unwrap_or_default();
        let overloads = if is_native { function::overloads(name, &shapes, self.table, expected, &text)? } else { None };
        let overloads = overloads.ok_or_else(|| EngineError::invalid(T::unknown_function(&call.name)))?;
        function::choose(name, overloads, &shapes, &text, expected)
    }

    fn call<T: Operand>(
        &mut self,
        call: &FunctionCall<'_, T>,
        expected: Option<&CqlType>,
    ) -> Result<Typed, EngineError> {
        let function = self.resolve(call, expected)?;
        self.apply(function, call.arguments.iter())
    }

    fn cast<T: Operand>(&mut self, of: &T, to: WrittenNative) -> Result<Typed, EngineError> {
        let to = NativeType::from(to);
        let shape = of.shape(self)?;
        if shape.preferred_type() == Some(to.into()) {
            let cql_type = CqlType::from(to);
            let expression = of.compile(self, &Receiver::new(T::argument_name(0, "cast"), cql_type.clone()))?;
            return Ok(Typed { expression, cql_type });
        }
        let function = self.resolve_cast(&|_| of.text(), &shape, to)?;
        self.apply(function, std::iter::once(of))
    }

    fn resolve_cast(
        &self,
        text: &dyn Fn(usize) -> String,
        shape: &Shape,
        to: NativeType,
    ) -> Result<Function, EngineError> {
        let overloads = function::cast(to)
            .ok_or_else(|| EngineError::invalid(format!("{} cannot be cast to {}", text(0), to.name())))?;
        // a constant is cast from the type that it has by itself
        let known = shape.preferred_type().map_or_else(|| shape.clone(), Shape::Known);
        let name = format!("system.cast_as_{}", to.name());
        function::choose(&name, overloads, &[known], text, None)
    }

    fn apply<'t, T: Operand + 't>(
        &mut self,
        function: Function,
        arguments: impl Iterator<Item = &'t T>,
    ) -> Result<Typed, EngineError> {
        let compiled = arguments.zip(&function.parameters).enumerate().map(|(index, (argument, parameter))| {
            argument.compile(self, &Receiver::new(T::argument_name(index, &function.name), parameter.clone()))
        });
        let arguments = compiled.collect::<Result<Vec<_>, _>>()?;
        let cql_type = function.returns.clone();
        Ok(Typed { expression: Expression::Call(Box::new(function), arguments), cql_type })
    }

    fn written_type(&self, written: &Type<'_>) -> Result<CqlType, EngineError> {
        CqlType::resolve(written, self.user_types).map_err(|error| match (error, self.table) {
            (TypeError::UnknownName(name), Some(table)) => {
                EngineError::invalid(format!("Unknown type {}.{name}", table.spec().keyspace))
            }
            (error, _) => error.into(),
        })
    }
}

/// Refuses an expression of known type where another is demanded.
fn check_assignable(shape: &Shape, receiver: &Receiver, what: &str) -> Result<(), EngineError> {
    match shape {
        Shape::Known(known) if shape.fit(&receiver.cql_type) == Fit::Not => Err(EngineError::invalid(format!(
            "Type error: cannot assign result of {what} (type {known}) to {} (type {})",
            receiver.name, receiver.cql_type
        ))),
        _ => Ok(()),
    }
}
