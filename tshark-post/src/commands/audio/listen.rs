//! The second pass: the payloads of the wanted streams, decrypted where that was asked for, and what the listener
//! heard of them.

use std::collections::HashMap;

use airtone_audio::srtp::{Key, KeyLine, keys_in, unlock};
use airtone_audio::{Payloads, Refusal, Timing, Track, render};
use airtone_engine::model::Stream;
use airtone_engine::packet::Endpoint;
use airtone_engine::rtp::Heard;
use airtone_engine::rtp::tones::Tones;
use airtone_engine::traffic::{Traffic, What};

use crate::failure::Failure;
use crate::passes::Passes;

/// Lines with keys that are kept; each call has two or four.
const MOST_KEYS: usize = 4_096;
/// Packets that prove which key is the right one, where nothing is to be decrypted.
const PROOF: usize = 8;

/// How it is listened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hearing {
    pub(crate) timing: Timing,
    /// SRTP with keys from SDP.
    pub(crate) decrypt: bool,
}

/// A stream and what became of it.
pub(crate) struct Voice<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) sound: Result<Track, Refusal>,
    /// The frame whose SDP had the key that it was decrypted with.
    pub(crate) key_frame: Option<u64>,
}

/// What is kept of a wanted stream.
#[derive(Default)]
struct Packets {
    payloads: Payloads,
    /// From the RTP header on: what authentication is about.
    datagrams: Payloads,
}

/// Streams are told apart by their ends and SSRC until the engine has decided which is which.
type Name = (Endpoint, Endpoint, u32);

fn name(stream: &Stream) -> Option<Name> {
    let ssrc = u32::from_str_radix(stream.ssrc.trim_start_matches("0x"), 16).ok()?;
    Some((stream.source?, stream.destination?, ssrc))
}

/// Everything that the pass collects.
struct Collected {
    hearing: Hearing,
    packets: HashMap<Name, Packets>,
    /// Calls of the wanted streams, `None` where one of them has none: its key may be in any.
    calls: Vec<Option<u32>>,
    keys: Vec<(Option<u32>, KeyLine)>,
}

impl Collected {
    fn take(&mut self, traffic: &Traffic<'_>) {
        let cx = traffic.cx;
        match traffic.what {
            What::Sip { .. } if self.keys.len() < MOST_KEYS && self.may_matter(traffic.facts.call) => {
                let lines = keys_in(traffic.bytes, cx.frame).into_iter();
                self.keys.extend(lines.map(|line| (traffic.facts.call, line)));
            }
            What::Rtp(parsed) => {
                let name = (cx.source, cx.destination, parsed.header.ssrc);
                let Some(packets) = self.packets.get_mut(&name) else { return };
                packets.payloads.entry(cx.frame).or_insert_with(|| parsed.payload.to_vec());
                if self.hearing.decrypt || packets.datagrams.len() < PROOF {
                    packets.datagrams.entry(cx.frame).or_insert_with(|| traffic.bytes.to_vec());
                }
            }
            _ => {}
        }
    }

    /// Of the many calls of a large capture only these have keys that are of use.
    fn may_matter(&self, call: Option<u32>) -> bool {
        self.calls.iter().any(|wanted| wanted.is_none() || *wanted == call)
    }

    fn voice<'a>(&self, stream: &'a Stream, heard: Option<Heard>) -> Voice<'a> {
        let refused = |why: &str| Voice { stream, sound: Err(Refusal(why.to_owned())), key_frame: None };
        let Some(mut heard) = heard else { return refused("its state was given up for lack of room") };
        let nothing = Packets::default();
        let packets = name(stream).and_then(|name| self.packets.get(&name)).unwrap_or(&nothing);
        if !heard.encrypted {
            let sound = render(&heard, &packets.payloads, self.hearing.timing);
            return Voice { stream, sound, key_frame: None };
        }
        let of_call = |call: &Option<u32>| stream.call.is_none() || *call == stream.call;
        let lines = || self.keys.iter().filter(|(call, _)| of_call(call)).map(|(_, line)| line);
        let keys: Vec<Key> = lines()
            .filter_map(|line| match line {
                KeyLine::Key(key) => Some(key.clone()),
                KeyLine::Unknown(_) => None,
            })
            .collect();
        let unknown = lines().find_map(|line| match line {
            KeyLine::Key(_) => None,
            KeyLine::Unknown(why) => Some(why),
        });
        match (unlock(&heard, &packets.datagrams, &keys), unknown) {
            (Some(unlocked), _) if self.hearing.decrypt => {
                heard.encrypted = false;
                let sound = render(&heard, &unlocked.payloads, self.hearing.timing);
                Voice { stream, sound, key_frame: Some(unlocked.key_frame) }
            }
            (Some(unlocked), _) => refused(&format!(
                "it is encrypted (SRTP), and its key is in the SDP of frame {}: --decrypt plays it",
                unlocked.key_frame
            )),
            (None, Some(why)) => {
                refused(&format!("it is encrypted (SRTP); there is a key in the SDP, but {why}"))
            }
            (None, None) if !keys.is_empty() => {
                refused("it is encrypted (SRTP), and no key in the SDP of its call fits its packets")
            }
            (None, None) => {
                let sound = render(&heard, &packets.payloads, self.hearing.timing);
                Voice { stream, sound, key_frame: None }
            }
        }
    }
}

/// Listens to the wanted streams, and gives the tones in them.
pub(crate) fn listen<'a>(
    passes: &Passes,
    wanted: &[&'a Stream],
    hearing: Hearing,
) -> Result<(Vec<Voice<'a>>, Tones), Failure> {
    let packets = wanted.iter().filter_map(|stream| Some((name(stream)?, Packets::default()))).collect();
    let calls = wanted.iter().map(|stream| stream.call).collect();
    let mut collected = Collected { hearing, packets, calls, keys: Vec::new() };
    let ids: Vec<u32> = wanted.iter().map(|stream| stream.id).collect();
    let mut tones = Tones::default();
    let engine = passes.through_engine(&ids, |traffic| {
        if traffic.facts.stream.is_some_and(|stream| ids.contains(&stream)) {
            tones.traffic(traffic);
        }
        collected.take(traffic);
    })?;
    let voices = wanted.iter().map(|stream| collected.voice(stream, engine.heard(stream.id))).collect();
    Ok((voices, tones))
}
