//! Bind values.

use crate::frame::{DecodeError, Features, Reader, Value};

/// The bind values of a statement, with their names if they have some.
#[derive(Debug, Clone, Copy, Default)]
pub struct Values<'a> {
    /// Names and values, checked.
    bytes: &'a [u8],
    count: u16,
    named: bool,
    /// Whether -2 means "not set"; it means null in v3.
    unset: bool,
}

impl<'a> Values<'a> {
    /// No values.
    pub const NONE: Values<'static> = Values { bytes: &[], count: 0, named: false, unset: true };

    /// Reads and checks a `[short]` n and n values.
    pub(crate) fn read(reader: &mut Reader<'a>, named: bool, features: &Features) -> Result<Self, DecodeError> {
        let (count, unset) = (reader.short("values")?, features.unset_values);
        let bytes = reader.spanning(|reader| {
            (0..count).try_for_each(|_| {
                if named {
                    reader.string("name of a value")?;
                }
                value(reader, unset).map(drop)
            })
        })?;
        Ok(Self { bytes, count, named, unset })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count.into()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether each has its name in front; they may then be in any order.
    pub const fn named(&self) -> bool {
        self.named
    }

    /// Each name and value in the order of the message.
    pub const fn iter(&self) -> ValuesIter<'a> {
        ValuesIter { reader: Reader::new(self.bytes), left: self.count, named: self.named, unset: self.unset }
    }

    /// The value at this place in the message.
    pub fn value_at(&self, index: usize) -> Option<Value<'a>> {
        self.iter().nth(index).map(|(_, value)| value)
    }

    /// The value of this name.
    pub fn value_named(&self, name: &str) -> Option<Value<'a>> {
        self.iter().find(|(found, _)| *found == Some(name)).map(|(_, value)| value)
    }
}

impl<'a> IntoIterator for &Values<'a> {
    type Item = (Option<&'a str>, Value<'a>);
    type IntoIter = ValuesIter<'a>;
    fn into_iter(self) -> ValuesIter<'a> {
        self.iter()
    }
}

/// Iterates over [`Values`].
#[derive(Debug, Clone)]
pub struct ValuesIter<'a> {
    reader: Reader<'a>,
    left: u16,
    named: bool,
    unset: bool,
}

impl<'a> Iterator for ValuesIter<'a> {
    type Item = (Option<&'a str>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let name = if self.named { Some(self.reader.string("name").ok()?) } else { None };
        Some((name, value(&mut self.reader, self.unset).ok()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.into(), Some(self.left.into()))
    }
}

impl ExactSizeIterator for ValuesIter<'_> {}

fn value<'a>(reader: &mut Reader<'a>, unset: bool) -> Result<Value<'a>, DecodeError> {
    if unset { reader.value("value") } else { Ok(reader.bytes("value")?.map_or(Value::Null, Value::Bytes)) }
}
