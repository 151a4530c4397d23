#!/usr/bin/env python3
"""One end of a TLS hop for SIP: takes connections on one address and passes what comes to another.

    tls_hop.py server FROM:PORT TO:PORT CERTIFICATE KEY     TLS comes in, TCP goes out
    tls_hop.py client FROM:PORT TO:PORT KEYLOG              TCP comes in, TLS goes out; session keys are written

SIPp in Debian speaks no TLS, so two of these stand between the peers, as two proxies would.
"""
import socket
import ssl
import sys
import threading


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def carry(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other direction has ended both


def main():
    role, listen, target = sys.argv[1], address(sys.argv[2]), address(sys.argv[3])
    if role == "server":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[4], sys.argv[5])
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.keylog_filename = sys.argv[4]
    server = socket.create_server(listen)
    while True:
        inner, _ = server.accept()
        outer = socket.create_connection(target)
        if role == "server":
            inner = context.wrap_socket(inner, server_side=True)
        else:
            outer = context.wrap_socket(outer)
        for pair in ((inner, outer), (outer, inner)):
            threading.Thread(target=carry, args=pair, daemon=True).start()


main()
