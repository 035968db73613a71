//! Roles, users and identities.

use super::name::{role, string, user};
use super::property::property_map;
use super::tokens::{
    Parsed, Reason, Tokens, after, bracketed, conjunction, if_exists, if_not_exists, keyword, keywords, no_viable,
    symbol,
};
use crate::cql::ast::{
    Access, AddIdentity, AlterRole, AlterUser, CreateRole, CreateUser, DropIdentity, DropRole, DropUser, Password,
    RoleName, RoleOption,
};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `createRoleStatement`, behind the first two words
pub(super) fn create<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, CreateRole<'a>> {
    let (input, if_not_exists) = if_not_exists(input)?;
    let (input, name) = role(input)?;
    let (input, options) = with_options(input)?;
    Ok((input, CreateRole { if_not_exists, name, options }))
}

/// `alterRoleStatement`, behind the first two words
pub(super) fn alter<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, AlterRole<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = role(input)?;
    let (input, options) = with_options(input)?;
    Ok((input, AlterRole { if_exists, name, options }))
}

/// `dropRoleStatement`, behind the first two words
pub(super) fn drop<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DropRole<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = role(input)?;
    Ok((input, DropRole { if_exists, name }))
}

fn with_options<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<RoleOption<'a>>> {
    let (input, options) = after(Keyword::With, conjunction(option))(input)?;
    Ok((input, options.unwrap_or_default()))
}

/// `roleOption`
fn option<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, RoleOption<'a>> {
    let TokenKind::Keyword(first) = input.kind() else { return Err(no_viable(input)) };
    match first {
        Keyword::Password => {
            let (input, ()) = symbol(TokenKind::Equal)(input.skip(1))?;
            let (input, password) = string(input)?;
            Ok((input, RoleOption::Password(Password::Plain(password))))
        }
        Keyword::Hashed => {
            let (input, ()) = keyword(Keyword::Password)(input.skip(1))?;
            let (input, ()) = symbol(TokenKind::Equal)(input)?;
            let (input, password) = string(input)?;
            Ok((input, RoleOption::Password(Password::Hashed(password))))
        }
        Keyword::Options => {
            let (input, ()) = symbol(TokenKind::Equal)(input.skip(1))?;
            let (input, options) = property_map(input)?;
            Ok((input, RoleOption::Options(options)))
        }
        Keyword::Superuser => {
            let (input, value) = equals_boolean(input.skip(1))?;
            Ok((input, RoleOption::Superuser(value)))
        }
        Keyword::Login => {
            let (input, value) = equals_boolean(input.skip(1))?;
            Ok((input, RoleOption::Login(value)))
        }
        Keyword::Access => access(input),
        _ => Err(no_viable(input)),
    }
}

fn equals_boolean<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, bool> {
    let (input, ()) = symbol(TokenKind::Equal)(input)?;
    match input.kind() {
        TokenKind::Keyword(Keyword::True) => Ok((input.skip(1), true)),
        TokenKind::Keyword(Keyword::False) => Ok((input.skip(1), false)),
        _ => Err(input.fail(Reason::Expected(TokenKind::Keyword(Keyword::True)))),
    }
}

/// `ACCESS TO …` and `ACCESS FROM …`
fn access<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, RoleOption<'a>> {
    let all = input.is_at(2, Keyword::All);
    let (of, option): (_, fn(Access<'a>) -> RoleOption<'a>) = match input.kind_at(1) {
        TokenKind::Keyword(Keyword::To) => (Keyword::Datacenters, RoleOption::AccessToDatacenters),
        TokenKind::Keyword(Keyword::From) => (Keyword::Cidrs, RoleOption::AccessFromCidrs),
        _ => return Err(input.no_viable_at(1)),
    };
    if all {
        let (input, ()) = keyword(of)(input.skip(3))?;
        return Ok((input, option(Access::All)));
    }
    if !input.is_at(2, of) {
        return Err(input.no_viable_at(2));
    }
    let (input, names) = bracketed(TokenKind::BraceOpen, string, TokenKind::BraceClose)(input.skip(3))?;
    Ok((input, option(Access::Some(names))))
}

/// `createUserStatement`, behind the first two words
pub(super) fn create_user<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, CreateUser<'a>> {
    let (input, if_not_exists) = if_not_exists(input)?;
    let (input, name) = user(input)?;
    let (input, (password, superuser)) = user_options(input)?;
    Ok((input, CreateUser { if_not_exists, name, password, superuser }))
}

/// `alterUserStatement`, behind the first two words
pub(super) fn alter_user<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, AlterUser<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = user(input)?;
    let (input, (password, superuser)) = user_options(input)?;
    Ok((input, AlterUser { if_exists, name, password, superuser }))
}

/// `dropUserStatement`, behind the first two words
pub(super) fn drop_user<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DropUser<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = user(input)?;
    Ok((input, DropUser { if_exists, name }))
}

/// `(WITH userPassword)? (SUPERUSER | NOSUPERUSER)?`
fn user_options<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, (Option<Password<'a>>, Option<bool>)> {
    let (input, password) = after(Keyword::With, user_password)(input)?;
    Ok(match input.kind() {
        TokenKind::Keyword(Keyword::Superuser) => (input.skip(1), (password, Some(true))),
        TokenKind::Keyword(Keyword::Nosuperuser) => (input.skip(1), (password, Some(false))),
        _ => (input, (password, None)),
    })
}

/// `userPassword`
fn user_password<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Password<'a>> {
    match input.kind() {
        TokenKind::Keyword(Keyword::Password) => {
            let (input, password) = string(input.skip(1))?;
            Ok((input, Password::Plain(password)))
        }
        TokenKind::Keyword(Keyword::Hashed) => {
            let (input, ()) = keyword(Keyword::Password)(input.skip(1))?;
            let (input, password) = string(input)?;
            Ok((input, Password::Hashed(password)))
        }
        _ => Err(no_viable(input)),
    }
}

/// `addIdentityStatement`
pub(super) fn add_identity<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, AddIdentity<'a>> {
    let (input, ()) = keyword(Keyword::Identity)(input.skip(1))?;
    let (input, if_not_exists) = if_not_exists(input)?;
    let (input, identity) = user(input)?;
    let (input, ()) = keywords(&[Keyword::To, Keyword::Role])(input)?;
    let (input, role): (_, RoleName<'a>) = user(input)?;
    Ok((input, AddIdentity { if_not_exists, identity, role }))
}

/// `dropIdentityStatement`, behind the first two words
pub(super) fn drop_identity<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DropIdentity<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, identity) = user(input)?;
    Ok((input, DropIdentity { if_exists, identity }))
}
