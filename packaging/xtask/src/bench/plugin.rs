//! CPU of tshark with the plugin against tshark without it: `tshark -q -z io,stat,0` on calls in a pcap, the same in a
//! pcapng, and a mixture of protocols. What the plugin reports on the calls is checked.
//!
//! Variants run in turn, several times over, and the least user and system time counts: whatever else the
//! machine does can only add to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::measure::{self, Pinning};
use super::{LOSS, read_json, verify};
use crate::generate::{self, Format, Plan};
use crate::shell::root;

const PACKETS: u64 = 100_000;
const CALLS: u64 = 50;
/// The budget, as a ratio.
const BUDGET: f64 = 1.5;

/// A post-dissector that does nothing: what any plugin in Lua costs.
const EMPTY: &str =
    "local p = Proto('nothing', 'Nothing')\nfunction p.dissector() end\nregister_postdissector(p)\n";

/// What is measured, and the plugin's part in it.
struct Bench {
    folder: PathBuf,
    library: PathBuf,
    runs: u8,
}

/// The `bench --plugin` command.
pub fn run(runs: u8) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("a folder for the captures")?;
    let bench = Bench { folder: folder.path().to_owned(), library: build()?, runs };
    std::fs::write(bench.folder.join("empty.lua"), EMPTY)?;
    println!(
        "| capture | packets | without s | empty post-dissector | Airtone | with its report |\n|---|---|---|---|---|---|"
    );
    let plan = Plan { loss: LOSS, ..Plan::new(Some(PACKETS), Some(CALLS), None)? };
    let mut worst = 0.0_f64;
    for (name, format) in [("calls.pcap", Format::Pcap), ("calls.pcapng", Format::Pcapng)] {
        let capture = bench.folder.join(name);
        let truth = generate::to_file(&plan, format, &capture)?;
        let report = bench.folder.join("report.json");
        measure::time(&bench.tshark(&capture, &["-z", "airtone,json"], true), &report)?;
        verify::check(&read_json(&report)?, &truth)?;
        worst = worst.max(bench.row(name, truth.packets, &capture)?);
    }
    if let Some((capture, packets)) = bench.mixture()? {
        worst = worst.max(bench.row("public captures, all protocols", packets, &capture)?);
    }
    let verdict = if worst <= BUDGET { "within" } else { "above" };
    println!(
        "\nThe reports are right. Airtone costs at most {worst:.2} x, {verdict} the budget of {BUDGET} x."
    );
    Ok(())
}

impl Bench {
    /// tshark with nothing of the user's.
    fn tshark(&self, capture: &Path, arguments: &[&str], plugin: bool) -> Command {
        let mut command = Pinning::find().command(Path::new("env"));
        command.arg(format!("AIRTONE_LIBRARY={}", self.library.display()));
        for variable in ["WIRESHARK_CONFIG_DIR", "WIRESHARK_PLUGIN_DIR"] {
            command.arg(format!("{variable}={}", self.folder.display()));
        }
        command.args(["tshark", "-q", "-r"]).arg(capture);
        if plugin {
            command.arg("-X").arg(format!("lua_script:{}", root().join("lua/airtone.lua").display()));
        }
        command.args(arguments);
        command
    }

    /// Measures one capture and prints its line; the ratio with the plugin.
    fn row(&self, name: &str, packets: u64, capture: &Path) -> anyhow::Result<f64> {
        let empty = format!("lua_script:{}", self.folder.join("empty.lua").display());
        let stat = ["-z", "io,stat,0"];
        let variants = [
            self.tshark(capture, &stat, false),
            self.tshark(capture, &[&stat[..], &["-X", &empty]].concat(), false),
            self.tshark(capture, &stat, true),
            self.tshark(capture, &[&stat[..], &["-z", "airtone,report"]].concat(), true),
        ];
        let mut least = [f64::INFINITY; 4];
        for _ in 0..self.runs {
            for (least, command) in least.iter_mut().zip(&variants) {
                let timing = measure::time(command, &self.folder.join("output.txt"))?;
                *least = least.min(timing.cpu_s);
            }
        }
        let [plain, empty, plugin, report] = least;
        let ratio = |cpu: f64| cpu / plain;
        println!(
            "| {name} | {packets} | {plain:.2} | {:.2} x | {:.2} x | {:.2} x |",
            ratio(empty),
            ratio(plugin),
            ratio(report)
        );
        Ok(ratio(plugin))
    }

    /// The project's recordings and the public captures that are there, one after the other until they are
    /// enough; nothing where mergecap is missing.
    fn mixture(&self) -> anyhow::Result<Option<(PathBuf, u64)>> {
        let public = std::env::var_os("AIRTONE_CAPTURES")
            .map_or_else(|| root().join("../shared/captures"), PathBuf::from);
        let mut all = Vec::new();
        for folder in [root().join("tests/captures"), public] {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let is_capture = |path: &PathBuf| path.extension().is_some_and(|e| e == "pcap" || e == "pcapng");
            all.extend(entries.map(|entry| entry.path()).filter(is_capture));
        }
        all.sort();
        let capture = self.folder.join("mixture.pcapng");
        // mergecap says 1 or 2 where one of them is damaged, and writes what it has: each is asked first.
        let is_whole = |path: &PathBuf| packets(path).is_some();
        all.retain(is_whole);
        let once: u64 = all.iter().filter_map(packets).sum();
        let times = PACKETS.div_ceil(once.max(1)).min(1_000) as usize;
        let mut merge = Command::new("mergecap");
        merge.args(["-a", "-F", "pcapng", "-w"]).arg(&capture);
        for _ in 0..times {
            merge.args(&all);
        }
        if !merge.output().is_ok_and(|output| output.status.success()) {
            eprintln!("no mergecap here, or it failed: no mixture of protocols");
            return Ok(None);
        }
        Ok(packets(&capture).map(|packets| (capture, packets)))
    }
}

/// Packets of a capture that is whole.
fn packets(path: &PathBuf) -> Option<u64> {
    let output = Command::new("capinfos").args(["-T", "-r", "-M", "-c"]).arg(path).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    text.trim().rsplit('\t').next()?.parse().ok()
}

/// Builds the library as users get it.
fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--package", "airtone-cdylib"]).current_dir(root());
    ensure!(command.status().context("running cargo")?.success(), "libairtone does not build");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let name = format!("{}airtone{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    Ok(target.join("release").join(name))
}
