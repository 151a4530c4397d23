//! The fields of a tshark export that Airtone reads, and what each one is for.

/// A field by its position in [`NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field(u8);

macro_rules! fields {
    ($($constant:ident = $name:literal,)*) => {
        /// Names as tshark knows them, without duplicates.
        pub(crate) const NAMES: &[&str] = &[$($name),*];
        fields!(@index 0u8; $($constant,)*);
    };
    (@index $n:expr; $head:ident, $($tail:ident,)*) => {
        pub(crate) const $head: Field = Field($n);
        fields!(@index $n + 1u8; $($tail,)*);
    };
    (@index $n:expr;) => {};
}

fields! {
    FRAME_NUMBER = "frame.number",
    FRAME_TIME = "frame.time_epoch",
    FRAME_ENCAP = "frame.encap_type",
    FRAME_LEN = "frame.len",
    FRAME_RAW = "frame_raw",
    IP_SRC = "ip.src",
    IP_DST = "ip.dst",
    IPV6_SRC = "ipv6.src",
    IPV6_DST = "ipv6.dst",
    ICMP_TYPE = "icmp.type",
    ICMPV6_TYPE = "icmpv6.type",
    UDP_SRCPORT = "udp.srcport",
    UDP_DSTPORT = "udp.dstport",
    UDP_PAYLOAD = "udp.payload",
    TCP_SRCPORT = "tcp.srcport",
    TCP_DSTPORT = "tcp.dstport",
    TCP_SEQ_RAW = "tcp.seq_raw",
    TCP_PAYLOAD = "tcp.payload",
    RTP_SSRC = "rtp.ssrc",
    RTP_SEQ = "rtp.seq",
    RTP_TIMESTAMP = "rtp.timestamp",
    RTP_P_TYPE = "rtp.p_type",
    RTP_MARKER = "rtp.marker",
    RTP_PAYLOAD = "rtp.payload",
    RTCP_PT = "rtcp.pt",
    SIP_REQUEST_LINE = "sip.Request-Line",
    SIP_STATUS_LINE = "sip.Status-Line",
    SIP_METHOD = "sip.Method",
    SIP_STATUS_CODE = "sip.Status-Code",
    SIP_MSG_HDR = "sip.msg_hdr",
    SIP_VIA = "sip.Via",
    SIP_FROM = "sip.From",
    SIP_TO = "sip.To",
    SIP_CALL_ID = "sip.Call-ID",
    SIP_CSEQ = "sip.CSeq",
    SIP_CONTACT = "sip.Contact",
    SIP_EXPIRES = "sip.Expires",
    WLAN_FC = "wlan.fc",
    WLAN_TYPE_SUBTYPE = "wlan.fc.type_subtype",
    WLAN_RA = "wlan.ra",
    WLAN_TA = "wlan.ta",
    WLAN_SA = "wlan.sa",
    WLAN_DA = "wlan.da",
    WLAN_BSSID = "wlan.bssid",
    WLAN_SEQ = "wlan.seq",
    WLAN_QOS_TID = "wlan.qos.tid",
    WLAN_FCS_STATUS = "wlan.fcs.status",
    WLAN_TIMESTAMP = "wlan.fixed.timestamp",
    WLAN_BEACON = "wlan.fixed.beacon",
    WLAN_SSID = "wlan.ssid",
    WLAN_CHANNEL = "wlan.ds.current_channel",
    WLAN_HT_CHANNEL = "wlan.ht.info.primarychannel",
    WLAN_CSA_CHANNEL = "wlan.csa.new_channel_number",
    WLAN_CSA_COUNT = "wlan.csa.channel_switch.count",
    WLAN_DTIM_COUNT = "wlan.tim.dtim_count",
    WLAN_DTIM_PERIOD = "wlan.tim.dtim_period",
    RADIO_FREQUENCY = "wlan_radio.frequency",
    RADIO_CHANNEL = "wlan_radio.channel",
    RADIO_SIGNAL = "wlan_radio.signal_dbm",
    RADIO_NOISE = "wlan_radio.noise_dbm",
    RADIO_RATE = "wlan_radio.data_rate",
    RADIOTAP_MACTIME = "radiotap.mactime",
}

