//! AES in counter mode and HMAC-SHA1 (RFC 3711 sections 4.1.1, 4.2.1 and 4.3; RFC 6188 for longer keys).

use aes::{Aes128, Aes192, Aes256};
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::sdes::{Key, SALT};

/// Bytes of the session's authentication key.
const AUTHENTICATION: usize = 20;

/// What is derived from one master key for RTP.
pub(super) struct Session {
    key: Vec<u8>,
    salt: [u8; SALT],
    authentication: [u8; AUTHENTICATION],
    tag: usize,
    mki: usize,
}

impl Session {
    pub fn new(key: &Key) -> Self {
        let mut session = Self {
            key: vec![0; key.master.len()],
            salt: [0; SALT],
            authentication: [0; AUTHENTICATION],
            tag: key.tag,
            mki: key.mki,
        };
        let derive = |label: u8, bytes: &mut [u8]| {
            let mut salt = key.salt;
            salt[7] ^= label;
            keystream(&key.master, &block(salt), bytes);
        };
        derive(0, &mut session.key);
        derive(1, &mut session.authentication);
        derive(2, &mut session.salt);
        session
    }

    /// The packet without identifier and tag, and the tag.
    fn parts<'a>(&self, datagram: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let (rest, tag) = datagram.split_at_checked(datagram.len().checked_sub(self.tag)?)?;
        Some((&rest[..rest.len().checked_sub(self.mki)?], tag))
    }

    /// Its tag was made with this key and this rollover counter.
    pub fn is_authentic(&self, datagram: &[u8], rollovers: u32) -> bool {
        let Some((packet, tag)) = self.parts(datagram) else { return false };
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&self.authentication) else { return false };
        mac.update(packet);
        mac.update(&rollovers.to_be_bytes());
        mac.verify_truncated_left(tag).is_ok()
    }

    /// The first counter block of a packet (RFC 3711 section 4.1.1), which has its fixed header.
    fn counter(&self, packet: &[u8], rollovers: u32) -> [u8; 16] {
        let mut iv = block(self.salt);
        let index =
            (u64::from(rollovers) << 16 | u64::from(u16::from_be_bytes([packet[2], packet[3]]))) << 16;
        iv[4..8].iter_mut().zip(&packet[8..12]).for_each(|(iv, ssrc)| *iv ^= ssrc);
        iv[8..].iter_mut().zip(index.to_be_bytes()).for_each(|(iv, byte)| *iv ^= byte);
        iv
    }

    /// The payload of an authentic packet, decrypted, without padding.
    pub fn open(&self, datagram: &[u8], rollovers: u32) -> Option<Vec<u8>> {
        if !self.is_authentic(datagram, rollovers) {
            return None;
        }
        let (packet, _) = self.parts(datagram)?;
        let header = header_length(packet)?;
        let mut payload = packet.get(header..)?.to_vec();
        keystream(&self.key, &self.counter(packet, rollovers), &mut payload);
        if packet[0] & 0x20 != 0 {
            let padding = usize::from(*payload.last()?);
            payload.truncate(payload.len().checked_sub(padding)?);
        }
        Some(payload)
    }
}

/// The fixed header, contributing sources and extension (RFC 3550 section 5.1): what stays in the clear.
fn header_length(packet: &[u8]) -> Option<usize> {
    let sources = 12 + 4 * usize::from(packet.first()? & 0x0f);
    if packet[0] & 0x10 == 0 {
        return (packet.len() >= sources).then_some(sources);
    }
    let words = packet.get(sources + 2..sources + 4)?;
    Some(sources + 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]])))
}

/// A salt as the begin of a counter block, whose last 16 bits count.
fn block(salt: [u8; SALT]) -> [u8; 16] {
    let mut block = [0; 16];
    block[..SALT].copy_from_slice(&salt);
    block
}

/// Combines `bytes` with the keystream. A key is 16, 24 or 32 bytes long.
pub(super) fn keystream(key: &[u8], iv: &[u8; 16], bytes: &mut [u8]) {
    match key.len() {
        16 => _ = Ctr128BE::<Aes128>::new_from_slices(key, iv).map(|mut c| c.apply_keystream(bytes)),
        24 => _ = Ctr128BE::<Aes192>::new_from_slices(key, iv).map(|mut c| c.apply_keystream(bytes)),
        _ => _ = Ctr128BE::<Aes256>::new_from_slices(key, iv).map(|mut c| c.apply_keystream(bytes)),
    }
}

#[cfg(test)]
pub(super) fn derived(session: &Session) -> (&[u8], &[u8], &[u8]) {
    (&session.key, &session.salt, &session.authentication)
}

#[cfg(test)]
impl Session {
    /// The other way round, for tests: encrypts the payload of `packet` and adds identifier and tag.
    pub fn seal(&self, packet: &[u8], rollovers: u32) -> Vec<u8> {
        let header = header_length(packet).expect("a header");
        let mut sealed = packet.to_vec();
        keystream(&self.key, &self.counter(packet, rollovers), &mut sealed[header..]);
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.authentication).expect("a key of any length");
        mac.update(&sealed);
        mac.update(&rollovers.to_be_bytes());
        sealed.extend(vec![0x4d; self.mki]);
        sealed.extend(&mac.finalize().into_bytes()[..self.tag]);
        sealed
    }
}
