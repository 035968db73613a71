//! The directory that keeps what a run downloads, builds and writes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The work directory: `QUORATE_INTEGRATION_WORK`, or `integration/.work` of this checkout. It is created if absent, and
/// kept between runs: it holds Cassandra's jars, the drivers' packages, and the data and logs of the last run.
pub fn work_dir() -> Result<PathBuf> {
    let dir = env::var_os("QUORATE_INTEGRATION_WORK").map_or_else(|| crate_dir().join(".work"), PathBuf::from);
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    Ok(fs::canonicalize(dir)?)
}

/// The folder of this crate in the checkout.
pub fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs `produce` into a fresh folder of the work directory unless an earlier run completed it, and returns the folder.
///
/// `name` must change with everything that the content depends on: a version, or a digest.
pub fn once(name: &str, produce: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let dir = work_dir()?.join(name);
    let complete = dir.join(".complete");
    // Test processes may run side by side: one produces, the others wait for it.
    let lock = fs::File::create(work_dir()?.join(format!("{}.lock", name.replace('/', "-"))))?;
    lock.lock()?;
    if !complete.exists() {
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        produce(&dir).with_context(|| format!("cannot prepare {}", dir.display()))?;
        fs::write(complete, "")?;
    }
    Ok(dir)
}
