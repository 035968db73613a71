//! The journal: what was written and may not be in the tree yet, in the order in which it was written.
//!
//! Files of records, named by ascending numbers; `docs/storage.md` specifies them.

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::memtable::Value;
use crate::store::StoreError;
use crate::store::storage::Change;

/// What each file begins with: a name and the version of this format.
const MAGIC: [u8; 8] = *b"qrtejnl\x01";
const EXTENSION: &str = "jnl";

/// Before each record: the length of its body and its checksum.
const HEAD: usize = 8;
/// Before each change: the length of its key, and that of its value plus one.
const CHANGE_HEAD: usize = 6;

/// Adds a record of these changes to `out`.
///
/// # Errors
/// For what no record can hold: 4 GiB.
pub(super) fn append(changes: &[Change], out: &mut Vec<u8>) -> Result<(), StoreError> {
    const TOO_LARGE: StoreError = StoreError::corrupt("a write is too large for the journal");
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    for Change { key, value } in changes {
        let key_length = u16::try_from(key.len()).map_err(|_| TOO_LARGE)?;
        let value_length = value.as_ref().map_or(Ok(0), |value| u32::try_from(value.len() + 1));
        out.extend_from_slice(&key_length.to_le_bytes());
        out.extend_from_slice(&value_length.map_err(|_| TOO_LARGE)?.to_le_bytes());
        out.extend_from_slice(key);
        out.extend_from_slice(value.as_deref().unwrap_or_default());
    }
    let body = out.get(start + HEAD..).unwrap_or_default();
    let head = u32::try_from(body.len()).map(|length| (length, crc32fast::hash(body)));
    match head {
        Ok((length, checksum)) => {
            let head = [length.to_le_bytes(), checksum.to_le_bytes()].concat();
            if let Some(room) = out.get_mut(start..start + HEAD) {
                room.copy_from_slice(&head);
            }
            Ok(())
        }
        Err(_) => {
            out.truncate(start);
            Err(TOO_LARGE)
        }
    }
}

/// How long a record of these changes is.
pub(super) fn length(changes: &[(Bytes, Value)]) -> u64 {
    let of_change = |(key, value): &(Bytes, Value)| CHANGE_HEAD + key.len() + value.as_ref().map_or(0, Bytes::len);
    (HEAD + changes.iter().map(of_change).sum::<usize>()) as u64
}

/// The journal's directory and the file that is written.
#[derive(Debug)]
pub(super) struct Journal {
    directory: PathBuf,
    next: u64,
    current: Option<Current>,
    /// The files that came before, and hold what is in the same memtable.
    earlier: Vec<PathBuf>,
}

#[derive(Debug)]
struct Current {
    path: PathBuf,
    file: Arc<File>,
}

impl Journal {
    /// Opens the journal in this directory, and gives each change that is found there to `replay`, in order.
    ///
    /// What a killed process has written last may be cut off: such an end is removed. What was written after a record that
    /// is not whole was never acknowledged.
    ///
    /// # Errors
    /// Of the disk; `Corrupt` where a record is damaged and others follow in another file.
    pub(super) fn open(directory: &Path, mut replay: impl FnMut(Vec<(Bytes, Value)>)) -> Result<Self, StoreError> {
        fs::create_dir_all(directory)?;
        let mut numbers = Vec::new();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
            if let Some(number) = number
                && path.extension().is_some_and(|extension| extension == EXTENSION)
            {
                numbers.push((number, path));
            }
        }
        numbers.sort();
        let last = numbers.last().map(|(number, _)| *number);
        let mut earlier = Vec::new();
        for (number, path) in numbers {
            let length = fs::metadata(&path)?.len();
            let whole = read(&path, &mut replay)?;
            if whole < length {
                if Some(number) != last {
                    return Err(StoreError::corrupt("a record of the journal is damaged"));
                }
                let file = File::options().write(true).open(&path)?;
                file.set_len(whole)?;
                file.sync_all()?;
            }
            earlier.push(path);
        }
        let next = last.map_or(1, |last| last.saturating_add(1));
        Ok(Journal { directory: directory.to_owned(), next, current: None, earlier })
    }

    /// Hands records to the operating system. A file is made when there is something to write.
    pub(super) fn write(&mut self, records: &[u8]) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        if self.current.is_none() {
            self.earlier.iter().try_for_each(|path| sync(path))?;
            let path = self.directory.join(format!("{:08}.{EXTENSION}", self.next));
            let mut file = File::create_new(&path)?;
            file.write_all(&MAGIC)?;
            self.next = self.next.saturating_add(1);
            self.current = Some(Current { path, file: Arc::new(file) });
            File::open(&self.directory)?.sync_all()?;
        }
        if let Some(current) = &self.current {
            (&*current.file).write_all(records)?;
        }
        Ok(())
    }

    /// The file that is written, so that it can be forced to the medium while others write.
    pub(super) fn file(&self) -> Option<Arc<File>> {
        self.current.as_ref().map(|current| current.file.clone())
    }

    /// How many files it has.
    pub(super) fn file_count(&self) -> usize {
        self.earlier.len() + usize::from(self.current.is_some())
    }

    /// The files that were there before this process.
    pub(super) fn earlier(&self) -> &[PathBuf] {
        &self.earlier
    }

    /// Ends the file and begins another one with the next write. Gives those that hold what was written so far. They are on
    /// the medium before anything is written to the next one, so that a loss of power cannot leave a gap between them.
    pub(super) fn rotate(&mut self) -> Result<Vec<PathBuf>, StoreError> {
        if let Some(current) = &self.current {
            current.file.sync_data()?;
        }
        let mut files = std::mem::take(&mut self.earlier);
        files.extend(self.current.take().map(|current| current.path));
        Ok(files)
    }
}

