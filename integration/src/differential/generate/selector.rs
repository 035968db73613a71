//! What stands between SELECT and FROM.

use quorate_protocol::value::{CqlType, NativeType, quote_identifier};

use super::Dice;
use super::schema::{Column, Kind, Table};
use super::term::{sound, term};
use crate::differential::draft::Draft;

/// One to four selectors, of aggregates more often where rows are grouped.
pub(super) fn list(dice: &mut Dice, draft: &mut Draft, table: &Table, is_grouped: bool) {
    let count: Vec<usize> = (0..1 + dice.below(4)).collect();
    let aggregates = is_grouped && dice.chance(70) || dice.chance(8);
    draft.list(&count, ", ", |draft, _| {
        if aggregates && dice.chance(80) {
            aggregate(dice, draft, table);
        } else {
            selector(dice, draft, table);
        }
        if dice.chance(8) {
            draft.push(dice.pick(&[" AS alias", " AS \"Alias\"", " AS v0"]));
        }
    });
}

fn aggregate(dice: &mut Dice, draft: &mut Draft, table: &Table) {
    let column = dice.one(&table.columns);
    let function = dice.pick(&["count", "min", "max", "sum", "avg"]);
    if dice.chance(15) {
        draft.push("count(*)");
    } else {
        draft.push(&format!("{function}({})", column.quoted()));
    }
}

fn selector(dice: &mut Dice, draft: &mut Draft, table: &Table) {
    let column = dice.one(&table.columns);
    match dice.below(100) {
        0..=39 => {
            draft.push(&column.quoted());
        }
        40..=49 => stamps(dice, draft, table, column),
        50..=53 => {
            let names = table.partition().iter().map(|it| it.quoted()).collect::<Vec<_>>().join(", ");
            draft.push(&format!("token({names})"));
        }
        54..=59 => {
            let name = column.quoted();
            let target =
                dice.pick(&["text", "int", "double", "ascii", "bigint", "varint", "decimal", "date", "timestamp"]);
            draft.push(&format!("cast({name} AS {target})"));
        }
        60..=63 => {
            draft.push(&format!("{}({})", dice.pick(&["to_json", "toJson"]), column.quoted()));
        }
        64..=66 => literal(dice, draft, table),
        67..=68 => {
            let function = dice.pick(&[
                "nosuch",
                "min",
                "abs",
                "exp",
                "length",
                "map_keys",
                "mask_null",
                "mask_hash",
                "writetime",
            ]);
            draft.push(&format!("{function}({})", column.quoted()));
        }
        69..=71 => {
            let other = dice.one(&table.columns);
            draft.push(&format!("{} {} {}", column.quoted(), dice.pick(&["+", "-", "*", "/", "%"]), other.quoted()));
        }
        72..=74 => {
            // Cassandra gives what has other types than the first one's bytes, or an exception; so it does for null in a set
            let other = dice.one(&table.columns);
            let (left, right) = (column.quoted(), other.quoted());
            draft.push(&match dice.below(3) {
                0 if column.kind.is_key() => format!("[{left}, {left}]"),
                1 if column.kind.is_key() => format!("{{{left}, {left}}}"),
                _ => format!("({left}, {right})"),
            });
        }
        _ => of_type(dice, draft, column),
    }
}

fn stamps(dice: &mut Dice, draft: &mut Draft, table: &Table, column: &Column) {
    let functions: &[&str] =
        if table.is_conditional { &["ttl"] } else { &["writetime", "writetime", "ttl", "maxwritetime"] };
    let function = dice.pick(functions);
    let column = if column.kind.is_key() && dice.chance(80) { *dice.one(&table.others()) } else { column };
    draft.push(&format!("{function}({}", column.quoted()));
    match &column.ty {
        CqlType::Map { key, .. } if dice.chance(50) => {
            draft.push("[");
            sound(dice, draft, key);
            draft.push("]");
        }
        CqlType::Udt { definition, .. } if dice.chance(50) => {
            let (field, _) = dice.one(&definition.fields);
            draft.push(&format!(".{}", quote_identifier(field)));
        }
        _ => {}
    }
    draft.push(")");
}

fn literal(dice: &mut Dice, draft: &mut Draft, table: &Table) {
    if dice.chance(50) {
        let texts = [
            "(int) 1",
            "(text) 'a'",
            "1",
            "'a'",
            "(list<int>) [1, 2]",
            "(double) 1",
            "[1, 2]",
            "null",
            "(map<int, text>) {1: 'a'}",
        ];
        draft.push(dice.pick(&texts));
    } else {
        let column = dice.one(&table.columns);
        draft.push(&format!("({}) ", column.ty));
        term(dice, draft, &column.ty);
    }
}

