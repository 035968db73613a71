//! What is known of an expression before it is decided what type it must have.
//!
//! A constant fits several types, a marker every type, a column only its own and those that hold the same values.

use quorate_protocol::cql::ast::Constant;
use quorate_protocol::value::{CqlType, NativeType};

/// How well an expression fits a type. Better is larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    Not,
    /// Its values are values of the type as well.
    Weak,
    Exact,
}

/// What an expression may be.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Its type is known.
    Known(CqlType),
    /// A constant of this kind, and the type it has where nothing else decides.
    Constant(ConstantKind, NativeType),
    /// `[…]`
    List(Vec<Shape>),
    /// `{…}`
    Set(Vec<Shape>),
    /// `{… : …}`
    Map(Vec<(Shape, Shape)>),
    /// `(…)`
    Tuple(Vec<Shape>),
    /// `{field: …}`
    UserType(Vec<(String, Shape)>),
    /// An operation whose operands are of the types that its place asks for: of `exact` types the result can be exactly; by
    /// itself it is of the `natural` one.
    Computed { exact: Vec<NativeType>, natural: Option<CqlType> },
    /// A marker, or null.
    Anything,
}

/// The kinds of constants, as error messages name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConstantKind {
    String,
    Integer,
    Uuid,
    Float,
    Boolean,
    Hex,
    Duration,
}

impl ConstantKind {
    pub(super) fn of(constant: &Constant<'_>) -> Self {
        match constant {
            Constant::String(_) => ConstantKind::String,
            Constant::Integer(_) => ConstantKind::Integer,
            Constant::Float(_) | Constant::NaN | Constant::Infinity | Constant::NegativeInfinity => ConstantKind::Float,
            Constant::Boolean(_) => ConstantKind::Boolean,
            Constant::Duration(_) => ConstantKind::Duration,
            Constant::Uuid(_) => ConstantKind::Uuid,
            Constant::Blob(_) => ConstantKind::Hex,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            ConstantKind::String => "STRING",
            ConstantKind::Integer => "INTEGER",
            ConstantKind::Uuid => "UUID",
            ConstantKind::Float => "FLOAT",
            ConstantKind::Boolean => "BOOLEAN",
            ConstantKind::Hex => "HEX",
            ConstantKind::Duration => "DURATION",
        }
    }

    /// Whether constants of this kind may stand for values of the type (`Constants.Literal.testAssignment`).
    pub(super) fn can_be(self, native: NativeType) -> bool {
        use NativeType::*;
        match self {
            ConstantKind::String => matches!(native, Ascii | Text | Inet | Date | Time | Timestamp),
            ConstantKind::Integer => matches!(
                native,
                BigInt
                    | Counter
                    | Date
                    | Decimal
                    | Double
                    | Duration
                    | Float
                    | Int
                    | SmallInt
                    | Time
                    | Timestamp
                    | TinyInt
                    | VarInt
            ),
            ConstantKind::Uuid => matches!(native, Uuid | TimeUuid),
            ConstantKind::Float => matches!(native, Decimal | Double | Float),
            ConstantKind::Boolean => native == Boolean,
            ConstantKind::Hex => native == Blob,
            ConstantKind::Duration => native == Duration,
        }
    }
}

/// The type that a constant has by itself (`Constants.Literal.getPreferedTypeFor`).
pub(super) fn preferred_type(constant: &Constant<'_>) -> NativeType {
    match constant {
        Constant::String(text) if text.is_ascii() => NativeType::Ascii,
        Constant::String(_) => NativeType::Text,
        Constant::Integer(digits) if digits.parse::<i32>().is_ok() => NativeType::Int,
        Constant::Integer(digits) if digits.parse::<i64>().is_ok() => NativeType::BigInt,
        Constant::Integer(_) => NativeType::VarInt,
        Constant::Float(text) if text.parse::<f64>().is_ok_and(f64::is_finite) => NativeType::Double,
        Constant::Float(_) => NativeType::Decimal,
        Constant::NaN | Constant::Infinity | Constant::NegativeInfinity => NativeType::Double,
        Constant::Boolean(_) => NativeType::Boolean,
        Constant::Duration(_) => NativeType::Duration,
        Constant::Uuid(_) => NativeType::Uuid,
        Constant::Blob(_) => NativeType::Blob,
    }
}

