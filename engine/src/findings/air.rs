//! Rules about the air and about the sensor: beacon outages, beacon loss, packets that the capture lost.

use crate::model::{About, Bss, Finding, Outage, OutageCause, Severity};

use super::{Facts, finding};

/// Beacon loss over the whole capture that users begin to notice.
const LOSS_NOTE_PERCENT: f64 = 5.0;
const LOSS_WARNING_PERCENT: f64 = 10.0;
const LOSS_CRITICAL_PERCENT: f64 = 25.0;

pub(super) fn find(facts: &Facts<'_>, out: &mut Vec<Finding>) {
    for bss in &facts.report.wifi.bss {
        out.extend(beacon_outage(bss).or_else(|| beacon_loss(bss)).or_else(|| beacon_silence(bss)));
    }
    out.extend(sensor_drops(facts));
    mirror_loss(facts, out);
}

fn name(bss: &Bss) -> String {
    match &bss.ssid {
        Some(ssid) if !ssid.is_empty() => format!("{ssid} ({})", bss.bssid),
        _ => bss.bssid.clone(),
    }
}

fn about(mut finding: Finding, bss: &Bss) -> Finding {
    finding.about = About { bssid: Some(bss.bssid.clone()), ..About::default() };
    finding.filter = format!("wlan.fc.type_subtype == 8 && wlan.bssid == {}", bss.bssid);
    finding
}

fn beacon_outage(bss: &Bss) -> Option<Finding> {
    // What the sensor itself missed is no trouble of the AP, and a silence that nothing explains may be no trouble.
    let real = |o: &&Outage| !o.is_of_sensor() && !o.is_uncounted();
    let outages: Vec<&Outage> = bss.outages.iter().filter(real).collect();
    let worst = outages.iter().max_by_key(|o| (o.severity, o.to.0.saturating_sub(o.from.0), o.lost))?;
    let title = match worst.to.known_seconds_since(worst.from) {
        Some(silent_s) => format!("No beacons for {:.1} s: {}", silent_s.max(0.0), name(bss)),
        None => format!("{} beacons missing in a row: {}", worst.lost, name(bss)),
    };
    let cause = match worst.cause {
        OutageCause::Air => "the AP's clock ran on, so it was on and its beacons did not get through the air",
        OutageCause::ApRestart => "the AP itself was silent",
        OutageCause::ChannelSwitch => "around an announced channel switch",
        _ => "the cause cannot be told from this capture; the sensor may not have listened",
    };
    let others = match outages.len() - 1 {
        0 => String::new(),
        1 => " One more outage.".to_owned(),
        n => format!(" {n} more outages."),
    };
    let detail = format!("{} beacons in a row missing: {cause}.{others}", worst.lost);
    let mut found = finding(worst.severity, "beacon_outage", title, detail);
    found.frames = outages.iter().map(|o| o.after_frame).collect();
    Some(about(found, bss))
}

/// Silences of which nobody knows whose they are: told once for all.
fn beacon_silence(bss: &Bss) -> Option<Finding> {
    let silences = || bss.outages.iter().filter(|outage| outage.is_uncounted());
    let longest =
        silences().filter_map(|o| o.to.known_seconds_since(o.from)).reduce(f64::max).map(|s| s.max(0.0))?;
    let (title, longest) = match silences().count() {
        1 => (format!("A silence of unknown cause: {}", name(bss)), format!("{longest:.1} s")),
        n => (format!("{n} silences of unknown cause: {}", name(bss)), format!("Up to {longest:.1} s each")),
    };
    let detail = format!(
        "{longest} without beacons, not counted as loss: it cannot be told from this capture whether the AP was \
         silent or the sensor did not listen."
    );
    let mut found = finding(Severity::Note, "beacon_silence", title, detail);
    found.frames = silences().map(|outage| outage.after_frame).collect();
    Some(about(found, bss))
}

