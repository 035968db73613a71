use std::fmt::{Display, Formatter, Result};

use super::bracketed;
use crate::cql::ast::{InValues, Operator, Relation};

impl Display for Relation<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Column { column, operator, value } => write!(f, "{column} {operator} {value}"),
            Self::In { column, values } => write!(f, "{column} IN {values}"),
            Self::IsNotNull(column) => write!(f, "{column} IS NOT NULL"),
            Self::Element { column, key, operator, value } => write!(f, "{column}[{key}] {operator} {value}"),
            Self::Token { columns, operator, value } => {
                bracketed(f, "token(", columns, ")")?;
                write!(f, " {operator} {value}")
            }
            Self::Tuple { columns, operator, value } => {
                bracketed(f, "(", columns, ")")?;
                write!(f, " {operator} {value}")
            }
            Self::TupleIn { columns, values } => {
                bracketed(f, "(", columns, ")")?;
                write!(f, " IN {values}")
            }
            Self::Expression { index, value } => write!(f, "expr({index}, {value})"),
        }
    }
}

impl Display for InValues<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::List(values) => bracketed(f, "(", values, ")"),
            Self::Marker(marker) => marker.fmt(f),
        }
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "LIKE",
            Self::Contains => "CONTAINS",
            Self::ContainsKey => "CONTAINS KEY",
        })
    }
}
