"""through_agent.py: flows through baresip as a back-to-back agent (its module b2bua), which calls bob anew under a Call-ID of
its own and has the sound of both ends go through itself. The sensor sees both of its wires.
"""
from scene import Dialog, Side, audio
from two_parties import CALLEE, answered


def ends(call):
    """Alice calls the agent, the agent calls bob."""
    a = Dialog("alice", "bob", call, calls=True, at="agent", foreign=True)
    b = Dialog("bob", "alice", call, calls=False, at="agent", foreign=True)
    return a, b, Side("alice", call=f"{call}@192.0.2.10", peer="agent"), Side("bob")


LEG = {
    "kind": "leg", "when": "sip.Method == INVITE && ip.dst == 192.0.2.20",
    "detail": "192.0.2.30:5060 calls on to 192.0.2.20:5060 under another Call-ID: the same parties, sent on by the server "
    "that got the call",
}
NAMES = {"from": "sip:alice@example.com", "to": "sip:bob@example.com", "call_ids": {"length": 2}, "related": []}


def agent():
    a, b, alice, bob = ends("agent")
    alice.dials(a, 180, 200).play().is_hung_up(a)
    bob.recv("INVITE", save="invite").picks_up(b, waiting=False).play().wait(900).hush().hangs_up(b)
    events = [LEG, {"kind": "answered", "when": "sip.Status-Code == 200 && sip.CSeq.method == INVITE && ip.dst == 192.0.2.10"},
              {"kind": "bye", "when": "sip.Method == BYE && ip.dst == 192.0.2.10", "detail": "the callee hangs up"}]
    call = answered(CALLEE, [], events, **NAMES, streams={"length": 4})
    return "a back-to-back agent between alice and bob: two Call-IDs, its own RTP to either side", {"calls": [call]}, [alice, bob]


def agent_busy():
    a, b, alice, bob = ends("agent-busy")
    alice.request(a, "INVITE", audio()).recv(180).recv(486).ack_refusal(a)
    bob.recv("INVITE").wait(200).reply(b, 486, tag=True).recv("ACK")
    call = {"outcome": "busy", "outcome_code": 486, "answer": None, **NAMES, "events": {"contains": [LEG]}}
    return "the same agent; bob is busy, the agent says so to alice", {"calls": [call]}, [alice, bob]


FLOWS = {"flow-agent": agent, "flow-agent-busy": agent_busy}
