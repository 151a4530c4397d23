//! One call: five SIP messages, two RTP streams, two more SIP messages.

use super::frame::{Endpoint, RtpFrame, udp_frame};
use super::sip::{Dialog, Message};
use super::{PTIME_US, Plan, Random, StreamTruth};

/// INVITE, 100, 180, 200, ACK; BYE, 200.
pub const SIGNALLING_FRAMES: u64 = 7;
/// Callers have 10.0.0.0/9 and callees 10.128.0.0/9.
pub const MOST_CALLS: u64 = (1 << 23) - 2;

/// The messages up to the media, with their time since the INVITE.
const SETUP: [(u64, Message); 5] = [
    (0, Message::Invite),
    (2_000, Message::Trying),
    (30_000, Message::Ringing),
    (230_000, Message::Ok),
    (235_000, Message::Ack),
];
/// First packet of the caller and of the callee since the INVITE.
const MEDIA_US: [u64; 2] = [240_000, 247_000];
/// Network jitter: below this, uniform.
const JITTER_US: u64 = 3_000;
/// From the end of the media to the BYE, and from there to its answer.
const BYE_US: u64 = 25_000;
const BYE_ANSWER_US: u64 = 4_000;

/// A call in progress.
pub struct Call {
    number: u64,
    start_us: u64,
    step: Step,
    dialog: Dialog,
    streams: [Stream; 2],
    loss: f64,
    buffer: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Step {
    Setup(usize),
    Media,
    Bye,
    ByeAnswer,
}

struct Stream {
    frame: RtpFrame,
    /// Packets sent so far, lost ones too.
    sent: u64,
    total: u64,
    lost: u64,
    due_us: u64,
}

impl Call {
    /// Call `number`, from 0, whose INVITE is sent at `start_us`.
    pub fn new(plan: &Plan, number: u64, start_us: u64, random: &mut Random) -> Self {
        let host = number as u32 + 1;
        let port = 16_384 + 2 * (number % 8_000) as u16;
        let caller = Endpoint { address: 0x0a00_0000 | host, port };
        let callee = Endpoint { address: 0x0a80_0000 | host, port: port + 16_000 };
        let mut stream = |index: usize, from: Endpoint, to: Endpoint| {
            // The call number in the SSRC keeps it unique; the lowest bit is the direction.
            let ssrc = (random.next() as u32 & 0xff) << 24 | host << 1 & 0xff_fffe | index as u32;
            Stream {
                frame: RtpFrame::new(from, to, ssrc, random.next()),
                sent: 0,
                total: plan.sent(2 * number + index as u64),
                lost: 0,
                due_us: start_us + MEDIA_US[index] + random.below(JITTER_US),
            }
        };
        Self {
            number,
            start_us,
            step: Step::Setup(0),
            streams: [stream(0, caller, callee), stream(1, callee, caller)],
            dialog: Dialog { number, caller, callee, nonce: random.next() },
            loss: plan.loss,
            buffer: Vec::new(),
        }
    }

    /// From 0.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// When its next frame is due.
    pub fn due_us(&self) -> u64 {
        match self.step {
            Step::Setup(index) => self.start_us + SETUP[index].0,
            Step::Media => self.streams[self.next_stream()].due_us,
            Step::Bye => self.media_end_us() + BYE_US,
            Step::ByeAnswer => self.media_end_us() + BYE_US + BYE_ANSWER_US,
        }
    }

    /// The frame that is due.
    pub fn frame(&mut self) -> &[u8] {
        let message = match self.step {
            Step::Setup(index) => SETUP[index].1,
            Step::Media => {
                let next = self.next_stream();
                let stream = &mut self.streams[next];
                return stream.frame.at(stream.sent);
            }
            Step::Bye => Message::Bye,
            Step::ByeAnswer => Message::ByeOk,
        };
        let (from, to) = self.dialog.route(message);
        self.buffer = udp_frame(from, to, self.dialog.text(message).as_bytes());
        &self.buffer
    }

    /// Goes on to the next frame; false after the last.
    pub fn advance(&mut self, random: &mut Random) -> bool {
        self.step = match self.step {
            Step::Setup(index) if index + 1 < SETUP.len() => Step::Setup(index + 1),
            Step::Setup(_) => Step::Media,
            Step::Media => {
                let next = self.next_stream();
                let due = self.start_us + MEDIA_US[next];
                self.streams[next].advance(due, self.loss, random);
                let over = self.streams.iter().all(|stream| stream.sent == stream.total);
                if over { Step::Bye } else { Step::Media }
            }
            Step::Bye => Step::ByeAnswer,
            Step::ByeAnswer => return false,
        };
        true
    }

    /// What is true of its streams, once it is over.
    pub fn truth(&self) -> [StreamTruth; 2] {
        let truth = |stream: &Stream| StreamTruth {
            call: self.number + 1,
            ssrc: stream.frame.ssrc(),
            packets: stream.sent - stream.lost,
            lost: stream.lost,
        };
        [truth(&self.streams[0]), truth(&self.streams[1])]
    }

    fn next_stream(&self) -> usize {
        usize::from(self.streams[1].due_us < self.streams[0].due_us)
    }

    fn media_end_us(&self) -> u64 {
        let longest = self.streams[0].total.max(self.streams[1].total);
        self.start_us + MEDIA_US[1] + longest * PTIME_US
    }
}

impl Stream {
    /// Goes on to the next packet that is not lost. The first and the last never are: nobody who sees the
    /// stream could tell.
    fn advance(&mut self, media_start_us: u64, loss: f64, random: &mut Random) {
        self.sent += 1;
        while self.sent + 1 < self.total && random.chance(loss) {
            self.sent += 1;
            self.lost += 1;
        }
        self.due_us = if self.sent == self.total {
            u64::MAX
        } else {
            media_start_us + self.sent * PTIME_US + random.below(JITTER_US)
        };
    }
}
