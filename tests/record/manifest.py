#!/usr/bin/env python3
"""manifest.py CAPTURES [NAME...]: writes manifest.json, the truths of every fixture in the report's own names; with
names only those anew.

What happened in a call comes from the scenario (truths.json), harm to RTP from the relay's log, beacons from what
was on the air; times and counts from tshark's decoding. Where two of them speak of the same thing they must agree.
"""
import collections
import csv
import glob
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/flows")

import fax_truth  # noqa: E402
import flows  # noqa: E402
import wifi_truth  # noqa: E402

CALLER = {"192.0.2.10", "192.0.2.40", "2001:db8::10"}
CODECS = {0: ("PCMU", 8000), 8: ("PCMA", 8000), 9: ("G722", 8000)}
OPUS = ("opus", 48000)
TELEPHONE_EVENT = 101
BUFFER_MS = 60  # the report's default jitter buffer


def die(text):
    sys.exit(f"manifest.py: {text}")


def tshark(path, display_filter, *fields):
    """Rows of field values, each a list of strings, as tshark decodes them."""
    command = ["tshark", "-n", "-r", path, "-Y", display_filter, "-T", "fields", "-E", "occurrence=a"]
    for field in fields:
        command += ["-e", field]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in run.stdout.splitlines()]


def sip_counts(path):
    requests, responses = collections.Counter(), collections.Counter()
    resent = 0
    for method, status, again in tshark(path, "sip", "sip.Method", "sip.Status-Code", "sip.resend"):
        requests.update(filter(None, method.split(",")))
        responses.update(filter(None, status.split(",")))
        resent += again.split(",").count("1") + again.split(",").count("True")
    return {"requests": dict(requests), "responses": dict(responses), "retransmissions": resent}


def call_times(path):
    """Set-up, ringing and talk time of the one call, by the frames' times."""
    first = {}
    for at, method, status, cseq in tshark(
        path, "sip", "frame.time_epoch", "sip.Method", "sip.Status-Code", "sip.CSeq.method"
    ):
        what = method or (f"{status} {cseq}")
        first.setdefault(what, float(at))
    if "200 INVITE" not in first or "INVITE" not in first:
        return {}
    answer = first["200 INVITE"]
    return {
        "setup_s": near(answer - first["INVITE"]),
        "ring_s": near(answer - first["180 INVITE"]),
        "duration_s": near(first["BYE"] - answer),
    }


def near(seconds):
    """tshark's times are floating point here, and reports may round to a millisecond."""
    return {"min": round(seconds - 0.002, 4), "max": round(seconds + 0.002, 4)}


