//! `tshark-post mos` against every row of the reference check points.

use std::collections::BTreeMap;
use std::fs;

use airtone_tests::{json, reference_dir};

/// The files carry six decimals.
const TOLERANCE: f64 = 1e-6;

type Row = BTreeMap<String, String>;

fn rows(name: &str) -> Vec<Row> {
    let Some(folder) = reference_dir() else {
        eprintln!("skipped: the reference folder is not here");
        return Vec::new();
    };
    let text = fs::read_to_string(folder.join("emodel").join(name)).expect(name);
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        header.iter().zip(line.split(',')).map(|(h, v)| ((*h).to_owned(), v.to_owned())).collect()
    };
    lines.map(row).collect()
}

fn check(row: &Row, args: &[&str], r: &str, mos: &str) {
    let mut line = vec!["mos", "--format", "json"];
    line.extend(args);
    let got = json(&line);
    for (name, column) in [("r", r), ("mos", mos)] {
        let (got, expected) = (got[name].as_f64().unwrap(), row[column].parse::<f64>().unwrap());
        assert!((got - expected).abs() <= TOLERANCE, "{args:?}: {name} {got}, expected {expected}");
    }
}

#[test]
fn narrowband_in_both_conventions() {
    let codecs = [
        ("G.711 noPLC", "g711-noplc"),
        ("G.711 PLC", "g711"),
        ("G.729A+VAD", "g729a"),
        ("G.723.1-6.3", "g723.1-6.3"),
        ("GSM-EFR", "gsm-efr"),
    ];
    for row in rows("checkpoints_nb.csv") {
        let codec = codecs.iter().find(|(name, _)| *name == row["codec"]).expect("a known codec").1;
        let args = [
            "--codec",
            codec,
            "--loss",
            &row["Ppl_pct"],
            "--burst-ratio",
            &row["BurstR"],
            "--delay",
            &row["Ta_ms"],
        ];
        check(&row, &args, "R_T0", "MOS_T0");
        let echo: Vec<&str> = args.into_iter().chain(["--echo"]).collect();
        check(&row, &echo, "R_echo(T=Ta;Tr=2Ta)", "MOS_echo");
    }
}

#[test]
fn wideband_and_fullband() {
    for row in rows("checkpoints_wb_fb.csv") {
        let scale = row["band"].to_lowercase();
        let args = [
            "--scale",
            &scale,
            "--ie",
            &row["Ie"],
            "--bpl",
            &row["Bpl"],
            "--loss",
            &row["Ppl_pct"],
            "--burst-ratio",
            &row["BurstR"],
            "--delay",
            &row["Ta_ms"],
        ];
        check(&row, &args, "R", "MOS");
    }
}
