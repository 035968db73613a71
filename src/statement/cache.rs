//! Analysed statements by their text.

use std::hash::BuildHasher;
use std::rc::Rc;

use quick_cache::Weighter;
use quick_cache::unsync::Cache;
use rustc_hash::FxBuildHasher;

use super::Statement;

/// Longer texts are analysed every time: what is that long has its values in it, and does not come again.
const TEXT_LENGTH_MAX: usize = 4096;
/// What an entry is counted for at least: so the number of entries is bounded as well as their bytes.
const BYTES_PER_ENTRY: u64 = 1024;

/// The analysed statements of one worker, the most used, by their text.
///
/// Most distinct texts that a proxy sees have literals in them and come once. So a text is kept from its second sight on,
/// and of the first only a fingerprint is noted: texts that come once are neither copied nor do they displace others.
pub struct Statements {
    cache: Cache<Box<str>, Rc<Statement>, ByBytes, FxBuildHasher>,
    seen: Seen,
}

impl Statements {
    /// A cache of so many statements, and of a kilobyte for each.
    pub fn new(count_max: usize) -> Self {
        let count_max = count_max.max(1);
        let bytes_max = BYTES_PER_ENTRY.saturating_mul(count_max as u64);
        Self {
            cache: Cache::with(count_max, bytes_max, ByBytes, FxBuildHasher, Default::default()),
            seen: Seen::new(count_max),
        }
    }

    /// The facts of a statement.
    pub fn analyse(&mut self, text: &str) -> Rc<Statement> {
        if let Some(statement) = self.cache.get(text) {
            return statement.clone();
        }
        let statement = Rc::new(Statement::analyse(text));
        if text.len() <= TEXT_LENGTH_MAX && self.seen.again(FxBuildHasher.hash_one(text)) {
            self.cache.insert(text.into(), statement.clone());
        }
        statement
    }

    /// How many statements are kept.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.cache.is_empty()
    }
}

/// Fingerprints of the texts seen last: direct mapped, a later one takes an earlier one's place.
struct Seen(Box<[u32]>);

impl Seen {
    fn new(count: usize) -> Self {
        Self(vec![0; count.saturating_mul(4).next_power_of_two()].into())
    }

    /// Whether the text of that hash was seen not long ago; notes that it is now.
    fn again(&mut self, hash: u64) -> bool {
        // The upper half names the slot, the lower is kept in it; zero is an empty slot.
        let slot = (hash >> 32) as usize & (self.0.len() - 1);
        let fingerprint = hash as u32 | 1;
        match self.0.get_mut(slot) {
            Some(seen) => std::mem::replace(seen, fingerprint) == fingerprint,
            None => false,
        }
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Box<str>, Rc<Statement>> for ByBytes {
    fn weight(&self, text: &Box<str>, _: &Rc<Statement>) -> u64 {
        ((text.len() + size_of::<Statement>()) as u64).max(BYTES_PER_ENTRY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_from_its_second_sight_on() {
        let mut statements = Statements::new(16);
        let text = "SELECT * FROM t WHERE k = ?";
        let first = statements.analyse(text);
        assert!(statements.is_empty());
        let second = statements.analyse(text);
        assert_eq!(statements.len(), 1);
        assert_eq!(first, second);
        assert!(Rc::ptr_eq(&second, &statements.analyse(text)));
    }

    #[test]
    fn texts_that_come_once_displace_nothing() {
        let mut statements = Statements::new(16);
        let kept = "INSERT INTO t (a) VALUES (?)";
        statements.analyse(kept);
        let kept = (kept, statements.analyse(kept));
        for value in 0..1000 {
            statements.analyse(&format!("INSERT INTO t (a) VALUES ({value})"));
        }
        assert_eq!(statements.len(), 1);
        assert!(Rc::ptr_eq(&kept.1, &statements.analyse(kept.0)));
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut statements = Statements::new(8);
        for value in 0..100 {
            let text = format!("INSERT INTO t (a) VALUES ({value})");
            statements.analyse(&text);
            statements.analyse(&text);
        }
        assert!(statements.len() <= 8, "{}", statements.len());
        let long = format!("INSERT INTO t (a) VALUES ('{}')", "x".repeat(TEXT_LENGTH_MAX));
        let first = statements.analyse(&long);
        assert!(!Rc::ptr_eq(&first, &statements.analyse(&long)));
    }
}
