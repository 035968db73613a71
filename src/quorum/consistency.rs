use std::fmt;

/// A consistency level of the native protocol (v5 specification, section 3, `[consistency]`); the discriminant is its wire code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Consistency {
    /// One voter, or a durable hint. Writes only.
    Any = 0,
    /// One voter.
    One = 1,
    /// Two voters.
    Two = 2,
    /// Three voters.
    Three = 3,
    /// What the rule calls a quorum of all voters.
    Quorum = 4,
    /// Every voter.
    All = 5,
    /// A quorum of the local zone.
    LocalQuorum = 6,
    /// A quorum of every zone.
    EachQuorum = 7,
    /// Linearizable among all voters.
    Serial = 8,
    /// Linearizable within the local zone.
    LocalSerial = 9,
    /// One voter of the local zone.
    LocalOne = 10,
}

impl Consistency {
    /// Every level, by wire code.
    pub const ALL: [Self; 11] = [
        Self::Any,
        Self::One,
        Self::Two,
        Self::Three,
        Self::Quorum,
        Self::All,
        Self::LocalQuorum,
        Self::EachQuorum,
        Self::Serial,
        Self::LocalSerial,
        Self::LocalOne,
    ];
}

impl fmt::Display for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "ANY",
            Self::One => "ONE",
            Self::Two => "TWO",
            Self::Three => "THREE",
            Self::Quorum => "QUORUM",
            Self::All => "ALL",
            Self::LocalQuorum => "LOCAL_QUORUM",
            Self::EachQuorum => "EACH_QUORUM",
            Self::Serial => "SERIAL",
            Self::LocalSerial => "LOCAL_SERIAL",
            Self::LocalOne => "LOCAL_ONE",
        })
    }
}
