//! CREATE, ALTER and DROP: a schema and a statement to the next schema, refusing what Cassandra 5.0 refuses, in its words
//! (`org.apache.cassandra.cql3.statements.schema`).
//!
//! [`apply`] changes nothing: it returns a [`Change`], and the caller puts its schema in the place of the old one, removes
//! and fills what it names, and tells clients. A statement goes through the same steps as in Cassandra, because its first
//! mistake is the one that is reported: its names, whether its keyspace may be changed at all, what PREPARE can see
//! ([`check_prepare`]), and then the statement against the schema.

mod aggregate;
mod alter_table;
mod alter_type;
mod alter_view;
mod attributes;
mod caching;
mod compaction;
mod compression;
mod create_index;
mod create_table;
mod create_type;
mod create_view;
mod data_type;
mod drop_index;
mod drop_table;
mod drop_type;
mod drop_view;
mod function;
mod keyspace;
mod mask;
mod permission;
mod replication;
mod sasi;
mod scope;
mod speculative_retry;
mod storage_attached;
mod table_attributes;
mod trigger;
mod unified_compaction;

use quorate_protocol::cql::ast::Statement;
use quorate_protocol::message::response::{SchemaChange, SchemaChangeKind, SchemaTarget};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::EngineError;
use super::schema::Schema;
use crate::store::mutation::StorageId;

/// What a statement makes of a schema.
#[derive(Clone, Debug)]
pub struct Change {
    /// The next schema.
    pub schema: Schema,
    /// What clients are told; absent where nothing changed, as with IF NOT EXISTS.
    pub event: Option<SchemaChange>,
    /// What the client that asked is warned of.
    pub warnings: Vec<String>,
    /// The rows that nothing names any longer.
    pub removed: Vec<StorageId>,
    /// What must be filled from rows that are there.
    pub build: Vec<Build>,
}

/// Something new that follows from rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Build {
    /// The entries of an index.
    Index {
        /// The keyspace.
        keyspace: String,
        /// The table that is indexed.
        table: String,
        /// The index.
        index: String,
    },
    /// The rows of a materialized view.
    View {
        /// The keyspace.
        keyspace: String,
        /// The view.
        view: String,
    },
}

/// What `cassandra.yaml` turns on. The default is Cassandra's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// `dynamic_data_masking_enabled`: MASKED WITH.
    pub dynamic_data_masking: bool,
    /// `drop_compact_storage_enabled`
    pub drop_compact_storage: bool,
}

/// What the statement makes of the schema, with the [`Features`] that Cassandra has by default. `now_micros` is the time in
/// microseconds since the epoch; `random` gives the bits of the ids of tables.
///
/// # Errors
/// As Cassandra refuses the statement. A statement that defines nothing is Invalid.
pub fn apply(
    schema: &Schema,
    statement: &Statement<'_>,
    session_keyspace: Option<&str>,
    now_micros: i64,
    random: &mut dyn FnMut() -> u128,
) -> Result<Change, EngineError> {
    apply_with(Features::default(), schema, statement, session_keyspace, now_micros, random)
}

/// As [`apply`], with these features.
///
/// # Errors
/// See [`apply`].
pub fn apply_with(
    features: Features,
    schema: &Schema,
    statement: &Statement<'_>,
    session_keyspace: Option<&str>,
    now_micros: i64,
    random: &mut dyn FnMut() -> u128,
) -> Result<Change, EngineError> {
    let keyspace = scope::keyspace_of(statement, session_keyspace)?;
    permission::check(schema, statement, keyspace)?;
    check_without_schema(statement, features)?;
    scope::check_modifiable(schema, keyspace)?;
    let mut request = Request { schema, keyspace, features, now_micros, random };
    match statement {
        Statement::CreateKeyspace(create) => keyspace::create(create, &request),
        Statement::AlterKeyspace(alter) => keyspace::alter(alter, &request),
        Statement::DropKeyspace(drop) => keyspace::drop(drop, &request),
        Statement::CreateTable(create) => create_table::apply(create, &mut request),
        Statement::AlterTable(alter) => alter_table::apply(alter, &request),
        Statement::DropTable(drop) => drop_table::apply(drop, &request),
        Statement::CreateType(create) => create_type::apply(create, &request),
        Statement::AlterType(alter) => alter_type::apply(alter, &request),
        Statement::DropType(drop) => drop_type::apply(drop, &request),
        Statement::CreateIndex(create) => create_index::apply(create, &request),
        Statement::DropIndex(drop) => drop_index::apply(drop, &request),
        Statement::CreateView(create) => create_view::apply(create, &mut request),
        Statement::AlterView(alter) => alter_view::apply(alter, &request),
        Statement::DropView(drop) => drop_view::apply(drop, &request),
        Statement::CreateTrigger(create) => trigger::create(create, &request),
        Statement::DropTrigger(drop) => trigger::drop(drop, &request),
        Statement::CreateFunction(create) => function::create(create, &request),
        Statement::DropFunction(drop) => function::drop(drop, &request),
        Statement::CreateAggregate(create) => aggregate::create(create, &request),
        Statement::DropAggregate(drop) => aggregate::drop(drop, &request),
        _ => Err(EngineError::invalid(scope::NO_DEFINITION)),
    }
}

