//! The frames of T.30 in V.21, put together from the fields of T.38 packets. Bits stand in the order of their sending, the
//! first one highest, as T.30 writes them.

use super::ifp::{Field, field};

/// Octets kept of a frame: address, control, what it is, and as much of a DIS or a number as is told.
const ROOM: usize = 32;

/// What a frame says it is, its facsimile control field (T.30 clause 5.3.6.1), without the bit that only says who was
/// called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// Digital identification signal: the called machine can receive this.
    Dis,
    /// Called or transmitting subscriber identification: the number of its machine.
    Station,
    /// Digital command signal: this will be sent.
    Dcs,
    /// Confirmation to receive: the training was heard.
    Cfr,
    /// Failure to train.
    Ftt,
    /// A page ends, with one of these or with one behind `PPS` or `EOR`.
    PageEnd(PageEnd),
    /// A part of a page ends, in error correction mode.
    PartEnd,
    /// Message confirmation, or `RTP`, `PIP`: the page is taken.
    Taken(Answer),
    /// `RTN`, `PIN`: it is not.
    Refused(Answer),
    /// Partial page request: frames of it are to be sent again.
    Again,
    /// Disconnect.
    Dcn,
    /// Anything else.
    Other,
}

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$of:meta])* $variant:ident $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $type { $($(#[$of])* $variant),+ }

        impl $type {
            /// As T.30 abbreviates it.
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

named! {
    /// How a page ends.
    PageEnd {
        /// Another page follows.
        Mps "MPS",
        /// Another page follows, after new talk.
        Eom "EOM",
        /// It was the last one.
        Eop "EOP",
    }
}

named! {
    /// What the receiver says of a page.
    Answer {
        Mcf "MCF", Rtp "RTP", Pip "PIP", Rtn "RTN", Pin "PIN",
    }
}

/// A frame, with its information field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) control: Control,
    pub(super) information: &'a [u8],
}

/// Frames of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Assembler {
    octets: [u8; ROOM],
    len: usize,
    /// A piece of the frame is missing: it says nothing.
    is_torn: bool,
}

impl Assembler {
    /// A packet is lost for good. Where no frame has begun, the next one shows by its address whether it is whole.
    pub(super) fn tear(&mut self) {
        self.is_torn |= self.len > 0;
    }

    /// What follows begins a frame.
    pub(super) fn clear(&mut self) {
        (self.len, self.is_torn) = (0, false);
    }

    /// The next field; gives the frame that it ends, where its check is right.
    pub(super) fn field(&mut self, field: Field<'_>) -> Option<Frame<'_>> {
        match field.kind {
            field::HDLC_DATA => {
                let room = self.octets.get_mut(self.len..).unwrap_or_default();
                let n = room.len().min(field.data.len());
                room[..n].copy_from_slice(&field.data[..n]);
                self.len += n;
                None
            }
            field::HDLC_FCS_OK | field::HDLC_FCS_OK_SIG_END => {
                let (len, is_torn) = (self.len, self.is_torn);
                self.clear();
                if is_torn { None } else { frame(&self.octets[..len]) }
            }
            _ => {
                self.clear();
                None
            }
        }
    }
}

fn frame(octets: &[u8]) -> Option<Frame<'_>> {
    // address of all stations; unnumbered information, with more frames to come or without
    let &[0xff, 0xc0 | 0xc8, what, ref information @ ..] = octets else { return None };
    let control = match what {
        0x01 => Control::Dis,
        0x02 => Control::Station,
        // DTC, CIG: here the first bit tells them from the others
        0x81 | 0x82 => Control::Other,
        _ => of_machine(what & 0x7f, information),
    };
    Some(Frame { control, information })
}

fn of_machine(what: u8, information: &[u8]) -> Control {
    match what {
        0x41 => Control::Dcs,
        0x42 => Control::Station,
        0x21 => Control::Cfr,
        0x22 => Control::Ftt,
        0x31 => Control::Taken(Answer::Mcf),
        0x33 => Control::Taken(Answer::Rtp),
        0x35 => Control::Taken(Answer::Pip),
        0x32 => Control::Refused(Answer::Rtn),
        0x34 => Control::Refused(Answer::Pin),
        0x3d => Control::Again,
        0x5f => Control::Dcn,
        // PPS, EOR: the end of which page is in the octet behind
        0x7d | 0x73 => information.first().map_or(Control::Other, |&end| match end & 0x7f {
            0x00 => Control::PartEnd,
            end => page_end(end),
        }),
        end => page_end(end),
    }
}

fn page_end(what: u8) -> Control {
    match what {
        0x71 | 0x79 => Control::PageEnd(PageEnd::Eom),
        0x72 | 0x7a => Control::PageEnd(PageEnd::Mps),
        0x74 | 0x7c => Control::PageEnd(PageEnd::Eop),
        _ => Control::Other,
    }
}

/// What a DCS commands (T.30 table 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Place in [`RATES`].
    rate: u8,
    /// Error correction mode.
    pub(super) ecm: bool,
}

/// Bits 11 to 14, bit/s, modulation.
const RATES: &[(u8, u32, &str)] = &[
    (0b0000, 2_400, "V.27ter"),
    (0b0100, 4_800, "V.27ter"),
    (0b1000, 9_600, "V.29"),
    (0b1100, 7_200, "V.29"),
    (0b0010, 14_400, "V.33"),
    (0b0110, 12_000, "V.33"),
    (0b0001, 14_400, "V.17"),
    (0b0101, 12_000, "V.17"),
    (0b1001, 9_600, "V.17"),
    (0b1101, 7_200, "V.17"),
];

impl Command {
    /// Bits 11 to 14 and 27 of its information field, which counts bits from 1.
    pub(super) fn new(information: &[u8]) -> Option<Self> {
        let bits = information.get(1)? >> 2 & 0x0f;
        let rate = RATES.iter().position(|rate| rate.0 == bits)? as u8;
        Some(Self { rate, ecm: information.get(3).is_some_and(|octet| octet & 0x20 != 0) })
    }

    pub(super) fn rate_bps(self) -> u32 {
        RATES[usize::from(self.rate)].1
    }

    pub(super) fn modulation(self) -> &'static str {
        RATES[usize::from(self.rate)].2
    }
}

