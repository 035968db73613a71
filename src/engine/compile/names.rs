//! The columns that a selector names.

use quorate_protocol::cql::ast::Selector;

use super::undefined_column;
use crate::engine::error::EngineError;
use crate::engine::table::Table;

/// The columns that a selector is, or computes with.
///
/// # Errors
/// For the first name that is no column.
pub(in crate::engine) fn columns_of(selector: &Selector<'_>, table: &Table) -> Result<Vec<usize>, EngineError> {
    let mut columns = Vec::new();
    collect(selector, table, &mut columns)?;
    Ok(columns)
}

fn collect(selector: &Selector<'_>, table: &Table, columns: &mut Vec<usize>) -> Result<(), EngineError> {
    let mut all = |parts: &[Selector<'_>]| parts.iter().try_for_each(|part| collect(part, table, columns));
    match selector {
        Selector::Column(name) => {
            let (index, _) = table.column(name.as_str()).ok_or_else(|| undefined_column(name.as_str(), table))?;
            columns.push(index);
            Ok(())
        }
        Selector::Term(_) | Selector::CountRows => Ok(()),
        Selector::Writetime(_, of) | Selector::Cast(of, _) | Selector::Field(of, _) | Selector::Negation(of) => {
            collect(of, table, columns)
        }
        Selector::Call(call) => all(&call.arguments),
        Selector::Element(pair) => collect(&pair.0, table, columns),
        Selector::Slice(parts) => collect(&parts.0, table, columns),
        Selector::Hint(pair) => match &pair.1 {
            // names before colons are fields of a user type, or columns
            Selector::Map(_) => Ok(()),
            of => collect(of, table, columns),
        },
        Selector::List(parts) | Selector::Set(parts) | Selector::Tuple(parts) => all(parts),
        Selector::Map(pairs) => pairs.iter().try_for_each(|(key, value)| {
            collect(key, table, columns)?;
            collect(value, table, columns)
        }),
        Selector::Arithmetic(of) => {
            collect(&of.first, table, columns)?;
            of.rest.iter().try_for_each(|(_, operand)| collect(operand, table, columns))
        }
    }
}
