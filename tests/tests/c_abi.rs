//! libairtone from outside: C programs against its header, its exported symbols, and the same reports through it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use airtone_capture::write::{PcapNgOut, Section};
use airtone_capture::{Input, Interface, Listening, Record};
use airtone_engine::Nanos;
use airtone_tests::{captures, captures_in, fixtures_dir, run, tshark, workspace_dir};

/// The strictest that C compilers agree on.
const STRICT: &[&str] = &["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g"];
const SANITIZERS: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// Where libairtone and the library that panics on request were built, in the profile of this test.
struct Built {
    library: PathBuf,
    panicking: PathBuf,
}

fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        // target/PROFILE/deps/TEST-HASH; the directory `debug` belongs to the profile `dev`.
        let test = std::env::current_exe().expect("path of the running test");
        let profile_dir = test.ancestors().nth(2).expect("a test lies in target/PROFILE/deps");
        let profile = match profile_dir.file_name().and_then(OsStr::to_str) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "airtone-cdylib", "--lib", "--examples"]);
        build.args(["--profile", profile, "--target-dir"]).arg(profile_dir.parent().expect("a target dir"));
        let status = build.current_dir(workspace_dir()).status().expect("cargo can be started");
        assert!(status.success(), "libairtone does not build");
        let file = |stem| format!("{}{stem}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        Built {
            library: profile_dir.join(file("airtone")),
            panicking: profile_dir.join("examples").join(file("airtone_panicking")),
        }
    })
}

/// True when a program can be started.
fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success())
}

/// The C compiler; `None`, with a message, where there is none that works like cc.
fn has_cc() -> bool {
    let found = cfg!(unix) && has("cc");
    if !found {
        eprintln!("skipped: no C compiler `cc` here");
    }
    found
}

fn source(name: &str) -> PathBuf {
    workspace_dir().join("tests/c").join(name)
}

/// Compiles a program of `tests/c` and links it with a library.
fn compile(name: &str, library: &Path, flags: &[&str], to: &Path) {
    let folder = library.parent().expect("a library lies in a folder").display();
    let stem = library.file_stem().and_then(OsStr::to_str).expect("a plain name");
    let mut cc = Command::new("cc");
    cc.args(STRICT).args(flags).arg("-I").arg(workspace_dir().join("cdylib/include"));
    cc.arg(source(name)).arg("-o").arg(to);
    cc.args([format!("-L{folder}"), format!("-l{}", &stem[3..]), format!("-Wl,-rpath,{folder}")]).arg("-lm");
    passes(&mut cc, &format!("{name} with {flags:?}"));
}

