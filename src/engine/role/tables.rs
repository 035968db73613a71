//! The rows of `system_auth`.

use super::Roles;
use crate::engine::system_tables::{RowBuilder, text_set};
use crate::engine::table::{Row, Table};

/// The rows of the table of that name, in no order.
pub fn rows(name: &str, table: &Table, roles: &Roles) -> Vec<Row> {
    let all = roles.roles.iter();
    let row = || RowBuilder::new(table);
    match name {
        "roles" => {
            let role_row = |(name, role): (&String, &super::Role)| {
                let member_of = text_set(role.member_of.iter().map(String::as_str));
                row()
                    .set("role", name.as_str())
                    .set("can_login", role.can_login)
                    .set("is_superuser", role.is_superuser)
                    .set("member_of", (!role.member_of.is_empty()).then_some(member_of))
                    .set("salted_hash", role.password_hash.as_deref())
                    .build()
            };
            all.map(role_row).collect()
        }
        "role_members" => {
            let members = all.flat_map(|(member, role)| role.member_of.iter().map(move |role| (role, member)));
            members
                .map(|(role, member)| row().set("role", role.as_str()).set("member", member.as_str()).build())
                .collect()
        }
        "role_permissions" => {
            let granted = all.flat_map(|(name, role)| role.permissions.iter().map(move |granted| (name, granted)));
            let permission_row =
                |(name, (resource, permissions)): (&String, (&super::Resource, &super::PermissionSet))| {
                    let names = permissions.names();
                    let names = text_set(names.iter().map(String::as_str));
                    row().set("role", name.as_str()).set("resource", resource.name()).set("permissions", names).build()
                };
            granted.map(permission_row).collect()
        }
        "resource_role_permissons_index" => {
            let granted = all.flat_map(|(name, role)| role.permissions.keys().map(move |resource| (name, resource)));
            granted.map(|(name, on)| row().set("resource", on.name()).set("role", name.as_str()).build()).collect()
        }
        "network_permissions" => {
            let asked = all.filter_map(|(name, role)| Some((name, role.datacenters.as_ref()?)));
            let network_row = |(name, datacenters): (&String, &super::options::Names)| {
                let names = text_set(datacenters.iter().map(String::as_str));
                row().set("role", format!("roles/{name}")).set("dcs", names).build()
            };
            asked.map(network_row).collect()
        }
        // every group, which is what a role is created with: there are none to choose from
        "cidr_permissions" => {
            let asked = all.filter(|(_, role)| role.datacenters.is_some());
            asked.map(|(name, _)| row().set("role", name.as_str()).set("cidr_groups", text_set([])).build()).collect()
        }
        "identity_to_role" => {
            let identity_row = |(identity, role): (&String, &String)| {
                row().set("identity", identity.as_str()).set("role", role.as_str()).build()
            };
            roles.identities.iter().map(identity_row).collect()
        }
        _ => Vec::new(),
    }
}
