use std::fmt::{Display, Formatter, Result};

use super::name::{function, user_type};
use super::when;
use crate::cql::ast::{Describe, DescribeTarget};

impl Display for Describe<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "DESCRIBE {}", self.target)?;
        when(f, self.with_internals, " WITH INTERNALS")
    }
}

impl Display for DescribeTarget<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Cluster => f.write_str("CLUSTER"),
            Self::Schema { full } => f.write_str(if *full { "FULL SCHEMA" } else { "SCHEMA" }),
            Self::Keyspaces => f.write_str("KEYSPACES"),
            Self::Keyspace { name, only } => {
                f.write_str(if *only { "ONLY KEYSPACE" } else { "KEYSPACE" })?;
                match name {
                    Some(name) => write!(f, " {name}"),
                    None => Ok(()),
                }
            }
            Self::Tables => f.write_str("TABLES"),
            Self::Table(name) => write!(f, "TABLE {name}"),
            Self::Index(name) => write!(f, "INDEX {name}"),
            Self::View(name) => write!(f, "MATERIALIZED VIEW {name}"),
            Self::Types => f.write_str("TYPES"),
            Self::Type(name) => write!(f, "TYPE {}", user_type(name)),
            Self::Functions => f.write_str("FUNCTIONS"),
            Self::Function(name) => write!(f, "FUNCTION {}", function(name)),
            Self::Aggregates => f.write_str("AGGREGATES"),
            Self::Aggregate(name) => write!(f, "AGGREGATE {}", function(name)),
            Self::Any(name) => write!(f, "{name}"),
        }
    }
}
