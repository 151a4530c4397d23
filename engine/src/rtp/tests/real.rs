//! Real captures, without SDP: what the heuristic finds, what it must not find, and known truths.

use super::captures::{folder, path, run};
use crate::config::Config;

/// Prints what is found in every capture; for people.
#[test]
#[ignore = "prints"]
fn overview() {
    let Some(folder) = folder() else { return };
    for folder in [folder.clone(), folder.join("mirrors-and-air")] {
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.is_file()) {
            let found = run(file, &Config::default(), 1);
            println!("{} rtcp {}", file.file_name().unwrap().to_string_lossy(), found.rtcp);
            for summary in &found.streams {
                let s = &summary.stream;
                println!(
                    "   {} {} {} > {} pt {:?} {:?} {:?} {:?} ptime {:?} n {} exp {} lost {} dup {} ooo {} late {} jit {:?} drift {:?} skew {:?} dtmf {} relayed {:?} rtcp {:?}",
                    s.id,
                    s.ssrc,
                    s.source.unwrap(),
                    s.destination.unwrap(),
                    s.payload_types,
                    s.codec,
                    s.clock_hz,
                    s.clock_source,
                    s.ptime_ms,
                    s.packets,
                    s.expected,
                    s.lost,
                    s.duplicates,
                    s.out_of_order,
                    s.late,
                    s.jitter_ms.map(|j| (j.mean, j.max)),
                    s.clock_drift_ppm,
                    s.skew_ms,
                    summary.dtmf.iter().map(|d| d.digit.as_str()).collect::<String>(),
                    s.relayed_from,
                    s.rtcp.as_ref().map(|r| (
                        r.reports,
                        r.round_trip_ms,
                        r.peer_lost_percent,
                        r.peer_jitter_ms,
                        r.xr_mos_lq,
                        r.xr_r_factor,
                        r.xr_frames.clone()
                    ))
                );
            }
        }
    }
    let _ = path("x");
}
