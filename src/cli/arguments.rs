use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::config::{DATA_DIRECTORY, HostPort, parse_duration};
use crate::observe::VERSION;
use crate::quorum::MAX_VOTERS;

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
    /// List the embedded replicas of a running proxy, and take them away and back
    Replica(ReplicaArguments),
}

/// `quorate serve`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    quorate serve                              three embedded replicas in ./quorate-data\n  \
    quorate serve --in-memory --port 0 --print-address\n  \
    quorate serve --config quorate.toml\n  \
    quorate serve --backend a=10.1.0.1 --backend b=10.2.0.1 --backend c=10.3.0.1")]
pub struct ServeArguments {
    /// The configuration; docs/configuration.md lists its keys
    #[arg(short, long, value_name = "FILE", env = "QUORATE_CONFIG")]
    pub config: Option<PathBuf>,

    /// Without a configuration: one voter, as `NAME=HOST[:PORT][,HOST[:PORT]…]`; repeat it for each
    #[arg(short, long, value_name = "NAME=HOST:PORT", conflicts_with = "config")]
    pub backend: Vec<AdHocBackend>,

    /// Without a configuration: where to listen [default: 127.0.0.1:9042]
    #[arg(short, long, value_name = "ADDRESS", conflicts_with = "config")]
    pub listen: Option<SocketAddr>,

    /// Without a configuration: listen on this port of 127.0.0.1; 0 is any that is free
    #[arg(short, long, value_name = "PORT", conflicts_with_all = ["config", "listen"])]
    pub port: Option<u16>,

    /// Without a configuration or backends: how many embedded replicas [default: 3]
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=MAX_VOTERS as i64))]
    #[arg(conflicts_with_all = ["config", "backend"])]
    pub replicas: Option<u8>,

    /// Without a configuration or backends: where the replicas are [default: quorate-data]
    #[arg(short, long, value_name = "DIRECTORY", conflicts_with_all = ["config", "backend"])]
    pub data: Option<PathBuf>,

    /// Without a configuration or backends: keep everything in memory
    #[arg(long, conflicts_with_all = ["config", "backend", "data"])]
    pub in_memory: bool,

    /// Without a configuration: where the admin server listens [default with --data: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDRESS", conflicts_with = "config")]
    pub admin: Option<SocketAddr>,

    /// Print the address on standard output, in one line, once clients can connect
    #[arg(long)]
    pub print_address: bool,
}

/// `quorate replica`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    quorate replica list\n  \
    quorate replica stop r1\n  \
    quorate replica delay r2 50ms")]
pub struct ReplicaArguments {
    /// What to do
    #[command(subcommand)]
    pub command: ReplicaCommand,

    /// Where the proxy's replicas are
    #[arg(short, long, value_name = "DIRECTORY", global = true, default_value = DATA_DIRECTORY)]
    pub data: PathBuf,

    /// Where the proxy's admin server listens; without it, the data directory tells
    #[arg(long, value_name = "ADDRESS", global = true)]
    pub admin: Option<SocketAddr>,
}

/// What to do with a replica.
#[derive(Clone, Debug, Subcommand)]
pub enum ReplicaCommand {
    /// Show each replica and its state
    List,
    /// Kill it: it cannot be reached, and what is under way is lost
    Stop {
        /// Its name
        name: String,
    },
    /// Start it again after `stop`
    Start {
        /// Its name
        name: String,
    },
    /// Freeze it, as SIGSTOP does: it accepts requests and does not answer
    Pause {
        /// Its name
        name: String,
    },
    /// Let it go on after `pause`
    Resume {
        /// Its name
        name: String,
    },
    /// Cut the line to it: requests and answers are lost
    Partition {
        /// Its name
        name: String,
    },
    /// Mend the line after `partition`
    Heal {
        /// Its name
        name: String,
    },
    /// Let each of its answers come so much later
    Delay {
        /// Its name
        name: String,
        /// Such as 50ms; without it there is no delay any more
        #[arg(value_parser = parse_duration)]
        duration: Option<Duration>,
    },
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
