//! RTP streams, one row each: the nested objects of the JSON report side by side.

use airtone_engine::Report;
use airtone_engine::model::{Stream, WiresharkFigures};

use super::{Table, list, number, optional, text};
use crate::words::name;

const STREAMS: &[&str] = &[
    "id",
    "ssrc",
    "source",
    "destination",
    "call",
    "direction",
    "payload_types",
    "codec",
    "clock_hz",
    "clock_source",
    "ptime_ms",
    "media",
    "encrypted",
    "first_frame",
    "last_frame",
    "start",
    "duration_s",
    "packets",
    "expected",
    "lost",
    "lost_percent",
    "duplicates",
    "out_of_order",
    "late",
    "late_percent",
    "jitter_min_ms",
    "jitter_mean_ms",
    "jitter_max_ms",
    "jitter_last_ms",
    "delta_min_ms",
    "delta_mean_ms",
    "delta_max_ms",
    "skew_ms",
    "clock_drift_ppm",
    "burst_density_percent",
    "gap_density_percent",
    "burst_duration_ms",
    "gap_duration_ms",
    "burst_ratio",
    "longest_loss",
    "mos_lq",
    "mos_cq",
    "r_lq",
    "r_cq",
    "mos_scale",
    "mos_grounding",
    "ie",
    "bpl",
    "one_way_delay_ms",
    "delay_source",
    "mos_reason",
    "mos_worst_interval_lq",
    "mos_worst_interval_at",
    "best_buffer_ms",
    "rtcp_reports",
    "rtcp_round_trip_ms",
    "rtcp_peer_lost_percent",
    "rtcp_peer_jitter_ms",
    "rtcp_xr_mos_lq",
    "rtcp_xr_mos_cq",
    "rtcp_xr_r_factor",
    "relayed_from",
];

/// Only there when Wireshark's figures were asked for.
const WIRESHARK: &[&str] = &[
    "wireshark_version",
    "wireshark_packets",
    "wireshark_lost",
    "wireshark_expected",
    "wireshark_lost_percent",
    "wireshark_min_delta_ms",
    "wireshark_mean_delta_ms",
    "wireshark_max_delta_ms",
    "wireshark_min_jitter_ms",
    "wireshark_mean_jitter_ms",
    "wireshark_max_jitter_ms",
    "wireshark_problem",
];

pub(super) fn streams(report: &Report) -> Table {
    let mut table = Table::new(STREAMS);
    table.rows = report.streams.iter().map(stream).collect();
    if report.streams.iter().any(|stream| stream.wireshark.is_some()) {
        table.header.extend_from_slice(WIRESHARK);
        for (row, stream) in table.rows.iter_mut().zip(&report.streams) {
            row.extend(wireshark(stream.wireshark.as_ref()));
        }
    }
    table
}

fn stream(stream: &Stream) -> Vec<String> {
    let mut row = stream_identity(stream);
    row.extend(stream_arrival(stream));
    row.extend(stream_quality(stream));
    row
}

fn stream_identity(stream: &Stream) -> Vec<String> {
    vec![
        stream.id.to_string(),
        text(&stream.ssrc),
        number(stream.source),
        number(stream.destination),
        number(stream.call),
        optional(stream.direction.as_deref()),
        list(&stream.payload_types),
        optional(stream.codec.as_deref()),
        number(stream.clock_hz),
        optional(stream.clock_source.as_deref()),
        number(stream.ptime_ms),
        optional(stream.media.as_deref()),
        stream.encrypted.to_string(),
        stream.first_frame.to_string(),
        stream.last_frame.to_string(),
        number(stream.start.known()),
        number(stream.duration_s),
    ]
}

fn stream_arrival(stream: &Stream) -> Vec<String> {
    let (jitter, delta, bursts) = (stream.jitter_ms, stream.delta_ms, &stream.bursts);
    vec![
        stream.packets.to_string(),
        stream.expected.to_string(),
        stream.lost.to_string(),
        stream.lost_percent.to_string(),
        stream.duplicates.to_string(),
        stream.out_of_order.to_string(),
        number(stream.late),
        number(stream.late_percent),
        number(jitter.map(|jitter| jitter.min)),
        number(jitter.map(|jitter| jitter.mean)),
        number(jitter.map(|jitter| jitter.max)),
        number(jitter.map(|jitter| jitter.last)),
        number(delta.map(|delta| delta.min)),
        number(delta.map(|delta| delta.mean)),
        number(delta.map(|delta| delta.max)),
        number(stream.skew_ms),
        number(stream.clock_drift_ppm),
        bursts.burst_density_percent.to_string(),
        bursts.gap_density_percent.to_string(),
        bursts.burst_duration_ms.to_string(),
        bursts.gap_duration_ms.to_string(),
        bursts.burst_ratio.to_string(),
        bursts.longest_loss.to_string(),
    ]
}

fn stream_quality(stream: &Stream) -> Vec<String> {
    let (mos, worst, rtcp) = (&stream.mos, stream.mos_worst_interval, stream.rtcp.as_ref());
    vec![
        number(mos.lq),
        number(mos.cq),
        number(mos.r_lq),
        number(mos.r_cq),
        mos.scale.map(|scale| name(&scale)).unwrap_or_default(),
        mos.grounding.map(|grounding| name(&grounding)).unwrap_or_default(),
        number(mos.ie),
        number(mos.bpl),
        number(mos.one_way_delay_ms),
        optional(mos.delay_source.as_deref()),
        optional(mos.reason.as_deref()),
        number(worst.map(|worst| worst.lq)),
        number(worst.map(|worst| worst.at)),
        number(stream.best_buffer_ms),
        number(rtcp.map(|rtcp| rtcp.reports)),
        number(rtcp.and_then(|rtcp| rtcp.round_trip_ms)),
        number(rtcp.and_then(|rtcp| rtcp.peer_lost_percent)),
        number(rtcp.and_then(|rtcp| rtcp.peer_jitter_ms)),
        number(rtcp.and_then(|rtcp| rtcp.xr_mos_lq)),
        number(rtcp.and_then(|rtcp| rtcp.xr_mos_cq)),
        number(rtcp.and_then(|rtcp| rtcp.xr_r_factor)),
        number(stream.relayed_from),
    ]
}

fn wireshark(figures: Option<&WiresharkFigures>) -> Vec<String> {
    let Some(figures) = figures else { return vec![String::new(); WIRESHARK.len()] };
    vec![
        text(&figures.version),
        figures.packets.to_string(),
        figures.lost.to_string(),
        figures.expected.to_string(),
        figures.lost_percent.to_string(),
        figures.min_delta_ms.to_string(),
        figures.mean_delta_ms.to_string(),
        figures.max_delta_ms.to_string(),
        figures.min_jitter_ms.to_string(),
        figures.mean_jitter_ms.to_string(),
        figures.max_jitter_ms.to_string(),
        figures.problem.to_string(),
    ]
}
