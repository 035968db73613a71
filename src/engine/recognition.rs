//! What Cassandra's grammar takes only to refuse it with a message, before it looks up a name (`addRecognitionError` in
//! `Parser.g`): in statements that read and write. Those that define, describe or grant something check their own names.

use std::collections::HashMap;

use quorate_protocol::cql::ast::{
    Assignment, ColumnAssignment, Modification, Name, QualifiedName, Relation, Statement,
};

use super::EngineError;

/// Checks a statement that was parsed.
///
/// # Errors
/// A syntax error in Cassandra's words.
pub(super) fn check(statement: &Statement<'_>) -> Result<(), EngineError> {
    match statement {
        Statement::Select(select) => {
            check_table(&select.from)?;
            check_relations(&select.relations)
        }
        Statement::Insert(insert) => check_table(&insert.table),
        Statement::Update(update) => check_update(&update.table, &update.assignments, &update.relations),
        Statement::Delete(delete) => {
            check_table(&delete.table)?;
            check_relations(&delete.relations)
        }
        Statement::Batch(batch) => batch.statements.iter().try_for_each(check_modification),
        Statement::Truncate(table) => check_table(table),
        Statement::Use(keyspace) => check_name(keyspace, "keyspace"),
        _ => Ok(()),
    }
}

/// Checks a statement of a batch.
fn check_modification(modification: &Modification<'_>) -> Result<(), EngineError> {
    match modification {
        Modification::Insert(insert) => check_table(&insert.table),
        Modification::Update(update) => check_update(&update.table, &update.assignments, &update.relations),
        Modification::Delete(delete) => {
            check_table(&delete.table)?;
            check_relations(&delete.relations)
        }
    }
}

fn check_update(
    table: &QualifiedName<'_>,
    assignments: &[ColumnAssignment<'_>],
    relations: &[Relation<'_>],
) -> Result<(), EngineError> {
    check_table(table)?;
    check_compatible(assignments)?;
    check_relations(relations)
}

fn check_table(table: &QualifiedName<'_>) -> Result<(), EngineError> {
    if let Some(keyspace) = &table.keyspace {
        check_name(keyspace, "keyspace")?;
    }
    check_name(&table.name, "table")
}

fn check_relations(relations: &[Relation<'_>]) -> Result<(), EngineError> {
    relations.iter().try_for_each(|relation| match relation {
        Relation::Expression { index, .. } => check_name(index, "index"),
        _ => Ok(()),
    })
}

/// Refuses a marker in the place of a name of a keyspace, table, index or role: `what`.
///
/// # Errors
/// A syntax error in Cassandra's words.
pub(super) fn check_name(name: &Name<'_>, what: &str) -> Result<(), EngineError> {
    match name.is_marker() {
        true => Err(EngineError::syntax(format!("Bind variables cannot be used for {what} names"))),
        false => Ok(()),
    }
}

/// A column is set once, or else by parts that do not exclude each other (`Operation.RawUpdate.isCompatibleWith`).
fn check_compatible(assignments: &[ColumnAssignment<'_>]) -> Result<(), EngineError> {
    if assignments.len() < 2 {
        return Ok(());
    }
    let is_compatible = |earlier: &Assignment<'_>, later: &Assignment<'_>| match (earlier, later) {
        (Assignment::Set(_), _) | (_, Assignment::Set(_)) => false,
        (Assignment::SetField { field, .. }, Assignment::SetField { field: other, .. }) => field != other,
        _ => true,
    };
    let mut by_column: HashMap<&str, Vec<&Assignment<'_>>> = HashMap::new();
    for ColumnAssignment { column, assignment } in assignments {
        let earlier = by_column.entry(column.as_str()).or_default();
        if !earlier.iter().all(|earlier| is_compatible(earlier, assignment)) {
            let name = column.as_str();
            return Err(EngineError::syntax(format!("Multiple incompatible setting of column {name}")));
        }
        earlier.push(assignment);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use quorate_protocol::cql::parse;

    use super::*;

    /// The messages are those of a Cassandra 5.0.6.
    #[test]
    fn what_is_no_name_and_what_is_set_twice_is_refused_before_any_name_is_looked_up() {
        let refusals = [
            ("USE ?", "Bind variables cannot be used for keyspace names"),
            ("SELECT * FROM ?.t", "Bind variables cannot be used for keyspace names"),
            ("TRUNCATE ks.?", "Bind variables cannot be used for table names"),
            ("SELECT * FROM t WHERE expr(?, 'x')", "Bind variables cannot be used for index names"),
            ("UPDATE t SET v = ?, v = ? WHERE k = ?", "Multiple incompatible setting of column v"),
            (
                "BEGIN BATCH UPDATE t SET u.a = 1, u.a = 2 WHERE k = 1; APPLY BATCH",
                "Multiple incompatible setting of column u",
            ),
        ];
        for (text, message) in refusals {
            assert_eq!(check(&parse(text).unwrap()), Err(EngineError::syntax(message)), "{text}");
        }
        for text in
            ["USE ks", "UPDATE t SET u.a = 1, u.b = 2, l = l + [1], l[0] = 2 WHERE k = 1", "DELETE FROM t WHERE k = 1"]
        {
            assert_eq!(check(&parse(text).unwrap()), Ok(()), "{text}");
        }
    }
}
