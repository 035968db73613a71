//! What stands behind WHERE.

use quorate_protocol::value::{CqlType, NativeType};

use super::Dice;
use super::schema::{Column, Table};
use super::term::{of_column, sound, term};
use crate::differential::draft::Draft;

/// Every column equal to something.
pub(super) fn equal(dice: &mut Dice, draft: &mut Draft, columns: &[&Column]) {
    draft.list(columns, " AND ", |draft, column| {
        draft.push(&format!("{} = ", column.quoted()));
        key_term(dice, draft, column);
    });
}

/// The partition key, and a part of the clustering key: what names rows without filtering, in most cases.
pub(super) fn key_relations(dice: &mut Dice, draft: &mut Draft, table: &Table) {
    let partition = table.partition();
    if dice.chance(12) {
        draft.list(&partition, " AND ", |draft, column| {
            if dice.chance(60) { is_in(dice, draft, column) } else { compare(dice, draft, column, "=") }
        });
    } else {
        equal(dice, draft, &partition);
    }
    clustering_relations(dice, draft, table);
}

/// A token, or a range of tokens.
pub(super) fn token_relations(dice: &mut Dice, draft: &mut Draft, table: &Table) {
    let names = table.partition().iter().map(|column| column.quoted()).collect::<Vec<_>>().join(", ");
    let bounds = *dice.one(&[[">", "<"], [">=", "<="], [">", "<="], ["=", "="], ["<", "<"]]);
    let count = 1 + dice.below(2);
    draft.list(&bounds[..count], " AND ", |draft, operator| {
        draft.push(&format!("token({names}) {operator} "));
        if dice.chance(50) {
            draft.push("token(");
            draft.list(&table.partition(), ", ", |draft, column| key_term(dice, draft, column));
            draft.push(")");
        } else {
            let numbers =
                ["0", "-1", "-9223372036854775808", "9223372036854775807", "4000000000000000000", "'x'", "1.5"];
            draft.push(dice.pick(&numbers));
        }
    });
    if dice.chance(10) {
        draft.push(" AND ");
        any(dice, draft, table);
    }
}

/// What restricts a prefix of the clustering key.
fn clustering_relations(dice: &mut Dice, draft: &mut Draft, table: &Table) {
    let clustering = table.clustering();
    if clustering.is_empty() || dice.chance(20) {
        return;
    }
    let length = 1 + dice.below(clustering.len());
    if dice.chance(25) {
        draft.push(" AND ");
        let start = if dice.chance(15) { dice.below(clustering.len()) } else { 0 };
        return multi_column(dice, draft, &clustering[start.min(length - 1)..length]);
    }
    for (index, column) in clustering[..length].iter().enumerate() {
        draft.push(" AND ");
        let is_last = index + 1 == length;
        match dice.below(10) {
            0..=3 if is_last => range(dice, draft, column),
            4 => is_in(dice, draft, column),
            _ => compare(dice, draft, column, "="),
        }
    }
}

/// A relation on any column, right or wrong.
pub(super) fn any(dice: &mut Dice, draft: &mut Draft, table: &Table) {
    let column = dice.one(&table.columns);
    on(dice, draft, column);
}

/// A relation on this column, right or wrong.
pub(super) fn on(dice: &mut Dice, draft: &mut Draft, column: &Column) {
    match (&column.ty, dice.below(20)) {
        (CqlType::Map { key, value, .. }, 0..=12) => match dice.below(3) {
            0 => contains(dice, draft, column, "CONTAINS", value),
            1 => contains(dice, draft, column, "CONTAINS KEY", key),
            _ => {
                draft.push(&format!("{}[", column.quoted()));
                term(dice, draft, key);
                draft.push(&format!("] {} ", dice.pick(&["=", "=", "=", ">", "<="])));
                term(dice, draft, value);
            }
        },
        (CqlType::List { element, .. } | CqlType::Set { element, .. }, 0..=12) => {
            contains(dice, draft, column, "CONTAINS", element);
        }
        (_, 0..=8) => compare(dice, draft, column, "="),
        (_, 9..=12) => range(dice, draft, column),
        (_, 13..=15) => is_in(dice, draft, column),
        (_, 16) => {
            draft.push(&format!("{} IS NOT NULL", column.quoted()));
        }
        (_, 17) => compare(dice, draft, column, "!="),
        (CqlType::Native(_), 18) => {
            draft.push(&format!("{} LIKE ", column.quoted()));
            let patterns = ["'a%'", "'%a'", "'%a%'", "'a'", "'%'", "''"];
            draft.push(dice.pick(&patterns));
        }
        _ => contains(dice, draft, column, "CONTAINS", &NativeType::Int.into()),
    }
}

fn contains(dice: &mut Dice, draft: &mut Draft, column: &Column, operator: &str, ty: &CqlType) {
    draft.push(&format!("{} {operator} ", column.quoted()));
    term(dice, draft, ty);
}

fn compare(dice: &mut Dice, draft: &mut Draft, column: &Column, operator: &str) {
    draft.push(&format!("{} {operator} ", column.quoted()));
    key_term(dice, draft, column);
}

fn range(dice: &mut Dice, draft: &mut Draft, column: &Column) {
    let operators = *dice.one(&[[">", "<"], [">=", "<="], [">", "<="], [">=", "<"], [">", ">"]]);
    let count = 1 + dice.below(2);
    draft.list(&operators[..count], " AND ", |draft, operator| compare(dice, draft, column, operator));
}

fn is_in(dice: &mut Dice, draft: &mut Draft, column: &Column) {
    draft.push(&format!("{} IN ", column.quoted()));
    if draft.binds && dice.chance(30) {
        return sound(dice, draft, &CqlType::list(column.ty.freeze()));
    }
    draft.push("(");
    let count: Vec<usize> = (0..dice.below(5)).collect();
    draft.list(&count, ", ", |draft, _| key_term(dice, draft, column));
    draft.push(")");
}

fn multi_column(dice: &mut Dice, draft: &mut Draft, columns: &[&Column]) {
    let names = format!("({})", columns.iter().map(|column| column.quoted()).collect::<Vec<_>>().join(", "));
    let tuple = |dice: &mut Dice, draft: &mut Draft| {
        draft.push("(");
        let count = if dice.chance(10) { 1 + dice.below(columns.len()) } else { columns.len() };
        draft.list(&columns[..count], ", ", |draft, column| key_term(dice, draft, column));
        draft.push(")");
    };
    match dice.below(3) {
        0 => {
            draft.push(&format!("{names} IN ("));
            let count: Vec<usize> = (0..dice.below(4)).collect();
            draft.list(&count, ", ", |draft, _| tuple(dice, draft));
            draft.push(")");
        }
        1 => {
            draft.push(&format!("{names} = "));
            tuple(dice, draft);
        }
        _ => {
            let operators = *dice.one(&[[">", "<"], [">=", "<="], [">", "<="], ["<", ">="], ["<", "<"]]);
            let count = 1 + dice.below(2);
            draft.list(&operators[..count], " AND ", |draft, operator| {
                draft.push(&format!("{names} {operator} "));
                tuple(dice, draft);
            });
        }
    }
}

/// A value for a column in a relation: right in most cases.
fn key_term(dice: &mut Dice, draft: &mut Draft, column: &Column) {
    if dice.chance(85) { of_column(dice, draft, column) } else { term(dice, draft, &column.ty) }
}
