//! A schema, a store, and answers in the form of the recorded ones.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use quorate_protocol::cql::ast::{
    CreateIndex, CreateTable, CreateType, CreateView, Direction, IndexTarget as WrittenTarget, Modification, Operator,
    PropertyValue, QualifiedName, Relation, Selection, Selector, Statement, TableItem, TableOption, Term,
};
use quorate_protocol::cql::parse;
use quorate_protocol::frame::{Envelope, Version, Writer};
use quorate_protocol::message::request::{BindValue, BindValues, QueryParameters};
use quorate_protocol::message::response::{Columns, Prepared, ResultMetadata};
use quorate_protocol::message::view::{ExecuteView, Values};
use quorate_protocol::message::{Consistency, Request, RequestMessage, Response};
use quorate_protocol::value::{CqlType, NativeType, UserType};
use uuid::Uuid;

use crate::engine::bind::Receiver;
use crate::engine::compile::{Compiler, Operand};
use crate::engine::environment::tests::Still;
use crate::engine::expression::Context;
use crate::engine::maintain::{IndexPlan, IndexRange, Maintenance, ViewPlan, has_strict_liveness};
use crate::engine::modification::stored::value_of;
use crate::engine::modification::{BatchPlan, ListIds, ModificationPlan, WriteContext, WriteOutcome};
use crate::engine::schema::{
    Index, IndexKind, IndexTarget, Keyspace, Schema, TableDefinition, TableFlags, TableOptions, ViewDefinition,
};
use crate::engine::{Column, ColumnKind, EngineError, Page, Plan, Row, Table, recognition};
use crate::store::Store;
use crate::store::mutation::{PartitionKey, StorageId};
use crate::store::row::ColumnId;
use crate::store::table::{TableShape, TokenRange};

const SCHEMA: &str = include_str!("../../testdata/writes-schema.cql");

const NOW_SECONDS: i64 = 1_700_000_000;

