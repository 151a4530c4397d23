//! Wireshark's figures against tshark itself, on captures without SDP.

use std::path::PathBuf;
use std::process::Command;

use super::captures::{path, run};
use crate::config::{Config, WiresharkVersion};
use crate::model::{Stream, WiresharkFigures};

/// One line of `-z rtp,streams`.
#[derive(Debug)]
struct Row {
    source: String,
    destination: String,
    ssrc: u32,
    packets: u64,
    lost: i64,
    /// Min, mean and max delta; min, mean and max jitter, as printed.
    figures: [String; 6],
    problem: bool,
}

fn tshark(path: &PathBuf) -> Option<Vec<Row>> {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-q").args(["-z", "rtp,streams", "--enable-heuristic", "rtp_udp", "-r"]).arg(path);
    // Without SDP nor H.245, as this reader does not follow them.
    command.args(["--disable-protocol", "sip", "--disable-protocol", "h245", "--disable-protocol", "megaco"]);
    let Ok(output) = command.output() else {
        eprintln!("skipped: no tshark");
        return None;
    };
    let version = Command::new("tshark").arg("--version").output().ok()?;
    if !String::from_utf8_lossy(&version.stdout).contains("4.0.") {
        eprintln!("skipped: tshark is not 4.0");
        return None;
    }
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().filter_map(row).collect())
}

fn row(line: &str) -> Option<Row> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ssrc = words.iter().position(|word| word.starts_with("0x") && word.len() == 10)?;
    let problem = words.last() == Some(&"X");
    let numbers = &words[..words.len() - usize::from(problem)];
    let figures: [String; 6] = std::array::from_fn(|n| numbers[numbers.len() - 6 + n].to_owned());
    let percent = numbers.len() - 7;
    Some(Row {
        source: format!("{}:{}", words[ssrc - 4], words[ssrc - 3]),
        destination: format!("{}:{}", words[ssrc - 2], words[ssrc - 1]),
        ssrc: u32::from_str_radix(&words[ssrc][2..], 16).ok()?,
        lost: numbers[percent - 1].parse().ok()?,
        packets: numbers[percent - 2].parse().ok()?,
        figures,
        problem,
    })
}

fn printed(figures: &WiresharkFigures) -> [String; 6] {
    let all = [
        figures.min_delta_ms,
        figures.mean_delta_ms,
        figures.max_delta_ms,
        figures.min_jitter_ms,
        figures.mean_jitter_ms,
        figures.max_jitter_ms,
    ];
    all.map(|figure| format!("{figure:.3}"))
}

fn is(stream: &Stream, row: &Row) -> bool {
    stream.ssrc == format!("0x{:08x}", row.ssrc)
        && stream.source.is_some_and(|end| end.to_string() == row.source)
        && stream.destination.is_some_and(|end| end.to_string() == row.destination)
        && stream.wireshark.is_some()
}

/// Every stream that both see agrees in all printed figures.
#[test]
fn agrees_with_tshark_4_0() {
    const CAPTURES: [&str; 10] = [
        "h323-rtp-example.raw.gz",
        "rtp-pcma-40ms.pcap",
        "rtp-pcmu-milliwatt.pcap",
        "mirrors-and-air/mirror-netem-before.pcap",
        "rtp-rtcp-xr.pcap",
        "sip-call-rtp-g711.pcap",
        "sip-dtmf-rfc2833-decline.cap",
        "sip-zrtp-srtp.pcap",
        "magicjack-short-call.pcap",
        "sip-rtp-g729a.pcap",
    ];
    let mut compared = 0;
    for name in CAPTURES {
        let Some(path) = path(name) else { continue };
        let Some(rows) = tshark(&path) else { return };
        let config = Config { compat: Some(WiresharkVersion::V4_0), ..Config::default() };
        let found = run(&path, &config, 1);
        for row in &rows {
            let Some(summary) = found.streams.iter().find(|summary| is(&summary.stream, row)) else {
                // Too short to be taken for RTP without signalling.
                assert!(row.packets < 5, "{name}: {row:?} is missing");
                continue;
            };
            let figures = summary.stream.wireshark.as_ref().unwrap();
            assert_eq!((figures.packets, figures.lost), (row.packets, row.lost), "{name}: {row:?}");
            assert_eq!(printed(figures), row.figures, "{name}: {row:?}");
            assert_eq!(figures.problem, row.problem, "{name}: {row:?}");
            compared += 1;
        }
    }
    eprintln!("{compared} streams compared");
}

/// The same file, as three versions count it: the reference tells 4.0 and 4.4 apart by late packets.
#[test]
fn versions_differ_where_they_should() {
    use super::sender::{Rtp, Wire, nth};
    let figures = |version, packets: &[Rtp]| {
        let mut wire = Wire::new(&Config { compat: Some(version), ..Config::default() });
        wire.send_all(packets.iter().copied());
        wire.stream().stream.wireshark.unwrap()
    };
    let mut late_last: Vec<Rtp> = (0..50).map(nth).collect();
    late_last.swap(48, 49);
    late_last[48].at_ms = 960.0;
    late_last[49].at_ms = 980.0;
    assert_eq!(figures(WiresharkVersion::V4_0, &late_last).lost, -1, "a late last packet falsifies it");
    assert_eq!(figures(WiresharkVersion::V4_4, &late_last).lost, 0);
    let wrapped: Vec<Rtp> =
        (0..50u32).map(|n| Rtp { timestamp: (n * 160).wrapping_sub(4000), ..nth(n) }).collect();
    let wrap = |version| figures(version, &wrapped).max_jitter_ms;
    assert!(wrap(WiresharkVersion::V4_2) > 33_554_000.0, "{}", wrap(WiresharkVersion::V4_2));
    assert!(wrap(WiresharkVersion::V4_0) < 1e-6 && wrap(WiresharkVersion::V4_4) < 1e-6);
}
