//! Packets of a network interface through a ring that the kernel fills (`AF_PACKET`, `TPACKET_V3`).
//!
//! The kernel writes packets into blocks and hands over a whole block at a time, when it is full or 20 ms after its
//! first packet. Reading copies nothing, and costs a system call only when there is nothing to read.

mod layout;

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use airtone_engine::LinkType;

use super::link::{self, Framing};
use super::{attach_filter, failure, pending_error, set_option, wait_for};
use crate::failure::Failure;
use crate::filter::Instruction;
use crate::source::Counters;

pub use layout::Captured;

/// Bytes of a block; a packet has to fit.
const BLOCK: usize = 1 << 20;
/// Blocks of a ring, and the least that is still worth to try when the kernel has no room.
const BLOCKS: usize = 64;
const FEWEST_BLOCKS: usize = 4;
/// Milliseconds after which the kernel hands over a block that is not full.
const RETIRE_MS: u32 = 20;
/// Granularity of the ring; says nothing about the size of packets.
const FRAME: usize = 2048;

/// What to capture, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings<'a> {
    /// Also packets that are for others, as on a mirror port.
    pub promiscuous: bool,
    /// Most bytes of a packet that are captured; 0 for all.
    pub snaplen: u32,
    /// Only packets that this program accepts; empty for all.
    pub filter: &'a [Instruction],
    /// Time from the interface's own clock, where it stamps packets.
    pub hardware_time: bool,
}

/// An open ring. Closing it takes back promiscuous mode.
#[derive(Debug)]
pub struct Ring {
    socket: OwnedFd,
    memory: NonNull<u8>,
    blocks: usize,
    /// The block that the kernel hands over next.
    next: usize,
    name: String,
    index: i32,
    framing: Framing,
    counters: Counters,
    /// Dropped and not yet told with a packet.
    untold: u64,
    /// Packets whose VLAN tag is put back.
    scratch: Vec<u8>,
}

// SAFETY: the mapping belongs to this value alone, and nothing of it is bound to a thread.
#[allow(unsafe_code)]
unsafe impl Send for Ring {}

impl Ring {
    /// Opens a ring on the interface `name`.
    ///
    /// # Errors
    /// One sentence: the interface does not exist or is down, no permission, no memory, the filter is refused.
    pub fn open(name: &str, settings: &Settings<'_>) -> Result<Self, Failure> {
        let (Some(index), Some(kind)) = (link::index(name), link::hardware_type(name)) else {
            return Err(Failure::new(format!(
                "There is no network interface named {name:?} on this machine."
            )));
        };
        let framing = Framing::of_hardware_type(kind);
        let told = |error: io::Error| failure(&format!("Capturing on {name}"), &error);
        let socket = open_socket(framing).map_err(told)?;
        set_option(
            &socket,
            libc::SOL_PACKET,
            libc::PACKET_VERSION,
            &(libc::tpacket_versions::TPACKET_V3 as i32),
        )
        .map_err(told)?;
        if settings.hardware_time {
            // Harmless where the interface has no clock: the kernel stamps the packets then.
            let flags = libc::SOF_TIMESTAMPING_RAW_HARDWARE.cast_signed();
            set_option(&socket, libc::SOL_PACKET, libc::PACKET_TIMESTAMP, &flags).map_err(told)?;
        }
        if framing.loopback {
            // Each packet would be seen leaving and arriving, and drops be counted twice. Kernels before 4.20 refuse, and
            // `packet` leaves out what they hand over all the same.
            let _ = set_option(&socket, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, &1_i32);
        }
        let blocks = make_ring(&socket).map_err(told)?;
        let memory = map(&socket, blocks).map_err(told)?;
        let ring = Self {
            socket,
            memory,
            blocks,
            next: 0,
            name: name.to_owned(),
            index,
            framing,
            counters: Counters::default(),
            untold: 0,
            scratch: Vec::new(),
        };
        ring.set_filter(settings)?;
        ring.bind(settings.promiscuous).map_err(told)?;
        if !link::is_up(name) {
            return Err(Failure::new(format!(
                "The network interface {name} is down; bring it up with `ip link set {name} up`."
            )));
        }
        Ok(ring)
    }

