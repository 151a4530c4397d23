//! Check points of the E-model: published, from independent implementations, and the reference tables.

use std::fs;
use std::path::PathBuf;

use super::*;

fn near(got: f64, want: f64, within: f64, what: &str) {
    assert!((got - want).abs() <= within, "{what}: {got} is not {want}");
}

fn inputs(scale: Scale, ie: f64, bpl: f64, ppl_percent: f64) -> Inputs {
    Inputs { scale, ie, bpl, ppl_percent, burst_ratio: 1.0, delay_ms: 0.0, with_echo: false, advantage: 0.0 }
}

fn nb(ie: f64, bpl: f64, ppl_percent: f64) -> Inputs {
    inputs(Scale::Nb, ie, bpl, ppl_percent)
}

#[test]
fn defaults_give_the_well_known_r() {
    let rating = rate(&nb(0.0, 4.3, 0.0));
    near(rating.r, 93.206_207_723, 5e-10, "R");
    near(rating.mos, 4.409_405_954, 5e-10, "MOS");
    near(rating.ro - rating.is - rating.idle, rating.r, 1e-12, "sum of the terms");
    assert!(!rating.extrapolated);
}

#[test]
fn idd_check_points() {
    let by_class = [
        (
            DelaySensitivity::Default,
            &[
                (100.0, 0.0),
                (120.0, 0.001_374),
                (150.0, 0.163_531),
                (177.3, 1.172_058),
                (200.0, 3.044_414),
                (250.0, 8.916_710),
                (300.0, 14.760_695),
                (350.0, 19.811_318),
                (400.0, 24.070_089),
                (500.0, 30.635_925),
                (800.0, 40.832_483),
                (1000.0, 43.789_575),
            ][..],
        ),
        (
            DelaySensitivity::Low,
            &[(150.0, 0.164_057), (200.0, 2.253_017), (300.0, 10.094_228), (400.0, 16.894_546)],
        ),
        (DelaySensitivity::VeryLow, &[(200.0, 0.949_825), (300.0, 6.178_555), (400.0, 11.197_244)]),
    ];
    for (class, points) in by_class {
        for &(delay, want) in points {
            near(idd(delay, class), want, 1e-6, &format!("Idd {class:?} at {delay} ms"));
        }
    }
}

#[test]
fn echo_convention_check_points() {
    let points = [
        (0.0, 0.0, 0.149_046, 93.206_208),
        (50.0, 1.022_945, 0.576_147, 91.756_161),
        (100.0, 1.963_791, 0.727_733, 90.663_730),
        (150.0, 2.811_844, 0.840_747, 89.539_132),
        (200.0, 3.570_849, 0.935_273, 85.804_718),
        (250.0, 4.242_856, 1.018_587, 79.177_101),
        (300.0, 4.833_940, 1.094_259, 72.666_360),
        (400.0, 5.808_211, 1.230_127, 62.246_827),
    ];
    for (delay_ms, idte, idle, r) in points {
        let rating = rate(&Inputs { delay_ms, with_echo: true, ..nb(0.0, 4.3, 0.0) });
        near(rating.idte, idte, 1e-6, &format!("Idte at {delay_ms}"));
        near(rating.idle, idle, 1e-6, &format!("Idle at {delay_ms}"));
        near(rating.r, r, 1e-6, &format!("R at {delay_ms}"));
    }
}

#[test]
fn burst_check_points() {
    let with_plc = [(1.0, 15.780_731), (2.0, 17.210_145), (4.0, 18.026_565)];
    let without = [(1.0, 51.075_269), (2.0, 69.852_941), (4.0, 85.585_586)];
    for (bpl, points) in [(25.1, with_plc), (4.3, without)] {
        for (burst_ratio, want) in points {
            let rating = rate(&Inputs { burst_ratio, ..nb(0.0, bpl, 5.0) });
            near(rating.ie_eff, want, 1e-6, &format!("Bpl {bpl}, BurstR {burst_ratio}"));
        }
    }
}

