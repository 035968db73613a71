//! A statement, compiled against the schema.

use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest, Md5};
use quorate_protocol::cql::{self, ast};
use quorate_protocol::message::response::{Columns, ResultColumns, ResultMetadata};
use quorate_protocol::value::UserType;

use super::schema_change::{no_keyspace, no_table};
use super::{Database, Schema, modify};
use crate::engine::definition;
use crate::engine::maintain::has_strict_liveness;
use crate::engine::modification::{BatchPlan, ModificationPlan};
use crate::engine::role::Rules;
use crate::engine::schema::TableDefinition;
use crate::engine::{EngineError, Plan, recognition, system_tables};

/// A statement that is checked against a schema and ready to run, again and again.
#[derive(Clone)]
pub struct Statement {
    text: Arc<str>,
    keyspace: Option<Arc<str>>,
    id: Bytes,
    metadata_id: Bytes,
    /// What it was compiled against.
    pub(super) schema: Arc<Schema>,
    pub(super) plan: StatementPlan,
    /// Why nobody may execute it, though it can be prepared: the system's own tables are not written to.
    pub(super) refusal: Option<EngineError>,
}

/// What is to be done.
#[derive(Clone)]
pub(super) enum StatementPlan {
    Select(Arc<SelectPlan>),
    Modify(Arc<ModificationPlan>),
    Batch(Arc<BatchPlan>),
    Use(String),
    Truncate {
        keyspace: String,
        table: String,
    },
    /// CREATE, ALTER, DROP: rare enough to be read from their text again.
    Define,
    /// Roles, permissions and identities.
    Roles,
    Describe,
}

/// A SELECT, and where its rows are.
pub(super) struct SelectPlan {
    pub(super) plan: Plan,
    pub(super) definition: Arc<TableDefinition>,
    /// Its rows are made when they are read.
    pub(super) is_computed: bool,
}

impl Database {
    /// Compiles a statement for one use, on behalf of `user`.
    ///
    /// # Errors
    /// As Cassandra refuses it.
    pub fn compile(&self, text: &str, keyspace: Option<&str>, user: Option<&str>) -> Result<Statement, EngineError> {
        let tree = cql::parse(text).map_err(|error| EngineError::Syntax(error.to_string()))?;
        recognition::check(&tree)?;
        let schema = self.schema();
        let plan = plan(&tree, &schema, keyspace)?;
        let refusal = if self.rules == Rules::Open { self.authorize(&tree, keyspace, None).err() } else { None };
        let refusal = refusal.or_else(|| refused_write(&tree, keyspace));
        if self.rules == Rules::Open || user.is_some() {
            self.validate(&tree, keyspace, user)?;
        }
        let metadata_id = match &plan {
            StatementPlan::Select(select) => metadata_id(select.plan.metadata()),
            _ => metadata_id(&ResultMetadata::none()),
        };
        Ok(Statement {
            id: id_of(text, keyspace),
            metadata_id,
            text: text.into(),
            keyspace: keyspace.map(Arc::from),
            schema,
            plan,
            refusal,
        })
    }

    /// Compiles a statement, and remembers it by its id.
    ///
    /// # Errors
    /// As Cassandra refuses it.
    pub fn prepare(
        &self,
        text: &str,
        keyspace: Option<&str>,
        user: Option<&str>,
    ) -> Result<Arc<Statement>, EngineError> {
        let statement = Arc::new(self.compile(text, keyspace, user)?);
        self.prepared.insert(statement.id.clone(), statement.clone());
        Ok(statement)
    }

    /// The statement that was prepared under this id, as it is to be executed under the schema of now.
    ///
    /// # Errors
    /// It is not known, or its columns or markers have changed: it must be prepared again.
    pub fn prepared(&self, id: &[u8]) -> Result<Arc<Statement>, EngineError> {
        let unprepared = || EngineError::Unprepared(id.to_vec());
        let known = self.prepared.get(id).ok_or_else(unprepared)?;
        if Arc::ptr_eq(&known.schema, &self.schema.load().schema) {
            return Ok(known);
        }
        match self.compile(&known.text, known.keyspace.as_deref(), None) {
            Ok(again) if again.metadata_id == known.metadata_id && again.markers() == known.markers() => {
                let again = Arc::new(again);
                self.prepared.insert(again.id.clone(), again.clone());
                Ok(again)
            }
            _ => {
                self.prepared.remove(id);
                Err(unprepared())
            }
        }
    }
}