    /// What packets start with.
    #[must_use]
    pub fn link(&self) -> LinkType {
        self.framing.link
    }

    /// To wait for the ring together with others.
    #[must_use]
    pub fn fd(&self) -> i32 {
        self.socket.as_raw_fd()
    }

    /// Hands over the packets that are there, at most those of one lap of the ring; waits up to `wait` when there are
    /// none. Returns how many.
    ///
    /// # Errors
    /// One sentence when the interface has gone or went down. What it received before has been handed over.
    pub fn read(&mut self, wait: Duration, mut each: impl FnMut(Captured<'_>)) -> Result<usize, Failure> {
        if !self.is_ready() {
            let told = |error: io::Error| failure(&format!("Capturing on {}", self.name), &error);
            let ready = wait_for(&[self.socket.as_raw_fd()], wait).map_err(told)?;
            if ready && !self.is_ready() {
                self.check()?;
            }
        }
        let mut packets = 0;
        for _ in 0..self.blocks {
            if !self.is_ready() {
                break;
            }
            packets += self.block(&mut each);
        }
        self.count();
        Ok(packets)
    }

    /// Packets since the ring was opened.
    pub fn statistics(&mut self) -> Counters {
        self.count();
        self.counters
    }

    /// Hands over the packets of the block that comes next, and the block back to the kernel.
    fn block(&mut self, each: &mut impl FnMut(Captured<'_>)) -> usize {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut untold = std::mem::take(&mut self.untold);
        let mut given = 0;
        for packet in layout::packets(self.bytes()) {
            if let Some(captured) = layout::captured(packet, self.framing, &mut scratch) {
                each(Captured { dropped: std::mem::take(&mut untold), ..captured });
                given += 1;
            }
        }
        self.release();
        (self.scratch, self.untold) = (scratch, untold);
        given
    }

    fn set_filter(&self, settings: &Settings<'_>) -> Result<(), Failure> {
        let snaplen = if settings.snaplen == 0 { u32::MAX } else { settings.snaplen };
        let all = [Instruction::accept(snaplen)];
        let program: Vec<Instruction> = match settings.filter {
            [] if settings.snaplen == 0 => return Ok(()),
            [] => all.to_vec(),
            given => given.iter().map(|instruction| instruction.with_snaplen(snaplen)).collect(),
        };
        attach_filter(&self.socket, &program).map_err(|error| {
            Failure::new(format!("The kernel refuses the capture filter on {}: {error}.", self.name))
        })
    }

    /// From here on packets arrive: the filter is in place.
    #[allow(unsafe_code)]
    fn bind(&self, promiscuous: bool) -> io::Result<()> {
        if promiscuous {
            let request = libc::packet_mreq {
                mr_ifindex: self.index,
                mr_type: libc::PACKET_MR_PROMISC as u16,
                mr_alen: 0,
                mr_address: [0; 8],
            };
            set_option(&self.socket, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)?;
        }
        // SAFETY: all fields of the address are integers, for which zero is a value.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        address.sll_ifindex = self.index;
        let len = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: a live address of the length that is said.
        let done = unsafe { libc::bind(self.socket.as_raw_fd(), std::ptr::from_ref(&address).cast(), len) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Why the socket woke although no block is ready.
    fn check(&self) -> Result<(), Failure> {
        match pending_error(&self.socket) {
            None => Ok(()),
            Some(libc::ENETDOWN) if link::index(&self.name) != Some(self.index) => {
                Err(Failure::new(format!("The network interface {} has gone while capturing.", self.name)))
            }
            Some(libc::ENETDOWN) => {
                Err(Failure::new(format!("The network interface {} went down while capturing.", self.name)))
            }
            Some(code) => {
                Err(failure(&format!("Capturing on {}", self.name), &io::Error::from_raw_os_error(code)))
            }
        }
    }

    /// Adds up what the kernel counted since it was last asked: asking resets its counters.
    #[allow(unsafe_code)]
    fn count(&mut self) {
        let mut counted = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        let mut len = size_of::<libc::tpacket_stats_v3>() as libc::socklen_t;
        // SAFETY: the kernel writes at most `len` bytes into a live structure of that size.
        let done = unsafe {
            let value = std::ptr::from_mut(&mut counted).cast();
            libc::getsockopt(self.fd(), libc::SOL_PACKET, libc::PACKET_STATISTICS, value, &mut len)
        };
        if done == 0 {
            // Includes the dropped ones.
            self.counters.received += u64::from(counted.tp_packets);
            self.counters.dropped += u64::from(counted.tp_drops);
            self.untold += u64::from(counted.tp_drops);
        }
    }

    /// The word by which kernel and reader hand the next block to each other.
    #[allow(unsafe_code)]
    fn status(&self) -> &AtomicU32 {
        // SAFETY: `next` is below `blocks`, so the word lies within the mapping, which lives as long as `self`; blocks
        // start at pages, so it is aligned; the kernel, too, writes it as one word.
        unsafe { &*self.memory.as_ptr().add(self.next * BLOCK + layout::BLOCK_STATUS).cast::<AtomicU32>() }
    }

    fn is_ready(&self) -> bool {
        self.status().load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    /// The next block, which has to be ready.
    #[allow(unsafe_code)]
    fn bytes(&self) -> &[u8] {
        debug_assert!(self.is_ready());
        // SAFETY: within the mapping as above. A block that is ready is not written to until `release`, which takes
        // `&mut self` and so ends this borrow. (Its status word is read here and nowhere else but as an atomic.)
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(self.next * BLOCK), BLOCK) }
    }

    /// Gives the next block back to the kernel and moves on.
    fn release(&mut self) {
        self.status().store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.next = (self.next + 1) % self.blocks;
    }
}

impl Drop for Ring {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the mapping of this length was made by `map`, and nothing borrows from it any more.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), self.blocks * BLOCK) };
    }
}

