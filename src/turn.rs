//! One flush per connection and turn.
//!
//! Everything that is ready on a thread is handled first; then each connection that got bytes meanwhile is written once.
//! So a burst costs one system call a connection, however many requests it carried.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

/// A connection with bytes to write.
pub(crate) trait Flush {
    /// Writes what the socket takes now, and arranges for the rest.
    fn flush(&self);
}

/// The connections of one worker that got bytes in this turn.
#[derive(Default)]
pub(crate) struct Turn {
    dirty: RefCell<Vec<Rc<dyn Flush>>>,
    scheduled: Cell<bool>,
    flusher: RefCell<Option<Waker>>,
}

impl Turn {
    /// Has `connection` flushed at the end of the turn. Call it once per connection and turn.
    pub(crate) fn mark(&self, connection: Rc<dyn Flush>) {
        self.dirty.borrow_mut().push(connection);
        if !self.scheduled.replace(true)
            && let Some(flusher) = &*self.flusher.borrow()
        {
            flusher.wake_by_ref();
        }
    }

    /// Flushes for ever: the worker runs it beside its connections. Being woken puts it behind all that is ready.
    pub(crate) async fn run(&self) {
        std::future::poll_fn(|cx| {
            self.flusher.replace(Some(cx.waker().clone()));
            self.scheduled.set(false);
            let dirty = std::mem::take(&mut *self.dirty.borrow_mut());
            for connection in &dirty {
                connection.flush();
            }
            let mut kept = self.dirty.borrow_mut();
            if kept.is_empty() {
                let mut dirty = dirty;
                dirty.clear();
                *kept = dirty;
            } else {
                // A flush made others dirty: they belong to the next turn.
                cx.waker().wake_by_ref();
            }
            Poll::<()>::Pending
        })
        .await;
    }
}