/// Rows of the table in three decimals: delay, then R and MOS at 0, 1, 2, 3, 5, 10 and 20 % of loss.
#[test]
fn loss_and_delay_table() {
    const LOSS: [f64; 7] = [0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0];
    let rows = [
        (0.0, 4.3, 0.0, [93.206, 75.282, 63.047, 54.165, 42.131, 26.773, 15.017]),
        (0.0, 4.3, 400.0, [69.136, 51.212, 38.977, 30.095, 18.061, 2.703, -9.053]),
        (0.0, 25.1, 0.0, [93.206, 89.566, 86.195, 83.064, 77.425, 66.141, 51.078]),
        (0.0, 25.1, 150.0, [93.043, 89.403, 86.032, 82.900, 77.262, 65.977, 50.914]),
        (11.0, 19.0, 200.0, [79.162, 74.962, 71.162, 67.707, 61.662, 50.196, 36.085]),
        (15.0, 16.1, 200.0, [75.162, 70.483, 66.322, 62.596, 56.204, 44.510, 30.840]),
        (5.0, 10.0, 0.0, [88.206, 80.024, 73.206, 67.437, 58.206, 43.206, 28.206]),
    ];
    for (ie, bpl, delay_ms, wanted) in rows {
        for (loss, r) in LOSS.into_iter().zip(wanted) {
            let rating = rate(&Inputs { delay_ms, ..nb(ie, bpl, loss) });
            near(rating.r, r, 5.1e-4, &format!("Ie {ie}, Bpl {bpl}, {loss} %, {delay_ms} ms"));
            assert!((1.0..=4.5).contains(&rating.mos));
        }
    }
    near(rate(&nb(0.0, 25.1, 5.0)).mos, 3.923, 5.1e-4, "MOS of G.711 with PLC at 5 %");
    near(rate(&nb(11.0, 19.0, 3.0)).mos, 3.632, 5.1e-4, "MOS of G.729A at 3 %");
}

#[test]
fn mos_of_r() {
    let points = [
        (10.0, 1.035),
        (20.0, 1.252),
        (30.0, 1.609),
        (40.0, 2.064),
        (50.0, 2.575),
        (60.0, 3.1),
        (70.0, 3.597),
        (80.0, 4.024),
        (90.0, 4.339),
    ];
    for (r, mos) in points {
        near(mos_from_r(r), mos, 5.1e-4, &format!("R {r}"));
    }
    near(mos_from_r(95.0), 4.441_375, 1e-9, "R 95");
    near(mos_from_r(99.0), 4.492_027, 1e-6, "R 99");
    for r in [f64::NEG_INFINITY, -1.0, 0.0, 3.22, 6.5, f64::NAN] {
        assert_eq!(mos_from_r(r), 1.0, "the cubic dips below 1 at R {r}");
    }
    for r in [100.0, 148.0, f64::INFINITY] {
        assert_eq!(mos_from_r(r), 4.5);
    }
}

#[test]
fn r_of_mos() {
    let points = [
        (1.0, 6.515_308),
        (1.5, 27.268_821),
        (2.0, 38.683_650),
        (2.5, 48.568_304),
        (3.0, 58.078_518),
        (3.1, 60.0),
        (3.5, 67.961_516),
        (4.0, 79.370_897),
        (4.5, 100.0),
    ];
    for (mos, r) in points {
        near(r_from_mos(mos), r, 1e-5, &format!("MOS {mos}"));
    }
    for r in 7..=100 {
        near(r_from_mos(mos_from_r(f64::from(r))), f64::from(r), 1e-5, "there and back");
    }
    near(r_from_mos(0.0), r_from_mos(1.0), 0.0, "below the scale");
    near(r_from_mos(f64::NAN), r_from_mos(1.0), 0.0, "no number");
    near(r_from_mos(5.0), 100.0, 1e-5, "above the scale");
}

