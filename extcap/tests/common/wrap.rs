//! Mirrors as switches, access points and SIP servers send them.
#![allow(dead_code)]

/// VXLAN, network 100.
pub fn vxlan(frame: &[u8]) -> Vec<u8> {
    [&[8, 0, 0, 0, 0, 0, 100, 0], frame].concat()
}

/// GENEVE with an option of four bytes.
pub fn geneve(frame: &[u8]) -> Vec<u8> {
    [&[2, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 0x01, 0, 0, 0, 0][..], frame].concat()
}

/// TZSP with Ethernet.
pub fn tzsp(frame: &[u8]) -> Vec<u8> {
    [&[1, 0, 0, 1, 1][..], frame].concat()
}

/// TZSP with 802.11, signal and channel.
pub fn tzsp_air(frame: &[u8]) -> Vec<u8> {
    [&[1, 0, 0, 18, 10, 1, 0xc4, 18, 1, 6, 1][..], frame].concat()
}

/// PEEKREMOTE of older access points; `frame` ends with its check sequence.
pub fn peekremote(frame: &[u8], tsf: u64) -> Vec<u8> {
    let len = (frame.len() as u16).to_be_bytes();
    let head = [0xc4, 0xa1, len[0], len[1], 0, 0, 0, 0];
    [&head[..], &tsf.to_be_bytes(), &[12, 6, 60, 0], frame].concat()
}

/// PEEKREMOTE-NG; `frame` ends with its check sequence.
pub fn peekremote_ng(frame: &[u8], tsf: u64) -> Vec<u8> {
    let mut head = vec![0, 0xff, 0xab, 0xcd, 2];
    head.extend(55_u32.to_be_bytes());
    head.extend(6_u32.to_be_bytes());
    head.extend([0, 12, 0, 36]);
    head.extend(5180_u32.to_be_bytes());
    head.extend([0; 8]);
    head.extend([60, 0, 0xc4, 0xa1, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.extend((frame.len() as u16).to_be_bytes());
    head.extend([0, 0, 0, 0]);
    head.extend(tsf.to_be_bytes());
    assert_eq!(head.len(), 55);
    [&head, frame].concat()
}

/// Aruba ERM with a pcap record's header.
pub fn aruba_record(frame: &[u8], seconds: u32, micros: u32) -> Vec<u8> {
    let len = frame.len() as u32;
    let head = [seconds, micros, len, len].map(u32::to_be_bytes).concat();
    [&head, frame].concat()
}

/// GRE with ERSPAN I.
pub fn erspan1(frame: &[u8]) -> Vec<u8> {
    [&[0, 0, 0x88, 0xbe][..], frame].concat()
}

/// GRE with ERSPAN II, session 100.
pub fn erspan2(frame: &[u8], sequence: u32) -> Vec<u8> {
    let head = [0x10, 0, 0x88, 0xbe];
    [&head[..], &sequence.to_be_bytes(), &[0x10, 0, 0, 100, 0, 0, 0, 0], frame].concat()
}

/// GRE with ERSPAN III, session 200, time in units of 100 microseconds.
pub fn erspan3(frame: &[u8], sequence: u32, ticks: u32) -> Vec<u8> {
    let head = [0x10, 0, 0x22, 0xeb];
    [&head[..], &sequence.to_be_bytes(), &[0x20, 0, 0, 200], &ticks.to_be_bytes(), &[0; 4], frame].concat()
}

/// GRE with Ethernet.
pub fn gre_bridged(frame: &[u8]) -> Vec<u8> {
    [&[0, 0, 0x65, 0x58][..], frame].concat()
}

/// What a SIP server's agent sends of a UDP datagram in an IPv4 frame, or `None` for other frames.
pub struct Hep<'a> {
    addresses: &'a [u8],
    ports: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Hep<'a> {
    /// The datagram in an Ethernet frame.
    pub fn of(frame: &'a [u8]) -> Option<Self> {
        let udp = frame[12..14] == [8, 0] && frame[14] == 0x45 && frame[23] == 17;
        udp.then(|| Self { addresses: &frame[26..34], ports: &frame[34..38], payload: &frame[42..] })
    }

    /// Version 3; kind 1 is SIP, 5 RTCP, 34 RTP.
    pub fn version3(&self, seconds: u32, micros: u32) -> Vec<u8> {
        let kind = match self.payload {
            [0x80..=0xff, 200..=204, ..] => 5,
            [0x80..=0xff, ..] => 34,
            _ => 1,
        };
        let mut chunks = Vec::new();
        let mut chunk = |number: u16, value: &[u8]| {
            chunks.extend([0, 0]);
            chunks.extend(number.to_be_bytes());
            chunks.extend((value.len() as u16 + 6).to_be_bytes());
            chunks.extend_from_slice(value);
        };
        chunk(1, &[2]);
        chunk(2, &[17]);
        chunk(3, &self.addresses[..4]);
        chunk(4, &self.addresses[4..]);
        chunk(7, &self.ports[..2]);
        chunk(8, &self.ports[2..]);
        chunk(9, &seconds.to_be_bytes());
        chunk(10, &micros.to_be_bytes());
        chunk(11, &[kind]);
        chunk(12, &2001_u32.to_be_bytes());
        chunk(15, self.payload);
        let len = (chunks.len() as u16 + 6).to_be_bytes();
        [b"HEP3", &len[..], &chunks].concat()
    }

    /// Version 1.
    pub fn version1(&self) -> Vec<u8> {
        [&[1, 16, 2, 17][..], self.ports, self.addresses, self.payload].concat()
    }

    /// Version 2, its time in the byte order of most machines.
    pub fn version2(&self, seconds: u32, micros: u32) -> Vec<u8> {
        let time = [&seconds.to_le_bytes()[..], &micros.to_le_bytes(), &[0, 7, 0, 0]].concat();
        [&[2, 28, 2, 17][..], self.ports, self.addresses, &time, self.payload].concat()
    }
}
