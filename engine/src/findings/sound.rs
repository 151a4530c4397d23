//! Rules about RTP: bad MOS, loss, late packets, one bad stretch, a codec that nobody agreed on.

use crate::model::{About, Finding, Severity, Stream};
use crate::quality::codec::{Grounding, Scale};
use crate::rtp::StreamSummary;

use super::wording::{count, stream_filter, stream_name};
use super::{Facts, finding};

/// Below this R-factor (on the 100-point scale) many users are dissatisfied (G.109).
const R_CRITICAL: f64 = 60.0;
/// Below this R-factor some users are dissatisfied (G.109).
const R_WARNING: f64 = 70.0;
/// Loss that concealment no longer hides.
const LOSS_WARNING_PERCENT: f64 = 1.0;
/// Loss that everybody hears.
const LOSS_CRITICAL_PERCENT: f64 = 5.0;

pub(super) fn find(facts: &Facts<'_>, out: &mut Vec<Finding>) {
    for summary in facts.streams {
        let stream = &summary.stream;
        if let Some(unseen) = unseen_loss(facts, stream) {
            out.push(about(unseen, summary));
            out.extend(late_packets(stream).map(|f| about(f, summary)));
        } else if let Some(mut bad) = bad_mos(stream) {
            // what is critical beside a fair MOS is no less so beside a bad one
            bad.severity = bad.severity.max(high_loss(stream).map_or(bad.severity, |loss| loss.severity));
            out.push(about(bad, summary));
        } else {
            out.extend(high_loss(stream).map(|f| about(f, summary)));
            out.extend(late_packets(stream).map(|f| about(f, summary)));
            out.extend(bad_stretch(stream).map(|f| about(f, summary)));
        }
        out.extend(codec_mismatch(facts, stream).map(|f| about(f, summary)));
    }
}

fn about(mut finding: Finding, summary: &StreamSummary) -> Finding {
    let stream = &summary.stream;
    finding.about = About { call: stream.call, stream: Some(stream.id), bssid: None };
    finding.filter = stream_filter(stream);
    finding.frames.clone_from(&summary.trouble_frames);
    if finding.frames.is_empty() {
        finding.frames.push(stream.first_frame);
    }
    finding
}

/// An R-factor brought to the 100-point scale, so that one threshold serves the three models.
fn comparable_r(r: f64, scale: Scale) -> f64 {
    match scale {
        Scale::Nb => r,
        Scale::Wb => r / 1.29,
        Scale::Fb => r / 1.48,
    }
}

fn bad_mos(stream: &Stream) -> Option<Finding> {
    let (lq, r, scale) = (stream.mos.lq?, stream.mos.r_lq?, stream.mos.scale?);
    let r = comparable_r(r, scale);
    // A codec that is poor without any loss is a choice, not a trouble.
    let damaged = stream.lost + late(stream).0 > 0;
    if r >= R_WARNING || !damaged {
        return None;
    }
    let provisional = stream.mos.grounding == Some(Grounding::Provisional);
    let severity = match r {
        r if provisional && r < R_CRITICAL => Severity::Warning,
        _ if provisional => Severity::Note,
        r if r < R_CRITICAL => Severity::Critical,
        _ => Severity::Warning,
    };
    let title = format!("Bad sound (MOS {lq:.1}): {}", stream_name(stream));
    Some(finding(severity, "bad_mos", title, causes(stream)))
}

/// Late packets and their share, none where the capture has no times.
fn late(stream: &Stream) -> (u64, f64) {
    (stream.late.unwrap_or(0), stream.late_percent.unwrap_or(0.0))
}

/// Why a stream sounds as it does, and what would help.
fn causes(stream: &Stream) -> String {
    let mut parts = Vec::new();
    if stream.lost > 0 {
        let ratio = stream.bursts.burst_ratio;
        let how = if ratio >= 1.5 { format!(" in bursts (burst ratio {ratio:.1})") } else { String::new() };
        let longest = stream.bursts.longest_loss;
        let longest = if longest > 1 { format!(", at most {longest} in a row") } else { String::new() };
        parts.push(format!(
            "{} of {} lost ({:.1} %){how}{longest}",
            stream.lost,
            count(stream.expected, "packet"),
            stream.lost_percent,
        ));
    }
    if let (late @ 1.., percent) = late(stream) {
        parts.push(format!("{} arrived too late to be played ({percent:.1} %)", count(late, "packet"),));
    }
    let mut text = parts.join("; ");
    if !text.is_empty() {
        text.push('.');
    }
    text + &better_buffer(stream)
}

