//! The messages of chosen calls, one by one: what a ladder is drawn from.
//!
//! A report keeps no messages, only what they changed: a call has a budget of bytes. Who wants to draw a ladder
//! asks for it in [`Config::flows`](crate::Config::flows), with bounds, and takes the [`Flow`]s beside the report.
//! Files can be read twice: once for the report, which tells the calls worth drawing, then for their messages.

use schemars::JsonSchema;
use serde::Serialize;

use crate::packet::{Endpoint, Nanos, Transport};

/// Which messages are to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRequest {
    /// Ids of calls; `None`: every call, as far as the bounds allow.
    pub calls: Option<Vec<u32>>,
    /// Calls at most.
    pub max_calls: usize,
    /// Messages of one call at most; later ones are counted.
    pub max_messages: usize,
    /// Messages of all calls together at most, about 700 bytes each; later ones are counted.
    pub max_in_all: usize,
}

impl FlowRequest {
    /// All messages, within reason, of these calls.
    #[must_use]
    pub fn of(calls: Vec<u32>) -> Self {
        Self { max_calls: calls.len(), calls: Some(calls), max_messages: 5_000, max_in_all: usize::MAX }
    }

    /// The same with fewer messages of each call.
    #[must_use]
    pub fn at_most(self, max_messages: usize) -> Self {
        Self { max_messages, ..self }
    }

    /// The first `max_calls` calls with at most `max_messages` messages each.
    #[must_use]
    pub fn first(max_calls: usize, max_messages: usize) -> Self {
        Self { calls: None, max_calls, max_messages, max_in_all: usize::MAX }
    }

    /// The same with at most so many messages in all.
    #[must_use]
    pub fn within(self, max_in_all: usize) -> Self {
        Self { max_in_all, ..self }
    }
}

/// The messages of one call.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Flow {
    /// Id of the call.
    pub call: u32,
    /// Calls that go with it (a transfer's other calls) and whose messages are here as well.
    pub others: Vec<u32>,
    /// The Call-IDs that its messages carry, in order of appearance: its legs.
    pub call_ids: Vec<String>,
    /// Messages.
    pub messages: Vec<Message>,
    /// Messages beyond the bound.
    pub left_out: u64,
}

impl Flow {
    /// Puts the messages of other calls among these, in the order of time.
    #[must_use]
    pub fn with(mut self, others: Vec<Flow>) -> Self {
        for other in others {
            let last = |number: fn(&Message) -> u16| self.messages.iter().map(number).max().unwrap_or(0);
            let (dialogs, transactions) = (last(|m| m.dialog.unwrap_or(0)), last(|m| m.transaction));
            let legs = u16::try_from(self.call_ids.len()).unwrap_or(u16::MAX);
            self.others.push(other.call);
            self.call_ids.extend(other.call_ids);
            self.left_out += other.left_out;
            self.messages.extend(other.messages.into_iter().map(|message| Message {
                leg: message.leg.saturating_add(legs),
                dialog: message.dialog.map(|dialog| dialog.saturating_add(dialogs)),
                transaction: message.transaction.saturating_add(transactions),
                ..message
            }));
        }
        self.messages.sort_by_key(|message| (message.at, message.frame));
        self
    }
}

/// One SIP message.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Message {
    /// Frame.
    pub frame: u64,
    /// Time.
    pub at: Nanos,
    /// Sender.
    pub source: Endpoint,
    /// Receiver.
    pub destination: Endpoint,
    /// `udp`, `tcp`, `tls`, `ws`, `sctp`.
    pub transport: &'static str,
    /// Method of a request; of a response the method that it answers.
    pub method: String,
    /// Status code of a response.
    pub code: Option<u16>,
    /// Request-URI or reason phrase.
    pub subject: String,
    /// CSeq number.
    pub cseq: u32,
    /// Place of its Call-ID in [`Flow::call_ids`].
    pub leg: u16,
    /// Number of its dialog, from 1 in order of appearance; `None` before there is a To-tag.
    pub dialog: Option<u16>,
    /// Number of its transaction, from 1: the same for a request and its responses on one hop.
    pub transaction: u16,
    /// Sent again on its hop.
    pub again: bool,
    /// The same datagram was captured this many times more.
    pub copies: u16,
    /// What its SDP says, per medium, e.g. `audio PCMU/PCMA sendonly`.
    pub sdp: Vec<Medium>,
    /// User of the From header, for the initial INVITE of a leg.
    pub caller: Option<String>,
    /// User of the To header, likewise; of the Request-URI where the call was diverted to somebody else.
    pub callee: Option<String>,
    /// Headers and bodies that tell more than the method: `Replaces`, `Refer-To: sip:c@example.com`, ...
    pub notes: Vec<String>,
}

/// One medium of an SDP body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Medium {
    /// `audio`, `video`, `fax`, `other`.
    pub kind: &'static str,
    /// Encoding names in order of preference.
    pub codecs: Vec<String>,
    /// `sendrecv`, `sendonly`, `recvonly`, `inactive`, or `refused` (port 0).
    pub direction: &'static str,
    /// Where it is to be received.
    pub endpoint: Option<Endpoint>,
    /// SRTP.
    pub encrypted: bool,
}

/// A transport by its name in [`Message::transport`].
pub(crate) fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
        Transport::WebSocket => "ws",
        Transport::Sctp => "sctp",
    }
}
