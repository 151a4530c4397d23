//! Sockets that mirrors send to: UDP listeners, multicast groups, and GRE by raw socket.
//!
//! Each datagram comes with the time at which the kernel got it, the address that it was sent to, and its DSCP.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use airtone_engine::Nanos;

use super::set_option;

/// Datagrams that are taken with one system call.
const BATCH: usize = 64;
/// The longest datagram.
const LONGEST: usize = 65_536;
/// Room for what the kernel tells beside a datagram.
const CONTROL: usize = 256;
/// What is asked for as receive buffer: a second of a busy mirror.
const RECEIVE_BUFFER: i32 = 64 << 20;
/// `IPPROTO_GRE`.
const GRE: i32 = 47;

/// A datagram as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// When the kernel got it.
    pub at: Nanos,
    /// Sender; the port is 0 for raw sockets.
    pub source: SocketAddr,
    /// Receiver; the address is unspecified where the kernel does not tell it.
    pub destination: SocketAddr,
    /// Type of service or traffic class: DSCP and ECN.
    pub traffic_class: u8,
    /// Payload of UDP; from a raw IPv4 socket the IP packet, from a raw IPv6 socket what follows its headers.
    pub bytes: &'a [u8],
    /// Datagrams dropped since the one before because nobody took them.
    pub dropped: u64,
}

/// An open socket with room for a batch of datagrams.
#[derive(Debug)]
pub struct Receiver {
    socket: OwnedFd,
    port: u16,
    v6: bool,
    buffers: Vec<u8>,
    controls: Vec<u64>,
    /// The kernel's counter of drops, which wraps.
    counted: u32,
}

impl Receiver {
    /// Listens for UDP on an address; the unspecified address is all of this machine's.
    ///
    /// # Errors
    /// The kernel's.
    pub fn udp(address: SocketAddr) -> io::Result<Self> {
        let receiver = Self::open(address.ip(), libc::SOCK_DGRAM, libc::IPPROTO_UDP, address.port())?;
        receiver.bind(address)?;
        Ok(Self { port: receiver.local_port()?, ..receiver })
    }

    /// Listens for UDP to a multicast group, which [`Self::join`] joins.
    ///
    /// # Errors
    /// The kernel's.
    pub fn group(group: IpAddr, port: u16) -> io::Result<Self> {
        let receiver = Self::open(group, libc::SOCK_DGRAM, libc::IPPROTO_UDP, port)?;
        // Others may listen to the same group.
        set_option(&receiver.socket, libc::SOL_SOCKET, libc::SO_REUSEADDR, &1_i32)?;
        receiver.bind(SocketAddr::new(group, port))?;
        Ok(receiver)
    }