impl Statement {
    /// What it is prepared under.
    pub fn id(&self) -> &Bytes {
        &self.id
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The keyspace of the session that it was compiled in.
    pub fn keyspace(&self) -> Option<&str> {
        self.keyspace.as_deref()
    }

    /// The [`metadata_id`] that its preparer was told.
    pub fn metadata_id(&self) -> &Bytes {
        &self.metadata_id
    }

    /// The columns of its rows, if it is a SELECT.
    pub fn metadata(&self) -> Option<&ResultMetadata> {
        match &self.plan {
            StatementPlan::Select(select) => Some(select.plan.metadata()),
            _ => None,
        }
    }

    /// Its bind markers.
    pub fn markers(&self) -> Columns {
        match &self.plan {
            StatementPlan::Select(select) => select.plan.markers(),
            StatementPlan::Modify(modification) => modification.markers(),
            StatementPlan::Batch(batch) => batch.markers(),
            _ => Columns::default(),
        }
    }

    /// Which markers are the partition key, in its order; none where not all of it is bound.
    pub fn partition_key_indexes(&self) -> Vec<u16> {
        match &self.plan {
            StatementPlan::Select(select) => select.plan.partition_key_indexes(),
            StatementPlan::Modify(modification) => modification.partition_key_indexes(),
            StatementPlan::Batch(batch) => batch.partition_key_indexes(),
            _ => Vec::new(),
        }
    }

    /// Whether it reads or writes rows that are stored.
    pub fn touches_rows(&self) -> bool {
        match &self.plan {
            StatementPlan::Select(select) => !select.is_computed,
            StatementPlan::Modify(_) | StatementPlan::Batch(_) => true,
            _ => false,
        }
    }

    /// Whether it may take so long that others should not wait for it; `has_pages` tells whether its result comes in pages.
    pub fn is_heavy(&self, has_pages: impl FnOnce() -> bool) -> bool {
        match &self.plan {
            StatementPlan::Select(select) => {
                let plan = &select.plan;
                !(select.is_computed || plan.reads_one_row() || plan.is_bounded() && has_pages())
            }
            StatementPlan::Truncate { .. } | StatementPlan::Define | StatementPlan::Roles => true,
            StatementPlan::Modify(_) | StatementPlan::Batch(_) | StatementPlan::Use(_) | StatementPlan::Describe => {
                false
            }
        }
    }
}

fn plan(tree: &ast::Statement<'_>, schema: &Arc<Schema>, keyspace: Option<&str>) -> Result<StatementPlan, EngineError> {
    use ast::Statement as Tree;
    let table = |name: &ast::QualifiedName<'_>| table(schema, name, keyspace);
    Ok(match tree {
        Tree::Select(select) => {
            let definition = table(&select.from)?;
            let spec = definition.table.spec();
            let is_computed = system_tables::is_computed(&spec.keyspace, &spec.table);
            let types = |named: Option<&str>, name: &str| user_type(schema, named.unwrap_or(&spec.keyspace), name);
            let plan = if is_computed {
                Plan::prepare(select, &definition.table, &types)?
            } else {
                let view = schema.view(&spec.keyspace, &spec.table);
                let base = view.and_then(|view| schema.table(&spec.keyspace, &view.base));
                let is_strict = view.zip(base).is_some_and(|(view, base)| has_strict_liveness(view, base));
                Plan::prepare_stored(select, definition, &types)?.with_strict_liveness(is_strict)
            };
            StatementPlan::Select(Arc::new(SelectPlan { plan, definition: definition.clone(), is_computed }))
        }
        // Whether there is such a keyspace is asked when it is to be used.
        Tree::Use(name) => StatementPlan::Use(name.as_str().to_owned()),
        Tree::Truncate(name) => {
            let spec = table(name)?.table.spec();
            StatementPlan::Truncate { keyspace: spec.keyspace.clone(), table: spec.table.clone() }
        }
        Tree::Describe(_) => StatementPlan::Describe,
        _ => match modify::plan(tree, schema, keyspace)? {
            Some(plan) => plan,
            None if is_about_roles(tree) => StatementPlan::Roles,
            None => {
                definition::check_prepare(tree, keyspace)?;
                StatementPlan::Define
            }
        },
    })
}

/// The refusal to write to a table whose rows nothing keeps. (A Cassandra lets a superuser write to `system_schema`.)
fn refused_write(tree: &ast::Statement<'_>, session_keyspace: Option<&str>) -> Option<EngineError> {
    use ast::Statement as Tree;
    let computed = |table: &ast::QualifiedName<'_>| {
        let keyspace = table.keyspace.as_ref().map(|keyspace| keyspace.as_str()).or(session_keyspace)?;
        system_tables::is_computed(keyspace, table.name.as_str()).then(|| keyspace.to_owned())
    };
    let keyspace = match tree {
        Tree::Truncate(table) => computed(table),
        Tree::Batch(batch) => batch.statements.iter().find_map(|one| computed(one.table())),
        Tree::Insert(_) | Tree::Update(_) | Tree::Delete(_) => tree.table().and_then(computed),
        _ => None,
    };
    keyspace.map(|keyspace| EngineError::Unauthorized(format!("{keyspace} keyspace is not user-modifiable.")))
}

