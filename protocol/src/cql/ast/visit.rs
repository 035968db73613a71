//! Walking over the terms and selectors of a statement, in the order of its text.

use super::{
    AlterTableAction, Assignment, Batch, ColumnDefinition, Condition, ConditionTest, Delete, Deletion, If, InValues,
    Insert, InsertSource, Marker, Mask, Modification, Ordering, OrderingKey, Relation, Select, Selection, Selector,
    Statement, Subscript, TableItem, Term, Update, Using,
};

/// Something that may be, or contain, a call, a marker or a constant.
#[derive(Clone, Copy, Debug)]
pub enum Node<'t, 'a> {
    /// A term.
    Term(&'t Term<'a>),
    /// A selector.
    Selector(&'t Selector<'a>),
}

/// The same, to be changed.
#[derive(Debug)]
pub enum NodeMut<'t, 'a> {
    /// A term.
    Term(&'t mut Term<'a>),
    /// A selector.
    Selector(&'t mut Selector<'a>),
}

impl<'a> Statement<'a> {
    /// Shows every term and selector of the statement to `visitor`, parents before their parts. A constant, NULL or marker
    /// in a selection is shown twice: as selector and as term. What is in options (`WITH …`) is not shown.
    pub fn walk<'t>(&'t self, visitor: &mut dyn FnMut(Node<'t, 'a>)) {
        shared::statement(self, visitor);
    }

    /// Gives every term and selector of the statement to `visitor` to change, parts before their parents.
    pub fn walk_mut(&mut self, visitor: &mut dyn FnMut(NodeMut<'_, 'a>)) {
        unique::statement(self, visitor);
    }

    /// The bind markers in the order of the text, which is the order of the values that are bound to them.
    pub fn markers(&self) -> Vec<&Marker<'a>> {
        let mut markers = Vec::new();
        self.walk(&mut |node| {
            if let Node::Term(Term::Marker(marker)) = node {
                markers.push(marker);
            }
        });
        markers
    }
}

impl<'a> Term<'a> {
    /// Shows the term and every term in it to `visitor`, parents before their parts.
    pub fn walk<'t>(&'t self, visitor: &mut dyn FnMut(Node<'t, 'a>)) {
        shared::term(self, visitor);
    }
}

impl<'a> Selector<'a> {
    /// Shows the selector and every selector and term in it to `visitor`, parents before their parts.
    pub fn walk<'t>(&'t self, visitor: &mut dyn FnMut(Node<'t, 'a>)) {
        shared::selector(self, visitor);
    }
}