    /// Joins a multicast group on an interface.
    ///
    /// # Errors
    /// The kernel's.
    pub fn join(&self, group: IpAddr, interface: i32) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => {
                let request = libc::ip_mreqn {
                    imr_multiaddr: libc::in_addr { s_addr: u32::from_ne_bytes(group.octets()) },
                    imr_address: libc::in_addr { s_addr: 0 },
                    imr_ifindex: interface,
                };
                set_option(&self.socket, libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP, &request)
            }
            IpAddr::V6(group) => {
                let request = libc::ipv6_mreq {
                    ipv6mr_multiaddr: libc::in6_addr { s6_addr: group.octets() },
                    ipv6mr_interface: interface.cast_unsigned(),
                };
                set_option(&self.socket, libc::IPPROTO_IPV6, libc::IPV6_ADD_MEMBERSHIP, &request)
            }
        }
    }

    /// All GRE packets to this machine, of one IP version.
    ///
    /// # Errors
    /// The kernel's; without the right to open raw sockets `EPERM`.
    pub fn gre(v6: bool) -> io::Result<Self> {
        let any = if v6 { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
        Self::open(any, libc::SOCK_RAW, GRE, 0)
    }

    fn open(address: IpAddr, kind: i32, protocol: i32, port: u16) -> io::Result<Self> {
        let v6 = address.is_ipv6();
        let socket = socket(if v6 { libc::AF_INET6 } else { libc::AF_INET }, kind, protocol)?;
        let on = 1_i32;
        if v6 {
            if kind == libc::SOCK_DGRAM {
                set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, &on)?;
            }
            set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, &on)?;
            set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_RECVTCLASS, &on)?;
        } else {
            set_option(&socket, libc::IPPROTO_IP, libc::IP_PKTINFO, &on)?;
            set_option(&socket, libc::IPPROTO_IP, libc::IP_RECVTOS, &on)?;
        }
        set_option(&socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, &on)?;
        set_option(&socket, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, &on)?;
        // Beyond the administrator's limit only with CAP_NET_ADMIN; up to it without.
        if set_option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &RECEIVE_BUFFER).is_err() {
            set_option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, &RECEIVE_BUFFER)?;
        }
        Ok(Self {
            socket,
            port,
            v6,
            buffers: vec![0; BATCH * LONGEST],
            controls: vec![0; BATCH * CONTROL / 8],
            counted: 0,
        })
    }

    /// To wait for it together with others.
    #[must_use]
    pub fn fd(&self) -> i32 {
        self.socket.as_raw_fd()
    }

    /// The UDP port; 0 for raw sockets.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it receives over IPv6.
    #[must_use]
    pub fn is_v6(&self) -> bool {
        self.v6
    }

    /// Hands over the datagrams that are there, at most one batch; does not wait. Returns how many.
    ///
    /// # Errors
    /// The kernel's.
    #[allow(unsafe_code)]
    pub fn read(&mut self, mut each: impl FnMut(Datagram<'_>)) -> io::Result<usize> {
        // SAFETY: all of these are structures of integers and pointers, for which zero is a value.
        let mut names: [libc::sockaddr_storage; BATCH] = unsafe { std::mem::zeroed() };
        let mut vectors: [libc::iovec; BATCH] = unsafe { std::mem::zeroed() };
        let mut messages: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
        let (buffers, controls) = (self.buffers.as_mut_ptr(), self.controls.as_mut_ptr());
        for (place, message) in messages.iter_mut().enumerate() {
            // SAFETY: `place` is below BATCH, and there are BATCH pieces of each size in both buffers.
            let (buffer, control) =
                unsafe { (buffers.add(place * LONGEST), controls.add(place * CONTROL / 8)) };
            vectors[place] = libc::iovec { iov_base: buffer.cast(), iov_len: LONGEST };
            message.msg_hdr.msg_name = std::ptr::from_mut(&mut names[place]).cast();
            message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            message.msg_hdr.msg_iov = &mut vectors[place];
            message.msg_hdr.msg_iovlen = 1;
            message.msg_hdr.msg_control = control.cast();
            message.msg_hdr.msg_controllen = CONTROL;
        }
        // SAFETY: BATCH headers, each of which points to live memory of the length that it says.
        let count = unsafe {
            let none = std::ptr::null_mut();
            libc::recvmmsg(self.fd(), messages.as_mut_ptr(), BATCH as u32, libc::MSG_DONTWAIT, none)
        };
        if count < 0 {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(error),
            };
        }
        let mut dropped = 0;
        for (place, message) in messages.iter().take(count.cast_unsigned() as usize).enumerate() {
            let beside = Beside::of(&message.msg_hdr);
            if let Some(counted) = beside.counted {
                dropped += u64::from(counted.wrapping_sub(self.counted));
                self.counted = counted;
            }
            let Some(source) = address(&names[place]) else { continue };
            let start = place * LONGEST;
            let bytes = &self.buffers[start..start + (message.msg_len as usize).min(LONGEST)];
            let unspecified =
                if self.v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
            each(Datagram {
                at: beside.at.unwrap_or_else(now),
                source,
                destination: SocketAddr::new(beside.destination.unwrap_or(unspecified), self.port),
                traffic_class: beside.traffic_class,
                bytes,
                dropped: std::mem::take(&mut dropped),
            });
        }
        Ok(count.cast_unsigned() as usize)
    }

    #[allow(unsafe_code)]
    fn bind(&self, address: SocketAddr) -> io::Result<()> {
        let (storage, len) = storage(address);
        // SAFETY: a live address of the length that is said.
        let done = unsafe { libc::bind(self.fd(), std::ptr::from_ref(&storage).cast(), len) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    #[allow(unsafe_code)]
    fn local_port(&self) -> io::Result<u16> {
        // SAFETY: a structure of integers.
        let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
        let mut len = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        // SAFETY: the kernel writes at most `len` bytes into a live structure of that size.
        let done = unsafe { libc::getsockname(self.fd(), std::ptr::from_mut(&mut storage).cast(), &mut len) };
        if done < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(address(&storage).map_or(0, |address| address.port()))
    }
}

/// The time on the wall, for what the kernel does not stamp.
#[must_use]
pub fn now() -> Nanos {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// What the kernel tells beside a datagram.
#[derive(Debug, Default)]
struct Beside {
    at: Option<Nanos>,
    destination: Option<IpAddr>,
    traffic_class: u8,
    counted: Option<u32>,
}

impl Beside {
    #[allow(unsafe_code)]
    fn of(message: &libc::msghdr) -> Self {
        let mut beside = Self::default();
        // SAFETY: the macros walk the control buffer of a message that the kernel has just filled, within the length that
        // it wrote there.
        let mut header = unsafe { libc::CMSG_FIRSTHDR(message) };
        while !header.is_null() {
            // SAFETY: not null, so within the buffer; each kind of message holds the type that is read, which may lie
            // at any address.
            unsafe {
                let data = libc::CMSG_DATA(header);
                match ((*header).cmsg_level, (*header).cmsg_type) {
                    (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                        let time: libc::timespec = data.cast::<libc::timespec>().read_unaligned();
                        beside.at = Some(Nanos(time.tv_sec * Nanos::SECOND + time.tv_nsec));
                    }
                    (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                        beside.counted = Some(data.cast::<u32>().read_unaligned());
                    }
                    (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                        let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                        beside.destination = Some(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes()).into());
                    }
                    (libc::IPPROTO_IP, libc::IP_TOS) => beside.traffic_class = data.read(),
                    (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                        let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                        beside.destination = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
                    }
                    (libc::IPPROTO_IPV6, libc::IPV6_TCLASS) => {
                        beside.traffic_class = data.cast::<libc::c_int>().read_unaligned() as u8;
                    }
                    _ => {}
                }
                header = libc::CMSG_NXTHDR(message, header);
            }
        }
        beside
    }
}

#[allow(unsafe_code)]
fn socket(family: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    // SAFETY: no pointers.
    let socket = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, protocol) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a descriptor that was just opened and that nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(socket) })
}

