//! Why a call ended, in words: Reason headers (RFC 3326) and Q.850 causes.

use super::message::{Message, Reason};
use super::params::text;

/// What the Reason headers of a message say, the Q.850 one first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Why {
    /// Q.850 cause.
    pub(super) q850: Option<u16>,
    /// SIP status code given as a reason.
    pub(super) sip: Option<u16>,
    /// Text for people, empty when there is none.
    pub(super) text: Box<str>,
}

impl Why {
    pub(super) fn of(message: &Message<'_>) -> Self {
        let mut why = Self::default();
        for reason in message.reasons().take(8) {
            let is_q850 = reason.protocol.eq_ignore_ascii_case(b"Q.850");
            if is_q850 && why.q850.is_none() {
                why.q850 = reason.cause;
                // Q.850 tells more than the SIP code that stands beside it
                why.text = words(&reason, reason.cause.and_then(q850_name)).into();
            } else if reason.protocol.eq_ignore_ascii_case(b"SIP") && why.sip.is_none() {
                why.sip = reason.cause;
                if why.text.is_empty() {
                    why.text = words(&reason, None).into();
                }
            } else if why.text.is_empty() {
                why.text = words(&reason, None).into();
            }
        }
        why
    }

    /// RFC 3261/3326: another branch of a fork took the call.
    pub(super) fn is_elsewhere(&self) -> bool {
        let text = self.text.to_ascii_lowercase();
        matches!(self.sip, Some(200..=299)) || self.q850 == Some(26) || text.contains("completed elsewhere")
    }

    /// Nobody picked up in time.
    pub(super) fn is_no_answer(&self) -> bool {
        matches!(self.q850, Some(18 | 19)) || matches!(self.sip, Some(408 | 480))
    }

    pub(super) fn is_busy(&self) -> bool {
        self.q850 == Some(17) || matches!(self.sip, Some(486 | 600))
    }

    /// The network failed: no circuit, out of order, congestion and the like.
    pub(super) fn is_network(&self) -> bool {
        matches!(self.q850, Some(3 | 27 | 34 | 38 | 41 | 42 | 44 | 47 | 63 | 102 | 111 | 127))
    }
}

fn words(reason: &Reason<'_>, name: Option<&str>) -> String {
    let own = text(reason.text, 100);
    // texts such as "3" tell less than the name of the cause
    if own.chars().filter(|c| c.is_alphabetic()).count() >= 3 {
        return own;
    }
    match (name, reason.cause) {
        (Some(name), _) => name.to_owned(),
        (None, Some(cause)) => format!("{} cause {cause}", text(reason.protocol, 20)),
        (None, None) => own,
    }
}

/// Name of a Q.850 cause.
fn q850_name(cause: u16) -> Option<&'static str> {
    Some(match cause {
        1 => "Unallocated number",
        2 => "No route to transit network",
        3 => "No route to destination",
        16 => "Normal call clearing",
        17 => "User busy",
        18 => "No user responding",
        19 => "No answer from user",
        20 => "Subscriber absent",
        21 => "Call rejected",
        22 => "Number changed",
        26 => "Non-selected user clearing",
        27 => "Destination out of order",
        28 => "Invalid number format",
        29 => "Facility rejected",
        31 => "Normal, unspecified",
        34 => "No circuit available",
        38 => "Network out of order",
        41 => "Temporary failure",
        42 => "Switching equipment congestion",
        44 => "Requested channel not available",
        47 => "Resource unavailable",
        50 => "Requested facility not subscribed",
        55 => "Incoming calls barred",
        57 => "Bearer capability not authorized",
        58 => "Bearer capability not available",
        63 => "Service or option not available",
        65 => "Bearer capability not implemented",
        79 => "Service or option not implemented",
        88 => "Incompatible destination",
        102 => "Recovery on timer expiry",
        111 => "Protocol error",
        127 => "Interworking, unspecified",
        _ => return None,
    })
}
