//! The facts of a statement, read off its syntax tree.

use quorate_protocol::cql::ast::{
    self, Assignment, Batch, BatchKind, Constant, Delete, Deletion, Modification, Node, QualifiedName, Selector,
    Subscript, Term, Update,
};

use super::functions::{self, Nondeterministic};
use super::{DdlAction, DdlKind, DdlObject, Kind, ListChange, Select, Statement, TableName, WriteTime};

/// The facts of a statement of any kind.
pub(super) fn statement(text: &str) -> Statement {
    match quorate_protocol::cql::parse(text) {
        Ok(tree) => of_tree(&tree),
        Err(_) => Statement { repeatable: false, ..Statement::of_kind(Kind::Unknown) },
    }
}

pub(super) fn of_tree(tree: &ast::Statement<'_>) -> Statement {
    let mut facts = Statement::of_kind(kind(tree));
    facts.keyspace = tree.keyspace().map(|keyspace| keyspace.as_str().into());
    facts.table = tree.table().map(|table| table.name.as_str().into());
    facts.conditional = tree.is_conditional();
    match tree {
        ast::Statement::Select(select) => facts.select = Some(Box::new(Select::of(select))),
        ast::Statement::Insert(insert) => facts.write_times = WriteTime::of_using(&insert.using).collect(),
        ast::Statement::Update(update) => {
            facts.write_times = WriteTime::of_using(&update.using).collect();
            facts.repeatable = is_update_repeatable(update);
            facts.list_change = ListChange::of_update(update);
        }
        ast::Statement::Delete(delete) => {
            facts.write_times = delete.timestamp.iter().filter_map(WriteTime::of).collect();
            facts.repeatable = is_delete_repeatable(delete);
            facts.list_change = ListChange::of_delete(delete);
        }
        ast::Statement::Batch(batch) => of_batch(batch, &mut facts),
        _ => facts.repeatable = matches!(facts.kind, Kind::Use(_) | Kind::List | Kind::Describe),
    }
    if facts.kind == Kind::Select || facts.kind.is_write() {
        add_functions(tree, &mut facts);
    }
    if facts.kind.is_write() && (facts.conditional || facts.nondeterministic || facts.user_functions) {
        facts.repeatable = false;
    }
    facts
}

fn of_batch(batch: &Batch<'_>, facts: &mut Statement) {
    facts.batch_kind = Some(batch.kind);
    facts.list_change = ListChange::of(&batch.statements);
    facts.repeatable = batch.kind != BatchKind::Counter;
    let mut write_times: Vec<WriteTime> = WriteTime::of_using(&batch.using).collect();
    let mut further: Vec<TableName> = Vec::new();
    let first = batch.statements.first().map(Modification::table);
    for statement in &batch.statements {
        facts.repeatable &= match statement {
            Modification::Insert(_) => true,
            Modification::Update(update) => is_update_repeatable(update),
            Modification::Delete(delete) => is_delete_repeatable(delete),
        };
        match statement {
            Modification::Insert(insert) => write_times.extend(WriteTime::of_using(&insert.using)),
            Modification::Update(update) => write_times.extend(WriteTime::of_using(&update.using)),
            Modification::Delete(delete) => write_times.extend(delete.timestamp.iter().filter_map(WriteTime::of)),
        }
        let table = statement.table();
        if Some(table) != first && !further.iter().any(|known| known.is(table)) {
            further.push(TableName::of(table));
        }
    }
    facts.write_times = write_times.into();
    facts.further_tables = further.into();
}

impl TableName {
    pub(super) fn of(table: &QualifiedName<'_>) -> Self {
        Self {
            keyspace: table.keyspace.as_ref().map(|keyspace| keyspace.as_str().into()),
            table: table.name.as_str().into(),
        }
    }

    fn is(&self, table: &QualifiedName<'_>) -> bool {
        self.keyspace.as_deref() == table.keyspace.as_ref().map(ast::Name::as_str) && table.name == *self.table
    }
}