/// What PREPARE checks of a statement that defines something: its names, that it has a keyspace, and its options by
/// themselves, but nothing that takes a look at the schema.
///
/// # Errors
/// As Cassandra refuses to prepare the statement.
pub fn check_prepare(statement: &Statement<'_>, session_keyspace: Option<&str>) -> Result<(), EngineError> {
    check_prepare_with(Features::default(), statement, session_keyspace)
}

/// As [`check_prepare`], with these features.
///
/// # Errors
/// See [`check_prepare`].
pub fn check_prepare_with(
    features: Features,
    statement: &Statement<'_>,
    session_keyspace: Option<&str>,
) -> Result<(), EngineError> {
    scope::keyspace_of(statement, session_keyspace)?;
    check_without_schema(statement, features)
}

/// Whether USE of the keyspace is possible.
///
/// # Errors
/// Invalid where there is no such keyspace.
pub fn check_use(schema: &Schema, keyspace: &str) -> Result<(), EngineError> {
    match schema.keyspace(keyspace) {
        Some(_) => Ok(()),
        None => Err(EngineError::invalid(format!("Keyspace '{keyspace}' does not exist"))),
    }
}

/// `CQLStatement.validate`
fn check_without_schema(statement: &Statement<'_>, features: Features) -> Result<(), EngineError> {
    match statement {
        Statement::CreateTable(create) => create_table::check_without_schema(create, features),
        Statement::AlterTable(alter) => alter_table::check_without_schema(alter, features),
        _ => Ok(()),
    }
}

/// A statement's circumstances.
struct Request<'a> {
    schema: &'a Schema,
    /// The keyspace that the statement is about, which may not exist.
    keyspace: &'a str,
    features: Features,
    now_micros: i64,
    random: &'a mut dyn FnMut() -> u128,
}

impl Request<'_> {
    /// A time-based id, as `TableId.generate` makes it.
    fn table_id(&mut self) -> Uuid {
        const FROM_1582_TO_1970_100NS: u64 = 0x01B2_1DD2_1381_4000;
        let ticks = (self.now_micros.max(0) as u64).wrapping_mul(10).wrapping_add(FROM_1582_TO_1970_100NS);
        let random = (self.random)();
        let [_, _, _, _, _, _, _, _, c0, c1, n0, n1, n2, n3, n4, n5] = random.to_be_bytes();
        let sequence = [(c0 & 0x3F) | 0x80, c1];
        // the multicast bit says that the node is no hardware address
        let node = [n0 | 1, n1, n2, n3, n4, n5];
        Uuid::from_fields(
            ticks as u32,
            (ticks >> 32) as u16,
            ((ticks >> 48) as u16 & 0x0FFF) | 0x1000,
            &[sequence[0], sequence[1], node[0], node[1], node[2], node[3], node[4], node[5]],
        )
    }

    /// No change, as with IF NOT EXISTS.
    fn unchanged(&self) -> Change {
        Change {
            schema: self.schema.clone(),
            event: None,
            warnings: Vec::new(),
            removed: Vec::new(),
            build: Vec::new(),
        }
    }

    /// The change to the schema, of which clients hear if the keyspace is not the same.
    fn change(&self, schema: Schema, kind: SchemaChangeKind, target: SchemaTarget) -> Change {
        if schema.keyspace(self.keyspace) == self.schema.keyspace(self.keyspace) {
            return self.unchanged();
        }
        let event = SchemaChange { kind, keyspace: self.keyspace.to_owned(), target };
        Change { schema, event: Some(event), warnings: Vec::new(), removed: Vec::new(), build: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
