//! Where the rows of a result go: to a list, or already encoded.

use bytes::Bytes;

/// Takes the rows of a result, cell by cell.
pub trait RowSink {
    /// The next cell of the row.
    fn cell(&mut self, cell: Option<&Bytes>);
    /// The row is complete.
    fn end_row(&mut self);
}

/// Rows as a list.
#[derive(Debug, Default)]
pub struct ListedRows {
    /// Those that are complete.
    pub rows: Vec<Vec<Option<Bytes>>>,
    row: Vec<Option<Bytes>>,
}

impl RowSink for ListedRows {
    fn cell(&mut self, cell: Option<&Bytes>) {
        self.row.push(cell.cloned());
    }

    fn end_row(&mut self) {
        let next = Vec::with_capacity(self.row.len());
        self.rows.push(std::mem::replace(&mut self.row, next));
    }
}

/// Rows as they stand in a RESULT of kind Rows behind their count: each cell as `[bytes]`.
#[derive(Debug, Default)]
pub struct EncodedRows {
    /// How many rows there are.
    pub count: u32,
    /// The cells.
    pub bytes: Vec<u8>,
}

impl RowSink for EncodedRows {
    fn cell(&mut self, cell: Option<&Bytes>) {
        match cell {
            Some(cell) => {
                let length = i32::try_from(cell.len()).unwrap_or(i32::MAX);
                self.bytes.extend_from_slice(&length.to_be_bytes());
                self.bytes.extend_from_slice(cell);
            }
            None => self.bytes.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
    }

    fn end_row(&mut self) {
        self.count = self.count.saturating_add(1);
    }
}
