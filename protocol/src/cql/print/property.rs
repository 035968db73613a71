use std::fmt::{Display, Formatter, Result};

use super::pairs;
use crate::cql::ast::{Property, PropertyValue};

impl Display for Property<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} = {}", self.name, self.value)
    }
}

impl Display for PropertyValue<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Constant(constant) => constant.fmt(f),
            Self::Keyword(word) => f.write_str(word),
            Self::Map(entries) => pairs(f, ["{", ": ", ", ", "}"], entries),
        }
    }
}
