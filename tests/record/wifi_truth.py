"""Beacon truths of the Wi-Fi fixture: what the sensor heard against what was on the air, by the APs' own clocks."""
import os

TU_US = 1024
SENSOR, AIR = "wifi-outages", "wifi-outages-air"


def beacons(path, tshark, die):
    """Per BSSID, in order of the first beacon: its name, interval in TU, and beacons as (number, signal).

    The number counts target beacon transmission times from an origin that is the same in both files.
    """
    found = {}
    fields = ("wlan.bssid", "wlan.ssid", "wlan.fixed.beacon", "wlan.fixed.timestamp", "radiotap.dbm_antsignal")
    for bssid, ssid, interval, tsf, signal in tshark(path, "wlan.fc.type_subtype == 8", *fields):
        name = bytes.fromhex(ssid).decode() if is_hex(ssid) else ssid  # newer versions print the bytes
        known = found.setdefault(bssid, (name, int(interval), []))
        period = known[1] * TU_US
        number, delay = divmod(int(tsf) + period // 8, period)
        if delay > period // 2:
            die(f"{path}: a beacon of {bssid} came {delay - period // 8} µs late; record again")
        known[2].append((number, signal))
    return found


def is_hex(text):
    return len(text) % 2 == 0 and all(c in "0123456789abcdef" for c in text)


def runs(numbers):
    """Lengths of the runs of missing numbers."""
    return [b - a - 1 for a, b in zip(numbers, numbers[1:]) if b - a > 1]


def bss_truth(bssid, name, interval, heard):
    numbers = [number for number, _ in heard]
    missing = runs(numbers)
    expected = numbers[-1] - numbers[0] + 1
    truth = {
        "bssid": bssid, "ssid": name, "channel": 6, "frequency_mhz": 2437, "beacon_interval_tu": interval,
        "beacons": {"received": len(numbers), "expected": expected, "lost": sum(missing), "duplicates": 0,
                    "not_observed": 0,
                    "longest_run": max(missing, default=0), "basis": "tsf"},
        # "lobby" was heard all the time, so the sensor was neither deaf nor elsewhere
        "outages": [{"lost": run, "cause": {"one_of": ["air", "ap_restart"]}} for run in missing if run >= 3],
    }
    signals = [int(s) for _, s in heard if s]
    if signals:
        truth["signal_dbm"] = {"min": min(signals), "max": max(signals)}
    return truth


def entries(folder, tshark, die):
    """The manifest's entries of both files; none when they were not recorded."""
    paths = [f"{folder}/{name}.pcapng" for name in (SENSOR, AIR)]
    if not all(map(os.path.exists, paths)):
        return []
    sensor, air = (beacons(path, tshark, die) for path in paths)
    check(sensor, air, die)
    about = {
        SENSOR: "a monitor interface on channel 6 and two APs; 'office' cannot be heard for 2 s, later it is silent for 1 s",
        AIR: "the same time on the air: every frame that was sent; only the silence is missing here",
    }
    return [
        {
            "file": f"{name}.pcapng", "recorded_by": "tests/record/record.sh wifi-outages", "about": about[name],
            "expect": {"calls": [], "streams": [], "wifi": {"bss": [bss_truth(b, *known) for b, known in side.items()]}},
        }
        for name, side in ((SENSOR, sensor), (AIR, air))
    ]


def check(sensor, air, die):
    """The sensor must have missed one run that was on the air (RF loss) and one that was not (silence), nothing else."""
    for bssid, (name, _, heard) in sensor.items():
        got = {number for number, _ in heard}
        sent = {number for number, _ in air[bssid][2]}
        span = range(min(got), max(got) + 1)
        unheard = [n for n in span if n not in got and n in sent]
        silent = [n for n in span if n not in got and n not in sent]
        kinds = [("unheard", unheard), ("silent", silent)]
        for kind, numbers in kinds:
            whole = bool(numbers) and numbers[-1] - numbers[0] + 1 == len(numbers)
            if (name == "office") != whole or (name != "office" and numbers):
                die(f"{name}: {kind} beacons {numbers}; record again")
        if not got <= sent:
            die(f"{name}: heard what was not sent")
