//! Inputs that wait for mirrors: UDP ports, multicast groups, GRE, and HEP over TCP.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use super::outlet::Outlet;
use super::settings::{Address, Expected, Settings};
use super::unpack::{Arrived, Unpack};
use crate::failure::Failure;
use crate::source::Sink;
use crate::sys;
use crate::sys::datagram::{Datagram, Receiver, now};

/// Batches that are taken before others have their turn.
const BATCHES: usize = 16;
/// Senders of HEP over TCP at once.
const MAX_STREAMS: usize = 256;
/// The longest HEP message, by its length field.
const LONGEST: usize = 65_536;

/// Datagram sockets under one name.
#[derive(Debug)]
pub struct Listener {
    receivers: Vec<Receiver>,
    unpack: Unpack,
}

impl Listener {
    /// Listens on a UDP port.
    pub fn udp(address: Address, settings: &Settings, outlet: &mut Outlet) -> Result<Self, Failure> {
        let label = address.label("udp");
        let receivers = match (address.group, address.ip) {
            (Some(group), _) => vec![join(group, &address, &label)?],
            (None, Some(ip)) => vec![bind(SocketAddr::new(ip, address.port), &label)?],
            (None, None) => {
                let v4 = bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port), &label)?;
                // A machine without IPv6 has none to listen on.
                let port = v4.port();
                let v6 = Receiver::udp(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)).ok();
                [Some(v4), v6].into_iter().flatten().collect()
            }
        };
        Ok(Self { receivers, unpack: Unpack::new(&label, settings.expected, settings.decapsulate, outlet) })
    }

    /// Takes all GRE that is sent to this machine.
    pub fn gre(settings: &Settings, outlet: &mut Outlet) -> Result<Self, Failure> {
        let v4 =
            Receiver::gre(false).map_err(|error| sys::failure("Listening for GRE and ERSPAN", &error))?;
        let receivers = [Some(v4), Receiver::gre(true).ok()].into_iter().flatten().collect();
        Ok(Self { receivers, unpack: Unpack::new("gre", Expected::Any, settings.decapsulate, outlet) })
    }

    /// What to wait for.
    pub fn descriptors(&self) -> impl Iterator<Item = i32> + '_ {
        self.receivers.iter().map(Receiver::fd)
    }

    /// Takes what is there.
    pub fn read(&mut self, outlet: &mut Outlet, sink: &mut dyn Sink) -> io::Result<()> {
        let Self { receivers, unpack } = self;
        for receiver in receivers {
            let raw = receiver.port() == 0;
            for _ in 0..BATCHES {
                let count = receiver.read(|datagram| {
                    unpack.dropped(datagram.dropped, outlet);
                    match raw {
                        true => gre(unpack, &datagram, outlet, sink),
                        false => unpack.datagram(&arrived(&datagram), outlet, sink),
                    }
                })?;
                if count == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Adds what is lost and not told yet.
    pub fn settle(&mut self, counters: &mut [crate::source::Counters]) {
        self.unpack.settle(counters);
    }
}

fn arrived<'a>(datagram: &Datagram<'a>) -> Arrived<'a> {
    let Datagram { at, source, destination, traffic_class, bytes, .. } = *datagram;
    Arrived { at, source, destination, traffic_class, bytes }
}

/// From a raw IPv4 socket packets come with their IP header.
fn gre(unpack: &mut Unpack, datagram: &Datagram<'_>, outlet: &mut Outlet, sink: &mut dyn Sink) {
    let mut arrived = arrived(datagram);
    if datagram.source.is_ipv4() {
        let header = 4 * usize::from(datagram.bytes.first().map_or(0, |first| first & 0x0f));
        arrived.bytes = datagram.bytes.get(header..).unwrap_or_default();
        // The kernel tells the interface's address, which for a group is not the packet's.
        if let Some(octets) = datagram.bytes.get(16..20).and_then(|bytes| bytes.first_chunk::<4>()) {
            arrived.destination.set_ip(IpAddr::V4(Ipv4Addr::from(*octets)));
        }
    }
    unpack.gre(&arrived, outlet, sink);
}

fn bind(address: SocketAddr, label: &str) -> Result<Receiver, Failure> {
    Receiver::udp(address).map_err(|error| refused(label, &error))
}

/// The sentence for a port that cannot be listened to.
fn refused(label: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::AddrInUse => Failure::new(format!(
            "{label}: the port is in use by another program; choose another port or stop that program."
        )),
        io::ErrorKind::AddrNotAvailable => {
            Failure::new(format!("{label}: this machine does not have that address."))
        }
        io::ErrorKind::PermissionDenied => Failure::new(format!(
            "{label}: permission denied; ports below 1024 are for privileged programs: choose a higher one."
        )),
        _ => sys::failure(&format!("Listening on {label}"), error),
    }
}