fn kind(tree: &ast::Statement<'_>) -> Kind {
    use DdlAction::{Alter, Create, Drop};
    use DdlObject::{Aggregate, Function, Index, Keyspace, Table, Trigger, Type, View};
    use ast::Statement as S;
    let (action, object) = match tree {
        S::Select(_) => return Kind::Select,
        S::Insert(_) => return Kind::Insert,
        S::Update(_) => return Kind::Update,
        S::Delete(_) => return Kind::Delete,
        S::Batch(_) => return Kind::Batch,
        // A marker is no keyspace: a backend says so.
        S::Use(keyspace) if keyspace.is_marker() => return Kind::Unknown,
        S::Use(keyspace) => return Kind::Use(keyspace.as_str().into()),
        S::Truncate(_) => return Kind::Truncate,
        S::CreateRole(_)
        | S::AlterRole(_)
        | S::DropRole(_)
        | S::CreateUser(_)
        | S::AlterUser(_)
        | S::DropUser(_)
        | S::AddIdentity(_)
        | S::DropIdentity(_)
        | S::Grant(_)
        | S::Revoke(_)
        | S::GrantRole(_)
        | S::RevokeRole(_) => return Kind::Role,
        S::ListPermissions(_) | S::ListRoles(_) | S::ListUsers => return Kind::List,
        S::Describe(_) => return Kind::Describe,
        S::CreateKeyspace(_) => (Create, Keyspace),
        S::AlterKeyspace(_) => (Alter, Keyspace),
        S::DropKeyspace(_) => (Drop, Keyspace),
        S::CreateTable(_) => (Create, Table),
        S::AlterTable(_) => (Alter, Table),
        S::DropTable(_) => (Drop, Table),
        S::CreateType(_) => (Create, Type),
        S::AlterType(_) => (Alter, Type),
        S::DropType(_) => (Drop, Type),
        S::CreateIndex(_) => (Create, Index),
        S::DropIndex(_) => (Drop, Index),
        S::CreateView(_) => (Create, View),
        S::AlterView(_) => (Alter, View),
        S::DropView(_) => (Drop, View),
        S::CreateTrigger(_) => (Create, Trigger),
        S::DropTrigger(_) => (Drop, Trigger),
        S::CreateFunction(_) => (Create, Function),
        S::DropFunction(_) => (Drop, Function),
        S::CreateAggregate(_) => (Create, Aggregate),
        S::DropAggregate(_) => (Drop, Aggregate),
    };
    Kind::Ddl(DdlKind { action, object })
}

/// Whether to execute it twice is to execute it once: nothing is added to a counter or a list, as far as the text tells.
fn is_update_repeatable(update: &Update<'_>) -> bool {
    update.assignments.iter().all(|assignment| match &assignment.assignment {
        Assignment::Set(_) | Assignment::SetField { .. } => true,
        Assignment::Add(operand) | Assignment::Subtract(operand) => is_set_or_map(operand),
        Assignment::Prepend(_) => false,
        Assignment::SetElement { key, .. } => is_no_index(key),
    })
}

fn is_delete_repeatable(delete: &Delete<'_>) -> bool {
    delete.deletions.iter().all(|Deletion { subscript, .. }| match subscript {
        Subscript::None | Subscript::Field(_) => true,
        Subscript::Element(key) => is_no_index(key),
    })
}

fn is_set_or_map(operand: &Term<'_>) -> bool {
    match operand {
        Term::Set(_) | Term::Map(_) | Term::UserType(_) => true,
        Term::Hint(hint) => matches!(hint.0, ast::Type::Set(_) | ast::Type::Map(_)),
        _ => false,
    }
}

/// Whether the key under which an element is set or deleted can be no index of a list.
fn is_no_index(key: &Term<'_>) -> bool {
    matches!(key, Term::Constant(constant) if !matches!(constant, Constant::Integer(_)))
}