/// The advice to use another buffer, where that would be worth at least 0.2 MOS.
fn better_buffer(stream: &Stream) -> String {
    let (Some(now), Some(best)) = (stream.mos.lq, stream.best_buffer_ms) else { return String::new() };
    let Some(point) = stream.buffer_curve.iter().find(|p| p.buffer_ms == best) else { return String::new() };
    match point.lq {
        Some(lq) if lq > now + 0.2 => format!(" A jitter buffer of {best} ms would give MOS {lq:.1}."),
        _ => String::new(),
    }
}

fn high_loss(stream: &Stream) -> Option<Finding> {
    if stream.lost_percent < LOSS_WARNING_PERCENT || stream.lost < 2 {
        return None;
    }
    let severity =
        if stream.lost_percent >= LOSS_CRITICAL_PERCENT { Severity::Critical } else { Severity::Warning };
    let title = format!("{:.1} % of packets lost: {}", stream.lost_percent, stream_name(stream));
    Some(finding(severity, "high_loss", title, causes(stream)))
}

/// Packets are missing, and the sensor says that it or its mirror lost as many in that time: nobody can say whether the
/// network lost any of them. Lateness is another matter.
fn unseen_loss(facts: &Facts<'_>, stream: &Stream) -> Option<Finding> {
    let unseen = facts.unseen(stream);
    if stream.lost == 0 || unseen < stream.lost {
        return None;
    }
    let title = format!("{:.1} % of packets not seen: {}", stream.lost_percent, stream_name(stream));
    let detail = format!(
        "{} of {} are missing, and the capture itself or the mirror before it lost {} in that time: the sound may have \
         been better than this capture.",
        stream.lost,
        count(stream.expected, "packet"),
        count(unseen, "packet"),
    );
    Some(finding(Severity::Note, "unseen_loss", title, detail))
}

fn late_packets(stream: &Stream) -> Option<Finding> {
    let (late, percent) = late(stream);
    if percent < LOSS_WARNING_PERCENT || late < 2 {
        return None;
    }
    let title = format!("{percent:.1} % of packets too late: {}", stream_name(stream));
    Some(finding(Severity::Warning, "late_packets", title, causes(stream)))
}

/// Good on the whole, bad for ten seconds: what people remember of a call.
fn bad_stretch(stream: &Stream) -> Option<Finding> {
    let (worst, lq) = (stream.mos_worst_interval?, stream.mos.lq?);
    if worst.lq > 3.1 || worst.lq > lq - 0.3 {
        return None;
    }
    let second = worst.at.seconds_since(stream.start).max(0.0);
    let title = format!("A bad stretch (MOS {:.1}): {}", worst.lq, stream_name(stream));
    let detail = format!(
        "MOS {:.1} for {:.0} s from second {second:.0} of the stream, {lq:.1} on the whole. {}",
        worst.lq,
        worst.interval_s,
        causes(stream)
    );
    Some(finding(Severity::Warning, "bad_stretch", title, detail))
}

