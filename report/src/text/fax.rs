//! Fax by T.38 in the block of its call.

use airtone_engine::model::{Call, Fax, FaxDirection, FaxResult};

use super::page::Page;
use super::paint::Tone;
use super::units::{count, duration, foreign};
use crate::words::words;

pub(crate) fn of_call(page: &mut Page, call: &Call) {
    let Some(fax) = &call.fax else {
        if call.features.iter().any(|feature| feature == "fax_t38") {
            page.toned(2, Tone::Poor, "T.38 was agreed on, but no packet of it was seen.");
        }
        return;
    };
    page.toned(2, result_tone(fax.result), &format!("Fax (T.38): {}", told(fax)));
    for direction in &fax.directions {
        let way = match direction.direction.as_deref() {
            Some("caller_to_callee") => "caller > callee",
            Some("callee_to_caller") => "callee > caller",
            _ => "unknown direction",
        };
        let length = direction.duration_s.map_or_else(String::new, |s| format!(" in {}", duration(s)));
        let packets = count(direction.packets, "packet", "packets");
        page.toned(4, tone(direction), &format!("{way}: {packets}{length}, {}", figures(direction)));
    }
}

/// `2 pages confirmed, 14400 bit/s (V.17), from +1 555 0100, to +1 555 0199`
pub(crate) fn told(fax: &Fax) -> String {
    let mut text = format!("{}, {}", words(&fax.result), foreign(&fax.detail));
    if matches!(fax.result, FaxResult::Confirmed) {
        text = foreign(&fax.detail);
    }
    if let (Some(rate), Some(modulation)) = (fax.rate_bps, &fax.modulation) {
        let ecm = if fax.error_correction == Some(true) { ", error correction" } else { "" };
        text += &format!(", {rate} bit/s ({}{ecm})", foreign(modulation));
    }
    let (mut from, mut to) = (&fax.caller_station, &fax.callee_station);
    if fax.sender.as_deref() == Some("callee") {
        std::mem::swap(&mut from, &mut to);
    }
    for (word, station) in [("from", from), ("to", to)] {
        if let Some(station) = station {
            text += &format!(", {word} {}", foreign(station));
        }
    }
    text
}

/// `0 lost`, `33 lost (18 repaired)`.
pub(crate) fn figures(direction: &FaxDirection) -> String {
    match (direction.lost, direction.repaired) {
        (lost, 0) => format!("{lost} lost"),
        (lost, repaired) if lost == repaired => format!("{lost} lost (all repaired)"),
        (lost, repaired) => format!("{lost} lost ({repaired} repaired)"),
    }
}

/// By what nothing brought back.
pub(crate) fn tone(direction: &FaxDirection) -> Tone {
    if direction.unrepaired > 0 { Tone::Poor } else { Tone::Good }
}

fn result_tone(result: FaxResult) -> Tone {
    match result {
        FaxResult::Confirmed => Tone::Good,
        FaxResult::PartlyConfirmed => Tone::Poor,
        FaxResult::Failed => Tone::Bad,
        FaxResult::Open | FaxResult::Unknown => Tone::Plain,
    }
}