/// The kernel's form of an address, and its length.
#[allow(unsafe_code)]
fn storage(address: SocketAddr) -> (libc::sockaddr_storage, libc::socklen_t) {
    // SAFETY: a structure of integers.
    let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
    let len = match address {
        SocketAddr::V4(v4) => {
            let form = libc::sockaddr_in {
                sin_family: libc::AF_INET as u16,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(v4.ip().octets()) },
                sin_zero: [0; 8],
            };
            // SAFETY: `sockaddr_storage` is large enough and aligned for every address.
            unsafe { std::ptr::from_mut(&mut storage).cast::<libc::sockaddr_in>().write(form) };
            size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(v6) => {
            let form = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as u16,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: v6.ip().octets() },
                sin6_scope_id: v6.scope_id(),
            };
            // SAFETY: as above.
            unsafe { std::ptr::from_mut(&mut storage).cast::<libc::sockaddr_in6>().write(form) };
            size_of::<libc::sockaddr_in6>()
        }
    };
    (storage, len as libc::socklen_t)
}

/// An address from the kernel's form; `None` for other families.
#[allow(unsafe_code)]
fn address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that this is what the storage holds.
            let form = unsafe { &*std::ptr::from_ref(storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(form.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddr::new(ip.into(), u16::from_be(form.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: likewise.
            let form = unsafe { &*std::ptr::from_ref(storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(form.sin6_addr.s6_addr);
            Some(SocketAddr::new(ip.into(), u16::from_be(form.sin6_port)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    fn exchange(local: &str) {
        let mut receiver = Receiver::udp(local.parse().unwrap()).unwrap();
        let to: SocketAddr = SocketAddr::new(local.parse::<SocketAddr>().unwrap().ip(), receiver.port());
        let sender = UdpSocket::bind(local).unwrap();
        let before = now();
        for number in 0..100_u8 {
            sender.send_to(&[number; 30], to).unwrap();
        }
        let mut got = Vec::new();
        while receiver
            .read(|datagram| {
                assert_eq!((datagram.source, datagram.destination), (sender.local_addr().unwrap(), to));
                assert!(datagram.at >= before && datagram.dropped == 0 && datagram.bytes.len() == 30);
                got.push(datagram.bytes[0]);
            })
            .unwrap()
            > 0
        {}
        assert!(got.into_iter().eq(0..100));
    }

    #[test]
    fn datagrams_come_with_their_addresses_and_times() {
        exchange("127.0.0.1:0");
        if UdpSocket::bind("[::1]:0").is_ok() {
            exchange("[::1]:0");
        }
    }

    #[test]
    fn a_port_that_is_taken() {
        let first = Receiver::udp("127.0.0.1:0".parse().unwrap()).unwrap();
        let again = Receiver::udp(SocketAddr::new("127.0.0.1".parse().unwrap(), first.port()));
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
