//! CREATE INDEX.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_protocol::cql::ast::{CreateIndex, IndexTarget as Written, Name};
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};
use quorate_protocol::value::{CqlType, NativeType, quote_identifier};

use super::attributes::Attributes;
use super::scope::is_word;
use super::{Build, Change, Request, sasi, storage_attached};
use crate::engine::error::EngineError;
use crate::engine::schema::{Index, IndexKind, IndexTarget, Keyspace, TableDefinition};
use crate::engine::{Column, ColumnKind};
use crate::store::mutation::StorageId;

/// What Cassandra calls CREATE INDEX without USING.
const LEGACY_CLASS: &str = "legacy_local_table";

/// CREATE INDEX
pub(super) fn apply(create: &CreateIndex<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let (class, options) = class_and_options(create)?;
    let mut change = match plan(create, request, class.as_deref(), options)? {
        Some((keyspace, table, index)) => indexed(&keyspace, &table, index, request)?,
        None => request.unchanged(),
    };
    if class.as_deref() == Some(sasi::CLASS) {
        change.warnings.push(sasi::USAGE_WARNING.to_owned());
    }
    Ok(change)
}

/// Checks what the indexes of the table are, as Cassandra does of all of them whenever a table changes.
pub(super) fn check_all(table: &TableDefinition, warnings: &mut Vec<String>) -> Result<(), EngineError> {
    for index in table.indexes.values() {
        if !is_word(&index.name) {
            return Err(EngineError::configuration(format!("Illegal index name {}", index.name)));
        }
        let Some((_, column)) = table.table.column(&index.column) else { continue };
        match index.kind {
            IndexKind::Secondary => {}
            IndexKind::StorageAttached => storage_attached::check(index, column, table, warnings)?,
            IndexKind::Sasi => sasi::check(index, column)?,
        }
    }
    Ok(())
}

/// The class of a custom index, and its options.
fn class_and_options(create: &CreateIndex<'_>) -> Result<(Option<String>, BTreeMap<String, String>), EngineError> {
    let class = create.class.as_deref().unwrap_or(LEGACY_CLASS);
    let is_custom = create.custom || !class.eq_ignore_ascii_case(LEGACY_CLASS);
    let attributes = Attributes::new(&create.properties);
    attributes.check_names(&["options"])?;
    if !is_custom && !attributes.is_empty() {
        return Err(EngineError::invalid("Cannot specify options for a non-CUSTOM index"));
    }
    let options = attributes.map("options")?.unwrap_or_default();
    if let Some(own) = ["class_name", "target"].into_iter().find(|name| options.contains_key(*name)) {
        return Err(EngineError::invalid(format!("Cannot specify {own} as a CUSTOM option")));
    }
    Ok((is_custom.then(|| class.to_owned()), options))
}

type Planned = (Arc<Keyspace>, Arc<TableDefinition>, Index);

/// The index and its table; nothing if it exists and need not be made.
fn plan(
    create: &CreateIndex<'_>,
    request: &Request<'_>,
    class: Option<&str>,
    mut options: BTreeMap<String, String>,
) -> Result<Option<Planned>, EngineError> {
    let table_name = create.table.name.as_str();
    let Some(keyspace) = request.schema.keyspace(request.keyspace) else {
        return Err(EngineError::invalid(format!("Keyspace '{}' doesn't exist", request.keyspace)));
    };
    let Some(table) = keyspace.table_or_view(table_name) else {
        return Err(EngineError::invalid(format!("Table '{table_name}' doesn't exist")));
    };
    let given = create.name.as_ref().map(Name::as_str);
    if let Some(name) = given.filter(|name| keyspace.indexed_table(name).is_some()) {
        if create.if_not_exists {
            return Ok(None);
        }
        return Err(EngineError::invalid(format!("Index '{name}' already exists")));
    }
    if table.flags.counter {
        return Err(EngineError::invalid("Secondary indexes on counter tables aren't supported"));
    }
    if keyspace.views.contains_key(table_name) {
        return Err(EngineError::invalid("Secondary indexes on materialized views aren't supported"));
    }
    let targets = targets(create, table, class.is_some())?;
    let name = match given {
        Some(name) => name.to_owned(),
        None => free_name(keyspace, table_name, &targets),
    };
    let kind = kind_of(class)?;
    let Some(target) = only_target(&targets, kind)? else {
        return Err(EngineError::invalid("Failed to retrieve target column for: "));
    };
    options.extend(class.map(|class| ("class_name".to_owned(), class.to_owned())));
    // it is taken from the next schema when the index is
    let storage = StorageId(request.schema.next_storage);
    let index = Index {
        name: Arc::from(name),
        kind,
        column: target.column.name.clone(),
        target: target.stored(),
        storage,
        options,
    };
    let is_same = |other: &&Arc<Index>| {
        (other.kind, &other.column, other.target, &other.options)
            == (index.kind, &index.column, index.target, &index.options)
    };
    if let Some(equal) = table.indexes.values().find(is_same) {
        if create.if_not_exists {
            return Ok(None);
        }
        return Err(EngineError::invalid(format!(
            "Index {} is a duplicate of existing index {}",
            index.name, equal.name
        )));
    }
    Ok(Some((Arc::clone(keyspace), Arc::clone(table), index)))
}

