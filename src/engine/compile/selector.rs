//! Selectors: what a selection computes of a row or a group.

use quorate_protocol::cql::ast::{ArithmeticOperator, FunctionCall, QualifiedName, Selector, Term};
use quorate_protocol::value::{CqlType, NativeType, quote_identifier};

use super::term::qualified;
use super::{Compiler, Operand};
use crate::engine::aggregate::{Aggregate, Kind};
use crate::engine::argument::{Fit, Shape};
use crate::engine::bind::Receiver;
use crate::engine::error::EngineError;
use crate::engine::expression::{Expression, Typed};
use crate::engine::function;
use crate::engine::function::number::NUMERIC;
use crate::engine::name::{is_count_of_rows, selector_name};

impl Compiler<'_> {
    /// A selector with the type that it has by itself.
    pub(in crate::engine) fn selector(&mut self, selector: &Selector<'_>) -> Result<Typed, EngineError> {
        match selector {
            Selector::Column(name) => {
                let (index, column) = self.column(name.as_str())?;
                Ok(Typed { expression: Expression::Column(index), cql_type: column })
            }
            Selector::CountRows => Ok(self.aggregate(Kind::Count, None, NativeType::BigInt.into())),
            Selector::Writetime(kind, of) => self.writetime(*kind, of),
            Selector::Cast(of, to) => {
                if matches!(of.shape(self)?, Shape::Anything) {
                    return Err(EngineError::invalid(format!(
                        "Cannot infer type for term {} in selection clause (try using a cast to force a type)",
                        selector_name(of)
                    )));
                }
                self.cast(of.as_ref(), *to)
            }
            Selector::Call(call) => match aggregate_kind(call) {
                Some(kind) => self.aggregate_call(kind, call),
                None => self.call(call, None),
            },
            Selector::Field(of, field) => self.field(of, field.as_str()),
            Selector::Element(pair) => {
                let (of, key) = self.addressed(&pair.0, "element")?;
                let key = pair.1.compile(self, &key)?;
                let cql_type = match &of.cql_type {
                    CqlType::Map { value, .. } => CqlType::clone(value),
                    CqlType::Set { element, .. } => CqlType::clone(element),
                    other => other.clone(),
                };
                let name = selector_name(&pair.0).into();
                Ok(Typed { expression: Expression::Element(Box::new(of), Box::new(key), name), cql_type })
            }
            Selector::Slice(parts) => {
                let (of, key) = self.addressed(&parts.0, "slice")?;
                let mut bound = |bound: &Option<Term<'_>>| match bound {
                    Some(term) => Ok::<_, EngineError>(Some(Box::new(term.compile(self, &key)?))),
                    None => Ok(None),
                };
                let (from, to) = (bound(&parts.1)?, bound(&parts.2)?);
                let cql_type = of.cql_type.clone();
                let name = selector_name(&parts.0).into();
                Ok(Typed { expression: Expression::Slice(Box::new(of), from, to, name), cql_type })
            }
            Selector::Hint(pair) => {
                let cql_type = self.written_type(&pair.0)?;
                if pair.1.shape(self)?.fit(&cql_type) == Fit::Not {
                    let name = selector_name(selector);
                    return Err(EngineError::invalid(format!(
                        "Cannot assign value {name} to {name} of type {cql_type}"
                    )));
                }
                let expression = pair.1.compile(self, &Receiver::new("[selection]", cql_type.clone()))?;
                Ok(Typed { expression, cql_type })
            }
            Selector::Negation(of) => self.negation(of.as_ref(), None),
            Selector::Arithmetic(of) => self.arithmetic(of, None),
            Selector::Term(_) | Selector::List(_) | Selector::Set(_) | Selector::Map(_) | Selector::Tuple(_) => {
                let cql_type = selector.shape(self)?.natural_type().ok_or_else(|| {
                    EngineError::invalid(format!(
                        "Cannot infer type for term {} in selection clause (try using a cast to force a type)",
                        selector_name(selector)
                    ))
                })?;
                let expression = selector.compile(self, &Receiver::new("[selection]", cql_type.clone()))?;
                Ok(Typed { expression, cql_type })
            }
        }
    }

    /// Whether there is a function for each call and operator of a selector.
    pub(in crate::engine) fn check_calls(&self, selector: &Selector<'_>) -> Result<(), EngineError> {
        let each = |parts: &[Selector<'_>]| parts.iter().try_for_each(|part| self.check_calls(part));
        match selector {
            Selector::Call(call) => {
                each(&call.arguments)?;
                match (aggregate_kind(call), call.arguments.as_slice()) {
                    (Some(kind), [argument]) => self.check_aggregated(kind, call, argument),
                    (Some(_), _) => Ok(()),
                    (None, _) => self.resolve(call, None).map(drop),
                }
            }
            Selector::Arithmetic(of) => {
                self.check_calls(&of.first)?;
                of.rest.iter().try_for_each(|(_, operand)| self.check_calls(operand))?;
                self.type_of_arithmetic(of).map(drop)
            }
            Selector::Negation(of) => {
                self.check_calls(of)?;
                self.resolve_negation(of.as_ref(), None).map(drop)
            }
            Selector::Cast(of, _) | Selector::Field(of, _) => self.check_calls(of),
            Selector::Element(pair) => self.check_calls(&pair.0),
            Selector::Slice(parts) => self.check_calls(&parts.0),
            Selector::List(parts) | Selector::Set(parts) | Selector::Tuple(parts) => each(parts),
            Selector::Map(pairs) => pairs.iter().try_for_each(|(key, value)| {
                self.check_calls(key)?;
                self.check_calls(value)
            }),
            Selector::Hint(pair) => self.check_calls(&pair.1),
            Selector::Term(_) | Selector::Column(_) | Selector::CountRows | Selector::Writetime(..) => Ok(()),
        }
    }

    /// Whether an aggregate is there for what its argument is: sums and averages are of numbers.
    fn check_aggregated(
        &self,
        kind: Kind,
        call: &FunctionCall<'_, Selector<'_>>,
        argument: &Selector<'_>,
    ) -> Result<(), EngineError> {
        if !matches!(kind, Kind::Sum | Kind::Avg) {
            return Ok(());
        }
        let name = call.name.name.as_str().to_ascii_lowercase();
        let number = |native: &NativeType| function::aggregate(&name, (*native).into());
        let overloads = NUMERIC.iter().map(number).collect();
        let text = |_: usize| selector_name(argument);
        function::choose(&name, overloads, &[argument.shape(self)?], &text, None).map(drop)
    }

    /// The type of an aggregate, or of what is taken out of a value. It must not compile what it looks at: that would be
    /// compiled anew at each level of nesting.
    fn type_of_part(&self, selector: &Selector<'_>) -> Result<CqlType, EngineError> {
        let of_inner = |inner: &Selector<'_>| Ok::<_, EngineError>(inner.shape(self)?.natural_type());
        let found = match selector {
            Selector::Call(call) => match (aggregate_kind(call), call.arguments.as_slice()) {
                (Some(Kind::Count), _) => Some(NativeType::BigInt.into()),
                (_, [argument]) => of_inner(argument)?,
                _ => None,
            },
            Selector::Field(of, field) => match of_inner(of)? {
                Some(CqlType::Udt { definition, .. }) => {
                    let found = definition.fields.iter().find(|(name, _)| name == field.as_str());
                    found.map(|(_, cql_type)| cql_type.clone())
                }
                _ => None,
            },
            Selector::Element(pair) => match of_inner(&pair.0)? {
                Some(CqlType::Map { value: part, .. } | CqlType::Set { element: part, .. }) => {
                    Some(CqlType::clone(&part))
                }
                _ => None,
            },
            Selector::Slice(parts) => of_inner(&parts.0)?.filter(CqlType::is_collection),
            _ => None,
        };
        match found {
            Some(cql_type) => Ok(cql_type),
            // it makes no sense, or is of the kinds that nest nothing: to compile it says which
            None => Ok(Compiler::new(self.table, self.user_types).selector(selector)?.cql_type),
        }
    }

    pub(super) fn column(&self, name: &str) -> Result<(usize, CqlType), EngineError> {
        let table = self.table.ok_or_else(|| EngineError::invalid(format!("Undefined column name {name}")))?;
        match table.column(name) {
            Some((index, column)) => Ok((index, column.cql_type.clone())),
            None => Err(undefined_column(name, table)),
        }
    }

    fn aggregate_call(&mut self, kind: Kind, call: &FunctionCall<'_, Selector<'_>>) -> Result<Typed, EngineError> {
        let name = call.name.name.as_str().to_ascii_lowercase();
        if self.in_aggregate {
            return Err(EngineError::invalid("aggregate functions cannot be used as arguments of aggregate functions"));
        }
        if is_count_of_rows(call) {
            return Ok(self.aggregate(Kind::Count, None, NativeType::BigInt.into()));
        }
        let [argument] = call.arguments.as_slice() else {
            return Err(EngineError::invalid(format!(
                "Invalid number of arguments in call to function system.{name}: 1 required but {} provided",
                call.arguments.len()
            )));
        };
        let shape = argument.shape(self)?;
        self.check_aggregated(kind, call, argument)?;
        self.in_aggregate = true;
        let typed = match (&shape, argument) {
            // whatever is counted
            (Shape::Anything, Selector::Term(term)) if kind == Kind::Count => {
                let receiver = Receiver::new(Selector::argument_name(0, &name), NativeType::Blob);
                term.compile(self, &receiver).map(|expression| Typed { expression, cql_type: NativeType::Blob.into() })
            }
            (Shape::Anything, _) if matches!(kind, Kind::Min | Kind::Max) => Err(EngineError::invalid(format!(
                "Cannot infer type of argument {} in call to function system.{name}(any): use type casts to disambiguate",
                selector_name(argument)
            ))),
            _ => self.selector(argument),
        };
        self.in_aggregate = false;
        let Typed { expression, cql_type } = typed?;
        Ok(self.aggregate(kind, Some(expression), cql_type))
    }

    fn aggregate(&mut self, kind: Kind, argument: Option<Expression>, cql_type: CqlType) -> Typed {
        let returns = if kind == Kind::Count { NativeType::BigInt.into() } else { cql_type.clone() };
        self.aggregates.push(Aggregate { kind, argument, cql_type });
        Typed { expression: Expression::Aggregate(self.aggregates.len() - 1), cql_type: returns }
    }

    fn field(&mut self, of: &Selector<'_>, field: &str) -> Result<Typed, EngineError> {
        let of_name = selector_name(of);
        let typed = self.selector(of)?;
        let CqlType::Udt { definition, .. } = &typed.cql_type else {
            return Err(EngineError::invalid(format!(
                "Invalid field selection: {of_name} of type {} is not a user type",
                typed.cql_type
            )));
        };
        let found = definition.fields.iter().enumerate().find(|(_, (name, _))| name == field);
        let Some((index, (_, cql_type))) = found else {
            return Err(EngineError::invalid(format!("{of_name} of type {} has no field {field}", definition.name)));
        };
        let cql_type = cql_type.clone();
        Ok(Typed { expression: Expression::Field(Box::new(typed), index), cql_type })
    }

    /// What is addressed by a key, and what the key must be.
    pub(super) fn addressed(&mut self, of: &Selector<'_>, what: &str) -> Result<(Typed, Receiver), EngineError> {
        let name = selector_name(of);
        let typed = self.selector(of)?;
        let key = match &typed.cql_type {
            CqlType::Map { key, .. } => Receiver::new(format!("key({name})"), CqlType::clone(key)),
            CqlType::Set { element, .. } => Receiver::new(format!("value({name})"), CqlType::clone(element)),
            CqlType::List { .. } => {
                let what = if what == "element" { "Element" } else { "Slice" };
                return Err(EngineError::invalid(format!(
                    "{what} selection is only allowed on sets and maps, but {name} is a list"
                )));
            }
            other => {
                return Err(EngineError::invalid(format!(
                    "Invalid {what} selection: {name} is of type {other} is not a collection"
                )));
            }
        };
        Ok((typed, key))
    }
}