/// A store with the tables of the recorded statements.
pub(super) struct Fixture {
    pub(super) schema: Schema,
    pub(super) store: Store,
    list_ids: ListIds,
    environment: Still,
    statements: i64,
    next_storage: u32,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let mut environment = Still::default();
        let mut fixture = Fixture {
            schema: Schema::default(),
            store: Store::in_memory(),
            list_ids: ListIds::new(&mut environment),
            environment,
            statements: 0,
            next_storage: 1,
        };
        let keyspace = Keyspace {
            name: "w".into(),
            replication: BTreeMap::new(),
            durable_writes: true,
            tables: BTreeMap::new(),
            views: BTreeMap::new(),
            types: BTreeMap::new(),
            is_virtual: false,
        };
        fixture.schema.keyspaces.insert("w".into(), Arc::new(keyspace));
        for line in SCHEMA.lines() {
            match parse(line).unwrap() {
                Statement::CreateType(created) => fixture.create_type(&created),
                Statement::CreateTable(created) => fixture.create_table(&created),
                Statement::CreateIndex(created) => fixture.create_index(&created),
                Statement::CreateView(created) => fixture.create_view(&created),
                _ => {}
            }
        }
        fixture
    }

    /// What is answered to PREPARE and to the execution.
    pub(super) fn run(&mut self, text: &str, values: &str) -> (String, String) {
        self.statements += 1;
        let envelope = envelope_of(values);
        let values = ExecuteView::parse(&envelope).unwrap().parameters.values;
        let statement = parse(text).map_err(|error| EngineError::syntax(error.to_string()));
        match statement.and_then(|statement| recognition::check(&statement).map(|()| statement)) {
            Err(error) => (refused(&error), refused(&error)),
            Ok(Statement::Select(select)) => {
                let answer = match select_index(&select.relations, text) {
                    Some(wanted) => self.select_by_index(text, &wanted),
                    None => self.select(text, None),
                };
                answer.unwrap_or_else(|error| (refused(&error), refused(&error)))
            }
            Ok(Statement::Insert(insert)) => self.modify(&Modification::Insert(insert), &values),
            Ok(Statement::Update(update)) => self.modify(&Modification::Update(update), &values),
            Ok(Statement::Delete(delete)) => self.modify(&Modification::Delete(delete), &values),
            Ok(Statement::Batch(batch)) => {
                let prepared = BatchPlan::prepare(&batch, &self.schema, &mut |name| self.definition(name));
                match prepared {
                    Err(error) => (refused(&error), refused(&error)),
                    Ok(plan) => {
                        let outcome = self.with_context(|store, context| plan.execute(store, &values, context));
                        (prepared_text(plan.markers(), plan.partition_key_indexes()), answered(outcome))
                    }
                }
            }
            Ok(_) => panic!("{text} is no statement of the test"),
        }
    }

    /// Executes all recorded statements that contain the text.
    pub(super) fn run_all(&mut self, part: &str) {
        let lines: Vec<&str> = super::ANSWERS.lines().collect();
        for [text, values, _, _] in lines.as_chunks::<4>().0 {
            if text.contains(part) && !text.starts_with("SELECT") {
                self.run(text, values);
            }
        }
    }

    /// Empties all indexes and views, and fills them again.
    pub(super) fn rebuild(&mut self) {
        let keyspace = Arc::clone(self.schema.keyspace("w").unwrap());
        for definition in keyspace.tables.values() {
            for index in definition.indexes.values() {
                let plan = IndexPlan::new(definition, index).unwrap();
                self.store.remove(plan.storage()).unwrap();
                plan.build(&self.store, NOW_SECONDS).unwrap();
            }
        }
        for view in keyspace.views.values() {
            self.store.remove(view.definition.storage()).unwrap();
            let base = self.schema.table("w", &view.base).unwrap();
            ViewPlan::new(&self.schema, base, view).unwrap().build(&self.store, NOW_SECONDS).unwrap();
        }
    }

    pub(super) fn with_context<T>(&mut self, run: impl FnOnce(&Store, &mut WriteContext<'_>) -> T) -> T {
        let mut context = WriteContext {
            timestamp_micros: NOW_SECONDS * 1_000_000 + self.statements,
            now_seconds: NOW_SECONDS,
            wall_seconds: NOW_SECONDS,
            environment: &mut self.environment,
            list_ids: &self.list_ids,
        };
        run(&self.store, &mut context)
    }

    pub(super) fn definition(&self, name: &QualifiedName<'_>) -> Result<Arc<TableDefinition>, EngineError> {
        let keyspace = name.keyspace.as_ref().map_or("", |keyspace| keyspace.as_str());
        if self.schema.keyspace(keyspace).is_none() {
            return Err(EngineError::invalid(format!("keyspace {keyspace} does not exist")));
        }
        let name = name.name.as_str();
        let view = self.schema.view(keyspace, name).map(|view| &view.definition);
        let found = self.schema.table(keyspace, name).or(view).cloned();
        found.ok_or_else(|| EngineError::invalid(format!("table {name} does not exist")))
    }

    fn modify(&mut self, statement: &Modification<'_>, values: &Values<'_>) -> (String, String) {
        let plan = self.definition(statement.table());
        match plan.and_then(|definition| ModificationPlan::prepare(statement, &self.schema, &definition)) {
            Err(error) => (refused(&error), refused(&error)),
            Ok(plan) => {
                let outcome = self.with_context(|store, context| plan.execute(store, values, context));
                (prepared_text(plan.markers(), plan.partition_key_indexes()), answered(outcome))
            }
        }
    }

    fn select(&self, text: &str, rows: Option<Vec<Row>>) -> Result<(String, String), EngineError> {
        let Ok(Statement::Select(mut select)) = parse(text) else { panic!("{text}") };
        select.allow_filtering |= rows.is_some();
        let definition = self.definition(&select.from)?;
        let lookup = |_: Option<&str>, name: &str| self.schema.keyspace("w")?.types.get(name).cloned();
        let spec = definition.table.spec();
        let view = self.schema.view(&spec.keyspace, &spec.table);
        let base = view.and_then(|view| self.schema.table(&spec.keyspace, &view.base));
        // views are read as a SELECT reads them
        let plan = match view.zip(base) {
            Some((view, base)) => {
                let plan = Plan::prepare_stored(&select, &definition, &lookup)?;
                plan.with_strict_liveness(has_strict_liveness(view, base))
            }
            None => Plan::prepare(&select, &definition.table, &lookup)?,
        };
        let prepared = Response::Prepared(Prepared {
            id: Bytes::new(),
            result_metadata_id: None,
            markers: plan.markers(),
            partition_key_indexes: plan.partition_key_indexes(),
            result: plan.metadata().clone(),
        });
        let page = Page { now_seconds: Some(NOW_SECONDS), ..Page::default() };
        let rows = match (view, rows) {
            (Some(_), None) => plan.execute(&self.store, &Values::NONE, page, &mut Still::default())?,
            (_, rows) => {
                let rows = rows.unwrap_or_else(|| self.rows_of(&definition));
                plan.execute(&rows, &Values::NONE, page, &mut Still::default())?
            }
        };
        Ok((format!("P {}", hex(&prepared, 6)), format!("R {}", hex(&Response::Rows(rows), 4))))
    }

    /// As the table is stored, in its order.
    fn rows_of(&self, definition: &TableDefinition) -> Vec<Row> {
        let mut reader = self.store.scan(&definition.shape, TokenRange::ALL, None).unwrap();
        let mut rows = Vec::new();
        while let Some((_, key, _)) = reader.next_partition().unwrap() {
            rows.extend(self.rows_of_partition(definition, &key));
        }
        rows
    }

    fn rows_of_partition(&self, definition: &TableDefinition, key: &PartitionKey) -> Vec<Row> {
        let mut partition = self.store.partition(&definition.shape, key, &[], false).unwrap();
        let fixed = partition.static_row().unwrap();
        let empty = crate::store::row::Row::default();
        let mut rows = Vec::new();
        while let Some((clustering, row)) = partition.next().unwrap() {
            if row.is_live(NOW_SECONDS) {
                rows.push(cells(definition, key, Some(&clustering), &row, &fixed));
            }
        }
        if rows.is_empty() && fixed.is_live(NOW_SECONDS) {
            rows.push(cells(definition, key, None, &empty, &fixed));
        }
        rows
    }

    fn select_by_index(&self, text: &str, wanted: &Wanted) -> Result<(String, String), EngineError> {
        let Ok(Statement::Select(select)) = parse(text) else { panic!("{text}") };
        let definition = self.definition(&select.from)?;
        let maintenance = Maintenance::new(&self.schema, &definition)?;
        let plan = maintenance.indexes().iter().find(|plan| plan.name().as_ref() == wanted.index(&definition)).unwrap();
        let range = wanted.range(&definition);
        let mut candidates = plan.candidates(&self.store, &range, NOW_SECONDS)?;
        let mut rows: Vec<Row> = Vec::new();
        while let Some((key, clustering)) = candidates.next()? {
            let of_partition = self.rows_of_partition(&definition, &key);
            let first = definition.table.partition_key_count();
            let is_wanted = |row: &Row| clustering.iter().enumerate().all(|(n, v)| row[first + n].as_ref() == Some(v));
            rows.extend(of_partition.into_iter().filter(is_wanted));
        }
        self.select(text, Some(rows))
    }

    fn keyspace(&mut self) -> Keyspace {
        Keyspace::clone(self.schema.keyspace("w").unwrap())
    }

    fn set_keyspace(&mut self, keyspace: Keyspace) {
        self.schema.keyspaces.insert("w".into(), Arc::new(keyspace));
    }

    fn storage(&mut self) -> StorageId {
        self.next_storage += 1;
        StorageId(self.next_storage)
    }

    fn create_type(&mut self, created: &CreateType<'_>) {
        let mut keyspace = self.keyspace();
        let lookup = |_: Option<&str>, name: &str| keyspace.types.get(name).cloned();
        let fields =
            created.fields.iter().map(|(name, ty)| (name.as_str().to_owned(), CqlType::resolve(ty, &lookup).unwrap()));
        let name = created.name.name.as_str().to_owned();
        let user_type = UserType { keyspace: "w".into(), name: name.clone(), fields: fields.collect() };
        keyspace.types.insert(name.into(), Arc::new(user_type));
        self.set_keyspace(keyspace);
    }

    fn create_table(&mut self, created: &CreateTable<'_>) {
        let mut keyspace = self.keyspace();
        let lookup = |_: Option<&str>, name: &str| keyspace.types.get(name).cloned();
        let (mut partition, mut clustering) = (Vec::new(), Vec::new());
        for item in &created.items {
            match item {
                TableItem::Column { definition, primary_key: true } => partition.push(definition.name.as_str()),
                TableItem::PrimaryKey(key) => {
                    partition.extend(key.partition.iter().map(AsRef::<str>::as_ref));
                    clustering.extend(key.clustering.iter().map(AsRef::<str>::as_ref));
                }
                TableItem::Column { .. } => {}
            }
        }
        let mut types: HashMap<String, (CqlType, bool)> = HashMap::new();
        for item in &created.items {
            let TableItem::Column { definition, .. } = item else { continue };
            let cql_type = CqlType::resolve(&definition.data_type, &lookup).unwrap();
            types.insert(definition.name.as_str().to_owned(), (cql_type, definition.is_static));
        }
        let columns = columns(&types, &partition, &clustering, &created.options);
        let table = Arc::new(Table::new("w", created.name.name.as_str(), columns));
        let definition = self.definition_of(table, &created.options);
        keyspace.tables.insert(created.name.name.as_str().into(), Arc::new(definition));
        self.set_keyspace(keyspace);
    }

    fn create_view(&mut self, created: &CreateView<'_>) {
        let mut keyspace = self.keyspace();
        let base = Arc::clone(&keyspace.tables[created.from.name.as_str()]);
        let partition: Vec<&str> = created.primary_key.partition.iter().map(AsRef::as_ref).collect();
        let clustering: Vec<&str> = created.primary_key.clustering.iter().map(AsRef::as_ref).collect();
        let selected = |name: &str| match &created.selection {
            Selection::All => true,
            Selection::Some(selected) => {
                selected.iter().any(|one| matches!(&one.selector, Selector::Column(column) if column.as_str() == name))
            }
        };
        let of_base = base.table.columns().iter();
        let types = of_base
            .filter(|c| {
                selected(&c.name) || partition.contains(&c.name.as_str()) || clustering.contains(&c.name.as_str())
            })
            .map(|column| (column.name.clone(), (column.cql_type.clone(), false)));
        let columns = columns(&types.collect(), &partition, &clustering, &created.options);
        let table = Arc::new(Table::new("w", created.name.name.as_str(), columns));
        let definition = Arc::new(self.definition_of(table, &created.options));
        let relations: Vec<String> = created.relations.iter().map(ToString::to_string).collect();
        let view = ViewDefinition {
            definition,
            base: created.from.name.as_str().into(),
            includes_all_columns: created.selection == Selection::All,
            where_clause: relations.join(" AND "),
        };
        keyspace.views.insert(created.name.name.as_str().into(), Arc::new(view));
        self.set_keyspace(keyspace);
    }

    fn create_index(&mut self, created: &CreateIndex<'_>) {
        let (column, target) = match &created.targets[0] {
            WrittenTarget::Column(name) | WrittenTarget::Values(name) => (name, IndexTarget::Values),
            WrittenTarget::Keys(name) => (name, IndexTarget::Keys),
            WrittenTarget::Entries(name) => (name, IndexTarget::Entries),
            WrittenTarget::Full(name) => (name, IndexTarget::Full),
        };
        let name: Arc<str> = format!("{}_{target:?}", column.as_str()).into();
        let index = Index {
            name: Arc::clone(&name),
            kind: IndexKind::Secondary,
            column: column.as_str().to_owned(),
            target,
            storage: self.storage(),
            options: BTreeMap::new(),
        };
        let mut keyspace = self.keyspace();
        let definition = keyspace.tables.get_mut(created.table.name.as_str()).unwrap();
        Arc::make_mut(definition).indexes.insert(name, Arc::new(index));
        self.set_keyspace(keyspace);
    }

    fn definition_of(&mut self, table: Arc<Table>, options: &[TableOption<'_>]) -> TableDefinition {
        let storage = self.storage();
        let clustering = table
            .clustering()
            .iter()
            .map(|column| (column.cql_type.clone(), column.kind == ColumnKind::Clustering { descending: true }));
        let shape = TableShape { storage, clustering: clustering.collect(), gc_grace_seconds: 864_000 };
        let default_ttl = options.iter().find_map(|option| match option {
            TableOption::Property(property) if property.name.as_str() == "default_time_to_live" => {
                match &property.value {
                    PropertyValue::Constant(constant) => constant.raw_text().parse().ok(),
                    _ => None,
                }
            }
            _ => None,
        });
        let counter = table.columns().iter().any(|column| column.cql_type == NativeType::Counter.into());
        let count = u32::try_from(table.columns().len()).unwrap();
        TableDefinition {
            id: Uuid::from_u128(storage.0.into()),
            // not in the order of the names, as after ALTER TABLE
            column_ids: (0..count).rev().map(ColumnId).collect(),
            next_column: count,
            shape: Arc::new(shape),
            flags: TableFlags { counter, dense: false, compound: true },
            options: TableOptions {
                comment: String::new(),
                default_time_to_live_seconds: default_ttl.unwrap_or(0),
                gc_grace_seconds: 864_000,
                others: BTreeMap::new(),
            },
            indexes: BTreeMap::new(),
            dropped: BTreeMap::new(),
            masks: BTreeMap::new(),
            triggers: BTreeMap::new(),
            table,
        }
    }
}

fn columns(
    types: &HashMap<String, (CqlType, bool)>,
    partition: &[&str],
    clustering: &[&str],
    options: &[TableOption<'_>],
) -> Vec<Column> {
    let is_descending = |name: &str| {
        options.iter().any(|option| match option {
            TableOption::ClusteringOrder(order) => {
                order.iter().any(|(column, direction)| column == name && *direction == Direction::Descending)
            }
            _ => false,
        })
    };
    let column = |name: &str, kind| Column { name: name.to_owned(), cql_type: types[name].0.clone(), kind };
    let mut columns: Vec<Column> = partition.iter().map(|name| column(name, ColumnKind::PartitionKey)).collect();
    let of_clustering = |name: &&str| column(name, ColumnKind::Clustering { descending: is_descending(name) });
    columns.extend(clustering.iter().map(of_clustering));
    for (name, (_, is_static)) in types {
        if !partition.contains(&name.as_str()) && !clustering.contains(&name.as_str()) {
            columns.push(column(name, if *is_static { ColumnKind::Static } else { ColumnKind::Regular }));
        }
    }
    columns
}

fn cells(
    definition: &TableDefinition,
    key: &PartitionKey,
    clustering: Option<&crate::store::clustering::Clustering>,
    row: &crate::store::row::Row,
    fixed: &crate::store::row::Row,
) -> Row {
    let cell = |(index, column): (usize, &Column)| {
        let value = |row| value_of(row, definition.column_id(index)?, &column.cql_type, NOW_SECONDS);
        match column.kind {
            ColumnKind::PartitionKey => key.get(index).cloned(),
            ColumnKind::Clustering { .. } => clustering?.get(index - key.len()).cloned(),
            ColumnKind::Static => value(fixed),
            ColumnKind::Regular => value(row),
        }
    };
    definition.table.columns().iter().enumerate().map(cell).collect()
}

/// What a SELECT looks for by an index.
enum Wanted {
    Value(String, IndexTarget, Term<'static>),
    Entry(String, Term<'static>, Term<'static>),
}

/// What the only relation of a SELECT from `w.ix` looks for.
fn select_index(relations: &[Relation<'_>], text: &str) -> Option<Wanted> {
    if !text.contains("FROM w.ix WHERE ") {
        return None;
    }
    // the statements of the test live as long as the test
    let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
    let Ok(Statement::Select(select)) = parse(text) else { return None };
    assert_eq!(relations.len(), 1);
    match select.relations.into_iter().next()? {
        Relation::Column { column, operator, value } => {
            let target = match operator {
                Operator::ContainsKey => IndexTarget::Keys,
                Operator::Equal if column.as_str() == "fl" => IndexTarget::Full,
                _ => IndexTarget::Values,
            };
            Some(Wanted::Value(column.as_str().to_owned(), target, value))
        }
        Relation::Element { column, key, value, .. } => Some(Wanted::Entry(column.as_str().to_owned(), key, value)),
        _ => None,
    }
}

impl Wanted {
    fn index(&self, _: &TableDefinition) -> String {
        match self {
            Wanted::Value(column, target, _) => format!("{column}_{target:?}"),
            Wanted::Entry(column, ..) => format!("{column}_Entries"),
        }
    }

    fn range(&self, definition: &TableDefinition) -> IndexRange {
        let type_of = |column: &str| definition.table.column(column).unwrap().1.cql_type.clone();
        match self {
            Wanted::Value(column, target, value) => {
                let cql_type = match (type_of(column), target) {
                    (CqlType::Map { key, .. }, IndexTarget::Keys) => CqlType::clone(&key),
                    (CqlType::Set { element, .. }, IndexTarget::Values) => CqlType::clone(&element),
                    (cql_type, _) => cql_type,
                };
                IndexRange::Value(constant(value, cql_type))
            }
            Wanted::Entry(column, key, value) => {
                let CqlType::Map { key: key_type, value: value_type, .. } = type_of(column) else { panic!() };
                let key = constant(key, CqlType::clone(&key_type));
                IndexRange::Entry { key, value: constant(value, CqlType::clone(&value_type)) }
            }
        }
    }
}

fn constant(term: &Term<'_>, cql_type: CqlType) -> Bytes {
    let mut compiler = Compiler::new(None, &|_, _| None);
    let expression = term.compile(&mut compiler, &Receiver::new("v", cql_type)).unwrap();
    let environment = &mut Still::default();
    let mut context = Context { row: None, binds: &[], aggregates: &[], environment };
    expression.evaluate(&mut context).unwrap().unwrap()
}

/// Runs of one character, written short.
pub(super) fn expanded(text: &str) -> String {
    text.replace("<x*9000>", &"x".repeat(9000)).replace("<x*3000>", &"x".repeat(3000))
}

fn envelope_of(values: &str) -> Envelope {
    let value = |text: &str| match text {
        "null" => BindValue::Null,
        "unset" => BindValue::Unset,
        "empty" => BindValue::Bytes(Bytes::new()),
        text => {
            let (digits, count) = text.split_once('*').map_or((text, 1), |(d, count)| (d, count.parse().unwrap()));
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            let bytes: Vec<u8> = digits.as_bytes().chunks(2).map(byte).collect();
            BindValue::Bytes(bytes.repeat(count).into())
        }
    };
    let values: Vec<BindValue> = values.split_whitespace().map(value).collect();
    let mut parameters = QueryParameters::new(Consistency::One);
    parameters.values = Some(BindValues::Positional(values));
    let request = Request::Execute { id: Bytes::from_static(b"id"), result_metadata_id: None, parameters };
    RequestMessage::from(request).encode(Version::V4, 0).unwrap()
}

fn refused(error: &EngineError) -> String {
    match error {
        EngineError::Invalid(message) => format!("E 8704 {message}"),
        EngineError::Syntax(message) => format!("E 8192 {message}"),
        other => format!("E 0 {other}"),
    }
}

fn answered(outcome: Result<WriteOutcome, EngineError>) -> String {
    match outcome {
        Err(error) => refused(&error),
        Ok(WriteOutcome { rows, warnings }) => {
            let answer = rows.map_or("V".to_owned(), |rows| format!("R {}", hex(&Response::Rows(rows), 4)));
            warnings.iter().fold(answer, |answer, warning| format!("{answer} W {warning}"))
        }
    }
}

fn prepared_text(markers: Columns, partition_key_indexes: Vec<u16>) -> String {
    let prepared = Response::Prepared(Prepared {
        id: Bytes::new(),
        result_metadata_id: None,
        markers,
        partition_key_indexes,
        result: ResultMetadata::none(),
    });
    format!("P {}", hex(&prepared, 6))
}

/// A message without its first bytes.
fn hex(response: &Response, skipped: usize) -> String {
    let mut bytes = Vec::new();
    response.write(Version::V4, &mut Writer::new(&mut bytes)).unwrap();
    bytes[skipped..].iter().map(|byte| format!("{byte:02x}")).collect()
}