fn indexed(
    keyspace: &Keyspace,
    table: &TableDefinition,
    index: Index,
    request: &Request<'_>,
) -> Result<Change, EngineError> {
    let name = Arc::clone(&index.name);
    let mut next = table.clone();
    next.indexes.insert(Arc::clone(&name), Arc::new(index));
    let mut warnings = Vec::new();
    check_all(&next, &mut warnings)?;
    let mut schema = request.schema.with_keyspace(keyspace.with_table(next));
    schema.take_storage();
    let target = SchemaTarget::Table(table.name().to_owned());
    let mut change = request.change(schema, SchemaChangeKind::Updated, target);
    change.warnings = warnings;
    change.build.push(Build::Index {
        keyspace: request.keyspace.to_owned(),
        table: table.name().to_owned(),
        index: name.to_string(),
    });
    Ok(change)
}

/// A column and what of it is indexed; `None` is the value of a column that is no collection.
struct Target<'a> {
    column: &'a Column,
    part: Option<IndexTarget>,
}

impl Target<'_> {
    fn stored(&self) -> IndexTarget {
        self.part.unwrap_or(IndexTarget::Values)
    }

    /// `values(c)`
    fn text(&self) -> String {
        let column = quote_identifier(&self.column.name);
        match self.part {
            None => column,
            Some(part) => format!("{}({column})", part_name(part)),
        }
    }
}

fn targets<'t>(
    create: &CreateIndex<'_>,
    table: &'t TableDefinition,
    is_custom: bool,
) -> Result<Vec<Target<'t>>, EngineError> {
    let mut targets = Vec::with_capacity(create.targets.len());
    for written in &create.targets {
        let (name, part) = match written {
            Written::Column(name) => (name, None),
            Written::Values(name) => (name, Some(IndexTarget::Values)),
            Written::Keys(name) => (name, Some(IndexTarget::Keys)),
            Written::Entries(name) => (name, Some(IndexTarget::Entries)),
            Written::Full(name) => (name, Some(IndexTarget::Full)),
        };
        let Some((_, column)) = table.table.column(name.as_str()) else {
            return Err(EngineError::invalid(format!(
                "Undefined column name {} in table {}",
                name.as_str(),
                table.display_name()
            )));
        };
        let part = part.or_else(|| column.cql_type.is_collection().then_some(IndexTarget::Values));
        targets.push(Target { column, part });
    }
    if targets.is_empty() && !is_custom {
        return Err(EngineError::invalid("Only CUSTOM indexes can be created without specifying a target column"));
    }
    if targets.len() > 1 && !is_custom {
        return Err(EngineError::invalid("Only CUSTOM indexes support multiple columns"));
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = targets.iter().find(|target| !names.insert(&target.column.name)) {
        return Err(EngineError::invalid(format!("Duplicate column '{}' in index target list", twice.column.name)));
    }
    targets.iter().try_for_each(|target| check_target(target, table, is_custom))?;
    Ok(targets)
}

