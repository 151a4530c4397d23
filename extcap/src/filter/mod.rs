//! Capture filters: classic BPF programs.

/// An instruction of classic BPF, as the kernel and libpcap define it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
