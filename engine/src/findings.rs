//! What a person should look at first: rules over the finished report, each with frames and a filter.

use crate::model::{Finding, Report};
use crate::rtp::StreamSummary;
use crate::sip::CallSummary;

/// Applies every rule. Most severe first, then by frame.
#[must_use]
pub fn find(_report: &Report, _calls: &[CallSummary], _streams: &[StreamSummary]) -> Vec<Finding> {
    Vec::new()
}
