//! Keyspaces, types, tables, indexes and views.

use std::sync::Arc;

use quorate_protocol::value::{CqlType, NativeType, UserType, Value, quote_identifier};

use super::Dice;
use super::value::value;
use crate::differential::step::Step;

/// What there is, as far as the generator believes.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) keyspace: String,
    pub(super) tables: Vec<Table>,
    types: Vec<Arc<UserType>>,
}

/// A table or a view.
#[derive(Clone, Debug)]
pub(super) struct Table {
    keyspace: String,
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) is_counter: bool,
    pub(super) is_view: bool,
    /// Whether conditional statements write to it, whose write times are those of the clock.
    pub(super) is_conditional: bool,
    /// Columns that have an index.
    pub(super) indexed: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) ty: CqlType,
    pub(super) kind: Kind,
    /// Of a column of the primary key the few values that it mostly has, so that statements meet at the same rows.
    pub(super) domain: Vec<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Partition,
    Clustering { descending: bool },
    Static,
    Regular,
}

impl Kind {
    pub(super) fn is_key(self) -> bool {
        matches!(self, Self::Partition | Self::Clustering { .. })
    }
}

impl Column {
    pub(super) fn quoted(&self) -> String {
        quote_identifier(&self.name)
    }
}

impl Table {
    pub(super) fn path(&self) -> String {
        format!("{}.{}", self.keyspace, quote_identifier(&self.name))
    }

    pub(super) fn of_kind(&self, is_meant: impl Fn(Kind) -> bool) -> Vec<&Column> {
        self.columns.iter().filter(|column| is_meant(column.kind)).collect()
    }

    pub(super) fn partition(&self) -> Vec<&Column> {
        self.of_kind(|kind| kind == Kind::Partition)
    }

    pub(super) fn clustering(&self) -> Vec<&Column> {
        self.of_kind(|kind| matches!(kind, Kind::Clustering { .. }))
    }

    /// The columns outside the primary key; those of it if there are no others.
    pub(super) fn others(&self) -> Vec<&Column> {
        let others = self.of_kind(|kind| !kind.is_key());
        if others.is_empty() { self.columns.iter().collect() } else { others }
    }
}

impl Schema {
    /// Makes a keyspace with types, tables, indexes and views, and appends the statements that do so.
    pub(super) fn create(dice: &mut Dice, seed: u64, steps: &mut Vec<Step>) -> Self {
        let mut schema = Self { keyspace: format!("d{seed}"), tables: Vec::new(), types: Vec::new() };
        steps.push(Step::of(format!(
            "CREATE KEYSPACE {} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}",
            schema.keyspace
        )));
        for number in 0..1 + dice.below(2) {
            schema.create_type(dice, number, steps);
        }
        for number in 0..2 + dice.below(2) {
            schema.create_table(dice, number, steps);
        }
        let tables = schema.tables.len();
        for table in 0..tables {
            if !schema.tables[table].is_counter {
                for _ in 0..dice.weighted(&[(3, 0), (3, 1), (2, 2), (1, 4)]) {
                    schema.create_index(dice, table, steps);
                }
                if dice.chance(25) {
                    schema.create_view(dice, table, steps);
                }
            }
        }
        schema
    }

