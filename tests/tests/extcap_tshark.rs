//! Captures through the real mechanism: tshark finds `airtone-extcap`, starts it, and reads its FIFO; the installed
//! Wireshark and the unpacked ones.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use airtone_tests::extcap::{content, home, signal, signal_id, tshark};
use airtone_tests::hosts::{Host, complaints};
use airtone_tests::{fixtures_dir, plugin};

/// The option that sets the file of a replay.
fn replayed(host: &Host, name: &str) -> String {
    format!("extcap.airtone_replay.file:{}", host.fixture(name))
}

#[test]
fn tshark_lists_and_captures_what_the_file_holds() {
    for host in Host::all() {
        let list = String::from_utf8(host.run(&["-D"]).stdout).unwrap();
        assert!(list.contains("airtone_replay (Airtone: replay)"), "{}: {list}", host.name);
        let links = host.run(&["-L", "-i", "airtone_replay"]);
        let links = [links.stdout, links.stderr].concat();
        assert!(String::from_utf8_lossy(&links).contains("EN10MB (Ethernet)"), "{}", host.name);

        for name in ["sipp-answered.pcapng", "wifi-outages.pcapng"] {
            let (file, out) = (replayed(&host, name), host.inside("out.pcapng"));
            let speed = "extcap.airtone_replay.speed:0";
            let output = host.run(&["-q", "-i", "airtone_replay", "-o", &file, "-o", speed, "-w", &out]);
            assert_eq!((output.status.code(), complaints(&output)), (Some(0), Vec::new()), "{}", host.name);
            let (theirs, dropped, _) = content(&host.outside("out.pcapng"));
            assert!(theirs == content(&fixtures_dir().join(name)).0, "{}: {name} differs", host.name);
            assert_eq!(dropped, 0);
        }
    }
}

#[test]
fn tshark_says_what_the_capture_says() {
    for host in Host::all() {
        let out = host.inside("none.pcapng");
        let file = "extcap.airtone_replay.file:/nonexistent.pcap";
        let output = host.run(&["-q", "-i", "airtone_replay", "-o", file, "-w", &out]);
        let said = complaints(&output).join("\n");
        assert!(said.contains("/nonexistent.pcap: there is no such file"), "{}: {said}", host.name);
    }
}

#[test]
fn autostop_ends_it_in_silence() {
    for host in Host::all() {
        let (file, out) = (replayed(&host, "sipp-answered.pcapng"), host.inside("ten.pcapng"));
        let args = ["-q", "-i", "airtone_replay", "-o", &file, "-c", "10", "-w", &out];
        let output = host.run(&args);
        assert_eq!((output.status.code(), complaints(&output)), (Some(0), Vec::new()), "{}", host.name);
        assert_eq!(content(&host.outside("ten.pcapng")).0.len(), 10);
    }
}

#[test]
fn a_running_call_shows_its_mos_while_it_is_captured() {
    if airtone_tests::tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let home = home();
    let script = format!("lua_script:{}", plugin::script().display());
    let file =
        format!("extcap.airtone_replay.file:{}", fixtures_dir().join("sipp-answered.pcapng").display());
    let mut args = vec!["-l", "-X", &script, "-i", "airtone_replay", "-o", &file];
    args.extend([
        "-o",
        "extcap.airtone_replay.loop:true",
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "airtone.rtp.mos",
    ]);
    let mut command = tshark(home.path(), args);
    command.env("AIRTONE_LIBRARY", plugin::library()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let rows = BufReader::new(child.stdout.take().unwrap()).lines();
    let mos = rows.map_while(Result::ok).find_map(|row| {
        let (frame, mos) = row.split_once('\t')?;
        Some((frame.parse::<u64>().ok()?, mos.parse::<f64>().ok()?))
    });
    // The replay is looped: had the row come only at the end, it would never have come.
    assert!(child.try_wait().unwrap().is_none(), "the capture still runs");
    signal(&child, "INT");
    child.wait().unwrap();
    let (frame, mos) = mos.expect("a row with a MOS");
    assert!(frame < 407 && (1.0..=4.5).contains(&mos), "frame {frame}, MOS {mos}");
}

#[test]
fn a_killed_extcap_leaves_tshark_a_readable_file() {
    let hosts = Host::all();
    let Some(host) = hosts.iter().find(|host| !host.is_unpacked()) else { return };
    let (file, out) = (replayed(host, "sipp-answered.pcapng"), host.inside("killed.pcapng"));
    let args = ["-l", "-i", "airtone_replay", "-o", &file, "-P", "-w", &out];
    let mut command = tshark(host.home(), args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut rows = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(rows.by_ref().take(20).all(|row| row.is_ok()));
    let killed = extcap_of(child.id());
    signal_id(killed, "KILL");
    rows.for_each(drop);
    child.wait().unwrap();
    let theirs = content(&host.outside("killed.pcapng")).0;
    let own = content(&fixtures_dir().join("sipp-answered.pcapng")).0;
    assert!(
        theirs.len() >= 20 && theirs.len() < own.len() && own.starts_with(&theirs),
        "{} packets",
        theirs.len()
    );
}

/// The capturing child of a tshark of ours.
fn extcap_of(tshark: u32) -> u32 {
    let is_child = |status: &str| {
        status.contains(&format!("\nPPid:\t{tshark}\n")) && status.starts_with("Name:\tairtone-extcap\n")
    };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.find(|pid| fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| is_child(&status)))
        .expect("one extcap runs")
}
