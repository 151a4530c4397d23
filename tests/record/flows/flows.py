#!/usr/bin/env python3
"""flows.py list | flows.py NAME FOLDER: the flows; writes the sides of one as SIPp scenarios.

For record.sh a line is printed per side: host, port, calls, role, Call-ID, whom to call, scenario file. Who is called
comes before who calls.
"""
import sys

import three_parties
import through_agent
import through_proxy
import two_parties

FLOWS = {**two_parties.FLOWS, **three_parties.FLOWS, **through_proxy.FLOWS, **through_agent.FLOWS}


def main():
    if sys.argv[1] == "list":
        print("\n".join(FLOWS))
        return
    name, folder = sys.argv[1:3]
    _, _, sides = FLOWS[name]()
    for number, side in sorted(enumerate(sides), key=lambda one: one[1].cid is not None):
        path = f"{folder}/{name}-{number}.xml"
        with open(path, "w") as file:
            file.write(side.xml(f"{name}-{number}"))
        role = "calls" if side.cid else "called"
        print(side.host, side.port, side.at_once, role, side.cid or "-", side.peer or "-", path)


if __name__ == "__main__":
    main()
