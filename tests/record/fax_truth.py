"""fax_truth.py: what is true of a recorded fax, by the log of its two terminals.

What came and what was lost is what they sent and threw away; what was repaired follows from how many packets each
datagram repeats, or has the parity of; result, pages and rate are the terminals' own words.
"""
import csv
import json

ENDS = {"send": "192.0.2.10:6100", "receive": "192.0.2.20:6200"}
REDUNDANCY, PARITY = "redundancy", "parity"


def of(path, tshark, die):
    with open(path.replace(".pcapng", ".csv"), newline="") as file:
        rows = list(csv.reader(file))
    told = {role: json.loads(row[2]) for role in ENDS for row in rows if row[:2] == [role, "result"]}
    if set(told) != set(ENDS):
        die(f"{path}: a terminal did not say how it went")
    sent = {role: [(int(row[1]), row[2], int(row[3])) for row in rows if row[0] == role and row[1] != "result"] for role in ENDS}
    check(path, sent, tshark, die)
    # the answers to what was asked come from who receives: what the sender heard is what is true for both
    is_confirmed = told["send"]["result"] == "OK"
    return {
        "result": "confirmed" if is_confirmed else "failed", "pages": told["send"]["pages"], "pages_refused": 0,
        "rate_bps": told["send"]["bit_rate"], "error_correction": told["send"]["ecm"],
        "directions": {"unordered": [direction(path, role, sent[role], tshark) for role in ENDS]},
    }


def check(path, sent, tshark, die):
    """The capture must have what the terminals sent, in the same order."""
    for role, end in ENDS.items():
        passed = [seq for seq, action, _ in sent[role] if not action.startswith("drop")]
        if passed != numbers(path, end, tshark):
            die(f"{path}: the log of the terminal at {end} and the capture differ")


def numbers(path, end, tshark):
    host, port = end.split(":")
    rows = tshark(path, f"t38 && ip.src == {host} && udp.srcport == {port}", "t38.seq_number")
    return [int(seq) for seq, in rows]


def direction(path, role, sent, tshark):
    came = [(seq, again) for seq, action, again in sent if not action.startswith("drop")]
    once = dict(came)
    first, last = min(once), max(once)
    lost = [seq for seq in range(first, last + 1) if seq not in once]
    by = PARITY if is_parity(path, ENDS[role], tshark) else REDUNDANCY
    repaired = repairs(once, first, by)
    other = ENDS["receive" if role == "send" else "send"]
    return {
        "source": ENDS[role], "destination": other,
        "direction": "caller_to_callee" if role == "send" else "callee_to_caller",
        "packets": len(once), "expected": last - first + 1, "lost": len(lost), "repaired": len(repaired),
        "unrepaired": len(lost) - len(repaired), "repeats": len(came) - len(once), "out_of_order": 0, "unread": 0,
        "repair": by,
    }


def is_parity(path, end, tshark):
    host, port = end.split(":")
    return bool(tshark(path, f"t38.error_recovery == 1 && ip.src == {host} && udp.srcport == {port}", "frame.number"))


def repairs(once, first, by):
    """Numbers that came back with a later one."""
    known, back = set(), set()
    for seq, again in sorted(once.items()):
        known.add(seq)
        missing = [before for before in range(seq - again, seq) if before not in known]
        if by == PARITY and len(missing) != 1:
            continue
        back.update(before for before in missing if before > first)
        known.update(missing)
    return back
