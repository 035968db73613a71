//! INSERT, UPDATE, DELETE and batches.

use quorate_protocol::value::{CqlType, NativeType, quote_identifier};

use super::Dice;
use super::relation::{self, key_relations};
use super::schema::{Column, Kind, Schema, Table};
use super::term::{of_column, sound, term};
use super::value::value;
use crate::differential::draft::Draft;
use crate::differential::step::Step;

/// One statement that writes, or a batch.
pub(super) fn any(dice: &mut Dice, schema: &Schema) -> Option<Step> {
    let writable: Vec<&Table> = schema.tables.iter().filter(|table| !table.is_view || dice.chance(3)).collect();
    let table = *dice.one(&writable);
    let stamp = dice.between(1, 40);
    if dice.chance(12) {
        return Some(batch(dice, &writable, table, stamp));
    }
    let mut draft = Draft::any(dice);
    let is_conditional = table.is_conditional && dice.chance(35) || dice.chance(1);
    statement(dice, &mut draft, table, Using { allowed: !table.is_counter && !is_conditional, is_conditional });
    let timestamp_micros = (!is_conditional).then_some(stamp);
    Some(Step { timestamp_micros, ..draft.into_step() })
}

/// How a statement may end.
#[derive(Clone, Copy)]
struct Using {
    /// It may say USING.
    allowed: bool,
    /// It has an IF.
    is_conditional: bool,
}

fn statement(dice: &mut Dice, draft: &mut Draft, table: &Table, using: Using) {
    match dice.below(20) {
        0..=8 if !table.is_counter => insert(dice, draft, table, using),
        9..=10 if !table.is_counter => insert_json(dice, draft, table, using),
        0..=15 => update(dice, draft, table, using),
        _ => delete(dice, draft, table, using),
    }
}

fn insert(dice: &mut Dice, draft: &mut Draft, table: &Table, using: Using) {
    let mut columns: Vec<&Column> = table.columns.iter().filter(|it| it.kind.is_key() || dice.chance(60)).collect();
    if dice.chance(4) {
        columns.remove(dice.below(columns.len()));
    }
    if dice.chance(6) {
        columns.retain(|column| !matches!(column.kind, Kind::Clustering { .. }));
    }
    draft.push(&format!("INSERT INTO {} (", table.path()));
    draft.list(&columns, ", ", |draft, column| {
        draft.push(&column.quoted());
    });
    if dice.chance(1) {
        draft.push(", nosuch");
    }
    draft.push(") VALUES (");
    draft.list(&columns, ", ", |draft, column| value_of(dice, draft, column));
    draft.push(")");
    if using.is_conditional {
        draft.push(" IF NOT EXISTS");
    }
    using_clause(dice, draft, using, true);
}

/// A term for a column: keys are right in most cases.
fn value_of(dice: &mut Dice, draft: &mut Draft, column: &Column) {
    if column.kind.is_key() && dice.chance(85) {
        of_column(dice, draft, column);
    } else {
        term(dice, draft, &column.ty);
    }
}

fn insert_json(dice: &mut Dice, draft: &mut Draft, table: &Table, using: Using) {
    let columns: Vec<&Column> = table.columns.iter().filter(|it| it.kind.is_key() || dice.chance(60)).collect();
    let entries = columns.iter().map(|column| {
        let value = match dice.below(20) {
            0 => dice.pick(&["null", "\"x\"", "1", "[1]", "{}", "{\"a\": 1}", "1.5", "true", "\"1\""]).to_owned(),
            _ if column.domain.is_empty() => value(dice, &column.ty).to_json(&column.ty),
            _ => dice.one(&column.domain).to_json(&column.ty),
        };
        let name = if column.name.chars().all(|c| !c.is_uppercase()) || dice.chance(10) {
            column.name.clone()
        } else {
            format!("\\\"{}\\\"", column.name)
        };
        format!("\"{name}\": {value}")
    });
    let json = format!("{{{}}}", entries.collect::<Vec<_>>().join(", "));
    draft.push(&format!("INSERT INTO {} JSON ", table.path()));
    if draft.binds {
        draft.bind(Some(json.as_bytes()));
    } else {
        draft.push(&format!("'{}'", json.replace('\'', "''")));
    }
    draft.push(dice.pick(&["", "", " DEFAULT NULL", " DEFAULT UNSET"]));
    if using.is_conditional {
        draft.push(" IF NOT EXISTS");
    }
    using_clause(dice, draft, using, true);
}