/// Joins on the interface that was named, or on every one that is up: which of them the group comes in by is not known.
fn join(group: IpAddr, address: &Address, label: &str) -> Result<Receiver, Failure> {
    let receiver = Receiver::group(group, address.port).map_err(|error| refused(label, &error))?;
    let names = match &address.interface {
        Some(name) => vec![name.clone()],
        None => sys::link::names().into_iter().filter(|name| sys::link::is_up(name)).collect(),
    };
    let mut last = None;
    let mut joined = 0;
    for name in names {
        let Some(index) = sys::link::index(&name) else {
            return Err(Failure::new(format!(
                "There is no network interface named {name:?} on this machine."
            )));
        };
        match receiver.join(group, index) {
            Ok(()) => joined += 1,
            Err(error) => last = Some(error),
        }
    }
    match (joined, last) {
        (0, Some(error)) => Err(sys::failure(&format!("Joining the multicast group {group}"), &error)),
        (0, None) => {
            Err(Failure::new(format!("No network interface is up to join the multicast group {group} on.")))
        }
        _ => Ok(receiver),
    }
}

/// HEP over TCP.
#[derive(Debug)]
pub struct Streams {
    listener: TcpListener,
    label: String,
    streams: Vec<Stream>,
    unpack: Unpack,
    chunk: Vec<u8>,
}

/// One sender.
#[derive(Debug)]
struct Stream {
    socket: TcpStream,
    peer: SocketAddr,
    local: SocketAddr,
    buffer: Vec<u8>,
}

impl Streams {
    /// Listens on a TCP port.
    pub fn tcp(address: Address, settings: &Settings, outlet: &mut Outlet) -> Result<Self, Failure> {
        let label = address.label("tcp");
        let v6 = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), address.port);
        let v4 = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port);
        let bound = match address.ip {
            Some(ip) => TcpListener::bind(SocketAddr::new(ip, address.port)),
            // Linux gives a socket for all of IPv6 the whole of IPv4 too.
            None => TcpListener::bind(v6).or_else(|_| TcpListener::bind(v4)),
        };
        let listener = bound.and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
        let listener = listener.map_err(|error| refused(&label, &error))?;
        let expected = Expected::Format(airtone_engine::decode::peel::Format::Hep);
        let unpack = Unpack::new(&label, expected, settings.decapsulate, outlet);
        Ok(Self { listener, label, streams: Vec::new(), unpack, chunk: vec![0; LONGEST] })
    }

    /// What to wait for.
    pub fn descriptors(&self) -> impl Iterator<Item = i32> + '_ {
        let streams = self.streams.iter().map(|stream| stream.socket.as_raw_fd());
        std::iter::once(self.listener.as_raw_fd()).chain(streams)
    }

    /// Takes what is there.
    pub fn read(&mut self, outlet: &mut Outlet, sink: &mut dyn Sink) {
        self.accept(sink);
        let Self { label, streams, unpack, chunk, .. } = self;
        streams.retain_mut(|stream| {
            let open = stream.fill(chunk);
            let sound = stream.cut(|stream, message| {
                let (source, destination) = (stream.0, stream.1);
                let arrived = Arrived { at: now(), source, destination, traffic_class: 0, bytes: message };
                unpack.datagram(&arrived, outlet, sink);
            });
            if !sound {
                sink.log(&format!("{label}: {} sends no HEP; its connection is closed.", stream.peer));
            }
            open && sound
        });
    }

    fn accept(&mut self, sink: &mut dyn Sink) {
        while let Ok((socket, peer)) = self.listener.accept() {
            let Ok(local) = socket.local_addr() else { continue };
            if self.streams.len() >= MAX_STREAMS || socket.set_nonblocking(true).is_err() {
                sink.log(&format!("{}: {peer} is refused, {MAX_STREAMS} others are connected.", self.label));
                continue;
            }
            let plain = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
            self.streams.push(Stream { socket, peer: plain(peer), local: plain(local), buffer: Vec::new() });
        }
    }

    /// Adds what is lost and not told yet.
    pub fn settle(&mut self, counters: &mut [crate::source::Counters]) {
        self.unpack.settle(counters);
    }
}

impl Stream {
    /// Reads what is there. False when the sender has closed.
    fn fill(&mut self, chunk: &mut [u8]) -> bool {
        for _ in 0..BATCHES {
            match self.socket.read(chunk) {
                Ok(0) => return false,
                Ok(len) => self.buffer.extend_from_slice(&chunk[..len]),
                Err(error) => {
                    return matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted);
                }
            }
        }
        true
    }

    /// Cuts off whole messages. False when what is there is no HEP.
    fn cut(&mut self, mut each: impl FnMut((SocketAddr, SocketAddr), &[u8])) -> bool {
        let mut rest = &self.buffer[..];
        let sound = loop {
            let known = rest.len().min(4);
            if rest[..known] != b"HEP3"[..known] {
                break false;
            }
            let Some(len) = rest.get(4..6).map(|len| usize::from(u16::from_be_bytes([len[0], len[1]])))
            else {
                break true;
            };
            match rest.split_at_checked(len) {
                _ if len < 6 => break false,
                None => break true,
                Some((message, more)) => {
                    each((self.peer, self.local), message);
                    rest = more;
                }
            }
        };
        let done = self.buffer.len() - rest.len();
        self.buffer.drain(..done);
        sound
    }
}
