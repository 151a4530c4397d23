//! ICMP's destination unreachable (RFC 792, RFC 4443): which datagram did not arrive, and why. What it quotes is
//! no traffic and goes to nobody else.

use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};

use super::walk::{IpHeader, Walk};
use crate::packet::{Endpoint, Nanos};

/// A UDP datagram that did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// Frame of the ICMP message.
    pub frame: u64,
    /// Its time.
    pub at: Nanos,
    /// Who says so; the port is 0.
    pub reporter: Endpoint,
    /// Sender of the datagram.
    pub source: Endpoint,
    /// Where it should have gone.
    pub destination: Endpoint,
    /// `port`, `host`, `network`, `protocol`, or `administratively`: what is unreachable.
    pub what: &'static str,
}

impl Walk<'_> {
    /// An ICMP message; `v6`: of IPv6. Remembers the datagram that it is about.
    pub(super) fn icmp(&mut self, ip: &IpHeader, v6: bool, bytes: &[u8]) {
        let [kind, code, _, _, _, _, _, _, quoted @ ..] = bytes else { return };
        let what = match (v6, kind, code) {
            (false, 3, 0 | 6) | (true, 1, 0) => "network",
            (false, 3, 1 | 7) | (true, 1, 3) => "host",
            (false, 3, 2) => "protocol",
            (false, 3, 3) | (true, 1, 4) => "port",
            (false, 3, 9 | 10 | 13) | (true, 1, 1 | 5 | 6) => "administratively",
            _ => return,
        };
        let (frame, at) = self.place();
        if let Some((source, destination)) = datagram(v6, quoted) {
            let told = Unreachable { frame, at, reporter: ip.source, source, destination, what };
            self.state.unreachable = Some(told);
        }
    }
}

/// The ends of a quoted UDP datagram. A quote is often cut behind the UDP header.
fn datagram(v6: bool, quoted: &[u8]) -> Option<(Endpoint, Endpoint)> {
    let (source, destination, protocol, len) = if v6 {
        let ip = Ipv6HeaderSlice::from_slice(quoted).ok()?;
        let ends = (Endpoint::v6(ip.source(), 0), Endpoint::v6(ip.destination(), 0));
        (ends.0, ends.1, ip.next_header().0, ip.slice().len())
    } else {
        let ip = Ipv4HeaderSlice::from_slice(quoted).ok()?;
        let ends = (Endpoint::v4(ip.source(), 0), Endpoint::v4(ip.destination(), 0));
        // a later fragment has no ports
        (ip.fragments_offset().value() == 0).then_some(())?;
        (ends.0, ends.1, ip.protocol().0, ip.slice().len())
    };
    let &[a, b, c, d, ..] = quoted.get(len..)? else { return None };
    let ends = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    (protocol == 17).then(|| (source.with_port(ends.0), destination.with_port(ends.1)))
}
