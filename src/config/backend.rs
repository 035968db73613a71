use std::path::{Path, PathBuf};
use std::time::Duration;

use quorate_protocol::message::{Consistency, SerialConsistency};

use super::files;
use super::limits::TIMEOUT_BOUNDS;
use super::secret::Secret;
use super::section::Section;
use super::value::{Bytes, HostPort};
use crate::store::{StoreOptions, SyncMode};

/// Where embedded backends are, each in a directory of its name, if nothing else is written.
pub const DATA_DIRECTORY: &str = "quorate-data";

/// `[[backend]]`: one whole store that holds a full copy of the data.
#[derive(Clone, Debug)]
pub struct Backend {
    /// Its name, unique: in metrics, logs and errors.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The zone it is in, shown to drivers as a datacenter; "" where no zones are used.
    pub zone: String,
    /// Whether it counts towards quorums.
    pub role: Role,
    /// The level of reads inside the backend.
    pub read_consistency: Consistency,
    /// The level of writes inside the backend.
    pub write_consistency: Consistency,
    /// The serial level inside the backend.
    pub serial_consistency: SerialConsistency,
    /// The backend's own datacenter that is used; needed by LOCAL_* levels where it has several.
    pub datacenter: Option<String>,
    /// What CREATE and ALTER KEYSPACE get as `replication` on this backend: a CQL map; `None`: as the client wrote it.
    pub replication: Option<String>,
    /// The proxy's own account on the backend.
    pub credentials: Option<Credentials>,
    /// TLS towards the backend.
    pub tls: Option<BackendTls>,
    /// How many requests each worker may have in flight to the backend.
    pub max_in_flight: usize,
    /// How long a connection may take to become ready, login included.
    pub connect_timeout: Duration,
    /// How long a connection may be idle before it is asked for a sign of life, and how long that may take.
    pub heartbeat: Duration,
    /// The first pause before a lost connection is tried again; it doubles with jitter.
    pub reconnect_min: Duration,
    /// The longest such pause.
    pub reconnect_max: Duration,
    /// When a slow read is asked of another voter as well.
    pub speculative: Speculative,
}

/// What a backend is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A cluster of Cassandra or ScyllaDB.
    Cassandra {
        /// Some of its nodes; the others are discovered.
        contact_points: Vec<HostPort>,
    },
    /// A store in this process.
    Embedded {
        /// Its files; `None`: it is in memory, and gone with the process.
        files: Option<Files>,
    },
}

/// The files of a store in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Where they are.
    pub directory: PathBuf,
    /// When what was acknowledged is safe from a loss of power.
    pub sync: SyncMode,
    /// How much memory what was read from them may take, in bytes.
    pub cache_bytes: u64,
}

impl Files {
    /// Those in this directory, as they are treated unless something else is written.
    pub fn in_directory(directory: PathBuf) -> Self {
        let StoreOptions { sync, cache_bytes, .. } = StoreOptions::default();
        Self { directory, sync, cache_bytes }
    }
}

/// Whether a backend counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It counts towards quorums.
    Voter,
    /// It gets every write and never counts.
    Observer,
}

/// A user name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// Whom the proxy believes to be the backend, and as whom it presents itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendTls {
    /// Certificates of the authorities that the backend's certificate must come from, PEM.
    pub ca: PathBuf,
    /// The proxy's own certificate chain and private key, PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The name that the backend's certificate must be for; `None`: the host it was contacted at.
    pub server_name: Option<String>,
}

/// When a slow read is asked of another voter as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speculative {
    /// Never.
    Off,
    /// After the backend's 99th percentile of latency.
    P99,
}

