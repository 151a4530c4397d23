#!/usr/bin/env python3
"""CPU of tshark with the plugin against tshark without it, as a ratio, on one capture in one run.

    cargo xtask generate --packets 100000 --calls 50 --loss 1 -o /tmp/calls.pcap
    cargo build --release -p airtone-cdylib
    tests/bench/plugin-cost.py /tmp/calls.pcap target/release/libairtone.so

Every variant runs in turn, several times over; the least user + system time counts, as whatever else
the machine does can only add to it.
"""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

EMPTY = """
local p = Proto("nothing", "Nothing")
function p.dissector() end
register_postdissector(p)
"""
LISTENER = """
local l = Listener.new("frame")
function l.packet() end
"""
RAW = """
local p, n = Proto("nothing", "Nothing"), 0
function p.dissector(tvb, pinfo) if not pinfo.visited then n = n + #tvb:raw() end end
register_postdissector(p)
"""
FIELD = """
local f, p = Field.new("frame.interface_id"), Proto("nothing", "Nothing")
function p.dissector(tvb, pinfo) end
register_postdissector(p)
"""


def cpu(command, environment):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def main():
    capture, library = sys.argv[1], str(pathlib.Path(sys.argv[2]).resolve())
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    packets = int(subprocess.run(["capinfos", "-T", "-r", "-M", "-c", capture], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout.split("\t")[-1])
    with tempfile.TemporaryDirectory() as folder:
        def script(name, text):
            path = pathlib.Path(folder) / name
            path.write_text(text)
            return ["-X", f"lua_script:{path}"]

        plugin = ["-X", f"lua_script:{ROOT / 'lua/airtone.lua'}"]
        columns = ["-T", "fields", "-e", "frame.number"]
        own = columns + ["-e", "airtone.rtp.mos", "-e", "airtone.rtp.jitter"]
        stat = ["-q", "-z", "io,stat,0"]
        variants = [
            ("without a plugin", stat),
            ("empty listener on frame", stat + script("listener.lua", LISTENER)),
            ("empty post-dissector", stat + script("empty.lua", EMPTY)),
            ("... that takes the raw bytes", stat + script("raw.lua", RAW)),
            ("... with one extractor, unread", stat + script("field.lua", FIELD)),
            ("Airtone", stat + plugin),
            ("columns: frame number, no plugin", columns),
            ("columns: frame number, Airtone", columns + plugin),
            ("columns: with MOS and jitter", own + plugin),
        ]
        environment = dict(os.environ, AIRTONE_LIBRARY=library, WIRESHARK_CONFIG_DIR=folder)
        best = {}
        for _ in range(runs):
            for name, arguments in variants:
                spent = cpu(["tshark", "-r", capture] + arguments, environment)
                best[name] = min(spent, best.get(name, spent))
        print(f"| {packets} packets | CPU s | ratio | us per packet more |\n|---|---|---|---|")
        for name, _ in variants:
            base = best["columns: frame number, no plugin" if name.startswith("columns") else "without a plugin"]
            print(f"| {name} | {best[name]:.2f} | {best[name] / base:.2f} | {(best[name] - base) / packets * 1e6:.1f} |")


if __name__ == "__main__":
    main()
