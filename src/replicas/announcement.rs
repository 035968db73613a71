//! Where a proxy's admin server is, told by a file beside its replicas' directories.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use tracing::warn;

use super::Replicas;

/// The name of the file; it holds the address and a line break.
const FILE: &str = "admin";

/// The file, while the proxy runs.
#[derive(Debug)]
pub struct Announcement(PathBuf);

impl Announcement {
    /// Writes it into the directory that holds that of the first replica on disk; without one there is no place for it.
    pub(crate) fn of(address: SocketAddr, replicas: &Replicas) -> Option<Self> {
        let directory = replicas.list().into_iter().find_map(|replica| replica.directory)?;
        let file = directory.parent()?.join(FILE);
        match fs::write(&file, format!("{address}\n")) {
            Ok(()) => Some(Self(file)),
            Err(error) => {
                warn!(file = %file.display(), "the admin server's address cannot be written: {error}");
                None
            }
        }
    }

    /// The address that a proxy wrote into its data directory.
    ///
    /// # Errors
    /// There is no such file, or no address in it.
    pub fn read(data: &Path) -> io::Result<SocketAddr> {
        let text = fs::read_to_string(data.join(FILE))?;
        text.trim().parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // Where it stays, whoever follows it finds nobody there.
        let _ = fs::remove_file(&self.0);
    }
}
