//! What a sequence of tone bursts means, by its rhythm.

use super::signal::{Burst, Pitch};

/// A signal of the network or of a fax machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ringback,
    Busy,
    /// Fast busy, reorder: no line to be had.
    Congestion,
    /// A calling fax machine.
    Cng,
    /// An answering fax machine or modem.
    Ced,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ringback => "tone_ringback",
            Self::Busy => "tone_busy",
            Self::Congestion => "tone_congestion",
            Self::Cng => "tone_cng",
            Self::Ced => "tone_ced",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Ringback => "ringback tone",
            Self::Busy => "busy tone",
            Self::Congestion => "congestion tone",
            Self::Cng => "calling tone of a fax machine (CNG, 1100 Hz)",
            Self::Ced => "answer tone of a fax machine or modem (CED, 2100 Hz)",
        }
    }

    pub fn feature(self) -> Option<&'static str> {
        (self == Self::Ringback).then_some("ringback_tone")
    }
}

/// One signal, however many bursts it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signal {
    pub kind: Kind,
    /// Its first burst.
    pub first: usize,
    /// From its first to its last sample.
    pub length: i64,
}

/// Samples of so many ms.
const fn ms(ms: i64) -> i64 {
    ms * 8
}

/// The signals in bursts that are in order of time.
pub(super) fn signals(bursts: &[Burst]) -> Vec<Signal> {
    let mut signals: Vec<Signal> = Vec::new();
    let mut at = 0;
    while let Some(first) = bursts.get(at) {
        let same = bursts[at..].iter().zip(bursts[at..].iter().skip(1));
        // Rings are 4 to 5 s apart, the bursts of a busy tone half a second.
        let longest = if first.length >= ms(750) { ms(5_500) } else { ms(4_000) };
        let goes_on = |&(before, after): &(&Burst, &Burst)| {
            after.pitch == first.pitch
                && after.start - (before.start + before.length) <= longest
                && (after.length - first.length).abs() <= ms(150)
        };
        let count = 1 + same.take_while(goes_on).count();
        let run = &bursts[at..at + count];
        if let Some(kind) = kind(run) {
            let last = run[count - 1];
            signals.push(Signal { kind, first: at, length: last.start + last.length - first.start });
        }
        at += count;
    }
    signals
}

/// What bursts of one tone and about one length are.
fn kind(run: &[Burst]) -> Option<Kind> {
    let [first, ..] = run else { return None };
    let length = run.iter().map(|burst| burst.length).max()?;
    let pause = run.windows(2).map(|pair| pair[1].start - pair[0].start - pair[0].length).max();
    let is_fast = |longest: i64| length <= longest && pause.is_some_and(|pause| pause <= longest + ms(150));
    match first.pitch {
        // T.30: 0.5 s within 15 %, every 3 s within 15 %.
        Pitch::Calling => (ms(350)..=ms(650)).contains(&length).then_some(Kind::Cng),
        // T.30: 2.6 to 4 s; with phase reversals (ANSam, V.8) it comes in pieces of 0.45 s.
        Pitch::Answer => (length >= ms(1_200) || (run.len() >= 3 && length >= ms(350))).then_some(Kind::Ced),
        Pitch::RingAmerica => (length >= ms(700)).then_some(Kind::Ringback),
        Pitch::Britain => (length >= ms(300)).then_some(Kind::Ringback),
        Pitch::Europe if (ms(750)..=ms(2_200)).contains(&length) => Some(Kind::Ringback),
        Pitch::Europe | Pitch::BusyAmerica if is_fast(ms(330)) => Some(Kind::Congestion),
        Pitch::Europe | Pitch::BusyAmerica if is_fast(ms(680)) => Some(Kind::Busy),
        Pitch::Europe | Pitch::BusyAmerica => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bursts(pitch: Pitch, on: i64, off: i64, count: i64) -> Vec<Burst> {
        (0..count).map(|n| Burst { pitch, start: ms(n * (on + off)), length: ms(on) }).collect()
    }

    fn kinds(bursts: &[Burst]) -> Vec<Kind> {
        signals(bursts).iter().map(|signal| signal.kind).collect()
    }

    #[test]
    fn rhythms_of_the_network() {
        assert_eq!(kinds(&bursts(Pitch::Europe, 1_000, 4_000, 4)), [Kind::Ringback]);
        assert_eq!(kinds(&bursts(Pitch::RingAmerica, 2_000, 4_000, 2)), [Kind::Ringback]);
        assert_eq!(kinds(&bursts(Pitch::Europe, 500, 500, 5)), [Kind::Busy]);
        assert_eq!(kinds(&bursts(Pitch::BusyAmerica, 250, 250, 5)), [Kind::Congestion]);
        // One burst has no rhythm, and a dial tone does not end.
        assert_eq!(kinds(&bursts(Pitch::Europe, 500, 0, 1)), []);
        assert_eq!(kinds(&bursts(Pitch::Europe, 6_000, 0, 1)), []);
    }

    #[test]
    fn fax_machines() {
        assert_eq!(kinds(&bursts(Pitch::Calling, 500, 3_000, 3)), [Kind::Cng]);
        assert_eq!(kinds(&bursts(Pitch::Calling, 500, 3_000, 1)), [Kind::Cng]);
        assert_eq!(kinds(&bursts(Pitch::Answer, 2_700, 0, 1)), [Kind::Ced]);
        assert_eq!(kinds(&bursts(Pitch::Answer, 450, 0, 6)), [Kind::Ced]);
        assert_eq!(kinds(&bursts(Pitch::Answer, 100, 0, 1)), []);
    }
}
