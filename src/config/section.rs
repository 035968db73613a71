use std::collections::BTreeSet;
use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::problem::{Origin, Problem};
use super::tree::{Node, Table, Value};
use super::value::FromValue;

/// What is found while the document is read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
    /// Every key that was asked for, with its path from the top (`backend.tls.ca`): the keys that exist.
    pub(super) known: BTreeSet<String>,
    /// Where relative paths start.
    pub(super) directory: PathBuf,
}

/// One table of the document while its keys are read. Whoever reads it calls [`Self::finish`], which reports the keys nobody asked for.
pub(super) struct Section<'a> {
    table: Option<&'a Table>,
    origin: Origin,
    /// As errors show it: `backend.a.tls`.
    path: String,
    /// As the reference shows it: `backend.tls`.
    schema_path: String,
    asked: Vec<&'static str>,
    findings: &'a mut Findings,
}

impl<'a> Section<'a> {
    /// The whole document.
    pub(super) fn root(table: &'a Table, findings: &'a mut Findings) -> Self {
        let (path, schema_path) = (String::new(), String::new());
        Self { table: Some(table), origin: Origin::File, path, schema_path, asked: Vec::new(), findings }
    }

    /// The table under `key`; if there is none, an empty one.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'_> {
        let node = self.ask(key);
        let origin = node.map_or(self.origin.clone(), |node| node.origin.clone());
        let table = match node.map(|node| &node.value) {
            Some(Value::Table(table)) => Some(table),
            Some(other) => {
                self.expected(key, other, "a table");
                None
            }
            None => None,
        };
        self.inner(key, key, table, origin)
    }

    /// The table under `key`, if it is written.
    pub(super) fn optional_section(&mut self, key: &'static str) -> Option<Section<'_>> {
        self.ask(key)?;
        Some(self.section(key))
    }

    /// Reads every table of the list under `key`, named in errors by its `name`, else by its position.
    pub(super) fn each_section<T>(&mut self, key: &'static str, mut read: impl FnMut(&mut Section<'_>) -> T) -> Vec<T> {
        let nodes: &[Node] = match self.ask(key).map(|node| &node.value) {
            Some(Value::List(nodes)) => nodes,
            Some(other) => {
                self.expected(key, other, "a list of tables: write [[backend]] with two brackets");
                &[]
            }
            None => &[],
        };
        let mut sections = Vec::with_capacity(nodes.len());
        for (position, node) in nodes.iter().enumerate() {
            let Value::Table(table) = &node.value else {
                self.expected(key, &node.value, "a table");
                continue;
            };
            let name = match table.get("name").map(|node| &node.value) {
                Some(Value::Text(name) | Value::Raw(name)) => format!("{key}.{name}"),
                _ => format!("{key}[{position}]"),
            };
            let mut section = self.inner(&name, key, Some(table), node.origin.clone());
            sections.push(read(&mut section));
            section.finish();
        }
        sections
    }

    /// The value of `key`, if it is written. A value that does not fit is a problem, and absent.
    pub(super) fn optional<T: FromValue>(&mut self, key: &'static str) -> Option<T> {
        let node = self.ask(key)?;
        let value = T::from_value(&node.value);
        if value.is_none() {
            self.refuse(key, format!("expected {}, not {}", T::EXPECTED, T::misfit(&node.value)));
        }
        value
    }

    /// The value of `key`, if it is written and fits: for keys that take several kinds of value.
    pub(super) fn quiet<T: FromValue>(&mut self, key: &'static str) -> Option<T> {
        T::from_value(&self.ask(key)?.value)
    }

    /// The value of `key`, which must be written.
    pub(super) fn required<T: FromValue>(&mut self, key: &'static str) -> Option<T> {
        if self.ask(key).is_none() {
            let origin = self.origin.clone();
            self.problem(origin, key, format!("is missing: expected {}", T::EXPECTED));
        }
        self.optional(key)
    }

    /// The value of `key`, or `default`.
    pub(super) fn or<T: FromValue>(&mut self, key: &'static str, default: T) -> T {
        self.optional(key).unwrap_or(default)
    }

    /// The value of `key` or `default`; a value outside `bounds` is a problem.
    pub(super) fn within<T>(&mut self, key: &'static str, default: T, bounds: RangeInclusive<T>) -> T
    where
        T: FromValue + PartialOrd + Debug,
    {
        let value = self.or(key, default);
        if !bounds.contains(&value) {
            self.refuse(key, format!("must be between {:?} and {:?}", bounds.start(), bounds.end()));
        }
        value
    }

    /// One of a few words, or `default`.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, default: T, words: &[(&str, T)]) -> T {
        let Some(text) = self.optional::<String>(key) else { return default };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => *value,
            None => {
                let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                let list = known.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" or ");
                self.refuse(key, format!("expected {list}, not {text:?}{}", did_you_mean(&text, &known)));
                default
            }
        }
    }

    /// The tables and values under `key`, if it is a table at all: for keys that hold either a word or a table.
    pub(super) fn is_table(&mut self, key: &'static str) -> bool {
        matches!(self.ask(key), Some(Node { value: Value::Table(_), .. }))
    }

    /// Every key of this table, each with its value: for tables whose keys are names of the user's.
    pub(super) fn entries<T: FromValue>(&mut self) -> Vec<(String, T)> {
        let mut entries = Vec::new();
        for (key, node) in self.table.into_iter().flatten() {
            match T::from_value(&node.value) {
                Some(value) => entries.push((key.clone(), value)),
                None => {
                    let message = format!("expected {}, not {}", T::EXPECTED, T::misfit(&node.value));
                    self.problem(node.origin.clone(), key, message);
                }
            }
        }
        entries
    }

    /// Whether `key` is written.
    pub(super) fn has(&self, key: &str) -> bool {
        self.node(key).is_some()
    }

    /// Adds a problem at `key`: at its line if it is written, else at the table's.
    pub(super) fn refuse(&mut self, key: &str, message: impl Into<String>) {
        let origin = self.node(key).map_or(&self.origin, |node| &node.origin).clone();
        self.problem(origin, key, message.into());
    }

    /// Refuses a key that exists, but does not fit what else is written.
    pub(super) fn unfit(&mut self, key: &'static str, message: &str) {
        if self.ask(key).is_some() {
            self.refuse(key, message);
        }
    }

    /// The absolute form of a path written in the document.
    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        self.findings.directory.join(path)
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self) {
        let unknown = self.table.into_iter().flatten().filter(|(key, _)| !self.asked.contains(&key.as_str()));
        for (key, node) in unknown {
            let key_path = join(&self.path, key);
            let message = format!("unknown key{}", did_you_mean(key, &self.asked));
            self.findings.problems.push(Problem::new(node.origin.clone(), key_path, message));
        }
    }

    fn ask(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
            self.findings.known.insert(join(&self.schema_path, key));
        }
        self.node(key)
    }

    fn node(&self, key: &str) -> Option<&'a Node> {
        self.table.and_then(|table| table.get(key))
    }

    fn inner<'b>(&'b mut self, name: &str, key: &'static str, table: Option<&'b Table>, origin: Origin) -> Section<'b> {
        let (path, schema_path) = (join(&self.path, name), join(&self.schema_path, key));
        Section { table, origin, path, schema_path, asked: Vec::new(), findings: self.findings }
    }

    fn expected(&mut self, key: &str, found: &Value, expected: &str) {
        self.refuse(key, format!("expected {expected}, not {}", found.describe()));
    }

    fn problem(&mut self, origin: Origin, key: &str, message: String) {
        let path = join(&self.path, key);
        self.findings.problems.push(Problem::new(origin, path, message));
    }
}

/// "; did you mean `…`?" for the known word nearest to `word`, or nothing if none is near.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|candidate| (strsim::jaro_winkler(word, candidate), candidate));
    match nearest.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((similarity, candidate)) if similarity > 0.75 => format!("; did you mean `{candidate}`?"),
        _ => String::new(),
    }
}

fn join(path: &str, key: &str) -> String {
    match (path.is_empty(), key.is_empty()) {
        (true, _) => key.to_owned(),
        (_, true) => path.to_owned(),
        _ => format!("{path}.{key}"),
    }
}
