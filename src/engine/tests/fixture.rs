//! A store with the tables and rows of `testdata/rich`, made of the statements that made them in Cassandra.
//!
//! It understands no more CQL than those statements need; how statements write is tested where that is built.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use quorate_protocol::cql::ast::{
    Assignment, Constant, CreateIndex, Delete, Insert, InsertSource, PropertyValue, Relation, Statement, Subscript,
    Term, Update, Using,
};
use quorate_protocol::cql::parse;
use quorate_protocol::value::{CqlType, NativeType, UserType};
use uuid::Uuid;

use super::{create_table, create_type};
use crate::engine::bind::Receiver;
use crate::engine::compile::{Compiler, Operand};
use crate::engine::environment::tests::Still;
use crate::engine::expression::{Context, parts_of};
use crate::engine::maintain::IndexPlan;
use crate::engine::schema::{Index, IndexKind, IndexTarget, TableDefinition, TableFlags, TableOptions};
use crate::engine::table::{ColumnKind, Table};
use crate::store::Store;
use crate::store::cell::{Cell, Content, Deletion, Liveness};
use crate::store::clustering::Clustering;
use crate::store::mutation::{CounterUpdate, Mutation, PartitionKey, StorageId};
use crate::store::row::{ColumnData, ColumnId, ComplexData, Row};
use crate::store::table::TableShape;

