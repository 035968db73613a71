//! Unqualified names given their keyspace, for what does not heed that of the session.

use quorate_protocol::cql;
use quorate_protocol::cql::ast::{DescribeTarget, Modification, Name, QualifiedName, Resource, Statement};

/// The statement with every name qualified that would be looked up in the keyspace of the session: tables, views, indexes,
/// and the types, functions and aggregates that it creates, alters, drops or describes.
///
/// Types and functions that are only used are left as they are: Cassandra looks them up in the keyspace of the table.
///
/// `None`: the grammar refuses the text.
pub fn qualified(text: &str, keyspace: &str) -> Option<String> {
    let mut tree = cql::parse(text).ok()?;
    let mut qualify = |name: &mut QualifiedName<'_>| {
        name.keyspace.get_or_insert_with(|| Name::new(keyspace.to_owned()));
    };
    names(&mut tree, &mut qualify);
    if let Statement::Describe(describe) = &mut tree
        && let DescribeTarget::Keyspace { name: name @ None, .. } = &mut describe.target
    {
        *name = Some(Name::new(keyspace));
    }
    Some(tree.to_string())
}

/// Gives `visit` every name that would be looked up in the keyspace of the session.
fn names<'a>(tree: &mut Statement<'a>, visit: &mut dyn FnMut(&mut QualifiedName<'a>)) {
    use Statement as S;
    match tree {
        S::Select(it) => visit(&mut it.from),
        S::Insert(it) => visit(&mut it.table),
        S::Update(it) => visit(&mut it.table),
        S::Delete(it) => visit(&mut it.table),
        S::Batch(it) => it.statements.iter_mut().for_each(|statement| {
            visit(match statement {
                Modification::Insert(it) => &mut it.table,
                Modification::Update(it) => &mut it.table,
                Modification::Delete(it) => &mut it.table,
            });
        }),
        S::Truncate(it) => visit(it),
        S::CreateTable(it) => visit(&mut it.name),
        S::AlterTable(it) => visit(&mut it.name),
        S::DropTable(it) => visit(&mut it.name),
        S::CreateType(it) => visit(&mut it.name),
        S::AlterType(it) => visit(&mut it.name),
        S::DropType(it) => visit(&mut it.name),
        S::CreateIndex(it) => visit(&mut it.table),
        S::DropIndex(it) => visit(&mut it.name),
        S::CreateView(it) => {
            visit(&mut it.name);
            visit(&mut it.from);
        }
        S::AlterView(it) => visit(&mut it.name),
        S::DropView(it) => visit(&mut it.name),
        S::CreateTrigger(it) => visit(&mut it.table),
        S::DropTrigger(it) => visit(&mut it.table),
        S::CreateFunction(it) => visit(&mut it.name),
        S::DropFunction(it) => visit(&mut it.name),
        S::CreateAggregate(it) => visit(&mut it.name),
        S::DropAggregate(it) => visit(&mut it.name),
        S::Grant(it) => resource(&mut it.resource, visit),
        S::Revoke(it) => resource(&mut it.resource, visit),
        S::ListPermissions(it) => it.resource.iter_mut().for_each(|it| resource(it, visit)),
        S::Describe(it) => match &mut it.target {
            DescribeTarget::Table(name)
            | DescribeTarget::Index(name)
            | DescribeTarget::View(name)
            | DescribeTarget::Type(name)
            | DescribeTarget::Function(name)
            | DescribeTarget::Aggregate(name) => visit(name),
            // A name alone may be that of a keyspace.
            _ => {}
        },
        _ => {}
    }
}

fn resource<'a>(resource: &mut Resource<'a>, visit: &mut dyn FnMut(&mut QualifiedName<'a>)) {
    if let Resource::Table(name) | Resource::Function(name, _) = resource {
        visit(name);
    }
}
