//! Mirrors of switches and access points: ERSPAN I, II and III, PEEKREMOTE old and NG.

use super::bytes::{limit, u8_at, u16_at, u32_at, u64_at};
use super::paths::{Kind, Part};
use super::reason;
use super::tunnel::Gre;
use super::walk::{IpHeader, Walk};
use crate::wifi::Radio;

/// GRE protocol of ERSPAN III; I and II share another.
const ERSPAN_III: u16 = 0x22eb;
/// First bytes of PEEKREMOTE-NG.
const PEEKREMOTE_MAGIC: u32 = 0x00ff_abcd;
/// Length of its header in version 2.
const PEEKREMOTE_LEN: usize = 55;

impl Walk<'_> {
    /// ERSPAN behind GRE. Type I has neither header nor sequence number.
    pub(super) fn erspan(&mut self, ip: &IpHeader, gre: &Gre, bytes: &[u8]) {
        if gre.protocol != ERSPAN_III && gre.sequence.is_none() {
            if self.enter(Part::tunnel(Kind::ErspanI, 0, ip.source, ip.destination)) {
                self.ethernet(bytes);
            }
            return;
        }
        let (kind, version, len) = match gre.protocol {
            ERSPAN_III => (Kind::ErspanIII, 2, 12),
            _ => (Kind::ErspanII, 1, 8),
        };
        let (Some(word), Some(inner)) = (u32_at(bytes, 0), bytes.get(len..)) else {
            return self.skip(reason::CUT_TUNNEL);
        };
        if word >> 28 != version {
            return self.skip(reason::BAD_TUNNEL);
        }
        if !self.enter(Part::tunnel(kind, word & 0x3ff, ip.source, ip.destination)) {
            return;
        }
        if let Some(number) = gre.sequence {
            self.state.paths.sequence(number);
        }
        match kind {
            Kind::ErspanIII => self.erspan3_payload(u16_at(bytes, 10).unwrap_or(0), inner),
            _ => self.ethernet(inner),
        }
    }

    /// `word`: P, frame type, hardware id, direction, granularity, O (platform subheader of 8 bytes).
    fn erspan3_payload(&mut self, word: u16, inner: &[u8]) {
        let Some(inner) = inner.get(if word & 1 == 1 { 8 } else { 0 }..) else {
            return self.skip(reason::CUT_TUNNEL);
        };
        match word >> 10 & 0x1f {
            0 => self.ethernet(inner),
            2 => self.ip(inner),
            _ => self.skip(reason::ERSPAN_FRAME),
        }
    }

    /// PEEKREMOTE as older access points send it: no magic, so every field has to make sense. The signal
    /// of an RTP packet would be -128 dBm.
    pub(super) fn peekremote(&mut self, ip: &IpHeader, payload: &[u8], wire_len: usize) -> bool {
        let Some((header, frame)) = payload.split_first_chunk::<20>() else { return false };
        let (signal, noise) = (header[0].cast_signed(), header[1].cast_signed());
        let percents = header[18] <= 100 && header[19] <= 100;
        let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let slice = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let carried = if slice == 0 { len } else { slice };
        let plain = frame.first().is_some_and(|control| control & 0x03 == 0);
        if carried + 20 != wire_len
            || slice > len
            || !(-127..=0).contains(&signal)
            || noise > 0
            || !percents
            || !plain
        {
            return false;
        }
        let radio = Radio {
            tsft: u64_at(header, 8),
            channel: Some(header[17]).filter(|channel| *channel != 0),
            signal_dbm: Some(signal).filter(|signal| *signal != 0),
            noise_dbm: Some(noise).filter(|noise| *noise != 0),
            rate_kbps: Some(u32::from(header[16]) * 500).filter(|rate| *rate != 0),
            bad_fcs: header[6] & 0x02 != 0,
            ..Radio::default()
        };
        self.peekremote_frame(ip, radio, frame, len);
        true
    }

    /// PEEKREMOTE-NG, by its magic.
    pub(super) fn peekremote_ng(&mut self, ip: &IpHeader, payload: &[u8]) -> bool {
        if u32_at(payload, 0) != Some(PEEKREMOTE_MAGIC) || u8_at(payload, 4) != Some(2) {
            return false;
        }
        let size = u32_at(payload, 5).and_then(|size| usize::try_from(size).ok());
        let (Some(size), Some(len)) = (size, u16_at(payload, 41)) else { return false };
        let Some(frame) = payload.get(size..).filter(|_| size >= PEEKREMOTE_LEN) else { return false };
        let dbm = |at| u8_at(payload, at).map(u8::cast_signed).filter(|dbm| *dbm != 0);
        let radio = Radio {
            tsft: u64_at(payload, 47),
            channel: u16_at(payload, 15).and_then(|channel| u8::try_from(channel).ok()).filter(|c| *c != 0),
            frequency_mhz: u32_at(payload, 17)
                .and_then(|mhz| u16::try_from(mhz).ok())
                .filter(|mhz| *mhz != 0),
            signal_dbm: dbm(31),
            noise_dbm: dbm(32),
            // The rate field is a rate or an MCS index by flags that versions read differently.
            rate_kbps: None,
            bad_fcs: payload[45] & 0x02 != 0,
        };
        self.peekremote_frame(ip, radio, frame, len.into());
        true
    }

    /// `len`: of the whole frame on the air, with its check sequence.
    fn peekremote_frame(&mut self, ip: &IpHeader, radio: Radio, frame: &[u8], len: usize) {
        if self.enter(Part::tunnel(Kind::PeekRemote, 0, ip.source, ip.destination)) {
            self.dot11(radio, limit(frame, len.saturating_sub(4)));
        }
    }
}
