//! Runs a classic BPF program over a packet.

use super::Instruction;

/// Scratch cells of the machine.
const CELLS: usize = 16;

/// How many bytes of the packet are wanted, 0 for none. `wire_len`: its length before anybody cut it. A program that
/// reads beyond the packet, divides by zero or does not end wants nothing, as in the kernel.
#[must_use]
pub fn run(program: &[Instruction], packet: &[u8], wire_len: u32) -> u32 {
    let mut machine = Machine { a: 0, x: 0, cells: [0; CELLS] };
    let mut at = 0;
    // Jumps only lead forward, so a program has ended after as many steps as it has instructions.
    for _ in 0..program.len() {
        let Some(instruction) = program.get(at) else { return 0 };
        at += 1;
        match machine.step(*instruction, packet, wire_len) {
            Step::Next => {}
            Step::Skip(count) => at += count as usize,
            Step::Return(wanted) => return wanted,
        }
    }
    0
}

enum Step {
    Next,
    Skip(u32),
    Return(u32),
}

struct Machine {
    a: u32,
    x: u32,
    cells: [u32; CELLS],
}

impl Machine {
    fn step(&mut self, instruction: Instruction, packet: &[u8], wire_len: u32) -> Step {
        let Instruction { code, jt, jf, k } = instruction;
        let done = match code & 0x07 {
            0x00 => self.load(code, k, packet, wire_len).map(|value| self.a = value),
            0x01 => self.load_index(code, k, packet, wire_len).map(|value| self.x = value),
            0x02 => self.store(k, self.a),
            0x03 => self.store(k, self.x),
            0x04 => self.calculate(code, k).map(|value| self.a = value),
            0x05 => return self.jump(code, jt, jf, k),
            0x06 => return Step::Return(if code & 0x18 == 0x10 { self.a } else { k }),
            _ => {
                if code & 0xf8 == 0x80 {
                    self.a = self.x;
                } else {
                    self.x = self.a;
                }
                Some(())
            }
        };
        done.map_or(Step::Return(0), |()| Step::Next)
    }

    fn load(&self, code: u16, k: u32, packet: &[u8], wire_len: u32) -> Option<u32> {
        match code & 0xe0 {
            0x00 => Some(k),
            0x20 => word(packet, k, code & 0x18),
            0x40 => word(packet, self.x.checked_add(k)?, code & 0x18),
            0x60 => self.cells.get(k as usize).copied(),
            0x80 => Some(wire_len),
            _ => None,
        }
    }

    fn load_index(&self, code: u16, k: u32, packet: &[u8], wire_len: u32) -> Option<u32> {
        match code & 0xe0 {
            0x00 => Some(k),
            0x60 => self.cells.get(k as usize).copied(),
            0x80 => Some(wire_len),
            // Length of an IPv4 header.
            0xa0 => packet.get(k as usize).map(|byte| u32::from(byte & 0x0f) << 2),
            _ => None,
        }
    }

    fn store(&mut self, k: u32, value: u32) -> Option<()> {
        *self.cells.get_mut(k as usize)? = value;
        Some(())
    }

    fn calculate(&self, code: u16, k: u32) -> Option<u32> {
        let (a, operand) = (self.a, if code & 0x08 != 0 { self.x } else { k });
        Some(match code & 0xf0 {
            0x00 => a.wrapping_add(operand),
            0x10 => a.wrapping_sub(operand),
            0x20 => a.wrapping_mul(operand),
            0x30 => a.checked_div(operand)?,
            0x40 => a | operand,
            0x50 => a & operand,
            0x60 => a.checked_shl(operand).unwrap_or(0),
            0x70 => a.checked_shr(operand).unwrap_or(0),
            0x80 => a.wrapping_neg(),
            0x90 => a.checked_rem(operand)?,
            0xa0 => a ^ operand,
            _ => return None,
        })
    }

