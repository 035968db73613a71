//! The proxies, as drivers are to see them.

use std::net::SocketAddr;

use md5::{Digest, Md5};
use quorate_protocol::value::token::Token;
use uuid::Uuid;

/// How many tokens each proxy has: enough for shares that differ by a fifth or so, few enough to read.
const TOKENS_PER_PROXY: u32 = 32;

/// All proxies, and what they have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// The name of the cluster.
    pub cluster_name: String,
    /// This proxy.
    pub local: Proxy,
    /// The others.
    pub peers: Vec<Proxy>,
    /// One digest of the schema, the same in all rows: drivers wait until all agree.
    pub schema_version: Uuid,
    /// The version of Cassandra that the cluster behaves as.
    pub release_version: String,
    /// The newest protocol version that clients may speak.
    pub native_protocol_version: u8,
    /// When this proxy started, in seconds since the epoch.
    pub started_seconds: i32,
}

/// One proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Where clients reach it.
    pub address: SocketAddr,
    /// Its zone, which drivers take for a datacenter.
    pub data_center: String,
    /// Its rack.
    pub rack: String,
}

impl Proxy {
    /// The same on every proxy, and after every start: a digest of the address.
    pub fn host_id(&self) -> Uuid {
        let digest: [u8; 16] = Md5::digest(self.address.to_string()).into();
        uuid::Builder::from_md5_bytes(digest).into_uuid()
    }

    /// Its tokens: digests of the address, so that each proxy's share of the ring depends on no other's configuration.
    pub fn tokens(&self) -> Vec<i64> {
        let token = |index| Token::of_serialized_key(format!("{}#{index}", self.address).as_bytes()).0;
        (0..TOKENS_PER_PROXY).map(token).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(number: u8) -> Proxy {
        let address = SocketAddr::from(([10, 0, 0, number], 9042));
        Proxy { address, data_center: "eu".into(), rack: "rack1".into() }
    }

    #[test]
    fn identities_depend_on_the_address_alone() {
        let elsewhere = Proxy { data_center: "us".into(), rack: "r2".into(), ..proxy(1) };
        assert_eq!(proxy(1).host_id(), elsewhere.host_id());
        assert_eq!(proxy(1).tokens(), elsewhere.tokens());
        assert_ne!(proxy(1).host_id(), proxy(2).host_id());
    }

    #[test]
    fn each_of_three_proxies_has_a_fair_share_of_the_ring() {
        let mut ring: Vec<(i64, u8)> =
            (1..=3).flat_map(|number| proxy(number).tokens().into_iter().map(move |token| (token, number))).collect();
        ring.sort_unstable();
        let mut shares = [0_f64; 3];
        for (index, (token, owner)) in ring.iter().enumerate() {
            let previous = ring[(index + ring.len() - 1) % ring.len()].0;
            shares[usize::from(*owner) - 1] += token.wrapping_sub(previous) as u64 as f64 / u64::MAX as f64;
        }
        assert!(shares.iter().all(|share| (0.2..0.5).contains(share)), "{shares:?}");
    }
}