fn add_functions(tree: &ast::Statement<'_>, facts: &mut Statement) {
    tree.walk(&mut |node| {
        let name = match node {
            Node::Term(Term::Call(call)) => &call.name,
            Node::Selector(Selector::Call(call)) => &call.name,
            _ => return,
        };
        facts.nondeterministic |= Nondeterministic::of(name).is_some();
        facts.user_functions |= !functions::is_native(name);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::Cells;

    fn update(assignment: &str) -> Statement {
        statement(&format!("UPDATE t SET {assignment} WHERE k = 1"))
    }

    #[test]
    fn what_may_be_a_counter_or_list_is_not_repeated() {
        for repeatable in ["a = ?", "a = [1]", "a = a + {1}", "a += {'x': 1}", "a = a - {1}", "a['x'] = 1", "a.b = 1"] {
            assert!(update(repeatable).repeatable, "{repeatable}");
        }
        for other in
            ["a = a + 1", "a -= ?", "a = a + [1]", "a = [1] + a", "a[0] = 1", "a[?] = 1", "a = now()", "a = f(1)"]
        {
            assert!(!update(other).repeatable, "{other}");
        }
        assert!(statement("DELETE a['x'], b FROM t WHERE k = 1").repeatable);
        assert!(!statement("DELETE a[0] FROM t WHERE k = 1").repeatable);
        assert!(!statement("DELETE FROM t WHERE k = 1 IF EXISTS").repeatable);
        assert!(statement("SELECT now() FROM t").repeatable);
    }

    #[test]
    fn a_list_is_known_by_what_is_added_to_it() {
        let no = ["a = ?", "a = a + {1}", "a = a + 1", "a['x'] = 1", "a = a + (set<int>) ?", "a = a + uuid()"];
        for assignment in no {
            assert_eq!(update(assignment).list_change, ListChange::No, "{assignment}");
        }
        for assignment in ["a = a + [1]", "a = [?] + a", "a -= [1]", "a = ? + a", "a = a + (list<int>) ?"] {
            assert_eq!(update(assignment).list_change, ListChange::Certainly, "{assignment}");
        }
        for assignment in ["a = a + ?", "a = a - ?", "a[0] = 1", "a[?] = 1"] {
            let ListChange::IfList(columns) = update(assignment).list_change else { panic!("{assignment}") };
            assert_eq!((&*columns[0].table, &*columns[0].column), ("t", "a"));
        }
    }

    #[test]
    fn a_batch_is_what_its_statements_are() {
        let batch = statement(
            "BEGIN UNLOGGED BATCH INSERT INTO ks.a (k) VALUES (1) USING TIMESTAMP 5; \
             UPDATE B SET v = 1 WHERE k = 1 IF EXISTS; DELETE FROM ks.a WHERE k = 1; APPLY BATCH",
        );
        assert_eq!((batch.kind.clone(), batch.batch_kind), (Kind::Batch, Some(BatchKind::Unlogged)));
        assert_eq!(*batch.write_times, [WriteTime::Literal(5)]);
        assert!(batch.conditional && !batch.repeatable);
        assert_eq!(batch.tables().collect::<Vec<_>>(), [(Some("ks"), "a"), (None, "b")]);
        assert!(statement("BEGIN COUNTER BATCH APPLY BATCH").is_counter_batch());
        assert!(statement("BEGIN BATCH APPLY BATCH").repeatable);
    }

    #[test]
    fn a_schema_change_names_its_keyspace() {
        let alter = statement("ALTER KEYSPACE Ks WITH durable_writes = true");
        assert_eq!(alter.kind, Kind::Ddl(DdlKind { action: DdlAction::Alter, object: DdlObject::Keyspace }));
        assert_eq!(alter.keyspace.as_deref(), Some("ks"));
        assert_eq!(statement("USE \"Ks\"").kind, Kind::Use("Ks".into()));
        assert_eq!(statement("USE ?").kind, Kind::Unknown);
        let index = statement("CREATE INDEX i ON ks.t (v)");
        assert_eq!((index.keyspace.as_deref(), index.table.as_deref()), (Some("ks"), Some("t")));
        assert_eq!(statement("GRANT ALL ON ks.t TO r").kind, Kind::Role);
        assert_eq!(statement("LIST USERS").kind, Kind::List);
        assert_eq!(statement("DESC TABLES").kind, Kind::Describe);
    }

    #[test]
    fn aggregates_and_groups_depend_on_several_cells() {
        for text in [
            "SELECT count(*) FROM t",
            "SELECT max(v) FROM t",
            "SELECT DISTINCT k FROM t",
            "SELECT k FROM t GROUP BY k",
            "SELECT v * w FROM t",
            "SELECT own.f(k) FROM t",
            "SELECT k FROM t WHERE expr(i, 'x')",
            "SELECT k FROM t ORDER BY v ANN OF [1.0] LIMIT 1",
        ] {
            assert_eq!(statement(text).select.expect("a SELECT").cells, Cells::Several, "{text}");
        }
        for text in ["SELECT * FROM t", "SELECT JSON * FROM t", "SELECT v, w AS x, ttl(v), now() FROM t WHERE k = 1"] {
            assert_eq!(statement(text).select.expect("a SELECT").cells, Cells::AtMostOne, "{text}");
        }
    }

    #[test]
    fn every_spelling_of_the_functions_is_known() {
        for call in [
            "now()",
            "NOW()",
            "system.now()",
            "uuid()",
            "currentTimeUUID()",
            "current_timeuuid()",
            "currentTimestamp()",
            "current_timestamp()",
            "currentDate()",
            "current_date()",
            "currentTime()",
            "current_time()",
        ] {
            for text in [format!("SELECT toJson({call}) FROM t"), format!("SELECT v FROM t WHERE v = {call}")] {
                let facts = statement(&text);
                assert!(facts.nondeterministic && !facts.user_functions, "{text}");
            }
        }
        let own =
            statement("SELECT own.now(), intAsBlob(v), blob_as_text(v), cast_as_int(v), mask_inner(v, 1, 1) FROM t");
        assert!(!own.nondeterministic && own.user_functions);
        assert!(!statement("SELECT intAsBlob(v), blob_as_text(v), text_as_blob(v) FROM t").user_functions);
        assert!(statement("SELECT mine(v) FROM t").user_functions);
    }
}
