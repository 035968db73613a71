//! The serialized elements inside a collection, tuple or vector, without copying them.

use super::{CqlType, ValueError};

/// Splits values off the front of some bytes. Nothing it hands out is longer than what is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Elements { rest: bytes }
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], ValueError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(ValueError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The number of elements of a list or set, or of pairs of a map.
    pub(super) fn count(&mut self) -> Result<usize, ValueError> {
        usize::try_from(self.int()?).map_err(|_| ValueError::Truncated)
    }

    /// An element after its length; a negative length is null.
    pub(super) fn nullable(&mut self) -> Result<Option<&'a [u8]>, ValueError> {
        match usize::try_from(self.int()?) {
            Ok(length) => self.take(length).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// The next element of a vector whose elements are of `element`.
    pub(super) fn of_vector(&mut self, element: &CqlType) -> Result<&'a [u8], ValueError> {
        match element.fixed_length() {
            // else a few bytes of type would stand for billions of elements without any bytes
            Some(0) => Err(ValueError::Truncated),
            Some(length) => self.take(length),
            None => {
                let length = self.unsigned_vint()?;
                self.take(usize::try_from(length).map_err(|_| ValueError::Truncated)?)
            }
        }
    }

    /// Cassandra's variable-length integer (`VIntCoding`): as many leading ones as bytes follow the first.
    pub(super) fn unsigned_vint(&mut self) -> Result<u64, ValueError> {
        let first = *self.take(1)?.first().ok_or(ValueError::Truncated)?;
        let extra = first.leading_ones() as usize;
        // an extra byte for each leading one; of the first byte remains what follows them
        let head = u64::from(first) & (0xFF_u64 >> extra.min(8));
        let tail = self.take(extra)?;
        Ok(tail.iter().fold(if extra == 8 { 0 } else { head }, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// An unsigned variable-length integer that carries its sign in the lowest bit.
    pub(super) fn vint(&mut self) -> Result<i64, ValueError> {
        let zigzag = self.unsigned_vint()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// Refuses what is left over.
    pub(super) fn finish(&self) -> Result<(), ValueError> {
        if self.rest.is_empty() { Ok(()) } else { Err(ValueError::Extraneous) }
    }

    fn int(&mut self) -> Result<i32, ValueError> {
        let (int, rest) = self.rest.split_first_chunk().ok_or(ValueError::Truncated)?;
        self.rest = rest;
        Ok(i32::from_be_bytes(*int))
    }
}

pub(super) fn put_unsigned_vint(value: u64, out: &mut Vec<u8>) {
    // seven bits fit in one byte, and seven more in each further one, up to eight, after which all 64 do
    let significant = 64 - (value | 1).leading_zeros() as usize;
    let extra = (significant - 1) / 7;
    if extra >= 8 {
        out.push(0xFF);
        out.extend_from_slice(&value.to_be_bytes());
        return;
    }
    let bytes = value.to_be_bytes();
    let ones = !(0xFF_u8 >> extra);
    let start = bytes.len() - 1 - extra;
    let first = out.len();
    out.extend_from_slice(&bytes[start..]);
    out[first] |= ones;
}

pub(super) fn put_vint(value: i64, out: &mut Vec<u8>) {
    put_unsigned_vint(((value << 1) ^ (value >> 63)) as u64, out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn variable_length_integers_round_trip(shift in 0..64_u32, value: u64, signed: i64) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            put_unsigned_vint(value, &mut bytes);
            put_vint(signed >> shift, &mut bytes);
            let mut elements = Elements::new(&bytes);
            prop_assert_eq!(elements.unsigned_vint(), Ok(value));
            prop_assert_eq!(elements.vint(), Ok(signed >> shift));
            prop_assert_eq!(elements.finish(), Ok(()));
        }
    }
}