fn beacon_loss(bss: &Bss) -> Option<Finding> {
    let percent = bss.beacons.lost_percent?;
    // A handful of beacons says nothing about a rate.
    if percent < LOSS_NOTE_PERCENT || bss.beacons.expected < 50 {
        return None;
    }
    let severity = match percent {
        p if p >= LOSS_CRITICAL_PERCENT => Severity::Critical,
        p if p >= LOSS_WARNING_PERCENT => Severity::Warning,
        _ => Severity::Note,
    };
    let title = format!("{percent:.1} % of beacons lost: {}", name(bss));
    let weak = bss.signal_dbm.filter(|s| s.mean < -80.0);
    let hint =
        weak.map_or_else(String::new, |s| format!(" The signal is weak at the sensor ({:.0} dBm).", s.mean));
    let detail = format!("{} of {} beacons not received.{hint}", bss.beacons.lost, bss.beacons.expected);
    let mut found = finding(severity, "beacon_loss", title, detail);
    found.frames.push(bss.first_frame);
    Some(about(found, bss))
}

fn sensor_drops(facts: &Facts<'_>) -> Option<Finding> {
    let dropped = facts.report.capture.dropped_by_sensor.filter(|&n| n > 0)?;
    let title = format!("The capture itself lost {dropped} packets");
    let detail = "The sensor, or the mirror that fed it, could not keep up. Loss in this report may be theirs and not the network's.";
    Some(finding(Severity::Warning, "sensor_drops", title, detail.to_owned()))
}

fn mirror_loss(facts: &Facts<'_>, out: &mut Vec<Finding>) {
    for path in &facts.report.capture.paths {
        let Some(lost) = path.mirror_lost.filter(|&n| n > 0) else { continue };
        let title = format!("The mirror lost {lost} packets: {}", path.label);
        let detail = format!(
            "{} packets came this way and {lost} are missing in the mirror's own sequence numbers: loss in this \
             report may be the mirror's and not the network's.",
            path.packets
        );
        out.push(finding(Severity::Warning, "mirror_loss", title, detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Beacons;
    use crate::packet::Nanos;

    fn outage(cause: OutageCause, severity: Severity, seconds: i64) -> Outage {
        let to = Nanos(seconds * Nanos::SECOND);
        Outage { from: Nanos(0), to, lost: 20, severity, cause, after_frame: 54 }
    }

    #[test]
    fn the_worst_outage_speaks_and_the_sensors_own_do_not() {
        let mut bss = Bss { bssid: "02:00:00:00:00:00".into(), ..Bss::default() };
        bss.outages = vec![outage(OutageCause::OffChannel, Severity::Critical, 9)];
        assert!(beacon_outage(&bss).is_none());
        bss.outages.push(outage(OutageCause::Air, Severity::Warning, 2));
        let found = beacon_outage(&bss).unwrap();
        assert_eq!((found.severity, found.frames), (Severity::Warning, vec![54]));
        assert_eq!(found.title, "No beacons for 2.0 s: 02:00:00:00:00:00");
    }

    #[test]
    fn silences_of_unknown_cause_are_told_once_and_as_what_they_are() {
        let unknown = |seconds| outage(OutageCause::Unknown, Severity::Note, seconds);
        let mut bss = Bss { bssid: "02:00:00:00:00:00".into(), ..Bss::default() };
        bss.outages = (1..4).map(unknown).collect();
        assert!(beacon_outage(&bss).is_none());
        let found = beacon_silence(&bss).unwrap();
        assert_eq!((found.severity, found.kind.as_str()), (Severity::Note, "beacon_silence"));
        assert_eq!(found.title, "3 silences of unknown cause: 02:00:00:00:00:00");
        assert!(
            found.detail.starts_with("Up to 3.0 s each without beacons, not counted"),
            "{}",
            found.detail
        );
        assert_eq!(found.frames.len(), 3);
        // Without times they are counted, and so they are outages.
        for outage in &mut bss.outages {
            (outage.from, outage.to) = (Nanos::UNKNOWN, Nanos::UNKNOWN);
        }
        assert!(beacon_silence(&bss).is_none());
        assert_eq!(beacon_outage(&bss).unwrap().title, "20 beacons missing in a row: 02:00:00:00:00:00");
    }

    #[test]
    fn a_rate_needs_enough_beacons() {
        let beacons = |expected, lost_percent| Beacons {
            expected,
            lost_percent: Some(lost_percent),
            ..Beacons::default()
        };
        let bss = |b| Bss { beacons: b, ..Bss::default() };
        assert!(beacon_loss(&bss(beacons(20, 50.0))).is_none());
        assert_eq!(beacon_loss(&bss(beacons(100, 12.0))).unwrap().severity, Severity::Warning);
    }
}
