//! Message digests, by the names that Java gives them.

use bytes::Bytes;
use md5::{Digest, Md5};

/// A message digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    /// The algorithm of that name, in any case.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "MD5" => Algorithm::Md5,
            "SHA" | "SHA1" | "SHA-1" => Algorithm::Sha1,
            "SHA-256" => Algorithm::Sha256,
            "SHA-384" => Algorithm::Sha384,
            "SHA-512" => Algorithm::Sha512,
            _ => return None,
        })
    }
}

/// The digest of the bytes.
pub(super) fn digest(algorithm: Algorithm, bytes: &[u8]) -> Bytes {
    let of = |algorithm| Bytes::copy_from_slice(ring::digest::digest(algorithm, bytes).as_ref());
    match algorithm {
        Algorithm::Md5 => Bytes::copy_from_slice(&Md5::digest(bytes)),
        Algorithm::Sha1 => of(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY),
        Algorithm::Sha256 => of(&ring::digest::SHA256),
        Algorithm::Sha384 => of(&ring::digest::SHA384),
        Algorithm::Sha512 => of(&ring::digest::SHA512),
    }
}
