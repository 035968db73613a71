use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::files;
use super::section::Section;
use super::value::Bytes;

/// `[listen]`: where clients connect, and what one client may do.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Where the proxy listens for CQL.
    pub address: SocketAddr,
    /// The address that drivers see in `system.local`; by default `address`.
    pub advertise: SocketAddr,
    /// The advertised addresses of the other proxies, for `system.peers`.
    pub peers: Vec<SocketAddr>,
    /// TLS towards clients.
    pub tls: Option<ListenTls>,
    /// How many threads serve requests.
    pub workers: usize,
    /// More client connections than this are refused.
    pub max_connections: usize,
    /// A larger request is refused.
    pub max_frame_size_bytes: usize,
    /// How long a new connection may take to become ready, TLS and login included.
    pub handshake_timeout: Duration,
    /// How long requests in flight may take to finish at shutdown.
    pub drain_timeout: Duration,
}

/// The proxy's certificate, and whom it believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenTls {
    /// Certificate chain, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
    /// Certificates of the authorities that client certificates must come from; without it clients need none.
    pub client_ca: Option<PathBuf>,
}

/// `[admin]`: the HTTP server for metrics and health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Where it listens.
    pub address: SocketAddr,
}

pub(super) fn read(section: &mut Section<'_>) -> Listen {
    let address = section.or("address", SocketAddr::from((Ipv4Addr::LOCALHOST, 9042)));
    let advertise = section.optional("advertise").unwrap_or(address);
    if advertise.ip().is_unspecified() {
        section.refuse(
            "advertise",
            format!("drivers cannot connect to {}: write the address they should use", advertise.ip()),
        );
    }
    Listen {
        address,
        advertise,
        peers: section.or("peers", Vec::new()),
        tls: section.optional_section("tls").and_then(read_tls),
        workers: count(section.within("workers", processors(), 1..=1024)),
        max_connections: count(section.within("max_connections", 20_000, 1..=1_000_000)),
        max_frame_size_bytes: count(
            section.within("max_frame_size", Bytes(16 << 20), Bytes(64 << 10)..=Bytes(256 << 20)).0,
        ),
        handshake_timeout: section.within("handshake_timeout", Duration::from_secs(10), super::limits::TIMEOUT_BOUNDS),
        drain_timeout: section.or("drain_timeout", Duration::from_secs(10)),
    }
}

pub(super) fn read_admin(section: &mut Section<'_>) -> Admin {
    Admin { address: section.or("address", SocketAddr::from((Ipv4Addr::LOCALHOST, 9142))) }
}

fn read_tls(mut section: Section<'_>) -> Option<ListenTls> {
    for key in ["certificate", "key"] {
        section.required::<PathBuf>(key);
    }
    let certificate = files::certificates(&mut section, "certificate");
    let key = files::private_key(&mut section, "key");
    let client_ca = files::certificates(&mut section, "client_ca");
    section.finish();
    Some(ListenTls { certificate: certificate?, key: key?, client_ca })
}

fn processors() -> u64 {
    std::thread::available_parallelism().map_or(1, |count| count.get() as u64)
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
