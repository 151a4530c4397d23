//! SRTP (RFC 3711) whose keys went over the wire in the clear, in SDP (RFC 4568): payloads are given only where the
//! packet's authentication proves that the key is the right one.

mod cipher;
mod sdes;
#[cfg(test)]
mod tests;

use airtone_engine::rtp::Heard;

use crate::run::Payloads;
use cipher::Session;
pub use sdes::{Key, KeyLine, keys_in};

/// Rollovers that may lie before the capture: packets of 20 ms need 22 minutes for each.
const MOST_ROLLOVERS: u32 = 128;
/// So many packets are tried with every key; if none fits, their stream has another one.
const PATIENCE: usize = 8;

/// A stream whose key was found.
#[derive(Clone, Debug)]
pub struct Unlocked {
    /// Payloads by frame, decrypted.
    pub payloads: Payloads,
    /// The frame of the SDP whose key it was; the last one where it changed.
    pub key_frame: u64,
    /// Packets that the key did not fit.
    pub refused: u64,
}

/// A session key that fitted, and the rollover counter behind the engine's count.
#[derive(Clone, Copy)]
struct Fit {
    key: usize,
    rollovers: u32,
}

/// Decrypts a stream. `datagrams`: its RTP packets by frame, from the header on. `None` when no key fits.
#[must_use]
pub fn unlock(heard: &Heard, datagrams: &Payloads, keys: &[Key]) -> Option<Unlocked> {
    let sessions: Vec<Session> = keys.iter().map(Session::new).collect();
    let mut unlocked = Unlocked { payloads: Payloads::new(), key_frame: 0, refused: 0 };
    let (mut fit, mut failures): (Option<Fit>, usize) = (None, 0);
    for packet in &heard.packets {
        let Some(datagram) = datagrams.get(&packet.frame) else { continue };
        // The engine's count of rollovers begins anywhere; what counts is how often the number wrapped since.
        let wraps = (packet.sequence >> 16).wrapping_sub(heard.first >> 16) as u32;
        let open = |fit: Fit| sessions[fit.key].open(datagram, wraps.wrapping_add(fit.rollovers));
        let mut payload = fit.and_then(open);
        if payload.is_none() && failures < PATIENCE {
            let found = search(&sessions, datagram, wraps);
            payload = found.and_then(open);
            failures = if found.is_some() { 0 } else { failures + 1 };
            fit = found.or(fit);
        }
        match (payload, fit) {
            (Some(payload), Some(fit)) => {
                unlocked.key_frame = keys[fit.key].frame;
                unlocked.payloads.insert(packet.frame, payload);
                failures = 0;
            }
            _ => unlocked.refused += 1,
        }
    }
    (!unlocked.payloads.is_empty()).then_some(unlocked)
}

/// The key and the rollover counter that a packet was sent with: the last key first, as in a call that changed it.
fn search(sessions: &[Session], datagram: &[u8], wraps: u32) -> Option<Fit> {
    (0..=MOST_ROLLOVERS).find_map(|rollovers| {
        let fits = |session: &Session| session.is_authentic(datagram, wraps.wrapping_add(rollovers));
        // A new key may count from 0 again, whatever wrapped before.
        let anew = |session: &Session| rollovers == 0 && session.is_authentic(datagram, 0);
        let fit = sessions.iter().rposition(fits).map(|key| Fit { key, rollovers });
        fit.or_else(|| {
            sessions.iter().rposition(anew).map(|key| Fit { key, rollovers: 0u32.wrapping_sub(wraps) })
        })
    })
}
