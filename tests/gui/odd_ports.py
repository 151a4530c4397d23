"""odd_ports.py FROM TO OPEN: of a capture (pcap with nanoseconds, Ethernet, IPv4) the UDP that is no SIP: to OPEN as it is, and to TO
with ports below 1024, where nobody expects media."""
import struct
import sys

source, odd, plain = sys.argv[1:]
with open(source, "rb") as file:
    data = file.read()
out, same, at = bytearray(data[:24]), bytearray(data[:24]), 24
while at < len(data):
    length = struct.unpack_from("<I", data, at + 8)[0]
    record = bytearray(data[at:at + 16 + length])
    at += 16 + length
    ports = struct.unpack_from(">HH", record, 16 + 34)
    if record[16 + 23] != 17 or 5060 in ports:
        continue
    same += record
    struct.pack_into(">HHHH", record, 16 + 34, *(600 + port % 100 for port in ports), length - 34, 0)
    out += record
for name, content in ((odd, out), (plain, same)):
    with open(name, "wb") as file:
        file.write(content)
