//! The grammar: tokens → statement.
//!
//! Each function parses one rule of Cassandra's `Parser.g`, of which it keeps the name where that says what it is. As there,
//! a token or two decide which way to go, and what fails behind them fails the statement: nothing is tried twice, with three
//! exceptions in the selection of a SELECT ([`select`], [`selector`]).

mod describe;
mod function;
mod index;
mod keyspace;
mod modification;
mod name;
mod permission;
mod property;
mod relation;
mod role;
mod select;
mod selector;
mod table;
mod term;
mod tokens;
mod types;
mod user_type;
mod view;

use nom::Parser;
use nom::combinator::map;
use smallvec::SmallVec;

use super::ast::Statement;
use super::error::SyntaxError;
use super::keyword::Keyword;
use super::lexer::{Lexer, LexicalError, Token, TokenKind};
use tokens::{Context, Parsed, Tokens, failure, keyword, no_viable, symbol};
pub(super) use tokens::{Failure, Reason};

/// How deeply brackets may nest: collections, tuples, calls, casts, type parameters, parentheses.
pub const DEPTH_MAX: u16 = 64;
/// How many bind markers a statement may have: a bound value's position is a 16-bit number in the protocol.
pub const MARKERS_MAX: u16 = u16::MAX;

/// The tokens of a typical statement fit without allocation.
type TokenBuffer = SmallVec<[Token; 48]>;

/// Parses one statement, which any number of semicolons may follow.
///
/// # Errors
/// If Cassandra's grammar refuses the text (the error says what Cassandra's says, as far as it is known), or if the text
/// is too long, has too many bind markers, or nests more than [`DEPTH_MAX`] deep.
pub fn parse(text: &str) -> Result<Statement<'_>, SyntaxError> {
    let (tokens, lexical) = tokenize(text);
    let context = Context { text, tokens: &tokens };
    match query(Tokens::new(&context)) {
        Ok((_, statement)) => match lexical {
            None => Ok(statement),
            Some(error) => Err(SyntaxError::lexical(text, error)),
        },
        Err(error) => Err(SyntaxError::new(text, &tokens, &failure(error), lexical)),
    }
}

/// All tokens up to the end or the first that is none; the last is always [`TokenKind::End`].
fn tokenize(text: &str) -> (TokenBuffer, Option<LexicalError>) {
    let mut tokens = TokenBuffer::new();
    for token in Lexer::new(text) {
        match token {
            Ok(token) => tokens.push(token),
            Err(error) => {
                let at = text.len().min(u32::MAX as usize) as u32;
                tokens.push(Token { kind: TokenKind::End, start: at, end: at });
                return (tokens, Some(error));
            }
        }
    }
    (tokens, None)
}

/// `cqlStatement ';'* EOF`
fn query<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Statement<'a>> {
    let (mut input, statement) = statement(input)?;
    while input.kind() == TokenKind::Semicolon {
        input = input.skip(1);
    }
    let (input, ()) = symbol(TokenKind::End)(input)?;
    Ok((input, statement))
}

fn statement<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Statement<'a>> {
    let TokenKind::Keyword(first) = input.kind() else { return Err(no_viable(input)) };
    match first {
        Keyword::Select => map(select::select, |select| Statement::Select(Box::new(select))).parse(input),
        Keyword::Insert => map(modification::insert, Statement::Insert).parse(input),
        Keyword::Update => map(modification::update, Statement::Update).parse(input),
        Keyword::Delete => map(modification::delete, Statement::Delete).parse(input),
        Keyword::Begin => map(modification::batch, Statement::Batch).parse(input),
        Keyword::Use => map(keyspace::use_statement, Statement::Use).parse(input),
        Keyword::Truncate => map(table::truncate, Statement::Truncate).parse(input),
        Keyword::Create => create(input),
        Keyword::Alter => alter(input),
        Keyword::Drop => drop(input),
        Keyword::Grant => permission::grant(input),
        Keyword::Revoke => permission::revoke(input),
        Keyword::List => permission::list(input),
        Keyword::Add => map(role::add_identity, Statement::AddIdentity).parse(input),
        Keyword::Describe | Keyword::Desc => map(describe::describe, Statement::Describe).parse(input),
        _ => Err(no_viable(input)),
    }
}

