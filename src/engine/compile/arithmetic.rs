//! Arithmetic: which functions its operators mean (`FunctionResolver` over the overloads of `OperationFcts`).
//!
//! An operation is a call of a function of two arguments, and a chain of them calls of calls. What an operand must be depends
//! on what the whole is for: in `c = 1 + ?` of a `tinyint` both are of that type. Every prefix of a chain of terms is
//! therefore judged for each type that could be demanded of it, from left to right. In a selection each has one type.

use std::sync::LazyLock;

use quorate_protocol::cql::ast::{Arithmetic, ArithmeticOperator};
use quorate_protocol::value::{CqlType, NativeType};
use smallvec::SmallVec;

use super::{Compiler, Operand};
use crate::engine::argument::{Fit, Shape};
use crate::engine::bind::Receiver;
use crate::engine::error::EngineError;
use crate::engine::expression::{Expression, Typed};
use crate::engine::function::{self, Function};

/// The types that operators are for.
const TYPES: [NativeType; 14] = [
    NativeType::TinyInt,
    NativeType::SmallInt,
    NativeType::Int,
    NativeType::BigInt,
    NativeType::Float,
    NativeType::Double,
    NativeType::Decimal,
    NativeType::VarInt,
    NativeType::Counter,
    NativeType::Timestamp,
    NativeType::Date,
    NativeType::Text,
    NativeType::Ascii,
    NativeType::Duration,
];

/// Something for each of [`TYPES`].
type ByType<T> = [T; TYPES.len()];

/// The types of an operation, as indexes of [`TYPES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Signature {
    left: u8,
    right: u8,
    returns: u8,
}

impl Signature {
    fn new(left: usize, right: usize, returns: usize) -> Self {
        Signature { left: left as u8, right: right as u8, returns: returns as u8 }
    }

    fn left(self) -> usize {
        self.left.into()
    }

    fn right(self) -> usize {
        self.right.into()
    }

    fn returns(self) -> usize {
        self.returns.into()
    }
}

/// Why no signature is the one that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unresolved {
    NoneFits,
    SeveralFit,
}

type Resolution = Result<Signature, Unresolved>;

impl Compiler<'_> {
    /// The chain as a value that is `expected`, or of the type that it has by itself.
    pub(super) fn arithmetic<T: Operand>(
        &mut self,
        arithmetic: &Arithmetic<T>,
        expected: Option<&CqlType>,
    ) -> Result<Typed, EngineError> {
        let functions = Chain::new(self, arithmetic)?.functions(arithmetic, expected)?;
        let cql_type = functions.last().map_or(NativeType::Int.into(), |last| last.returns.clone());
        let mut operand = |operand: &T, function: &Function, index: usize| {
            let cql_type = function.parameters.get(index).cloned().unwrap_or(NativeType::Int.into());
            let name = T::argument_name(index, function::operation_name(&function.name));
            operand.compile(self, &Receiver::new(name, cql_type))
        };
        let Some(innermost) = functions.first() else {
            return Err(EngineError::invalid("an operation of no operator"));
        };
        let first = operand(&arithmetic.first, innermost, 0)?;
        let rest = functions.into_iter().zip(&arithmetic.rest).map(|(function, (_, right))| {
            let right = operand(right, &function, 1)?;
            Ok((function, right))
        });
        let expression = Expression::Chain(Box::new(first), rest.collect::<Result<_, EngineError>>()?);
        Ok(Typed { expression, cql_type })
    }

    /// The type of the chain by itself.
    pub(super) fn type_of_arithmetic<T: Operand>(&self, arithmetic: &Arithmetic<T>) -> Result<CqlType, EngineError> {
        let functions = Chain::new(self, arithmetic)?.functions(arithmetic, None)?;
        Ok(functions.into_iter().last().map_or(NativeType::Int.into(), |last| last.returns))
    }

    /// What the chain may be, where that depends on what it is for.
    pub(super) fn shape_of_arithmetic<T: Operand>(&self, arithmetic: &Arithmetic<T>) -> Result<Shape, EngineError> {
        let chain = Chain::new(self, arithmetic)?;
        let exact = exactly(&std::array::from_fn(|index| chain.whole(Some(&TYPES[index].into()))));
        let natural = chain.whole(None).ok().map(|signature| TYPES[signature.returns()].into());
        Ok(Shape::Computed { exact, natural })
    }

    pub(super) fn negation<T: Operand>(&mut self, of: &T, expected: Option<&CqlType>) -> Result<Typed, EngineError> {
        let function = self.resolve_negation(of, expected)?;
        self.apply(function, std::iter::once(of))
    }

    /// What a negation may be, where that depends on what it is for.
    pub(super) fn shape_of_negation<T: Operand>(&self, of: &T) -> Result<Shape, EngineError> {
        let fits = fits(&of.shape(self)?);
        let exact = exactly(&std::array::from_fn(|index| resolve_sign(&fits, Some(&TYPES[index].into()))));
        let natural = resolve_sign(&fits, None).ok().map(|signature| TYPES[signature.returns()].into());
        Ok(Shape::Computed { exact, natural })
    }

    pub(super) fn resolve_negation<T: Operand>(
        &self,
        of: &T,
        expected: Option<&CqlType>,
    ) -> Result<Function, EngineError> {
        let resolved = resolve_sign(&fits(&of.shape(self)?), expected);
        let function = resolved.map(|signature| function::negation(&TYPES[signature.returns()].into()));
        match function {
            Ok(Some(function)) => Ok(function),
            Err(Unresolved::SeveralFit) => {
                Err(EngineError::invalid("Ambiguous negation: use type casts to disambiguate"))
            }
            Ok(None) | Err(Unresolved::NoneFits) => {
                Err(EngineError::invalid(format!("the '-' operation is not supported for {}", of.text())))
            }
        }
    }
}

