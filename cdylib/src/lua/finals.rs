//! Figures of the whole capture for single frames, looked up in a report.

use std::collections::HashMap;

use airtone_engine::FrameFacts;
use airtone_engine::Report;
use airtone_engine::model::{CallOutcome, Severity};

use super::door::Value;

/// What columns show of a report.
#[derive(Debug)]
pub(super) struct Finals {
    /// Frames that had been read.
    pub frames: u64,
    /// MOS-LQ and R by stream id; ids of the report are few and near 1.
    streams: HashMap<u32, (Option<f64>, Option<f64>)>,
    calls: HashMap<u32, (CallOutcome, Option<f64>)>,
    beacons_lost: Vec<u64>,
    findings: Vec<(&'static str, String)>,
    /// Findings that name a frame.
    by_frame: HashMap<u64, Vec<u32>>,
}

impl Finals {
    pub(super) fn new(report: &Report, frames: u64) -> Self {
        let mut by_frame: HashMap<u64, Vec<u32>> = HashMap::new();
        for (place, finding) in (0..).zip(&report.findings) {
            for &frame in &finding.frames {
                by_frame.entry(frame).or_default().push(place);
            }
        }
        let text = |title: &str, detail: &str| {
            if detail.is_empty() { title.to_owned() } else { format!("{title}. {detail}") }
        };
        Self {
            frames,
            streams: report.streams.iter().map(|s| (s.id, (s.mos.lq, s.mos.r_lq))).collect(),
            calls: report.calls.iter().map(|c| (c.id, (c.outcome, c.mos.map(|mos| mos.worst)))).collect(),
            beacons_lost: report.wifi.bss.iter().map(|bss| bss.beacons.lost).collect(),
            findings: report
                .findings
                .iter()
                .map(|f| (severity(f.severity), text(&f.title, &f.detail)))
                .collect(),
            by_frame,
        }
    }

    /// MOS, R, outcome, call MOS, beacons lost, number of findings.
    pub(super) fn of(&self, frame: u64, facts: &FrameFacts) -> [Value; 6] {
        let stream = facts.rtp.and(facts.stream).and_then(|id| self.streams.get(&id));
        let call = facts.call.and_then(|id| self.calls.get(&id));
        let bss = facts.beacon.and_then(|beacon| self.beacons_lost.get(beacon.bss as usize));
        [
            stream.and_then(|stream| stream.0).into(),
            stream.and_then(|stream| stream.1).into(),
            call.map_or(Value::Nil, |call| Value::Fixed(outcome(call.0))),
            call.and_then(|call| call.1).into(),
            bss.map(|&lost| lost as f64).into(),
            Value::Number(self.by_frame.get(&frame).map_or(0, Vec::len) as f64),
        ]
    }

    /// Severity and text of a finding that names `frame`.
    pub(super) fn finding(&self, frame: u64, place: usize) -> Option<(&'static str, &str)> {
        let finding = *self.by_frame.get(&frame)?.get(place)?;
        self.findings.get(finding as usize).map(|(severity, text)| (*severity, text.as_str()))
    }
}

/// As in the report.
pub(super) fn outcome(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Answered => "answered",
        CallOutcome::Busy => "busy",
        CallOutcome::NoAnswer => "no_answer",
        CallOutcome::Cancelled => "cancelled",
        CallOutcome::AnsweredElsewhere => "answered_elsewhere",
        CallOutcome::Rejected => "rejected",
        CallOutcome::Redirected => "redirected",
        CallOutcome::Failed => "failed",
        CallOutcome::AuthFailed => "auth_failed",
        CallOutcome::Ringing => "ringing",
        CallOutcome::Setup => "setup",
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}
