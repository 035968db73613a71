//! The flags of query parameters.

use crate::frame::Features;

/// Which query parameters follow (section 4.1.4). Bits without a meaning are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct QueryFlags(pub u32);

impl QueryFlags {
    /// Values follow.
    pub const VALUES: Self = Self(0x01);
    /// The result needs no metadata.
    pub const SKIP_METADATA: Self = Self(0x02);
    /// The page size follows.
    pub const PAGE_SIZE: Self = Self(0x04);
    /// The paging state follows.
    pub const PAGING_STATE: Self = Self(0x08);
    /// The serial consistency level follows.
    pub const SERIAL_CONSISTENCY: Self = Self(0x10);
    /// The default timestamp follows.
    pub const DEFAULT_TIMESTAMP: Self = Self(0x20);
    /// Each value has its name in front.
    pub const NAMES: Self = Self(0x40);
    /// The keyspace follows (v5).
    pub const KEYSPACE: Self = Self(0x80);
    /// The time for TTLs follows (v5).
    pub const NOW_IN_SECONDS: Self = Self(0x100);

    /// Whether all of `other`'s flags are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags, with `other`'s set or cleared.
    #[must_use]
    pub const fn with(self, other: Self, on: bool) -> Self {
        Self(if on { self.0 | other.0 } else { self.0 & !other.0 })
    }

    /// These flags without those that the version does not have.
    pub(crate) const fn known_to(self, features: &Features) -> Self {
        self.with(Self::KEYSPACE, features.keyspace && self.contains(Self::KEYSPACE))
            .with(Self::NOW_IN_SECONDS, features.now_in_seconds && self.contains(Self::NOW_IN_SECONDS))
    }
}
