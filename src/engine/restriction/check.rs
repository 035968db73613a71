//! Which filters go together, and which need ALLOW FILTERING (`StatementRestrictions`).

use quorate_protocol::cql::ast::Operator;

use super::Filter;
use crate::engine::error::EngineError;
use crate::engine::table::{ColumnKind, Table};

/// What the filters say of the primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Restrictions {
    /// Every column of the partition key has one value, or one of a list.
    pub(in crate::engine) names_partitions: bool,
    /// A column that is not of the partition key and not static is restricted.
    pub(in crate::engine) restricts_rows: bool,
}

const NEEDS_FILTERING: &str = "Cannot execute this query as it might involve data filtering and thus may have \
                               unpredictable performance. If you want to execute this query despite the performance \
                               unpredictability, use ALLOW FILTERING";

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

/// Refuses filters that exclude each other, or that a scan alone could answer where no scan is allowed.
pub(in crate::engine) fn check(
    filters: &[Filter],
    table: &Table,
    allow_filtering: bool,
) -> Result<Restrictions, EngineError> {
    check_pairs(filters, table)?;
    let kinds_of = |column: usize| -> Vec<Kind> {
        filters.iter().filter(|filter| filter.columns().contains(&column)).map(kind).collect()
    };
    let is_point = |kinds: &[Kind]| kinds.iter().any(|kind| matches!(kind, Kind::Equal | Kind::In));
    let partition_kinds: Vec<Vec<Kind>> = (0..table.partition_key_count()).map(kinds_of).collect();
    let names_partitions = partition_kinds.iter().all(|kinds| is_point(kinds));
    let has_token = filters.iter().any(|filter| matches!(filter, Filter::Token { .. }));
    let restricts_part_of_key = !names_partitions && partition_kinds.iter().any(|kinds| !kinds.is_empty());
    let clustering: Vec<(usize, Vec<Kind>)> =
        (table.partition_key_count()..table.key_count()).map(|column| (column, kinds_of(column))).collect();
    let restricts_clustering = clustering.iter().any(|(_, kinds)| !kinds.is_empty());
    let is_other = |column: &usize| !table.is_key(*column);
    let restricts_others = filters.iter().any(|filter| filter.columns().iter().any(is_other));
    let is_regular = |column: &usize| {
        table
            .columns()
            .get(*column)
            .is_some_and(|column| matches!(column.kind, ColumnKind::Clustering { .. } | ColumnKind::Regular))
    };
    let restrictions = Restrictions {
        names_partitions,
        restricts_rows: filters.iter().any(|filter| filter.columns().iter().any(is_regular)),
    };
    if allow_filtering {
        return Ok(restrictions);
    }
    if restricts_part_of_key && !has_token {
        return Err(EngineError::invalid(NEEDS_FILTERING));
    }
    if restricts_clustering {
        check_clustering(filters, &clustering, table)?;
        if !names_partitions {
            return Err(EngineError::invalid(NEEDS_FILTERING));
        }
    }
    if restricts_others { Err(EngineError::invalid(NEEDS_FILTERING)) } else { Ok(restrictions) }
}

/// Clustering columns are restricted from the first on, and nothing follows one that is not fixed to values.
fn check_clustering(filters: &[Filter], clustering: &[(usize, Vec<Kind>)], table: &Table) -> Result<(), EngineError> {
    let name = |column: usize| table.columns().get(column).map_or("", |column| column.name.as_str());
    let is_in_one_tuple = |a: usize, b: usize| {
        filters.iter().any(|filter| filter.columns().contains(&a) && filter.columns().contains(&b))
    };
    for pair in clustering.windows(2) {
        let [(before, kinds_before), (column, kinds)] = pair else { continue };
        if kinds.is_empty() || is_in_one_tuple(*before, *column) {
            continue;
        }
        if kinds_before.is_empty() {
            return Err(EngineError::invalid(format!(
                "PRIMARY KEY column \"{}\" cannot be restricted as preceding column \"{}\" is not restricted",
                name(*column),
                name(*before)
            )));
        }
        if !kinds_before.iter().any(|kind| matches!(kind, Kind::Equal | Kind::In)) {
            return Err(EngineError::invalid(format!(
                "Clustering column \"{}\" cannot be restricted (preceding column \"{}\" is restricted by a non-EQ \
                 relation)",
                name(*column),
                name(*before)
            )));
        }
    }
    Ok(())
}

/// A column takes one `=` or IN, or one lower and one upper bound; so does the token.
pub(in crate::engine) fn check_pairs(filters: &[Filter], table: &Table) -> Result<(), EngineError> {
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
        Filter::Element { .. } => Kind::Other,
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