/// The walk, once over shared and once over mutable references; they differ in when a node is shown.
macro_rules! walk {
    ($module:ident, [$($mutable:tt)?], $visitor:ty, before: $before:ident, after: $after:ident) => {
        mod $module {
            use super::*;

            type Visitor<'v, 't, 'a> = $visitor;

            pub(super) fn statement<'t, 'a>(node: &'t $($mutable)? Statement<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                match node {
                    Statement::Select(it) => select(it, visitor),
                    Statement::Insert(it) => insert(it, visitor),
                    Statement::Update(it) => update(it, visitor),
                    Statement::Delete(it) => delete(it, visitor),
                    Statement::Batch(it) => batch(it, visitor),
                    Statement::CreateTable(it) => {
                        for item in &$($mutable)? it.items {
                            if let TableItem::Column { definition, .. } = item {
                                column_definition(definition, visitor);
                            }
                        }
                    }
                    Statement::AlterTable(it) => match &$($mutable)? it.action {
                        AlterTableAction::Add { columns, .. } => {
                            for column in columns {
                                column_definition(column, visitor);
                            }
                        }
                        AlterTableAction::AlterMask { mask: Some(it), .. } => mask(it, visitor),
                        _ => {}
                    },
                    Statement::CreateView(it) => {
                        selection(&$($mutable)? it.selection, visitor);
                        relations(&$($mutable)? it.relations, visitor);
                    }
                    Statement::CreateAggregate(it) => {
                        if let Some(value) = &$($mutable)? it.initial_condition {
                            term(value, visitor);
                        }
                    }
                    _ => {}
                }
            }

            fn select<'t, 'a>(node: &'t $($mutable)? Select<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                selection(&$($mutable)? node.selection, visitor);
                relations(&$($mutable)? node.relations, visitor);
                for group in &$($mutable)? node.group_by {
                    selector(group, visitor);
                }
                for Ordering { key, .. } in &$($mutable)? node.order_by {
                    if let OrderingKey::Ann(_, value) = key {
                        term(value, visitor);
                    }
                }
                if let Some(value) = &$($mutable)? node.per_partition_limit {
                    term(value, visitor);
                }
                if let Some(value) = &$($mutable)? node.limit {
                    term(value, visitor);
                }
            }

            fn selection<'t, 'a>(node: &'t $($mutable)? Selection<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                if let Selection::Some(items) = node {
                    for item in items {
                        selector(&$($mutable)? item.selector, visitor);
                    }
                }
            }

            fn insert<'t, 'a>(node: &'t $($mutable)? Insert<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                match &$($mutable)? node.source {
                    InsertSource::Values { values, .. } => terms(values, visitor),
                    InsertSource::Json { value, .. } => term(value, visitor),
                }
                using(&$($mutable)? node.using, visitor);
            }

            fn update<'t, 'a>(node: &'t $($mutable)? Update<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                using(&$($mutable)? node.using, visitor);
                for column in &$($mutable)? node.assignments {
                    match &$($mutable)? column.assignment {
                        Assignment::Set(value)
                        | Assignment::Add(value)
                        | Assignment::Subtract(value)
                        | Assignment::Prepend(value)
                        | Assignment::SetField { value, .. } => term(value, visitor),
                        Assignment::SetElement { key, value } => {
                            term(key, visitor);
                            term(value, visitor);
                        }
                    }
                }
                relations(&$($mutable)? node.relations, visitor);
                if let Some(it) = &$($mutable)? node.condition {
                    conditions(it, visitor);
                }
            }

            fn delete<'t, 'a>(node: &'t $($mutable)? Delete<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                for Deletion { subscript: it, .. } in &$($mutable)? node.deletions {
                    subscript(it, visitor);
                }
                if let Some(value) = &$($mutable)? node.timestamp {
                    term(value, visitor);
                }
                relations(&$($mutable)? node.relations, visitor);
                if let Some(it) = &$($mutable)? node.condition {
                    conditions(it, visitor);
                }
            }

            fn batch<'t, 'a>(node: &'t $($mutable)? Batch<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                using(&$($mutable)? node.using, visitor);
                for statement in &$($mutable)? node.statements {
                    match statement {
                        Modification::Insert(it) => insert(it, visitor),
                        Modification::Update(it) => update(it, visitor),
                        Modification::Delete(it) => delete(it, visitor),
                    }
                }
            }

            fn using<'t, 'a>(node: &'t $($mutable)? Vec<Using<'a>>, visitor: &mut Visitor<'_, 't, 'a>) {
                for Using::Timestamp(value) | Using::Ttl(value) in node {
                    term(value, visitor);
                }
            }

            fn conditions<'t, 'a>(node: &'t $($mutable)? If<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                let If::Conditions(conditions) = node else { return };
                for Condition { subscript: it, test, .. } in conditions {
                    subscript(it, visitor);
                    match test {
                        ConditionTest::Compare(_, value) => term(value, visitor),
                        ConditionTest::In(values) => in_values(values, visitor),
                    }
                }
            }

            fn subscript<'t, 'a>(node: &'t $($mutable)? Subscript<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                if let Subscript::Element(key) = node {
                    term(key, visitor);
                }
            }

            fn relations<'t, 'a>(node: &'t $($mutable)? Vec<Relation<'a>>, visitor: &mut Visitor<'_, 't, 'a>) {
                for relation in node {
                    match relation {
                        Relation::IsNotNull(_) => {}
                        Relation::Column { value, .. }
                        | Relation::Token { value, .. }
                        | Relation::Tuple { value, .. }
                        | Relation::Expression { value, .. } => term(value, visitor),
                        Relation::In { values, .. } | Relation::TupleIn { values, .. } => in_values(values, visitor),
                        Relation::Element { key, value, .. } => {
                            term(key, visitor);
                            term(value, visitor);
                        }
                    }
                }
            }

            fn in_values<'t, 'a>(node: &'t $($mutable)? InValues<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                match node {
                    InValues::List(values) => terms(values, visitor),
                    InValues::Marker(marker) => term(marker, visitor),
                }
            }

            fn column_definition<'t, 'a>(
                node: &'t $($mutable)? ColumnDefinition<'a>,
                visitor: &mut Visitor<'_, 't, 'a>,
            ) {
                if let Some(it) = &$($mutable)? node.mask {
                    mask(it, visitor);
                }
            }

            fn mask<'t, 'a>(node: &'t $($mutable)? Mask<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                if let Mask::Function(_, arguments) = node {
                    terms(arguments, visitor);
                }
            }

            fn terms<'t, 'a>(node: &'t $($mutable)? Vec<Term<'a>>, visitor: &mut Visitor<'_, 't, 'a>) {
                for item in node {
                    term(item, visitor);
                }
            }

            pub(super) fn term<'t, 'a>(node: &'t $($mutable)? Term<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                $before!(visitor, Term, node);
                match &$($mutable)? *node {
                    Term::Constant(_) | Term::Null | Term::Marker(_) => {}
                    Term::List(items) | Term::Set(items) | Term::Tuple(items) => terms(items, visitor),
                    Term::Map(entries) => {
                        for (key, value) in entries {
                            term(key, visitor);
                            term(value, visitor);
                        }
                    }
                    Term::UserType(fields) => {
                        for (_, value) in fields {
                            term(value, visitor);
                        }
                    }
                    Term::Call(call) => terms(&$($mutable)? call.arguments, visitor),
                    Term::Hint(hint) => term(&$($mutable)? hint.1, visitor),
                    Term::Cast(inner, _) | Term::Negation(inner) => term(inner, visitor),
                    Term::Arithmetic(operation) => {
                        term(&$($mutable)? operation.first, visitor);
                        for (_, operand) in &$($mutable)? operation.rest {
                            term(operand, visitor);
                        }
                    }
                }
                $after!(visitor, Term, node);
            }

            fn selectors<'t, 'a>(node: &'t $($mutable)? Vec<Selector<'a>>, visitor: &mut Visitor<'_, 't, 'a>) {
                for item in node {
                    selector(item, visitor);
                }
            }

            pub(super) fn selector<'t, 'a>(node: &'t $($mutable)? Selector<'a>, visitor: &mut Visitor<'_, 't, 'a>) {
                $before!(visitor, Selector, node);
                match &$($mutable)? *node {
                    Selector::Column(_) | Selector::CountRows => {}
                    Selector::Term(inner) => term(inner, visitor),
                    Selector::Writetime(_, inner)
                    | Selector::Cast(inner, _)
                    | Selector::Field(inner, _)
                    | Selector::Negation(inner) => selector(inner, visitor),
                    Selector::Call(call) => selectors(&$($mutable)? call.arguments, visitor),
                    Selector::Element(element) => {
                        selector(&$($mutable)? element.0, visitor);
                        term(&$($mutable)? element.1, visitor);
                    }
                    Selector::Slice(slice) => {
                        let (receiver, from, to) = &$($mutable)? **slice;
                        selector(receiver, visitor);
                        if let Some(from) = from {
                            term(from, visitor);
                        }
                        if let Some(to) = to {
                            term(to, visitor);
                        }
                    }
                    Selector::Hint(hint) => selector(&$($mutable)? hint.1, visitor),
                    Selector::List(items) | Selector::Set(items) | Selector::Tuple(items) => selectors(items, visitor),
                    Selector::Map(entries) => {
                        for (key, value) in entries {
                            selector(key, visitor);
                            selector(value, visitor);
                        }
                    }
                    Selector::Arithmetic(operation) => {
                        selector(&$($mutable)? operation.first, visitor);
                        for (_, operand) in &$($mutable)? operation.rest {
                            selector(operand, visitor);
                        }
                    }
                }
                $after!(visitor, Selector, node);
            }
        }
    };
}

macro_rules! show {
    ($visitor:ident, $variant:ident, $node:ident) => {
        $visitor(Node::$variant($node))
    };
}

macro_rules! change {
    ($visitor:ident, $variant:ident, $node:ident) => {
        $visitor(NodeMut::$variant($node))
    };
}

macro_rules! pass {
    ($visitor:ident, $variant:ident, $node:ident) => {};
}

walk!(shared, [], dyn FnMut(Node<'t, 'a>) + 'v, before: show, after: pass);
walk!(unique, [mut], dyn FnMut(NodeMut<'_, 'a>) + 'v, before: pass, after: change);