/// The message about a name that is no column.
pub(in crate::engine) fn undefined_column(name: &str, table: &crate::engine::table::Table) -> EngineError {
    let spec = table.spec();
    let name = quote_identifier(name);
    let (keyspace, table) = (quote_identifier(&spec.keyspace), quote_identifier(&spec.table));
    EngineError::invalid(format!("Undefined column name {name} in table {keyspace}.{table}"))
}

impl Operand for Selector<'_> {
    const ADAPTS: bool = false;

    fn shape(&self, compiler: &Compiler<'_>) -> Result<Shape, EngineError> {
        compiler.step()?;
        let shapes = |parts: &[Selector<'_>]| parts.iter().map(|part| part.shape(compiler)).collect::<Result<_, _>>();
        Ok(match self {
            Selector::Term(term) => term.shape(compiler)?,
            Selector::List(parts) => Shape::List(shapes(parts)?),
            Selector::Set(parts) => Shape::Set(shapes(parts)?),
            Selector::Tuple(parts) => Shape::Tuple(shapes(parts)?),
            Selector::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| Ok((key.shape(compiler)?, value.shape(compiler)?)));
                Shape::Map(pairs.collect::<Result<_, EngineError>>()?)
            }
            Selector::Call(call) if aggregate_kind(call).is_none() => {
                Shape::Known(compiler.resolve(call, None)?.returns)
            }
            Selector::Cast(_, to) => Shape::Known(CqlType::Native((*to).into())),
            Selector::Hint(pair) => Shape::Known(compiler.written_type(&pair.0)?),
            Selector::Negation(of) => Shape::Known(compiler.resolve_negation(of.as_ref(), None)?.returns),
            Selector::Arithmetic(of) => Shape::Known(compiler.type_of_arithmetic(of)?),
            Selector::Column(name) => Shape::Known(compiler.column(name.as_str())?.1),
            Selector::CountRows => Shape::Known(NativeType::BigInt.into()),
            other => Shape::Known(compiler.type_of_part(other)?),
        })
    }

    fn compile(&self, compiler: &mut Compiler<'_>, receiver: &Receiver) -> Result<Expression, EngineError> {
        compiler.step()?;
        let parts: Vec<(&Selector<'_>, CqlType)> = match (self, &receiver.cql_type) {
            (Selector::Term(term), _) => return term.compile(compiler, receiver),
            (Selector::Tuple(parts), ty) if parts.len() == 1 && !matches!(ty, CqlType::Tuple(_)) => {
                return parts.first().map_or(Ok(Expression::Constant(None)), |only| only.compile(compiler, receiver));
            }
            (Selector::List(parts), CqlType::List { element, .. } | CqlType::Vector { element, .. })
            | (Selector::Set(parts), CqlType::Set { element, .. }) => {
                parts.iter().map(|part| (part, CqlType::clone(element))).collect()
            }
            (Selector::Map(pairs), CqlType::Map { key, value, .. }) => {
                let typed = |(k, v)| [(k, CqlType::clone(key)), (v, CqlType::clone(value))];
                pairs.iter().map(|(k, v)| (k, v)).flat_map(typed).collect()
            }
            (Selector::Tuple(parts), CqlType::Tuple(types)) => parts.iter().zip(types.iter().cloned()).collect(),
            _ => {
                let typed = compiler.selector(self)?;
                return match Shape::Known(typed.cql_type).fit(&receiver.cql_type) {
                    Fit::Not => Err(EngineError::invalid(format!(
                        "Cannot assign value {} to {} of type {}",
                        selector_name(self),
                        receiver.name,
                        receiver.cql_type
                    ))),
                    _ => Ok(typed.expression),
                };
            }
        };
        let compiled = parts.into_iter().map(|(part, ty)| part.compile(compiler, &Receiver::new(&receiver.name, ty)));
        Ok(Expression::Composite(receiver.cql_type.clone(), compiled.collect::<Result<_, _>>()?))
    }

    fn text(&self) -> String {
        selector_name(self)
    }

    fn operation_text(left: &str, operator: ArithmeticOperator, right: &str) -> String {
        format!("{left} {} {right}", function::symbol(operator))
    }

    // in a selection a marker counts as any other term
    fn is_marker(&self) -> bool {
        false
    }

    fn argument_name(_: usize, _: &str) -> String {
        "[selection]".to_owned()
    }

    fn unknown_function(name: &QualifiedName<'_>) -> String {
        format!("Unknown function '{}'", qualified(name))
    }
}

/// Whether the call is of an aggregate.
pub(in crate::engine) fn is_aggregate_call(call: &FunctionCall<'_, Selector<'_>>) -> bool {
    aggregate_kind(call).is_some()
}

/// Which aggregate a call is, if it is one.
fn aggregate_kind(call: &FunctionCall<'_, Selector<'_>>) -> Option<Kind> {
    let is_native = call.name.keyspace.as_ref().is_none_or(|keyspace| keyspace.as_str() == "system");
    Kind::of_name(&call.name.name.as_str().to_ascii_lowercase()).filter(|_| is_native)
}
