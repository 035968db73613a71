//! Compression of bodies (v3 and v4) and of segments (v5).

use std::fmt;

/// A compression that STARTUP may ask for (section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// LZ4 blocks.
    Lz4,
    /// Snappy, without framing; not in v5.
    Snappy,
}

impl Compression {
    /// Every compression, in the order SUPPORTED lists them.
    pub const ALL: [Self; 2] = [Self::Snappy, Self::Lz4];

    /// The name in STARTUP and SUPPORTED.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lz4 => "lz4",
            Self::Snappy => "snappy",
        }
    }

    /// The compression with this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.name().eq_ignore_ascii_case(name))
    }

    /// Appends `body` to `out` as a compressed body of v3 or v4. An LZ4 block has its uncompressed length in front,
    /// as an `[int]`.
    pub(super) fn compress_body(self, body: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        match self {
            Self::Lz4 => {
                out.extend((body.len() as u32).to_be_bytes());
                compress_lz4(body, out);
            }
            Self::Snappy => {
                out.resize(start + snap::raw::max_compress_len(body.len()), 0);
                let target = out.get_mut(start..).unwrap_or_default();
                // A target of the maximal length is never too small, nor is a body longer than snappy can say.
                let written = snap::raw::Encoder::new().compress(body, target).unwrap_or_default();
                out.truncate(start + written);
            }
        }
    }

    /// The length that a compressed body of v3 or v4 says it has uncompressed.
    pub(super) fn announced_len(self, compressed: &[u8]) -> Option<usize> {
        match self {
            Self::Lz4 => {
                let (len, _) = compressed.split_first_chunk()?;
                usize::try_from(i32::from_be_bytes(*len)).ok()
            }
            Self::Snappy => snap::raw::decompress_len(compressed).ok(),
        }
    }

    /// The most that `compressed` bytes can possibly decompress to; what announces more is a lie.
    pub(super) const fn max_decompressed_len(self, compressed: usize) -> usize {
        match self {
            // One byte of a run length stands for at most 255 bytes.
            Self::Lz4 => compressed.saturating_mul(255),
            // A copy of three bytes yields at most 64.
            Self::Snappy => compressed.saturating_mul(64),
        }
    }

    /// Decompresses a body of v3 or v4 into `out`, which must have the announced length.
    pub(super) fn decompress_body(self, compressed: &[u8], out: &mut [u8]) -> Option<()> {
        let written = match self {
            Self::Lz4 => decompress_lz4(compressed.get(4..)?, out)?,
            Self::Snappy => snap::raw::Decoder::new().decompress(compressed, out).ok()?,
        };
        (written == out.len()).then_some(())
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Appends `bytes` to `out` as a bare LZ4 block.
pub(super) fn compress_lz4(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + lz4_flex::block::get_maximum_output_size(bytes.len()), 0);
    let target = out.get_mut(start..).unwrap_or_default();
    // A target of the maximal length is never too small.
    let written = lz4_flex::block::compress_into(bytes, target).unwrap_or_default();
    out.truncate(start + written);
}

/// Decompresses a bare LZ4 block into `out`; how many bytes it gave.
pub(super) fn decompress_lz4(block: &[u8], out: &mut [u8]) -> Option<usize> {
    lz4_flex::block::decompress_into(block, out).ok()
}
