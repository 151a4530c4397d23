"""offload.py IFACE: switches checksum and segmentation offload off, so that the capture shows real packets."""
import fcntl
import socket
import struct
import sys
import array

SIOCETHTOOL = 0x8946
ETHTOOL_OFF = {"tx checksum": 0x17, "scatter gather": 0x19, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    for command in ETHTOOL_OFF.values():
        value = array.array("B", struct.pack("II", command, 0))
        request = struct.pack("16sP", sys.argv[1].encode(), value.buffer_info()[0])
        try:
            fcntl.ioctl(control, SIOCETHTOOL, request)
        except OSError:
            pass  # not every device has every switch