/// `validateIndexTarget`
fn check_target(target: &Target<'_>, table: &TableDefinition, is_custom: bool) -> Result<(), EngineError> {
    const NAME_LENGTH_MAX: usize = 48;
    let Target { column, part } = *target;
    let (name, cql_type) = (&column.name, &column.cql_type);
    let refuse = |message: String| Err(EngineError::invalid(message));
    if is_custom && (!is_word(name) || name.len() > NAME_LENGTH_MAX) {
        return refuse(format!(
            "Column '{name}' is longer than the permissible name length of {NAME_LENGTH_MAX} characters or contains \
             non-alphanumeric-underscore characters"
        ));
    }
    if references_duration(cql_type) {
        let what = match cql_type {
            _ if cql_type.is_collection() => "collections containing durations",
            CqlType::Tuple(_) => "tuples containing durations",
            CqlType::Udt { .. } => "UDTs containing durations",
            _ => "duration columns",
        };
        return refuse(format!("Secondary indexes are not supported on {what}"));
    }
    check_compact(column, table)?;
    if column.kind == ColumnKind::PartitionKey && table.table.partition_key().len() == 1 {
        return refuse(format!("Cannot create secondary index on the only partition key column {name}"));
    }
    let is_frozen_collection = cql_type.is_collection() && !cql_type.is_multi_cell();
    let part_text = part.map(part_name).unwrap_or_default();
    if is_frozen_collection && part != Some(IndexTarget::Full) {
        return refuse(format!(
            "Cannot create {part_text}() index on frozen column {name}. Frozen collections are immutable and must be \
             fully indexed by using the 'full({})' modifier",
            quote_identifier(name)
        ));
    }
    if !is_frozen_collection && part == Some(IndexTarget::Full) {
        return refuse("full() indexes can only be created on frozen collections".to_owned());
    }
    if !cql_type.is_collection() && part.is_some() {
        return refuse(format!(
            "Cannot create {part_text}() index on {name}. Non-collection columns only support simple indexes"
        ));
    }
    let is_map = matches!(cql_type, CqlType::Map { frozen: false, .. });
    if !is_map && matches!(part, Some(IndexTarget::Keys | IndexTarget::Entries)) {
        return refuse(format!("Cannot create index on {part_text} of column {name} with non-map type"));
    }
    if matches!(cql_type, CqlType::Udt { frozen: false, .. }) {
        return refuse(format!("Cannot create index on non-frozen UDT column {name}"));
    }
    Ok(())
}

/// `AbstractType.referencesDuration`, which does not look into sets and keys of maps.
fn references_duration(cql_type: &CqlType) -> bool {
    match cql_type {
        CqlType::Native(native) => *native == NativeType::Duration,
        CqlType::List { element: part, .. }
        | CqlType::Map { value: part, .. }
        | CqlType::Vector { element: part, .. } => references_duration(part),
        CqlType::Tuple(parts) => parts.iter().any(references_duration),
        CqlType::Udt { definition, .. } => definition.fields.iter().any(|(_, field)| references_duration(field)),
        CqlType::Set { .. } | CqlType::Custom(_) => false,
    }
}

fn check_compact(column: &Column, table: &TableDefinition) -> Result<(), EngineError> {
    if !table.flags.is_compact() {
        return Ok(());
    }
    if matches!(column.kind, ColumnKind::PartitionKey | ColumnKind::Clustering { .. }) {
        return Err(EngineError::invalid(
            "Secondary indexes are not supported on PRIMARY KEY columns in COMPACT STORAGE tables",
        ));
    }
    if table.flags.dense {
        return Err(EngineError::invalid(
            "Secondary indexes are not supported on compact value column of COMPACT STORAGE tables",
        ));
    }
    Ok(())
}

fn kind_of(class: Option<&str>) -> Result<IndexKind, EngineError> {
    match class {
        None => Ok(IndexKind::Secondary),
        Some(class) if storage_attached::is_class(class) => Ok(IndexKind::StorageAttached),
        Some(sasi::CLASS) => Ok(IndexKind::Sasi),
        Some(class) => Err(EngineError::configuration(format!("Unable to find custom indexer class '{class}'"))),
    }
}

/// The target, of which no index that there is has several.
fn only_target<'s, 't>(targets: &'s [Target<'t>], kind: IndexKind) -> Result<Option<&'s Target<'t>>, EngineError> {
    if let [_, _, ..] = targets {
        let texts: Vec<String> = targets.iter().map(Target::text).collect();
        let texts = texts.join(", ");
        return Err(if kind == IndexKind::Sasi {
            EngineError::configuration(format!("failed to retrieve target column for: {texts}"))
        } else {
            EngineError::invalid(format!("A storage-attached index cannot be created over multiple columns: {texts}"))
        });
    }
    Ok(targets.first())
}

/// `table_column_idx`, with a number behind it if that name is taken.
fn free_name(keyspace: &Keyspace, table: &str, targets: &[Target<'_>]) -> String {
    let base = match targets {
        [target] => format!("{table}_{}_idx", target.column.name),
        _ => format!("{table}_idx"),
    };
    let base: String = base.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let numbered = (1_u32..).map(|number| format!("{base}_{number}"));
    let is_free = |name: &String| keyspace.indexed_table(name).is_none();
    std::iter::once(base.clone()).chain(numbered).find(is_free).unwrap_or(base)
}

fn part_name(part: IndexTarget) -> &'static str {
    match part {
        IndexTarget::Values => "values",
        IndexTarget::Keys => "keys",
        IndexTarget::Entries => "entries",
        IndexTarget::Full => "full",
    }
}