pub(super) struct Fixture {
    pub(super) user_types: HashMap<String, Arc<UserType>>,
    pub(super) tables: BTreeMap<String, Arc<TableDefinition>>,
    pub(super) store: Store,
    /// Elements of lists are named by what grows with each.
    elements: u32,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let (user_types, tables, store) = (HashMap::new(), BTreeMap::new(), Store::in_memory());
        let mut fixture = Fixture { user_types, tables, store, elements: 0 };
        for line in include_str!("../testdata/rich/schema.cql").lines() {
            fixture.run(line);
        }
        for line in include_str!("../testdata/rich/writes.cql").lines() {
            fixture.run(line);
        }
        for definition in fixture.tables.values() {
            for index in definition.indexes.values() {
                IndexPlan::new(definition, index).unwrap().build(&fixture.store, 0).unwrap();
            }
        }
        fixture
    }

    pub(super) fn user_type(&self, name: &str) -> Option<Arc<UserType>> {
        self.user_types.get(name).cloned()
    }

    pub(super) fn run(&mut self, text: &str) {
        match parse(text).unwrap() {
            Statement::CreateType(created) => create_type(&mut self.user_types, "r", &created),
            Statement::CreateTable(created) => {
                let table = create_table(&self.user_types, "r", &created);
                self.define(table);
            }
            Statement::CreateIndex(created) => self.create_index(&created),
            Statement::Insert(insert) => self.insert(&insert),
            Statement::Update(update) => self.update(&update),
            Statement::Delete(delete) => self.delete(&delete),
            _ => {}
        }
    }

    fn define(&mut self, table: Table) {
        let is_descending = |kind| kind == ColumnKind::Clustering { descending: true };
        let clustering =
            table.clustering().iter().map(|column| (column.cql_type.clone(), is_descending(column.kind))).collect();
        let storage = StorageId(self.tables.len() as u32);
        let name = table.spec().table.clone();
        let definition = TableDefinition {
            id: Uuid::nil(),
            column_ids: (0..table.columns().len() as u32).map(ColumnId).collect(),
            next_column: table.columns().len() as u32,
            shape: Arc::new(TableShape { storage, clustering, gc_grace_seconds: 864_000 }),
            flags: TableFlags { counter: false, dense: false, compound: true },
            options: TableOptions {
                comment: String::new(),
                default_time_to_live_seconds: 0,
                gc_grace_seconds: 864_000,
                others: BTreeMap::new(),
            },
            indexes: BTreeMap::new(),
            dropped: BTreeMap::new(),
            masks: BTreeMap::new(),
            triggers: BTreeMap::new(),
            table: Arc::new(table),
        };
        self.tables.insert(name, Arc::new(definition));
    }

    pub(super) fn definition_mut(&mut self, name: &str) -> &mut TableDefinition {
        Arc::make_mut(self.tables.get_mut(name).unwrap())
    }

    fn create_index(&mut self, created: &CreateIndex<'_>) {
        use quorate_protocol::cql::ast::IndexTarget as Written;
        let (column, target) = match &created.targets[0] {
            Written::Column(name) | Written::Values(name) => (name, IndexTarget::Values),
            Written::Keys(name) => (name, IndexTarget::Keys),
            Written::Entries(name) => (name, IndexTarget::Entries),
            Written::Full(name) => (name, IndexTarget::Full),
        };
        let kind = match created.class.as_deref() {
            None => IndexKind::Secondary,
            Some(class) if class.ends_with("SASIIndex") => IndexKind::Sasi,
            Some(_) => IndexKind::StorageAttached,
        };
        let options = created.properties.iter().filter_map(|property| match &property.value {
            PropertyValue::Map(pairs) => Some(pairs),
            _ => None,
        });
        let option = |(key, value): &(Constant<'_>, Constant<'_>)| (key.raw_text().into(), value.raw_text().into());
        let options = options.flatten().map(option).collect();
        let name: Arc<str> = created.name.as_ref().unwrap().as_str().into();
        self.elements += 1;
        let storage = StorageId(1000 + self.elements);
        let column = column.as_str().to_owned();
        let index = Index { name: Arc::clone(&name), kind, column, target, storage, options };
        self.definition_mut(created.table.name.as_str()).indexes.insert(name, Arc::new(index));
    }

    fn insert(&mut self, insert: &Insert<'_>) {
        let definition = Arc::clone(&self.tables[insert.table.name.as_str()]);
        let InsertSource::Values { columns, values } = &insert.source else { panic!("INSERT JSON") };
        let stamp = Stamps::of(&insert.using);
        let mut write = Write::new(&definition);
        for (name, value) in columns.iter().zip(values) {
            let (index, column) = definition.table.column(name.as_str()).unwrap();
            let value = self.value(value, &column.cql_type);
            if index < definition.table.key_count() {
                write.key[index] = value;
            } else {
                let data = self.set(value, &column.cql_type, stamp);
                write.put(index, data);
            }
        }
        write.is_insert = true;
        self.apply(&definition, write, stamp);
    }

    fn update(&mut self, update: &Update<'_>) {
        let definition = Arc::clone(&self.tables[update.table.name.as_str()]);
        let stamp = Stamps::of(&update.using);
        let mut write = self.keyed(&definition, &update.relations);
        for assigned in &update.assignments {
            let (index, column) = definition.table.column(assigned.column.as_str()).unwrap();
            let cql_type = &column.cql_type;
            if *cql_type == NativeType::Counter.into() {
                let (term, sign) = match &assigned.assignment {
                    Assignment::Add(term) => (term, 1),
                    Assignment::Subtract(term) => (term, -1),
                    other => panic!("{other:?}"),
                };
                let delta = self.value(term, &NativeType::BigInt.into()).unwrap();
                let delta = i64::from_be_bytes(delta.as_ref().try_into().unwrap()) * sign;
                write.counters.push((index, delta));
                continue;
            }
            let data = match (&assigned.assignment, cql_type) {
                (Assignment::Set(term), _) => {
                    let value = self.value(term, cql_type);
                    self.set(value, cql_type, stamp)
                }
                (Assignment::Add(term), _) => {
                    let value = self.value(term, cql_type);
                    ColumnData::Complex(ComplexData { deletion: None, cells: self.cells(value, cql_type, stamp) })
                }
                (Assignment::SetElement { key, value }, CqlType::Map { key: key_type, value: value_type, .. }) => {
                    let key = self.value(key, key_type).unwrap();
                    let cell = stamp.cell(self.value(value, value_type));
                    ColumnData::Complex(ComplexData { deletion: None, cells: vec![(key, cell)] })
                }
                (Assignment::SetField { field, value }, CqlType::Udt { definition, .. }) => {
                    let place = definition.fields.iter().position(|(name, _)| name == field.as_str()).unwrap();
                    let cell = stamp.cell(self.value(value, &definition.fields[place].1));
                    ColumnData::Complex(ComplexData { deletion: None, cells: vec![(field_path(place), cell)] })
                }
                (other, _) => panic!("{other:?}"),
            };
            write.put(index, data);
        }
        self.apply(&definition, write, stamp);
    }

    fn delete(&mut self, delete: &Delete<'_>) {
        let definition = Arc::clone(&self.tables[delete.table.name.as_str()]);
        let using: Vec<Using<'_>> = delete.timestamp.iter().cloned().map(Using::Timestamp).collect();
        let stamp = Stamps::of(&using);
        let mut write = self.keyed(&definition, &delete.relations);
        for deletion in &delete.deletions {
            let (index, column) = definition.table.column(deletion.column.as_str()).unwrap();
            let data = match (&deletion.subscript, &column.cql_type) {
                (Subscript::None, cql_type) => {
                    self.set(None, cql_type, Stamps { timestamp: stamp.timestamp + 1, ..stamp })
                }
                (Subscript::Element(key), CqlType::Map { key: key_type, .. }) => {
                    let cells = vec![(self.value(key, key_type).unwrap(), stamp.cell(None))];
                    ColumnData::Complex(ComplexData { deletion: None, cells })
                }
                (other, _) => panic!("{other:?}"),
            };
            write.put(index, data);
        }
        write.is_deletion = delete.deletions.is_empty();
        self.apply(&definition, write, stamp);
    }

    fn keyed(&mut self, definition: &TableDefinition, relations: &[Relation<'_>]) -> Write {
        let mut write = Write::new(definition);
        for relation in relations {
            let Relation::Column { column, value, .. } = relation else { panic!("{relation:?}") };
            let (index, column) = definition.table.column(column.as_str()).unwrap();
            write.key[index] = self.value(value, &column.cql_type);
        }
        write
    }

    fn value(&self, term: &Term<'_>, cql_type: &CqlType) -> Option<Bytes> {
        let lookup = |_: Option<&str>, name: &str| self.user_type(name);
        let mut compiler = Compiler::new(None, &lookup);
        let expression = term.compile(&mut compiler, &Receiver::new("", cql_type.clone())).unwrap();
        let environment = &mut Still::default();
        expression.evaluate(&mut Context { row: None, binds: &[], aggregates: &[], environment }).unwrap()
    }

    /// What `column = value` writes: a collection is cleared just before.
    fn set(&mut self, value: Option<Bytes>, cql_type: &CqlType, stamp: Stamps) -> ColumnData {
        if !cql_type.is_multi_cell() {
            return ColumnData::Simple(stamp.cell(value));
        }
        let deletion = Some(Deletion { timestamp: stamp.timestamp - 1, deleted_at_seconds: 0 });
        ColumnData::Complex(ComplexData { deletion, cells: self.cells(value, cql_type, stamp) })
    }

    fn cells(&mut self, value: Option<Bytes>, cql_type: &CqlType, stamp: Stamps) -> Vec<(Bytes, Cell)> {
        let parts = parts_of(cql_type, value).unwrap();
        let mut cells: Vec<(Bytes, Cell)> = match cql_type {
            CqlType::Map { .. } => {
                parts.chunks(2).map(|pair| (pair[0].clone().unwrap(), stamp.cell(pair[1].clone()))).collect()
            }
            CqlType::Set { .. } => {
                parts.into_iter().flatten().map(|element| (element, stamp.cell(Some(Bytes::new())))).collect()
            }
            CqlType::Udt { .. } => {
                parts.into_iter().enumerate().map(|(field, part)| (field_path(field), stamp.cell(part))).collect()
            }
            _ => parts
                .into_iter()
                .map(|element| {
                    self.elements += 1;
                    // a timeuuid whose time grows
                    let path = Uuid::from_fields(self.elements, 0, 0x1000, &[0x80; 8]);
                    (Bytes::copy_from_slice(path.as_bytes()), stamp.cell(element))
                })
                .collect(),
        };
        cells.sort_by(|left, right| left.0.cmp(&right.0));
        cells
    }

    fn apply(&self, definition: &TableDefinition, write: Write, stamp: Stamps) {
        let table = &definition.table;
        let key = write.key.iter().take(table.partition_key().len()).map(|value| value.clone().unwrap());
        let clustering: Option<Clustering> = write.key.iter().skip(table.partition_key().len()).cloned().collect();
        let has_clustering = clustering.is_some();
        let clustering = clustering.unwrap_or_default();
        let id = |index: usize| definition.column_id(index).unwrap();
        let is_static = |index: usize| table.columns()[index].kind == ColumnKind::Static;
        let liveness = (write.is_insert && has_clustering)
            .then_some(Liveness { timestamp: stamp.timestamp, expiry: stamp.expiry });
        let deletion = Deletion { timestamp: stamp.timestamp, deleted_at_seconds: 0 };
        let rows_are_meant = !table.clustering().is_empty() && has_clustering;
        let (statics, regulars): (Vec<_>, Vec<_>) = write.data.into_iter().partition(|(index, _)| is_static(*index));
        let columns =
            |data: Vec<(usize, ColumnData)>| data.into_iter().map(|(index, data)| (id(index), data)).collect();
        let row = Row {
            liveness,
            deletion: (write.is_deletion && rows_are_meant).then_some(deletion),
            columns: columns(regulars),
        };
        let mutation = Mutation {
            table: definition.storage(),
            key: key.collect::<PartitionKey>(),
            deletion: (write.is_deletion && !rows_are_meant).then_some(deletion),
            ranges: Vec::new(),
            static_row: Row { columns: columns(statics), ..Row::default() },
            rows: if row == Row::default() { Vec::new() } else { vec![(clustering.clone(), row)] },
            counters: write
                .counters
                .into_iter()
                .map(|(index, delta)| CounterUpdate {
                    clustering: (!is_static(index)).then(|| clustering.clone()),
                    column: id(index),
                    delta,
                    timestamp: stamp.timestamp,
                })
                .collect(),
        };
        self.store.apply(&[(&definition.shape, &mutation)], 0).unwrap();
    }
}

