//! The evaluator beside Apache Cassandra 5.0.6: `testdata` holds tables, their rows, and statements with what Cassandra answered
//! to PREPARE (the body after the id) and to QUERY in protocol v4, byte by byte.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use quorate_protocol::cql::ast::{
    CreateTable, CreateType, Direction, Insert, InsertSource, Name, Statement, TableItem, TableOption, Type,
};
use quorate_protocol::cql::parse;
use quorate_protocol::frame::{Version, Writer};
use quorate_protocol::message::Response;
use quorate_protocol::message::response::{Prepared, Rows};
use quorate_protocol::message::view::Values;

use quorate_protocol::value::temporal::NANOS_PER_DAY;
use quorate_protocol::value::{CqlType, NativeType, UserType, Value};

use super::bind::Receiver;
use super::compile::{Compiler, Operand};
use super::environment::tests::Still;
use super::expression::Context;
use super::{Column, ColumnKind, EngineError, Page, Plan, Row, Table, sort_rows};

mod fixture;
mod rich;

const ANSWERS: &str = include_str!("testdata/cassandra-5.0.6.txt");

/// Statements whose answer differs, and why that is accepted.
const DIFFERENT: &[(&str, &str)] =
    &[("min(p)", "Cassandra declares the type of min(timeuuid) as a class that drivers do not know")];