fn update(dice: &mut Dice, draft: &mut Draft, table: &Table, using: Using) {
    draft.push(&format!("UPDATE {}", table.path()));
    using_clause(dice, draft, using, true);
    draft.push(" SET ");
    let others = table.others();
    let mut columns: Vec<&Column> = dice.some(&others);
    columns.truncate(3);
    if dice.chance(1) {
        columns.push(dice.one(&table.columns));
    }
    let only_statics = columns.iter().all(|column| column.kind == Kind::Static);
    draft.list(&columns, ", ", |draft, column| assignment(dice, draft, column));
    draft.push(" WHERE ");
    write_relations(dice, draft, table, only_statics);
    if using.is_conditional {
        conditions(dice, draft, table);
    }
}

fn assignment(dice: &mut Dice, draft: &mut Draft, column: &Column) {
    let name = column.quoted();
    if column.ty == NativeType::Counter.into() {
        let sign = dice.pick(&["+", "+", "-"]);
        draft.push(&format!("{name} = {name} {sign} "));
        return term(dice, draft, &NativeType::BigInt.into());
    }
    if dice.chance(45) {
        draft.push(&format!("{name} = "));
        return term(dice, draft, &column.ty);
    }
    match &column.ty {
        CqlType::List { element, .. } => match dice.below(4) {
            0 => {
                draft.push(&format!("{name} = {name} + "));
                term(dice, draft, &column.ty);
            }
            1 => {
                draft.push(&format!("{name} = "));
                sound(dice, draft, &column.ty);
                draft.push(&format!(" + {name}"));
            }
            2 => {
                draft.push(&format!("{name} = {name} - "));
                term(dice, draft, &column.ty);
            }
            _ => {
                draft.push(&format!("{name}[{}] = ", dice.pick(&["0", "0", "1", "2", "-1", "?"]).replace('?', "7")));
                term(dice, draft, element);
            }
        },
        CqlType::Set { .. } => {
            draft.push(&format!("{name} = {name} {} ", dice.pick(&["+", "+", "-"])));
            term(dice, draft, &column.ty);
        }
        CqlType::Map { key, value, .. } => match dice.below(3) {
            0 => {
                draft.push(&format!("{name} = {name} + "));
                term(dice, draft, &column.ty);
            }
            1 => {
                draft.push(&format!("{name} = {name} - "));
                term(dice, draft, &CqlType::set((**key).clone()));
            }
            _ => {
                draft.push(&format!("{name}["));
                term(dice, draft, key);
                draft.push("] = ");
                term(dice, draft, value);
            }
        },
        CqlType::Udt { definition, .. } => {
            let (field, ty) = dice.one(&definition.fields);
            draft.push(&format!("{name}.{} = ", quote_identifier(field)));
            term(dice, draft, ty);
        }
        ty => {
            // of numbers and text too, which Cassandra takes in conditional statements only
            if dice.chance(20) {
                draft.push(&format!("{name} {} ", dice.pick(&["+=", "-="])));
            } else {
                draft.push(&format!("{name} = "));
            }
            term(dice, draft, ty);
        }
    }
}

fn delete(dice: &mut Dice, draft: &mut Draft, table: &Table, using: Using) {
    draft.push("DELETE ");
    let mut only_statics = false;
    // a counter that was deleted never counts again in Cassandra, whatever the write times say
    if dice.chance(45) && !table.is_counter {
        let others = table.others();
        let mut columns: Vec<&Column> = dice.some(&others);
        columns.truncate(2);
        only_statics = columns.iter().all(|column| column.kind == Kind::Static);
        draft.list(&columns, ", ", |draft, column| deletion(dice, draft, column));
        draft.push(" ");
    }
    draft.push(&format!("FROM {}", table.path()));
    using_clause(dice, draft, using, false);
    draft.push(" WHERE ");
    write_relations(dice, draft, table, only_statics);
    if using.is_conditional {
        conditions(dice, draft, table);
    }
}

fn deletion(dice: &mut Dice, draft: &mut Draft, column: &Column) {
    draft.push(&column.quoted());
    if dice.chance(45) {
        return;
    }
    match &column.ty {
        CqlType::Map { key, .. } => {
            draft.push("[");
            term(dice, draft, key);
            draft.push("]");
        }
        CqlType::Set { element, .. } => {
            draft.push("[");
            term(dice, draft, element);
            draft.push("]");
        }
        CqlType::List { .. } => {
            draft.push(dice.pick(&["[0]", "[0]", "[1]", "[-1]", "[9]"]));
        }
        CqlType::Udt { definition, .. } => {
            let (field, _) = dice.one(&definition.fields);
            draft.push(&format!(".{}", quote_identifier(field)));
        }
        _ => {}
    }
}

/// The WHERE of an UPDATE or DELETE.
fn write_relations(dice: &mut Dice, draft: &mut Draft, table: &Table, only_statics: bool) {
    match dice.below(100) {
        // a partition, or a part of one
        0..=14 => key_relations(dice, draft, table),
        15..=24 => relation::equal(dice, draft, &table.partition()),
        25..=30 => relation::any(dice, draft, table),
        _ if only_statics => relation::equal(dice, draft, &table.partition()),
        _ => relation::equal(dice, draft, &table.of_kind(Kind::is_key)),
    }
}

