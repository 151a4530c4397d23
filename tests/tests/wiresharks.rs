//! The plugin as users get it, in every Wireshark there is: installed by `tshark-post install`, checked by `doctor`,
//! its figures compared with `tshark-post` on the same file, and taken away again.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use airtone_tests::manifest::compare;
use airtone_tests::wiresharks::{Unpacked, library};
use airtone_tests::{fixtures_dir, json, tshark, tshark_post};
use serde_json::Value;
use tempfile::TempDir;

/// A Wireshark with a home of its own, where `tshark-post`, the library and the fixtures can be reached.
struct Host {
    name: String,
    home: TempDir,
    unpacked: Option<Unpacked>,
}

impl Host {
    /// The installed one and the unpacked ones.
    fn all() -> Vec<Self> {
        let mut hosts = Vec::new();
        match tshark() {
            Some(version) => hosts.push(Self { name: version, home: home(), unpacked: None }),
            None => eprintln!("skipped: no tshark here"),
        }
        for unpacked in Unpacked::all() {
            let home = home();
            let programs = library().parent().unwrap();
            let unpacked = unpacked
                .with(home.path(), "/scratch")
                .with(programs, "/airtone")
                .with(&fixtures_dir(), "/captures")
                .at_home("/scratch");
            hosts.push(Self { name: unpacked.line.to_owned(), home, unpacked: Some(unpacked) });
        }
        hosts
    }

    fn capture(&self, name: &str) -> String {
        let folder = if self.unpacked.is_some() { PathBuf::from("/captures") } else { fixtures_dir() };
        folder.join(name).display().to_string()
    }

    fn tshark_post(&self, args: &[&str]) -> Output {
        let own = tshark_post().display().to_string();
        let program = if self.unpacked.is_some() { "/airtone/tshark-post" } else { &own };
        self.run(&[&[program], args].concat())
    }

    fn run(&self, args: &[&str]) -> Output {
        match &self.unpacked {
            Some(unpacked) => unpacked.run(args),
            None => {
                let mut command = Command::new(args[0]);
                command.args(&args[1..]).env("HOME", self.home.path());
                for variable in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "AIRTONE_STATE"] {
                    command.env_remove(variable);
                }
                command.output().unwrap()
            }
        }
    }

    /// Standard output of tshark, which must say nothing about Lua.
    #[track_caller]
    fn tshark(&self, args: &[&str]) -> String {
        let output = self.run(&[&["tshark"], args].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} {args:?}: {errors}", self.name);
        assert!(!errors.contains("Lua") && !errors.contains("airtone"), "{} {args:?}: {errors}", self.name);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether personal scripts run at all.
    fn runs_personal_scripts(&self) -> bool {
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
        let runs = self.unpacked.is_some() || !is_root || self.name.starts_with("4.0.");
        if !runs {
            eprintln!("skipped: {} leaves out the personal scripts of root", self.name);
        }
        runs
    }
}

/// A home that another user may write to.
fn home() -> TempDir {
    let home = TempDir::new().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    home
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files
}

const CAPTURES: &[&str] = &[
    "relay-loss.pcapng",
    "relay-burst.pcapng",
    "relay-jitter.pcapng",
    "sipp-hold.pcapng",
    "wifi-outages.pcapng",
];
const PARTS: &[&str] = &["calls", "streams", "sip", "wifi", "findings"];

#[test]
fn install_check_compare_uninstall() {
    library();
    for host in Host::all().iter().filter(|host| host.runs_personal_scripts()) {
        let said = host.tshark_post(&["install"]);
        assert!(said.status.success(), "{}: {}", host.name, String::from_utf8_lossy(&said.stderr));
        let said = host.tshark_post(&["doctor"]);
        assert!(said.status.success(), "{}: {}", host.name, String::from_utf8_lossy(&said.stdout));
        for capture in CAPTURES {
            same_report(host, capture);
        }
        same_figures(host, "relay-loss.pcapng");
        decrypted(host);
        let said = host.tshark_post(&["uninstall"]);
        assert!(said.status.success(), "{}: {}", host.name, String::from_utf8_lossy(&said.stderr));
        assert_eq!(files(host.home.path()), Vec::<PathBuf>::new(), "{}", host.name);
        eprintln!("checked in Wireshark {}", host.name);
    }
}

