use std::fmt::{Display, Formatter, Result};

use super::super::name::function;
use super::super::{bracketed, clause, list, pairs, when};
use super::{if_exists, if_not_exists, one_or_parenthesized};
use crate::cql::ast::{
    AlterTable, AlterTableAction, ColumnDefinition, CreateTable, DropTable, Mask, PrimaryKey, TableItem, TableOption,
};

impl Display for CreateTable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_not_exists(f, "CREATE TABLE", self.if_not_exists, &self.name)?;
        bracketed(f, " (", &self.items, ")")?;
        clause(f, " WITH ", &self.options)
    }
}

impl Display for TableItem<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Column { definition, primary_key } => {
                definition.fmt(f)?;
                when(f, *primary_key, " PRIMARY KEY")
            }
            Self::PrimaryKey(key) => key.fmt(f),
        }
    }
}

impl Display for ColumnDefinition<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {}", self.name, self.data_type)?;
        when(f, self.is_static, " STATIC")?;
        match &self.mask {
            Some(mask) => write!(f, " {mask}"),
            None => Ok(()),
        }
    }
}

impl Display for Mask<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Default => f.write_str("MASKED WITH DEFAULT"),
            Self::Function(name, arguments) => {
                write!(f, "MASKED WITH {}", function(name))?;
                bracketed(f, "(", arguments, ")")
            }
        }
    }
}

impl Display for PrimaryKey<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("PRIMARY KEY (")?;
        one_or_parenthesized(f, &self.partition)?;
        when(f, !self.clustering.is_empty(), ", ")?;
        list(f, &self.clustering)?;
        f.write_str(")")
    }
}

impl Display for TableOption<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Property(property) => property.fmt(f),
            Self::CompactStorage => f.write_str("COMPACT STORAGE"),
            Self::ClusteringOrder(columns) => pairs(f, ["CLUSTERING ORDER BY (", " ", ", ", ")"], columns),
        }
    }
}

impl Display for AlterTable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "ALTER TABLE", self.if_exists, &self.name)?;
        write!(f, " {}", self.action)
    }
}

impl Display for AlterTableAction<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::AlterType { column, data_type } => write!(f, "ALTER {column} TYPE {data_type}"),
            Self::AlterMask { if_exists, column, mask } => {
                f.write_str("ALTER ")?;
                when(f, *if_exists, "IF EXISTS ")?;
                match mask {
                    Some(mask) => write!(f, "{column} {mask}"),
                    None => write!(f, "{column} DROP MASKED"),
                }
            }
            Self::Add { if_not_exists, columns } => {
                f.write_str("ADD ")?;
                when(f, *if_not_exists, "IF NOT EXISTS ")?;
                one_or_parenthesized(f, columns)
            }
            Self::Drop { if_exists, columns, timestamp } => {
                f.write_str("DROP ")?;
                when(f, *if_exists, "IF EXISTS ")?;
                one_or_parenthesized(f, columns)?;
                match timestamp {
                    Some(timestamp) => write!(f, " USING TIMESTAMP {timestamp}"),
                    None => Ok(()),
                }
            }
            Self::DropCompactStorage => f.write_str("DROP COMPACT STORAGE"),
            Self::Rename { if_exists, columns } => {
                f.write_str("RENAME ")?;
                when(f, *if_exists, "IF EXISTS ")?;
                pairs(f, ["", " TO ", " AND ", ""], columns)
            }
            Self::With(properties) => clause(f, "WITH ", properties),
        }
    }
}

impl Display for DropTable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "DROP TABLE", self.if_exists, &self.name)
    }
}
