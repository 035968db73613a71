//! The rows of `system_views`. Of what Cassandra measures and this does not, there are none.

use quorate_protocol::value::Value;

use super::row::{RowBuilder, text_map};
use super::{Client, Context};
use crate::engine::schema::Schema;
use crate::engine::table::{Row, Table};

/// The rows of the table of that name.
pub(super) fn rows(name: &str, table: &Table, _: &Schema, context: &Context<'_>) -> Vec<Row> {
    match name {
        "settings" => {
            let row = |(name, value): (&String, &String)| {
                RowBuilder::new(table).set("name", name.as_str()).set("value", value.as_str()).build()
            };
            context.settings.iter().map(row).collect()
        }
        "clients" => context.clients.iter().map(|client| client_row(table, client)).collect(),
        _ => Vec::new(),
    }
}

fn client_row(table: &Table, client: &Client) -> Row {
    let option = |name: &str| client.options.get(name).map(String::as_str);
    let options = client.options.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let (protocol, cipher) = match &client.tls {
        Some((protocol, cipher)) => (Some(protocol.as_str()), Some(cipher.as_str())),
        None => (None, None),
    };
    RowBuilder::new(table)
        .set("address", Value::Inet(client.address.ip()))
        .set("port", i32::from(client.address.port()))
        .set("client_options", text_map(options))
        .set("connection_stage", "ready")
        .set("driver_name", option("DRIVER_NAME"))
        .set("driver_version", option("DRIVER_VERSION"))
        .set("hostname", client.address.ip().to_string())
        .set("keyspace_name", client.keyspace.as_deref())
        .set("protocol_version", i32::from(client.protocol_version))
        .set("request_count", client.request_count)
        .set("ssl_cipher_suite", cipher)
        .set("ssl_enabled", client.tls.is_some())
        .set("ssl_protocol", protocol)
        .set("username", client.user.as_deref().unwrap_or("anonymous"))
        .build()
}
