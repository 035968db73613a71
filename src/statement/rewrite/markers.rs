//! Prepared statements: functions become bind markers that the client does not see.

use bytes::Bytes;
use quorate_protocol::cql;
use quorate_protocol::cql::ast::{Marker, Name, Node, Statement, Term};
use smallvec::SmallVec;

use super::calls;
use crate::statement::evaluate::Evaluator;
use crate::statement::functions::Nondeterministic;

/// A statement in which functions are bind markers, and what is bound to those at each execution.
#[derive(Clone, Debug)]
pub struct Hidden {
    text: Box<str>,
    markers: Box<[HiddenMarker]>,
}

#[derive(Clone, Debug)]
struct HiddenMarker {
    position: u16,
    name: Box<str>,
    function: Nondeterministic,
}

impl Hidden {
    /// What the stores are given to prepare.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the hidden markers stand among all markers of the text, ascending.
    pub fn positions(&self) -> impl Iterator<Item = u16> + '_ {
        self.markers.iter().map(|marker| marker.position)
    }

    /// Where the marker at a position stands among those that the client sees; nowhere, if it is hidden.
    pub fn shown_position(&self, position: u16) -> Option<u16> {
        let before = self.markers.partition_point(|marker| marker.position < position);
        let hidden = self.markers.get(before).is_some_and(|marker| marker.position == position);
        if hidden { None } else { position.checked_sub(u16::try_from(before).ok()?) }
    }

    /// The name of the hidden marker at a position, for values that are bound by name.
    pub fn name_at(&self, position: u16) -> Option<&str> {
        self.markers.iter().find(|marker| marker.position == position).map(|marker| &*marker.name)
    }

    /// The values for one execution: position and serialized value, ascending.
    pub fn values(&self, evaluator: &mut Evaluator) -> SmallVec<[(u16, Bytes); 2]> {
        let mut moment = evaluator.moment();
        self.markers.iter().map(|marker| (marker.position, moment.call(marker.function).serialized())).collect()
    }
}

/// The statement with a bind marker in place of every call of a function whose value differs from call to call.
///
/// `None`: there is nothing to evaluate, or the grammar refuses the text; or a call stands in a literal of a collection,
/// where stores take no markers. Such a statement can only be evaluated in its text ([`super::evaluate_in_text`]).
pub fn evaluate_as_markers(text: &str) -> Option<Hidden> {
    let mut tree = cql::parse(text).ok()?;
    if has_call_in_collection(&tree) {
        return None;
    }
    let mut names = FreshNames::of(&tree);
    let mut functions = Vec::new();
    let replaced = calls::replace(&mut tree, &mut |function| {
        let name = names.next();
        functions.push((name.clone(), function));
        // Positions are counted below, over all markers.
        Term::Marker(Marker { name: Some(Name::new(name)), position: 0 })
    });
    if replaced == 0 {
        return None;
    }
    let mut functions = functions.into_iter().peekable();
    let mut markers = Vec::with_capacity(replaced);
    for (position, marker) in tree.markers().into_iter().enumerate() {
        let of_marker = |(name, _): &(String, _)| marker.name.as_ref().is_some_and(|named| *named == name.as_str());
        if let Some((name, function)) = functions.next_if(of_marker) {
            let position = u16::try_from(position).ok()?;
            markers.push(HiddenMarker { position, name: name.into(), function });
        }
    }
    let count = tree.markers().len();
    (markers.len() == replaced && count <= usize::from(u16::MAX))
        .then(|| Hidden { text: tree.to_string().into(), markers: markers.into() })
}

fn has_call_in_collection(tree: &Statement<'_>) -> bool {
    let mut found = false;
    tree.walk(&mut |node| {
        if let Node::Term(term @ (Term::List(_) | Term::Set(_) | Term::Map(_))) = node {
            term.walk(&mut |inner| {
                found |= matches!(inner, Node::Term(Term::Call(call)) if calls::called(call).is_some());
            });
        }
    });
    found
}

/// Names for markers that no marker of the statement has.
struct FreshNames {
    taken: Vec<String>,
    next: usize,
}

impl FreshNames {
    fn of(tree: &Statement<'_>) -> Self {
        let named = tree.markers().into_iter().filter_map(|marker| marker.name.as_ref());
        Self { taken: named.map(|name| name.as_str().to_owned()).collect(), next: 0 }
    }

    fn next(&mut self) -> String {
        loop {
            let name = format!("evaluated_{}", self.next);
            self.next += 1;
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }
}
