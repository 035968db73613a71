use super::problem::{Origin, Problem};
use super::section::did_you_mean;
use super::tree::{Node, Table, Value};

const PREFIX: &str = "QUORATE_";
const SEPARATOR: &str = "__";
const BACKENDS: &str = "backend";

/// Lays the variables `QUORATE_<SECTION>__<KEY>…` over the document. A backend is addressed by its name in capitals (with `_` for what
/// is no letter or digit) or by its position from 0; the first position that is free makes a new one. Variables without `__` are not ours
/// (container platforms set `QUORATE_PORT` beside a service of that name).
pub(super) fn overlay(document: &mut Table, environment: &[(String, String)]) -> Vec<Problem> {
    let mut ours: Vec<_> = environment
        .iter()
        .filter_map(|(name, value)| Some((name, name.strip_prefix(PREFIX)?, value)))
        .filter(|(_, path, _)| path.contains(SEPARATOR))
        .collect();
    ours.sort_unstable();
    let mut problems = Vec::new();
    for (name, path, value) in ours {
        let origin = Origin::Environment(name.clone());
        let keys: Vec<String> = path.split(SEPARATOR).map(str::to_ascii_lowercase).collect();
        if let Err(message) = set(document, &keys, &origin, value) {
            problems.push(Problem::new(origin, "", message));
        }
    }
    problems
}

fn set(document: &mut Table, keys: &[String], origin: &Origin, value: &str) -> Result<(), String> {
    match keys {
        [section, which, rest @ ..] if section == BACKENDS && !rest.is_empty() => {
            let list = document
                .entry(BACKENDS.to_owned())
                .or_insert_with(|| Node { origin: origin.clone(), value: Value::List(Vec::new()) });
            let Value::List(backends) = &mut list.value else { return Ok(()) };
            set_in_table(backend(backends, which, origin)?, rest, origin, value)
        }
        [section, ..] if section == BACKENDS => {
            Err("which backend? Write its name or position, as in QUORATE_BACKEND__A__ZONE".to_owned())
        }
        _ => set_in_table(document, keys, origin, value),
    }
}

fn backend<'a>(backends: &'a mut Vec<Node>, which: &str, origin: &Origin) -> Result<&'a mut Table, String> {
    let names: Vec<String> = backends.iter().map(variable_name).collect();
    let position = match names.iter().position(|name| name == which) {
        Some(position) => position,
        None => match which.parse::<usize>() {
            Ok(position) if position <= backends.len() => position,
            _ => {
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                return Err(format!("there is no backend {which:?}{}", did_you_mean(which, &known)));
            }
        },
    };
    if position == backends.len() {
        backends.push(Node { origin: origin.clone(), value: Value::Table(Table::new()) });
    }
    match backends.get_mut(position).map(|node| &mut node.value) {
        Some(Value::Table(table)) => Ok(table),
        _ => Err(format!("backend {which:?} is not a table")),
    }
}

/// A backend's name as it appears in the name of a variable, in lower case.
fn variable_name(backend: &Node) -> String {
    let Value::Table(table) = &backend.value else { return String::new() };
    let Some(Node { value: Value::Text(name) | Value::Raw(name), .. }) = table.get("name") else {
        return String::new();
    };
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

fn set_in_table(table: &mut Table, keys: &[String], origin: &Origin, value: &str) -> Result<(), String> {
    match keys {
        [] => Ok(()),
        [key] => {
            table.insert(key.clone(), Node { origin: origin.clone(), value: Value::Raw(value.to_owned()) });
            Ok(())
        }
        [key, rest @ ..] => {
            let node = table
                .entry(key.clone())
                .or_insert_with(|| Node { origin: origin.clone(), value: Value::Table(Table::new()) });
            if !matches!(node.value, Value::Table(_)) {
                *node = Node { origin: origin.clone(), value: Value::Table(Table::new()) };
            }
            match &mut node.value {
                Value::Table(inner) => set_in_table(inner, rest, origin, value),
                _ => Ok(()),
            }
        }
    }
}