    fn jump(&self, code: u16, jt: u8, jf: u8, k: u32) -> Step {
        let operand = if code & 0x08 != 0 { self.x } else { k };
        let holds = match code & 0xf0 {
            0x00 => return Step::Skip(k),
            0x10 => self.a == operand,
            0x20 => self.a > operand,
            0x30 => self.a >= operand,
            0x40 => self.a & operand != 0,
            _ => return Step::Return(0),
        };
        Step::Skip(u32::from(if holds { jt } else { jf }))
    }
}

/// A big-endian number of four, two or one bytes, by the size bits of the operation.
fn word(packet: &[u8], at: u32, size: u16) -> Option<u32> {
    let bytes = packet.get(at as usize..)?;
    match size {
        0x00 => bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)),
        0x08 => bytes.first_chunk().map(|bytes| u16::from_be_bytes(*bytes).into()),
        0x10 => bytes.first().copied().map(u32::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use airtone_engine::LinkType;

    use super::*;
    use crate::filter::{check, compile};
    use crate::sys::libpcap;

    const FILTERS: [&str; 12] = [
        "udp",
        "udp port 5060 or udp[8] & 0xc0 == 0x80",
        "tcp port 5060",
        "ip6",
        "host 127.0.0.1 and not port 5060",
        "udp portrange 10000-40000",
        "greater 200",
        "ip[6:2] & 0x1fff == 0 and ip proto 17",
        "vlan 12 and udp",
        "ether[12:2] = 0x0800 and ip[2:2] - ((ip[0] & 0xf) << 2) > 100",
        "ip[8] / 2 > 31 or ip[8] % 3 = 1",
        "len > 100 && !(arp or icmp)",
    ];

    /// Our verdicts are those of libpcap's interpreter on every packet of the recorded captures, whole and cut.
    #[test]
    fn verdicts_are_libpcaps() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/captures");
        let (mut compared, mut accepted) = (0, 0);
        for filter in FILTERS {
            let Ok(program) = compile(filter, LinkType::ETHERNET) else { panic!("{filter}") };
            for capture in ["sipp-hold", "sipp-tcp", "sipp-ipv6", "baresip-opus"] {
                let mut input =
                    airtone_capture::Input::open(&[format!("{folder}/{capture}.pcapng").into()]).unwrap();
                while let Some(record) = input.next().unwrap() {
                    let airtone_capture::Record::Packet(packet) = record else { continue };
                    for len in [packet.bytes.len(), packet.bytes.len().min(40), packet.bytes.len().min(13)] {
                        let bytes = &packet.bytes[..len];
                        let ours = run(&program, bytes, packet.orig_len);
                        assert_eq!(Some(ours), libpcap::run(&program, bytes, packet.orig_len), "{filter}");
                        (compared, accepted) = (compared + 1, accepted + u32::from(ours > 0));
                    }
                }
            }
        }
        assert!(compared > 10_000 && accepted > 1_000, "{accepted} of {compared}");
    }

    #[test]
    fn broken_filters_are_told_in_a_sentence() {
        let links = [LinkType::ETHERNET, LinkType::RADIOTAP];
        assert_eq!(check("", &links), Ok(()));
        assert_eq!(check("wlan type mgt", &links), Ok(()));
        let told = check("udp prot 5060", &links).unwrap_err().0;
        assert!(
            told.starts_with("The capture filter \"udp prot 5060\" is not valid: ") && !told.contains('\n'),
            "{told}"
        );
    }

    #[test]
    fn damaged_programs_want_nothing() {
        let op = |code, jt, jf, k| Instruction { code, jt, jf, k };
        assert_eq!(run(&[], &[1], 1), 0);
        assert_eq!(run(&[op(0x05, 0, 0, u32::MAX)], &[1], 1), 0);
        assert_eq!(run(&[op(0x02, 0, 0, 99), op(0x06, 0, 0, 1)], &[1], 1), 0);
        assert_eq!(run(&[op(0x34, 0, 0, 0), op(0x06, 0, 0, 1)], &[1], 1), 0);
        assert_eq!(run(&[op(0x40, 0, 0, u32::MAX), op(0x06, 0, 0, 1)], &[1], 1), 0);
        assert_eq!(run(&[op(0x06, 0, 0, 7)], &[], 0), 7);
    }
}