/// What the column's type has.
fn of_type(dice: &mut Dice, draft: &mut Draft, column: &Column) {
    let name = column.quoted();
    match &column.ty {
        CqlType::Map { key, .. } => match dice.below(3) {
            0 => element(dice, draft, &name, key),
            1 => slice(dice, draft, &name, key),
            _ => call(dice, draft, &name, &["map_keys", "map_values", "collection_count"]),
        },
        CqlType::Set { element: ty, .. } => match dice.below(3) {
            0 => element(dice, draft, &name, ty),
            1 => slice(dice, draft, &name, ty),
            _ => call(dice, draft, &name, &["collection_count", "collection_min", "collection_max", "collection_sum"]),
        },
        CqlType::List { .. } => match dice.below(4) {
            0 => element(dice, draft, &name, &NativeType::Int.into()),
            _ => {
                let functions =
                    ["collection_count", "collection_min", "collection_max", "collection_sum", "collection_avg"];
                call(dice, draft, &name, &functions);
            }
        },
        CqlType::Udt { definition, .. } => {
            let (field, _) = dice.one(&definition.fields);
            draft.push(&format!("{name}.{}", quote_identifier(field)));
        }
        CqlType::Vector { .. } => {
            let function = dice.pick(&["similarity_cosine", "similarity_euclidean", "similarity_dot_product"]);
            draft.push(&format!("{function}({name}, "));
            term(dice, draft, &column.ty);
            draft.push(")");
        }
        CqlType::Native(native) => of_native(dice, draft, &name, *native),
        CqlType::Tuple(_) | CqlType::Custom(_) => {
            draft.push(&name);
        }
    }
    if column.kind == Kind::Static && dice.chance(2) {
        draft.push(".nofield");
    }
}

fn of_native(dice: &mut Dice, draft: &mut Draft, name: &str, native: NativeType) {
    use NativeType::*;
    match native {
        Int | BigInt | SmallInt | TinyInt | VarInt | Decimal | Double | Float | Counter => match dice.below(4) {
            0 => call(dice, draft, name, &["abs", "exp", "round", "log", "log10"]),
            1 => {
                draft.push(&format!("-{name}"));
            }
            2 => call(dice, draft, name, &["mask_default", "mask_null", "intasblob", "bigintasblob"]),
            _ => {
                let operation = dice.pick(&[" + 1", " * 2", " / 2", " % 3", " - 1.5", " / 0", " + 1 * 2", " + 'a'"]);
                draft.push(&format!("{name}{operation}"));
            }
        },
        Text | Ascii => match dice.below(3) {
            0 => {
                let calls = [
                    "mask_inner(@, 1, 1)",
                    "mask_outer(@, 1, null)",
                    "mask_inner(@, null, 1, '#')",
                    "mask_replace(@, 'x')",
                    "mask_default(@)",
                    "mask_hash(@)",
                    "mask_hash(@, 'SHA-512')",
                    "mask_hash(@, 'none')",
                ];
                draft.push(&dice.pick(&calls).replace('@', name));
            }
            1 => call(dice, draft, name, &["textasblob", "asciiasblob", "varcharasblob"]),
            _ => {
                draft.push(&format!("{name} + 'x'"));
            }
        },
        Timestamp | Date | TimeUuid | Time => match dice.below(3) {
            0 => call(
                dice,
                draft,
                name,
                &["to_date", "to_timestamp", "to_unix_timestamp", "toDate", "dateOf", "unixtimestampof"],
            ),
            1 => {
                draft.push(&format!("{name} {}", dice.pick(&["+ 1d", "- 1h", "+ 1mo", "+ 2y3mo", "- 30s"])));
            }
            _ => {
                let durations = ["1h", "1d", "1mo", "30m", "0s", "-1h"];
                draft.push(&format!("floor({name}, {})", dice.pick(&durations)));
            }
        },
        Blob => call(dice, draft, name, &["blobasint", "blobastext", "blobasbigint", "mask_default", "blobasboolean"]),
        _ => call(
            dice,
            draft,
            name,
            &["mask_default", "mask_null", "to_json", "uuidasblob", "inetasblob", "booleanasblob"],
        ),
    }
}

fn call(dice: &mut Dice, draft: &mut Draft, argument: &str, functions: &[&str]) {
    draft.push(&format!("{}({argument})", dice.pick(functions)));
}

fn element(dice: &mut Dice, draft: &mut Draft, name: &str, key: &CqlType) {
    draft.push(&format!("{name}["));
    term(dice, draft, key);
    draft.push("]");
}

fn slice(dice: &mut Dice, draft: &mut Draft, name: &str, key: &CqlType) {
    draft.push(&format!("{name}["));
    if dice.chance(80) {
        sound(dice, draft, key);
    }
    draft.push("..");
    if dice.chance(80) {
        sound(dice, draft, key);
    }
    draft.push("]");
}