/// A backend; `None` where so much is wrong that there is nothing to check it against the others for.
pub(super) fn read(section: &mut Section<'_>, data: &Path) -> Option<Backend> {
    let name = section.required::<String>("name");
    if name
        .as_ref()
        .is_some_and(|name| !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
    {
        section.refuse("name", "a name has letters, digits, `-`, `_` and `.` only");
    }
    let is_embedded = section.word("kind", false, &[("cassandra", false), ("embedded", true)]);
    let kind = if is_embedded {
        read_embedded(section, &data.join(name.as_deref().unwrap_or_default()))
    } else {
        read_cassandra(section)
    };
    let speculative = read_speculative(section);
    let (reconnect_min, reconnect_max) = pauses(section, ("reconnect_min", 100), ("reconnect_max", 5_000));
    Some(Backend {
        zone: section.or("zone", String::new()),
        role: section.word("role", Role::Voter, &[("voter", Role::Voter), ("observer", Role::Observer)]),
        read_consistency: level(section, "read_consistency", Consistency::LocalQuorum, is_read_level),
        write_consistency: level(section, "write_consistency", Consistency::LocalQuorum, is_write_level),
        serial_consistency: section.or("serial_consistency", SerialConsistency::LocalSerial),
        datacenter: section.optional("datacenter"),
        replication: read_replication(section),
        credentials: section.optional_section("credentials").and_then(read_credentials),
        tls: section.optional_section("tls").and_then(read_tls),
        max_in_flight: count(section.within("max_in_flight", 4096, 1..=1 << 20)),
        connect_timeout: section.within("connect_timeout", Duration::from_secs(5), TIMEOUT_BOUNDS),
        heartbeat: section.within("heartbeat", Duration::from_secs(5), TIMEOUT_BOUNDS),
        reconnect_min,
        reconnect_max,
        speculative,
        name: name?,
        kind: kind?,
    })
}

fn read_cassandra(section: &mut Section<'_>) -> Option<Kind> {
    let contact_points: Option<Vec<HostPort>> = section.required("contact_points");
    if contact_points.as_ref().is_some_and(Vec::is_empty) {
        section.refuse("contact_points", "expected at least one address");
    }
    for key in ["directory", "in_memory", "sync", "sync_period", "cache"] {
        section.unfit(key, "only an embedded backend has it: write kind = \"embedded\"");
    }
    Some(Kind::Cassandra { contact_points: contact_points? })
}

fn read_embedded(section: &mut Section<'_>, default_directory: &Path) -> Option<Kind> {
    let in_memory = section.or("in_memory", false);
    for key in ["contact_points", "datacenter", "credentials", "tls"] {
        section.unfit(key, "an embedded backend is in this process, and has none");
    }
    if in_memory {
        for key in ["directory", "sync", "sync_period", "cache"] {
            section.unfit(key, "a store in memory has no files");
        }
        return Some(Kind::Embedded { files: None });
    }
    let directory = section.optional::<PathBuf>("directory").map(|path| section.resolve(&path));
    let mut files = Files::in_directory(directory.unwrap_or_else(|| default_directory.to_owned()));
    let default_period = match files.sync {
        SyncMode::Periodic(period) => period,
        SyncMode::Batch => Duration::ZERO,
    };
    files.sync = if section.word("sync", false, &[("periodic", false), ("batch", true)]) {
        section.unfit("sync_period", "with sync = \"batch\" there is no period");
        SyncMode::Batch
    } else {
        SyncMode::Periodic(section.within("sync_period", default_period, TIMEOUT_BOUNDS))
    };
    files.cache_bytes = section.within("cache", Bytes(files.cache_bytes), Bytes(1 << 20)..=Bytes(1 << 40)).0;
    Some(Kind::Embedded { files: Some(files) })
}

fn read_speculative(section: &mut Section<'_>) -> Speculative {
    match section.quiet::<bool>("speculative") {
        Some(true) => Speculative::P99,
        Some(false) => Speculative::Off,
        None => section.word("speculative", Speculative::P99, &[("p99", Speculative::P99), ("off", Speculative::Off)]),
    }
}

fn read_replication(section: &mut Section<'_>) -> Option<String> {
    let replication = section.optional::<String>("replication")?;
    let trimmed = replication.trim();
    if !(trimmed.starts_with('{') && trimmed.ends_with('}') && trimmed.contains("'class'")) {
        section.refuse(
            "replication",
            "expected a CQL map with a class, such as \"{'class': 'NetworkTopologyStrategy', 'dc1': 3}\"",
        );
    }
    Some(replication)
}

fn read_credentials(mut section: Section<'_>) -> Option<Credentials> {
    let username = section.required("username");
    let file = section.optional::<PathBuf>("password_file");
    let plain = section.optional::<String>("password");
    let password = match (file, plain) {
        (Some(file), None) => files::password(&mut section, "password_file", &file),
        (None, Some(password)) => Some(Secret::new(password)),
        (Some(_), Some(_)) => {
            section.refuse("password", "write either password or password_file");
            None
        }
        (None, None) => {
            section.refuse("password_file", "is missing: expected the path of a file that holds the password");
            None
        }
    };
    section.finish();
    Some(Credentials { username: username?, password: password? })
}

fn read_tls(mut section: Section<'_>) -> Option<BackendTls> {
    section.required::<PathBuf>("ca");
    let ca = files::certificates(&mut section, "ca");
    let certificate = files::certificates(&mut section, "certificate");
    let key = files::private_key(&mut section, "key");
    if section.has("certificate") != section.has("key") {
        section.refuse("certificate", "certificate and key belong together: write both or neither");
    }
    let server_name = section.optional("server_name");
    section.finish();
    Some(BackendTls { ca: ca?, identity: certificate.zip(key), server_name })
}

/// A shortest and a longest pause, with their defaults in milliseconds.
fn pauses(section: &mut Section<'_>, min: (&'static str, u64), max: (&'static str, u64)) -> (Duration, Duration) {
    let shortest = section.within(min.0, Duration::from_millis(min.1), TIMEOUT_BOUNDS);
    let longest = section.within(max.0, Duration::from_millis(max.1).max(shortest), TIMEOUT_BOUNDS);
    if longest < shortest {
        section.refuse(max.0, format!("must not be less than {}", min.0));
    }
    (shortest, longest)
}

fn level(
    section: &mut Section<'_>,
    key: &'static str,
    default: Consistency,
    fits: fn(Consistency) -> bool,
) -> Consistency {
    let level = section.or(key, default);
    if !fits(level) {
        section.refuse(key, format!("{level} does not fit here"));
    }
    level
}

fn is_read_level(level: Consistency) -> bool {
    level != Consistency::Any
}

fn is_write_level(level: Consistency) -> bool {
    level.serial().is_none() && level != Consistency::Any
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
