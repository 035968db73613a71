//! A range of an ordered map, read some entries at a time, so that no lock is held in between.

use std::ops::Bound;

use bytes::Bytes;

/// How many entries are taken at first, and at most.
const FIRST: usize = 16;
const LARGEST: usize = 1024;

/// What is left of a range, whose start is not behind its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range<'a> {
    pub(super) start: Bound<&'a [u8]>,
    /// Not part of it.
    pub(super) end: &'a [u8],
    /// Whether its last entries come first.
    pub(super) reversed: bool,
}

/// The entries from `start` to before `end`; `take` gives at most so many of what is left.
pub(super) fn chunks<V, Take>(start: &[u8], end: &[u8], reversed: bool, take: Take) -> Chunks<V, Take>
where
    Take: FnMut(Range<'_>, usize) -> Vec<(Bytes, V)>,
{
    let (start, end) = (Bound::Included(Bytes::copy_from_slice(start)), Bytes::copy_from_slice(end));
    Chunks { take, start, end, reversed, chunk: Vec::new().into_iter(), length: FIRST }
}

/// See [`chunks`].
pub(super) struct Chunks<V, Take> {
    take: Take,
    /// Each chunk moves the one or the other end.
    start: Bound<Bytes>,
    end: Bytes,
    reversed: bool,
    chunk: std::vec::IntoIter<(Bytes, V)>,
    length: usize,
}

impl<V, Take: FnMut(Range<'_>, usize) -> Vec<(Bytes, V)>> Iterator for Chunks<V, Take> {
    type Item = (Bytes, V);

    fn next(&mut self) -> Option<(Bytes, V)> {
        if self.chunk.len() == 0 {
            self.chunk = self.next_chunk().into_iter();
        }
        self.chunk.next()
    }
}

impl<V, Take: FnMut(Range<'_>, usize) -> Vec<(Bytes, V)>> Chunks<V, Take> {
    fn next_chunk(&mut self) -> Vec<(Bytes, V)> {
        let start = match &self.start {
            Bound::Included(start) | Bound::Excluded(start) if *start >= self.end => return Vec::new(),
            Bound::Included(start) => Bound::Included(start.as_ref()),
            Bound::Excluded(start) => Bound::Excluded(start.as_ref()),
            Bound::Unbounded => return Vec::new(),
        };
        let left = Range { start, end: &self.end, reversed: self.reversed };
        let chunk = (self.take)(left, self.length);
        match chunk.last() {
            // the end was seen: a further look would find nothing but what is newer
            _ if chunk.len() < self.length => self.start = Bound::Unbounded,
            Some((last, _)) if self.reversed => self.end = last.clone(),
            Some((last, _)) => self.start = Bound::Excluded(last.clone()),
            None => {}
        }
        self.length = (self.length * 4).min(LARGEST);
        chunk
    }
}
