//! What stands where a value is expected.

use quorate_protocol::value::{CqlType, NativeType, Value};

use super::schema::Column;
use super::value::value;
use super::{super::draft::Draft, Dice};

/// A value of the type in most cases: a literal or a marker. Sometimes null, unset, a function of the same type, or wrong.
pub(super) fn term(dice: &mut Dice, draft: &mut Draft, ty: &CqlType) {
    match dice.below(100) {
        0..=2 => null(dice, draft),
        3..=4 => wrong(dice, draft, ty),
        5..=7 => computed(dice, draft, ty),
        _ => sound(dice, draft, ty),
    }
}

/// A value of the type.
pub(super) fn sound(dice: &mut Dice, draft: &mut Draft, ty: &CqlType) {
    let chosen = value(dice, ty);
    write(dice, draft, ty, &chosen);
}

/// A value of a column: one of its domain, if it has one, in most cases.
pub(super) fn of_column(dice: &mut Dice, draft: &mut Draft, column: &Column) {
    if column.domain.is_empty() || dice.chance(6) {
        return sound(dice, draft, &column.ty);
    }
    let chosen = dice.one(&column.domain);
    write(dice, draft, &column.ty, chosen);
}

fn write(dice: &mut Dice, draft: &mut Draft, ty: &CqlType, chosen: &Value) {
    if draft.binds && dice.chance(80) {
        draft.bind(Some(&chosen.to_bytes()));
    } else {
        draft.push(&literal(dice, ty, chosen));
    }
}

/// A value as a literal, in one of the ways to write it.
fn literal(dice: &mut Dice, ty: &CqlType, value: &Value) -> String {
    let plain = value.to_literal(ty);
    match ty {
        CqlType::Native(NativeType::Timestamp) if dice.chance(30) => match value {
            Value::Timestamp(millis) => millis.to_string(),
            _ => plain,
        },
        CqlType::Native(NativeType::Text | NativeType::Ascii) if dice.chance(10) => match value {
            Value::Text(text) | Value::Ascii(text) => format!("$${text}$$"),
            _ => plain,
        },
        _ => plain,
    }
}

fn null(dice: &mut Dice, draft: &mut Draft) {
    match (draft.binds, dice.chance(50)) {
        (true, true) => draft.bind(None),
        (true, false) => draft.bind_unset(),
        (false, _) => {
            draft.push("null");
        }
    }
}

/// A value of another type, or none at all.
fn wrong(dice: &mut Dice, draft: &mut Draft, ty: &CqlType) {
    if draft.binds && dice.chance(50) {
        let bytes: &[u8] = dice.pick::<[u8]>(&[&[], &[1], &[0, 1, 2], &[0, 0, 0, 1, 0], &[0xFF; 9], &[0xC3, 0x28]]);
        draft.bind(Some(bytes));
        return;
    }
    let texts = [
        "'x'",
        "1",
        "1.5",
        "true",
        "0xff",
        "[1]",
        "{1}",
        "{'a': 1}",
        "(1, 'a')",
        "{a: 1}",
        "99999999999999999999",
        "'a' + 1",
        "[]",
        "{}",
        "-1",
        "NaN",
        "1h",
        "50554d6e-29bb-11e5-b345-feff819cdc9f",
        "nofunction(1)",
        "(int) 'x'",
        "''",
    ];
    let text = dice.pick(&texts);
    // Cassandra reads strings as tuples and vectors in a form that nobody writes
    let is_native = matches!(ty, CqlType::Native(_)) || ty.is_collection();
    draft.push(if is_native || !text.contains('\'') { text } else { "1" });
}

/// A call or an operation that gives the type.
fn computed(dice: &mut Dice, draft: &mut Draft, ty: &CqlType) {
    let CqlType::Native(native) = ty else {
        return sound(dice, draft, ty);
    };
    let choices: &[&str] = match native {
        NativeType::Int => {
            &["1 + 1", "(int) 2", "2 * 2 - 1", "7 % 4", "blobasint(0x00000002)", "2147483647 + 1", "1 / 0", "abs(-2)"]
        }
        NativeType::BigInt => &["1 + 1", "(bigint) 3", "5 / 2", "abs(-2)", "blobasbigint(0x01)"],
        NativeType::Text => &["'a' + 'b'", "(text) 'b'", "blobastext(0x61)", "to_json(1)", "mask_inner('abc', 1, 1)"],
        NativeType::Double => &["1.5 + 1", "1 / 2", "exp(0)", "log10(100)", "1.0 / 0", "round(1.5)"],
        NativeType::Blob => &["intasblob(1)", "textasblob('a')", "bigintasblob(1)"],
        NativeType::Timestamp => {
            &["to_timestamp('2024-02-17')", "'2024-02-17' + 1d", "'2024-02-17 04:00+0000'", "'x' - 1h"]
        }
        NativeType::Date => &["'2024-02-17' + 1d", "to_date('2024-02-17 04:00:00Z')", "'2024-02-18' - 1mo"],
        NativeType::TimeUuid => &["min_timeuuid('2024-02-17 04:00+0000')", "max_timeuuid(1708142400000)"],
        NativeType::Decimal => &["1.5 + 1", "1 / 3", "(decimal) 1", "10 % 3"],
        NativeType::VarInt => &["1 + 1", "(varint) 7", "-5 / 2"],
        NativeType::SmallInt | NativeType::TinyInt => &["1 + 1", "3 - 1", "300 + 1"],
        _ => return sound(dice, draft, ty),
    };
    draft.push(dice.pick(choices));
}
