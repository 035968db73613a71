//! From the schema that the driver read to a catalog.

use std::sync::Arc;

use quorate_protocol::value::{CqlType, NativeType, UserType};
use scylla::cluster::ClusterState;
use scylla::cluster::metadata;
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType as DriverType};

use super::{Catalog, Column, ColumnKind, Table};

impl Catalog {
    /// The tables and views that a driver knows of a cluster, whose schema it must have been told to fetch whole.
    pub fn of_cluster(cluster: &ClusterState) -> Self {
        Self::of_tables(cluster.keyspaces_iter().flat_map(|(name, keyspace)| {
            let tables = keyspace.tables.iter();
            let views = keyspace.views.iter().map(|(view, known)| (view, &known.view_metadata));
            tables.chain(views).map(move |(table, known)| (name, table.as_str(), table_of(known)))
        }))
    }
}

fn table_of(table: &metadata::Table) -> Table {
    Table::new(table.columns.iter().map(|(name, column)| {
        let position = |key: &[String]| key.iter().position(|part| part == name);
        let kind = match (position(&table.partition_key), position(&table.clustering_key)) {
            (Some(position), _) => ColumnKind::PartitionKey(position),
            (None, Some(position)) => ColumnKind::Clustering(position),
            (None, None) if column.kind == metadata::ColumnKind::Static => ColumnKind::Static,
            (None, None) => ColumnKind::Regular,
        };
        Column { name: name.as_str().into(), kind, data_type: type_of(&column.typ) }
    }))
}

fn type_of(data_type: &ColumnType<'_>) -> CqlType {
    match data_type {
        ColumnType::Native(native) => CqlType::Native(native_of(native)),
        ColumnType::Collection { frozen, typ } => {
            let frozen = *frozen;
            match typ {
                CollectionType::List(element) => CqlType::List { element: Arc::new(type_of(element)), frozen },
                CollectionType::Set(element) => CqlType::Set { element: Arc::new(type_of(element)), frozen },
                CollectionType::Map(key, value) => {
                    CqlType::Map { key: Arc::new(type_of(key)), value: Arc::new(type_of(value)), frozen }
                }
                _ => unknown(data_type),
            }
        }
        ColumnType::Vector { typ, dimensions } => {
            CqlType::Vector { element: Arc::new(type_of(typ)), dimension: u32::from(*dimensions) }
        }
        ColumnType::UserDefinedType { frozen, definition } => {
            let fields =
                definition.field_types.iter().map(|(name, field)| (name.to_string(), type_of(field))).collect();
            let (keyspace, name) = (definition.keyspace.to_string(), definition.name.to_string());
            CqlType::Udt { definition: Arc::new(UserType { keyspace, name, fields }), frozen: *frozen }
        }
        ColumnType::Tuple(elements) => CqlType::tuple(elements.iter().map(type_of)),
        _ => unknown(data_type),
    }
}

/// A type that the driver knows and we do not: its values are opaque.
fn unknown(data_type: &ColumnType<'_>) -> CqlType {
    CqlType::Custom(format!("{data_type:?}").into())
}

fn native_of(native: &DriverType) -> NativeType {
    match native {
        DriverType::Ascii => NativeType::Ascii,
        DriverType::Boolean => NativeType::Boolean,
        DriverType::Blob => NativeType::Blob,
        DriverType::Counter => NativeType::Counter,
        DriverType::Date => NativeType::Date,
        DriverType::Decimal => NativeType::Decimal,
        DriverType::Double => NativeType::Double,
        DriverType::Duration => NativeType::Duration,
        DriverType::Float => NativeType::Float,
        DriverType::Int => NativeType::Int,
        DriverType::BigInt => NativeType::BigInt,
        DriverType::Text => NativeType::Text,
        DriverType::Timestamp => NativeType::Timestamp,
        DriverType::Inet => NativeType::Inet,
        DriverType::SmallInt => NativeType::SmallInt,
        DriverType::TinyInt => NativeType::TinyInt,
        DriverType::Time => NativeType::Time,
        DriverType::Timeuuid => NativeType::TimeUuid,
        DriverType::Uuid => NativeType::Uuid,
        DriverType::Varint => NativeType::VarInt,
        // Opaque bytes are what remains of a type of a newer driver.
        _ => NativeType::Blob,
    }
}
