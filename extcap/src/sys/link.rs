//! Network interfaces: their numbers, kinds and link types, without touching the hardware.

use std::ffi::{CStr, CString};
use std::fs;
use std::os::fd::AsRawFd;
use std::path::Path;

use airtone_engine::LinkType;

/// What packets of an interface start with, and how to ask the kernel for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// Link type of the packets.
    pub link: LinkType,
    /// The kernel hands over packets from their IP header on: the interface's own header is of no known form.
    pub from_network_header: bool,
    /// Packets that the machine sends to itself show up twice, once in each direction.
    pub loopback: bool,
}

impl Framing {
    /// By the kernel's hardware type (`ARPHRD_*`).
    #[must_use]
    pub fn of_hardware_type(kind: u16) -> Self {
        let link = match kind {
            libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => LinkType::ETHERNET,
            libc::ARPHRD_IEEE80211 => LinkType::IEEE802_11,
            libc::ARPHRD_IEEE80211_PRISM => LinkType::PRISM,
            libc::ARPHRD_IEEE80211_RADIOTAP => LinkType::RADIOTAP,
            // Tunnels, PPP, and what has no link header at all.
            _ => LinkType::RAW,
        };
        let from_network_header = link == LinkType::RAW;
        Self { link, from_network_header, loopback: kind == libc::ARPHRD_LOOPBACK }
    }
}

/// The kernel's number of an interface; `None` when there is none of this name.
#[allow(unsafe_code)]
#[must_use]
pub fn index(name: &str) -> Option<i32> {
    let name = CString::new(name).ok()?;
    // SAFETY: a terminated string that outlives the call.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    i32::try_from(index).ok().filter(|index| *index != 0)
}

/// The kernel's hardware type of an interface (`ARPHRD_*`).
#[must_use]
pub fn hardware_type(name: &str) -> Option<u16> {
    let request = ask(name, libc::SIOCGIFHWADDR)?;
    // SAFETY: of the union's members this request fills the hardware address.
    #[allow(unsafe_code)]
    let address = unsafe { request.ifr_ifru.ifru_hwaddr };
    Some(address.sa_family)
}

/// Whether the interface is up, as far as the administrator is concerned.
#[must_use]
pub fn is_up(name: &str) -> bool {
    ask(name, libc::SIOCGIFFLAGS).is_some_and(|request| {
        // SAFETY: of the union's members this request fills the flags.
        #[allow(unsafe_code)]
        let flags = unsafe { request.ifr_ifru.ifru_flags };
        i32::from(flags) & libc::IFF_UP != 0
    })
}

/// What the kernel knows of an interface. Unlike `/sys` this is about the network namespace of the process.
#[allow(unsafe_code)]
fn ask(name: &str, what: libc::c_ulong) -> Option<libc::ifreq> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // SAFETY: all fields are integers or arrays of them, for which zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.is_empty() || name.len() >= request.ifr_name.len() {
        return None;
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    // SAFETY: both requests read the name and write into the union of a live `ifreq`.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), what, &mut request) };
    (done == 0).then_some(request)
}

/// Names of all interfaces, in the kernel's order.
#[allow(unsafe_code)]
#[must_use]
pub fn names() -> Vec<String> {
    let mut names = Vec::new();
    // SAFETY: the list ends with an entry whose name is null; it is freed once, after the last look at it.
    unsafe {
        let list = libc::if_nameindex();
        let mut entry = list;
        while !entry.is_null() && !(*entry).if_name.is_null() {
            names.extend(CStr::from_ptr((*entry).if_name).to_str().map(str::to_owned));
            entry = entry.add(1);
        }
        if !list.is_null() {
            libc::if_freenameindex(list);
        }
    }
    names
}

/// A one-line attribute below `/sys/class/net/NAME`.
#[must_use]
pub fn attribute(name: &str, attribute: &str) -> Option<String> {
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return None;
    }
    let text = fs::read_to_string(Path::new("/sys/class/net").join(name).join(attribute)).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_types() {
        assert_eq!(Framing::of_hardware_type(1).link, LinkType::ETHERNET);
        assert_eq!(Framing::of_hardware_type(803).link, LinkType::RADIOTAP);
        assert!(Framing::of_hardware_type(772).loopback);
        let tunnel = Framing::of_hardware_type(778);
        assert_eq!((tunnel.link, tunnel.from_network_header), (LinkType::RAW, true));
    }

    #[test]
    fn the_loopback_is_everywhere() {
        assert!(names().contains(&"lo".to_owned()));
        assert_eq!(hardware_type("lo"), Some(libc::ARPHRD_LOOPBACK));
    }

    #[test]
    fn nobody_has_such_a_name() {
        assert_eq!((index("no such\0name"), index("airtone-none")), (None, None));
        assert_eq!((hardware_type("airtone-none"), hardware_type("longer than a name may be")), (None, None));
        assert_eq!(attribute("../../../etc", "passwd"), None);
    }
}