/// The number of a machine: its digits from the last to the first, each with its lowest bit first (T.30 clause 5.3.6.2.4).
pub(super) fn station(information: &[u8]) -> String {
    let letters = information.iter().rev().take(20).map(|octet| octet.reverse_bits());
    let known: String = letters.map(|c| if c.is_ascii_graphic() { char::from(c) } else { ' ' }).collect();
    known.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(data: &[u8]) -> Field<'_> {
        Field { kind: field::HDLC_DATA, data }
    }

    const OK: Field<'static> = Field { kind: field::HDLC_FCS_OK, data: &[] };
    const BAD: Field<'static> = Field { kind: field::HDLC_FCS_BAD_SIG_END, data: &[] };

    fn control(octets: &[u8]) -> Option<Control> {
        let mut frames = Assembler::default();
        frames.field(data(octets));
        frames.field(OK).map(|frame| frame.control)
    }

    #[test]
    fn who_was_called_does_not_change_what_is_said() {
        for first in [0x00, 0x80] {
            let end = Control::PageEnd(PageEnd::Eop);
            assert_eq!(control(&[0xff, 0xc8, first | 0x74]), Some(end));
            assert_eq!(control(&[0xff, 0xc8, first | 0x7d, 0xf4, 0, 0, 9]), Some(end));
            assert_eq!(control(&[0xff, 0xc8, first | 0x31]), Some(Control::Taken(Answer::Mcf)));
            assert_eq!(control(&[0xff, 0xc8, first | 0x5f]), Some(Control::Dcn));
        }
        assert_eq!(control(&[0xff, 0xc8, 0x7d, 0, 0, 0, 0xff]), Some(Control::PartEnd));
        assert_eq!(control(&[0xff, 0xc8, 0x01]), Some(Control::Dis));
        assert_eq!(control(&[0xff, 0xc8, 0x81]), Some(Control::Other));
        assert_eq!(control(&[0xff, 0x13, 0x01]), None);
        assert_eq!(control(&[]), None);
    }

    #[test]
    fn a_frame_in_pieces() {
        let mut frames = Assembler::default();
        assert_eq!(frames.field(data(&[0xff])), None);
        frames.field(data(&[0xc8]));
        frames.field(data(&[0x21]));
        assert_eq!(frames.field(OK).map(|frame| frame.control), Some(Control::Cfr));
        frames.field(data(&[0xff]));
        frames.tear();
        frames.field(data(&[0x21]));
        assert_eq!(frames.field(OK), None, "a piece was lost");
        frames.field(data(&[0xff, 0xc8, 0x21]));
        assert_eq!(frames.field(BAD), None);
        frames.field(data(&[0xff, 0xc8, 0x21]));
        assert!(frames.field(OK).is_some());
        frames.tear();
        frames.field(data(&[0xff, 0xc8, 0x21]));
        assert!(frames.field(OK).is_some(), "what was lost lay before it");
        frames.tear();
        frames.field(data(&[0x21]));
        assert_eq!(frames.field(OK), None, "its beginning was lost");
    }

    #[test]
    fn long_frames_are_cut() {
        let mut frames = Assembler::default();
        frames.field(data(&[0xff, 0xc8, 0x04]));
        for _ in 0..100 {
            frames.field(data(&[0x55; 9]));
        }
        assert_eq!(frames.field(OK).unwrap().information.len(), ROOM - 3);
    }

    #[test]
    fn what_a_dcs_commands() {
        let told = Command::new(&[0x00, 0x46, 0x80]).unwrap();
        assert_eq!((told.rate_bps(), told.modulation(), told.ecm), (14_400, "V.17", false));
        let told = Command::new(&[0x00, 0x62, 0x81, 0x20]).unwrap();
        assert_eq!((told.rate_bps(), told.modulation(), told.ecm), (9_600, "V.29", true));
        assert_eq!(Command::new(&[0x00]), None);
        assert_eq!(Command::new(&[0x00, 0x38]), None, "no such rate");
    }

    #[test]
    fn a_number_is_sent_from_its_end() {
        let sent: Vec<u8> = b"  0010 555 1+".iter().map(|c| c.reverse_bits()).collect();
        assert_eq!(station(&sent), "+1 555 0100");
        assert_eq!(station(&[0x00, 0xff]), "");
    }
}
