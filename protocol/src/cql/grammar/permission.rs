//! GRANT, REVOKE and LIST.

use super::function::argument_types;
use super::name::{function, is_identifier, name_or_marker, qualified, role, string};
use super::tokens::{Parsed, Reason, Tokens, after, keyword, keywords, list as list_of, maybe};
use crate::cql::ast::{
    Grant, GrantRole, ListPermissions, ListRoles, Permission, Permissions, Resource, Revoke, RevokeRole, Statement,
};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `grantPermissionsStatement` or `grantRoleStatement`
pub(super) fn grant<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Statement<'a>> {
    if is_role(input.skip(1), Keyword::To) {
        let (input, role_name) = role(input.skip(1))?;
        let (input, ()) = keyword(Keyword::To)(input)?;
        let (input, grantee) = role(input)?;
        return Ok((input, Statement::GrantRole(GrantRole { role: role_name, grantee })));
    }
    let (input, (permissions, resource)) = permissions_on_resource(input)?;
    let (input, ()) = keyword(Keyword::To)(input)?;
    let (input, grantee) = role(input)?;
    Ok((input, Statement::Grant(Grant { permissions, resource, grantee })))
}

/// `revokePermissionsStatement` or `revokeRoleStatement`
pub(super) fn revoke<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Statement<'a>> {
    if is_role(input.skip(1), Keyword::From) {
        let (input, role_name) = role(input.skip(1))?;
        let (input, ()) = keyword(Keyword::From)(input)?;
        let (input, revokee) = role(input)?;
        return Ok((input, Statement::RevokeRole(RevokeRole { role: role_name, revokee })));
    }
    let (input, (permissions, resource)) = permissions_on_resource(input)?;
    let (input, ()) = keyword(Keyword::From)(input)?;
    let (input, revokee) = role(input)?;
    Ok((input, Statement::Revoke(Revoke { permissions, resource, revokee })))
}

/// Whether a role is granted or revoked rather than permissions: some permissions may name roles, too.
fn is_role(input: Tokens<'_, '_>, next: Keyword) -> bool {
    match input.kind() {
        TokenKind::Keyword(Keyword::All | Keyword::Unmask | Keyword::SelectMasked) => input.is_at(1, next),
        TokenKind::Question | TokenKind::String | TokenKind::DollarString => true,
        kind => is_identifier(kind),
    }
}

/// `listPermissionsStatement`, `listRolesStatement` or `listUsersStatement`
pub(super) fn list<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Statement<'a>> {
    let start = input;
    let input = input.skip(1);
    if input.is(Keyword::Users) {
        return Ok((input.skip(1), Statement::ListUsers));
    }
    if input.is(Keyword::Roles) {
        let (input, grantee) = after(Keyword::Of, role)(input.skip(1))?;
        let (input, norecursive) = maybe(&[Keyword::Norecursive])(input)?;
        return Ok((input, Statement::ListRoles(ListRoles { grantee, norecursive })));
    }
    if !input.is(Keyword::All) && permission_at(input).is_none() {
        return Err(start.no_viable_at(1));
    }
    let (input, permissions) = permissions(input)?;
    let (input, resource) = after(Keyword::On, resource)(input)?;
    let (input, grantee) = after(Keyword::Of, role)(input)?;
    let (input, norecursive) = maybe(&[Keyword::Norecursive])(input)?;
    Ok((input, Statement::ListPermissions(ListPermissions { permissions, resource, grantee, norecursive })))
}

fn permissions_on_resource<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, (Permissions, Resource<'a>)> {
    let start = input;
    let input = input.skip(1);
    if !input.is(Keyword::All) && permission_at(input).is_none() {
        return Err(start.no_viable_at(1));
    }
    let (input, permissions) = permissions(input)?;
    let (input, ()) = keyword(Keyword::On)(input)?;
    let (input, resource) = resource(input)?;
    Ok((input, (permissions, resource)))
}