/// Forces a file to the medium. One that is gone is in the tree by now.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    match File::options().write(true).open(path) {
        Ok(file) => Ok(file.sync_data()?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Reads one file, and tells how many of its bytes are whole records.
fn read(path: &Path, replay: &mut impl FnMut(Vec<(Bytes, Value)>)) -> Result<u64, StoreError> {
    let length = fs::metadata(path)?.len();
    let mut file = BufReader::with_capacity(1 << 18, File::open(path)?);
    let mut magic = [0; MAGIC.len()];
    if !fill(&mut file, &mut magic)? {
        return Ok(0);
    }
    if magic != MAGIC {
        return Err(StoreError::corrupt("a file of the journal is none"));
    }
    let mut whole = MAGIC.len() as u64;
    let mut body = Vec::new();
    loop {
        let mut head = [0; HEAD];
        if !fill(&mut file, &mut head)? {
            return Ok(whole);
        }
        let [a, b, c, d, checksum @ ..] = head;
        let body_length = u32::from_le_bytes([a, b, c, d]);
        let end = whole + HEAD as u64 + u64::from(body_length);
        // a length that is damaged must not be believed
        if end > length || body_length == 0 {
            return Ok(whole);
        }
        body.resize(body_length as usize, 0);
        if !fill(&mut file, &mut body)? || crc32fast::hash(&body) != u32::from_le_bytes(checksum) {
            return Ok(whole);
        }
        replay(decode(&body).ok_or(StoreError::corrupt("a record of the journal is none"))?);
        whole = end;
    }
}

/// Reads that many bytes. False: there are fewer.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> Result<bool, StoreError> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn decode(mut body: &[u8]) -> Option<Vec<(Bytes, Value)>> {
    let mut changes = Vec::new();
    while !body.is_empty() {
        let (head, rest) = body.split_first_chunk::<CHANGE_HEAD>()?;
        let [a, b, value_length @ ..] = *head;
        let (key, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([a, b])))?;
        let value_length = u32::from_le_bytes(value_length).checked_sub(1);
        let (value, rest) = rest.split_at_checked(value_length.unwrap_or(0) as usize)?;
        changes.push((Bytes::copy_from_slice(key), value_length.map(|_| Bytes::copy_from_slice(value))));
        body = rest;
    }
    Some(changes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Batch = Vec<(Vec<u8>, Option<Vec<u8>>)>;

    fn changes(batch: &Batch) -> Vec<Change> {
        batch.iter().map(|(key, value)| Change { key: key.clone(), value: value.clone() }).collect()
    }

    fn replayed(directory: &Path) -> Result<Vec<Batch>, StoreError> {
        let mut found = Vec::new();
        Journal::open(directory, |batch| {
            let change = |(key, value): (Bytes, Value)| (key.to_vec(), value.map(|value| value.to_vec()));
            found.push(batch.into_iter().map(change).collect());
        })?;
        Ok(found)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// However much of the last file is lost, or damaged, what is found is a beginning of what was written.
        #[test]
        fn what_is_found_is_a_beginning_of_what_was_written(
            batches in prop::collection::vec(prop::collection::vec(any::<(Vec<u8>, Option<Vec<u8>>)>(), 1..4), 1..8),
            rotate_after in 0..8_usize,
            lost in 0..400_u64,
            damaged in any::<bool>(),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let mut journal = Journal::open(directory.path(), |_| {}).unwrap();
            for (number, batch) in batches.iter().enumerate() {
                let mut records = Vec::new();
                append(&changes(batch), &mut records).unwrap();
                journal.write(&records).unwrap();
                if number == rotate_after {
                    journal.rotate().unwrap();
                }
            }
            prop_assert_eq!(&replayed(directory.path()).unwrap(), &batches);
            let in_last = if rotate_after + 1 < batches.len() { batches.len() - rotate_after - 1 } else { batches.len() };
            let last = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
            let mut bytes = fs::read(&last).unwrap();
            let at = bytes.len().saturating_sub(usize::try_from(lost).unwrap() + 1).max(MAGIC.len());
            if damaged {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 0x40;
                }
            } else {
                bytes.truncate(at);
            }
            fs::write(&last, bytes).unwrap();
            let found = replayed(directory.path()).unwrap();
            prop_assert!(found.len() >= batches.len() - in_last && found.len() < batches.len());
            prop_assert_eq!(&found[..], &batches[..found.len()]);
            // what was cut off stays so
            prop_assert_eq!(replayed(directory.path()).unwrap(), found);
        }

        #[test]
        fn any_bytes_never_panic(bytes: Vec<u8>) {
            let directory = tempfile::tempdir().unwrap();
            fs::write(directory.path().join("00000001.jnl"), [&MAGIC[..], &bytes].concat()).unwrap();
            let _ = replayed(directory.path());
        }
    }

    #[test]
    fn damage_before_the_last_file_is_told_of() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(directory.path(), |_| {}).unwrap();
        for _ in 0..2 {
            let mut records = Vec::new();
            append(&[Change { key: vec![1], value: Some(vec![2; 9]) }], &mut records).unwrap();
            journal.write(&records).unwrap();
            journal.rotate().unwrap();
        }
        let first = directory.path().join("00000001.jnl");
        let length = fs::metadata(&first).unwrap().len();
        File::options().write(true).open(&first).unwrap().set_len(length - 1).unwrap();
        assert!(matches!(replayed(directory.path()), Err(StoreError::Corrupt(_))));
    }
}
