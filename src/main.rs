//! The `quorate` binary.

use std::process::ExitCode;

use clap::Parser;
use quorate::cli::{self, Cli};

fn main() -> ExitCode {
    cli::run(Cli::parse())
}