/// `permissionOrAll`
fn permissions<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Permissions> {
    if input.is(Keyword::All) {
        let (input, _) = maybe(&[Keyword::Permissions])(input.skip(1))?;
        return Ok((input, Permissions::All));
    }
    let (input, permissions) = list_of(|input: Tokens<'t, 'a>| {
        let permission = permission_at(input).ok_or_else(|| input.fail(Reason::ExpectedSet))?;
        let (input, _) = maybe(&[Keyword::Permission])(input.skip(1))?;
        Ok((input, permission))
    })(input)?;
    Ok((input, Permissions::Some(permissions)))
}

fn permission_at(input: Tokens<'_, '_>) -> Option<Permission> {
    let TokenKind::Keyword(keyword) = input.kind() else { return None };
    Some(match keyword {
        Keyword::Create => Permission::Create,
        Keyword::Alter => Permission::Alter,
        Keyword::Drop => Permission::Drop,
        Keyword::Select => Permission::Select,
        Keyword::Modify => Permission::Modify,
        Keyword::Authorize => Permission::Authorize,
        Keyword::Describe => Permission::Describe,
        Keyword::Execute => Permission::Execute,
        Keyword::Unmask => Permission::Unmask,
        Keyword::SelectMasked => Permission::SelectMasked,
        _ => return None,
    })
}

/// `resource`
fn resource<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Resource<'a>> {
    let named = is_identifier(input.kind_at(1)) || input.kind_at(1) == TokenKind::Question;
    let is_string = matches!(input.kind_at(1), TokenKind::String | TokenKind::DollarString);
    let rest = input.skip(1);
    match input.kind() {
        TokenKind::Keyword(Keyword::All) => all_resources(input),
        TokenKind::Keyword(Keyword::Keyspace) => {
            let (input, name) = name_or_marker(rest)?;
            Ok((input, Resource::Keyspace(name)))
        }
        TokenKind::Keyword(Keyword::Table) => {
            let (input, name) = qualified(rest)?;
            Ok((input, Resource::Table(name)))
        }
        TokenKind::Keyword(Keyword::Role) if named || is_string => {
            let (input, name) = role(rest)?;
            Ok((input, Resource::Role(name)))
        }
        TokenKind::Keyword(Keyword::Function) if named || rest.is(Keyword::Token) => {
            let (input, name) = function(rest)?;
            let (input, arguments) = argument_types(input)?;
            Ok((input, Resource::Function(name, arguments)))
        }
        TokenKind::Keyword(Keyword::Mbean) if is_string => {
            let (input, name) = string(rest)?;
            Ok((input, Resource::Mbean(name)))
        }
        TokenKind::Keyword(Keyword::Mbeans) if is_string => {
            let (input, name) = string(rest)?;
            Ok((input, Resource::Mbeans(name)))
        }
        _ => {
            let (input, name) = qualified(input)?;
            Ok((input, Resource::Table(name)))
        }
    }
}

/// `ALL …`, or a table of that name.
fn all_resources<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Resource<'a>> {
    let rest = input.skip(2);
    let in_keyspace = |input: Tokens<'t, 'a>| {
        let (input, ()) = keywords(&[Keyword::In, Keyword::Keyspace])(input)?;
        name_or_marker(input)
    };
    match input.kind_at(1) {
        TokenKind::Keyword(Keyword::Keyspaces) => Ok((rest, Resource::AllKeyspaces)),
        TokenKind::Keyword(Keyword::Roles) => Ok((rest, Resource::AllRoles)),
        TokenKind::Keyword(Keyword::Mbeans) => Ok((rest, Resource::AllMbeans)),
        TokenKind::Keyword(Keyword::Tables) => {
            let (input, name) = in_keyspace(rest)?;
            Ok((input, Resource::AllTables(name)))
        }
        TokenKind::Keyword(Keyword::Functions) if rest.is(Keyword::In) => {
            let (input, name) = in_keyspace(rest)?;
            Ok((input, Resource::AllFunctionsIn(name)))
        }
        TokenKind::Keyword(Keyword::Functions) => Ok((rest, Resource::AllFunctions)),
        _ => {
            let (input, name) = qualified(input)?;
            Ok((input, Resource::Table(name)))
        }
    }
}