#[test]
fn wideband_check_points() {
    let without_loss = [
        (0.0, 4.5),
        (1.0, 4.493_988),
        (8.0, 4.420_569),
        (13.0, 4.337_096),
        (20.0, 4.181_997),
        (26.0, 4.018_126),
        (41.0, 3.512_307),
        (56.0, 2.921_967),
    ];
    for (ie, mos) in without_loss {
        let rating = rate(&inputs(Scale::Wb, ie, 4.3, 0.0));
        near(rating.r, 129.0 - ie, 1e-12, "R");
        near(rating.mos, mos, 1e-6, &format!("Ie,WB {ie}"));
    }
    for (ppl, ie_eff, mos) in
        [(1.0, 34.150_94, 3.757_73), (2.0, 43.809_52, 3.406_18), (5.0, 60.322_58, 2.745_51)]
    {
        let rating = rate(&inputs(Scale::Wb, 20.0, 4.3, ppl));
        near(rating.ie_eff, ie_eff, 5.1e-6, "Ie,eff,WB");
        near(rating.mos, mos, 5.1e-6, "MOS_CQEW");
    }
    let late = rate(&Inputs { delay_ms: 200.0, ..inputs(Scale::Wb, 0.0, 4.3, 0.0) });
    near(late.idd, 3.927_294, 1e-6, "Idd,WB");
}

#[test]
fn wideband_knows_no_bursts_echo_or_advantage() {
    let plain = inputs(Scale::Wb, 20.0, 4.3, 2.0);
    let more = Inputs { burst_ratio: 4.0, with_echo: true, advantage: 10.0, ..plain };
    assert_eq!(rate(&plain), rate(&more));
}

#[test]
fn fullband_check_points() {
    let evs = [
        (0.0, 140.8, 4.4436),
        (1.0, 130.7355, 4.2961),
        (2.0, 122.1731, 4.1166),
        (3.0, 114.8, 3.9288),
        (5.0, 102.7512, 3.5700),
        (10.0, 82.4822, 2.8769),
    ];
    for (ppl, r, mos) in evs {
        let rating = rate(&inputs(Scale::Fb, 7.2, 11.4, ppl));
        near(rating.r, r, 5.1e-5, &format!("R at {ppl} %"));
        near(rating.mos, mos, 5.1e-5, &format!("MOS at {ppl} %"));
    }
    let other = [
        (0.0, 0.0, 137.8, 4.4075),
        (1.0, 0.0, 114.8189, 3.9294),
        (3.0, 0.0, 87.7452, 3.0630),
        (0.0, 150.0, 137.558, 4.4043),
        (0.0, 300.0, 115.9542, 3.9600),
    ];
    for (ppl, delay_ms, r, mos) in other {
        let rating = rate(&Inputs { delay_ms, ..inputs(Scale::Fb, 10.2, 4.3, ppl) });
        near(rating.r, r, 5.1e-5, &format!("R at {ppl} %, {delay_ms} ms"));
        near(rating.mos, mos, 5.1e-5, &format!("MOS at {ppl} %, {delay_ms} ms"));
    }
}

#[test]
fn fullband_uses_bursts() {
    let random = inputs(Scale::Fb, 7.2, 11.4, 2.0);
    let bursty = rate(&Inputs { burst_ratio: 4.0, ..random });
    near(bursty.ie_eff, 7.2 + 124.8 * 2.0 / (0.5 + 11.4), 1e-12, "by hand");
}

#[test]
fn advantage_counts_in_narrowband() {
    let plain = nb(20.0, 10.0, 0.0);
    let rating = rate(&Inputs { advantage: 10.0, ..plain });
    near(rating.r, rate(&plain).r + 10.0, 1e-12, "in a vehicle");
}