impl Shape {
    /// How well an expression of this shape fits the type.
    pub(super) fn fit(&self, cql_type: &CqlType) -> Fit {
        let all = |fits: &mut dyn Iterator<Item = Fit>| fits.min().unwrap_or(Fit::Weak).min(Fit::Weak);
        match (self, cql_type) {
            (Shape::Anything, _) => Fit::Weak,
            (Shape::Computed { exact, .. }, CqlType::Native(native)) if exact.contains(native) => Fit::Exact,
            // what is wrong with it is said when it is compiled
            (Shape::Computed { .. }, _) => Fit::Weak,
            (Shape::Known(known), ty) if known.has_same_values_as(ty) => Fit::Exact,
            (Shape::Known(known), ty) if holds_values_of(ty, known) => Fit::Weak,
            (Shape::Constant(_, preferred), CqlType::Native(native)) if preferred == native => Fit::Exact,
            (Shape::Constant(kind, _), CqlType::Native(native)) if kind.can_be(*native) => Fit::Weak,
            (Shape::Constant(ConstantKind::String, _), CqlType::Custom(_)) => Fit::Weak,
            // in the text form of tuples
            (Shape::Constant(..), CqlType::Tuple(_)) => Fit::Weak,
            (Shape::List(parts), CqlType::List { element, .. }) | (Shape::Set(parts), CqlType::Set { element, .. }) => {
                all(&mut parts.iter().map(|part| part.fit(element)))
            }
            (Shape::List(parts), CqlType::Vector { element, dimension }) if parts.len() == *dimension as usize => {
                all(&mut parts.iter().map(|part| part.fit(element)))
            }
            (Shape::Set(parts), CqlType::Map { .. } | CqlType::Udt { .. }) if parts.is_empty() => Fit::Weak,
            (Shape::Map(pairs), CqlType::Map { key, value, .. }) => {
                all(&mut pairs.iter().flat_map(|pair| [pair.0.fit(key), pair.1.fit(value)]))
            }
            (Shape::Tuple(parts), CqlType::Tuple(types)) if parts.len() <= types.len() => {
                all(&mut parts.iter().zip(types.iter()).map(|(part, ty)| part.fit(ty)))
            }
            (Shape::UserType(fields), CqlType::Udt { definition, .. }) => {
                all(&mut fields.iter().map(|(name, shape)| {
                    let field = definition.fields.iter().find(|(field, _)| field == name);
                    field.map_or(Fit::Not, |(_, ty)| shape.fit(ty))
                }))
            }
            (Shape::Tuple(parts), ty) if parts.len() == 1 => parts.first().map_or(Fit::Not, |part| part.fit(ty)),
            _ => Fit::Not,
        }
    }

    /// The type that the expression has where nothing demands another: `None` for what could be anything, and for
    /// collections of constants alone.
    pub(super) fn natural_type(&self) -> Option<CqlType> {
        let of_elements = |parts: &[Shape]| parts.iter().find_map(Shape::natural_type);
        match self {
            Shape::Known(ty) => Some(ty.clone()),
            Shape::Computed { natural, .. } => natural.clone(),
            Shape::List(parts) => of_elements(parts).map(|element| CqlType::list(element.freeze())),
            Shape::Set(parts) => of_elements(parts).map(|element| CqlType::set(element.freeze())),
            Shape::Tuple(parts) if parts.len() == 1 => parts.first().and_then(Shape::natural_type),
            Shape::Tuple(parts) => {
                let types = parts.iter().map(Shape::natural_type).collect::<Option<Vec<_>>>();
                types.map(|types| CqlType::tuple(types.into_iter().map(|ty| ty.freeze())))
            }
            _ => None,
        }
    }

    /// As [`Shape::natural_type`], and the preferred type of a constant.
    pub(super) fn preferred_type(&self) -> Option<CqlType> {
        match self {
            Shape::Constant(_, preferred) => Some((*preferred).into()),
            Shape::Tuple(parts) if parts.len() == 1 => parts.first().and_then(Shape::preferred_type),
            other => other.natural_type(),
        }
    }
}

/// Whether every value of `other` may be used as one of `cql_type` (`AbstractType.isValueCompatibleWith`).
fn holds_values_of(cql_type: &CqlType, other: &CqlType) -> bool {
    use NativeType::{Ascii, BigInt, Blob, Date, Int, Text, Time, TimeUuid, Timestamp, Uuid, VarInt};
    match (cql_type, other) {
        (CqlType::Native(ty), CqlType::Native(other)) => {
            matches!(
                (ty, other),
                (Blob, _)
                    | (Text, Ascii)
                    | (VarInt, Int | BigInt | Timestamp)
                    | (BigInt, Timestamp)
                    | (Timestamp, BigInt)
                    | (Uuid, TimeUuid)
                    | (Date, Int)
                    | (Time, BigInt)
            )
        }
        (CqlType::Native(Blob), _) => true,
        (CqlType::List { element: a, .. }, CqlType::List { element: b, .. })
        | (CqlType::Set { element: a, .. }, CqlType::Set { element: b, .. }) => holds_values_of(a, b),
        (CqlType::Map { key: k1, value: v1, .. }, CqlType::Map { key: k2, value: v2, .. }) => {
            k1.has_same_values_as(k2) && holds_values_of(v1, v2)
        }
        _ => false,
    }
}
