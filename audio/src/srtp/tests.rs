//! The examples of RFC 3711 and RFC 6188, and streams whose rollover counter and key change.

use airtone_engine::Nanos;
use airtone_engine::rtp::HeardPacket;

use super::cipher::{derived, keystream};
use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// A line with the key and the salt.
fn line(suite: &str, key: &[u8], more: &str) -> Vec<u8> {
    use base64::Engine as _;
    let key = base64::engine::general_purpose::STANDARD_NO_PAD.encode(key);
    format!("v=0\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 {suite} inline:{key}{more}\r\n").into_bytes()
}

fn key(suite: &str, key: &[u8], more: &str) -> Key {
    match keys_in(&line(suite, key, more), 7).swap_remove(0) {
        KeyLine::Key(key) => key,
        KeyLine::Unknown(why) => panic!("{why}"),
    }
}

#[test]
fn the_keystream_of_rfc_3711_appendix_b_2() {
    let mut stream = [0; 48];
    let iv: [u8; 16] = bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
    keystream(&bytes("2B7E151628AED2A6ABF7158809CF4F3C"), &iv, &mut stream);
    let expected =
        "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(stream[..], bytes(expected));
}

#[test]
fn the_keys_of_rfc_3711_appendix_b_3_and_of_rfc_6188() {
    let short = key(
        "AES_CM_128_HMAC_SHA1_80",
        &bytes("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6"),
        "",
    );
    let session = Session::new(&short);
    let (cipher, salt, authentication) = derived(&session);
    assert_eq!(cipher, bytes("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(salt, bytes("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(authentication, bytes("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
    let long = key(
        "AES_256_CM_HMAC_SHA1_80",
        &bytes(
            "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b78d2",
        ),
        "",
    );
    let session = Session::new(&long);
    let (cipher, salt, authentication) = derived(&session);
    assert_eq!(cipher, bytes("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4"));
    assert_eq!(salt, bytes("fa31791685ca444a9e07c6c64e93"));
    assert_eq!(authentication, bytes("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"));
}

#[test]
fn lines_of_sdp() {
    let good = |more: &str| {
        matches!(keys_in(&line("AES_CM_128_HMAC_SHA1_32", &[9; 30], more), 1)[..], [KeyLine::Key(_)])
    };
    assert!(good("") && good("|2^31") && good("|2^20|1:4") && good("|1:4") && good(" WSH=100 KDR=0"));
    assert!(!good("|1:x") && !good("|1:999") && !good(" UNENCRYPTED_SRTP") && !good(" KDR=1"));
    assert_eq!(key("AES_CM_128_HMAC_SHA1_32", &[9; 30], "|2^20|1:4").mki, 4);
    let told =
        |suite: &str, length: usize| match keys_in(&line(suite, &vec![9; length], ""), 1).swap_remove(0) {
            KeyLine::Unknown(why) => why,
            KeyLine::Key(_) => String::new(),
        };
    assert!(told("AEAD_AES_128_GCM", 28).contains("AEAD_AES_128_GCM"));
    assert!(told("AES_CM_128_HMAC_SHA1_80", 29).contains("length"));
    let two = line("AES_CM_128_HMAC_SHA1_80", &[1; 30], &format!(";inline:{}", "A".repeat(40)));
    assert_eq!(keys_in(&two, 3).len(), 2);
    assert!(keys_in(b"a=crypto:1", 1).iter().all(|line| matches!(line, KeyLine::Unknown(_))));
    assert_eq!(keys_in(b"INVITE sip:x SIP/2.0\r\n\r\na=crypt\n\xff", 1), []);
    assert!(!format!("{:?}", key("AES_CM_128_HMAC_SHA1_80", &[65; 30], "")).contains("65, 65"));
}

/// Packets 0.. of a stream whose first one has the number `first`, sealed with the session and rollovers of each.
fn stream(first: u16, count: u64, sealed: impl Fn(u64, &[u8]) -> Vec<u8>) -> (Heard, Payloads) {
    let (mut packets, mut datagrams) = (Vec::new(), Payloads::new());
    for n in 0..count {
        let sequence = u64::from(first) + n + 5 * 65_536;
        // Every third packet has a contributing source, every fifth an extension, every seventh padding.
        let flags = 0x80 | u8::from(n % 3 == 0) | u8::from(n % 5 == 0) << 4 | u8::from(n % 7 == 0) << 5;
        let mut packet = vec![flags, 0];
        packet.extend((sequence as u16).to_be_bytes());
        packet.extend((n as u32 * 160).to_be_bytes());
        packet.extend([0xca, 0xfe, 0xba, 0xbe]);
        packet.extend(if n % 3 == 0 { &[1u8, 2, 3, 4][..] } else { &[] });
        packet.extend(if n % 5 == 0 { &[0xbe, 0xde, 0, 1, 5, 6, 7, 8][..] } else { &[] });
        packet.extend([n as u8; 20]);
        packet.extend(if n % 7 == 0 { &[0u8, 0, 3][..] } else { &[] });
        datagrams.insert(n + 1, sealed(n, &packet));
        packets.push(HeardPacket {
            frame: n + 1,
            at: Nanos(n as i64 * 20_000_000),
            sequence,
            timestamp: n as u32 * 160,
            payload_type: 0,
            marker: false,
            late: false,
        });
    }
    let last = packets.last().map_or(0, |packet| packet.sequence);
    let first = packets.first().map_or(0, |packet| packet.sequence);
    let heard =
        Heard { stream: 1, encrypted: true, first, last, step: Some(160), formats: Vec::new(), packets };
    (heard, datagrams)
}

fn assert_open(unlocked: &Unlocked, count: u64) {
    assert_eq!((unlocked.payloads.len() as u64, unlocked.refused), (count, 0));
    for n in 0..count {
        assert_eq!(unlocked.payloads[&(n + 1)], [n as u8; 20], "packet {n}");
    }
}

#[test]
fn the_rollover_counter_is_followed_and_found() {
    for (suite, length) in [
        ("AES_CM_128_HMAC_SHA1_80", 30),
        ("AES_CM_128_HMAC_SHA1_32", 30),
        ("AES_192_CM_HMAC_SHA1_80", 38),
        ("AES_256_CM_HMAC_SHA1_32", 46),
    ] {
        let keys = [key(suite, &vec![3; length], "|2^20|1:2"), key(suite, &vec![8; length], "|1:2")];
        let session = Session::new(&keys[1]);
        // The number wraps after 100 packets; the capture began before, or after three earlier wraps.
        for before in [0u32, 3] {
            let (heard, datagrams) =
                stream(65_436, 300, |n, packet| session.seal(packet, before + u32::from(n >= 100)));
            assert_open(&unlock(&heard, &datagrams, &keys).unwrap(), 300);
        }
    }
}

#[test]
fn a_new_key_in_the_call_is_taken() {
    let keys = [key("AES_CM_128_HMAC_SHA1_80", &[3; 30], ""), key("AES_CM_128_HMAC_SHA1_80", &[8; 30], "")];
    let sessions = [Session::new(&keys[0]), Session::new(&keys[1])];
    for starts_over in [false, true] {
        let (heard, datagrams) = stream(65_500, 200, |n, packet| match n {
            0..120 => sessions[0].seal(packet, u32::from(n >= 36)),
            _ => sessions[1].seal(packet, u32::from(!starts_over)),
        });
        assert_open(&unlock(&heard, &datagrams, &keys).unwrap(), 200);
    }
}

#[test]
fn what_no_key_fits_stays_closed() {
    let (right, wrong) =
        (key("AES_CM_128_HMAC_SHA1_80", &[3; 30], ""), key("AES_CM_128_HMAC_SHA1_80", &[4; 30], ""));
    let session = Session::new(&right);
    let (heard, mut datagrams) = stream(10, 50, |_, packet| session.seal(packet, 0));
    assert!(unlock(&heard, &datagrams, &[wrong]).is_none());
    assert!(unlock(&heard, &datagrams, &[]).is_none());
    // One bit of one packet was changed, one packet was cut, one is nothing at all.
    datagrams.get_mut(&20).unwrap()[15] ^= 1;
    datagrams.get_mut(&21).unwrap().truncate(25);
    datagrams.get_mut(&22).unwrap().clear();
    let unlocked = unlock(&heard, &datagrams, &[right]).unwrap();
    assert_eq!((unlocked.payloads.len(), unlocked.refused, unlocked.key_frame), (47, 3, 7));
    assert!((20..23).all(|frame| !unlocked.payloads.contains_key(&frame)));
}

#[test]
fn a_number_before_the_first_one_counts_no_wrap() {
    let keys = [key("AES_CM_128_HMAC_SHA1_80", &[3; 30], "")];
    let session = Session::new(&keys[0]);
    let (mut heard, datagrams) = stream(65_530, 20, |n, packet| session.seal(packet, 1 + u32::from(n >= 6)));
    heard.first += 10;
    assert_open(&unlock(&heard, &datagrams, &keys).unwrap(), 20);
}