    /// Changes something, late: tables have rows by now.
    pub(super) fn change(&mut self, dice: &mut Dice, steps: &mut Vec<Step>) -> Option<Step> {
        let place = dice.below(self.tables.len());
        if self.tables[place].is_view {
            return None;
        }
        let path = self.tables[place].path();
        match dice.below(8) {
            0 => self.create_index(dice, place, steps),
            1 | 2 => {
                let number = self.tables[place].columns.len();
                let (name, ty) = (format!("x{number}"), self.any_type(dice, 0));
                let column = Column { name, ty, kind: Kind::Regular, domain: Vec::new() };
                let is_static = if dice.chance(20) { " static" } else { "" };
                steps.push(Step::of(format!("ALTER TABLE {path} ADD {} {}{is_static}", column.name, column.ty)));
                if is_static.is_empty() && !self.tables[place].is_counter {
                    self.tables[place].columns.push(column);
                }
            }
            3 | 4 => {
                let others = self.tables[place].others();
                let name = dice.one(&others).name.clone();
                steps.push(Step::of(format!("ALTER TABLE {path} DROP {}", quote_identifier(&name))));
                // what has an index or a view is not dropped
                let has_view = self.tables.iter().any(|table| table.is_view);
                if !has_view && !self.tables[place].indexed.contains(&name) && others.len() > 1 {
                    self.tables[place].columns.retain(|column| column.name != name);
                }
            }
            5 => steps.push(Step::of(format!("TRUNCATE {path}"))),
            6 if !self.tables[place].is_counter => self.create_view(dice, place, steps),
            _ => {
                let clustering = self.tables[place].clustering().first().map(|column| column.name.clone());
                if let Some(name) = clustering.filter(|_| dice.chance(50)) {
                    let renamed = format!("r{name}");
                    steps.push(Step::of(format!("ALTER TABLE {path} RENAME {name} TO {renamed}")));
                    if self.tables[place].indexed.is_empty() && !self.tables.iter().any(|table| table.is_view) {
                        for column in &mut self.tables[place].columns {
                            if column.name == name {
                                column.name.clone_from(&renamed);
                            }
                        }
                    }
                } else {
                    let options = [
                        "comment = 'it''s'",
                        "gc_grace_seconds = 10",
                        "nothing = 1",
                        "compaction = {'class': 'None'}",
                        "default_time_to_live = -1",
                        "bloom_filter_fp_chance = 2",
                    ];
                    steps.push(Step::of(format!("ALTER TABLE {path} WITH {}", dice.pick(&options))));
                }
            }
        }
        None
    }

    fn create_type(&mut self, dice: &mut Dice, number: usize, steps: &mut Vec<Step>) {
        let mut fields = vec![("a".to_owned(), self.native(dice)), ("Bee".to_owned(), NativeType::Text.into())];
        if dice.chance(50) {
            fields.push(("c".to_owned(), self.any_type(dice, 1).freeze()));
        }
        let written = fields.iter().map(|(name, ty)| format!("{} {ty}", quote_identifier(name)));
        let written = written.collect::<Vec<_>>().join(", ");
        let name = format!("u{number}");
        steps.push(Step::of(format!("CREATE TYPE {}.{name} ({written})", self.keyspace)));
        self.types.push(Arc::new(UserType { keyspace: self.keyspace.clone(), name, fields }));
    }

    fn create_table(&mut self, dice: &mut Dice, number: usize, steps: &mut Vec<Step>) {
        let is_counter = dice.chance(12);
        let mut columns = Vec::new();
        let mut add = |dice: &mut Dice, name: String, ty: CqlType, kind: Kind| {
            let count = if kind.is_key() { 2 + dice.below(3) } else { 0 };
            let domain = (0..count).map(|_| value(dice, &ty)).collect();
            columns.push(Column { name, ty, kind, domain });
        };
        for number in 0..dice.weighted(&[(3, 1), (2, 2)]) {
            let ty = self.key_type(dice);
            add(dice, format!("p{number}"), ty, Kind::Partition);
        }
        let clustering = dice.weighted(&[(2, 0), (3, 1), (3, 2), (2, 3)]);
        let orders: Vec<bool> = (0..clustering).map(|_| dice.chance(35)).collect();
        for (number, descending) in orders.iter().enumerate() {
            let ty = self.key_type(dice);
            add(dice, format!("c{number}"), ty, Kind::Clustering { descending: *descending });
        }
        let regular = |schema: &Self, dice: &mut Dice| match is_counter {
            true => NativeType::Counter.into(),
            false => schema.any_type(dice, 0),
        };
        if clustering > 0 {
            for number in 0..dice.weighted(&[(3, 0), (2, 1), (2, 2)]) {
                let ty = regular(self, dice);
                add(dice, format!("s{number}"), ty, Kind::Static);
            }
        }
        for number in 0..1 + dice.below(5) {
            let name = if number == 3 { "Vee".to_owned() } else { format!("v{number}") };
            let ty = regular(self, dice);
            add(dice, name, ty, Kind::Regular);
        }
        let table = Table {
            keyspace: self.keyspace.clone(),
            name: format!("t{number}"),
            columns,
            is_counter,
            is_view: false,
            is_conditional: !is_counter && dice.chance(25),
            indexed: Vec::new(),
        };
        steps.push(Step::of(create_table(dice, &table, &orders)));
        self.tables.push(table);
    }

