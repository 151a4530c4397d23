//! What is drawn of a sound.

use airtone_audio::waveform::{Strip, Wave, waves};
use airtone_audio::{Channel, MarkKind, Mixed};
use airtone_report::wave::{self, Kind, Sound};

/// In `columns` columns.
pub(crate) fn sound(mixed: &Mixed, channels: &[Channel<'_>], columns: usize) -> Sound {
    let channels = waves(mixed, channels, columns).into_iter().map(channel).collect();
    Sound { seconds: mixed.seconds(), channels, part: None }
}

fn channel(wave: Wave) -> wave::Channel {
    let marks = wave.marks.iter().map(mark).collect();
    wave::Channel { name: wave.name, peaks: wave.peaks, marks }
}

fn mark(Strip { kind, at_s, mark, .. }: &Strip) -> wave::Mark {
    let kind = match kind {
        MarkKind::Concealed if mark.lost >= mark.late => Kind::Lost,
        MarkKind::Concealed => Kind::Late,
        MarkKind::Silence => Kind::Silence,
        MarkKind::Event => Kind::Event,
    };
    let length_s = mark.length as f64 / 1e9;
    wave::Mark { kind, at_s: *at_s, length_s, lost: mark.lost, late: mark.late }
}
