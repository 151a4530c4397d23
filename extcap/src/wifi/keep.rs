//! Which frames are kept.

/// What to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Everything.
    #[default]
    All,
    /// Management frames: beacons, probes, associations, actions.
    Management,
    /// Beacons alone.
    Beacons,
    /// What concerns voice: management, EAPOL-carrying data without QoS, and QoS data of the voice category (TID 6, 7).
    Voice,
}

impl Keep {
    /// Names as they come from the dialog, with what they are shown as.
    pub(crate) const NAMES: [(Self, &'static str, &'static str); 4] = [
        (Self::All, "all", "Everything"),
        (Self::Management, "management", "Management frames"),
        (Self::Beacons, "beacons", "Beacons"),
        (Self::Voice, "voice", "Management and voice (WMM access category VO)"),
    ];

    pub(crate) fn named(text: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, name, _)| *name == text).map(|(keep, ..)| keep)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(keep, ..)| *keep == self).map_or("all", |(_, name, _)| name)
    }

    /// Whether a frame behind a radiotap header is kept. What cannot be read is.
    pub(crate) fn takes(self, packet: &[u8]) -> bool {
        self == Self::All || self.takes_frame(packet).unwrap_or(true)
    }

    fn takes_frame(self, packet: &[u8]) -> Option<bool> {
        let header = u16::from_le_bytes([*packet.get(2)?, *packet.get(3)?]);
        let frame = packet.get(usize::from(header)..)?;
        let (control, flags) = (*frame.first()?, *frame.get(1)?);
        let (kind, subtype) = (control >> 2 & 3, control >> 4);
        Some(match self {
            Self::All => true,
            Self::Management => kind == 0,
            Self::Beacons => kind == 0 && subtype == 8,
            Self::Voice => match kind {
                0 => true,
                2 if subtype & 8 != 0 => {
                    // Four addresses between two access points.
                    let qos = if flags & 3 == 3 { 30 } else { 24 };
                    frame.get(qos).is_none_or(|control| matches!(control & 0x0f, 6 | 7))
                }
                kind => kind == 2,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(control: u8, tid: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, 8, 0, 0, 0, 0, 0];
        frame.push(control);
        frame.resize(8 + 24, 0);
        frame.push(tid);
        frame
    }

    #[test]
    fn what_each_keeps() {
        let (beacon, probe, acknowledgement) = (frame(0x80, 0), frame(0x40, 0), frame(0xd4, 0));
        let (data, best_effort, voice) = (frame(0x08, 0), frame(0x88, 0), frame(0x88, 6));
        let all = [&beacon, &probe, &acknowledgement, &data, &best_effort, &voice];
        let kept = |keep: Keep| all.map(|frame| keep.takes(frame));
        assert_eq!(kept(Keep::All), [true; 6]);
        assert_eq!(kept(Keep::Management), [true, true, false, false, false, false]);
        assert_eq!(kept(Keep::Beacons), [true, false, false, false, false, false]);
        assert_eq!(kept(Keep::Voice), [true, true, false, true, false, true]);
    }

    #[test]
    fn damage_is_kept() {
        for cut in [0, 3, 8, 9] {
            assert!(Keep::Beacons.takes(&frame(0x40, 0)[..cut]), "{cut}");
        }
    }
}
