use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use super::arguments::{ReplicaArguments, ReplicaCommand};
use super::table::aligned;
use super::{FAILED, fail};
use crate::replicas::{Action, Announcement, ReplicaStatus};

/// How long the proxy may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(arguments: &ReplicaArguments) -> ExitCode {
    let done = admin(arguments).and_then(|admin| match request(&arguments.command) {
        None => list(admin),
        Some((name, action)) => act(admin, name, action).map(|replica| vec![replica]),
    });
    match done {
        Ok(replicas) => {
            // If standard output is closed there is nobody to tell.
            let _ = write!(std::io::stdout(), "{}", to_text(&replicas));
            ExitCode::SUCCESS
        }
        Err(error) => fail(FAILED, format_args!("{error:#}")),
    }
}

/// The replica and what is done to it; nothing where they are to be listed.
fn request(command: &ReplicaCommand) -> Option<(&str, Action)> {
    Some(match command {
        ReplicaCommand::List => return None,
        ReplicaCommand::Stop { name } => (name, Action::Stop),
        ReplicaCommand::Start { name } => (name, Action::Start),
        ReplicaCommand::Pause { name } => (name, Action::Pause),
        ReplicaCommand::Resume { name } => (name, Action::Resume),
        ReplicaCommand::Partition { name } => (name, Action::Partition),
        ReplicaCommand::Heal { name } => (name, Action::Heal),
        ReplicaCommand::Delay { name, duration } => {
            let delay_ms = u64::try_from(duration.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
            (name, Action::Delay { delay_ms })
        }
    })
}

fn admin(arguments: &ReplicaArguments) -> anyhow::Result<SocketAddr> {
    match arguments.admin {
        Some(address) => Ok(address),
        None => Announcement::read(&arguments.data).with_context(|| {
            format!("{} tells of no running proxy (name its directory with --data)", arguments.data.display())
        }),
    }
}

fn list(admin: SocketAddr) -> anyhow::Result<Vec<ReplicaStatus>> {
    let mut response = agent().get(format!("http://{admin}/replicas")).call().with_context(|| unreachable_at(admin))?;
    Ok(response.body_mut().read_json()?)
}

fn act(admin: SocketAddr, name: &str, action: Action) -> anyhow::Result<ReplicaStatus> {
    let sent = agent().post(format!("http://{admin}/replicas/{name}")).send_json(action);
    let mut response = sent.with_context(|| unreachable_at(admin))?;
    if !response.status().is_success() {
        bail!("{}", response.body_mut().read_to_string()?);
    }
    Ok(response.body_mut().read_json()?)
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).proxy(None);
    config.build().into()
}

fn unreachable_at(admin: SocketAddr) -> String {
    format!("no proxy answers at {admin}")
}

fn to_text(replicas: &[ReplicaStatus]) -> String {
    let mut rows = vec![["NAME", "STATE", "DELAY", "DATA"].map(str::to_owned).to_vec()];
    rows.extend(replicas.iter().map(|replica| {
        let delay = if replica.delay_ms == 0 { "-".to_owned() } else { format!("{}ms", replica.delay_ms) };
        let data = replica.directory.as_ref().map_or("in memory".to_owned(), |path| path.display().to_string());
        vec![replica.name.clone(), replica.state.name().to_owned(), delay, data]
    }));
    aligned(&rows)
}