impl Field {
    /// The field of a name as tshark writes it in JSON, PDML and field exports.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        NAMES.iter().position(|&n| n == name).map(|n| Self(n as u8))
    }

    /// The field of a key of `-T ek`: the protocol, `_`, and the name with `_` for every dot.
    pub(crate) fn by_ek_key(key: &str) -> Option<Self> {
        let same = |name: &str| {
            let tail = key.len().checked_sub(name.len())?;
            let (front, back) = key.split_at_checked(tail)?;
            let alike = back.bytes().zip(name.bytes()).all(|(k, n)| k == n || (k == b'_' && n == b'.'));
            (alike && (front.is_empty() || front.ends_with('_'))).then_some(front.len())
        };
        // The longest match: `wlan_wlan_fc` is not `..._fc` of something else.
        let hits = NAMES.iter().enumerate().filter_map(|(n, name)| Some((same(name)?, n)));
        hits.min().map(|(_, n)| Self(n as u8))
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        NAMES[usize::from(self.0)]
    }
}

/// A set of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet(u64);

const _: () = assert!(NAMES.len() <= 64, "a FieldSet is one word");

impl FieldSet {
    pub(crate) fn insert(&mut self, field: Field) {
        self.0 |= 1 << field.0;
    }

    pub(crate) fn has(self, field: Field) -> bool {
        self.0 >> field.0 & 1 == 1
    }