    fn create_index(&mut self, dice: &mut Dice, place: usize, steps: &mut Vec<Step>) {
        let table = &self.tables[place];
        let column = dice.one(&table.columns);
        let name = format!("{}_{}_{}", table.name, column.name.to_lowercase(), steps.len());
        let quoted = column.quoted();
        let target = match &column.ty {
            CqlType::Map { frozen: false, .. } => {
                format!("{}({quoted})", dice.pick(&["KEYS", "VALUES", "ENTRIES", "FULL"]))
            }
            CqlType::List { frozen: false, .. } | CqlType::Set { frozen: false, .. } if dice.chance(30) => {
                format!("values({quoted})")
            }
            ty if ty.is_collection() && !ty.is_multi_cell() => format!("FULL({quoted})"),
            _ => quoted,
        };
        let path = table.path();
        let text = match dice.below(10) {
            0..=4 => format!("CREATE INDEX {name} ON {path} ({target})"),
            5..=8 => format!("CREATE CUSTOM INDEX {name} ON {path} ({target}) USING 'StorageAttachedIndex'"),
            _ => format!("CREATE INDEX IF NOT EXISTS {name} ON {path} ({target}) USING 'sai'"),
        };
        steps.push(Step::of(text));
        let indexed = column.name.clone();
        self.tables[place].indexed.push(indexed);
    }

    /// A view with one more column in its key, or the base's own key in another order.
    fn create_view(&mut self, dice: &mut Dice, place: usize, steps: &mut Vec<Step>) {
        let base = &self.tables[place];
        let mut key: Vec<Column> = base.columns.iter().filter(|column| column.kind.is_key()).cloned().collect();
        let regulars = base.of_kind(|kind| kind == Kind::Regular);
        let candidates: Vec<&Column> =
            regulars.iter().filter(|it| !it.ty.is_multi_cell() || dice.chance(5)).copied().collect();
        if !candidates.is_empty() && dice.chance(70) {
            key.push((*dice.one(&candidates)).clone());
        }
        dice.shuffle(&mut key);
        let name = format!("{}_view{}", base.name, steps.len());
        let selected: Vec<Column> = if dice.chance(60) {
            base.columns.iter().filter(|column| column.kind != Kind::Static).cloned().collect()
        } else {
            let others = regulars.iter().filter(|it| !key.iter().any(|one| one.name == it.name) && dice.chance(50));
            key.iter().cloned().chain(others.map(|it| (*it).clone())).collect()
        };
        let names =
            |columns: &[Column], between: &str| columns.iter().map(Column::quoted).collect::<Vec<_>>().join(between);
        let not_null = key.iter().map(|column| format!("{} IS NOT NULL", column.quoted()));
        let not_null = not_null.collect::<Vec<_>>().join(" AND ");
        let list = if selected.len() == base.columns.len() { "*".to_owned() } else { names(&selected, ", ") };
        steps.push(Step::of(format!(
            "CREATE MATERIALIZED VIEW {}.{name} AS SELECT {list} FROM {} WHERE {not_null} PRIMARY KEY ({})",
            self.keyspace,
            base.path(),
            names(&key, ", ")
        )));
        let kind = |name: &str| match key.iter().position(|it| it.name == name) {
            Some(0) => Kind::Partition,
            Some(_) => Kind::Clustering { descending: false },
            None => Kind::Regular,
        };
        let others = selected.iter().filter(|it| !key.iter().any(|one| one.name == it.name));
        let columns = key.iter().chain(others).map(|it| Column { kind: kind(&it.name), ..it.clone() }).collect();
        let view = Table {
            name,
            columns,
            is_view: true,
            indexed: Vec::new(),
            keyspace: base.keyspace.clone(),
            is_counter: false,
            is_conditional: base.is_conditional,
        };
        self.tables.push(view);
    }

