//! The command line as users meet it: the real binary, its output and its exit codes.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::io::BufRead;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// The binary, away from the configuration and the environment of whoever runs the tests.
fn quorate(directory: &Path) -> Command {
    let mut command = Command::cargo_bin("quorate").unwrap();
    command.current_dir(directory).env_clear();
    command
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What went to standard output and standard error, and the exit code.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    format!("{}{}exit code {}", text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

#[test]
fn check_tells_what_each_level_of_the_example_survives() {
    insta::assert_snapshot!(run(quorate(&root()).arg("check")));
}

#[test]
fn check_shows_weights_zones_and_observers() {
    let directory = tempfile::tempdir().unwrap();
    let backend = |name: &str, zone: &str, role: &str| {
        format!("[[backend]]\nname = {name:?}\nzone = {zone:?}\nrole = {role:?}\ncontact_points = [\"10.0.0.1\"]\n")
    };
    let text = [
        "[cluster]\nlocal_zone = \"eu\"\nrule = { kind = \"weighted\", weights = { a = 3, b = 1, c = 1, d = 1 } }\n"
            .to_owned(),
        backend("a", "eu", "voter"),
        backend("new", "eu", "observer"),
        backend("b", "eu", "voter"),
        backend("c", "us", "voter"),
        backend("d", "us", "voter"),
    ];
    std::fs::write(directory.path().join("quorate.toml"), text.concat()).unwrap();
    insta::assert_snapshot!(run(quorate(directory.path()).arg("check")));
}

#[test]
fn check_speaks_json() {
    let output = quorate(&root()).args(["check", "--json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let quorum = report["levels"].as_array().unwrap().iter().find(|level| level["level"] == "QUORUM").unwrap();
    assert_eq!((quorum["required"].as_u64(), quorum["survives_any"].as_u64()), (Some(2), Some(1)));
}

#[test]
fn what_is_wrong_is_shown_at_once_and_the_exit_code_is_2() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("q.toml"), "[listne]\n\n[timeouts]\nread = 5\n").unwrap();
    insta::assert_snapshot!(run(quorate(directory.path()).args(["check", "--config", "q.toml"])));
}

#[test]
fn a_missing_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(run(quorate(directory.path()).arg("check")));
}

#[test]
fn the_environment_is_looked_at() {
    let mut check = quorate(&root());
    insta::assert_snapshot!(run(check.arg("check").env("QUORATE_BACKEND__A__ROLE", "observr")));
}

#[test]
fn serving_without_a_configuration_opens_three_replicas_that_can_be_taken_away() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("quorate"))
        .args(["serve", "--port", "0", "--print-address"])
        .current_dir(directory.path())
        .env_clear()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let address = std::io::BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    assert!(std::net::TcpStream::connect(&address).is_ok(), "nobody listens at {address:?}");
    let replica = |arguments: &[&str]| run(quorate(directory.path()).arg("replica").args(arguments));
    let stopped = [replica(&["stop", "r2"]), replica(&["delay", "r3", "20ms"]), replica(&["list"])];
    let refused = [replica(&["pause", "r2"]), replica(&["stop", "r4"]), replica(&["list", "--data", "elsewhere"])];
    child.kill().unwrap();
    child.wait().unwrap();
    insta::assert_snapshot!(stopped.concat());
    insta::assert_snapshot!(refused.join("\n"));
}

#[test]
fn replicas_in_memory_have_no_directory() {
    let both = run(quorate(&root()).args(["serve", "--in-memory", "--data", "here"]));
    assert!(both.contains("cannot be used with") && both.ends_with("exit code 2"), "{both}");
}

#[test]
fn backends_of_the_command_line_are_validated() {
    let same = ["serve", "--backend", "a=10.0.0.1", "--backend", "a=10.0.0.2"];
    insta::assert_snapshot!(run(quorate(&root()).args(same)));
    let no_address = run(quorate(&root()).args(["serve", "--backend", "a"]));
    assert!(no_address.contains("expected NAME=HOST:PORT") && no_address.ends_with("exit code 2"), "{no_address}");
}

#[test]
fn the_version_is_told() {
    let version = run(quorate(&root()).arg("--version"));
    assert_eq!(version, format!("quorate {}\nexit code 0", quorate::observe::VERSION));
}

#[test]
fn help_is_told() {
    for arguments in
        [vec!["--help"], vec!["serve", "--help"], vec!["check", "--help"], vec!["replica", "stop", "--help"]]
    {
        let help = run(quorate(&root()).args(&arguments));
        assert!(help.contains("Usage: quorate") && help.ends_with("exit code 0"), "{help}");
    }
}

#[test]
fn an_address_that_is_taken_is_a_failure_while_running() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut serve = quorate(&root());
    let told = run(serve.args(["serve", "--backend", "a=127.0.0.1:1", "--listen", &address]));
    assert!(told.contains(&format!("cannot listen on {address}")) && told.ends_with("exit code 1"), "{told}");
}

#[test]
fn serving_logs_json_where_asked_and_ends_well_at_sigterm() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("quorate"))
        .args(["serve", "--backend", "a=127.0.0.1:1", "--listen", "127.0.0.1:0"])
        .env_clear()
        .envs([("QUORATE_LISTEN__WORKERS", "1"), ("QUORATE_LOG__FORMAT", "json")])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    let listening = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("listening"))).unwrap().unwrap();
    let event: serde_json::Value = serde_json::from_str(&listening).unwrap();
    assert_eq!(event["level"], "INFO");
    let killed = std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success());
    // Reads on, so that the pipe does not fill up, until the process has ended.
    lines.for_each(drop);
    assert!(child.wait().unwrap().success());
}
