//! The two checksums of a segment.

/// CRC-24 of a segment header: polynomial 0x1974F0B, as in `org.apache.cassandra.net.Crc`.
pub(super) fn crc24(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(INITIAL, |crc, &byte| {
        let index = (crc >> 16) as u8 ^ byte;
        (crc << 8) ^ TABLE[index as usize]
    });
    crc & 0x00FF_FFFF
}

/// CRC-32 of a segment payload, seeded with four fixed bytes so that zeros do not check out as themselves.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(SEED_CRC);
    hasher.update(bytes);
    hasher.finalize()
}

const INITIAL: u32 = 0x0087_5060;
const POLYNOMIAL: u32 = 0x0197_4F0B;
/// The CRC-32 of the seed FA 2D 55 CA.
const SEED_CRC: u32 = 0x4477_7ED3;

/// What each value of the topmost byte contributes.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u32) << 16;
        let mut bit = 0;
        while bit < 8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= POLYNOMIAL;
            }
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_the_checksum_of_its_four_bytes() {
        assert_eq!(SEED_CRC, crc32fast::hash(&[0xFA, 0x2D, 0x55, 0xCA]));
    }

    #[test]
    fn the_table_agrees_with_the_bitwise_definition() {
        let bitwise = |bytes: &[u8]| {
            let mut crc = INITIAL;
            for &byte in bytes {
                crc ^= u32::from(byte) << 16;
                for _ in 0..8 {
                    crc <<= 1;
                    if crc & 0x0100_0000 != 0 {
                        crc ^= POLYNOMIAL;
                    }
                }
            }
            crc
        };
        for seed in 0..1000_u64 {
            let bytes = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
            assert_eq!(crc24(&bytes[..3]), bitwise(&bytes[..3]));
            assert_eq!(crc24(&bytes[..5]), bitwise(&bytes[..5]));
        }
    }
}
