//! Consistency levels.

use std::fmt;

use crate::frame::DecodeError;

/// How many replicas must agree (section 3, `[consistency]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum Consistency {
    /// Writes: anything that is durable, a hint included.
    Any = 0,
    /// One replica.
    One = 1,
    /// Two replicas.
    Two = 2,
    /// Three replicas.
    Three = 3,
    /// A majority.
    Quorum = 4,
    /// Every replica.
    All = 5,
    /// A majority in the local datacenter.
    LocalQuorum = 6,
    /// A majority in every datacenter.
    EachQuorum = 7,
    /// Linearizable.
    Serial = 8,
    /// Linearizable within the local datacenter.
    LocalSerial = 9,
    /// One replica in the local datacenter.
    LocalOne = 10,
}

impl Consistency {
    /// Every level, by code.
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

    /// The level with this code.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The code on the wire.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Cassandra's name, such as `LOCAL_QUORUM`.
    pub const fn name(self) -> &'static str {
        match self {
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
        }
    }

    /// The level with this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(name))
    }

    /// The level as a serial one, if it is.
    pub const fn serial(self) -> Option<SerialConsistency> {
        match self {
            Self::Serial => Some(SerialConsistency::Serial),
            Self::LocalSerial => Some(SerialConsistency::LocalSerial),
            _ => None,
        }
    }

    pub(crate) fn decode(code: u16) -> Result<Self, DecodeError> {
        Self::from_code(code).ok_or(DecodeError::UnknownCode { what: "consistency level", code: code.into() })
    }
}

impl fmt::Display for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The level of the Paxos rounds of a conditional statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SerialConsistency {
    /// Among all replicas.
    Serial,
    /// Among those of the local datacenter.
    LocalSerial,
}

impl SerialConsistency {
    pub(crate) fn decode(code: u16) -> Result<Self, DecodeError> {
        let what = "serial consistency level";
        Consistency::decode(code)?.serial().ok_or(DecodeError::UnknownCode { what, code: code.into() })
    }
}

impl From<SerialConsistency> for Consistency {
    fn from(level: SerialConsistency) -> Self {
        match level {
            SerialConsistency::Serial => Self::Serial,
            SerialConsistency::LocalSerial => Self::LocalSerial,
        }
    }
}

impl fmt::Display for SerialConsistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Consistency::from(*self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_lead_back_to_their_level() {
        for level in Consistency::ALL {
            assert_eq!(Consistency::from_code(level.code()), Some(level));
            assert_eq!(Consistency::from_name(level.name()), Some(level));
        }
        assert_eq!(Consistency::from_code(11), None);
    }
}
