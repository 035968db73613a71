//! The token of a partition key under `Murmur3Partitioner`: where in the ring its replicas are.

use smallvec::SmallVec;
use thiserror::Error;

/// A position in the ring. `i64::MIN` is no key's token: Cassandra keeps it for "before everything".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub i64);

/// A part of a composite partition key longer than 65,535 bytes, or a key of no parts.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a partition key needs between one and many parts of at most 65535 bytes each")]
pub struct InvalidPartitionKey;

impl Token {
    /// The token of a serialized partition key, as [`serialize_partition_key`] gives it.
    pub fn of_serialized_key(key: &[u8]) -> Self {
        if key.is_empty() {
            // `Murmur3Partitioner.getToken`; only views have such keys
            return Token(i64::MIN);
        }
        match murmur3_x64_128(key) {
            // `Murmur3Partitioner.normalize`
            i64::MIN => Token(i64::MAX),
            hash => Token(hash),
        }
    }

    /// The token of a partition key given by its columns' values. Does not allocate for a key of one column.
    pub fn of_key<'a, I>(columns: I) -> Result<Self, InvalidPartitionKey>
    where
        I: IntoIterator<Item = &'a [u8], IntoIter: ExactSizeIterator>,
    {
        let mut columns = columns.into_iter();
        if columns.len() == 1 {
            let only = columns.next().ok_or(InvalidPartitionKey)?;
            return if only.len() > MAX_PART_LENGTH {
                Err(InvalidPartitionKey)
            } else {
                Ok(Self::of_serialized_key(only))
            };
        }
        Ok(Self::of_serialized_key(&serialize_partition_key(columns)?))
    }
}

const MAX_PART_LENGTH: usize = u16::MAX as usize;

/// A partition key as one string of bytes: the value itself of a single column, else `CompositeType`'s form of length
/// (u16), value and a zero byte for each.
pub fn serialize_partition_key<'a, I>(columns: I) -> Result<SmallVec<[u8; 128]>, InvalidPartitionKey>
where
    I: IntoIterator<Item = &'a [u8], IntoIter: ExactSizeIterator>,
{
    let mut columns = columns.into_iter();
    let mut out = SmallVec::new();
    if columns.len() < 2 {
        let only = columns.next().filter(|only| only.len() <= MAX_PART_LENGTH);
        out.extend_from_slice(only.ok_or(InvalidPartitionKey)?);
        return Ok(out);
    }
    for column in columns {
        let length = u16::try_from(column.len()).map_err(|_| InvalidPartitionKey)?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(column);
        out.push(0);
    }
    Ok(out)
}

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// The first half of MurmurHash3 x64 128, seed 0, with Cassandra's deviation: the bytes of the tail are sign-extended
/// (`MurmurHash.hash3_x64_128`).
fn murmur3_x64_128(key: &[u8]) -> i64 {
    let (blocks, tail) = key.as_chunks::<16>();
    let (mut h1, mut h2) = (0_u64, 0_u64);
    for block in blocks {
        let block = u128::from_le_bytes(*block);
        h1 ^= mix_k1(block as u64);
        h1 = h1.rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mix_k2((block >> 64) as u64);
        h2 = h2.rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let sign_extended = |bytes: &[u8]| {
        let each = bytes.iter().enumerate().map(|(index, byte)| (i64::from(*byte as i8) as u64) << (8 * index));
        each.fold(0_u64, |word, byte| word ^ byte)
    };
    let (low, high) = tail.split_at(tail.len().min(8));
    if !high.is_empty() {
        h2 ^= mix_k2(sign_extended(high));
    }
    if !low.is_empty() {
        h1 ^= mix_k1(sign_extended(low));
    }
    let length = key.len() as u64;
    h1 ^= length;
    h2 ^= length;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    finish(h1).wrapping_add(finish(h2)) as i64
}

fn mix_k1(k1: u64) -> u64 {
    k1.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

fn mix_k2(k2: u64) -> u64 {
    k2.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

fn finish(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use scylla::routing::partitioner::{Murmur3Partitioner, Partitioner, PartitionerHasher};

    use super::*;

    fn reference(key: &[u8]) -> i64 {
        let mut hasher = Murmur3Partitioner.build_hasher();
        hasher.write(key);
        hasher.finish().value()
    }

    #[test]
    fn no_bytes_at_all_come_first() {
        assert_eq!(Token::of_serialized_key(&[]), Token(i64::MIN));
    }

    proptest! {
        #[test]
        fn the_token_is_that_of_the_scylla_driver(key in prop::collection::vec(any::<u8>(), 1..200)) {
            prop_assert_eq!(Token::of_serialized_key(&key).0, reference(&key));
            prop_assert_eq!(Token::of_key([key.as_slice()]).unwrap().0, reference(&key));
        }

        #[test]
        fn a_composite_key_is_hashed_in_its_serialized_form(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 2..5)
        ) {
            let mut serialized = Vec::new();
            for part in &parts {
                serialized.extend((part.len() as u16).to_be_bytes());
                serialized.extend(part);
                serialized.push(0);
            }
            let token = Token::of_key(parts.iter().map(Vec::as_slice)).unwrap();
            prop_assert_eq!(token.0, reference(&serialized));
        }
    }

    #[test]
    fn every_length_of_tail_is_sign_extended() {
        for length in 1..48 {
            let key = vec![0xFF; length];
            assert_eq!(Token::of_serialized_key(&key).0, reference(&key), "{length} bytes");
        }
    }

    #[test]
    fn keys_that_cannot_be_serialized_are_refused() {
        let long = vec![0; 65_536];
        assert_eq!(Token::of_key([]), Err(InvalidPartitionKey));
        assert_eq!(Token::of_key([long.as_slice()]), Err(InvalidPartitionKey));
        assert_eq!(Token::of_key([&b"a"[..], &long]), Err(InvalidPartitionKey));
    }
}
