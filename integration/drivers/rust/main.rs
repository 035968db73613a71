//! Runs what a client of the `scylla` driver relies on against HOST PORT \[VOTERS\], for each compression of the driver
//! (it speaks protocol 4). Prints one line per check; the exit status is 1 if any failed.

#![allow(clippy::print_stdout, reason = "a program that prints its findings")]

mod checks;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use checks::Server;
use scylla::client::Compression;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::Consistency;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let host = arguments.next().context("usage: rust-driver-checks HOST PORT [VOTERS]")?;
    let port: u16 = arguments.next().context("PORT is missing")?.parse()?;
    let voters: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let mut failed = 0;
    for (label, compression) in
        [("plain", None), ("lz4", Some(Compression::Lz4)), ("snappy", Some(Compression::Snappy))]
    {
        let session = connect(&format!("{host}:{port}"), compression).await?;
        let keyspace = format!("rust_{label}");
        session.query_unpaged(format!("DROP KEYSPACE IF EXISTS {keyspace}"), ()).await?;
        let replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
        session.query_unpaged(format!("CREATE KEYSPACE {keyspace} WITH replication = {replication}"), ()).await?;
        session.use_keyspace(&keyspace, false).await?;
        let server = Server { session, keyspace, voters };
        for (name, outcome) in server.run_all().await {
            match outcome {
                Ok(()) => println!("ok v4 {label} {name}"),
                Err(error) => {
                    failed += 1;
                    println!("FAILED v4 {label} {name}: {error:#}");
                }
            }
        }
        server.session.query_unpaged(format!("DROP KEYSPACE {}", server.keyspace), ()).await?;
    }
    println!("{failed} checks failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn connect(address: &str, compression: Option<Compression>) -> Result<Session> {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::Quorum)
        .request_timeout(Some(Duration::from_secs(30)))
        .build();
    let builder = SessionBuilder::new()
        .known_node(address)
        .compression(compression)
        .connection_timeout(Duration::from_secs(20))
        .default_execution_profile_handle(profile.into_handle());
    Ok(builder.build().await?)
}
