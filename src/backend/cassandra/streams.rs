//! The stream ids of one connection, and who waits on each.

use tokio::time::Instant;

use crate::backend::ReplyTo;

/// A request on its way.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) reply_to: ReplyTo,
    pub(super) since: Instant,
}

/// Stream ids in use and free. An id is used again only when its reply came: a late reply never meets another request.
#[derive(Debug)]
pub(super) struct Streams {
    waiting: Vec<Option<Waiting>>,
    free: Vec<i16>,
    in_flight: usize,
    in_flight_max: usize,
}

impl Streams {
    /// At most `in_flight_max` requests, and never more than the protocol's 32,768.
    pub(super) fn new(in_flight_max: usize) -> Self {
        Self { waiting: Vec::new(), free: Vec::new(), in_flight: 0, in_flight_max: in_flight_max.clamp(1, 32_768) }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Takes a stream id, or gives the waiter back when all are taken.
    pub(super) fn insert(&mut self, waiting: Waiting) -> Result<i16, Waiting> {
        if self.in_flight >= self.in_flight_max {
            return Err(waiting);
        }
        let id = match self.free.pop() {
            Some(id) => id,
            None => {
                let Ok(id) = i16::try_from(self.waiting.len()) else { return Err(waiting) };
                self.waiting.push(None);
                id
            }
        };
        match usize::try_from(id).ok().and_then(|at| self.waiting.get_mut(at)) {
            Some(slot) => {
                *slot = Some(waiting);
                self.in_flight += 1;
                Ok(id)
            }
            None => Err(waiting),
        }
    }

    /// Frees a stream id; nothing if nobody waits on it.
    pub(super) fn remove(&mut self, id: i16) -> Option<Waiting> {
        let waiting = self.waiting.get_mut(usize::try_from(id).ok()?)?.take()?;
        self.free.push(id);
        self.in_flight -= 1;
        Some(waiting)
    }

    /// Frees all of them.
    pub(super) fn drain(&mut self) -> Vec<Waiting> {
        self.free.clear();
        self.in_flight = 0;
        self.waiting.drain(..).flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::RequestKey;

    fn waiting() -> Waiting {
        Waiting { reply_to: ReplyTo::Key(RequestKey::default(), 0), since: Instant::now() }
    }

    #[test]
    fn an_id_is_free_again_only_after_its_reply() {
        let mut streams = Streams::new(2);
        let first = streams.insert(waiting()).unwrap();
        let second = streams.insert(waiting()).unwrap();
        assert_ne!(first, second);
        assert!(streams.insert(waiting()).is_err());
        assert!(streams.remove(first).is_some());
        assert!(streams.remove(first).is_none());
        assert_eq!(streams.insert(waiting()).unwrap(), first);
        assert_eq!(streams.in_flight(), 2);
    }

    #[test]
    fn all_32768_ids_of_the_protocol_can_be_taken() {
        let mut streams = Streams::new(usize::MAX);
        for expected in 0..=i16::MAX {
            assert_eq!(streams.insert(waiting()).unwrap(), expected);
        }
        assert!(streams.insert(waiting()).is_err());
        assert_eq!(streams.drain().len(), 32_768);
    }

    #[test]
    fn an_unknown_id_is_nobodys() {
        let mut streams = Streams::new(2);
        assert!(streams.remove(-1).is_none());
        assert!(streams.remove(7).is_none());
    }
}
