//! How many bytes the requests of one client that are under way will bring, as far as the answers before tell.

use std::cell::Cell;

/// What an answer is taken for before any has come, in bytes.
const FIRST_BYTES: usize = 16 * 1024;
/// What an answer is taken for at least: how large the next one is, nobody knows.
const LEAST_BYTES: usize = 1024;

/// Requests for rows that are under way, and how large the last answers were.
///
/// The estimate rises at once to the largest answer, and falls by an eighth of the difference with each that is smaller. So a
/// client begins with a bounded number of requests under way, and gets more as its answers turn out to be small.
#[derive(Debug)]
pub(super) struct ExpectedRows {
    under_way: Cell<usize>,
    answer_bytes: Cell<usize>,
    /// The size of the last reply, until it is known whose it was.
    last_reply: Cell<usize>,
}

impl Default for ExpectedRows {
    fn default() -> Self {
        Self { under_way: Cell::new(0), answer_bytes: Cell::new(FIRST_BYTES), last_reply: Cell::new(0) }
    }
}

impl ExpectedRows {
    /// One more request is under way.
    pub(super) fn begin(&self) {
        self.under_way.set(self.under_way.get() + 1);
    }

    /// A reply of this size was queued.
    pub(super) fn replied(&self, bytes: usize) {
        self.last_reply.set(bytes);
    }

    /// The last reply was for a request for rows.
    pub(super) fn end(&self) {
        self.under_way.set(self.under_way.get().saturating_sub(1));
        let (estimate, seen) = (self.answer_bytes.get(), self.last_reply.get());
        let next = if seen >= estimate { seen } else { estimate - (estimate - seen) / 8 };
        self.answer_bytes.set(next.max(LEAST_BYTES));
    }

    /// What is under way.
    pub(super) fn bytes(&self) -> usize {
        self.under_way.get().saturating_mul(self.answer_bytes.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(expected: &ExpectedRows, bytes: usize) {
        expected.begin();
        expected.replied(bytes);
        expected.end();
    }

    #[test]
    fn large_answers_count_at_once_and_small_ones_by_and_by() {
        let expected = ExpectedRows::default();
        expected.begin();
        assert_eq!(expected.bytes(), FIRST_BYTES);
        answered(&expected, 1 << 20);
        assert_eq!(expected.bytes(), 1 << 20);
        for _ in 0..100 {
            answered(&expected, 10);
        }
        assert_eq!(expected.bytes(), LEAST_BYTES);
    }

    proptest::proptest! {
        #[test]
        fn the_estimate_is_never_beyond_what_was_seen(sizes in proptest::collection::vec(0_usize..1 << 24, 1..200)) {
            let expected = ExpectedRows::default();
            let mut largest = FIRST_BYTES;
            for size in sizes {
                answered(&expected, size);
                largest = largest.max(size);
                expected.begin();
                let estimate = expected.bytes();
                proptest::prop_assert!((LEAST_BYTES..=largest).contains(&estimate) && estimate + estimate / 7 + 8 >= size);
                expected.replied(estimate);
                expected.end();
            }
        }
    }
}
