//! Histories with their answers, in files: a line of JSON each, compressed.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::step::Step;

/// A statement and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The statement.
    #[serde(flatten)]
    pub step: Step,
    /// The answer.
    #[serde(rename = "a")]
    pub answer: String,
}

/// Writes a history.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, history: &[Recorded]) -> Result<()> {
    let mut lines = Vec::new();
    for recorded in history {
        serde_json::to_writer(&mut lines, recorded)?;
        lines.push(b'\n');
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&lines)?;
    fs::write(path, encoder.finish()?).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a history.
///
/// # Errors
/// The file cannot be read, or is no history.
pub fn read(path: &Path) -> Result<Vec<Recorded>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice()).read_to_string(&mut text)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// The files of a directory that hold histories.
///
/// # Errors
/// Of the disk.
pub fn recordings(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "gz"));
    paths.sort();
    Ok(paths)
}
