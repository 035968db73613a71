use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};

/// A loopback address that nobody else uses: ports can then be the usual ones, and a node comes back where it was.
pub fn unused() -> IpAddr {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let (process, number) = (std::process::id() & 0x3fff, NEXT.fetch_add(1, Ordering::Relaxed) & 0x1ff);
    IpAddr::V4(Ipv4Addr::from(0x7f80_0000 | process << 9 | number))
}