/// The codec on the wire is none of those that the answer lists.
fn codec_mismatch(facts: &Facts<'_>, stream: &Stream) -> Option<Finding> {
    let codec = stream.codec.as_deref()?;
    let call = facts.call_of(stream)?;
    let audio = stream.media.as_deref() == Some("audio");
    let agreed = &call.agreed_codecs;
    // A stream that ended before the answer was sent under an earlier offer.
    let early = call.call.answer.is_none_or(|answer| stream.start < answer);
    if !audio || early || agreed.is_empty() || agreed.iter().any(|a| a.eq_ignore_ascii_case(codec)) {
        return None;
    }
    let title = format!("Codec {codec} was not agreed: {}", stream_name(stream));
    let detail = format!("SDP agreed on {}; the stream is {codec}.", agreed.join(", "));
    Some(finding(Severity::Warning, "codec_mismatch", title, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Nanos;
    use crate::model::{BufferPoint, Bursts, StreamMos};

    fn stream(lost: u64, late: u64, r: f64) -> Stream {
        Stream {
            id: 1,
            packets: 1000 - lost,
            expected: 1000,
            lost,
            lost_percent: lost as f64 / 10.0,
            late: Some(late),
            late_percent: Some(late as f64 / 10.0),
            mos: StreamMos { lq: Some(3.0), r_lq: Some(r), scale: Some(Scale::Nb), ..StreamMos::default() },
            ..Stream::default()
        }
    }

    #[test]
    fn severity_follows_the_r_factor() {
        assert_eq!(bad_mos(&stream(50, 0, 65.0)).unwrap().severity, Severity::Warning);
        assert_eq!(bad_mos(&stream(50, 0, 59.9)).unwrap().severity, Severity::Critical);
        assert!(bad_mos(&stream(50, 0, 70.0)).is_none());
    }

    #[test]
    fn a_poor_codec_without_loss_is_no_trouble() {
        assert!(bad_mos(&stream(0, 0, 50.0)).is_none());
    }

    #[test]
    fn wideband_is_judged_on_its_own_scale() {
        let mut wide = stream(50, 0, 85.0);
        wide.mos.scale = Some(Scale::Wb);
        assert_eq!(bad_mos(&wide).unwrap().severity, Severity::Warning, "85 of 129 is 65.9 of 100");
    }

    #[test]
    fn the_cause_names_bursts_and_the_better_buffer() {
        let mut bad = stream(20, 80, 55.0);
        bad.bursts = Bursts { burst_ratio: 2.34, longest_loss: 5, ..Bursts::default() };
        bad.best_buffer_ms = Some(150);
        bad.buffer_curve = vec![BufferPoint { buffer_ms: 150, late_percent: 0.0, lq: Some(4.1) }];
        let detail = bad_mos(&bad).unwrap().detail;
        assert_eq!(
            detail,
            "20 of 1000 packets lost (2.0 %) in bursts (burst ratio 2.3), at most 5 in a row; \
             80 packets arrived too late to be played (8.0 %). A jitter buffer of 150 ms would give MOS 4.1."
        );
    }

    #[test]
    fn heavy_loss_is_critical_whether_the_mos_is_bad_or_fair() {
        let report = crate::Engine::new(crate::Config::default()).report(crate::SourceInfo::default());
        for (r, kind) in [(65.0, "bad_mos"), (75.0, "high_loss")] {
            let streams = [StreamSummary { stream: stream(66, 0, r), ..StreamSummary::default() }];
            let mut found = Vec::new();
            find(
                &Facts {
                    report: &report,
                    calls: &[],
                    streams: &streams,
                    dropped: &crate::dropped::Dropped::default(),
                },
                &mut found,
            );
            assert_eq!((found[0].kind.as_str(), found[0].severity), (kind, Severity::Critical));
        }
    }

    #[test]
    fn two_percent_loss_is_a_warning_even_where_the_mos_stays_fair() {
        let mut lossy = stream(20, 0, 86.0);
        lossy.mos.lq = Some(4.2);
        assert!(bad_mos(&lossy).is_none());
        assert_eq!(high_loss(&lossy).unwrap().severity, Severity::Warning);
    }

    #[test]
    fn what_the_sensor_may_have_lost_is_not_blamed_on_the_network() {
        let mut streams = [StreamSummary { stream: stream(20, 0, 50.0), ..StreamSummary::default() }];
        streams[0].stream.duration_s = Some(20.0);
        let kinds = |dropped: u64| {
            let mut sensor = crate::dropped::Dropped::default();
            sensor.add(0, Some(Nanos(0)), Nanos(5 * Nanos::SECOND), dropped);
            let mut found = Vec::new();
            let report = crate::Engine::new(crate::Config::default()).report(crate::SourceInfo::default());
            find(&Facts { report: &report, calls: &[], streams: &streams, dropped: &sensor }, &mut found);
            found.into_iter().map(|finding| finding.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(20), ["unseen_loss"]);
        assert_eq!(kinds(19), ["bad_mos"]);
    }
}
