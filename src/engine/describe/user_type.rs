//! User-defined types as CQL (`UserType.toCqlString`).

use quorate_protocol::value::{UserType, quote_identifier};

/// CREATE TYPE.
pub(super) fn create_statement(user_type: &UserType) -> String {
    let field = |(name, ty): &(String, _)| format!("    {} {ty}", quote_identifier(name));
    let fields: Vec<String> = user_type.fields.iter().map(field).collect();
    format!(
        "CREATE TYPE {}.{} (\n{}\n);",
        quote_identifier(&user_type.keyspace),
        quote_identifier(&user_type.name),
        fields.join(",\n")
    )
}
