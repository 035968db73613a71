//! Waiting for something to become true.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Polls `ready` until it is true.
///
/// # Errors
/// That of `ready`, or a timeout that names `what`.
pub fn until(what: &str, patience: Duration, mut ready: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + patience;
    while !ready()? {
        if Instant::now() > deadline {
            bail!("{what}: not after {patience:?}");
        }
        thread::sleep(POLL_INTERVAL);
    }
    Ok(())
}

/// Whether something accepts TCP connections there.
pub fn accepts(address: IpAddr, port: u16) -> bool {
    TcpStream::connect_timeout(&SocketAddr::new(address, port), Duration::from_secs(1)).is_ok()
}

/// Whether an HTTP GET of `path` is answered with status 200.
pub fn answers_ok(address: IpAddr, port: u16, path: &str) -> bool {
    http_status(address, port, path).is_ok_and(|status| status == "200")
}

fn http_status(address: IpAddr, port: u16, path: &str) -> Result<String> {
    let patience = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::new(address, port), patience)?;
    stream.set_read_timeout(Some(patience))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut line = String::new();
    BufReader::new(stream).take(1024).read_line(&mut line)?;
    Ok(line.split(' ').nth(1).unwrap_or_default().to_owned())
}