/// A socket that gets no packets yet.
#[allow(unsafe_code)]
fn open_socket(framing: Framing) -> io::Result<OwnedFd> {
    let kind = if framing.from_network_header { libc::SOCK_DGRAM } else { libc::SOCK_RAW };
    // SAFETY: no pointers.
    let socket = unsafe { libc::socket(libc::AF_PACKET, kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a descriptor that was just opened and that nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(socket) })
}

/// Has the kernel make a ring of as many blocks as it has room for. Returns their number.
fn make_ring(socket: &OwnedFd) -> io::Result<usize> {
    let mut blocks = BLOCKS;
    loop {
        let request = libc::tpacket_req3 {
            tp_block_size: BLOCK as u32,
            tp_block_nr: blocks as u32,
            tp_frame_size: FRAME as u32,
            tp_frame_nr: (blocks * (BLOCK / FRAME)) as u32,
            tp_retire_blk_tov: RETIRE_MS,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        match set_option(socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &request) {
            Ok(()) => return Ok(blocks),
            Err(error) if error.raw_os_error() == Some(libc::ENOMEM) && blocks > FEWEST_BLOCKS => blocks /= 2,
            Err(error) => return Err(error),
        }
    }
}

#[allow(unsafe_code)]
fn map(socket: &OwnedFd, blocks: usize) -> io::Result<NonNull<u8>> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at a place of the kernel's choice; no memory of ours is touched.
    let memory = unsafe {
        libc::mmap(std::ptr::null_mut(), blocks * BLOCK, access, libc::MAP_SHARED, socket.as_raw_fd(), 0)
    };
    if memory == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(memory.cast()).ok_or_else(|| io::Error::other("the ring was mapped at address 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_such_interface() {
        let error = Ring::open("airtone-none", &Settings::default()).unwrap_err();
        assert_eq!(error.0, "There is no network interface named \"airtone-none\" on this machine.");
    }
}
