//! Counts of methods and responses, and the performance metrics of RFC 6076.

use std::collections::{BTreeMap, HashMap};

use super::call::Call;
use super::message::{Message, Start};
use super::params::text;
use crate::model::{CallOutcome, Rfc6076};
use crate::packet::Nanos;

/// Methods counted under their own name.
const MAX_METHODS: usize = 64;
/// A longer method is none that anybody knows.
const MAX_METHOD: usize = 32;

/// Messages by kind, every one in every frame, as `tshark -z sip,stat` counts them.
#[derive(Debug)]
pub(super) struct Counts {
    requests: HashMap<Box<[u8]>, u64>,
    other: u64,
    responses: Vec<u64>,
    pub(super) retransmissions: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self { requests: HashMap::new(), other: 0, responses: vec![0; 1000], retransmissions: 0 }
    }
}

impl Counts {
    pub(super) fn count(&mut self, message: &Message<'_>) {
        match message.start {
            Start::Response { code, .. } => {
                if let Some(count) = self.responses.get_mut(usize::from(code)) {
                    *count += 1;
                }
            }
            Start::Request { method, .. } => self.request(method),
        }
    }

    fn request(&mut self, method: &[u8]) {
        if let Some(count) = self.requests.get_mut(method) {
            *count += 1;
        } else if method.len() > MAX_METHOD || self.requests.len() >= MAX_METHODS {
            self.other += 1;
        } else {
            self.requests.insert(method.into(), 1);
        }
    }

    /// By method; those beyond the bound as `other`.
    pub(super) fn requests(&self) -> BTreeMap<String, u64> {
        let named = self.requests.iter().map(|(method, &count)| (text(method, MAX_METHOD), count));
        let mut counts: BTreeMap<String, u64> = named.collect();
        if self.other > 0 {
            *counts.entry("other".into()).or_default() += self.other;
        }
        counts
    }

    /// By status code.
    pub(super) fn responses(&self) -> BTreeMap<String, u64> {
        let seen = self.responses.iter().enumerate().filter(|(_, count)| **count > 0);
        seen.map(|(code, &count)| (format!("{code:03}"), count)).collect()
    }
}

/// Sums over session attempts for RFC 6076. An attempt is a call: challenges and retries within one
/// Call-ID belong to it. Calls that began before the capture do not count, nor do those that were neither
/// answered nor refused when it ended: a call that still rings has not failed.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    attempts: u64,
    /// Answered and not over when the capture ended: nobody knows whether they complete.
    talking: u64,
    redirected: u64,
    established: u64,
    effective: u64,
    ineffective: u64,
    completed: u64,
    request_delay_ms: f64,
    request_delays: u64,
    disconnect_delay_ms: f64,
    disconnect_delays: u64,
}

impl Rates {
    /// Adds a call as it stands at `end`.
    pub(super) fn add(&mut self, call: &Call, end: Nanos) {
        if let Some(delay) = call.bye.as_ref().and_then(|bye| bye.disconnect_ms) {
            self.disconnect_delay_ms += delay.max(0.0);
            self.disconnect_delays += 1;
        }
        if call.began_before {
            return;
        }
        let verdict = call.verdict(end);
        if matches!(verdict.outcome, CallOutcome::Setup | CallOutcome::Ringing) {
            return;
        }
        let answered = verdict.outcome == CallOutcome::Answered;
        let code = verdict.code.unwrap_or(0);
        self.attempts += 1;
        self.talking += u64::from(answered && call.bye.is_none());
        self.redirected += u64::from(verdict.outcome == CallOutcome::Redirected);
        self.established += u64::from(answered);
        self.effective += u64::from(answered || matches!(code, 480 | 486 | 600 | 603));
        self.ineffective += u64::from(!answered && matches!(code, 408 | 500 | 503 | 504));
        let closed = call.bye.as_ref().is_some_and(|bye| bye.confirmed);
        self.completed += u64::from(answered && closed);
        let status = call.attempt.status.filter(|_| answered);
        if let Some(delay) = status.and_then(|status| status.known_millis_since(call.attempt.at)) {
            self.request_delay_ms += delay.max(0.0);
            self.request_delays += 1;
        }
    }

    /// The figures; `rrd_ms` comes from the registrations.
    pub(super) fn figures(&self, rrd_ms: Option<f64>) -> Rfc6076 {
        let mean = |sum: f64, n: u64| (n > 0).then(|| sum / n as f64);
        let percent = |part: u64, whole: u64| (whole > 0).then(|| 100.0 * part as f64 / whole as f64);
        let direct = self.attempts - self.redirected;
        Rfc6076 {
            rrd_ms,
            srd_ms: mean(self.request_delay_ms, self.request_delays),
            sdd_ms: mean(self.disconnect_delay_ms, self.disconnect_delays),
            ser_percent: percent(self.established, direct),
            seer_percent: percent(self.effective, direct),
            isa_percent: percent(self.ineffective, self.attempts),
            scr_percent: percent(self.completed, self.attempts - self.talking),
        }
    }
}
