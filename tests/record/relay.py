#!/usr/bin/env python3
"""A relay between two hosts that harms RTP from alice to bob in a known way and logs every packet.

Alice talks to NEAR and believes it to be bob; bob talks to FAR and believes it to be alice. Port numbers stay
as they are, addresses inside SIP are rewritten (all four have the same length, so Content-Length holds).
Only RTP from alice to bob is harmed; SIP, RTCP and the other direction pass at once.

The log is CSV, one row per packet sent on or dropped, in the order of arrival at the relay:
    seq          RTP sequence number
    action       pass, drop, duplicate (a second copy), delay
    received_ns  arrival at the relay, UNIX time
    sent_ns      departure towards bob; empty for a drop
"""
import argparse
import csv
import heapq
import random
import selectors
import signal
import socket
import struct
import time

ALICE, BOB, NEAR, FAR = "192.0.2.10", "192.0.2.20", "192.0.2.30", "192.0.2.40"
SIP_PORT = 5060
EXPEDITED_FORWARDING = 184
TELEPHONE_EVENT = 101


class Harm:
    """Decides what happens to one packet: a list of delays in ms, one per copy; empty is a drop."""

    def __init__(self, kind, seed):
        self.random = random.Random(seed)
        self.decide = getattr(self, kind)
        self.in_burst = False
        self.queue_until = 0
        self.calm = 25
        self.event, self.place = None, 0  # timestamp of the telephone event, packets of it so far
        self.events = 0

    def dtmf(self, _now, data):
        """Of telephone events (RFC 4733): the first one loses its first three packets, the second one its end."""
        if data[1] & 0x7F != TELEPHONE_EVENT:
            return [0]
        if data[4:8] != self.event:
            self.event, self.place = data[4:8], 0
            self.events += 1
        self.place += 1
        is_end = data[13] & 0x80 != 0
        is_lost = (self.events == 1 and self.place <= 3) or (self.events == 2 and is_end)
        return [] if is_lost else [0]

    def loss(self, _now, _data):
        """5 % of all packets, each on its own."""
        return [] if self.random.random() < 0.05 else [0]

    def burst(self, _now, _data):
        """Gilbert's model: bursts begin with 2.5 % and go on with 70 %."""
        self.in_burst = self.random.random() < (0.7 if self.in_burst else 0.025)
        return [] if self.in_burst else [0]

    def duplicate(self, _now, _data):
        """4 % of all packets come twice, the copy 3 ms behind."""
        return [0, 3] if self.random.random() < 0.04 else [0]

    def reorder(self, _now, _data):
        """4 % of all packets are overtaken by the one behind them."""
        return [30] if self.random.random() < 0.04 else [0]

    def jitter(self, now, _data):
        """A queue that stands still for 90 or 110 ms about once in 0.8 s and then empties at once, in order."""
        if now < self.queue_until:
            return [(self.queue_until - now) / 1e6]
        self.calm -= 1
        if self.calm > 0:
            return [0]
        self.calm = self.random.randint(30, 50)
        stall = self.random.choice([90, 110])
        self.queue_until = now + stall * 1_000_000
        return [stall]

    def speech(self, _now, _data):
        """4 % lost in runs of one to four packets, 2 % so late (130 ms) that no buffer of 60 ms plays them."""
        self.calm -= 1
        if self.in_burst:
            self.in_burst -= 1
            return []
        if self.calm > 0:
            return [0]
        self.calm = self.random.randint(8, 24)
        if self.random.random() < 0.5:
            return [130]
        self.in_burst = self.random.choice([0, 0, 1, 3])
        return []


class Relay:
    def __init__(self, harm, log, ports):
        self.harm, self.log = harm, log
        self.selector = selectors.DefaultSelector()
        self.sockets = {}
        self.later = []  # (when, order, socket, data, target, row)
        self.order = 0
        self.running = True
        for port in ports:
            for face in (NEAR, FAR):
                sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0 if port == SIP_PORT else EXPEDITED_FORWARDING)
                sock.bind((face, port))
                self.sockets[face, port] = sock
                self.selector.register(sock, selectors.EVENT_READ, (face, port))

    def run(self):
        while self.running or self.later:
            wait = 0.2
            if self.later:
                wait = max(0, (self.later[0][0] - time.time_ns()) / 1e9)
            for key, _ in self.selector.select(wait):
                data, source = key.fileobj.recvfrom(65535)
                self.forward(data, source[1], *key.data)
            while self.later and self.later[0][0] <= time.time_ns():
                _, _, *job = heapq.heappop(self.later)
                self.send(*job)

    def forward(self, data, source_port, face, port):
        target, out = (BOB, FAR) if face == NEAR else (ALICE, NEAR)
        sock = self.sockets.get((out, source_port))
        if sock is None:
            return
        if port == SIP_PORT:
            swap = ((ALICE, FAR), (NEAR, BOB)) if face == NEAR else ((BOB, NEAR), (FAR, ALICE))
            for old, new in swap:
                data = data.replace(old.encode(), new.encode())
        is_rtp = face == NEAR and port != SIP_PORT and port % 2 == 0 and len(data) >= 12 and data[0] >> 6 == 2
        if not is_rtp:
            sock.sendto(data, (target, port))
            return
        self.harmed(data, sock, (target, port))

    def harmed(self, data, sock, target):
        now = time.time_ns()
        seq = struct.unpack(">H", data[2:4])[0]
        copies = self.harm.decide(now, data)
        if not copies:
            self.log.append([seq, "drop", now, ""])
        for index, delay in enumerate(copies):
            action = "duplicate" if index else "delay" if delay else "pass"
            row = [seq, action, now, ""]
            self.log.append(row)
            if not delay:
                self.send(sock, data, target, row)
                continue
            self.order += 1
            heapq.heappush(self.later, (now + int(delay * 1e6), self.order, sock, data, target, row))

    def send(self, sock, data, target, row):
        row[3] = time.time_ns()
        sock.sendto(data, target)

    def stop(self, *_):
        self.running = False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["loss", "burst", "duplicate", "reorder", "jitter", "speech", "dtmf"])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--media", default="6000-6003", help="range of media ports")
    args = parser.parse_args()
    low, high = map(int, args.media.split("-"))
    log = []
    relay = Relay(Harm(args.kind, args.seed), log, [SIP_PORT, *range(low, high + 1)])
    signal.signal(signal.SIGTERM, relay.stop)
    relay.run()
    with open(args.log, "w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["seq", "action", "received_ns", "sent_ns"])
        writer.writerows(log)


if __name__ == "__main__":
    main()
