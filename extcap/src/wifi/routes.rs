//! Routes by an interface: the kernel forgets them when it goes down, so they are kept and entered again.

use super::netlink::{ACK, Channel, DUMP, Request, find};
use crate::sys::netlink::Family;

const NEW_ROUTE: u16 = 24;
const GET_ROUTE: u16 = 26;
/// A route that does not exist yet.
const CREATE: u16 = 0x400;
/// Length of `struct rtmsg`, and places in it.
const HEADER: usize = 12;
const PROTOCOL: usize = 5;
const FLAGS: usize = 8;
/// Routes that the kernel makes by itself: with the addresses, and as answers to redirects.
const OF_THE_KERNEL: [u8; 2] = [1, 2];
/// The flag that a user gives: the gateway counts as reachable. All others are the kernel's findings.
const ON_LINK: u32 = 4;
/// The interface by which a route leaves.
const OUTGOING: u16 = 4;
/// More are not somebody's settings but a routing daemon's, which enters them again itself.
const MOST: usize = 64;

/// Routes by the interface of this number that somebody entered, as messages.
pub(crate) fn of(interface: u32) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let Ok(mut channel) = Channel::open(Family::Route) else { return found };
    // AF_UNSPEC: IPv4 and IPv6.
    let asked = channel.ask(Request::new(GET_ROUTE, ACK | DUMP, &[0; HEADER]), |route| {
        if found.len() < MOST && is_by(route, interface) {
            found.push(route.to_vec());
        }
    });
    if asked.is_err() {
        found.clear();
    }
    found
}

fn is_by(route: &[u8], interface: u32) -> bool {
    let Some((header, attributes)) = route.split_at_checked(HEADER) else { return false };
    let entered = !OF_THE_KERNEL.contains(&header[PROTOCOL]);
    entered && find(attributes, OUTGOING).and_then(|attribute| attribute.u32()) == Some(interface)
}

/// Enters routes. Those that are there already stay as they are.
pub(crate) fn restore(routes: &[Vec<u8>]) {
    let Ok(mut channel) = Channel::open(Family::Route) else { return };
    for route in routes {
        if let Some(request) = request(route) {
            let _ = channel.ask(request, |_| {});
        }
    }
}

fn request(route: &[u8]) -> Option<Request> {
    let mut route = route.to_vec();
    let flags: &mut [u8; 4] = route.get_mut(FLAGS..)?.first_chunk_mut()?;
    *flags = (u32::from_ne_bytes(*flags) & ON_LINK).to_ne_bytes();
    Some(Request::new(NEW_ROUTE, ACK | CREATE, &route))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_routes_that_somebody_entered() {
        let mut route = vec![2, 0, 0, 0, 254, 4, 0, 1, 0x10, 0, 0, 0];
        route.extend_from_slice(&8_u16.to_ne_bytes());
        route.extend_from_slice(&OUTGOING.to_ne_bytes());
        route.extend_from_slice(&7_u32.to_ne_bytes());
        assert!(is_by(&route, 7) && !is_by(&route, 8));
        route[PROTOCOL] = 2;
        assert!(!is_by(&route, 7) && !is_by(&[], 7));
        let message = request(&route).unwrap().finish(1);
        assert_eq!(&message[16 + FLAGS..16 + FLAGS + 4], [0; 4], "the kernel's findings are not repeated");
        assert!(request(&[1]).is_none());
    }
}
