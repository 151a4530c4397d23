#!/usr/bin/env python3
"""t38.py send|receive --at ADDRESS:PORT --to ADDRESS:PORT --log CSV [options]: a T.38 fax terminal, libspandsp's.

The library makes and takes Internet Fax Packets; their way over UDPTL is here (ITU-T T.38 clause 9.1: sequence number,
primary packet, then the packets before it again, or parity of them). `--lose` throws away some of what would be sent,
in bursts by a seeded generator, as a network would.

At its end each terminal adds to the log, which is CSV, one row per packet that it sent:
    role         send, receive
    seq          UDPTL sequence number
    action       pass, drop; repeat and drop again where the same datagram is sent once more
    again        how many packets before it the datagram holds as well, or the parity of them
and one row with `result` for the number and what the terminal says of the fax for the action, as JSON.
"""
import argparse
import csv
import ctypes
import io
import json
import random
import select
import socket
import struct
import time
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_int, c_uint8, c_uint16, c_void_p

V27TER, V29, V17 = 1, 2, 4
TICK_S, TICK_SAMPLES = 0.02, 160  # the library counts time in samples of 8 kHz
PAGE_WIDTH = 1728
FALL_SILENT_S = 2


class Statistics(ctypes.Structure):
    """The first fields of t30_stats_t, and room for the others."""

    _fields_ = [(name, c_int) for name in ("bit_rate", "ecm", "pages_tx", "pages_rx")] + [("others", c_int * 64)]


SENDS = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(c_uint8), c_int, c_int)
ENDS = CFUNCTYPE(None, c_void_p, c_void_p, c_int)


def library():
    spandsp = ctypes.CDLL("libspandsp.so.2")
    for name in ("t38_terminal_init", "t38_terminal_get_t30_state", "t38_terminal_get_t38_core_state"):
        getattr(spandsp, name).restype = c_void_p
    spandsp.t30_completion_code_to_str.restype = c_char_p
    spandsp.t38_core_rx_ifp_packet.argtypes = [c_void_p, c_char_p, c_int, c_uint16]
    return spandsp


# -- UDPTL ------------------------------------------------------------------------------------------------------


def sized(octets):
    """An open type of aligned PER: its length, in one octet or two, and its octets."""
    length = bytes([len(octets)]) if len(octets) < 128 else struct.pack("!H", 0x8000 | len(octets))
    return length + octets


def udptl(seq, primary, before, parity):
    """A datagram; `before`: the packets before it, newest first; `parity`: send the XOR of these, in one."""
    head = struct.pack("!H", seq) + sized(primary)
    if not parity or not before:
        return head + b"\0" + bytes([len(before)]) + b"".join(sized(one) for one in before)
    longest = max(len(one) for one in before)
    xor = bytearray(longest)
    for one in before:
        for place, octet in enumerate(one):
            xor[place] ^= octet
    return head + b"\x80" + bytes([1, len(before), 1]) + sized(bytes(xor))


def open_type(data, at):
    size, at = data[at], at + 1
    if size & 0x80:
        size, at = (size & 0x3F) << 8 | data[at], at + 1
    return data[at : at + size], at + size


def packets(data):
    """Sequence number and packet of each in a datagram, oldest first; parity is not made use of."""
    seq = struct.unpack_from("!H", data)[0]
    primary, at = open_type(data, 2)
    before = []
    if not data[at] & 0x80:
        count, at = data[at + 1], at + 2
        for _ in range(count):
            one, at = open_type(data, at)
            before.append(one)
    before = [((seq - back) & 0xFFFF, one) for back, one in enumerate(before, 1)]
    return [*reversed(before), (seq, primary)]


# -- a page -----------------------------------------------------------------------------------------------------


