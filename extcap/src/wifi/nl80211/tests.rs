//! Replies and events as a kernel sends them.

use super::*;

fn body(request: Request) -> Vec<u8> {
    request.finish(0)[16..].to_vec()
}

fn nest(parts: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let all =
        parts.iter().fold(Request::new(0, 0, &[]), |request, (kind, value)| request.attribute(*kind, value));
    body(all)
}

fn number(value: u32) -> Vec<u8> {
    value.to_ne_bytes().to_vec()
}

/// A dump as a kernel sends it, in parts: the channels of a band one or a few at a time, its abilities apart.
fn radio() -> Radio {
    let channel = |mhz: u32, flags: &[u16]| {
        let flags = flags.iter().map(|flag| (*flag, Vec::new()));
        nest(&[(1, number(mhz))].into_iter().chain(flags).collect::<Vec<_>>())
    };
    let band = |number: u16, parts: &[(u16, Vec<u8>)]| nest(&[(22, nest(&[(number, nest(parts))]))]);
    let frequencies = |list: Vec<Vec<u8>>| {
        let numbered: Vec<_> = list.into_iter().enumerate().map(|(at, entry)| (at as u16, entry)).collect();
        (1_u16, nest(&numbered))
    };
    let mut radio = Radio::default();
    radio.merge(&nest(&[(32, nest(&[(2, Vec::new()), (6, Vec::new())]))]));
    radio.merge(&band(0, &[(4, vec![0x02, 0]), frequencies(vec![channel(2412, &[]), channel(2484, &[2])])]));
    radio.merge(&band(0, &[frequencies(vec![channel(2437, &[10])])]));
    radio.merge(&band(
        1,
        &[(4, vec![0x02, 0]), (8, vec![0x04, 0, 0, 0]), frequencies(vec![channel(5180, &[3, 12])])],
    ));
    let eht = nest(&[(0, nest(&[(3, vec![0x0e]), (9, vec![0x02])]))]);
    radio.merge(&band(3, &[(9, eht), frequencies(vec![channel(5955, &[])])]));
    radio
}

#[test]
fn a_radio_in_parts() {
    let radio = radio();
    assert!(radio.monitors);
    let all: Vec<_> =
        radio.channels().map(|channel| (channel.mhz, channel.disabled, channel.no_ir)).collect();
    let expected = [
        (2412, false, false),
        (2484, true, false),
        (2437, false, false),
        (5180, false, true),
        (5955, false, false),
    ];
    assert_eq!(all, expected);
}

#[test]
fn widths_by_hardware_and_rules() {
    let radio = radio();
    let centre = |mhz, width| radio.offers(mhz, width).map(|tuning| tuning.centre);
    assert_eq!(centre(2412, Width::Mhz40), Some(2422));
    assert_eq!(centre(2437, Width::Mhz40), Some(2427), "the rules forbid it above");
    assert_eq!((centre(2412, Width::Mhz80), centre(2400, Width::Mhz20)), (None, None));
    assert_eq!(centre(5180, Width::Mhz80), Some(5210));
    assert_eq!(centre(5180, Width::Mhz160), None, "the rules forbid it");
    let six = [Width::Mhz20, Width::Mhz80, Width::Mhz160, Width::Mhz320].map(|width| centre(5955, width));
    assert_eq!(six, [Some(5955), Some(5985), Some(6025), Some(6105)]);
}

#[test]
fn interfaces_and_events() {
    let message = nest(&[
        (3, number(7)),
        (4, b"mon0\0".to_vec()),
        (5, number(6)),
        (1, number(2)),
        (38, number(5180)),
        (159, number(3)),
        (160, number(5210)),
    ]);
    let vif = Vif::read(&message);
    assert!(vif.is_monitor());
    assert_eq!((vif.index, vif.name.as_str(), vif.phy), (7, "mon0", 2));
    assert_eq!(vif.tuning, Some(Tuning { mhz: 5180, width: Width::Mhz80, centre: 5210 }));
    let told = |command: u8, parts: &[(u16, Vec<u8>)]| {
        let mut bytes = vec![command, 1, 0, 0];
        bytes.extend(nest(parts));
        event(&bytes)
    };
    assert_eq!(told(36, &[(33, b"DE\0".to_vec())]), Some(Event::Regulatory(Some("DE".into()))));
    assert_eq!(told(4, &[(1, number(3))]), Some(Event::RadioRemoved(3)));
    assert_eq!(told(8, &[(3, number(9))]), Some(Event::InterfaceRemoved(9)));
    assert_eq!(told(33, &[(1, number(3))]), Some(Event::Scanning(3, true)));
    assert_eq!(told(34, &[(1, number(3))]), Some(Event::Scanning(3, false)));
    assert_eq!((told(8, &[]), told(60, &[(3, number(9))]), event(&[])), (None, None, None));
}
