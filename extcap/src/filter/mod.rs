//! Capture filters: compiled by libpcap to classic BPF, run by the kernel or, on packets that were taken out of a
//! mirror, here.

mod run;

use airtone_engine::LinkType;

use crate::failure::Failure;
use crate::sys::libpcap;

pub use run::run;

/// An instruction of classic BPF, as the kernel and libpcap define it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// Operation.
    pub code: u16,
    /// Instructions to skip where the comparison holds.
    pub jt: u8,
    /// Instructions to skip where it does not.
    pub jf: u8,
    /// Operand.
    pub k: u32,
}

/// Returns a constant: how many bytes of the packet are wanted.
const RETURN_CONSTANT: u16 = 0x06;

impl Instruction {
    /// Accepts the packet, of which `snaplen` bytes are wanted.
    #[must_use]
    pub fn accept(snaplen: u32) -> Self {
        Self { code: RETURN_CONSTANT, jt: 0, jf: 0, k: snaplen }
    }

    /// The same with `snaplen` bytes of a packet wanted where this one accepts it.
    #[must_use]
    pub fn with_snaplen(self, snaplen: u32) -> Self {
        if self.code == RETURN_CONSTANT && self.k != 0 { Self { k: snaplen, ..self } } else { self }
    }
}

/// Compiles a filter for packets of a link type. An empty filter gives an empty program.
///
/// # Errors
/// What is wrong with it, in one sentence; or that libpcap is missing.
pub fn compile(filter: &str, link: LinkType) -> Result<Vec<Instruction>, Failure> {
    match filter.trim() {
        "" => Ok(Vec::new()),
        filter => libpcap::compile(filter, dlt(link)),
    }
}

/// Which packets of one interface a capture filter lets pass.
#[derive(Debug)]
pub enum Program {
    /// All: there is no filter, or the kernel has chosen already.
    All,
    /// Those that this accepts.
    Run(Vec<Instruction>),
    /// None: the filter has no meaning for such packets.
    Nothing,
}

impl Program {
    /// A filter, which has been checked, for packets of a link type.
    #[must_use]
    pub fn new(filter: &str, link: LinkType) -> Self {
        match compile(filter, link) {
            Ok(program) if program.is_empty() => Self::All,
            Ok(program) => Self::Run(program),
            Err(_) => Self::Nothing,
        }
    }

    /// Whether a packet passes; `orig_len` is its length on the wire.
    #[must_use]
    pub fn passes(&self, bytes: &[u8], orig_len: u32) -> bool {
        match self {
            Self::All => true,
            Self::Run(program) => run(program, bytes, orig_len) > 0,
            Self::Nothing => false,
        }
    }
}

/// Checks a filter for an interface whose packets may have any of these link types: it has to fit one of them.
///
/// # Errors
/// What is wrong with it for the first, in one sentence; or that libpcap is missing.
pub fn check(filter: &str, links: &[LinkType]) -> Result<(), Failure> {
    let mut first = None;
    for link in links {
        match compile(filter, *link) {
            Ok(_) => return Ok(()),
            Err(error) => first = first.or(Some(error)),
        }
    }
    first.map_or(Ok(()), Err)
}

/// A filter with VLAN tags in it: the kernel sees packets of an interface without the tag that the interface took off,
/// so such a filter has to run on packets that have it back.
#[must_use]
pub fn names_tags(filter: &str) -> bool {
    filter.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "vlan" | "qinq"))
}

/// libpcap's number of a link type on this system; raw IP is the one that differs.
fn dlt(link: LinkType) -> i32 {
    match link {
        LinkType::RAW => 12,
        LinkType(number) => i32::from(number),
    }
}