    fn native(&self, dice: &mut Dice) -> CqlType {
        use NativeType::*;
        let natives = [
            Ascii, BigInt, Blob, Boolean, Date, Decimal, Double, Duration, Float, Inet, Int, Int, Int, Int, SmallInt,
            Text, Text, Text, Time, Timestamp, TimeUuid, TinyInt, Uuid, VarInt,
        ];
        (*dice.one(&natives)).into()
    }

    /// A type that a key may have, in most cases.
    fn key_type(&self, dice: &mut Dice) -> CqlType {
        match dice.below(20) {
            0 => self.any_type(dice, 0).freeze(),
            1..=5 => NativeType::Text.into(),
            6..=11 => NativeType::Int.into(),
            _ => loop {
                let native = self.native(dice);
                if native != NativeType::Duration.into() {
                    return native;
                }
            },
        }
    }

    /// A type for a regular column; those inside others are frozen.
    fn any_type(&self, dice: &mut Dice, depth: u32) -> CqlType {
        if depth > 1 || dice.chance(50) {
            return self.native(dice);
        }
        let mut inner = || self.any_type(dice, depth + 1).freeze();
        let (first, second) = (inner(), inner());
        let ty = match dice.below(9) {
            0 | 1 => CqlType::list(first),
            2 | 3 => CqlType::set(without_duration(first)),
            4 | 5 => CqlType::map(without_duration(first), second),
            6 => CqlType::tuple([first, second]),
            7 if !self.types.is_empty() => CqlType::Udt { definition: dice.one(&self.types).clone(), frozen: false },
            _ => CqlType::vector(NativeType::Float, 2).unwrap_or(first),
        };
        if depth > 0 || dice.chance(25) { ty.freeze() } else { ty }
    }
}

/// Sets and keys of maps have no durations.
fn without_duration(ty: CqlType) -> CqlType {
    if ty == NativeType::Duration.into() { NativeType::Int.into() } else { ty }
}

fn create_table(dice: &mut Dice, table: &Table, orders: &[bool]) -> String {
    let columns = table.columns.iter().map(|column| {
        let is_static = if column.kind == Kind::Static { " static" } else { "" };
        format!("{} {}{is_static}", column.quoted(), column.ty)
    });
    let names = |columns: &[&Column]| columns.iter().map(|it| it.quoted()).collect::<Vec<_>>().join(", ");
    let clustering = table.clustering();
    let mut key = format!("({})", names(&table.partition()));
    if !clustering.is_empty() {
        key = format!("{key}, {}", names(&clustering));
    }
    let mut options = Vec::new();
    if orders.contains(&true) {
        let order = |(column, descending): (&&Column, &bool)| {
            format!("{} {}", column.quoted(), if *descending { "DESC" } else { "ASC" })
        };
        let written = clustering.iter().zip(orders).map(order).collect::<Vec<_>>().join(", ");
        options.push(format!("CLUSTERING ORDER BY ({written})"));
    }
    if dice.chance(5) && !table.is_counter {
        options.push("default_time_to_live = 1000000".to_owned());
    }
    let options = if options.is_empty() { String::new() } else { format!(" WITH {}", options.join(" AND ")) };
    let columns = columns.collect::<Vec<_>>().join(", ");
    format!("CREATE TABLE {} ({columns}, PRIMARY KEY ({key})){options}", table.path())
}
