//! Records what a Cassandra answers to generated statements, and compares a server with it.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use quorate_integration::differential::client::Client;
use quorate_integration::differential::{corpus, differences, generate, record};

const USAGE: &str =
    "differential record SERVER DIRECTORY FIRST_SEED LAST_SEED    ask a Cassandra, write DIRECTORY/SEED.jsonl.gz
differential compare SERVER DIRECTORY                        ask a server the same, list what differs
differential show SEED                                       print the statements of a seed";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["record", server, directory, first, last] => {
            let directory = PathBuf::from(directory);
            std::fs::create_dir_all(&directory)?;
            for seed in first.parse::<u64>()?..=last.parse()? {
                let path = directory.join(format!("{seed}.jsonl.gz"));
                if !path.exists() {
                    let history = record(&mut Client::connect(address(server)?, true)?, seed)
                        .with_context(|| format!("seed {seed}"))?;
                    let refused = history.iter().filter(|it| it.answer.contains("error 0x")).count();
                    println!("seed {seed}: {} statements, {refused} refused", history.len());
                    corpus::write(&path, &history)?;
                }
            }
        }
        ["compare", server, directory] => {
            let (mut statements, mut wrong) = (0, 0);
            for path in corpus::recordings(Path::new(directory))? {
                let history = corpus::read(&path)?;
                statements += history.len();
                let found = differences(&mut Client::connect(address(server)?, false)?, &history)
                    .with_context(|| path.display().to_string())?;
                wrong += found.len();
                for difference in found {
                    println!("{} {difference}", path.display());
                }
            }
            println!("{statements} statements, {wrong} answers differ");
        }
        ["show", seed] => generate::history(seed.parse()?).iter().for_each(|step| println!("{step}")),
        _ => bail!("usage:\n{USAGE}"),
    }
    Ok(())
}

fn address(server: &str) -> Result<SocketAddr> {
    Ok(if server.contains(':') { server.parse()? } else { SocketAddr::new(server.parse()?, 9042) })
}
