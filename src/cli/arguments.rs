use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

use crate::config::HostPort;
use crate::observe::VERSION;

/// One CQL endpoint over several stores: a quorum of independent Cassandra or ScyllaDB clusters behind one address.
#[derive(Clone, Debug, Parser)]
#[command(name = "quorate", version = VERSION, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed while running, 2 wrong command line or configuration.\n\
    Every key of the configuration can be set from the environment: QUORATE_LISTEN__ADDRESS, QUORATE_BACKEND__A__ZONE.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Serve CQL clients until SIGINT or SIGTERM
    Serve(ServeArguments),
    /// Validate a configuration, and tell which failures each consistency level survives
    Check(CheckArguments),
}

/// `quorate serve`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    quorate serve --config quorate.toml\n  \
    quorate serve --backend a=10.1.0.1 --backend b=10.2.0.1 --backend c=10.3.0.1")]
pub struct ServeArguments {
    /// The configuration; docs/configuration.md lists its keys
    #[arg(short, long, value_name = "FILE", env = "QUORATE_CONFIG")]
    pub config: Option<PathBuf>,

    /// Without a configuration: one voter, as `NAME=HOST[:PORT][,HOST[:PORT]…]`; repeat it for each
    #[arg(short, long, value_name = "NAME=HOST:PORT", conflicts_with = "config")]
    pub backend: Vec<AdHocBackend>,

    /// With --backend: where to listen [default: 127.0.0.1:9042]
    #[arg(short, long, value_name = "ADDRESS", requires = "backend")]
    pub listen: Option<SocketAddr>,
}

/// `quorate check`
#[derive(Clone, Debug, Args)]
pub struct CheckArguments {
    /// The configuration
    #[arg(short, long, value_name = "FILE", env = "QUORATE_CONFIG", default_value = "quorate.toml")]
    pub config: PathBuf,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A backend of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdHocBackend {
    /// Its name.
    pub name: String,
    /// Some of its nodes.
    pub contact_points: Vec<HostPort>,
}

impl FromStr for AdHocBackend {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, addresses) = text.split_once('=').ok_or("expected NAME=HOST:PORT, such as a=10.1.0.1:9042")?;
        let contact_points = addresses.split(',').map(|address| address.trim().parse()).collect::<Result<_, _>>()?;
        Ok(Self { name: name.trim().to_owned(), contact_points })
    }
}
