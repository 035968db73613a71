//! The types that statements write, with the rules of what may be in what (`CQL3Type.Raw`).

use std::fmt;
use std::sync::Arc;

use quorate_protocol::cql::ast::{NativeType, QualifiedName, Type};
use quorate_protocol::value::{CqlType, MAX_TYPE_DEPTH, TypeError, UserType};

use crate::engine::composite;
use crate::engine::error::EngineError;
use crate::engine::schema::Keyspace;

/// How many parts a type may have, all user types in it written out.
const PARTS_MAX: usize = 4096;

/// A type as it is written, `frozen` put down to every part that it freezes.
#[derive(Clone, Debug)]
pub(super) enum Written<'a> {
    Native(NativeType),
    List { element: Box<Written<'a>>, frozen: bool },
    Set { element: Box<Written<'a>>, frozen: bool },
    Map { pair: Box<(Written<'a>, Written<'a>)>, frozen: bool },
    Tuple(Vec<Written<'a>>),
    Vector(Box<Written<'a>>, i32),
    User { name: &'a QualifiedName<'a>, frozen: bool },
    Custom(&'a str),
}

impl<'a> Written<'a> {
    pub(super) fn new(written: &'a Type<'a>) -> Self {
        match written {
            Type::Native(native) => Written::Native(*native),
            Type::List(element) => Written::List { element: Box::new(Written::new(element)), frozen: false },
            Type::Set(element) => Written::Set { element: Box::new(Written::new(element)), frozen: false },
            Type::Map(pair) => {
                Written::Map { pair: Box::new((Written::new(&pair.0), Written::new(&pair.1))), frozen: false }
            }
            Type::Tuple(types) => Written::Tuple(types.iter().map(|inner| Written::new(inner).freeze()).collect()),
            Type::Vector(element, dimension) => Written::Vector(Box::new(Written::new(element)), *dimension),
            Type::UserDefined(name) => Written::User { name, frozen: false },
            Type::Frozen(inner) => Written::new(inner).freeze(),
            Type::Custom(class) => Written::Custom(class),
        }
    }

    /// What the parser refuses beyond the grammar: `frozen` of what cannot be, and classes that do not exist.
    pub(super) fn check(written: &Type<'_>) -> Result<(), EngineError> {
        match written {
            Type::Native(_) | Type::UserDefined(_) => Ok(()),
            Type::Custom(class) => custom(class).map(|_| ()),
            Type::List(inner) | Type::Set(inner) | Type::Vector(inner, _) => Self::check(inner),
            Type::Map(pair) => Self::check(&pair.0).and_then(|()| Self::check(&pair.1)),
            Type::Tuple(types) => types.iter().try_for_each(Self::check),
            Type::Frozen(inner) if matches!(inner.as_ref(), Type::Native(_) | Type::Custom(_)) => {
                Err(EngineError::syntax(format!(
                    "frozen<> is only allowed on collections, tuples, and user-defined types (got {})",
                    Written::new(inner)
                )))
            }
            Type::Frozen(inner) => Self::check(inner),
        }
    }

    pub(super) fn is_counter(&self) -> bool {
        matches!(self, Written::Native(NativeType::Counter))
    }

    /// Whether it is a user type that is not frozen.
    pub(super) fn is_unfrozen_user_type(&self) -> bool {
        matches!(self, Written::User { frozen: false, .. })
    }

    /// Whether `frozen` was written where nothing needs it: not of a tuple or vector.
    pub(super) fn is_explicitly_frozen(&self) -> bool {
        match self {
            Written::List { frozen, .. }
            | Written::Set { frozen, .. }
            | Written::Map { frozen, .. }
            | Written::User { frozen, .. } => *frozen,
            _ => false,
        }
    }

    /// The type that it is in the keyspace.
    pub(super) fn resolve(&self, keyspace: &Keyspace) -> Result<CqlType, EngineError> {
        self.check_parts()?;
        let resolved = self.resolve_parts(keyspace)?;
        check_size(&resolved)?;
        Ok(resolved)
    }

    /// As it is written, user types with this keyspace before their names.
    pub(super) fn qualified(&self, keyspace: &str) -> String {
        let mut text = String::new();
        // writing to a string never fails
        let _ = self.write(&mut text, Some(keyspace));
        text
    }

    fn freeze(self) -> Self {
        match self {
            Written::List { element, .. } => Written::List { element: Box::new(element.freeze()), frozen: true },
            Written::Set { element, .. } => Written::Set { element: Box::new(element.freeze()), frozen: true },
            Written::Map { pair, .. } => {
                let (key, value) = *pair;
                Written::Map { pair: Box::new((key.freeze(), value.freeze())), frozen: true }
            }
            Written::User { name, .. } => Written::User { name, frozen: true },
            other => other,
        }
    }

    /// What cannot be in what, at this level.
    fn check_parts(&self) -> Result<(), EngineError> {
        match self {
            Written::List { element, frozen } => self.check_collection(None, element, *frozen),
            Written::Set { element, frozen } => {
                self.check_nested(element, *frozen)?;
                if element.is_counter() {
                    return Err(self.counter_in_collection());
                }
                if matches!(element.as_ref(), Written::Native(NativeType::Duration)) {
                    return Err(EngineError::invalid(format!("Durations are not allowed inside sets: {self}")));
                }
                Ok(())
            }
            Written::Map { pair, frozen } => self.check_collection(Some(&pair.0), &pair.1, *frozen),
            Written::Tuple(types) if types.iter().any(Written::is_counter) => {
                Err(EngineError::invalid("Counters are not allowed inside tuples"))
            }
            Written::Vector(_, dimension @ ..=0) => {
                Err(EngineError::invalid(format!("vectors may only have positive dimensions; given {dimension}")))
            }
            _ => Ok(()),
        }
    }

    fn check_collection(&self, key: Option<&Self>, value: &Self, frozen: bool) -> Result<(), EngineError> {
        self.check_nested(value, frozen)?;
        if value.is_counter() || key.is_some_and(Written::is_counter) {
            return Err(self.counter_in_collection());
        }
        let Some(key) = key else { return Ok(()) };
        if matches!(key, Written::Native(NativeType::Duration)) {
            return Err(EngineError::invalid(format!("Durations are not allowed as map keys: {self}")));
        }
        self.check_nested(key, frozen)
    }

    fn check_nested(&self, inner: &Self, frozen: bool) -> Result<(), EngineError> {
        let what = match inner {
            _ if frozen => return Ok(()),
            Written::List { frozen: false, .. }
            | Written::Set { frozen: false, .. }
            | Written::Map { frozen: false, .. } => "collections",
            Written::User { frozen: false, .. } => "UDTs",
            _ => return Ok(()),
        };
        Err(EngineError::invalid(format!("Non-frozen {what} are not allowed inside collections: {self}")))
    }

    fn counter_in_collection(&self) -> EngineError {
        EngineError::invalid(format!("Counters are not allowed inside collections: {self}"))
    }

    fn resolve_parts(&self, keyspace: &Keyspace) -> Result<CqlType, EngineError> {
        let nested = |inner: &Self| -> Result<CqlType, EngineError> {
            inner.check_parts()?;
            inner.resolve_parts(keyspace)
        };
        Ok(match self {
            Written::Native(native) => CqlType::Native((*native).into()),
            Written::List { element, frozen } => frozen_if(*frozen, CqlType::list(nested(element)?)),
            Written::Set { element, frozen } => frozen_if(*frozen, CqlType::set(nested(element)?)),
            Written::Map { pair, frozen } => frozen_if(*frozen, CqlType::map(nested(&pair.0)?, nested(&pair.1)?)),
            Written::Tuple(types) => {
                let types = types.iter().map(|inner| Ok(nested(inner)?.freeze()));
                CqlType::tuple(types.collect::<Result<Vec<_>, EngineError>>()?)
            }
            Written::Vector(element, dimension) => {
                let refuse = |_| TypeError::VectorDimension((*dimension).into());
                CqlType::vector(nested(element)?.freeze(), u32::try_from(*dimension).map_err(refuse)?)?
            }
            Written::User { name, frozen } => {
                frozen_if(*frozen, CqlType::Udt { definition: user_type(name, keyspace)?, frozen: false })
            }
            Written::Custom(class) => custom(class)?,
        })
    }

    fn write(&self, out: &mut dyn fmt::Write, keyspace: Option<&str>) -> fmt::Result {
        if self.is_explicitly_frozen() {
            out.write_str("frozen<")?;
        }
        match self {
            Written::Native(native) => out.write_str(native.name())?,
            Written::List { element, .. } => write_parameters(out, "list", [element.as_ref()], keyspace)?,
            Written::Set { element, .. } => write_parameters(out, "set", [element.as_ref()], keyspace)?,
            Written::Map { pair, .. } => write_parameters(out, "map", [&pair.0, &pair.1], keyspace)?,
            Written::Tuple(types) => write_parameters(out, "tuple", types, keyspace)?,
            Written::Vector(element, dimension) => {
                out.write_str("vector<")?;
                element.write(out, keyspace)?;
                write!(out, ", {dimension}>")?;
            }
            Written::User { name, .. } => {
                if let Some(keyspace) = name.keyspace.as_ref().map(|name| name.as_str()).or(keyspace) {
                    write!(out, "{keyspace}.")?;
                }
                out.write_str(name.name.as_str())?;
            }
            Written::Custom(class) => write!(out, "'{class}'")?,
        }
        if self.is_explicitly_frozen() { out.write_char('>') } else { Ok(()) }
    }
}

/// As messages of Cassandra show it.
impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, None)
    }
}

/// Whether a value of the type holds, or may hold, a duration (`AbstractType.referencesDuration`).
pub(super) fn references_duration(cql_type: &CqlType) -> bool {
    any_part(cql_type, &mut |part| *part == CqlType::Native(quorate_protocol::value::NativeType::Duration))
}

/// Whether the user type is part of the type.
pub(super) fn references_user_type(cql_type: &CqlType, name: &str) -> bool {
    any_part(cql_type, &mut |part| matches!(part, CqlType::Udt { definition, .. } if definition.name == name))
}

/// Whether it is a user type of several cells with a field of several cells.
pub(super) fn has_nested_cells(cql_type: &CqlType) -> bool {
    match cql_type {
        CqlType::Udt { definition, frozen: false } => definition.fields.iter().any(|(_, field)| field.is_multi_cell()),
        _ => false,
    }
}

/// The type with tuples in the place of user types, which may change or go (`AbstractType.expandUserTypes`).
pub(super) fn without_user_types(cql_type: &CqlType) -> CqlType {
    match cql_type {
        CqlType::Native(_) | CqlType::Custom(_) => cql_type.clone(),
        CqlType::List { element, frozen } => frozen_if(*frozen, CqlType::list(without_user_types(element))),
        CqlType::Set { element, frozen } => frozen_if(*frozen, CqlType::set(without_user_types(element))),
        CqlType::Map { key, value, frozen } => {
            frozen_if(*frozen, CqlType::map(without_user_types(key), without_user_types(value)))
        }
        CqlType::Tuple(types) => CqlType::tuple(types.iter().map(without_user_types)),
        CqlType::Vector { element, dimension } => {
            CqlType::Vector { element: Arc::new(without_user_types(element)), dimension: *dimension }
        }
        CqlType::Udt { definition, .. } => {
            CqlType::tuple(definition.fields.iter().map(|(_, field)| without_user_types(field).freeze()))
        }
    }
}

/// Refuses a type that is too deep or has too many parts, all user types in it written out: walks over types must end.
pub(super) fn check_size(cql_type: &CqlType) -> Result<(), EngineError> {
    let (depth, parts) = measure(cql_type);
    if depth > MAX_TYPE_DEPTH || parts > PARTS_MAX {
        return Err(EngineError::invalid(format!(
            "The type {cql_type} is too large: types may be {MAX_TYPE_DEPTH} levels deep and have {PARTS_MAX} parts"
        )));
    }
    Ok(())
}

/// Levels and parts. `frozen` is a level, as it is one of the text.
fn measure(cql_type: &CqlType) -> (usize, usize) {
    let (own, parts): (usize, Vec<&CqlType>) = match cql_type {
        CqlType::Native(_) | CqlType::Custom(_) => (1, Vec::new()),
        CqlType::List { element, frozen } | CqlType::Set { element, frozen } => {
            (1 + usize::from(*frozen), vec![element.as_ref()])
        }
        CqlType::Map { key, value, frozen } => (1 + usize::from(*frozen), vec![key.as_ref(), value.as_ref()]),
        CqlType::Tuple(types) => (2, types.iter().collect()),
        CqlType::Vector { element, .. } => (1, vec![element.as_ref()]),
        CqlType::Udt { definition, frozen } => {
            (1 + usize::from(*frozen), definition.fields.iter().map(|(_, field)| field).collect())
        }
    };
    parts.into_iter().map(measure).fold((own, 1), |(depth, count), (inner_depth, inner_count)| {
        (depth.max(own + inner_depth), count + inner_count)
    })
}

fn any_part(cql_type: &CqlType, test: &mut dyn FnMut(&CqlType) -> bool) -> bool {
    if test(cql_type) {
        return true;
    }
    match cql_type {
        CqlType::Native(_) | CqlType::Custom(_) => false,
        CqlType::List { element, .. } | CqlType::Set { element, .. } | CqlType::Vector { element, .. } => {
            any_part(element, test)
        }
        CqlType::Map { key, value, .. } => any_part(key, test) || any_part(value, test),
        CqlType::Tuple(types) => types.iter().any(|part| any_part(part, test)),
        CqlType::Udt { definition, .. } => definition.fields.iter().any(|(_, field)| any_part(field, test)),
    }
}

fn frozen_if(frozen: bool, cql_type: CqlType) -> CqlType {
    if frozen { cql_type.freeze() } else { cql_type }
}

fn user_type(name: &QualifiedName<'_>, keyspace: &Keyspace) -> Result<Arc<UserType>, EngineError> {
    if let Some(other) = name.keyspace.as_ref().filter(|other| other.as_str() != keyspace.name.as_ref()) {
        return Err(EngineError::invalid(format!(
            "Statement on keyspace {} cannot refer to a user type in keyspace {}; user types can only be used in the \
             keyspace they are defined in",
            keyspace.name,
            other.as_str()
        )));
    }
    let found = keyspace.types.get(name.name.as_str()).cloned();
    found.ok_or_else(|| EngineError::invalid(format!("Unknown type {}.{}", keyspace.name, name.name.as_str())))
}

/// A class of Cassandra's. Those with user types in them are refused: a user type goes by its name.
fn custom(class: &str) -> Result<CqlType, EngineError> {
    const OTHER_CLASSES: [&str; 6] = [
        "CompositeType",
        "DynamicCompositeType",
        "LexicalUUIDType",
        "PartitionerDefinedOrder",
        "ReversedType",
        "LegacyTimeUUIDType",
    ];
    let refuse = |reason: String| EngineError::syntax(format!("Error setting type {class}: {reason}"));
    let parsed = CqlType::from_class_name(class).map_err(|error| refuse(error.to_string()))?;
    let package = "org.apache.cassandra.db.marshal.";
    if let CqlType::Custom(name) = &parsed {
        let head = name.split('(').next().unwrap_or_default();
        if !OTHER_CLASSES.contains(&head.strip_prefix(package).unwrap_or(head)) {
            let full = if head.contains('.') { head.to_owned() } else { format!("{package}{head}") };
            return Err(refuse(format!("Unable to find abstract-type class '{full}'")));
        }
        return Ok(CqlType::Custom(composite::full_name(name).into()));
    }
    if any_part(&parsed, &mut |part| matches!(part, CqlType::Udt { .. })) {
        return Err(refuse("user types must be named, not given by their class".to_owned()));
    }
    Ok(parsed)
}

fn write_parameters<'w, 'a: 'w>(
    out: &mut dyn fmt::Write,
    name: &str,
    parameters: impl IntoIterator<Item = &'w Written<'a>>,
    keyspace: Option<&str>,
) -> fmt::Result {
    write!(out, "{name}<")?;
    for (index, parameter) in parameters.into_iter().enumerate() {
        out.write_str(if index > 0 { ", " } else { "" })?;
        parameter.write(out, keyspace)?;
    }
    out.write_char('>')
}