#[test]
fn answers_are_those_of_cassandra() {
    let database = Database::new();
    let mut wrong = Vec::new();
    let lines: Vec<&str> = ANSWERS.lines().collect();
    let (statements, rest) = lines.as_chunks::<3>();
    assert!(rest.is_empty());
    for [text, prepared, rows] in statements {
        if DIFFERENT.iter().any(|(part, _)| text.contains(part)) {
            continue;
        }
        let (our_prepared, our_rows) = database.answer(text);
        for (ours, theirs) in [(&our_prepared, prepared), (&our_rows, rows)] {
            if !is_same(ours, theirs) {
                wrong.push(format!("{text}\n  ours:   {ours}\n  theirs: {theirs}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} answers differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Cassandra lists overloads in the order of a hash table.
fn is_same(ours: &str, theirs: &str) -> bool {
    let without_list = |text: &str| match text.split_once(" signatures") {
        Some((before, _)) => before.to_owned(),
        None => text.to_owned(),
    };
    without_list(ours) == without_list(theirs)
}

struct Database {
    user_types: HashMap<String, Arc<UserType>>,
    tables: HashMap<String, (Arc<Table>, Vec<Row>)>,
}

impl Database {
    fn new() -> Self {
        let mut database = Database { user_types: HashMap::new(), tables: HashMap::new() };
        for line in include_str!("testdata/schema.cql").lines().chain(include_str!("testdata/rows.cql").lines()) {
            match parse(line).unwrap() {
                Statement::CreateType(created) => create_type(&mut database.user_types, "q", &created),
                Statement::CreateTable(created) => {
                    let table = create_table(&database.user_types, "q", &created);
                    database.tables.insert(table.spec().table.clone(), (Arc::new(table), Vec::new()));
                }
                Statement::Insert(insert) => database.insert(&insert),
                _ => {}
            }
        }
        for (table, rows) in database.tables.values_mut() {
            share_static_cells(table, rows);
            sort_rows(table, rows);
        }
        database
    }

    fn user_type(&self, name: &str) -> Option<Arc<UserType>> {
        self.user_types.get(name).cloned()
    }

    fn insert(&mut self, insert: &Insert<'_>) {
        let (table, rows) = self.tables.get(insert.table.name.as_str()).unwrap();
        let table = Arc::clone(table);
        let mut row: Row = vec![None; table.columns().len()];
        let lookup = |_: Option<&str>, name: &str| self.user_type(name);
        let InsertSource::Values { columns, values } = &insert.source else { panic!("INSERT JSON") };
        for (column, value) in columns.iter().zip(values) {
            let (index, column) = table.column(column.as_str()).unwrap();
            let mut compiler = Compiler::new(None, &lookup);
            let receiver = Receiver::new(&column.name, column.cql_type.clone());
            let expression = value.compile(&mut compiler, &receiver).unwrap();
            let environment = &mut Still::default();
            let mut context = Context { row: None, binds: &[], aggregates: &[], environment };
            row[index] = expression.evaluate(&mut context).unwrap();
        }
        let mut rows = rows.clone();
        rows.push(row);
        self.tables.insert(insert.table.name.as_str().to_owned(), (table, rows));
    }

    /// What is answered to PREPARE and to QUERY, in the form of the file.
    fn answer(&self, text: &str) -> (String, String) {
        let refused = |message: &str| format!("E 8704 {message}");
        let Ok(Statement::Select(select)) = parse(text) else { panic!("{text} does not parse") };
        let name = select.from.name.as_str();
        let keyspace = select.from.keyspace.as_ref().map_or("", |keyspace| keyspace.as_str());
        let found = if keyspace == "q" { self.tables.get(name) } else { None };
        let Some((table, rows)) = found else {
            let missing = if keyspace == "q" { format!("table {name}") } else { format!("keyspace {keyspace}") };
            let error = refused(&format!("{missing} does not exist"));
            return (error.clone(), error);
        };
        let lookup = |_: Option<&str>, name: &str| self.user_type(name);
        let plan = match Plan::prepare(&select, table, &lookup) {
            Ok(plan) => plan,
            Err(error) => return (refused(&error.to_string()), refused(&error.to_string())),
        };
        let prepared = Response::Prepared(Prepared {
            id: Bytes::new(),
            result_metadata_id: None,
            markers: plan.markers(),
            partition_key_indexes: plan.partition_key_indexes(),
            result: plan.metadata().clone(),
        });
        let rows = match plan.execute(rows, &Values::NONE, Page::default(), &mut Still::default()) {
            Ok(rows) => format!("R {}", hex(&Response::Rows(rows), 4)),
            Err(EngineError::Invalid(message)) => refused(&message),
            Err(error) => format!("E 5120 {error}"),
        };
        (format!("P {}", hex(&prepared, 6)), rows)
    }
}

fn create_type(user_types: &mut HashMap<String, Arc<UserType>>, keyspace: &str, created: &CreateType<'_>) {
    let lookup = |_: Option<&str>, name: &str| user_types.get(name).cloned();
    let field = |(name, ty): &(Name<'_>, Type<'_>)| (name.as_str().to_owned(), CqlType::resolve(ty, &lookup).unwrap());
    let name = created.name.name.as_str().to_owned();
    let fields = created.fields.iter().map(field).collect();
    user_types.insert(name.clone(), Arc::new(UserType { keyspace: keyspace.into(), name, fields }));
}

fn create_table(user_types: &HashMap<String, Arc<UserType>>, keyspace: &str, created: &CreateTable<'_>) -> Table {
    let lookup = |_: Option<&str>, name: &str| user_types.get(name).cloned();
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
    let is_descending = |name: &str| {
        created.options.iter().any(|option| match option {
            TableOption::ClusteringOrder(order) => {
                order.iter().any(|(column, direction)| column == name && *direction == Direction::Descending)
            }
            _ => false,
        })
    };
    let columns = created.items.iter().filter_map(|item| {
        let TableItem::Column { definition, .. } = item else { return None };
        let name = definition.name.as_str();
        let kind = match () {
            () if partition.contains(&name) => ColumnKind::PartitionKey,
            () if clustering.contains(&name) => ColumnKind::Clustering { descending: is_descending(name) },
            () if definition.is_static => ColumnKind::Static,
            () => ColumnKind::Regular,
        };
        let cql_type = CqlType::resolve(&definition.data_type, &lookup).unwrap();
        Some(Column { name: name.to_owned(), cql_type, kind })
    });
    Table::new(keyspace, created.name.name.as_str(), columns.collect())
}

/// A message without its first bytes.
fn hex(response: &Response, skipped: usize) -> String {
    let mut bytes = Vec::new();
    response.write(Version::V4, &mut Writer::new(&mut bytes)).unwrap();
    bytes[skipped..].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every row of a partition shows its static cells; a row that has nothing else stands only for a partition without rows.
fn share_static_cells(table: &Table, rows: &mut [Row]) {
    let statics: Vec<usize> =
        (0..table.columns().len()).filter(|index| table.columns()[*index].kind == ColumnKind::Static).collect();
    let given = rows.to_vec();
    for row in rows.iter_mut() {
        for index in &statics {
            let sources = given.iter().filter(|other| table.is_same_partition(other, row));
            row[*index] = sources.filter_map(|other| other[*index].clone()).next_back();
        }
    }
}

#[test]
fn a_long_statement_is_neither_deep_nor_slow() {
    let database = Database::new();
    let (table, rows) = &database.tables["types"];
    let sum = format!("SELECT k{} FROM q.types WHERE k = 1", " + 1".repeat(50_000));
    let relations = format!("SELECT k FROM q.types WHERE k = 1{} ALLOW FILTERING", " AND l1 CONTAINS 1".repeat(20_000));
    let nested = format!("SELECT {}k{}{} FROM q.types", "abs(".repeat(60), " + 1".repeat(100_000), ")".repeat(60));
    let Ok(Statement::Select(select)) = parse(&nested) else { panic!("it parses") };
    let refusal = Plan::prepare(&select, table, &|_, _| None).unwrap_err();
    assert_eq!(refusal.to_string(), "The statement is too complex");
    let terms = format!("SELECT k FROM q.types WHERE k = 1{}", " + 1 - 1".repeat(25_000));
    for text in [sum, relations, terms] {
        let Ok(Statement::Select(select)) = parse(&text) else { panic!("it parses") };
        let plan = Plan::prepare(&select, table, &|_, _| None).unwrap();
        let found = plan.execute(rows, &Values::NONE, Page::default(), &mut Still::default()).unwrap();
        assert_eq!(found.rows.len(), 1);
    }
}

#[test]
fn a_nested_selector_is_compiled_once_at_each_level() {
    let database = Database::new();
    let (table, _) = &database.tables["types"];
    for (open, inner, close) in [
        ("((map<text, int>)", "m1", "['a'..'z'])"),
        ("((map<text, int>)(", "m1", "))['a'..'z']"),
        ("abs(-(", "k", " + 1))"),
        ("(int)blobasint(intasblob(", "k", "))"),
        ("cast(cast(", "k", " as text) as text)"),
        ("[[", "k", "]]"),
        ("abs(", "k + 1 + 1 + 1 + 1 + 1", ")"),
    ] {
        for depth in [1, 10, 40, 100] {
            let text = format!("SELECT {}{inner}{} FROM q.types", open.repeat(depth), close.repeat(depth));
            // too deep for the grammar is refused there; what it lets through is answered at once, right or wrong
            if let Ok(Statement::Select(select)) = parse(&text) {
                let _ = Plan::prepare(&select, table, &|_, _| None);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_literal_reads_back_to_the_bytes_it_stands_for(
        (ty, bytes) in proptest::sample::select(literal_types()).prop_flat_map(|ty| {
            let length = ty.fixed_length().map_or(0..20, |length| length..length + 1);
            (Just(ty), prop::collection::vec(any::<u8>(), length))
        })
    ) {
        let Ok(value) = Value::decode(&ty, &bytes) else { return Ok(()) };
        // a time outside the day has no literal
        if matches!(value, Value::Time(nanos) if !(0..NANOS_PER_DAY).contains(&nanos)) {
            return Ok(());
        }
        let text = format!("INSERT INTO q.t (a) VALUES ({})", value.to_literal(&ty));
        let Ok(Statement::Insert(insert)) = parse(&text) else { panic!("{text} does not parse") };
        let InsertSource::Values { values, .. } = &insert.source else { panic!("{text}") };
        let mut compiler = Compiler::new(None, &|_, _| None);
        let expression = values[0].compile(&mut compiler, &Receiver::new("a", ty)).unwrap();
        let environment = &mut Still::default();
        let mut context = Context { row: None, binds: &[], aggregates: &[], environment };
        // `NaN` is one literal for many bit patterns; it reads back as the usual one.
        let expected = match value {
            Value::Float(number) if number.is_nan() => Value::Float(f32::NAN),
            Value::Double(number) if number.is_nan() => Value::Double(f64::NAN),
            Value::Vector(parts) => Value::Vector(parts.into_iter().map(with_usual_nan).collect()),
            other => other,
        };
        prop_assert_eq!(expression.evaluate(&mut context).unwrap(), Some(Bytes::from(expected.to_bytes())));
    }
}

fn with_usual_nan(value: Value) -> Value {
    match value {
        Value::Float(number) if number.is_nan() => Value::Float(f32::NAN),
        other => other,
    }
}

/// Types whose values random bytes often are.
fn literal_types() -> Vec<CqlType> {
    let mut types: Vec<CqlType> = NativeType::ALL.into_iter().map(CqlType::from).collect();
    types.retain(|ty| *ty != NativeType::Empty.into());
    types.extend([
        CqlType::vector(NativeType::Float, 2).unwrap(),
        CqlType::vector(NativeType::Uuid, 1).unwrap(),
        CqlType::vector(NativeType::Timestamp, 3).unwrap(),
    ]);
    types
}

#[test]
fn pages_follow_each_other_and_the_last_has_no_state() {
    let database = Database::new();
    let (table, rows) = &database.tables["events"];
    let plan = |text| {
        let Ok(Statement::Select(select)) = parse(text) else { panic!("{text}") };
        Plan::prepare(&select, table, &|_, _| None).unwrap()
    };
    for (text, total) in [("SELECT v FROM q.events", 7_usize), ("SELECT v FROM q.events LIMIT 5", 5)] {
        let plan = plan(text);
        let whole = plan.execute(rows, &Values::NONE, Page::default(), &mut Still::default()).unwrap();
        let (mut seen, mut state, mut pages) = (Vec::new(), None::<Bytes>, 0);
        loop {
            let page = Page { size: Some(2), state: state.as_deref(), ..Page::default() };
            let Rows { metadata, rows } = plan.execute(rows, &Values::NONE, page, &mut Still::default()).unwrap();
            seen.extend(rows);
            pages += 1;
            state = metadata.paging_state;
            if state.is_none() {
                break;
            }
        }
        assert_eq!((seen.len(), pages), (total, total.div_ceil(2)));
        assert_eq!(seen, whole.rows);
    }
    let count = plan("SELECT count(*) FROM q.events");
    let page = Page { size: Some(2), ..Page::default() };
    let counted = count.execute(rows, &Values::NONE, page, &mut Still::default()).unwrap();
    assert_eq!(counted.rows, [[Some(Bytes::from_static(&[0, 0, 0, 0, 0, 0, 0, 7]))]]);
}

#[test]
fn a_paging_state_of_anothers_is_refused() {
    let database = Database::new();
    let (table, rows) = &database.tables["events"];
    let Ok(Statement::Select(select)) = parse("SELECT v FROM q.events") else { panic!() };
    let plan = Plan::prepare(&select, table, &|_, _| None).unwrap();
    let page = Page { state: Some(b"xx"), ..Page::default() };
    assert!(plan.execute(rows, &Values::NONE, page, &mut Still::default()).is_err());
}
