//! Which restrictions of one column go together in UPDATE and DELETE.

use quorate_protocol::cql::ast::Operator;

use crate::engine::error::EngineError;
use crate::engine::restriction::Filter;
use crate::engine::table::Table;

/// How a column is restricted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Equal,
    In,
    Lower,
    Upper,
    /// CONTAINS and the like, which may be repeated.
    Other,
}

/// A column takes one `=` or IN, or one lower and one upper bound; so does the token.
pub(super) fn check_pairs(filters: &[Filter], table: &Table) -> Result<(), EngineError> {
    // what each column was restricted by so far, each kind once; the token's place is behind the last column
    let mut seen: Vec<Vec<Kind>> = vec![Vec::new(); table.columns().len() + 1];
    for filter in filters {
        let is_token = matches!(filter, Filter::Token { .. });
        let token = [table.columns().len()];
        for place in if is_token { &token } else { filter.columns() } {
            let Some(earlier) = seen.get_mut(*place) else { continue };
            for kind_before in earlier.iter() {
                check_pair(*kind_before, kind(filter)).map_err(|refusal| refusal.into_error(*place, table))?;
            }
            if !earlier.contains(&kind(filter)) {
                earlier.push(kind(filter));
            }
        }
    }
    Ok(())
}

/// Why two restrictions of one column exclude each other.
enum Refusal {
    SecondBesides(&'static str),
    EqualityAndInequality,
    SecondBound(&'static str),
}

fn check_pair(earlier: Kind, later: Kind) -> Result<(), Refusal> {
    match (earlier, later) {
        (Kind::Other, Kind::Other) => Ok(()),
        (Kind::Equal, _) => Err(Refusal::SecondBesides("an Equal")),
        (Kind::In, _) => Err(Refusal::SecondBesides("a IN")),
        (_, Kind::Equal | Kind::In) => Err(Refusal::EqualityAndInequality),
        (Kind::Lower, Kind::Lower) => Err(Refusal::SecondBound("start")),
        (Kind::Upper, Kind::Upper) => Err(Refusal::SecondBound("end")),
        _ => Ok(()),
    }
}

impl Refusal {
    fn into_error(self, place: usize, table: &Table) -> EngineError {
        let name = match table.columns().get(place) {
            Some(column) => column.name.clone(),
            None => table.partition_key().iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", "),
        };
        EngineError::invalid(match self {
            Refusal::SecondBesides(what) => {
                format!("{name} cannot be restricted by more than one relation if it includes {what}")
            }
            Refusal::EqualityAndInequality => {
                format!("Column \"{name}\" cannot be restricted by both an equality and an inequality relation")
            }
            Refusal::SecondBound(which) => {
                format!("More than one restriction was found for the {which} bound on {name}")
            }
        })
    }
}

fn kind(filter: &Filter) -> Kind {
    match filter {
        Filter::In { .. } | Filter::TupleIn { .. } => Kind::In,
        Filter::Element { .. } | Filter::Like { .. } => Kind::Other,
        Filter::Compare { operator, .. } | Filter::Tuple { operator, .. } | Filter::Token { operator, .. } => {
            match operator {
                Operator::Equal => Kind::Equal,
                Operator::Greater | Operator::GreaterOrEqual => Kind::Lower,
                Operator::Less | Operator::LessOrEqual => Kind::Upper,
                _ => Kind::Other,
            }
        }
    }
}
