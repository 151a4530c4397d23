//! What the capture dialog asks for a mirror.

use super::settings::FORMATS;
use crate::dialog::{Arg, Ask, HostVersion, Value};
use crate::sys::link;

/// Source that stands in the dialog when nothing is chosen: needs no rights and takes the most common mirrors.
const DEFAULT_SOURCE: &str = "udp:4789";

/// Listeners that are offered, with what they are for.
const LISTENERS: [(&str, &str); 9] = [
    ("udp:4789", "UDP 4789: VXLAN (AWS and Azure traffic mirroring)"),
    ("udp:6081", "UDP 6081: GENEVE"),
    ("udp:37008", "UDP 37008: TZSP (MikroTik)"),
    ("udp:9060", "UDP 9060: HEP (Kamailio, OpenSIPS, FreeSWITCH, Asterisk)"),
    ("tcp:9060", "TCP 9060: HEP"),
    ("udp:5000", "UDP 5000: PEEKREMOTE (Cisco access points)"),
    ("udp:5555", "UDP 5555: Aruba ERM"),
    ("udp:5004", "UDP 5004: plain RTP"),
    ("gre", "GRE and ERSPAN I, II, III to this machine (needs rights)"),
];

/// All arguments.
pub fn arguments(host: HostVersion) -> Vec<Arg> {
    source_tab(host).into_iter().chain(kept()).collect()
}

/// Where packets come from and how they are taken.
fn source_tab(host: HostVersion) -> Vec<Arg> {
    let free_choice = host >= (HostVersion { major: 4, minor: 2 });
    vec![
        Arg {
            ask: if free_choice { Ask::EditSelector } else { Ask::Text },
            default: DEFAULT_SOURCE.into(),
            tooltip: "A network interface (a SPAN port or TAP), udp:PORT, udp:ADDRESS:PORT, udp:PORT@GROUP for multicast, \
                      tcp:PORT for HEP over TCP, or gre. Several are joined by commas.",
            placeholder: "eth1, udp:4789, tcp:9060, gre",
            values: if free_choice { sources() } else { Vec::new() },
            reload: free_choice,
            ..Arg::new("source", "Packets come from", "Source")
        },
        Arg {
            ask: Ask::Selector,
            default: "auto".into(),
            tooltip: "What UDP listeners expect. What is something else is counted, logged and left out.",
            values: FORMATS.iter().map(|(value, display, _)| Value::new(value, display)).collect(),
            ..Arg::new("format", "Encapsulation", "Source")
        },
        Arg {
            ask: Ask::Text,
            tooltip: "Multicast group that UDP listeners join, for RTP sent to many; GROUP%INTERFACE to join on one \
                      interface only.",
            placeholder: "239.1.2.3",
            ..Arg::new("group", "Multicast group", "Source")
        },
        Arg {
            ask: Ask::Boolean,
            default: "true".into(),
            tooltip: "Listeners hand on the mirrored packets themselves. Off: the datagrams as they came, with IP and UDP \
                      headers rebuilt from the socket's addresses. Interfaces always hand on packets as they are.",
            ..Arg::new("decapsulate", "Take packets out of the mirror", "Source")
        },
        Arg {
            ask: Ask::Boolean,
            default: "true".into(),
            tooltip: "Interfaces also take packets that are for others, as a SPAN port needs it.",
            ..Arg::new("promiscuous", "Promiscuous mode", "Source")
        },
        Arg {
            ask: Ask::Selector,
            default: "kernel".into(),
            tooltip: "Whose clock gives packets of an interface their time. Hardware: the interface's own where it stamps \
                      packets, which is exact but may not be set to the time of day.",
            values: vec![Value::new("kernel", "Kernel"), Value::new("hardware", "Hardware, where offered")],
            ..Arg::new("timestamps", "Timestamps", "Source")
        },
    ]
}

/// What is kept of them.
fn kept() -> Vec<Arg> {
    vec![
        Arg {
            ask: Ask::Text,
            tooltip: "Keep one call only: part of a number or address in From, To or the request, or the whole Call-ID.",
            placeholder: "+4930123456",
            ..Arg::new("call", "Only the call with", "Filter")
        },
        Arg {
            ask: Ask::Integer { min: 0, max: 262_144 },
            default: "0".into(),
            tooltip: "Most bytes of each packet of an interface; 0 for all.",
            ..Arg::new("snaplen", "Bytes of a packet", "Filter")
        },
        Arg {
            ask: Ask::Selector,
            default: "all".into(),
            tooltip: "Calls: SIP, and the RTP and RTCP that belong to calls or behave like media. Headers: RTP without its \
                      payload, and SIP INFO and MESSAGE without their bodies: quality can be judged, nobody can listen \
                      or read digits.",
            values: vec![
                Value::new("all", "Everything"),
                Value::new("calls", "Calls only"),
                Value::new("headers", "Everything, RTP headers only"),
                Value::new("calls-headers", "Calls only, RTP headers only"),
            ],
            ..Arg::new("keep", "Keep", "Privacy")
        },
    ]
}

/// Listeners, then the interfaces of this machine.
pub fn sources() -> Vec<Value> {
    let listeners = LISTENERS.iter().map(|(value, display)| Value::new(value, display));
    let interfaces = link::names().into_iter().map(|name| {
        let display = format!("{name}{}", hint(&name));
        Value::new(&name, &display)
    });
    listeners.chain(interfaces).collect()
}

/// What the kernel has at hand about an interface.
fn hint(name: &str) -> String {
    if name == "lo" {
        return ": loopback".into();
    }
    match link::is_up(name) {
        false => ": down".into(),
        true => link::attribute(name, "speed")
            .and_then(|speed| speed.parse::<u32>().ok())
            .filter(|speed| *speed > 0)
            .map_or_else(String::new, |speed| format!(": {speed} Mbit/s")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_can_be_typed_in_any_version() {
        let ask = |minor| arguments(HostVersion { major: 4, minor }).remove(0);
        assert_eq!((ask(0).ask, ask(0).values.len()), (Ask::Text, 0));
        assert_eq!(ask(2).ask, Ask::EditSelector);
        assert!(ask(2).values.iter().any(|value| value.value == "lo"));
        assert!(ask(2).values.iter().any(|value| value.value == DEFAULT_SOURCE));
    }

    #[test]
    fn defaults_are_among_the_choices() {
        for arg in arguments(HostVersion { major: 4, minor: 4 }) {
            let known = arg.values.iter().any(|value| value.value == arg.default);
            assert!(arg.values.is_empty() || known, "{}", arg.name);
            assert!(!arg.tooltip.is_empty() && !arg.group.is_empty(), "{}", arg.name);
        }
    }
}
