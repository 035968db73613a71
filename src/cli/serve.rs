use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use super::arguments::ServeArguments;
use super::{FAILED, MISUSED, fail, logging};
use crate::config::{ConfigError, Configuration, DATA_DIRECTORY, EmbeddedCluster, process_environment};
use crate::server::{self, Listening};

/// Where CQL clients look by default.
const PORT: u16 = 9042;
/// How many replicas there are without a configuration.
const REPLICAS: usize = 3;

pub(super) fn run(arguments: ServeArguments) -> ExitCode {
    let prints_address = arguments.print_address;
    let configuration = match configuration(arguments) {
        Ok(configuration) => configuration,
        Err(error) => return fail(MISUSED, format_args!("the configuration is wrong\n{error}")),
    };
    logging::start(&configuration.log);
    let served = server::serve(configuration, |listening| {
        greet(listening);
        if prints_address {
            // If standard output is closed there is nobody to tell.
            let _ = writeln!(std::io::stdout(), "{}", listening.address);
        }
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(FAILED, error),
    }
}

fn configuration(arguments: ServeArguments) -> Result<Configuration, ConfigError> {
    let ServeArguments { config, backend, listen, port, replicas, data, in_memory, admin, print_address: _ } =
        arguments;
    if let Some(path) = config {
        return Configuration::load(&path);
    }
    let listen = listen.unwrap_or_else(|| loopback(port.unwrap_or(PORT)));
    if !backend.is_empty() {
        let backends: Vec<_> = backend.into_iter().map(|backend| (backend.name, backend.contact_points)).collect();
        return Configuration::ad_hoc(Some(listen), &backends, process_environment());
    }
    let data = (!in_memory).then(|| data.unwrap_or_else(|| PathBuf::from(DATA_DIRECTORY)));
    // Its address is in the data directory, so that it can have any.
    let admin = admin.or_else(|| data.is_some().then(|| loopback(0)));
    let replicas = replicas.map_or(REPLICAS, usize::from);
    let cluster = EmbeddedCluster { listen, replicas, data, admin, authenticates: false };
    Configuration::embedded(&cluster, process_environment())
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Tells people where it listens, and where the data is.
fn greet(listening: &Listening) {
    let replicas = listening.replicas.list();
    let Some(first) = replicas.first() else { return };
    let names: Vec<&str> = replicas.iter().map(|replica| replica.name.as_str()).collect();
    let place = match first.directory.as_ref().and_then(|directory| directory.parent()) {
        Some(data) => format!("their data in {}", data.display()),
        None => "in memory: their data ends with this process".to_owned(),
    };
    let (ip, port) = (listening.address.ip(), listening.address.port());
    // If standard error is closed there is nobody to tell.
    let _ = writeln!(
        std::io::stderr(),
        "quorate: CQL at {ip}:{port} (cqlsh {ip} {port}) over replicas {}, {place}",
        names.join(", ")
    );
}
