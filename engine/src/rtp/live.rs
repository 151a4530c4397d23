//! MOS of one stream while reading, by the same arithmetic as in the report.

use super::mos::{self, Delay, Media};
use super::payloads::{Kind, Type};
use super::stream::Stream;
use super::tracker::Tracker;
use crate::live::Quality;

impl Tracker {
    /// Up to the stream's last packet; `None` while it cannot be rated.
    pub(crate) fn quality_so_far(&self, id: u32) -> Option<Quality> {
        self.by_id(id)?.quality()
    }

    /// Slots are filled in the order of ids until a stream has been dropped for lack of room.
    pub(super) fn by_id(&self, id: u32) -> Option<&Stream> {
        let place = usize::try_from(id.checked_sub(1)?).ok()?;
        let direct = self.slots.get(place).filter(|stream| stream.id == id);
        direct.or_else(|| self.slots.iter().find(|stream| stream.id == id))
    }
}

impl Stream {
    fn quality(&self) -> Option<Quality> {
        let types = self.types();
        let main = types.main()?;
        let audio = matches!(main.kind, Kind::Audio | Kind::Unknown) && main.clock_hz != 0;
        let step = self.frequent_step().filter(|&step| audio && step > 0);
        let ptime_ms = step.map(|step| f64::from(step) * 1000.0 / f64::from(main.clock_hz));
        let packets = types.iter().filter(|known| known.is_media()).map(|known: &Type| known.packets).sum();
        // Encryption only words the reason why there is no codec.
        let media = Media { main: Some(main), ptime_ms, encrypted: false };
        let codec = mos::codec_of(self, media, packets).ok()?;
        let rated = mos::of_stream(Ok(codec), self, &self.ledger(), ptime_ms, &Delay::Unknown);
        Some(Quality { mos: rated.lq?, r: rated.r_lq?, scale: rated.scale? })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Engine, LinkType, Nanos, Packet, SourceInfo};

    /// A PCMU packet, 20 ms after the one before, in IPv4 over Ethernet.
    fn packet(n: u16) -> Vec<u8> {
        let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        bytes.extend([0x45, 0, 0, 200, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
        bytes.extend([0x0f, 0xa0, 0x0f, 0xa2, 0, 180, 0, 0]);
        bytes.extend([0x80, 0]);
        bytes.extend(n.to_be_bytes());
        bytes.extend((u32::from(n) * 160).to_be_bytes());
        bytes.extend([1, 2, 3, 4]);
        bytes.resize(bytes.len() + 160, 0xff);
        bytes
    }

    #[test]
    fn the_figure_so_far_is_that_of_a_report_so_far() {
        let mut engine = Engine::new(Config::default());
        assert_eq!(engine.stream_so_far(1), None);
        let mut compared = 0;
        for n in (0..2_000u16).filter(|n| n % 37 != 5) {
            let bytes = packet(n);
            let frame = u64::from(n) + 1;
            let at = Nanos(i64::from(n) * 20 * Nanos::MILLI);
            let facts = engine.packet(&Packet {
                frame,
                at,
                link: LinkType::ETHERNET,
                interface: 0,
                orig_len: bytes.len() as u32,
                bytes: &bytes,
            });
            let Some(stream) = facts.stream.filter(|_| n % 100 == 0) else { continue };
            let mos = &engine.report(SourceInfo::default()).streams[0].mos;
            let quality = engine.stream_so_far(stream);
            assert_eq!(quality.map(|q| (q.mos, q.r)), mos.lq.zip(mos.r_lq), "frame {frame}");
            compared += usize::from(quality.is_some());
        }
        assert!(compared > 10, "only {compared} rated");
        assert_eq!((engine.stream_so_far(0), engine.stream_so_far(2)), (None, None));
    }
}