/// The operators of a chain, and what is known of their operands.
struct Chain {
    links: Vec<Link>,
}

/// One operator.
struct Link {
    operator: ArithmeticOperator,
    /// How well what stands to the left fits each type.
    left: ByType<Fit>,
    /// How well its operand fits each type.
    right: ByType<Fit>,
    /// Whether one of its two arguments is a marker by itself.
    has_marker: bool,
    /// What it is where each type is demanded of it.
    resolutions: ByType<Resolution>,
}

impl Chain {
    fn new<T: Operand>(compiler: &Compiler<'_>, arithmetic: &Arithmetic<T>) -> Result<Self, EngineError> {
        let mut links: Vec<Link> = Vec::with_capacity(arithmetic.rest.len());
        let mut left = fits(&arithmetic.first.shape(compiler)?);
        let mut has_marker = arithmetic.first.is_marker();
        for (operator, operand) in &arithmetic.rest {
            let right = fits(&operand.shape(compiler)?);
            has_marker |= operand.is_marker();
            let mut link =
                Link { operator: *operator, left, right, has_marker, resolutions: [NOT_RESOLVED; TYPES.len()] };
            if T::ADAPTS {
                link.resolutions = link.resolve_each();
                left = std::array::from_fn(|index| match link.resolutions[index] {
                    Ok(signature) if signature.returns() == index => Fit::Exact,
                    // what is wrong with it is said when it is compiled
                    _ => Fit::Weak,
                });
            } else {
                let natural = link.resolve(None);
                link.resolutions = [natural; TYPES.len()];
                left = match natural {
                    Ok(signature) => fits(&Shape::Known(TYPES[signature.returns()].into())),
                    Err(_) => [Fit::Weak; TYPES.len()],
                };
            }
            has_marker = false;
            links.push(link);
        }
        Ok(Chain { links })
    }

    /// The signature of the outermost operation.
    fn whole(&self, expected: Option<&CqlType>) -> Resolution {
        self.links.last().map_or(Err(Unresolved::NoneFits), |last| last.resolve(expected))
    }

