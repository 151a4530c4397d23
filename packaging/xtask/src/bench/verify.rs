//! Holds a report against the truth of a generated capture.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::generate::Truth;

/// Every call answered, every stream there, every packet and every loss counted.
pub fn check(report: &Value, truth: &Truth) -> anyhow::Result<()> {
    let calls = report["calls"].as_array().context("no calls in the report")?;
    let answered = calls.iter().filter(|call| call["outcome"] == "answered").count();
    ensure!(calls.len() as u64 == truth.calls, "{} calls, not {}", calls.len(), truth.calls);
    ensure!(answered as u64 == truth.calls, "{answered} calls answered, not {}", truth.calls);
    let packets = report["capture"]["packets"].as_u64();
    ensure!(packets == Some(truth.packets), "{packets:?} frames read, not {}", truth.packets);

    let streams = report["streams"].as_array().context("no streams in the report")?;
    ensure!(streams.len() == truth.streams.len(), "{} streams, not {}", streams.len(), truth.streams.len());
    let by_ssrc: BTreeMap<&str, &Value> =
        streams.iter().filter_map(|stream| Some((stream["ssrc"].as_str()?, stream))).collect();
    for want in &truth.streams {
        let ssrc = format!("{:#010x}", want.ssrc);
        let got = by_ssrc.get(&*ssrc).with_context(|| format!("stream {ssrc} is missing"))?;
        let (packets, lost) = (got["packets"].as_u64(), got["lost"].as_u64());
        ensure!(
            (packets, lost) == (Some(want.packets), Some(want.lost)),
            "stream {ssrc}: packets {packets:?} and lost {lost:?}, not {} and {}",
            want.packets,
            want.lost
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::generate::StreamTruth;

    fn truth() -> Truth {
        let stream = |ssrc, packets, lost| StreamTruth { call: 1, ssrc, packets, lost };
        let streams = vec![stream(0xab, 90, 10), stream(0xcd, 100, 0)];
        Truth { calls: 1, packets: 197, rtp_packets: 190, lost: 10, bytes: 0, streams }
    }

    fn report() -> Value {
        json!({
            "capture": { "packets": 197 },
            "calls": [{ "outcome": "answered" }],
            "streams": [
                { "ssrc": "0x000000cd", "packets": 100, "lost": 0 },
                { "ssrc": "0x000000ab", "packets": 90, "lost": 10 },
            ],
        })
    }

    #[test]
    fn a_true_report() {
        check(&report(), &truth()).expect("it is true");
    }

    #[test]
    fn every_wrong_figure_is_noticed() {
        let wrong = [
            ("/capture/packets", json!(196)),
            ("/calls/0/outcome", json!("busy")),
            ("/calls", json!([])),
            ("/calls", json!([{ "outcome": "answered" }, { "outcome": "setup" }])),
            ("/streams/0/packets", json!(99)),
            ("/streams/1/lost", json!(9)),
            ("/streams/1/lost", json!(null)),
            ("/streams/1/ssrc", json!("0x000000ac")),
            ("/streams", json!([])),
        ];
        for (path, value) in wrong {
            let mut report = report();
            *report.pointer_mut(path).expect(path) = value.clone();
            assert!(check(&report, &truth()).is_err(), "{path} = {value}");
        }
        assert!(check(&json!({}), &truth()).is_err());
    }
}
