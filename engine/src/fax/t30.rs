//! What two fax machines say to each other (ITU-T T.30): who they are, at what rate, which pages were taken, how it ended.

use super::hdlc::{self, Answer, Command, Control, Frame, PageEnd};
use super::ifp;
use crate::packet::Nanos;

/// Moments kept of one fax.
pub(super) const MAX_MOMENTS: usize = 32;

/// One of the two machines: true for the one whose packets are the second ones in [`super::leg::Leg`].
pub(super) type Side = bool;

/// Something worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The calling tone, CNG, or the called tone, CED.
    Tone { side: Side, is_called: bool },
    /// DIS.
    Identified { side: Side },
    /// DCS.
    Commanded { side: Side, command: Option<Command> },
    /// CFR or FTT.
    Trained { is_heard: bool },
    /// MPS, EOM or EOP; once more where nothing answered.
    PageEnd { number: u16, end: PageEnd, is_again: bool },
    /// What it was answered with.
    Page { number: u16, end: PageEnd, answer: Answer, is_taken: bool },
    /// PPR: frames of the page are sent again.
    Again { number: u16 },
    /// So many packets are lost and nothing brought them back.
    Gap { side: Side, packets: u16 },
    /// DCN.
    Disconnected { side: Side },
}

/// Where and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) frame: u64,
    pub(super) at: Nanos,
    pub(super) what: What,
}

/// A question that waits for its answer.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Part,
    Page(PageEnd),
}

/// How far a fax got.
#[derive(Clone, Debug, Default)]
pub(super) struct T30 {
    pub(super) moments: Vec<Moment>,
    pub(super) left_out: u32,
    /// Who sends pages.
    pub(super) sender: Option<Side>,
    pub(super) command: Option<Command>,
    pub(super) stations: [Option<Box<str>>; 2],
    tones: [bool; 2],
    pub(super) is_identified: bool,
    /// DCS sent since the last training that was heard.
    pub(super) commands: u16,
    pub(super) failures_to_train: u16,
    pub(super) is_trained: bool,
    /// Data of a page came since the last page ended.
    pub(super) is_in_page: bool,
    asked: Option<Asked>,
    /// How often the question was put.
    pub(super) tries: u16,
    pub(super) taken: u16,
    pub(super) refused: u16,
    last: Option<Answer>,
    /// The last page was taken, and it was the last one.
    pub(super) is_finished: bool,
    pub(super) disconnected: Option<Side>,
}