    /// The function behind each operator, from left to right.
    fn functions<T: Operand>(
        &self,
        arithmetic: &Arithmetic<T>,
        expected: Option<&CqlType>,
    ) -> Result<Vec<Function>, EngineError> {
        let mut functions = Vec::with_capacity(self.links.len());
        let mut resolution = self.whole(expected);
        for (index, link) in self.links.iter().enumerate().rev() {
            let found = resolution.map(|signature| (signature, link.function(signature)));
            let (signature, Some(function)) = found.map_err(|why| refused_operation(arithmetic, index, why))? else {
                return Err(refused_operation(arithmetic, index, Unresolved::NoneFits));
            };
            functions.push(function);
            if let Some(before) = index.checked_sub(1).and_then(|before| self.links.get(before)) {
                resolution = before.resolutions[signature.left()];
            }
        }
        functions.reverse();
        Ok(functions)
    }
}

impl Link {
    /// What it is where this is demanded of it (`FunctionResolver.pickBestMatch`).
    fn resolve(&self, expected: Option<&CqlType>) -> Resolution {
        let exact = |fits: &ByType<Fit>| (0..TYPES.len()).filter(|index| fits[*index] == Fit::Exact).collect::<Exact>();
        let (left, right) = (exact(&self.left), exact(&self.right));
        for (left, right) in left.iter().flat_map(|left| right.iter().map(move |right| (*left, *right))) {
            let signature = signature(self.operator, left, right);
            if let Some(signature) = signature.filter(|signature| is_accepted(TYPES[signature.returns()], expected)) {
                return Ok(signature);
            }
        }
        let mut search = Search::default();
        let accepted: ByType<bool> = std::array::from_fn(|index| is_accepted(TYPES[index], expected));
        let is_expected = |index: usize| expected == Some(&TYPES[index].into());
        for signature in signatures(self.operator).iter().filter(|signature| accepted[signature.returns()]) {
            search.add(
                *signature,
                self.fit(signature),
                is_expected(signature.left()) && is_expected(signature.right()),
            );
        }
        search.finish(self.has_marker)
    }

    /// What it is where each of the types is demanded of it.
    fn resolve_each(&self) -> ByType<Resolution> {
        let mut searches: ByType<Search> = std::array::from_fn(|_| Search::default());
        for signature in signatures(self.operator) {
            let fit = self.fit(signature);
            for expected in &ACCEPTING[signature.returns()] {
                let is_of_expected = signature.left() == *expected && signature.right() == *expected;
                searches[*expected].add(*signature, fit, is_of_expected);
            }
        }
        searches.map(|search| search.finish(self.has_marker))
    }

    fn fit(&self, signature: &Signature) -> Fit {
        self.left[signature.left()].min(self.right[signature.right()])
    }

    fn function(&self, signature: Signature) -> Option<Function> {
        function::operation(self.operator, &TYPES[signature.left()].into(), &TYPES[signature.right()].into())
    }
}

const NOT_RESOLVED: Resolution = Err(Unresolved::NoneFits);

/// Types that fit exactly; most often one.
type Exact = SmallVec<[usize; 2]>;

/// The signatures that fit, as far as they were looked at.
#[derive(Default)]
struct Search {
    exact: Option<Signature>,
    fitting: Option<Signature>,
    is_ambiguous: bool,
    /// One whose operands are of the type that is demanded.
    of_expected: Option<Signature>,
}

impl Search {
    fn add(&mut self, signature: Signature, fit: Fit, is_of_expected: bool) {
        match fit {
            Fit::Not => {}
            Fit::Exact => self.exact = self.exact.or(Some(signature)),
            Fit::Weak => {
                self.is_ambiguous |= self.fitting.replace(signature).is_some();
                self.of_expected = self.of_expected.or(is_of_expected.then_some(signature));
            }
        }
    }

    fn finish(self, has_marker: bool) -> Resolution {
        match self {
            Search { exact: Some(exact), .. } => Ok(exact),
            Search { fitting: None, .. } => Err(Unresolved::NoneFits),
            Search { fitting: Some(only), is_ambiguous: false, .. } => Ok(only),
            Search { of_expected: Some(signature), .. } if !has_marker => Ok(signature),
            _ => Err(Unresolved::SeveralFit),
        }
    }
}

