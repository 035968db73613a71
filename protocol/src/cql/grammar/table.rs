//! CREATE, ALTER, DROP and TRUNCATE TABLE.

use std::borrow::Cow;

use super::name::{column, function, identifier, qualified};
use super::property::{properties, property};
use super::term::arguments;
use super::tokens::{
    Parsed, Reason, Tokens, after, broken, conjunction, if_exists, if_not_exists, keyword, keywords, list, maybe,
    nested, no_viable, parenthesized, symbol,
};
use super::types::data_type;
use crate::cql::ast::{
    AlterTable, AlterTableAction, ColumnDefinition, CreateTable, Direction, DropTable, Mask, Name, PrimaryKey,
    QualifiedName, TableItem, TableOption,
};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `truncateStatement`
pub(super) fn truncate<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, QualifiedName<'a>> {
    let input = input.skip(1);
    qualified(if input.is(Keyword::Table) { input.skip(1) } else { input })
}

/// `createTableStatement`, behind the first two words
pub(super) fn create<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, CreateTable<'a>> {
    let (input, if_not_exists) = if_not_exists(input)?;
    let (input, name) = qualified(input)?;
    let (input, items) = with_stray_commas(item)(input)?;
    let (input, options) = after(Keyword::With, options)(input)?;
    Ok((input, CreateTable { if_not_exists, name, items, options: options.unwrap_or_default() }))
}

/// `'(' item (',' item?)* ')'`
pub(super) fn with_stray_commas<'t, 'a: 't, O>(
    item: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<O>> {
    move |input| {
        let (input, ()) = symbol(TokenKind::ParenthesisOpen)(input)?;
        let (mut input, first) = item(input)?;
        let mut items = vec![first];
        while input.kind() == TokenKind::Comma {
            input = input.skip(1);
            if !matches!(input.kind(), TokenKind::Comma | TokenKind::ParenthesisClose) {
                let (rest, next) = item(input)?;
                items.push(next);
                input = rest;
            }
        }
        let (input, ()) = symbol(TokenKind::ParenthesisClose)(input)?;
        Ok((input, items))
    }
}

/// `tableColumns`
fn item<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, TableItem<'a>> {
    if input.is(Keyword::Primary) {
        let (input, key) = primary_key(input)?;
        return Ok((input, TableItem::PrimaryKey(key)));
    }
    let (input, definition) = column_definition(input)?;
    let (input, primary_key) = maybe(&[Keyword::Primary, Keyword::Key])(input)?;
    Ok((input, TableItem::Column { definition, primary_key }))
}

/// `ident comparatorType STATIC? columnMask?`
fn column_definition<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, ColumnDefinition<'a>> {
    let (input, name) = identifier(input)?;
    let (input, data_type) = data_type(input)?;
    let (input, is_static) = maybe(&[Keyword::Static])(input)?;
    let (input, mask) = if input.is(Keyword::Masked) {
        let (input, mask) = mask(input)?;
        (input, Some(mask))
    } else {
        (input, None)
    };
    Ok((input, ColumnDefinition { name, data_type, is_static, mask }))
}

/// `columnMask`
fn mask<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Mask<'a>> {
    let (input, ()) = keywords(&[Keyword::Masked, Keyword::With])(input)?;
    let is_default =
        input.is(Keyword::Default) && !matches!(input.kind_at(1), TokenKind::ParenthesisOpen | TokenKind::Dot);
    if is_default {
        return Ok((input.skip(1), Mask::Default));
    }
    let (input, function) = function(input)?;
    if input.kind() != TokenKind::ParenthesisOpen {
        return Err(no_viable(input));
    }
    let (input, arguments) = nested(arguments)(input)?;
    Ok((input, Mask::Function(function, arguments)))
}

/// `PRIMARY KEY '(' partitionKey (',' ident)* ')'`
pub(super) fn primary_key<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, PrimaryKey<'a>> {
    let (input, ()) = keywords(&[Keyword::Primary, Keyword::Key])(input)?;
    let (input, ()) = symbol(TokenKind::ParenthesisOpen)(input)?;
    let (input, partition) = if input.kind() == TokenKind::ParenthesisOpen {
        parenthesized(identifier)(input)?
    } else {
        let (input, column) = identifier(input)?;
        (input, vec![column])
    };
    let (input, clustering) = after_comma(input)?;
    let (input, ()) = symbol(TokenKind::ParenthesisClose)(input)?;
    Ok((input, PrimaryKey { partition, clustering }))
}

fn after_comma<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<Name<'a>>> {
    if input.kind() != TokenKind::Comma {
        return Ok((input, Vec::new()));
    }
    list(identifier)(input.skip(1))
}

/// `tableProperty (AND tableProperty)*`
pub(super) fn options<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<TableOption<'a>>> {
    conjunction(option)(input)
}