fn passes(command: &mut Command, what: &str) -> Output {
    let out = command.output().unwrap_or_else(|e| panic!("{what}: {e}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{what}: {}\n{stdout}{stderr}", out.status);
    out
}

/// The programs and the library that each is linked with.
fn programs() -> [(&'static str, &'static Path); 3] {
    let built = built();
    [
        ("smoke.c", built.library.as_path()),
        ("misuse.c", built.library.as_path()),
        ("poisoned.c", built.panicking.as_path()),
    ]
}

/// Compiles and runs each program under `runner`.
fn run_programs(flags: &[&str], runner: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    for (name, library) in programs() {
        let program = folder.path().join(name.trim_end_matches(".c"));
        compile(name, library, flags, &program);
        let mut line: Vec<&OsStr> = runner.iter().map(OsStr::new).collect();
        line.push(program.as_os_str());
        let out = passes(Command::new(line[0]).args(&line[1..]), &format!("{name} under {runner:?}"));
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(said.contains("all as the header says"), "{name}: {said}");
    }
}

#[test]
fn c_programs_pass() {
    if has_cc() {
        run_programs(&[], &[]);
    }
}

#[test]
fn c_programs_pass_under_valgrind() {
    if !has_cc() || !has("valgrind") {
        return eprintln!("skipped: no valgrind here");
    }
    let valgrind = ["valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,possible"];
    run_programs(&[], &[&valgrind[..], &["--error-exitcode=99"]].concat());
}

#[test]
fn c_programs_pass_under_sanitizers() {
    if !has_cc() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let probe = folder.path().join("probe.c");
    fs::write(&probe, "int main(void) { return 0; }\n").unwrap();
    let mut cc = Command::new("cc");
    cc.args(SANITIZERS).arg(&probe).arg("-o").arg(folder.path().join("probe"));
    if !cc.output().is_ok_and(|out| out.status.success()) {
        return eprintln!("skipped: this C compiler has no address sanitizer");
    }
    run_programs(SANITIZERS, &[]);
}

#[test]
fn the_header_is_cpp_as_well() {
    if !cfg!(unix) || !has("c++") {
        return eprintln!("skipped: no C++ compiler `c++` here");
    }
    let header = workspace_dir().join("cdylib/include/airtone.h");
    let flags = ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-x", "c++"];
    passes(Command::new("c++").args(flags).arg(header), "airtone.h as C++");
}

/// A symbol that goes breaks hosts; one that comes by accident will be used by somebody.
#[test]
fn exported_symbols_are_those_of_the_list() {
    if !cfg!(target_os = "linux") || !has("nm") {
        return eprintln!("skipped: no nm here");
    }
    let library = &built().library;
    let out = passes(Command::new("nm").args(["-D", "--defined-only"]).arg(library), "nm");
    let text = String::from_utf8(out.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split_whitespace().last());
    // The entries of Lua are looked up by name by `require`; their test is elsewhere.
    let mut exported: Vec<&str> = names.filter(|name| !name.starts_with("luaopen_airtone")).collect();
    exported.sort_unstable();
    let listed = fs::read_to_string(source("symbols.txt")).unwrap();
    assert_eq!(exported, listed.lines().collect::<Vec<_>>());
    let header = fs::read_to_string(workspace_dir().join("cdylib/include/airtone.h")).unwrap();
    for name in exported {
        assert!(header.contains(&format!(" {name}(")), "{name} is not in the header");
    }
}

fn through(library: Option<&Path>, line: &[&str], capture: &Path) -> (Option<i32>, String) {
    let mut args: Vec<&OsStr> = line.iter().map(OsStr::new).collect();
    if let Some(library) = library {
        args.extend([OsStr::new("--engine"), library.as_os_str()]);
    }
    args.push(capture.as_os_str());
    let out = run(args);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    (out.status.code(), text + &String::from_utf8_lossy(&out.stderr))
}

fn assert_same_through_the_library(line: &[&str], capture: &Path) {
    let ours = through(None, line, capture);
    let loaded = through(Some(&built().library), line, capture);
    assert!(!ours.1.is_empty(), "{line:?} of {} says nothing", capture.display());
    assert_eq!(ours, loaded, "{line:?} of {}", capture.display());
}

#[test]
fn a_loaded_engine_reports_what_the_built_in_one_does() {
    let all: Vec<PathBuf> = captures_in(&fixtures_dir()).into_iter().chain(captures()).collect();
    for capture in &all {
        assert_same_through_the_library(&["report", "--format", "json"], capture);
    }
}

#[test]
fn every_view_format_and_setting_reaches_a_loaded_engine() {
    let lines: &[&[&str]] = &[
        &["report"],
        &["report", "--format", "text", "--width", "132", "--color", "always"],
        &["report", "--format", "json", "--compact"],
        &["report", "--format", "jsonl"],
        &["report", "--format", "csv"],
        &["report", "--format", "json", "--buffer", "adaptive", "--delay", "80"],
        &["report", "--format", "json", "--buffer", "none"],
        &["report", "--format", "json", "--no-heuristic"],
        &["calls"],
        &["streams", "--compat", "wireshark-4.0", "--format", "json"],
        &["streams", "--compat", "wireshark-4.4", "--buffer", "120"],
        &["sip", "--format", "csv"],
        &["wifi"],
        &["findings", "--fail-on", "note"],
    ];
    for name in ["relay-loss.pcapng", "sipp-tcp.pcapng", "wifi-outages.pcapng"] {
        for line in lines {
            assert_same_through_the_library(line, &fixtures_dir().join(name));
        }
    }
}

/// What the sensor wrote of its radio crosses the boundary too: the outage of the fixture, of 2.07 s from +2.661 s on, is
/// nobody's fault where the radio was elsewhere meanwhile.
#[test]
fn where_the_radio_listened_reaches_a_loaded_engine() {
    let fixture = fixtures_dir().join("wifi-outages.pcapng");
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told.pcapng");
    let mut input = Input::open(std::slice::from_ref(&fixture)).unwrap();
    let mut out = PcapNgOut::new(Vec::new(), &Section::default()).unwrap();
    let mut began = None;
    while let Some(record) = input.next().unwrap() {
        let Record::Packet(packet) = record else { continue };
        let note = |since: i64, channel| {
            let at = Nanos(packet.at.0 + since);
            Listening { at, channel }.to_string()
        };
        let comment = match (began, packet.frame) {
            (None, _) => note(-1, Some((2437, 20))),
            (_, 55) => format!("{}\n{}", note(-2, Some((2412, 20))), note(-1, None)),
            (_, 75) => note(-1, Some((2437, 20))),
            _ => String::new(),
        };
        if began.is_none() {
            let interface = Interface { link: packet.link, name: String::new(), description: String::new() };
            out.interface(&interface, 0).unwrap();
            began = Some(packet.at);
        }
        out.packet_with_comment(0, packet.at, packet.orig_len, packet.bytes, 0, &comment).unwrap();
    }
    fs::write(&told, out.into_inner()).unwrap();
    assert_same_through_the_library(&["report", "--format", "json"], &told);
    assert_same_through_the_library(&["wifi"], &told);
    let of = |capture| through(Some(&built().library), &["wifi"], capture).1;
    assert!(of(&fixture).contains("critical") && of(&told).contains("off channel"), "{}", of(&told));
    assert!(!of(&told).contains("critical"), "{}", of(&told));
}

/// Observations cross the boundary as packets do: RTP headers, SIP over TCP, beacons.
#[test]
fn exports_reach_a_loaded_engine() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["relay-loss.pcapng", "sipp-tcp.pcapng", "wifi-outages.pcapng", "baresip-g711-dtmf.pcapng"] {
        for format in ["json", "ek", "pdml"] {
            let mut tshark = Command::new("tshark");
            tshark.arg("-r").arg(fixtures_dir().join(name)).args(["-T", format]);
            let export = folder.path().join(format!("{name}.{format}"));
            fs::write(&export, passes(&mut tshark, "tshark").stdout).unwrap();
            assert_same_through_the_library(&["report", "--format", "json"], &export);
        }
    }
}

#[test]
fn what_is_no_libairtone_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.so");
    fs::write(&text, "no library").unwrap();
    for library in [folder.path().join("absent.so"), text] {
        let (code, said) = through(Some(&library), &["report"], &fixtures_dir().join("sipp-busy.pcapng"));
        assert_eq!(code, Some(2), "{said}");
        let name = library.display().to_string();
        assert!(said.contains(&name) && said.contains("cannot be loaded as libairtone"), "{said}");
    }
}

/// A library of another interface is told from its two numbers alone, before anything else of it is used.
#[test]
fn another_interface_is_refused_in_a_sentence() {
    if !has_cc() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (code, library) = (folder.path().join("newer.c"), folder.path().join("newer.so"));
    fs::write(
        &code,
        "unsigned airtone_abi_min(void){return 7;}unsigned airtone_abi_version(void){return 9;}\n",
    )
    .unwrap();
    passes(Command::new("cc").args(["-shared", "-fPIC"]).arg(code).arg("-o").arg(&library), "cc");
    let (code, said) = through(Some(&library), &["report"], &fixtures_dir().join("sipp-busy.pcapng"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("has interface 7 to 9, this program needs 2"), "{said}");
}
