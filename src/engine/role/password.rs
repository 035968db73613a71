//! Passwords, hashed by bcrypt as Cassandra's `system_auth.roles` has them.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{Role, Roles};
use crate::engine::EngineError;

/// Random bits.
pub type Random<'a> = dyn FnMut() -> u128 + 'a;

/// Cassandra's default (`cassandra.auth_bcrypt_gensalt_log2_rounds`): some 50 ms of a processor.
const COST: u32 = 10;
const DEFAULT_SUPERUSER: &str = "cassandra";

/// Why somebody cannot log in. The messages are Cassandra's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LoginError {
    /// There is no such role, it has no password, or another one.
    #[error("Provided username {0} and/or password are incorrect")]
    WrongPassword(String),
    /// The role is not for logging in.
    #[error("{0} is not permitted to log in")]
    NotPermitted(String),
}

impl Roles {
    /// The roles of a new cluster that asks for passwords: the superuser `cassandra` with the password `cassandra`.
    ///
    /// # Errors
    /// None in fact: that password can be hashed.
    pub fn with_default_superuser(random: &mut Random<'_>) -> Result<Self, EngineError> {
        let role = Role {
            is_superuser: true,
            can_login: true,
            password_hash: Some(hash(DEFAULT_SUPERUSER, random)?),
            ..Role::default()
        };
        Ok(Roles { roles: BTreeMap::from([(DEFAULT_SUPERUSER.to_owned(), role)]), identities: BTreeMap::new() })
    }

    /// Checks a password. Takes as much time as its hash was made to take: not for a thread that others wait for.
    ///
    /// # Errors
    /// If this is not how the role logs in.
    pub fn log_in(&self, role: &str, password: &str) -> Result<(), LoginError> {
        let known = self.roles.get(role);
        let hash = known.and_then(|known| known.password_hash.as_deref());
        if !hash.is_some_and(|hash| bcrypt::verify(password, hash).unwrap_or(false)) {
            return Err(LoginError::WrongPassword(role.to_owned()));
        }
        if !known.is_some_and(|known| known.can_login) {
            return Err(LoginError::NotPermitted(role.to_owned()));
        }
        Ok(())
    }
}

/// The hash of a password under a random salt.
pub(super) fn hash(password: &str, random: &mut Random<'_>) -> Result<String, EngineError> {
    let salt = random().to_be_bytes();
    match bcrypt::hash_with_salt(password, COST, salt) {
        Ok(parts) => Ok(parts.format_for_version(bcrypt::Version::TwoA)),
        Err(error) => Err(EngineError::invalid(format!("The password cannot be hashed: {error}"))),
    }
}

/// Whether the text is a hash as Cassandra takes it: `$2a$`, a cost, and 22 characters of salt (`BCrypt.checkpw`). What
/// follows the salt is not looked at.
pub(super) fn is_hash(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("$2a$").or_else(|| text.strip_prefix("$2$")) else { return false };
    let Some((cost, rest)) = rest.split_once('$') else { return false };
    let is_cost = cost.len() == 2 && cost.parse::<u32>().is_ok_and(|cost| (4..=30).contains(&cost));
    let is_salt = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/';
    is_cost && rest.len() >= 22 && rest.bytes().take(22).all(is_salt)
}
