//! SELECT.

use super::name::{column, identifier, qualified};
use super::relation::conjunction_of_relations;
use super::selector::{is_alias, selector};
use super::term::{integer, term};
use super::tokens::{Parsed, Tokens, after, attempt, keyword, keywords, list, maybe};
use crate::cql::ast::{Direction, Ordering, OrderingKey, Select, Selected, Selection};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `selectStatement`
pub(super) fn select<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Select<'a>> {
    let (input, clause) = json_or_clause(input.skip(1))?;
    let (input, ()) = keyword(Keyword::From)(input)?;
    let (input, from) = qualified(input)?;
    let (input, relations) = after(Keyword::Where, conjunction_of_relations)(input)?;
    let (input, group_by) = after(Keyword::Group, |input| {
        let (input, ()) = keyword(Keyword::By)(input)?;
        list(selector)(input)
    })(input)?;
    let (input, order_by) = after(Keyword::Order, |input| {
        let (input, ()) = keyword(Keyword::By)(input)?;
        list(ordering)(input)
    })(input)?;
    let (input, per_partition_limit) = after(Keyword::Per, |input| {
        let (input, ()) = keywords(&[Keyword::Partition, Keyword::Limit])(input)?;
        integer(input)
    })(input)?;
    let (input, limit) = after(Keyword::Limit, integer)(input)?;
    let (input, allow_filtering) = maybe(&[Keyword::Allow, Keyword::Filtering])(input)?;
    Ok((
        input,
        Select {
            json: clause.json,
            distinct: clause.distinct,
            selection: clause.selection,
            from,
            relations: relations.unwrap_or_default(),
            group_by: group_by.unwrap_or_default(),
            order_by: order_by.unwrap_or_default(),
            per_partition_limit,
            limit,
            allow_filtering,
        },
    ))
}

struct Clause<'a> {
    json: bool,
    distinct: bool,
    selection: Selection<'a>,
}

/// `JSON? selectClause`. JSON may be a column as well: it is none if what follows can be selected.
fn json_or_clause<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Clause<'a>> {
    if input.is(Keyword::Json)
        && !is_alias(input.skip(1))
        && let Some((rest, clause)) = attempt(clause(input.skip(1)))?
    {
        return Ok((rest, Clause { json: true, ..clause }));
    }
    clause(input)
}

/// `selectClause`. DISTINCT may be a column as well: it is none if what follows can be selected.
fn clause<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Clause<'a>> {
    if input.is(Keyword::Distinct)
        && !is_alias(input.skip(1))
        && let Some((rest, selection)) = attempt(selection(input.skip(1)))?
    {
        return Ok((rest, Clause { json: false, distinct: true, selection }));
    }
    let (input, selection) = selection(input)?;
    Ok((input, Clause { json: false, distinct: false, selection }))
}

/// `selectors`
pub(super) fn selection<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Selection<'a>> {
    if input.kind() == TokenKind::Star {
        return Ok((input.skip(1), Selection::All));
    }
    let (input, items) = list(selected)(input)?;
    Ok((input, Selection::Some(items)))
}

/// `selector`
fn selected<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Selected<'a>> {
    let (input, selector) = selector(input)?;
    let (input, alias) = after(Keyword::As, identifier)(input)?;
    Ok((input, Selected { selector, alias }))
}

/// `orderByClause`
fn ordering<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Ordering<'a>> {
    let (input, column) = column(input)?;
    let (input, vector) = after(Keyword::Ann, |input| {
        let (input, ()) = keyword(Keyword::Of)(input)?;
        term(input)
    })(input)?;
    let (input, direction) = match input.kind() {
        TokenKind::Keyword(Keyword::Asc) => (input.skip(1), Some(Direction::Ascending)),
        TokenKind::Keyword(Keyword::Desc) => (input.skip(1), Some(Direction::Descending)),
        _ => (input, None),
    };
    let key = match vector {
        Some(vector) => OrderingKey::Ann(column, vector),
        None => OrderingKey::Column(column),
    };
    Ok((input, Ordering { key, direction }))
}
