//! A position in the text of a type.

use super::TypeError;

pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Cursor { text, position: 0 }
    }

    /// The next byte, without stepping over it.
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    /// Steps over blanks, and over `byte` if it is next.
    pub(super) fn accept(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), TypeError> {
        if self.accept(byte) { Ok(()) } else { Err(self.error()) }
    }

    pub(super) fn expect_end(&mut self) -> Result<(), TypeError> {
        self.skip_blanks();
        if self.peek().is_none() { Ok(()) } else { Err(self.error()) }
    }

    /// Steps over blanks, then takes the longest run of ASCII characters of `class`, at least one.
    pub(super) fn word(&mut self, class: impl Fn(u8) -> bool) -> Result<&'a str, TypeError> {
        self.skip_blanks();
        let rest = self.text.get(self.position..).unwrap_or_default();
        let length = rest.bytes().take_while(|byte| byte.is_ascii() && class(*byte)).count();
        if length == 0 {
            return Err(self.error());
        }
        self.position += length;
        Ok(&rest[..length])
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.position += 1;
        }
    }

    pub(super) fn error(&self) -> TypeError {
        match self.peek() {
            Some(_) => TypeError::Syntax { position: self.position },
            None => TypeError::Truncated,
        }
    }
}
