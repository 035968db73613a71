//! What the embedded store costs: `cargo bench --bench store -- <disk|memory> <rows> [<operations>]`.
//!
//! Prints, for each kind of work, the processor time and the time of one operation, and the memory in use after it. Linux only: it
//! reads `/proc`. Not a criterion benchmark, since loading is the better part of it and processor time is what counts.

#![expect(clippy::print_stdout, reason = "what it measures is its output")]

use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use quorate::store::cell::{Cell, Content, Liveness};
use quorate::store::clustering::{Clustering, Slice};
use quorate::store::mutation::{Mutation, PartitionKey, StorageId};
use quorate::store::row::{ColumnData, ColumnId, Row};
use quorate::store::table::{TableShape, TokenRange};
use quorate::store::{Store, StoreError, StoreOptions};
use quorate_protocol::value::NativeType;

/// Rows of a partition.
const ROWS_PER_PARTITION: u64 = 10;

/// Writes that share a commit, as those of one turn of a busy worker do.
const WRITES_PER_COMMIT: u64 = 16;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let kind = arguments.first().map_or("memory", String::as_str);
    let rows: u64 = arguments.get(1).map_or(Ok(10_000), |rows| rows.parse())?;
    let operations: u64 = arguments.get(2).map_or(Ok(200_000), |operations| operations.parse())?;
    let directory = tempfile::tempdir_in(".")?;
    let idle = memory_mib("VmRSS:");
    let begun = Instant::now();
    let store = open(kind, directory.path())?;
    println!("{kind}, {rows} rows");
    println!("open: {:.1} ms, {} MiB", begun.elapsed().as_secs_f64() * 1e3, memory_mib("VmRSS:") - idle);
    Bench { store, shape: shape(), rows }.run(operations)?;
    println!("most memory in use: {} MiB", memory_mib("VmHWM:"));
    let begun = Instant::now();
    if kind == "disk" {
        let store = open(kind, directory.path())?;
        println!("open again: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
        drop(store);
    }
    Ok(())
}

fn open(kind: &str, directory: &Path) -> Result<Store, StoreError> {
    match kind {
        "disk" => Store::open(directory, &StoreOptions::default()),
        _ => Ok(Store::in_memory()),
    }
}

struct Bench {
    store: Store,
    shape: TableShape,
    rows: u64,
}

impl Bench {
    fn run(self, operations: u64) -> Result<(), StoreError> {
        let mut random = fastrand::Rng::with_seed(1);
        measure("load", self.rows, |i| self.write(i, 1, i % WRITES_PER_COMMIT == 0))?;
        self.store.commit()?;
        measure("read a row", operations, |_| self.read(random.u64(0..self.rows)))?;
        measure("read a partition of 10 rows", operations / 10, |_| self.read_partition(random.u64(0..self.rows)))?;
        measure("write a row, commit each", operations, |i| self.write(random.u64(0..self.rows), i as i64 + 2, true))?;
        measure("write a row, commit every 16", operations, |i| {
            let timestamp = (operations + i) as i64 + 2;
            self.write(random.u64(0..self.rows), timestamp, i % WRITES_PER_COMMIT == 0)
        })?;
        self.store.commit()?;
        measure("read a row", operations, |_| self.read(random.u64(0..self.rows)))?;
        let mut scan = self.store.scan(&self.shape, TokenRange::ALL, None)?;
        measure("scan 10 rows of all", self.rows / ROWS_PER_PARTITION, |_| {
            let Some((_, _, mut partition)) = scan.next_partition()? else { return Ok(()) };
            while let Some(row) = partition.next()? {
                std::hint::black_box(row);
            }
            Ok(())
        })
    }

    fn write(&self, row: u64, timestamp: i64, commit: bool) -> Result<(), StoreError> {
        let text = Bytes::from(format!("{row:050}"));
        let cell = |bytes| ColumnData::Simple(Cell { timestamp, content: Content::Value { bytes, expiry: None } });
        let columns = vec![(ColumnId(3), cell(text.clone())), (ColumnId(4), cell(text))];
        let mutation = Mutation {
            table: self.shape.storage,
            key: partition_key(row),
            deletion: None,
            ranges: Vec::new(),
            static_row: Row::default(),
            rows: vec![(
                clustering(row),
                Row { liveness: Some(Liveness { timestamp, expiry: None }), deletion: None, columns },
            )],
            counters: Vec::new(),
        };
        self.store.apply(&[(&self.shape, &mutation)], 0)?;
        if commit { self.store.commit() } else { Ok(()) }
    }

    fn read(&self, row: u64) -> Result<(), StoreError> {
        let slice = [Slice::of_prefix(clustering(row))];
        let mut reader = self.store.partition(&self.shape, &partition_key(row), &slice, false)?;
        std::hint::black_box(reader.next()?);
        self.store.commit()
    }

    fn read_partition(&self, row: u64) -> Result<(), StoreError> {
        let mut reader = self.store.partition(&self.shape, &partition_key(row), &[], false)?;
        while let Some(row) = reader.next()? {
            std::hint::black_box(row);
        }
        Ok(())
    }
}

fn shape() -> TableShape {
    TableShape { storage: StorageId(1), clustering: vec![(NativeType::Int.into(), false)], gc_grace_seconds: 864_000 }
}

fn partition_key(row: u64) -> PartitionKey {
    PartitionKey::from_iter([Bytes::copy_from_slice(&(row / ROWS_PER_PARTITION).to_be_bytes())])
}

fn clustering(row: u64) -> Clustering {
    Clustering::from_iter([Bytes::copy_from_slice(&((row % ROWS_PER_PARTITION) as i32).to_be_bytes())])
}

fn measure(
    what: &str,
    operations: u64,
    mut operation: impl FnMut(u64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let (processor, begun) = (processor_seconds(), Instant::now());
    for i in 0..operations {
        operation(i)?;
    }
    let each = |seconds: f64| seconds * 1e6 / operations.max(1) as f64;
    println!(
        "{what:30} {:7.2} us of processor, {:7.2} us, {:4} MiB",
        each(processor_seconds() - processor),
        each(begun.elapsed().as_secs_f64()),
        memory_mib("VmRSS:"),
    );
    Ok(())
}

/// What all threads of this process have used, in steps of a hundredth.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn memory_mib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