/// For each type, the types of places where what returns it may stand.
static ACCEPTING: LazyLock<ByType<Vec<usize>>> = LazyLock::new(|| {
    std::array::from_fn(|returns| {
        (0..TYPES.len()).filter(|expected| is_accepted(TYPES[returns], Some(&TYPES[*expected].into()))).collect()
    })
});

/// The signatures of each operator, in the order of [`ArithmeticOperator`].
static SIGNATURES: LazyLock<[Vec<Signature>; 5]> = LazyLock::new(|| {
    use ArithmeticOperator::{Add, Divide, Modulo, Multiply, Subtract};
    [Add, Subtract, Multiply, Divide, Modulo].map(|operator| {
        let pairs = (0..TYPES.len()).flat_map(|left| (0..TYPES.len()).map(move |right| (left, right)));
        pairs.filter_map(|(left, right)| signature(operator, left, right)).collect()
    })
});

fn signatures(operator: ArithmeticOperator) -> &'static [Signature] {
    use ArithmeticOperator::{Add, Divide, Modulo, Multiply, Subtract};
    let [sums, differences, products, quotients, remainders] = &*SIGNATURES;
    match operator {
        Add => sums,
        Subtract => differences,
        Multiply => products,
        Divide => quotients,
        Modulo => remainders,
    }
}

/// The signature for operands of these types, if the operator has one.
fn signature(operator: ArithmeticOperator, left: usize, right: usize) -> Option<Signature> {
    let returns = function::result_of(operator, TYPES[left], TYPES[right])?;
    Some(Signature::new(left, right, TYPES.iter().position(|native| *native == returns)?))
}

/// The signature of a negation: its operand is of the type that it returns.
fn resolve_sign(fits: &ByType<Fit>, expected: Option<&CqlType>) -> Resolution {
    let mut fitting: Option<Signature> = None;
    let mut is_ambiguous = false;
    for (index, native) in TYPES.iter().enumerate() {
        if function::negation(&(*native).into()).is_none() || !is_accepted(*native, expected) {
            continue;
        }
        let signature = Signature::new(index, index, index);
        match fits[index] {
            Fit::Not => {}
            Fit::Exact => return Ok(signature),
            Fit::Weak => is_ambiguous = fitting.replace(signature).is_some() || is_ambiguous,
        }
    }
    match fitting {
        None => Err(Unresolved::NoneFits),
        Some(_) if is_ambiguous => Err(Unresolved::SeveralFit),
        Some(only) => Ok(only),
    }
}

/// Whether what returns the type may stand where `expected` is.
fn is_accepted(returns: NativeType, expected: Option<&CqlType>) -> bool {
    expected.is_none_or(|expected| Shape::Known(returns.into()).fit(expected) != Fit::Not)
}

fn fits(shape: &Shape) -> ByType<Fit> {
    std::array::from_fn(|index| shape.fit(&TYPES[index].into()))
}

/// The types of which the result is exactly the one that is demanded.
fn exactly(resolutions: &ByType<Resolution>) -> Vec<NativeType> {
    let of_own_type = |(index, native): (usize, &NativeType)| {
        resolutions[index].is_ok_and(|signature| signature.returns() == index).then_some(*native)
    };
    TYPES.iter().enumerate().filter_map(of_own_type).collect()
}

/// The message about the operation of this index.
fn refused_operation<T: Operand>(arithmetic: &Arithmetic<T>, index: usize, why: Unresolved) -> EngineError {
    let before = arithmetic.rest.iter().take(index);
    let left = before.fold(arithmetic.first.text(), |left, (operator, operand)| {
        T::operation_text(&left, *operator, &operand.text())
    });
    let (symbol, right) = arithmetic
        .rest
        .get(index)
        .map_or(("", String::new()), |(operator, right)| (function::symbol(*operator), right.text()));
    EngineError::invalid(match why {
        Unresolved::NoneFits => format!("the '{symbol}' operation is not supported between {left} and {right}"),
        Unresolved::SeveralFit => format!(
            "Ambiguous '{symbol}' operation with args {left} and {right}: use type hint to disambiguate, example '(int) ?'"
        ),
    })
}
