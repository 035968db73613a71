//! A statement that is being written.

use super::dice::Dice;
use super::step::{Step, hex};

/// The text so far, and the bind values of its markers.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) text: String,
    values: Vec<String>,
    /// Whether values may be bound.
    pub(super) binds: bool,
}

impl Draft {
    pub(super) fn new(binds: bool) -> Self {
        Self { text: String::new(), values: Vec::new(), binds }
    }

    /// A statement that is prepared, or not.
    pub(super) fn any(dice: &mut Dice) -> Self {
        Self::new(dice.chance(40))
    }

    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A marker with its value.
    pub(super) fn bind(&mut self, value: Option<&[u8]>) {
        self.values.push(value.map_or_else(|| "null".to_owned(), hex));
        self.text.push('?');
    }

    /// A marker of which the value is not set.
    pub(super) fn bind_unset(&mut self) {
        self.values.push("unset".to_owned());
        self.text.push('?');
    }

    /// Items with something between them.
    pub(super) fn list<T>(&mut self, items: &[T], between: &str, mut write: impl FnMut(&mut Self, &T)) -> &mut Self {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.push(between);
            }
            write(self, item);
        }
        self
    }

    pub(super) fn into_step(self) -> Step {
        Step { values: self.binds.then(|| self.values.join(" ")), text: self.text, ..Step::default() }
    }

    /// As a child of a BATCH message.
    pub(super) fn into_child(self) -> (String, String) {
        (self.text, self.values.join(" "))
    }
}