/// `tableProperty`
fn option<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, TableOption<'a>> {
    if input.is(Keyword::Compact) && input.is_at(1, Keyword::Storage) {
        return Ok((input.skip(2), TableOption::CompactStorage));
    }
    if input.is(Keyword::Clustering) && input.is_at(1, Keyword::Order) {
        let (input, ()) = keyword(Keyword::By)(input.skip(2))?;
        let (input, columns) = parenthesized(clustering_order)(input)?;
        return Ok((input, TableOption::ClusteringOrder(columns)));
    }
    let (input, property) = property(input)?;
    Ok((input, TableOption::Property(property)))
}

fn clustering_order<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, (Name<'a>, Direction)> {
    let (input, column) = identifier(input)?;
    let direction = match input.kind() {
        TokenKind::Keyword(Keyword::Asc) => Direction::Ascending,
        TokenKind::Keyword(Keyword::Desc) => Direction::Descending,
        _ => return Err(no_viable(input)),
    };
    Ok((input.skip(1), (column, direction)))
}

/// `dropTableStatement`, behind the first two words
pub(super) fn drop<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DropTable<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = qualified(input)?;
    Ok((input, DropTable { if_exists, name }))
}

/// `alterTableStatement`, behind the first two words
pub(super) fn alter<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, AlterTable<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = qualified(input)?;
    let rest = input.skip(1);
    let (input, action) = match input.kind() {
        TokenKind::Keyword(Keyword::Alter) => alter_column(rest)?,
        TokenKind::Keyword(Keyword::Add) => add_columns(rest)?,
        TokenKind::Keyword(Keyword::Drop) if rest.is(Keyword::Compact) && rest.is_at(1, Keyword::Storage) => {
            (rest.skip(2), AlterTableAction::DropCompactStorage)
        }
        TokenKind::Keyword(Keyword::Drop) => drop_columns(rest)?,
        TokenKind::Keyword(Keyword::Rename) => {
            let (input, if_exists) = super::tokens::if_exists(rest)?;
            let (input, columns) = conjunction(renaming)(input)?;
            (input, AlterTableAction::Rename { if_exists, columns })
        }
        TokenKind::Keyword(Keyword::With) => {
            let (input, properties) = properties(rest)?;
            (input, AlterTableAction::With(properties))
        }
        _ => return Err(no_viable(input)),
    };
    Ok((input, AlterTable { if_exists, name, action }))
}

fn alter_column<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, AlterTableAction<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, column) = column(input)?;
    match input.kind() {
        TokenKind::Keyword(Keyword::Type) if !if_exists => {
            let (input, data_type) = data_type(input.skip(1))?;
            Ok((input, AlterTableAction::AlterType { column, data_type }))
        }
        TokenKind::Keyword(Keyword::Drop) => {
            let (input, ()) = keyword(Keyword::Masked)(input.skip(1))?;
            Ok((input, AlterTableAction::AlterMask { if_exists, column, mask: None }))
        }
        TokenKind::Keyword(Keyword::Masked) => {
            let (input, mask) = mask(input)?;
            Ok((input, AlterTableAction::AlterMask { if_exists, column, mask: Some(mask) }))
        }
        _ => Err(no_viable(input)),
    }
}

fn add_columns<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, AlterTableAction<'a>> {
    let (input, if_not_exists) = if_not_exists(input)?;
    let (input, columns) = one_or_parenthesized(input, column_definition)?;
    Ok((input, AlterTableAction::Add { if_not_exists, columns }))
}

fn drop_columns<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, AlterTableAction<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, columns) = one_or_parenthesized(input, identifier)?;
    let (input, timestamp) = after(Keyword::Using, |input| {
        let (input, ()) = keyword(Keyword::Timestamp)(input)?;
        long(input)
    })(input)?;
    Ok((input, AlterTableAction::Drop { if_exists, columns, timestamp }))
}

/// An integer of 64 bits.
fn long<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Cow<'a, str>> {
    let text = input.text();
    match input.kind() {
        TokenKind::Integer if text.parse::<i64>().is_ok() => Ok((input.skip(1), Cow::Borrowed(text))),
        TokenKind::Integer => Err(broken(input, format!("For input string: \"{text}\""))),
        _ => Err(input.fail(Reason::Expected(TokenKind::Integer))),
    }
}

/// `item | '(' item (',' item)* ')'`
fn one_or_parenthesized<'t, 'a: 't, O>(
    input: Tokens<'t, 'a>,
    item: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
) -> Parsed<'t, 'a, Vec<O>> {
    if input.kind() == TokenKind::ParenthesisOpen {
        return parenthesized(item)(input);
    }
    let (input, one) = item(input)?;
    Ok((input, vec![one]))
}

/// `ident TO ident`
pub(super) fn renaming<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, (Name<'a>, Name<'a>)> {
    let (input, from) = identifier(input)?;
    let (input, ()) = keyword(Keyword::To)(input)?;
    let (input, to) = identifier(input)?;
    Ok((input, (from, to)))
}