fn same_report(host: &Host, capture: &str) {
    let truth = json(["report", "--format", "json", &fixtures_dir().join(capture).display().to_string()]);
    let text = host.tshark(&["-q", "-r", &host.capture(capture), "-z", "airtone,json"]);
    let report: Value =
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{} {capture}: {e}: {text}", host.name));
    for part in PARTS {
        assert_eq!(report[part], truth[part], "{}: {part} of {capture}", host.name);
    }
}

/// Calls that only those see who have the keys.
fn decrypted(host: &Host) {
    let text = fs::read_to_string(fixtures_dir().join("encrypted/manifest.json")).unwrap();
    let truths: Value = serde_json::from_str(&text).unwrap();
    for (name, truth) in truths.as_object().unwrap() {
        let key = |key: &str| truth[key].as_str().unwrap_or("no key is needed");
        let keys = format!("uat:80211_keys:\"wpa-pwd\",\"{}:{}\"", key("passphrase"), key("ssid"));
        let path = host.capture(&format!("encrypted/{name}.pcapng"));
        let text = host.tshark(&["-q", "-r", &path, "-o", &keys, "-z", "airtone,json"]);
        let report: Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{} {name}: {e}: {text}", host.name));
        assert_eq!(compare(&truth["calls"], &report["calls"]), [], "{} {name}", host.name);
        assert_eq!(report["streams"].as_array().unwrap().len(), 2, "{} {name}", host.name);
        assert!(
            report["streams"].as_array().unwrap().iter().all(|stream| stream["call"] == 1),
            "{} {name}",
            host.name
        );
    }
}

/// Columns: the whole stream's MOS once read (`-2`), and the loss at each packet.
fn same_figures(host: &Host, capture: &str) {
    let truth = json(["streams", "--format", "json", &fixtures_dir().join(capture).display().to_string()]);
    let streams = truth["streams"].as_array().unwrap();
    let path = host.capture(capture);
    let fields =
        ["-T", "fields", "-e", "airtone.stream", "-e", "airtone.rtp.mos", "-e", "airtone.rtp.lost_before"];
    let text = host.tshark(&[&["-2", "-r", &path, "-Y", "airtone.rtp.mos"], &fields[..]].concat());
    for stream in streams.iter().filter(|stream| stream["mos"]["lq"].is_number()) {
        let id = stream["id"].to_string();
        let rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let rows: Vec<_> = rows.filter(|row| row[0] == id).collect();
        assert_eq!(rows.len() as u64, stream["packets"].as_u64().unwrap(), "{}: stream {id}", host.name);
        let mos: f64 = rows[0][1].parse().unwrap();
        let expected = stream["mos"]["lq"].as_f64().unwrap();
        assert!((mos - expected).abs() < 0.005, "{}: stream {id}: {mos}, not {expected}", host.name);
        let lost: u64 = rows.iter().filter_map(|row| row[2].parse::<u64>().ok()).sum();
        assert_eq!(lost, stream["lost"].as_u64().unwrap(), "{}: stream {id}", host.name);
    }
    let worst = streams.iter().filter_map(|stream| stream["mos"]["lq"].as_f64()).fold(5.0, f64::min);
    let filter = format!("airtone.rtp.mos < {}", worst + 0.01);
    let text = host.tshark(&["-2", "-r", &path, "-Y", &filter, "-T", "fields", "-e", "airtone.stream"]);
    assert!(text.lines().count() > 0, "{}: {filter} shows nothing", host.name);
}