def endpoint(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def rtp_streams(path):
    """Packets by (source, destination, SSRC) in order of the first: (time, seq, timestamp, payload type)."""
    streams = {}
    for at, src, src6, dst, dst6, sport, dport, ssrc, seq, ts, kind in tshark(
        path, "rtp", "frame.time_epoch", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "udp.srcport", "udp.dstport",
        "rtp.ssrc", "rtp.seq", "rtp.timestamp", "rtp.p_type",
    ):
        ends = ((src or src6), sport, (dst or dst6), dport)
        streams.setdefault((ends, ssrc), []).append((float(at), int(seq), int(ts), int(kind)))
    return streams


def unwrapped(packets):
    """Sequence numbers without their wrap at 65536."""
    previous, out = packets[0][1], []
    for packet in packets:
        previous += (packet[1] - previous + 32768) % 65536 - 32768
        out.append(previous)
    return out


def counts(numbers):
    """Loss, duplicates and disorder of a list of sequence numbers in order of arrival."""
    seen, highest, again, behind = set(), numbers[0] - 1, 0, 0
    for number in numbers:
        if number in seen:
            again += 1
            continue
        behind += number < highest
        seen.add(number)
        highest = max(highest, number)
    expected = max(seen) - min(seen) + 1
    return {"packets": len(seen), "expected": expected, "lost": expected - len(seen), "duplicates": again, "out_of_order": behind}


def longest_loss(numbers):
    there = sorted(set(numbers))
    return max((b - a - 1 for a, b in zip(there, there[1:])), default=0)


def late_bounds(packets, clock):
    """How many packets miss a playout time of 60 ms behind the fastest packet; 10 ms are granted either way."""
    transit = [at * 1000 - ts * 1000 / clock for at, _, ts, kind in packets if kind != TELEPHONE_EVENT]
    base = min(transit)
    return {"min": sum(t - base > BUFFER_MS + 10 for t in transit), "max": sum(t - base > BUFFER_MS - 10 for t in transit)}


def read_log(path):
    with open(path, newline="") as file:
        return [(int(r["seq"]), r["action"], int(r["received_ns"]), r["sent_ns"]) for r in csv.DictReader(file)]


def check_log(name, log, packets):
    """What the relay sent must be what the capture has, in the same order."""
    sent = sorted((int(sent), seq) for seq, action, _, sent in log if action != "drop")
    if [seq for _, seq in sent] != [p[1] for p in packets]:
        die(f"{name}: the relay's log and the capture differ")
    actions = collections.Counter(action for _, action, _, _ in log)
    harm = name.removeprefix("relay-")
    kinds = {
        "loss": {"drop"}, "burst": {"drop"}, "duplicate": {"duplicate"}, "reorder": {"delay"}, "jitter": {"delay"},
        "speech": {"drop", "delay"}, "dtmf": {"drop"},
    }[harm]
    if any(actions[kind] < 3 for kind in kinds) or set(actions) - {"pass", *kinds}:
        die(f"{name}: the relay did {dict(actions)}")


def stream_truth(name, key, packets, log):
    (src, sport, dst, dport), ssrc = key
    kinds = list(dict.fromkeys(p[3] for p in packets))
    codec, clock = CODECS.get(kinds[0], OPUS)
    numbers = unwrapped(packets)
    from_caller = src in CALLER
    truth = {
        "ssrc": ssrc, "source": endpoint(src, sport), "destination": endpoint(dst, dport), "call": 1,
        "direction": "caller_to_callee" if from_caller else "callee_to_caller",
        "codec": codec, "clock_hz": clock, "payload_types": kinds, "media": "audio", "ptime_ms": 20, **counts(numbers),
    }
    if log and from_caller:
        check_log(name, log, packets)
        truth["late"] = late_bounds(packets, clock)
        truth["bursts"] = {"longest_loss": longest_loss(numbers)}
        if name in ("relay-jitter", "relay-speech"):
            stalled = sum(bool(sent) and int(sent) - got > BUFFER_MS * 1_000_000 for _, _, got, sent in log)
            if not truth["late"]["min"] <= stalled <= truth["late"]["max"]:
                die(f"{name}: {stalled} packets stalled, but {truth['late']} came late")
            del truth["bursts"]  # late packets count there too
    elif truth["lost"] or truth["duplicates"] or truth["out_of_order"]:
        die(f"{name}: harm where no relay was: {truth}")
    return truth


def reports_about(path):
    """RTCP report blocks (SR or RR) by the SSRC that they are about."""
    about = collections.Counter()
    for count, ids in tshark(path, "rtcp.pt == 200 || rtcp.pt == 201", "rtcp.rc", "rtcp.ssrc.identifier"):
        blocks = sum(int(c) for c in count.split(","))
        about.update(ids.split(",")[:blocks])
    return about


def check_digits(path, digits):
    """The digits that were typed must be in the telephone events; adds how long each was (the last duration sent)."""
    longest = {}
    for event, ts, duration in tshark(path, "rtpevent", "rtpevent.event_id", "rtp.timestamp", "rtpevent.duration"):
        longest[ts, int(event)] = int(duration)
    if ["0123456789*#ABCD"[event] for _, event in longest] != [d["digit"] for d in digits]:
        die(f"{path}: the events are {list(longest)}")
    for digit, duration in zip(digits, longest.values()):
        digit["duration_ms"] = duration * 1000 / 8000


def voice_entry(folder, name, told):
    path, log_path = f"{folder}/{name}.pcapng", f"{folder}/{name}.csv"
    log = read_log(log_path) if os.path.exists(log_path) else None
    if name.startswith("relay-") and not log:
        die(f"{name}: no log")
    expect = json.loads(json.dumps(told["expect"]))
    expect.setdefault("sip", {}).update(sip_counts(path))
    reports = reports_about(path)
    streams = []
    whole = told.get("streams") == "whole"
    for key, packets in () if whole else rtp_streams(path).items():
        truth = stream_truth(name, key, packets, log)
        if reports[key[1]]:
            truth["rtcp"] = {"reports": {"min": reports[key[1]]}}
        streams.append(truth)
    expect["streams"] = whole_streams(name, path) if whole else streams
    if expect["calls"] and whole:
        expect["calls"][0].update(call_times(path))
    elif expect["calls"]:
        expect["calls"][0].update(call_times(path))
        check_digits(path, expect["calls"][0].get("dtmf", []))
        expect["calls"][0]["streams"] = list(range(1, len(streams) + 1))
    entry = {"file": f"{name}.pcapng", "recorded_by": f"tests/record/record.sh {name}", "about": told["about"]}
    if log:
        entry["log"] = f"{name}.csv"
    if os.path.exists(f"{folder}/{name}.ulaw"):
        entry["said"] = f"{name}.ulaw"
    return {**entry, "expect": expect}


def with_frames(path, tree):
    """The tree with each event's `when`, a display filter, replaced by the first frame that it finds, or the `nth`;
    `then`: by the first one behind it that this filter finds."""
    if isinstance(tree, list):
        return [with_frames(path, one) for one in tree]
    if not isinstance(tree, dict):
        return tree
    out = {key: with_frames(path, value) for key, value in tree.items() if key not in ("when", "nth", "then")}
    if "when" in tree:
        found = tshark(path, f"(sip || t38) && ({tree['when']})", "frame.number")
        nth = tree.get("nth", 1)
        if len(found) < nth:
            die(f"{path}: nothing is {tree['when']}")
        out["frame"] = int(found[nth - 1][0])
    if "then" in tree:
        out["frame"] = int(tshark(path, f"frame.number > {out['frame']} && ({tree['then']})", "frame.number")[0][0])
    return out


def flow_entry(folder, name):
    """What the sides of the flow did; their streams must be whole."""
    path = f"{folder}/{name}.pcapng"
    about, expect, _ = flows.FLOWS[name]()
    expect = with_frames(path, expect)
    options = expect.pop("options", None)
    expect["sip"] = sip_counts(path)
    expect["streams"] = whole_streams(name, path)
    entry = {"file": f"{name}.pcapng", "recorded_by": f"tests/record/record.sh {name}", "about": about}
    if os.path.exists(f"{folder}/{name}.csv"):
        entry["log"] = f"{name}.csv"
        expect["calls"][0]["fax"] = {**fax_truth.of(path, tshark, die), **expect["calls"][0].get("fax", {})}
    return {**entry, **({"options": options} if options else {}), "expect": expect}


def whole_streams(name, path):
    """Every stream, nothing lost; whose it is is for the calls to say."""
    streams = []
    for ((src, sport, dst, dport), ssrc), packets in rtp_streams(path).items():
        whole = counts(unwrapped(packets))
        if whole["lost"] or whole["duplicates"] or whole["out_of_order"]:
            die(f"{name}: harm where no relay was: {ssrc} {whole}")
        streams.append({"ssrc": ssrc, "source": endpoint(src, sport), "destination": endpoint(dst, dport), **whole})
    return {"unordered": streams}


def check_outcome(entry):
    """The scenario's final code must be in the capture."""
    responses = entry["expect"]["sip"]["responses"]
    for call in entry["expect"]["calls"]:
        if call["outcome_code"] is None:
            continue
        if str(call["outcome_code"]) not in responses:
            die(f"{entry['file']}: no {call['outcome_code']} in it, only {responses}")


def main():
    folder, only = sys.argv[1], sys.argv[2:]
    kept = {}
    if only:
        with open(f"{folder}/manifest.json") as file:
            entries = json.load(file)["fixtures"]
        kept = {entry["file"].removesuffix(".pcapng"): entry for entry in entries}
        kept = {name: entry for name, entry in kept.items() if name not in only}
    with open(f"{HERE}/truths.json") as file:
        told = json.load(file)
    entries = []
    for path in sorted(glob.glob(f"{folder}/*.pcapng")):
        name = os.path.basename(path).removesuffix(".pcapng")
        if name.startswith("wifi-"):
            continue
        if name in kept:
            entries.append(kept[name])
            continue
        if name in flows.FLOWS:
            entries.append(flow_entry(folder, name))
            check_outcome(entries[-1])
            continue
        if name not in told:
            die(f"{name} has no truths")
        entries.append(voice_entry(folder, name, told[name]))
        check_outcome(entries[-1])
    wifi = [entry for name, entry in kept.items() if name.startswith("wifi-")]
    entries += wifi or wifi_truth.entries(folder, tshark, die)
    with open(f"{folder}/manifest.json", "w") as file:
        json.dump({"fixtures": entries}, file, indent=1)
        file.write("\n")
    print(f"{len(entries)} fixtures in manifest.json")


if __name__ == "__main__":
    main()
