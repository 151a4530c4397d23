//! What the user asked for, checked.

use std::net::IpAddr;

use airtone_engine::decode::peel::Format;

use crate::failure::Failure;
use crate::source::Options;

/// A source by its option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A network interface by name.
    Network(String),
    /// A UDP listener.
    Udp(Address),
    /// HEP over TCP.
    Tcp(Address),
    /// GRE and ERSPAN to this machine.
    Gre,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// One address of this machine; `None` for all.
    pub ip: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// Multicast group to join.
    pub group: Option<IpAddr>,
    /// Interface to join it on; `None` for all that are up.
    pub interface: Option<String>,
}

impl Address {
    /// As the user wrote it, e.g. `udp:4789`.
    pub fn label(&self, transport: &str) -> String {
        let ip = match self.ip {
            Some(IpAddr::V6(ip)) => format!("[{ip}]:"),
            Some(ip) => format!("{ip}:"),
            None => String::new(),
        };
        let group = self.group.map_or_else(String::new, |group| format!("@{group}"));
        format!("{transport}:{ip}{}{group}", self.port)
    }
}

/// What a UDP listener takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// What it recognises by port and content.
    Any,
    /// RTP, RTCP and SIP as they are.
    Media,
    /// One encapsulation.
    Format(Format),
}

/// Which packets to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Only packets of calls.
    pub calls: bool,
    /// RTP without its payload.
    pub headers: bool,
    /// Only the call with this number or Call-ID.
    pub call: Option<String>,
}

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where packets come from.
    pub origins: Vec<Origin>,
    /// What UDP listeners take.
    pub expected: Expected,
    /// Whether packets are taken out of mirrors.
    pub decapsulate: bool,
    /// Which packets to keep.
    pub kept: Kept,
    /// The capture filter.
    pub filter: String,
    /// Whether interfaces also take packets that are for others.
    pub promiscuous: bool,
    /// Whether the clock of the interface is used.
    pub hardware_time: bool,
    /// Most bytes of a packet; 0 for all.
    pub snaplen: u32,
}

/// Values of `format`, in the order of the dialog, with their labels.
pub const FORMATS: [(&str, &str, Expected); 8] = [
    ("auto", "Recognise by port and content", Expected::Any),
    ("vxlan", "VXLAN", Expected::Format(Format::Vxlan)),
    ("geneve", "GENEVE", Expected::Format(Format::Geneve)),
    ("tzsp", "TZSP", Expected::Format(Format::Tzsp)),
    ("hep", "HEP (Homer), versions 1 to 3", Expected::Format(Format::Hep)),
    ("peekremote", "PEEKREMOTE (Cisco, Omnipeek)", Expected::Format(Format::PeekRemote)),
    ("aruba-erm", "Aruba ERM", Expected::Format(Format::ArubaErm)),
    ("rtp", "RTP, RTCP and SIP as they are", Expected::Media),
];

impl Settings {
    /// From the options as given.
    ///
    /// # Errors
    /// One sentence on the first that is wrong.
    pub fn parse(options: &Options) -> Result<Self, Failure> {
        let value = |name: &str| options.values.get(name).map_or("", |value| value.trim());
        let mut origins = Vec::new();
        for source in value("source").split(',').map(str::trim).filter(|source| !source.is_empty()) {
            origins.push(origin(source, value("group"))?);
        }
        if origins.is_empty() {
            return Err(Failure::new(
                "No source is chosen: name a network interface, udp:PORT, tcp:PORT or gre in the option source.",
            ));
        }
        Ok(Self {
            origins,
            expected: expected(value("format"))?,
            decapsulate: yes_or_no("decapsulate", value("decapsulate"), true)?,
            kept: kept(value("keep"), value("call"))?,
            filter: options.capture_filter.trim().to_owned(),
            promiscuous: yes_or_no("promiscuous", value("promiscuous"), true)?,
            hardware_time: match value("timestamps") {
                "" | "kernel" => false,
                "hardware" => true,
                other => return Err(unknown("timestamps", other, "kernel or hardware")),
            },
            snaplen: snaplen(value("snaplen"))?,
        })
    }
}

fn unknown(name: &str, value: &str, possible: &str) -> Failure {
    Failure::new(format!("The option {name} cannot be {value:?}: it is {possible}."))
}

fn yes_or_no(name: &str, value: &str, default: bool) -> Result<bool, Failure> {
    match value.to_ascii_lowercase().as_str() {
        "" => Ok(default),
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(unknown(name, value, "true or false")),
    }
}

fn expected(value: &str) -> Result<Expected, Failure> {
    if value.is_empty() {
        return Ok(Expected::Any);
    }
    let found = FORMATS.iter().find(|(name, ..)| *name == value);
    let names = || FORMATS.map(|(name, ..)| name).join(", ");
    found
        .map(|(.., expected)| *expected)
        .ok_or_else(|| unknown("format", value, &format!("one of {}", names())))
}

fn kept(keep: &str, call: &str) -> Result<Kept, Failure> {
    let (calls, headers) = match keep {
        "" | "all" => (false, false),
        "calls" => (true, false),
        "headers" => (false, true),
        "calls-headers" => (true, true),
        other => return Err(unknown("keep", other, "all, calls, headers or calls-headers")),
    };
    let call = Some(call.to_owned()).filter(|call| !call.is_empty());
    Ok(Kept { calls: calls || call.is_some(), headers, call })
}

