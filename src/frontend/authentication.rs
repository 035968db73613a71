//! Who a client is: its credentials are right when a backend lets them in.
//!
//! A right answer is remembered briefly, as a keyed digest; wrong ones are bounded in rate for the whole proxy, so that
//! passwords cannot be tried through it faster than a backend would bear.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::backend::{Backend, Credentials, LoginRefused};
use crate::worker::Worker;

/// How long a right answer is remembered.
const REMEMBERED: Duration = Duration::from_secs(30);
/// How many right answers are remembered.
const REMEMBERED_MAX: usize = 10_000;
/// Logins that backends verify at once: so many may turn out wrong beyond the bound.
const VERIFIED_AT_ONCE: usize = 20;
/// Wrong answers in one second, beyond which no backend is asked.
const FAILURES_PER_SECOND_MAX: u32 = 20;

/// Why a client was not let in.
#[derive(Debug, Error)]
pub(crate) enum LoginError {
    #[error("{0}")]
    Refused(String),
    #[error("no backend can be asked")]
    Unreachable,
    #[error("too many failed logins")]
    TooMany,
}

/// Whether clients must log in, and who did lately.
pub(crate) struct Authentication {
    required: bool,
    salt: [u8; 32],
    state: Mutex<State>,
    turns: Semaphore,
}

#[derive(Default)]
struct State {
    right: HashMap<[u8; 32], Instant>,
    failures: u32,
    second: Option<Instant>,
}

impl Authentication {
    /// `salt` keys the digests of what is remembered.
    pub(crate) fn new(required: bool, salt: [u8; 32]) -> Self {
        Self { required, salt, state: Mutex::default(), turns: Semaphore::new(VERIFIED_AT_ONCE) }
    }

    pub(crate) fn is_required(&self) -> bool {
        self.required
    }

    fn digest(&self, credentials: &Credentials) -> [u8; 32] {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &self.salt);
        let mut context = ring::hmac::Context::with_key(&key);
        for part in [&credentials.username, &credentials.password] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }

    fn remembers(&self, digest: &[u8; 32], now: Instant) -> bool {
        self.state.lock().right.get(digest).is_some_and(|since| now.saturating_duration_since(*since) < REMEMBERED)
    }

    fn remember(&self, digest: [u8; 32], now: Instant) {
        let mut state = self.state.lock();
        if state.right.len() >= REMEMBERED_MAX {
            state.right.retain(|_, since| now.saturating_duration_since(*since) < REMEMBERED);
            if state.right.len() >= REMEMBERED_MAX {
                state.right.clear();
            }
        }
        state.right.insert(digest, now);
    }

    fn may_fail(&self, now: Instant) -> bool {
        let mut state = self.state.lock();
        if state.second.is_none_or(|second| now.saturating_duration_since(second) >= Duration::from_secs(1)) {
            state.second = Some(now);
            state.failures = 0;
        }
        state.failures < FAILURES_PER_SECOND_MAX
    }

    fn failed(&self) {
        let mut state = self.state.lock();
        state.failures = state.failures.saturating_add(1);
    }
}

/// Logs in to a backend with the client's credentials.
pub(crate) async fn log_in(worker: &Worker, credentials: Credentials) -> Result<Arc<str>, LoginError> {
    let authentication = &worker.shared.authentication;
    let (digest, now) = (authentication.digest(&credentials), Instant::now());
    let user: Arc<str> = credentials.username.as_str().into();
    if authentication.remembers(&digest, now) {
        return Ok(user);
    }
    // The permit is held to the end; the semaphore is never closed.
    let _turn = authentication.turns.acquire().await;
    let now = Instant::now();
    // While this login waited for its turn, another with the same credentials may have been right.
    if authentication.remembers(&digest, now) {
        return Ok(user);
    }
    if !authentication.may_fail(now) {
        return Err(LoginError::TooMany);
    }
    for backend in worker.backends().iter().filter(|backend| backend.is_live()) {
        match backend.verify(&credentials).await {
            Ok(()) => {
                authentication.remember(digest, now);
                return Ok(user);
            }
            Err(LoginRefused::BadCredentials(text)) => {
                authentication.failed();
                return Err(LoginError::Refused(text));
            }
            Err(LoginRefused::Unreachable) => {}
        }
    }
    Err(LoginError::Unreachable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(username: &str, password: &str) -> Credentials {
        Credentials { username: username.to_owned(), password: password.to_owned() }
    }

    #[test]
    fn the_boundary_between_name_and_password_counts() {
        let authentication = Authentication::new(true, [7; 32]);
        assert_ne!(authentication.digest(&credentials("ab", "c")), authentication.digest(&credentials("a", "bc")));
    }

    #[test]
    fn right_answers_are_forgotten_and_wrong_ones_bounded() {
        let authentication = Authentication::new(true, [7; 32]);
        let (digest, now) = (authentication.digest(&credentials("a", "b")), Instant::now());
        assert!(!authentication.remembers(&digest, now));
        authentication.remember(digest, now);
        assert!(authentication.remembers(&digest, now + REMEMBERED / 2));
        assert!(!authentication.remembers(&digest, now + REMEMBERED));
        for _ in 0..FAILURES_PER_SECOND_MAX {
            assert!(authentication.may_fail(now));
            authentication.failed();
        }
        assert!(!authentication.may_fail(now));
        assert!(authentication.may_fail(now + Duration::from_secs(1)));
    }
}
