//! The calculator against the E-model's known values (ITU-T G.107 defaults and its examples).

use crate::run;

fn close(value: &serde_json::Value, expected: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() < 1e-6)
}

#[test]
fn the_defaults_of_g107() {
    let answer = run(["mos", "--codec", "g711", "--format", "json"]).json();
    assert!(close(&answer["r"], 93.206_207_723), "{answer}");
    assert!(close(&answer["mos"], 4.409_405_954), "{answer}");
    assert!(close(&answer["ro"], 94.768_821_579), "{answer}");
    assert!(close(&answer["is"], 1.413_568_131), "{answer}");
    assert!(close(&answer["idle"], 0.149_045_725), "{answer}");
    assert_eq!((&answer["scale"], &answer["codec"]), (&"nb".into(), &"g711".into()));
    let text = run(["mos", "--codec", "g711"]);
    assert!(text.assert_done().starts_with("R 93.206, MOS 4.409 nb "), "{}", text.out);
}

#[test]
fn loss_bursts_and_delay() {
    let answer = run([
        "mos",
        "--codec",
        "g711",
        "--loss",
        "5",
        "--burst-ratio",
        "2",
        "--delay",
        "300",
        "--format",
        "json",
    ])
    .json();
    assert!(close(&answer["ie_eff"], 17.210_145), "{answer}");
    assert!(close(&answer["idd"], 14.760_695), "{answer}");
    let own = run([
        "mos",
        "--ie",
        "0",
        "--bpl",
        "25.1",
        "--scale",
        "nb",
        "--loss",
        "5",
        "--burst-ratio",
        "2",
        "--delay",
        "300",
        "--format",
        "json",
    ])
    .json();
    assert_eq!((&own["r"], &own["mos"]), (&answer["r"], &answer["mos"]));
    assert_eq!((&own["codec"], &own["grounding"]), (&serde_json::Value::Null, &"declared".into()));
}

#[test]
fn echo_by_the_planning_convention() {
    let answer = run(["mos", "--codec", "g711", "--delay", "200", "--echo", "--format", "json"]).json();
    assert!(close(&answer["r"], 85.804_718), "{answer}");
    assert!(close(&answer["idte"], 3.570_849), "{answer}");
    run(["mos", "--codec", "g722", "--echo"]).assert_sentence("--echo is defined for narrowband codecs only");
}

#[test]
fn wideband_has_its_own_scale() {
    let answer =
        run(["mos", "--ie", "20", "--bpl", "4.3", "--scale", "wb", "--loss", "0.5", "--format", "json"])
            .json();
    assert!(close(&answer["r"], 101.187_5), "{answer}");
    assert!(close(&answer["mos"], 3.963_693), "{answer}");
    assert_eq!(answer["scale"], "wb");
}

#[test]
fn an_unknown_codec_is_answered_with_close_names() {
    let ran = run(["mos", "--codec", "g729c"]);
    ran.assert_sentence("g729c: no such codec; close to it: ");
    assert!(ran.err.contains("g729a"), "{}", ran.err);
    run(["mos", "--codec", "zzz"]).assert_sentence("zzz: no such codec; 'tshark-post mos --list' ");
}

#[test]
fn the_list_has_every_codec_of_the_contract() {
    let list = run(["mos", "--list"]);
    let names: Vec<&str> =
        list.assert_done().lines().filter_map(|line| line.split_whitespace().next()).collect();
    for codec in [
        "g711",
        "g711-noplc",
        "g729",
        "g729a",
        "g723.1-6.3",
        "g723.1-5.3",
        "g726-32",
        "gsm-fr",
        "gsm-hr",
        "gsm-efr",
        "g722",
        "amr-wb-12.65",
        "evs-24.4",
        "opus",
    ] {
        assert!(names.contains(&codec), "{codec} is not in\n{}", list.out);
    }
    let json = run(["mos", "--list", "--format", "json"]).json();
    assert!(json.as_array().is_some_and(|codecs| codecs.iter().all(|codec| codec["source"].is_string())));
}

#[test]
fn wrong_figures_are_refused() {
    for args in [
        &["--codec", "g711", "--loss", "101"][..],
        &["--codec", "g711", "--loss", "nan"],
        &["--codec", "g711", "--burst-ratio", "0"],
        &["--ie", "5"],
        &["--ie", "5", "--bpl", "10"],
        &["--codec", "g711", "--ie", "5", "--bpl", "10", "--scale", "nb"],
    ] {
        assert_eq!(run([&["mos"], args].concat()).code, Some(2), "{args:?}");
    }
}
