//! What speaks to the kernel. The only unsafe code of this crate is here, each block with its reason.

pub mod datagram;
pub mod libpcap;
pub mod link;
pub mod netlink;
pub mod power;
pub mod ring;

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use crate::failure::Failure;

/// The sentence for an operation on `what` that failed with `error`.
pub(crate) fn failure(what: &str, error: &io::Error) -> Failure {
    if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES)) {
        return Failure::new(permission(what));
    }
    Failure::new(format!("{what}: {error}."))
}

/// The sentence for a capture that is not permitted: what needs the right, and how to give it.
#[must_use]
pub fn permission(what: &str) -> String {
    format!("{what}: permission denied; {}.", crate::privileges::how_to_get_them())
}

/// Sets a socket option to a plain value.
///
/// `T` has to be the type that the kernel reads for this option.
#[allow(unsafe_code)]
fn set_option<T: Copy>(socket: &OwnedFd, level: i32, name: i32, value: &T) -> io::Result<()> {
    let len = size_of::<T>() as libc::socklen_t;
    // SAFETY: the pointer and length are those of a live value, which the kernel only reads.
    let done =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, std::ptr::from_ref(value).cast(), len) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Attaches a classic BPF program: only packets that it accepts reach the socket.
#[allow(unsafe_code)]
fn attach_filter(socket: &OwnedFd, program: &[crate::filter::Instruction]) -> io::Result<()> {
    let mut code: Vec<libc::sock_filter> =
        program.iter().map(|i| libc::sock_filter { code: i.code, jt: i.jt, jf: i.jf, k: i.k }).collect();
    let len = u16::try_from(code.len()).map_err(io::Error::other)?;
    let fprog = libc::sock_fprog { len, filter: code.as_mut_ptr() };
    set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &fprog)
}

/// Waits up to `wait` for the socket. True when there is something to read, or an error to fetch.
#[allow(unsafe_code)]
pub(crate) fn wait_for(sockets: &[i32], wait: std::time::Duration) -> io::Result<bool> {
    let mut polled: Vec<libc::pollfd> =
        sockets.iter().map(|fd| libc::pollfd { fd: *fd, events: libc::POLLIN, revents: 0 }).collect();
    // Rounded up, so that a wait below a millisecond does not become a busy loop.
    let millis = i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
    // SAFETY: the array is alive and as long as is said; the kernel writes into `revents` only.
    let ready = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, millis) };
    if ready >= 0 {
        return Ok(ready > 0);
    }
    let error = io::Error::last_os_error();
    // A signal: the caller looks at what it meant.
    if error.kind() == io::ErrorKind::Interrupted { Ok(false) } else { Err(error) }
}

/// The error that is pending on a socket; `None` for none. Fetching it clears it.
#[allow(unsafe_code)]
fn pending_error(socket: &OwnedFd) -> Option<i32> {
    let mut error: libc::c_int = 0;
    let mut len = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes into a live integer of that size.
    let done = unsafe {
        let value = std::ptr::from_mut(&mut error).cast();
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_ERROR, value, &mut len)
    };
    (done == 0 && error != 0).then_some(error)
}
