//! What a capture says about its own radio: when it listened to which channel. Lines of packet comments, described in
//! `docs/pcapng.md`.

use std::fmt;

use airtone_engine::Nanos;

const PREFIX: &str = "airtone: listening ";

/// From a time on the radio of an interface listens to a channel, or to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    /// From when.
    pub at: Nanos,
    /// Centre of the primary channel and the width, both in MHz; `None` while the radio retunes or is deaf.
    pub channel: Option<(u32, u32)>,
}

impl fmt::Display for Listening {
    /// `airtone: listening 2437/20 from 1763759868.725959625`, or `-` in place of the channel.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        match self.channel {
            Some((centre, width)) => write!(f, "{centre}/{width}")?,
            None => f.write_str("-")?,
        }
        let (seconds, nanos) = (self.at.0.div_euclid(Nanos::SECOND), self.at.0.rem_euclid(Nanos::SECOND));
        write!(f, " from {seconds}.{nanos:09}")
    }
}

impl Listening {
    /// The notes in a comment, in their order; other lines, also those that people wrote, are passed over.
    pub fn all_in(comment: &str) -> impl Iterator<Item = Self> + '_ {
        comment.lines().filter_map(Self::parse)
    }

    fn parse(line: &str) -> Option<Self> {
        let (channel, at) = line.trim_end().strip_prefix(PREFIX)?.split_once(" from ")?;
        let channel = match channel {
            "-" => None,
            _ => {
                let (centre, width) = channel.split_once('/')?;
                Some((centre.parse().ok()?, width.parse().ok()?))
            }
        };
        let (seconds, nanos) = at.split_once('.')?;
        if nanos.len() != 9 || !nanos.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let seconds = seconds.parse::<i64>().ok()?.checked_mul(Nanos::SECOND)?;
        Some(Self { at: Nanos(seconds.checked_add(nanos.parse().ok()?)?), channel })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for (at, channel) in
            [(1_763_759_868_725_959_625, Some((2437, 20))), (0, None), (-1, Some((5955, 320)))]
        {
            let note = Listening { at: Nanos(at), channel };
            let comment = format!("somebody's remark\n{note}\n{note}\r\n");
            assert_eq!(Listening::all_in(&comment).collect::<Vec<_>>(), [note, note]);
        }
        let note = Listening { at: Nanos(1_763_759_868_725_959_625), channel: Some((2437, 20)) };
        assert_eq!(note.to_string(), "airtone: listening 2437/20 from 1763759868.725959625");
    }

    #[test]
    fn anything_else_is_passed_over() {
        for line in [
            "",
            "airtone: listening",
            "airtone: listening 2437 from 1.000000000",
            "airtone: listening 2437/20 from 1.5",
            "airtone: listening 2437/20 from 1.+00000000",
            "airtone: listening 2437/20 from 99999999999999.000000000",
            "airtone: listening 99999999999/20 from 1.000000000",
            "we were airtone: listening 2437/20 from 1.000000000",
        ] {
            assert_eq!(Listening::all_in(line).next(), None, "{line}");
        }
    }
}
