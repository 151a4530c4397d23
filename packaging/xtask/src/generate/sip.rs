//! The SIP messages of an ordinary call (RFC 3261 section 24.2 shows one).

use std::fmt::Write;

use super::frame::Endpoint;

/// Signalling port of both sides.
const SIP_PORT: u16 = 5060;

/// One message of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    Invite,
    Trying,
    Ringing,
    Ok,
    Ack,
    Bye,
    ByeOk,
}

/// What the messages of one call have in common.
pub struct Dialog {
    /// Call, from 0.
    pub number: u64,
    /// Media endpoints; signalling has the same addresses.
    pub caller: Endpoint,
    pub callee: Endpoint,
    /// Makes Call-ID, tags and branches unlike those of other captures.
    pub nonce: u64,
}

impl Dialog {
    /// From where to where a message goes. The caller ends even calls, the callee odd ones.
    pub fn route(&self, message: Message) -> (Endpoint, Endpoint) {
        let caller = Endpoint { port: SIP_PORT, ..self.caller };
        let callee = Endpoint { port: SIP_PORT, ..self.callee };
        let by_caller = match message {
            Message::Invite | Message::Ack => true,
            Message::Trying | Message::Ringing | Message::Ok => false,
            Message::Bye => self.caller_ends(),
            Message::ByeOk => !self.caller_ends(),
        };
        if by_caller { (caller, callee) } else { (callee, caller) }
    }

    fn caller_ends(&self) -> bool {
        self.number.is_multiple_of(2)
    }

    /// The message as it is sent.
    pub fn text(&self, message: Message) -> String {
        let mut text = String::with_capacity(900);
        let body = match message {
            Message::Invite => self.sdp(self.caller),
            Message::Ok => self.sdp(self.callee),
            _ => String::new(),
        };
        // Writing to a String cannot fail.
        let _ = self.head(&mut text, message);
        if !body.is_empty() {
            text.push_str("Content-Type: application/sdp\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
        text
    }

    fn head(&self, text: &mut String, message: Message) -> std::fmt::Result {
        let (caller, callee) = (host(self.caller), host(self.callee));
        let alice = format!("<sip:alice{}@{caller}>;tag=a{:x}", self.number, self.nonce);
        let to_tag = match message {
            Message::Invite | Message::Trying => String::new(),
            _ => format!(";tag=b{:x}", self.nonce.rotate_left(13)),
        };
        let bob = format!("<sip:bob{}@{callee}>{to_tag}", self.number);
        let bye = matches!(message, Message::Bye | Message::ByeOk);
        let by_callee = bye && !self.caller_ends();
        let (request_to, via, from, to) = if by_callee {
            (format!("sip:alice{}@{caller}:5060", self.number), &callee, &bob, &alice)
        } else {
            (format!("sip:bob{}@{callee}:5060", self.number), &caller, &alice, &bob)
        };
        let (branch, cseq) = match message {
            Message::Ack => ("ack", "1 ACK"),
            Message::Bye | Message::ByeOk => ("bye", "2 BYE"),
            _ => ("inv", "1 INVITE"),
        };
        match message {
            Message::Invite => write!(text, "INVITE {request_to} SIP/2.0\r\n")?,
            Message::Ack => write!(text, "ACK {request_to} SIP/2.0\r\n")?,
            Message::Bye => write!(text, "BYE {request_to} SIP/2.0\r\n")?,
            Message::Trying => text.push_str("SIP/2.0 100 Trying\r\n"),
            Message::Ringing => text.push_str("SIP/2.0 180 Ringing\r\n"),
            Message::Ok | Message::ByeOk => text.push_str("SIP/2.0 200 OK\r\n"),
        }
        write!(text, "Via: SIP/2.0/UDP {via}:5060;branch=z9hG4bK{branch}{:x}\r\n", self.nonce)?;
        if matches!(message, Message::Invite | Message::Ack | Message::Bye) {
            text.push_str("Max-Forwards: 70\r\n");
        }
        write!(text, "From: {from}\r\nTo: {to}\r\n")?;
        write!(text, "Call-ID: {}-{:016x}@{caller}\r\nCSeq: {cseq}\r\n", self.number, self.nonce)?;
        match message {
            Message::Invite => write!(text, "Contact: <sip:alice{}@{caller}:5060>\r\n", self.number),
            Message::Ringing | Message::Ok => {
                write!(text, "Contact: <sip:bob{}@{callee}:5060>\r\n", self.number)
            }
            _ => Ok(()),
        }
    }

    fn sdp(&self, at: Endpoint) -> String {
        let (host, port, version) = (host(at), at.port, self.number + 1);
        format!(
            "v=0\r\no=- {version} {version} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n"
        )
    }
}

fn host(endpoint: Endpoint) -> String {
    std::net::Ipv4Addr::from(endpoint.address).to_string()
}