fn create<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Statement<'a>> {
    let TokenKind::Keyword(second) = input.kind_at(1) else { return Err(input.no_viable_at(1)) };
    let start = input;
    let input = input.skip(2);
    match second {
        Keyword::Keyspace => map(keyspace::create, Statement::CreateKeyspace).parse(input),
        Keyword::Table => map(table::create, Statement::CreateTable).parse(input),
        Keyword::Type => map(user_type::create, Statement::CreateType).parse(input),
        Keyword::Index => map(index::create(false), |index| Statement::CreateIndex(Box::new(index))).parse(input),
        Keyword::Custom => {
            let (input, ()) = keyword(Keyword::Index)(input)?;
            map(index::create(true), |index| Statement::CreateIndex(Box::new(index))).parse(input)
        }
        Keyword::Materialized => map(view::create, |view| Statement::CreateView(Box::new(view))).parse(input),
        Keyword::Trigger => map(index::create_trigger, Statement::CreateTrigger).parse(input),
        Keyword::Function => function::create(false)(input),
        Keyword::Aggregate => function::create_aggregate(false)(input),
        Keyword::Or => match (start.kind_at(2), start.kind_at(3)) {
            (TokenKind::Keyword(Keyword::Replace), TokenKind::Keyword(Keyword::Function)) => {
                function::create(true)(input.skip(2))
            }
            (TokenKind::Keyword(Keyword::Replace), TokenKind::Keyword(Keyword::Aggregate)) => {
                function::create_aggregate(true)(input.skip(2))
            }
            (TokenKind::Keyword(Keyword::Replace), _) => Err(start.no_viable_at(3)),
            _ => Err(start.no_viable_at(2)),
        },
        Keyword::Role => map(role::create, Statement::CreateRole).parse(input),
        Keyword::User => map(role::create_user, Statement::CreateUser).parse(input),
        _ => Err(start.no_viable_at(1)),
    }
}

fn alter<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Statement<'a>> {
    let TokenKind::Keyword(second) = input.kind_at(1) else { return Err(input.no_viable_at(1)) };
    let start = input;
    let input = input.skip(2);
    match second {
        Keyword::Keyspace => map(keyspace::alter, Statement::AlterKeyspace).parse(input),
        Keyword::Table => map(table::alter, Statement::AlterTable).parse(input),
        Keyword::Type => map(user_type::alter, Statement::AlterType).parse(input),
        Keyword::Materialized => map(view::alter, Statement::AlterView).parse(input),
        Keyword::Role => map(role::alter, Statement::AlterRole).parse(input),
        Keyword::User => map(role::alter_user, Statement::AlterUser).parse(input),
        _ => Err(start.no_viable_at(1)),
    }
}

fn drop<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Statement<'a>> {
    let TokenKind::Keyword(second) = input.kind_at(1) else { return Err(input.no_viable_at(1)) };
    let start = input;
    let input = input.skip(2);
    match second {
        Keyword::Keyspace => map(keyspace::drop, Statement::DropKeyspace).parse(input),
        Keyword::Table => map(table::drop, Statement::DropTable).parse(input),
        Keyword::Type => map(user_type::drop, Statement::DropType).parse(input),
        Keyword::Index => map(index::drop, Statement::DropIndex).parse(input),
        Keyword::Materialized => map(view::drop, Statement::DropView).parse(input),
        Keyword::Trigger => map(index::drop_trigger, Statement::DropTrigger).parse(input),
        Keyword::Function => map(function::drop, Statement::DropFunction).parse(input),
        Keyword::Aggregate => map(function::drop_aggregate, Statement::DropAggregate).parse(input),
        Keyword::Role => map(role::drop, Statement::DropRole).parse(input),
        Keyword::User => map(role::drop_user, Statement::DropUser).parse(input),
        Keyword::Identity => map(role::drop_identity, Statement::DropIdentity).parse(input),
        _ => Err(start.no_viable_at(1)),
    }
}