fn snaplen(value: &str) -> Result<u32, Failure> {
    match value {
        "" => Ok(0),
        number => number
            .parse()
            .ok()
            .filter(|len| *len <= 262_144)
            .ok_or_else(|| unknown("snaplen", number, "a number of bytes up to 262144, or 0 for all")),
    }
}

/// One source. `group`: a multicast group from its own option, for UDP.
fn origin(source: &str, group: &str) -> Result<Origin, Failure> {
    let wrong = || {
        Failure::new(format!(
            "The source {source:?} is not understood: it is a network interface, udp:PORT, udp:ADDRESS:PORT, \
             udp:PORT@GROUP, tcp:PORT or gre."
        ))
    };
    if source == "gre" {
        return Ok(Origin::Gre);
    }
    let Some((transport, rest)) = source.split_once(':') else {
        return Ok(Origin::Network(source.to_owned()));
    };
    let (place, group) = match rest.split_once('@') {
        Some((place, group)) => (place, group),
        None if transport == "udp" => (rest, group),
        None => (rest, ""),
    };
    let (ip, port) = match place.rsplit_once(':') {
        None => (None, place),
        Some((ip, port)) => {
            let ip = ip.trim_start_matches('[').trim_end_matches(']');
            (Some(ip.parse().map_err(|_| wrong())?), port)
        }
    };
    let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
        Failure::new(format!("The source {source:?} has no port: a port is a number from 1 to 65535."))
    })?;
    let (group, interface) = multicast(group)?;
    match transport {
        "udp" => Ok(Origin::Udp(Address { ip, port, group, interface })),
        "tcp" | "hep-tcp" if group.is_none() => Ok(Origin::Tcp(Address { ip, port, group, interface })),
        _ => Err(wrong()),
    }
}

/// `GROUP` or `GROUP%INTERFACE`; nothing for none.
fn multicast(text: &str) -> Result<(Option<IpAddr>, Option<String>), Failure> {
    if text.is_empty() {
        return Ok((None, None));
    }
    let (group, interface) = match text.split_once('%') {
        Some((group, interface)) => (group, Some(interface.to_owned())),
        None => (text, None),
    };
    match group.parse::<IpAddr>() {
        Ok(ip) if ip.is_multicast() => Ok((Some(ip), interface)),
        _ => Err(Failure::new(format!(
            "{group:?} is no multicast group: groups are 224.0.0.0 to 239.255.255.255, or begin with ff in IPv6."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let values = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::parse(&Options { values, capture_filter: String::new() }).map_err(|error| error.0)
    }

    fn one(source: &str) -> Origin {
        parse(&[("source", source)]).unwrap().origins.remove(0)
    }

    #[test]
    fn sources() {
        let address = |ip: Option<&str>, port, group: Option<&str>| Address {
            ip: ip.map(|ip| ip.parse().unwrap()),
            port,
            group: group.map(|group| group.parse().unwrap()),
            interface: None,
        };
        assert_eq!(one("eth0"), Origin::Network("eth0".into()));
        assert_eq!(one("udp:4789"), Origin::Udp(address(None, 4789, None)));
        assert_eq!(one("udp:192.0.2.1:4789"), Origin::Udp(address(Some("192.0.2.1"), 4789, None)));
        assert_eq!(one("udp:[2001:db8::1]:9060"), Origin::Udp(address(Some("2001:db8::1"), 9060, None)));
        assert_eq!(one("udp:5004@239.1.2.3"), Origin::Udp(address(None, 5004, Some("239.1.2.3"))));
        assert_eq!(one("tcp:9060"), Origin::Tcp(address(None, 9060, None)));
        assert_eq!(one("hep-tcp:9060"), one("tcp:9060"));
        assert_eq!(one("gre"), Origin::Gre);
        assert_eq!(parse(&[("source", "gre, udp:4789")]).unwrap().origins.len(), 2);
        let by_option = parse(&[("source", "udp:5004"), ("group", "ff15::7%lo")]).unwrap().origins.remove(0);
        let Origin::Udp(joined) = by_option else { panic!("{by_option:?}") };
        assert_eq!(
            (joined.group, joined.interface.as_deref()),
            (Some("ff15::7".parse().unwrap()), Some("lo"))
        );
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence() {
        for (pairs, part) in [
            (&[("source", "")][..], "No source is chosen"),
            (&[("source", "udp:")], "has no port"),
            (&[("source", "udp:0")], "has no port"),
            (&[("source", "udp:70000")], "has no port"),
            (&[("source", "sctp:9060")], "not understood"),
            (&[("source", "udp:here:9060")], "not understood"),
            (&[("source", "tcp:9060@239.1.2.3")], "not understood"),
            (&[("source", "udp:5004@192.0.2.1")], "no multicast group"),
            (&[("source", "lo"), ("keep", "some")], "The option keep cannot be \"some\""),
            (&[("source", "lo"), ("decapsulate", "perhaps")], "true or false"),
            (&[("source", "lo"), ("format", "hop")], "one of auto, vxlan"),
            (&[("source", "lo"), ("snaplen", "-1")], "number of bytes"),
            (&[("source", "lo"), ("timestamps", "atomic")], "kernel or hardware"),
        ] {
            let told = parse(pairs).unwrap_err();
            assert!(told.contains(part) && told.ends_with('.') && !told.contains('\n'), "{told}");
        }
    }

    #[test]
    fn one_call_means_only_calls() {
        let settings = parse(&[("source", "lo"), ("call", "+4930")]).unwrap();
        assert_eq!(settings.kept, Kept { calls: true, headers: false, call: Some("+4930".into()) });
    }
}