fn using_clause(dice: &mut Dice, draft: &mut Draft, using: Using, with_ttl: bool) {
    if !using.allowed && dice.chance(99) {
        return;
    }
    let mut clauses = Vec::new();
    if dice.chance(50) {
        clauses.push(format!("TIMESTAMP {}", dice.between(1, 40)));
    }
    if with_ttl && dice.chance(12) {
        let ttl = dice.pick(&["1000", "1000", "100000", "1000000", "0", "-1", "null", "700000000"]);
        clauses.push(format!("TTL {ttl}"));
    }
    if !clauses.is_empty() {
        draft.push(&format!(" USING {}", clauses.join(" AND ")));
    }
}

fn conditions(dice: &mut Dice, draft: &mut Draft, table: &Table) {
    draft.push(" IF ");
    if dice.chance(25) {
        draft.push("EXISTS");
        return;
    }
    let columns: Vec<&Column> = table.columns.iter().filter(|column| !column.kind.is_key() || dice.chance(3)).collect();
    let mut columns: Vec<&Column> = dice.some(&columns);
    columns.truncate(2);
    draft.list(&columns, " AND ", |draft, column| condition(dice, draft, column));
}

fn condition(dice: &mut Dice, draft: &mut Draft, column: &Column) {
    draft.push(&column.quoted());
    let mut ty = column.ty.clone();
    if dice.chance(40) {
        match &column.ty {
            CqlType::Map { key, value, .. } => {
                draft.push("[");
                term(dice, draft, key);
                draft.push("]");
                ty = (**value).clone();
            }
            CqlType::List { element, .. } => {
                draft.push(dice.pick(&["[0]", "[1]", "[-1]"]));
                ty = (**element).clone();
            }
            CqlType::Udt { definition, .. } => {
                let (field, field_type) = dice.one(&definition.fields);
                draft.push(&format!(".{}", quote_identifier(field)));
                ty = field_type.clone();
            }
            _ => {}
        }
    }
    match dice.below(12) {
        0 => {
            draft.push(" IN (");
            let count: Vec<usize> = (0..dice.below(4)).collect();
            draft.list(&count, ", ", |draft, _| term(dice, draft, &ty));
            draft.push(")");
        }
        1 => {
            draft.push(" = null");
        }
        2 => {
            draft.push(" != null");
        }
        3 => {
            draft.push(dice.pick(&[" CONTAINS ", " CONTAINS KEY "]));
            term(dice, draft, ty_of_element(&ty));
        }
        _ => {
            draft.push(&format!(" {} ", dice.pick(&["=", "=", "=", "!=", "<", ">", "<=", ">="])));
            term(dice, draft, &ty);
        }
    }
}

fn ty_of_element(ty: &CqlType) -> &CqlType {
    match ty {
        CqlType::List { element, .. } | CqlType::Set { element, .. } => element,
        CqlType::Map { key, .. } => key,
        ty => ty,
    }
}

fn batch(dice: &mut Dice, writable: &[&Table], table: &Table, stamp: i64) -> Step {
    let is_conditional = table.is_conditional && dice.chance(25);
    let mixes = dice.chance(5);
    let tables: Vec<&Table> = (0..1 + dice.below(4))
        .map(|_| if dice.chance(70) { table } else { *dice.one(writable) })
        .filter(|it| mixes || it.is_counter == table.is_counter && it.is_conditional == table.is_conditional)
        .collect();
    let timestamp_micros = (!is_conditional).then_some(stamp);
    let kind = if table.is_counter && dice.chance(95) { 2 } else { dice.below(2) };
    let using = |dice: &mut Dice| Using {
        allowed: !table.is_counter && !is_conditional && dice.chance(50),
        is_conditional: is_conditional && dice.chance(60),
    };
    if dice.chance(40) && !tables.is_empty() {
        let children = tables.iter().map(|table| {
            let mut draft = Draft::any(dice);
            let using = using(dice);
            statement(dice, &mut draft, table, using);
            draft.into_child()
        });
        let children = children.collect();
        return Step { children, timestamp_micros, ..Step::of(kind.to_string()) };
    }
    let mut draft = Draft::any(dice);
    draft.push(["BEGIN BATCH", "BEGIN UNLOGGED BATCH", "BEGIN COUNTER BATCH"][kind]);
    if kind < 2 && dice.chance(15) {
        draft.push(&format!(" USING TIMESTAMP {}", dice.between(1, 40)));
    }
    for table in tables {
        draft.push(" ");
        let using = using(dice);
        statement(dice, &mut draft, table, using);
        draft.push(";");
    }
    draft.push(" APPLY BATCH");
    Step { timestamp_micros, ..draft.into_step() }
}
