//! The calls of functions whose value differs from call to call, replaced.

use quorate_protocol::cql::ast::{
    FunctionCall, Name, Node, NodeMut, Select, Selection, Selector, Statement, Term, Type,
};

use super::result_name::result_name;
use crate::statement::functions::Nondeterministic;

/// Replaces every call, in the order of the text, by what `replacement` makes of it, with the type of the call before it:
/// so the stores accept it wherever they would have accepted the call. Returns how many there were.
///
/// An expression of a selection that had no alias gets its old name for one.
pub(super) fn replace(
    tree: &mut Statement<'_>,
    replacement: &mut dyn FnMut(Nondeterministic) -> Term<'static>,
) -> usize {
    match tree {
        Statement::Select(select) => keep_names(select),
        Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) | Statement::Batch(_) => {}
        _ => return 0,
    }
    let mut count = 0;
    tree.walk_mut(&mut |node| match node {
        NodeMut::Term(term) => {
            if let Term::Call(call) = term
                && let Some(function) = called(call)
            {
                *term = Term::Hint(Box::new((Type::Native(function.returns()), replacement(function))));
                count += 1;
            }
        }
        NodeMut::Selector(selector) => {
            if let Selector::Call(call) = selector
                && let Some(function) = called(call)
            {
                let value = Selector::Term(replacement(function));
                *selector = Selector::Hint(Box::new((Type::Native(function.returns()), value)));
                count += 1;
            }
        }
    });
    count
}

/// The function that is called here, if its value differs from call to call.
pub(super) fn called<T>(call: &FunctionCall<'_, T>) -> Option<Nondeterministic> {
    if call.arguments.is_empty() { Nondeterministic::of(&call.name) } else { None }
}

fn keep_names(select: &mut Select<'_>) {
    let keyspace = select.from.keyspace.as_ref().map(|keyspace| keyspace.as_str().to_owned());
    let Selection::Some(items) = &mut select.selection else { return };
    for item in items.iter_mut().filter(|item| item.alias.is_none()) {
        let mut differs = false;
        item.selector.walk(&mut |node| {
            differs |= matches!(node, Node::Selector(Selector::Call(call)) if called(call).is_some())
                || matches!(node, Node::Term(Term::Call(call)) if called(call).is_some());
        });
        if differs {
            item.alias = Some(Name::new(result_name(&item.selector, keyspace.as_deref())));
        }
    }
}
