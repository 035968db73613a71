use std::process::ExitCode;

use super::arguments::ServeArguments;
use super::{FAILED, MISUSED, fail, logging};
use crate::config::{ConfigError, Configuration, process_environment};
use crate::server;

pub(super) fn run(arguments: ServeArguments) -> ExitCode {
    let configuration = match configuration(arguments) {
        Some(Ok(configuration)) => configuration,
        Some(Err(error)) => return fail(MISUSED, format_args!("the configuration is wrong\n{error}")),
        None => {
            return fail(
                MISUSED,
                "a configuration is needed: --config FILE (the repository's quorate.toml is an example), or --backend NAME=HOST:PORT",
            );
        }
    };
    logging::start(&configuration.log);
    match server::serve(&configuration) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(FAILED, error),
    }
}

fn configuration(arguments: ServeArguments) -> Option<Result<Configuration, ConfigError>> {
    let ServeArguments { config, backend, listen } = arguments;
    if let Some(path) = config {
        return Some(Configuration::load(&path));
    }
    let backends: Vec<_> = backend.into_iter().map(|backend| (backend.name, backend.contact_points)).collect();
    (!backends.is_empty()).then(|| Configuration::ad_hoc(listen, &backends, process_environment()))
}
