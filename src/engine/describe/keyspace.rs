//! Keyspaces as CQL (`KeyspaceMetadata.toCqlString`).

use quorate_protocol::value::quote_identifier;

use super::table::{map_literal, string_literal};
use crate::engine::schema::Keyspace;

/// CREATE KEYSPACE; of a virtual keyspace, a comment that says what it is.
pub(super) fn create_statement(keyspace: &Keyspace) -> String {
    let name = quote_identifier(&keyspace.name);
    if keyspace.is_virtual {
        return format!(
            "/*\nWarning: Keyspace {name} is a virtual keyspace and cannot be recreated with CQL.\nStructure, for \
             reference:\nVIRTUAL KEYSPACE {name};\n*/"
        );
    }
    let class = keyspace.replication.get("class").map(String::as_str).unwrap_or_default();
    let class = string_literal(class.strip_prefix("org.apache.cassandra.locator.").unwrap_or(class));
    let options = keyspace.replication.iter().filter(|(key, _)| *key != "class");
    let options = map_literal(options.map(|(key, value)| (key.as_str(), string_literal(value))));
    // the class comes first, whatever the order of the keys
    let replication = match options.as_str() {
        "{}" => format!("{{'class': {class}}}"),
        options => format!("{{'class': {class}, {}", &options[1..]),
    };
    format!(
        "CREATE KEYSPACE {name} WITH replication = {replication}  AND durable_writes = {};",
        keyspace.durable_writes
    )
}
