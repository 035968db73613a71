//! Loopback addresses to listen on: every node and proxy has its own, so that all of them can use port 9042.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{Result, bail};

/// Hands out addresses of one range, each once, skipping those on which another program listens.
#[derive(Debug)]
pub struct Loopback {
    next: AtomicU8,
    last: u8,
}

impl Loopback {
    /// The addresses 127.0.0.`first` to 127.0.0.`last`.
    pub const fn new(first: u8, last: u8) -> Self {
        Self { next: AtomicU8::new(first), last }
    }

    /// The next address on which all of `ports` are free.
    ///
    /// # Errors
    /// If the range is used up.
    pub fn claim(&self, ports: &[u16]) -> Result<IpAddr> {
        loop {
            let host = self.next.fetch_add(1, Ordering::Relaxed);
            if host > self.last {
                bail!("no loopback address is free up to 127.0.0.{}", self.last);
            }
            let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, host));
            if ports.iter().all(|&port| TcpListener::bind((address, port)).is_ok()) {
                return Ok(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_use_is_skipped_and_a_range_ends() {
        let taken = TcpListener::bind("127.0.0.201:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let range = Loopback::new(201, 202);
        assert_eq!(range.claim(&[port]).unwrap().to_string(), "127.0.0.202");
        assert!(range.claim(&[port]).is_err());
    }
}
