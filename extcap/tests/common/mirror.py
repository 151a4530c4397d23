#!/usr/bin/env python3
"""A mirror of one host's loopback: every UDP datagram between other ports than its own goes out in each encapsulation.

Usage: mirror.py TRUTH. Runs until its input ends, then writes to TRUTH one line for each mirrored frame: the time in
nanoseconds at which the kernel saw it, and the frame in hexadecimal. Listeners are expected on 127.0.0.1.
"""
import select
import socket
import struct
import sys

VXLAN, GENEVE, HEP, TZSP = 4789, 6081, 9060, 37008
OWN = {VXLAN, GENEVE, HEP, TZSP}
SO_TIMESTAMPNS = 35
HOST = "127.0.0.1"


def hep3(frame, at):
    """SIP, RTP or RTCP with the addresses and the time at which it was seen."""
    payload = frame[42:]
    kind = 1 if payload[0] >> 6 != 2 else 5 if 192 <= payload[1] <= 223 else 34
    fields = [(1, b"\x02"), (2, b"\x11"), (3, frame[26:30]), (4, frame[30:34]), (7, frame[34:36]), (8, frame[36:38]),
              (9, struct.pack("!I", at // 10**9)), (10, struct.pack("!I", at % 10**9 // 1000)), (11, bytes([kind])),
              (12, struct.pack("!I", 2001)), (15, payload)]
    chunks = b"".join(struct.pack("!HHH", 0, number, 6 + len(value)) + value for number, value in fields)
    return b"HEP3" + struct.pack("!H", 6 + len(chunks)) + chunks


def main():
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    tap.bind(("lo", 0))
    tap.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    gre = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
    tcp = socket.create_connection((HOST, HEP))
    truth = []
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([tap, sys.stdin], [], [])
        if tap not in ready:
            break
        frame, control, _, address = tap.recvmsg(65536, 64)
        # Each packet is seen leaving and arriving; fragments and other protocols are of no interest.
        if address[2] == socket.PACKET_OUTGOING or frame[12:15] != b"\x08\x00\x45" or frame[23] != 17:
            continue
        if OWN & set(struct.unpack("!HH", frame[34:38])):
            continue
        seconds, nanos = struct.unpack("qq", control[0][2][:16])
        at = seconds * 10**9 + nanos
        number = len(truth)
        truth.append((at, frame))
        udp.sendto(b"\x08\0\0\0\0\0\x64\0" + frame, (HOST, VXLAN))
        udp.sendto(b"\0\0\x65\x58\0\0\x07\0" + frame, (HOST, GENEVE))
        udp.sendto(b"\x01\0\0\x01\x01" + frame, (HOST, TZSP))
        udp.sendto(hep3(frame, at), (HOST, HEP))
        tcp.sendall(hep3(frame, at))
        gre.sendto(struct.pack("!HHIII", 0x1000, 0x88BE, number, 0x10000064, 0) + frame, (HOST, 0))
        ticks = at // 100_000 & 0xFFFFFFFF
        gre.sendto(struct.pack("!HHIIII", 0x1000, 0x22EB, number, 0x200000C8, ticks, 0) + frame, (HOST, 0))
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.writelines(f"{at} {frame.hex()}\n" for at, frame in truth)


main()
