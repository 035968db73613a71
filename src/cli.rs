//! The command line: `quorate serve`, `quorate check`, `quorate replica`.

mod arguments;
mod check;
mod logging;
mod replica;
mod serve;
mod table;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

pub use arguments::{AdHocBackend, CheckArguments, Cli, Command, ReplicaArguments, ReplicaCommand, ServeArguments};

/// Something failed while running.
const FAILED: u8 = 1;
/// The command line or the configuration is wrong.
const MISUSED: u8 = 2;

/// Does what the command line says. The exit code is 0, or 1 if it failed while running, or 2 if the command line or the
/// configuration is wrong; what is wrong is on standard error.
pub fn run(cli: Cli) -> ExitCode {
    match cli.command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Replica(arguments) => replica::run(&arguments),
    }
}

fn fail(code: u8, error: impl Display) -> ExitCode {
    // If standard error is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "quorate: {error}");
    ExitCode::from(code)
}