fn is_about_roles(tree: &ast::Statement<'_>) -> bool {
    use ast::Statement as Tree;
    matches!(
        tree,
        Tree::CreateRole(_)
            | Tree::AlterRole(_)
            | Tree::DropRole(_)
            | Tree::CreateUser(_)
            | Tree::AlterUser(_)
            | Tree::DropUser(_)
            | Tree::AddIdentity(_)
            | Tree::DropIdentity(_)
            | Tree::Grant(_)
            | Tree::Revoke(_)
            | Tree::GrantRole(_)
            | Tree::RevokeRole(_)
            | Tree::ListPermissions(_)
            | Tree::ListRoles(_)
            | Tree::ListUsers
    )
}

/// The table or view of that name, in the session's keyspace unless another is named.
pub(super) fn table<'a>(
    schema: &'a Schema,
    name: &ast::QualifiedName<'_>,
    session_keyspace: Option<&str>,
) -> Result<&'a Arc<TableDefinition>, EngineError> {
    let named = name.keyspace.as_ref().map(|keyspace| keyspace.as_str());
    let keyspace = named.or(session_keyspace).ok_or_else(|| {
        let text = "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename";
        EngineError::Invalid(text.to_owned())
    })?;
    let known = schema.keyspace(keyspace).ok_or_else(|| no_keyspace(keyspace))?;
    known.table_or_view(name.name.as_str()).ok_or_else(|| no_table(name.name.as_str()))
}

fn user_type(schema: &Schema, keyspace: &str, name: &str) -> Option<Arc<UserType>> {
    schema.keyspace(keyspace)?.types.get(name).cloned()
}

/// As Cassandra makes it (`QueryProcessor.computeId`).
fn id_of(text: &str, keyspace: Option<&str>) -> Bytes {
    let digest = Md5::new().chain_update(keyspace.unwrap_or_default()).chain_update(text).finalize();
    Bytes::copy_from_slice(&digest)
}

/// A digest of what the columns of a result are.
pub fn metadata_id(metadata: &ResultMetadata) -> Bytes {
    let mut digest = Md5::new();
    if let ResultColumns::Described(columns) = &metadata.columns {
        for spec in &columns.specs {
            for part in [&spec.table.keyspace, &spec.table.table, &spec.name, &spec.cql_type.to_string()] {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part.as_bytes());
            }
        }
    }
    Bytes::copy_from_slice(&digest.finalize())
}
