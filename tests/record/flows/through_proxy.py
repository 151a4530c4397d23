"""through_proxy.py: flows through Kamailio (kamailio.cfg), which forks and forwards."""
from scene import HOSTS, Dialog, Side, audio
from two_parties import CALLER, answered


def rings_elsewhere(dialog, host):
    """A phone that rings until another one has answered."""
    side = Side(host, proxied=True).recv("INVITE", save="invite").reply(dialog, 180, tag=True)
    return side.recv("CANCEL").reply(dialog, 200, tag=True).reply(dialog, 487, saved="invite", tag=True).recv("ACK")


def two_phones(call):
    """Bob's desk phone rings, his mobile (at carol's address) rings and answers."""
    a = Dialog("alice", "bob", call, calls=True, at="carol", address="sip:bob@example.com", proxied=True, device="-mobile")
    desk = Dialog("bob", "alice", call, calls=False, proxied=True, mine="-desk")
    mobile = Dialog("bob", "alice", call, calls=False, proxied=True, mine="-mobile")
    alice = Side("alice", call=f"{call}@192.0.2.10", peer="server", proxied=True)
    alice.dials(a, 100, 180, 180, 200).play().wait(700).hush().hangs_up(a)
    answering = Side("carol", proxied=True).picks_up(mobile, ring_ms=900).play().is_hung_up(mobile)
    return [alice, rings_elsewhere(desk, "bob"), answering]


def forked():
    events = [{"kind": "forked"}, {"kind": "answered", "when": "sip.Status-Code == 200 && sip.CSeq.method == INVITE"}]
    call = answered(CALLER, ["forked"], events, related=[])
    return "Kamailio forks to bob's two phones, one of them answers, the other is cancelled", {"calls": [call]}, two_phones("forked")


def answered_elsewhere():
    cancel = {"kind": "cancel", "when": "sip.Method == CANCEL"}
    call = {"outcome": "answered_elsewhere", "outcome_code": 487, "answer": None, "events": {"contains": [cancel]}}
    return "the same, seen from the phone that did not answer: CANCEL with a Reason", {"calls": [call]}, two_phones("elsewhere")


def forwarded():
    call = "forwarded"
    c = Dialog("carol", "bob", call, calls=True, address="sip:bob@example.com", proxied=True)
    b = Dialog("bob", "carol", call, calls=False, proxied=True)
    d = goes_to(c, Dialog("dave", "carol", call, calls=False, proxied=True), "dave")
    carol = Side("carol", call=f"{call}@192.0.2.50", peer="server", proxied=True)
    carol.dials(c, 100, 181, 180, 200).play().wait(700).hush().hangs_up(c)
    bob = Side("bob", proxied=True).recv("INVITE").reply(b, 486, tag=True).recv("ACK")
    dave = Side("dave", proxied=True).picks_up(d).play().is_hung_up(d)
    events = [
        {"kind": "forwarded", "when": "sip.Status-Code == 181"},
        {"kind": "forwarded", "when": "sip.Method == INVITE && ip.dst == 192.0.2.60", "detail": "the call was diverted on its way here: user-busy"},
        {"kind": "answered", "when": "sip.Status-Code == 200 && sip.CSeq.method == INVITE"},
    ]
    about = "bob is busy; Kamailio says so (181) and sends the call on to dave with Diversion and History-Info"
    call = answered(CALLER, ["forwarded"], events, related=[], **{"from": "sip:carol@example.com"})
    call["features"]["none"] = "forked"
    return about, {"calls": [call]}, [carol, bob, dave]


def goes_to(caller, called, host):
    """Who is called in the end, told to the caller's side of the dialog."""
    caller.target, caller.remote_tag = f"sip:{called.me}@{HOSTS[host]}:5060", called.own_tag
    return called


def forwarded_no_answer():
    call = "no-answer"
    a = Dialog("alice", "carol", call, calls=True, address="sip:carol@example.com", proxied=True)
    c = Dialog("carol", "alice", call, calls=False, proxied=True)
    v = goes_to(a, Dialog("voicemail", "alice", call, calls=False, proxied=True), "dave")
    alice = Side("alice", call=f"{call}@192.0.2.10", peer="server", proxied=True)
    alice.dials(a, 100, 180, 181, 200).play().wait(900).hush().hangs_up(a)
    voicemail = Side("dave", proxied=True).recv("INVITE").wait(100).reply(v, 200, audio(), tag=True).recv("ACK").play().is_hung_up(v)
    events = [
        {"kind": "ringing", "when": "sip.Status-Code == 180"},
        {"kind": "forwarded", "when": "sip.Status-Code == 181"},
        {"kind": "forwarded", "when": "sip.Method == INVITE && ip.dst == 192.0.2.60", "detail": "the call was diverted on its way here: no-answer"},
        {"kind": "answered", "when": "sip.Status-Code == 200 && sip.CSeq.method == INVITE && ip.dst == 192.0.2.1"},
    ]
    about = "carol's phone rings for 1.5 s; Kamailio cancels it, says so (181) and sends the call on to voicemail with Diversion and History-Info"
    told = answered(CALLER, ["forwarded"], events, related=[], **{"from": "sip:alice@example.com", "to": "sip:carol@example.com"})
    told["features"]["none"] = "forked"
    return about, {"calls": [told]}, [alice, rings_elsewhere(c, "carol"), voicemail]


FLOWS = {
    "flow-forked": forked, "flow-answered-elsewhere": answered_elsewhere, "flow-forwarded": forwarded,
    "flow-forwarded-no-answer": forwarded_no_answer,
}