/// What a statement writes to one row.
struct Write {
    key: Vec<Option<Bytes>>,
    data: Vec<(usize, ColumnData)>,
    counters: Vec<(usize, i64)>,
    is_insert: bool,
    is_deletion: bool,
}

impl Write {
    fn new(definition: &TableDefinition) -> Self {
        Write {
            key: vec![None; definition.table.key_count()],
            data: Vec::new(),
            counters: Vec::new(),
            is_insert: false,
            is_deletion: false,
        }
    }

    fn put(&mut self, index: usize, data: ColumnData) {
        match (self.data.iter_mut().find(|(earlier, _)| *earlier == index), data) {
            (Some((_, ColumnData::Complex(earlier))), ColumnData::Complex(data)) => {
                earlier.cells.extend(data.cells);
                earlier.cells.sort_by(|left, right| left.0.cmp(&right.0));
            }
            (_, data) => self.data.push((index, data)),
        }
        self.data.sort_by_key(|(index, _)| *index);
    }
}

#[derive(Clone, Copy)]
struct Stamps {
    timestamp: i64,
    expiry: Option<crate::store::cell::Expiry>,
}

impl Stamps {
    fn of(using: &[Using<'_>]) -> Self {
        let number = |term: &Term<'_>| match term {
            Term::Constant(Constant::Integer(digits)) => digits.parse::<i64>().unwrap(),
            other => panic!("{other:?}"),
        };
        let mut stamps = Stamps { timestamp: 1, expiry: None };
        for using in using {
            match using {
                Using::Timestamp(term) => stamps.timestamp = number(term),
                // as if written at second 1000
                Using::Ttl(term) => {
                    let ttl = number(term);
                    stamps.expiry =
                        Some(crate::store::cell::Expiry { ttl_seconds: ttl as u32, at_seconds: 1000 + ttl });
                }
            }
        }
        stamps
    }

    fn cell(self, value: Option<Bytes>) -> Cell {
        let content = match value {
            Some(bytes) => Content::Value { bytes, expiry: self.expiry },
            None => Content::Tombstone { deleted_at_seconds: 0 },
        };
        Cell { timestamp: self.timestamp, content }
    }
}

fn field_path(field: usize) -> Bytes {
    Bytes::copy_from_slice(&(field as u16).to_be_bytes())
}