#[test]
fn extrapolation_is_told() {
    let base = nb(0.0, 25.1, 1.0);
    assert!(!rate(&Inputs { burst_ratio: 8.0, delay_ms: 500.0, ..base }).extrapolated);
    let beyond = [
        Inputs { delay_ms: 500.1, ..base },
        Inputs { ppl_percent: 20.1, ..base },
        Inputs { burst_ratio: 8.1, ..base },
        Inputs { burst_ratio: 0.9, ..base },
        Inputs { burst_ratio: 2.1, ppl_percent: 2.0, ..base },
        Inputs { delay_ms: -1.0, ..base },
        Inputs { ppl_percent: f64::NAN, ..base },
    ];
    for inputs in beyond {
        assert!(rate(&inputs).extrapolated, "{inputs:?}");
    }
}

#[test]
fn nonsense_gives_numbers() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e308, f64::MIN_POSITIVE];
    for scale in [Scale::Nb, Scale::Wb, Scale::Fb] {
        for value in odd {
            for other in odd {
                let rating = rate(&Inputs {
                    scale,
                    ie: other,
                    bpl: value,
                    ppl_percent: value,
                    burst_ratio: other,
                    delay_ms: value,
                    with_echo: true,
                    advantage: value,
                });
                assert!((1.0..=4.5).contains(&rating.mos), "{value} {other}: {rating:?}");
            }
        }
    }
}

/// Folder of the reference tables, where this machine has them.
fn reference() -> Option<PathBuf> {
    let folder = std::env::var_os("AIRTONE_REFERENCE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("AIRTONE_CAPTURES")?).parent()?.join("reference")))
        .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference")))
        .join("emodel");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no reference tables in {}", folder.display());
    None
}

/// The rows of one table, header line left out, each with its number in the file.
fn rows(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    text.lines().enumerate().skip(1).map(|(index, line)| (index + 1, line.split(',').collect()))
}

fn number(field: &str) -> f64 {
    field.parse().unwrap_or_else(|_| panic!("not a number: {field}"))
}

#[test]
fn narrowband_reference_table() {
    let Some(folder) = reference() else { return };
    let text = fs::read_to_string(folder.join("checkpoints_nb.csv")).expect("readable table");
    let mut checked = 0;
    for (line, row) in rows(&text) {
        let (ie, bpl) = match row[0] {
            "G.711 noPLC" => (0.0, 4.3),
            "G.711 PLC" => (0.0, 25.1),
            "G.729A+VAD" => (11.0, 19.0),
            "G.723.1-6.3" => (15.0, 16.1),
            "GSM-EFR" => (5.0, 10.0),
            other => panic!("unknown codec {other}"),
        };
        let v: Vec<f64> = row[1..].iter().map(|field| number(field)).collect();
        let base = Inputs { delay_ms: v[0], burst_ratio: v[2], ..nb(ie, bpl, v[1]) };
        let (plain, echo) = (rate(&base), rate(&Inputs { with_echo: true, ..base }));
        let got = [plain.idd, plain.ie_eff, plain.r, plain.mos, echo.r, echo.mos];
        for (got, want) in got.into_iter().zip(&v[3..]) {
            near(got, *want, 1e-6, &format!("line {line}"));
        }
        checked += 1;
    }
    assert_eq!(checked, 1080);
}

#[test]
fn wideband_and_fullband_reference_table() {
    let Some(folder) = reference() else { return };
    let text = fs::read_to_string(folder.join("checkpoints_wb_fb.csv")).expect("readable table");
    let mut checked = 0;
    for (line, row) in rows(&text) {
        let scale = if row[0] == "WB" { Scale::Wb } else { Scale::Fb };
        let v: Vec<f64> = row[2..].iter().map(|field| number(field)).collect();
        let rating = rate(&Inputs { delay_ms: v[2], burst_ratio: v[4], ..inputs(scale, v[0], v[1], v[3]) });
        near(rating.r, v[5], 1e-6, &format!("R, line {line}"));
        near(rating.mos, v[6], 1e-6, &format!("MOS, line {line}"));
        checked += 1;
    }
    assert_eq!(checked, 432);
}
