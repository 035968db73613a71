//! Who may use whom: the modules of the proxy depend on each other in the directions that ARCHITECTURE.md gives.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the sources fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// For each module, those of this crate that it must not know. What is not listed is free.
const MUST_NOT_KNOW: &[(&str, &[&str])] = &[
    ("quorum", &["backend", "catalog", "config", "coordinator", "engine", "frontend", "shared", "statement", "worker"]),
    ("statement", &["backend", "config", "coordinator", "frontend", "quorum", "shared", "system", "worker"]),
    ("catalog", &["backend", "config", "coordinator", "frontend", "quorum", "shared", "statement", "worker"]),
    ("engine", &["backend", "catalog", "config", "coordinator", "frontend", "quorum", "shared", "worker"]),
    ("system", &["backend", "catalog", "config", "coordinator", "frontend", "quorum", "shared", "worker"]),
    (
        "backend",
        &["catalog", "config", "coordinator", "frontend", "prepared", "quorum", "shared", "statement", "worker"],
    ),
    ("backend/cassandra", &["engine", "store"]),
    ("config", &["backend", "coordinator", "engine", "frontend", "shared", "statement", "system", "worker"]),
    ("observe", &["backend", "coordinator", "engine", "frontend", "shared", "statement", "system", "worker"]),
    ("wire", &["backend", "config", "coordinator", "frontend", "shared", "worker"]),
    ("turn", &["backend", "config", "coordinator", "frontend", "shared", "worker"]),
    ("clock", &["backend", "config", "coordinator", "frontend", "shared", "worker"]),
];

#[test]
fn modules_depend_in_the_directions_of_the_architecture() {
    let mut offences = Vec::new();
    for (module, forbidden) in MUST_NOT_KNOW {
        let files = files_of(module);
        assert!(!files.is_empty(), "there is no module {module}");
        for file in files {
            let used = modules_used(&fs::read_to_string(&file).unwrap());
            offences.extend(
                forbidden
                    .iter()
                    .filter(|forbidden| used.contains(**forbidden))
                    .map(|forbidden| format!("{} uses {forbidden}", file.display())),
            );
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn the_protocol_does_no_input_or_output() {
    let offences: Vec<_> = rust_files(&source("protocol/src"))
        .into_iter()
        .filter(|file| {
            let text = fs::read_to_string(file).unwrap();
            ["tokio", "std::fs", "std::thread", "SystemTime", "Instant::now", "TcpStream"]
                .iter()
                .any(|word| text.contains(word))
        })
        .collect();
    assert!(offences.is_empty(), "{offences:#?}");
}

/// The first path segment after each `crate::`.
fn modules_used(text: &str) -> BTreeSet<String> {
    text.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect())
        .collect()
}

fn files_of(module: &str) -> Vec<PathBuf> {
    let mut files = rust_files(&source("src").join(module));
    let root = source("src").join(format!("{module}.rs"));
    if root.exists() {
        files.push(root);
    }
    files
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
