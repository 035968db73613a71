use std::fmt::{Display, Formatter, Result};

use super::bracketed;
use super::name::{quoted, user_type};
use crate::cql::ast::{NativeType, Type};

impl Display for NativeType {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(self.name())
    }
}

impl Display for Type<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Native(native) => native.fmt(f),
            Self::List(element) => write!(f, "list<{element}>"),
            Self::Set(element) => write!(f, "set<{element}>"),
            Self::Map(entry) => write!(f, "map<{}, {}>", entry.0, entry.1),
            Self::Tuple(components) => bracketed(f, "tuple<", components, ">"),
            Self::Vector(element, dimension) => write!(f, "vector<{element}, {dimension}>"),
            Self::UserDefined(name) => user_type(name).fmt(f),
            Self::Frozen(inner) => write!(f, "frozen<{inner}>"),
            Self::Custom(class) => quoted(f, class, '\''),
        }
    }
}
