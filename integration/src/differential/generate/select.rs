//! SELECT.

use super::Dice;
use super::relation::{self, key_relations, token_relations};
use super::schema::{Column, Schema, Table};
use super::selector;
use super::term::term;
use crate::differential::draft::Draft;
use crate::differential::step::{NOW_SECONDS, Step};

/// How long after the writes some reads are: what was written with a short TTL is gone.
const LATER_SECONDS: i32 = 5000;

/// One SELECT.
pub(super) fn any(dice: &mut Dice, schema: &Schema) -> Option<Step> {
    let table = dice.one(&schema.tables);
    let mut draft = Draft::any(dice);
    draft.push("SELECT ");
    let is_grouped = dice.chance(10);
    selection(dice, &mut draft, table, is_grouped);
    draft.push(&format!(" FROM {}", table.path()));
    let mut filters = false;
    restrictions(dice, &mut draft, table, &mut filters);
    if is_grouped {
        group_by(dice, &mut draft, table);
    }
    if dice.chance(18) {
        order_by(dice, &mut draft, table);
    }
    for (percent, clause) in [(10, " PER PARTITION LIMIT "), (20, " LIMIT ")] {
        if dice.chance(percent) {
            draft.push(clause);
            limit(dice, &mut draft);
        }
    }
    if filters && dice.chance(80) || dice.chance(3) {
        draft.push(" ALLOW FILTERING");
    }
    let page_size = dice.chance(35).then(|| *dice.one(&[1, 2, 3, 5, 100]));
    let now_seconds = dice.chance(10).then_some(NOW_SECONDS + LATER_SECONDS);
    Some(Step { page_size, now_seconds, ..draft.into_step() })
}

fn selection(dice: &mut Dice, draft: &mut Draft, table: &Table, is_grouped: bool) {
    match dice.below(100) {
        0..=24 => {
            draft.push("*");
        }
        25..=31 => {
            draft.push("JSON *");
        }
        32..=39 => {
            let mut columns: Vec<&Column> = table.partition();
            if dice.chance(20) {
                columns.extend(table.of_kind(|kind| kind == super::schema::Kind::Static));
            }
            if dice.chance(8) {
                columns.push(dice.one(&table.columns));
            }
            draft.push("DISTINCT ");
            draft.list(&columns, ", ", |draft, column| {
                draft.push(&column.quoted());
            });
        }
        40..=46 => {
            draft.push("JSON ");
            selector::list(dice, draft, table, is_grouped);
        }
        47..=51 => {
            draft.push(dice.pick(&["count(*)", "COUNT(1)", "count(*) AS n"]));
        }
        _ => selector::list(dice, draft, table, is_grouped),
    }
}

fn restrictions(dice: &mut Dice, draft: &mut Draft, table: &Table, filters: &mut bool) {
    let choice = dice.below(100);
    if choice < 12 {
        return;
    }
    draft.push(" WHERE ");
    match choice {
        12..=54 => key_relations(dice, draft, table),
        55..=64 => {
            key_relations(dice, draft, table);
            draft.push(" AND ");
            relation::any(dice, draft, table);
            *filters = true;
        }
        65..=71 => token_relations(dice, draft, table),
        72..=84 if !table.indexed.is_empty() => {
            let names = dice.some(&table.indexed);
            let columns: Vec<&Column> = table.columns.iter().filter(|column| names.contains(&column.name)).collect();
            if columns.is_empty() {
                relation::any(dice, draft, table);
            } else {
                draft.list(&columns, " AND ", |draft, column| relation::on(dice, draft, column));
            }
            if dice.chance(20) {
                draft.push(" AND ");
                relation::any(dice, draft, table);
            }
            *filters = dice.chance(30);
        }
        _ => {
            let count: Vec<usize> = (0..1 + dice.below(3)).collect();
            draft.list(&count, " AND ", |draft, _| relation::any(dice, draft, table));
            *filters = true;
        }
    }
}

fn group_by(dice: &mut Dice, draft: &mut Draft, table: &Table) {
    let key: Vec<&Column> = table.partition().into_iter().chain(table.clustering()).collect();
    let count = if dice.chance(70) {
        table.partition().len() + dice.below(1 + table.clustering().len())
    } else {
        1 + dice.below(key.len())
    };
    let mut columns: Vec<&Column> = key[..count].to_vec();
    if dice.chance(6) {
        columns.push(dice.one(&table.columns));
    }
    draft.push(" GROUP BY ").list(&columns, ", ", |draft, column| {
        draft.push(&column.quoted());
    });
}

fn order_by(dice: &mut Dice, draft: &mut Draft, table: &Table) {
    let clustering = table.clustering();
    if clustering.is_empty() || dice.chance(5) {
        draft.push(&format!(" ORDER BY {}", dice.one(&table.columns).quoted()));
        return;
    }
    let count = 1 + dice.below(clustering.len());
    let reversed = dice.chance(50);
    draft.push(" ORDER BY ").list(&clustering[..count], ", ", |draft, column| {
        let is_stored = matches!(column.kind, super::schema::Kind::Clustering { descending: true });
        let descending = if dice.chance(6) { dice.chance(50) } else { is_stored != reversed };
        draft.push(&format!("{}{}", column.quoted(), if descending { " DESC" } else { "" }));
    });
}

fn limit(dice: &mut Dice, draft: &mut Draft) {
    match dice.below(12) {
        0 => term(dice, draft, &quorate_protocol::value::NativeType::Int.into()),
        1 => {
            draft.push("0");
        }
        _ => {
            draft.push(dice.pick(&["1", "1", "2", "3", "5", "10"]));
        }
    }
}