def rows(page, lines):
    """A ruler, and bars that say which page it is."""
    for y in range(lines):
        row = bytearray(PAGE_WIDTH // 8)
        for x in range(24, PAGE_WIDTH // 8 - 24):
            ruler = y % 40 < 2 or (y % 40 < 12 and x % 12 == 0)
            bar = 12 < y % 40 < 36 and x % 48 < 6 * page
            row[x] = 0xFF if ruler else 0xAA if bar and y % 2 else 0x55 if bar else 0
        yield bytes(row)


def write_tiff(path, pages, lines):
    """A bilevel TIFF, not compressed, of pages at 204 by 98 dots per inch."""
    out, directories = bytearray(b"II*\0\0\0\0\0"), []
    for page in range(1, pages + 1):
        image, at = b"".join(rows(page, lines)), len(out)
        out += image
        resolutions = len(out)
        out += struct.pack("<4I", 204, 1, 98, 1)
        tags = [
            (256, 4, 1, PAGE_WIDTH), (257, 4, 1, lines), (258, 3, 1, 1), (259, 3, 1, 1), (262, 3, 1, 0), (266, 3, 1, 1),
            (273, 4, 1, at), (277, 3, 1, 1), (278, 4, 1, lines), (279, 4, 1, len(image)), (282, 5, 1, resolutions),
            (283, 5, 1, resolutions + 8), (296, 3, 1, 2), (297, 3, 2, (page - 1) | pages << 16),
        ]
        directories.append(len(out))
        out += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + b"\0\0\0\0"
    for place, directory in zip([4] + [at + 2 + 14 * 12 for at in directories], directories):
        struct.pack_into("<I", out, place, directory)
    with open(path, "wb") as file:
        file.write(out)


# -- the terminal -----------------------------------------------------------------------------------------------


class Terminal:
    def __init__(self, options):
        self.options = options
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(address(options.at))
        self.to = address(options.to)
        self.seq, self.sent, self.result = options.first, [], None
        self.random, self.in_burst = random.Random(options.lose), False
        self.log = []
        self.lib = library()
        self.callbacks = SENDS(self.sends), ENDS(self.ends)  # kept: the library calls them
        self.state = self.lib.t38_terminal_init(None, options.role == "send", self.callbacks[0], None)
        self.core = c_void_p(self.lib.t38_terminal_get_t38_core_state(c_void_p(self.state)))
        self.t30 = c_void_p(self.lib.t38_terminal_get_t30_state(c_void_p(self.state)))
        self.set_up()

    def set_up(self):
        lib, options = self.lib, self.options
        lib.t38_set_t38_version(self.core, options.version)
        lib.t30_set_supported_modems(self.t30, options.modems)
        lib.t30_set_ecm_capability(self.t30, int(options.ecm))
        lib.t30_set_tx_ident(self.t30, options.ident.encode())
        lib.t30_set_phase_e_handler(self.t30, self.callbacks[1], None)
        if options.role == "send":
            write_tiff(options.page, options.pages, options.lines)
            lib.t30_set_tx_file(self.t30, options.page.encode(), -1, -1)
        else:
            lib.t30_set_rx_file(self.t30, options.page.encode(), -1)

    def sends(self, _core, _data, octets, length, count):
        """The library hands over an Internet Fax Packet, to be sent `count` times."""
        primary = bytes(octets[:length])
        datagram = udptl(self.seq & 0xFFFF, primary, self.sent, self.options.parity)
        for copy in range(count):
            lost = self.loses()
            action = ("drop again" if lost else "repeat") if copy else "drop" if lost else "pass"
            self.log.append([self.options.role, self.seq & 0xFFFF, action, len(self.sent)])
            if not lost:
                self.socket.sendto(datagram, self.to)
        self.seq += 1
        self.sent = [primary, *self.sent][: self.options.again]
        return 0

    def loses(self):
        """Gilbert's model: bursts begin with 4 % and go on with 65 %."""
        if self.options.lose is None:
            return False
        self.in_burst = self.random.random() < (0.65 if self.in_burst else 0.04)
        return self.in_burst

    def ends(self, _t30, _data, code):
        self.result = self.lib.t30_completion_code_to_str(code).decode()
        if code == 0:
            self.result = "OK"

    def run(self):
        """In the pace of time, until the fax has ended and a little longer."""
        begun = due = time.monotonic()
        end = begun + self.options.seconds
        while time.monotonic() < end:
            due += TICK_S
            while (left := due - time.monotonic()) > 0:
                if select.select([self.socket], [], [], left)[0]:
                    for seq, packet in packets(self.socket.recv(2048)):
                        self.lib.t38_core_rx_ifp_packet(self.core, packet, len(packet), seq)
            self.lib.t38_terminal_send_timeout(c_void_p(self.state), TICK_SAMPLES)
            if self.result is not None:
                end = min(end, time.monotonic() + FALL_SILENT_S)
        told = Statistics()
        self.lib.t30_get_transfer_statistics(self.t30, byref(told))
        pages = told.pages_tx if self.options.role == "send" else told.pages_rx
        result = {"result": self.result, "pages": pages, "bit_rate": told.bit_rate, "ecm": bool(told.ecm)}
        self.log.append([self.options.role, "result", json.dumps(result), ""])
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self.log)
        with open(self.options.log, "a") as file:
            file.write(text.getvalue())


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["send", "receive"])
    parser.add_argument("--at", required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--page", required=True, help="TIFF file, written by whoever sends")
    parser.add_argument("--pages", type=int, default=1)
    parser.add_argument("--lines", type=int, default=160)
    parser.add_argument("--ident", default="+1 555 0100")
    parser.add_argument("--version", type=int, default=0, help="of T.38")
    parser.add_argument("--modems", type=int, default=V27TER | V29 | V17)
    parser.add_argument("--ecm", action="store_true", help="error correction mode (T.30 annex A)")
    parser.add_argument("--again", type=int, default=2, help="packets before it that each datagram holds")
    parser.add_argument("--parity", action="store_true", help="their XOR instead of these")
    parser.add_argument("--first", type=int, default=0, help="first sequence number")
    parser.add_argument("--lose", type=int, metavar="SEED")
    parser.add_argument("--seconds", type=float, default=60, help="be gone after this time")
    Terminal(parser.parse_args()).run()


if __name__ == "__main__":
    main()
