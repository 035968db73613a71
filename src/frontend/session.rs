//! What a connection's earlier messages decided for its later ones.

use std::rc::Rc;
use std::sync::Arc;

use quorate_protocol::frame::Version;

use crate::backend::Lane;

/// The state of one client's connection.
#[derive(Default)]
pub(crate) struct Session {
    phase: Phase,
    lane: Option<Rc<Lane>>,
    /// Which kinds of events it registered for.
    pub(crate) registered: Registered,
    /// Who logged in, where authentication is on.
    pub(crate) user: Option<Arc<str>>,
}

/// How far the handshake is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// STARTUP or OPTIONS may come.
    #[default]
    New,
    /// Credentials may come.
    Authenticating,
    /// A backend is asked about the credentials: nothing may come.
    Verifying,
    /// Requests may come.
    Ready,
}

/// The kinds of events that a client wants.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Registered {
    pub(crate) topology: bool,
    pub(crate) status: bool,
    pub(crate) schema: bool,
}

impl Session {
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// STARTUP fixes the version of the connection.
    pub(crate) fn start(&mut self, version: Version) {
        self.lane = Some(Rc::new(Lane { version, keyspace: None }));
        self.phase = Phase::Authenticating;
    }

    /// Credentials came.
    pub(crate) fn verify(&mut self) {
        self.phase = Phase::Verifying;
    }

    /// They were wrong: others may come.
    pub(crate) fn reject(&mut self) {
        self.phase = Phase::Authenticating;
    }

    /// The client may ask.
    pub(crate) fn open(&mut self, user: Option<Arc<str>>) {
        self.user = user;
        self.phase = Phase::Ready;
    }

    /// The version, once STARTUP fixed it.
    pub(crate) fn version(&self) -> Option<Version> {
        self.lane.as_ref().map(|lane| lane.version)
    }

    /// The lane that its requests take.
    pub(crate) fn lane(&self) -> Option<Rc<Lane>> {
        self.lane.clone()
    }

    /// USE was accepted.
    pub(crate) fn use_keyspace(&mut self, keyspace: Arc<str>) {
        if let Some(version) = self.version() {
            self.lane = Some(Rc::new(Lane { version, keyspace: Some(keyspace) }));
        }
    }
}
