//! `quorate.toml` and the environment, parsed into a validated [`Configuration`].
//!
//! The document becomes a tree of values that know where they were written (`tree`); the environment is laid over it
//! (`environment`); each section then reads its keys from the tree (`section`), with their defaults and bounds. What is wrong is
//! collected rather than returned at the first, so one run shows every problem, each with its place.
//! `docs/configuration.md` is the reference of all keys.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::quorum::{Electorate, QuorumError, Requirements, Rule, VoterEntry};

pub use self::backend::{Backend, BackendTls, Credentials, DATA_DIRECTORY, Files, Kind, Role, Speculative};
pub use self::cluster::{Authentication, Cluster, RuleChoice};
pub use self::embedded::EmbeddedCluster;
pub use self::limits::Limits;
pub use self::listen::{Admin, Listen, ListenTls};
pub use self::log::{Log, LogFormat};
pub use self::problem::{ConfigError, Origin, Problem};
pub use self::secret::Secret;
pub use self::timeouts::Timeouts;
pub use self::units::parse_duration;
pub use self::value::HostPort;

mod backend;
mod cluster;
mod embedded;
mod environment;
mod files;
mod limits;
mod listen;
mod log;
mod problem;
mod secret;
mod section;
mod timeouts;
mod tree;
mod units;
mod validate;
mod value;

#[cfg(test)]
mod tests;

/// Everything the proxy is told at start; valid as a whole.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// `[cluster]`
    pub cluster: Cluster,
    /// `[listen]`
    pub listen: Listen,
    /// `[admin]`; without the section there is no admin server.
    pub admin: Option<Admin>,
    /// `[timeouts]`
    pub timeouts: Timeouts,
    /// Every `[[backend]]`: the voters, at least one, in the order of the file, then the observers. So the position of a voter here is
    /// its [`crate::quorum::Voter::index`].
    pub backends: Vec<Backend>,
    /// `[limits]`
    pub limits: Limits,
    /// `[log]`
    pub log: Log,
    /// Who votes: the backends of role voter, in their order.
    pub electorate: Electorate,
    /// What each consistency level needs.
    pub requirements: Requirements,
}

/// What a configuration is made from. Nothing else is looked at but the files it names.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Where the text came from: names it in errors, and its directory is where relative paths start.
    pub path: PathBuf,
    /// The TOML document.
    pub text: String,
    /// Environment variables; those named `QUORATE_<SECTION>__<KEY>` replace what the document says.
    pub environment: Vec<(String, String)>,
}

impl Configuration {
    /// Reads the file at `path` and the process's environment.
    ///
    /// # Errors
    /// All that is wrong, each problem with its place.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::from(Problem::new(Origin::File, "", format!("cannot be read: {error}")).in_file(path))
        })?;
        Self::parse(&Source { path: path.to_owned(), text, environment: process_environment() })
    }

    /// Parses and validates a document and its overrides.
    ///
    /// # Errors
    /// All that is wrong, each problem with its place.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        validate::configuration(source).0
    }

    /// A configuration without a file: a majority of `backends`, each a voter with its contact points.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn ad_hoc(
        listen: Option<SocketAddr>,
        backends: &[(String, Vec<HostPort>)],
        environment: Vec<(String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut document = toml::Table::new();
        if let Some(address) = listen {
            let section = toml::Table::from_iter([("address".to_owned(), address.to_string().into())]);
            document.insert("listen".to_owned(), section.into());
        }
        let tables = backends.iter().map(|(name, contact_points)| {
            let addresses: Vec<toml::Value> = contact_points.iter().map(|address| address.to_string().into()).collect();
            let entries = [("name".to_owned(), name.clone().into()), ("contact_points".to_owned(), addresses.into())];
            toml::Value::from(toml::Table::from_iter(entries))
        });
        document.insert("backend".to_owned(), tables.collect::<Vec<_>>().into());
        Self::parse(&Source { path: PathBuf::from("command line"), text: document.to_string(), environment })
    }

    /// A configuration without a file: embedded replicas alone.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn embedded(cluster: &EmbeddedCluster, environment: Vec<(String, String)>) -> Result<Self, ConfigError> {
        let text = cluster.to_document().to_string();
        Self::parse(&Source { path: PathBuf::from("command line"), text, environment })
    }

    /// The backends that vote.
    pub fn voters(&self) -> impl Iterator<Item = &Backend> {
        self.backends.iter().filter(|backend| backend.role == Role::Voter)
    }
}

/// The variables of this process, but those that are not Unicode.
pub fn process_environment() -> Vec<(String, String)> {
    let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(unicode).collect()
}
