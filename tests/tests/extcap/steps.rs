//! Every step of the conversation that is no capture.

use airtone_tests::extcap::run;

use super::{said, sentence};

#[test]
fn interfaces_are_told_after_the_program_itself() {
    for args in [
        &["--extcap-interfaces"][..],
        &["--extcap-interfaces", "--extcap-version=4.0"],
        &["--extcap-interfaces", "--extcap-version", "4.6"],
        &["--extcap-interfaces", "--extcap-version"],
        &["--extcap-interfaces", "--extcap-colour=blue", "--extcap-shape", "round", "stray"],
    ] {
        let said = said(args);
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].starts_with("extcap {version="), "{said}");
        assert!(lines.contains(&"interface {value=airtone_replay}{display=Airtone: replay}"), "{said}");
        assert!(said.contains("{role=logger}"), "{said}");
    }
}

#[test]
fn every_interface_has_link_types_and_options() {
    let interfaces = said(&["--extcap-interfaces"]);
    for line in interfaces.lines().filter(|line| line.starts_with("interface ")) {
        let name = line.split("{value=").nth(1).and_then(|rest| rest.split('}').next()).unwrap();
        assert!(name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')), "{name}");
        let links = said(&["--extcap-dlts", "--extcap-interface", name]);
        assert!(
            links.lines().count() > 0 && links.lines().all(|line| line.starts_with("dlt {number=")),
            "{links}"
        );
        let config = said(&["--extcap-config", "--extcap-interface", name]);
        assert!(config.contains("{call=--log-level}") && config.contains("{call=--log-file}"), "{config}");
        assert!(!config.contains("{required=true}"), "4.0 asks for ever for what has a default: {config}");
        assert!(!config.contains("editselector"), "unknown before 4.2: {config}");
        for (number, line) in config.lines().filter(|line| line.starts_with("arg ")).enumerate() {
            assert!(line.starts_with(&format!("arg {{number={number}}}{{call=--")), "{line}");
            assert!(line.contains("{tooltip=") && line.contains("{group="), "{line}");
        }
    }
}

#[test]
fn a_filter_is_checked_without_a_capture() {
    let check = |filter| said(&["--extcap-capture-filter", filter, "--extcap-interface", "airtone_replay"]);
    assert_eq!((check(""), check("udp port 5060"), check("type mgt")), Default::default());
    assert!(check("udp prot 5060").contains("The capture filter \"udp prot 5060\" is not valid"));
}

#[test]
fn cleaning_up_and_reloading_say_nothing_where_there_is_nothing() {
    assert_eq!(said(&["--extcap-cleanup-postkill"]), "");
    let reload =
        ["--extcap-config", "--extcap-interface", "airtone_replay", "--extcap-reload-option", "file"];
    assert_eq!(said(&reload), "");
}

#[test]
fn a_person_is_told_what_this_is() {
    for args in [&[][..], &["--help"], &["-h"]] {
        let help = said(args);
        assert!(
            help.contains("airtone_replay") && help.contains("--speed") && help.contains("By hand"),
            "{help}"
        );
    }
    assert!(said(&["--version"]).starts_with("airtone-extcap "));
    assert!(said(&["--man"]).starts_with(".TH AIRTONE-EXTCAP 1"));
}

#[test]
fn steps_that_name_no_interface_fail_in_one_sentence() {
    for args in [
        &["--extcap-config"][..],
        &["--extcap-dlts", "--extcap-interface", "eth0"],
        &["--capture", "--extcap-interface", "airtone_replay"],
        &["--capture", "--extcap-interface", "airtone_replay", "--fifo", "/nonexistent/fifo"],
    ] {
        sentence(&run(args));
    }
}
