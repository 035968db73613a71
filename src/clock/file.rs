//! The mark on disk: a file of one number.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::MarkStore;

/// The file's name in the data directory.
const NAME: &str = "clock_high_water_mark";
/// Its name while it is being written.
const UNFINISHED: &str = "clock_high_water_mark.unfinished";

/// The mark in a file, which is replaced as a whole: after a crash it holds the old mark or the new one.
pub(crate) struct ClockFile {
    directory: PathBuf,
}

impl ClockFile {
    /// The file in a directory that exists.
    pub(crate) fn in_directory(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }
}

impl MarkStore for ClockFile {
    fn load(&self) -> io::Result<Option<i64>> {
        let path = self.directory.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mark = text.trim_end().parse().map_err(|_| {
            let message = format!("{} holds no number of microseconds", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        Ok(Some(mark))
    }

    fn store(&self, mark_micros: i64) -> io::Result<()> {
        let (unfinished, finished) = (self.directory.join(UNFINISHED), self.directory.join(NAME));
        let mut file = File::create(&unfinished)?;
        file.write_all(format!("{mark_micros}\n").as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &finished)?;
        // The new name is on disk once the directory is.
        File::open(&self.directory)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_mark_is_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let file = ClockFile::in_directory(directory.path());
        assert_eq!(file.load().unwrap(), None);
        for mark in [0, i64::MAX, 1_795_472_734_316_123] {
            file.store(mark).unwrap();
            assert_eq!(file.load().unwrap(), Some(mark));
        }
        // A crash while the next one was written.
        fs::write(directory.path().join(UNFINISHED), "17").unwrap();
        assert_eq!(file.load().unwrap(), Some(1_795_472_734_316_123));
    }

    #[test]
    fn what_cannot_be_used_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(NAME), "yesterday").unwrap();
        let error = ClockFile::in_directory(directory.path()).load().unwrap_err();
        assert!(error.to_string().contains(NAME), "{error}");
        assert!(ClockFile::in_directory(Path::new("/nowhere")).store(1).is_err());
    }
}
