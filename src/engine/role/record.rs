//! Roles as one record of the store.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Roles;

/// The only format there is so far: JSON of this version number and the roles.
const VERSION: u32 = 1;

/// Why a record gives no roles.
#[derive(Debug, Error)]
pub enum RecordError {
    /// It was written by a later version of this program.
    #[error("the record of the roles has version {0}; this program knows {VERSION}")]
    Version(u32),
    /// It is damaged.
    #[error("the record of the roles cannot be read")]
    Damaged(#[from] serde_json::Error),
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    roles: &'a Roles,
}

#[derive(Deserialize)]
struct Header {
    version: u32,
}

#[derive(Deserialize)]
struct Read {
    roles: Roles,
}

impl Roles {
    /// The roles as bytes.
    ///
    /// # Errors
    /// None that the roles can cause; those of the serializer are passed on.
    pub fn to_record(&self) -> Result<Vec<u8>, RecordError> {
        Ok(serde_json::to_vec(&Written { version: VERSION, roles: self })?)
    }

    /// The roles that were written as these bytes.
    ///
    /// # Errors
    /// For a record of another version, and for a damaged one.
    pub fn from_record(record: &[u8]) -> Result<Self, RecordError> {
        let Header { version } = serde_json::from_slice(record)?;
        if version != VERSION {
            return Err(RecordError::Version(version));
        }
        let Read { roles } = serde_json::from_slice(record)?;
        Ok(roles)
    }
}
