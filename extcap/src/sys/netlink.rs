//! A netlink socket: bytes out, datagrams in, groups, waiting. What they mean is no matter of this module.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// Options of `SOL_NETLINK`, from `linux/netlink.h`.
const ADD_MEMBERSHIP: libc::c_int = 1;
const CAP_ACK: libc::c_int = 10;
const EXT_ACK: libc::c_int = 11;

/// The families of netlink that are spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Links, addresses and routes.
    Route,
    /// Generic netlink: nl80211.
    Generic,
}

/// An open socket. It is closed at exec, so no child keeps alive what the kernel ties to it.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
}

impl Socket {
    /// Opens a socket that asks for the kernel's own words about errors.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open(family: Family) -> io::Result<Self> {
        let protocol = match family {
            Family::Route => libc::NETLINK_ROUTE,
            Family::Generic => libc::NETLINK_GENERIC,
        };
        // SAFETY: no pointers are passed; the result is checked below.
        let fd = unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just opened and nobody else has it.
        let socket = Self { fd: unsafe { OwnedFd::from_raw_fd(fd) } };
        // Kernels before 4.12 know neither and answer without words.
        let _ = socket.set(EXT_ACK, 1);
        let _ = socket.set(CAP_ACK, 1);
        Ok(socket)
    }

    /// Joins a multicast group.
    ///
    /// # Errors
    /// The kernel's.
    pub fn join(&self, group: u32) -> io::Result<()> {
        self.set(ADD_MEMBERSHIP, group)
    }

    fn set(&self, option: libc::c_int, value: u32) -> io::Result<()> {
        let size = size_of::<u32>() as libc::socklen_t;
        // SAFETY: the pointer is to a live u32 and the size is its size.
        let done = unsafe {
            libc::setsockopt(self.fd.as_raw_fd(), libc::SOL_NETLINK, option, (&raw const value).cast(), size)
        };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Sends messages to the kernel.
    ///
    /// # Errors
    /// The kernel's.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        // SAFETY: pointer and length are those of one live slice, which the call only reads.
        let sent = unsafe { libc::send(self.fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), 0) };
        match usize::try_from(sent) {
            Ok(sent) if sent == bytes.len() => Ok(()),
            Ok(_) => Err(io::Error::new(io::ErrorKind::WriteZero, "the kernel took a part of a message")),
            Err(_) => Err(io::Error::last_os_error()),
        }
    }

    /// The next datagram, or `None` when none came within `wait`. A datagram larger than `buffer` is cut.
    ///
    /// # Errors
    /// The kernel's; `ENOBUFS` when it had to drop events.
    pub fn receive<'a>(&self, buffer: &'a mut [u8], wait: Duration) -> io::Result<Option<&'a [u8]>> {
        if !self.is_readable(wait)? {
            return Ok(None);
        }
        // SAFETY: pointer and length are those of one live slice that nobody else borrows.
        let got = unsafe {
            libc::recv(self.fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT)
        };
        match usize::try_from(got) {
            Ok(length) => Ok(buffer.get(..length)),
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                error => Err(error),
            },
        }
    }

    fn is_readable(&self, wait: Duration) -> io::Result<bool> {
        let mut poll = libc::pollfd { fd: self.fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let wait = libc::c_int::try_from(wait.as_millis()).unwrap_or(libc::c_int::MAX);
        // SAFETY: one pollfd, alive during the call.
        let ready = unsafe { libc::poll(&raw mut poll, 1, wait) };
        match ready {
            0 => Ok(false),
            1.. => Ok(true),
            _ => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => Ok(false),
                error => Err(error),
            },
        }
    }
}