impl T30 {
    /// What the end of the page is called that waits for an answer.
    pub(super) fn unanswered(&self) -> Option<&'static str> {
        match self.asked? {
            Asked::Part => Some("PPS"),
            Asked::Page(end) => Some(end.name()),
        }
    }

    /// What the last page was refused with, where nothing came after it.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        self.last.filter(|_| !self.is_in_page).map(Answer::name)
    }

    /// Anything that two machines say, beyond tones.
    pub(super) fn has_begun(&self) -> bool {
        self.is_identified || self.command.is_some() || self.is_in_page || self.taken.max(self.refused) > 0
    }

    /// The page that is being sent, or the next one.
    pub(super) fn page(&self) -> u16 {
        self.taken.saturating_add(self.refused).saturating_add(1)
    }

    pub(super) fn tell(&mut self, (frame, at): (u64, Nanos), what: What) {
        // the end is told in any case
        let room = MAX_MOMENTS - usize::from(!matches!(what, What::Disconnected { .. }));
        if self.moments.len() < room {
            self.moments.push(Moment { frame, at, what });
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    pub(super) fn indicator(&mut self, place: (u64, Nanos), side: Side, indicator: u8) {
        let is_called = match indicator {
            ifp::CNG => false,
            ifp::CED => true,
            _ => return,
        };
        if !std::mem::replace(&mut self.tones[usize::from(is_called)], true) {
            self.tell(place, What::Tone { side, is_called });
        }
    }

    /// Data in a modulation for pages; before the training is confirmed it is the training.
    pub(super) fn page_data(&mut self, side: Side) {
        if self.is_trained && self.sender.is_none_or(|sender| sender == side) {
            (self.sender, self.is_in_page) = (Some(side), true);
        }
    }

    pub(super) fn frame(&mut self, place: (u64, Nanos), side: Side, frame: Frame<'_>) {
        match frame.control {
            Control::Dis => {
                if !std::mem::replace(&mut self.is_identified, true) {
                    self.tell(place, What::Identified { side });
                }
            }
            Control::Station => {
                let number = hdlc::station(frame.information);
                self.stations[usize::from(side)] = (!number.is_empty()).then(|| number.into());
            }
            Control::Dcs => self.commanded(place, side, Command::new(frame.information)),
            Control::Cfr => {
                (self.is_trained, self.commands) = (true, 0);
                self.tell(place, What::Trained { is_heard: true });
            }
            Control::Ftt => {
                self.failures_to_train = self.failures_to_train.saturating_add(1);
                self.tell(place, What::Trained { is_heard: false });
            }
            Control::PartEnd => self.ask(place, side, Asked::Part),
            Control::PageEnd(end) => self.ask(place, side, Asked::Page(end)),
            Control::Taken(answer) => self.answered(place, answer, true),
            Control::Refused(answer) => self.answered(place, answer, false),
            Control::Again => {
                if self.asked.take().is_some() {
                    self.tell(place, What::Again { number: self.page() });
                }
            }
            Control::Dcn => {
                if self.disconnected.is_none() {
                    self.disconnected = Some(side);
                    self.tell(place, What::Disconnected { side });
                }
            }
            Control::Other => {}
        }
    }

    fn commanded(&mut self, place: (u64, Nanos), side: Side, command: Option<Command>) {
        let is_new = self.commands == 0 || command != self.command;
        self.commands = self.commands.saturating_add(1);
        (self.sender, self.command, self.is_trained) = (Some(side), command, false);
        (self.is_in_page, self.asked) = (false, None);
        if is_new {
            self.tell(place, What::Commanded { side, command });
        }
    }

    fn ask(&mut self, place: (u64, Nanos), side: Side, asked: Asked) {
        // the answer to it was not heard and it is put again
        let is_over = self.last.is_none() && self.taken > 0 && !self.is_in_page && self.asked.is_none();
        if is_over {
            return;
        }
        let is_again = self.asked.is_some() && !self.is_in_page;
        self.tries = if is_again { self.tries.saturating_add(1) } else { 1 };
        if let Asked::Page(end) = asked {
            self.tell(place, What::PageEnd { number: self.page(), end, is_again });
        }
        (self.sender, self.asked, self.is_in_page) = (Some(side), Some(asked), false);
    }

    fn answered(&mut self, place: (u64, Nanos), answer: Answer, is_taken: bool) {
        let Some(asked) = self.asked.take() else { return };
        let Asked::Page(end) = asked else { return };
        let number = self.page();
        self.tell(place, What::Page { number, end, answer, is_taken });
        if is_taken {
            self.taken = self.taken.saturating_add(1);
            self.last = None;
        } else {
            self.refused = self.refused.saturating_add(1);
            self.last = Some(answer);
        }
        self.is_finished = end == PageEnd::Eop && is_taken;
        if end == PageEnd::Eom {
            // both begin anew with DIS and DCS
            (self.is_trained, self.commands) = (false, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: Side = false;
    const RECEIVER: Side = true;

    /// A fax from frames, one per capture frame; a page is data of it.
    fn fax(said: &[(Side, Control)]) -> T30 {
        let mut t30 = T30::default();
        for (n, &(side, control)) in said.iter().enumerate() {
            let place = (n as u64 + 1, Nanos(n as i64));
            // in place of the pages
            if matches!(control, Control::PageEnd(_) | Control::PartEnd) {
                t30.page_data(side);
            }
            t30.frame(place, side, Frame { control, information: &[0, 0x46] });
        }
        t30
    }

    const DIS: (Side, Control) = (RECEIVER, Control::Dis);
    const DCS: (Side, Control) = (SENDER, Control::Dcs);
    const CFR: (Side, Control) = (RECEIVER, Control::Cfr);
    const MPS: (Side, Control) = (SENDER, Control::PageEnd(PageEnd::Mps));
    const EOP: (Side, Control) = (SENDER, Control::PageEnd(PageEnd::Eop));
    const MCF: (Side, Control) = (RECEIVER, Control::Taken(Answer::Mcf));
    const RTN: (Side, Control) = (RECEIVER, Control::Refused(Answer::Rtn));
    const DCN: (Side, Control) = (SENDER, Control::Dcn);

    #[test]
    fn two_pages() {
        let t30 = fax(&[DIS, DCS, CFR, MPS, MCF, EOP, MCF, DCN]);
        assert!(t30.is_finished && t30.disconnected == Some(SENDER));
        assert_eq!((t30.taken, t30.refused, t30.sender), (2, 0, Some(SENDER)));
        let pages: Vec<u64> =
            t30.moments.iter().filter(|m| matches!(m.what, What::Page { .. })).map(|m| m.frame).collect();
        assert_eq!(pages, [5, 7]);
    }

    #[test]
    fn a_page_without_an_answer() {
        let mut t30 = fax(&[DIS, DCS, CFR, EOP]);
        for _ in 0..2 {
            t30.frame((9, Nanos(9)), SENDER, Frame { control: EOP.1, information: &[] });
        }
        assert_eq!((t30.taken, t30.unanswered(), t30.tries, t30.is_finished), (0, Some("EOP"), 3, false));
    }

    #[test]
    fn a_refused_page_is_sent_again() {
        let t30 = fax(&[DIS, DCS, CFR, EOP, RTN, DCS, CFR, EOP, MCF, DCN]);
        assert_eq!((t30.taken, t30.refused, t30.is_finished), (1, 1, true));
        let t30 = fax(&[DIS, DCS, CFR, EOP, RTN, DCN]);
        assert_eq!((t30.refusal(), t30.is_finished), (Some("RTN"), false));
    }

    #[test]
    fn an_end_that_is_repeated_after_its_answer_is_no_page() {
        let mut t30 = fax(&[DIS, DCS, CFR, MPS, MCF]);
        t30.frame((9, Nanos(9)), SENDER, Frame { control: MPS.1, information: &[] });
        t30.frame((10, Nanos(10)), RECEIVER, Frame { control: MCF.1, information: &[] });
        assert_eq!(t30.taken, 1);
    }

    #[test]
    fn parts_of_a_page_are_no_pages() {
        let part = (SENDER, Control::PartEnd);
        let t30 = fax(&[DIS, DCS, CFR, part, MCF, EOP, (RECEIVER, Control::Again), EOP, MCF, DCN]);
        assert_eq!((t30.taken, t30.is_finished), (1, true));
        assert!(t30.moments.iter().any(|m| m.what == What::Again { number: 1 }));
    }

    #[test]
    fn training_is_no_page() {
        let mut t30 = fax(&[DIS, DCS]);
        t30.page_data(SENDER);
        assert!(!t30.is_in_page && !t30.is_trained);
        assert_eq!(t30.commands, 1);
    }

    #[test]
    fn endless_talk_is_bounded() {
        let mut t30 = T30::default();
        for n in 0..280_000_u64 {
            let control = [EOP.1, MCF.1, EOP.1, RTN.1][n as usize % 4];
            t30.is_trained = true;
            t30.page_data(SENDER);
            t30.frame((n, Nanos(0)), n % 2 == 1, Frame { control, information: &[] });
        }
        assert!(t30.moments.len() <= MAX_MOMENTS && t30.left_out > 0);
        assert_eq!((t30.taken, t30.refused, t30.page()), (u16::MAX, u16::MAX, u16::MAX));
        assert!(t30.has_begun());
    }
}
