//! Starts single-node Cassandras, and a proxy over them if one is wanted, until its input ends or it is interrupted:
//!
//! ```text
//! cluster 3            # three Cassandras
//! cluster 3 proxy      # and quorate over them
//! cluster ring         # one cluster of three nodes
//! ```

#![allow(clippy::print_stdout, reason = "a program that tells where its servers listen")]

use std::io;

use anyhow::{Context, Result};
use quorate_integration::cassandra::{self, Security};
use quorate_integration::loopback::Loopback;
use quorate_integration::proxy::Proxy;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().context("usage: cluster COUNT [proxy] | cluster ring")?;
    let loopback = Loopback::new(20, 40);
    let nodes = if what == "ring" {
        cassandra::ring(&loopback, "ring", 3)?
    } else {
        let names: Vec<String> = (1..=what.parse::<usize>()?).map(|number| format!("node{number}")).collect();
        cassandra::independent(&loopback, &names.iter().map(String::as_str).collect::<Vec<_>>(), Security::Open)?
    };
    for node in &nodes {
        println!("{} {} {}", node.name(), node.contact_point(), node.pid());
    }
    let _proxy = match arguments.next().as_deref() {
        Some("proxy") => {
            let proxy = Proxy::start(&loopback, "cluster", &nodes.iter().collect::<Vec<_>>())?;
            println!("quorate {} {}", proxy.contact_point(), proxy.pid());
            Some(proxy)
        }
        _ => None,
    };
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