    fn any(self, fields: &[Field]) -> bool {
        fields.iter().any(|&f| self.has(f))
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What an export must hold for a figure.
struct Need {
    /// Traffic of this kind is there when one of these is; without any, always.
    when: &'static [Field],
    /// It may be there when a header line names one of these: whether a frame has it is not told.
    when_named: &'static [Field],
    /// One of these suffices.
    any_of: &'static [Field],
    /// What is missing without it.
    figures: &'static str,
}

const fn need(when: &'static [Field], any_of: &'static [Field], figures: &'static str) -> Need {
    Need { when, when_named: when, any_of, figures }
}

const RTP: &[Field] = &[RTP_SSRC, RTP_SEQ, RTP_TIMESTAMP, RTP_P_TYPE];
const SIP: &[Field] = &[
    SIP_REQUEST_LINE,
    SIP_STATUS_LINE,
    SIP_METHOD,
    SIP_STATUS_CODE,
    SIP_MSG_HDR,
    SIP_CALL_ID,
    SIP_CSEQ,
    SIP_VIA,
    SIP_FROM,
    SIP_TO,
];
const MEDIA: &[Field] = &[RTP_SSRC, RTP_SEQ, RTP_TIMESTAMP, RTP_P_TYPE, UDP_PAYLOAD];
const WLAN: &[Field] = &[WLAN_BSSID, WLAN_TIMESTAMP, WLAN_BEACON, WLAN_FC, WLAN_TYPE_SUBTYPE, WLAN_SSID];

const NEEDS: &[Need] = &[
    need(&[], &[FRAME_TIME], "every time: jitter, late packets, durations, setup times"),
    need(&[], &[FRAME_NUMBER, FRAME_RAW], "frame numbers of the capture (rows are counted instead)"),
    need(MEDIA, &[IP_SRC, IPV6_SRC, FRAME_RAW], "senders of RTP streams"),
    need(MEDIA, &[IP_DST, IPV6_DST, FRAME_RAW], "receivers of RTP streams, and their calls"),
    need(MEDIA, &[UDP_SRCPORT, FRAME_RAW], "ports of RTP streams, and their calls"),
    need(MEDIA, &[UDP_DSTPORT, FRAME_RAW], "ports of RTP streams, and their calls"),
    need(RTP, &[RTP_SSRC, UDP_PAYLOAD, FRAME_RAW], "RTP streams"),
    need(RTP, &[RTP_SEQ, UDP_PAYLOAD, FRAME_RAW], "RTP streams: loss, order, MOS"),
    need(RTP, &[RTP_TIMESTAMP, UDP_PAYLOAD, FRAME_RAW], "RTP streams: jitter, late packets"),
    need(RTP, &[RTP_P_TYPE, UDP_PAYLOAD, FRAME_RAW], "RTP streams: codecs, MOS"),
    need(RTP, &[UDP_PAYLOAD, RTP_PAYLOAD, FRAME_RAW], "digits sent as telephone events, bit rates"),
    need(&[RTCP_PT], &[UDP_PAYLOAD, FRAME_RAW], "RTCP: round trips, what the peer reported"),
    need(
        SIP,
        &[SIP_MSG_HDR, UDP_PAYLOAD, TCP_PAYLOAD, FRAME_RAW],
        "media that SDP announces, the calls of RTP streams, holds, reasons, digits in INFO",
    ),
    need(
        SIP,
        &[
            SIP_REQUEST_LINE,
            SIP_STATUS_LINE,
            SIP_METHOD,
            SIP_STATUS_CODE,
            UDP_PAYLOAD,
            TCP_PAYLOAD,
            FRAME_RAW,
        ],
        "calls: what each message is",
    ),
    Need {
        when: &[],
        when_named: &[SIP_STATUS_LINE, SIP_STATUS_CODE],
        any_of: &[SIP_REQUEST_LINE, SIP_METHOD, UDP_PAYLOAD, TCP_PAYLOAD, FRAME_RAW],
        figures: "calls: they begin with a request",
    },
    Need {
        when: &[],
        when_named: &[SIP_REQUEST_LINE, SIP_METHOD],
        any_of: &[SIP_STATUS_LINE, SIP_STATUS_CODE, UDP_PAYLOAD, TCP_PAYLOAD, FRAME_RAW],
        figures: "call outcomes",
    },
    need(SIP, &[SIP_CALL_ID, SIP_MSG_HDR, UDP_PAYLOAD, TCP_PAYLOAD, FRAME_RAW], "calls"),
    need(SIP, &[SIP_CSEQ, SIP_MSG_HDR, UDP_PAYLOAD, TCP_PAYLOAD, FRAME_RAW], "calls and their outcomes"),
    need(
        SIP,
        &[SIP_FROM, SIP_MSG_HDR, UDP_PAYLOAD, TCP_PAYLOAD, FRAME_RAW],
        "who called, and who ended a call",
    ),
    need(SIP, &[SIP_TO, SIP_MSG_HDR, UDP_PAYLOAD, TCP_PAYLOAD, FRAME_RAW], "who was called, forks"),
    need(&[TCP_PAYLOAD], &[TCP_SEQ_RAW, FRAME_RAW], "SIP over TCP"),
    need(&[TCP_PAYLOAD], &[TCP_SRCPORT, FRAME_RAW], "SIP over TCP"),
    Need {
        when: &[WLAN_TIMESTAMP],
        when_named: WLAN,
        any_of: &[WLAN_BEACON, FRAME_RAW],
        figures: "beacons: their interval, and with it how many are lost",
    },
    Need {
        when: &[WLAN_BEACON],
        when_named: WLAN,
        any_of: &[WLAN_TIMESTAMP, FRAME_RAW],
        figures: "beacon loss on the AP's clock (capture time is used)",
    },
    Need {
        when: &[WLAN_TIMESTAMP, WLAN_BEACON],
        when_named: WLAN,
        any_of: &[WLAN_BSSID, FRAME_RAW],
        figures: "beacons: whose they are",
    },
    need(WLAN, &[WLAN_FC, WLAN_TYPE_SUBTYPE, FRAME_RAW], "beacons, told from other frames"),
    need(WLAN, &[WLAN_FC, FRAME_RAW], "stations, retries, roams; whether the sensor listened during outages"),
];

/// One sentence for each figure that an export with these fields cannot give. `named`: a header line names them
/// all, whatever the frames have.
pub(crate) fn missing(seen: FieldSet, named: bool) -> Vec<String> {
    let lacks = |need: &&Need| {
        let always = need.when.is_empty() && need.when_named.is_empty();
        let concerned = always || seen.any(need.when) || (named && seen.any(need.when_named));
        concerned && !seen.is_empty() && !seen.any(need.any_of)
    };
    let lacking = NEEDS.iter().filter(lacks);
    lacking.map(|need| format!("{}: {}", need.any_of[0].name(), need.figures)).collect()
}

/// Fields that say again what others of a complete `-T fields` export say, or that it cannot hold.
const SUPERFLUOUS: &[&str] = &[
    "frame_raw",
    "frame.encap_type",
    "rtp.payload",
    "sip.Method",
    "sip.Status-Code",
    "sip.msg_hdr",
    "wlan.fc.type_subtype",
];

/// The tshark command lines that make complete exports of `FILE`, one line per format, with what to know.
#[must_use]
pub fn export_commands() -> String {
    // What `-T fields` needs is what is read beside the whole frame.
    let fields = NAMES.iter().filter(|n| !SUPERFLUOUS.contains(n));
    let list: Vec<String> = fields.map(|n| format!("-e {n}")).collect();
    format!(
        "# Complete: the whole frames with their times. Everything in the report.\n\
         tshark -r FILE -T json -x > FILE.json\n\n\
         # Complete for UDP, TCP and 802.11; tunnels as far as tshark unpacks them.\n\
         tshark -r FILE -T json > FILE.json\n\
         tshark -r FILE -T ek > FILE.ek\n\
         tshark -r FILE -T pdml > FILE.pdml\n\n\
         # The same figures in the smallest file.\n\
         tshark -r FILE -T fields -E header=y -E occurrence=a {} > FILE.tsv\n\n\
         # The frames without their times: loss and calls, no jitter, no durations.\n\
         tshark -r FILE -T jsonraw > FILE.json\n",
        list.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ek_keys_carry_their_protocol() {
        assert_eq!(Field::by_ek_key("udp_udp_srcport"), Some(UDP_SRCPORT));
        assert_eq!(Field::by_ek_key("sip_sip_Call-ID"), Some(SIP_CALL_ID));
        assert_eq!(Field::by_ek_key("wlan_wlan_fixed_timestamp"), Some(WLAN_TIMESTAMP));
        assert_eq!(Field::by_ek_key("wlan_wlan_fc"), Some(WLAN_FC));
        assert_eq!(Field::by_ek_key("wlan_wlan_fc_type"), None);
        assert_eq!(Field::by_ek_key("frame_raw"), Some(FRAME_RAW));
        assert_eq!(Field::by_ek_key("frame_frame_number"), Some(FRAME_NUMBER));
    }

    #[test]
    fn what_is_missing_is_named_with_its_figures() {
        let mut seen = FieldSet::default();
        for field in [FRAME_NUMBER, FRAME_TIME, IP_SRC, UDP_SRCPORT, RTP_SSRC, RTP_SEQ, RTP_P_TYPE] {
            seen.insert(field);
        }
        let lines = missing(seen, true);
        assert!(lines.iter().any(|l| l.starts_with("rtp.timestamp: ")), "{lines:?}");
        assert!(!lines.iter().any(|l| l.starts_with("rtp.seq") || l.starts_with("sip.")), "{lines:?}");
    }

    /// The table of the documentation: what suffices, and what is missing without it. `frame_raw` always does.
    fn table() -> String {
        let mut table = String::from("| Fields | Without them |\n| --- | --- |\n");
        for need in NEEDS {
            let fields = need.any_of.iter().filter(|&&f| f != FRAME_RAW);
            let fields: Vec<String> = fields.map(|f| format!("`{}`", f.name())).collect();
            table += &format!("| {} | {} |\n", fields.join(" or "), need.figures);
        }
        table
    }

    #[test]
    fn the_documentation_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/exports.md");
        let Ok(text) = std::fs::read_to_string(path) else {
            return eprintln!("skipped: not in the workspace");
        };
        let table = table();
        assert!(text.contains(&table), "docs/exports.md needs this table:\n\n{table}");
        let commands = export_commands();
        for line in commands.lines().filter(|l| l.starts_with("tshark") && !l.contains("-T fields")) {
            assert!(text.contains(line), "docs/exports.md lacks: {line}");
        }
        let missing: Vec<&&str> = NAMES.iter().filter(|name| !text.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "docs/exports.md does not name {missing:?}");
    }
}
