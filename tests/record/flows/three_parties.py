"""three_parties.py: flows with a third phone: transfers, pickup, call waiting, conference, redirection.

A phone that begins a second call does so from another port, as a second line would: each SIPp process plays one side.
"""
from scene import HOSTS, Dialog, Side, audio, audio_at
from two_parties import CALLEE, CALLER, answered


def uri(user, port=5060):
    return f"sip:{user}@{HOSTS[user]}:{port}"


def call_id(call, host):
    return f"{call}@{HOSTS[host]}"


def sipfrag(side, dialog, line, state="active;expires=60"):
    """What the target of a transfer says, told to who asked for it (RFC 3515)."""
    headers = ["Event: refer", f"Subscription-State: {state}"]
    return side.request(dialog, "NOTIFY", headers=headers, body=[f"SIP/2.0 {line}"], kind="message/sipfrag;version=2.0").recv(200)


def transferred(side, dialog, wait_ms):
    """The side that is to be transferred: REFER, a new call by its second line meanwhile, BYE."""
    side.recv("REFER").reply(dialog, 202)
    sipfrag(side, dialog, "100 Trying").wait(wait_ms)
    return sipfrag(side, dialog, "200 OK", "terminated;reason=noresource").is_hung_up(dialog)


def transfers(side, dialog, target, replaces=""):
    """The side that transfers: REFER, what becomes of it, BYE."""
    side.request(dialog, "REFER", headers=[f"Refer-To: <{target}{replaces}>", "Referred-By: <sip:bob@example.com>"]).recv(202)
    for _ in range(2):
        side.recv("NOTIFY").reply(dialog, 200)
    return side.hangs_up(dialog)


REFER = {"kind": "refer", "when": "sip.Method == REFER"}
TRYING = {"kind": "transfer_progress", "when": "sip.Method == NOTIFY"}
DONE = {"kind": "transfer_progress", "detail": "the transfer's target answers 200 OK"}


def redirected():
    a = Dialog("alice", "bob", "redirect", calls=True)
    b = Dialog("bob", "alice", "redirect", calls=False)
    c = Dialog("carol", "alice", "redirect-2", calls=False)
    a2 = Dialog("alice", "carol", "redirect-2", calls=True)
    alice = Side("alice", call=call_id("redirect", "alice"))
    alice.request(a, "INVITE", audio()).recv(302).ack_refusal(a)
    bob = Side("bob").recv("INVITE")
    b.contact = f"Contact: <{uri('carol')}>;q=1"
    bob.reply(b, 302, tag=True).recv("ACK")
    again = Side("alice", 5062, call_id("redirect-2", "alice"), peer="carol").wait(300).dials(a2, 180, 200)
    again.play().wait(600).hush().hangs_up(a2)
    carol = Side("carol").picks_up(c).play().is_hung_up(c)
    first = {"outcome": "redirected", "outcome_code": 302, "answer": None, "to": "sip:bob@example.com", "related": [2],
             "events": {"contains": [{"kind": "redirected", "when": "sip.Status-Code == 302"}]}}
    return "302 to carol, whom alice then calls", {"calls": [first, {**answered(related=[1]), "to": "sip:carol@example.com"}]}, [alice, bob, again, carol]


def call_waiting():
    a, b = Dialog("alice", "bob", "waiting-1", calls=True), Dialog("bob", "alice", "waiting-1", calls=False)
    c, b2 = Dialog("carol", "bob", "waiting-2", calls=True), Dialog("bob", "carol", "waiting-2", calls=False)
    alice = Side("alice", call=call_id("waiting-1", "alice")).dials(a, 180, 200).play()
    alice.accepts(a, audio("recvonly")).hush().accepts(a, audio("sendrecv")).again().wait(500).hush().hangs_up(a)
    carol = Side("carol", call=call_id("waiting-2", "carol")).wait(1400).dials(c, 180, 200).play().wait(900).hush().hangs_up(c)
    bob = Side("bob", calls_at_once=2).recv_either("carol", "second").picks_up(b, waiting=False).play().wait(1200).hush()
    bob.changes(b, audio("sendonly"), trying=True).wait(2200).changes(b, audio("sendrecv"), trying=True).again().is_hung_up(b)
    bob.otherwise("second").picks_up(b2, ring_ms=900, waiting=False, headers=[]).play().is_hung_up(b2)
    first = answered(CALLER, ["hold", "resume"], [{"kind": "hold"}, {"kind": "resume"}])
    waiting = {"kind": "call_waiting", "when": "sip.Status-Code == 180 && sip.From contains \"carol\""}
    second = answered(CALLER, ["call_waiting"], [waiting], related=[1])
    return "carol calls bob while he talks to alice; he holds alice, takes carol, comes back", {"calls": [first, second]}, [alice, bob, carol]


def blind_transfer():
    a, b = Dialog("alice", "bob", "blind-1", calls=True), Dialog("bob", "alice", "blind-1", calls=False)
    a2, c = Dialog("alice", "carol", "blind-2", calls=True), Dialog("carol", "alice", "blind-2", calls=False)
    alice = transferred(Side("alice", call=call_id("blind-1", "alice")).dials(a, 180, 200).play(), a, 1700)
    bob = transfers(Side("bob").picks_up(b).play().wait(900).hush(), b, uri("carol"))
    second = Side("alice", 5062, call_id("blind-2", "alice"), peer="carol").wait(2000)
    second.dials(a2, 180, 200, headers=["Referred-By: <sip:bob@example.com>"]).play().wait(900).hush().hangs_up(a2)
    carol = Side("carol").picks_up(c).play().is_hung_up(c)
    made = {"kind": "related", "when": "sip.Method == INVITE && sip.to.user == \"carol\"", "detail": "call 2 is what the transfer made"}
    first = answered(CALLEE, ["blind_transfer"], [made, REFER, {"kind": "refer_accepted"}, TRYING, DONE], related=[2])
    made = answered(CALLER, [], [{"kind": "referred", "when": "sip.Method == INVITE && sip.to.user == \"carol\""}], related=[1])
    return "bob transfers alice to carol without asking her", {"calls": [first, {**made, "to": "sip:carol@example.com"}]}, [alice, bob, second, carol]


def consult(name, answer):
    """Alice calls bob, who holds her, calls carol (`answer`: waits for her to answer) and connects the two."""
    a, b = Dialog("alice", "bob", f"{name}-1", calls=True), Dialog("bob", "alice", f"{name}-1", calls=False)
    b2, c = Dialog("bob", "carol", f"{name}-2", calls=True), Dialog("carol", "bob", f"{name}-2", calls=False, port=5062)
    a3, c3 = Dialog("alice", "carol", f"{name}-3", calls=True), Dialog("carol", "alice", f"{name}-3", calls=False)
    replaced = f"{name}-2@192.0.2.20", f"carol-{name}-2", f"bob-{name}-2"
    escaped = f"?Replaces={replaced[0].replace('@', '%40')}%3Bto-tag%3D{replaced[1]}%3Bfrom-tag%3D{replaced[2]}"
    alice = Side("alice", call=call_id(f"{name}-1", "alice")).dials(a, 180, 200).play().accepts(a, audio("recvonly")).hush()
    transferred(alice, a, 1200)
    bob = Side("bob").picks_up(b).play().wait(800).hush().changes(b, audio("sendonly"), trying=True).wait(2000)
    transfers(bob, b, uri("carol"), escaped)
    consulting = Side("bob", 5062, call_id(f"{name}-2", "bob"), peer="carol").wait(1700)
    taking = Side("alice", 5062, call_id(f"{name}-3", "alice"), peer="carol").wait(4000)
    headers = [f"Replaces: {replaced[0]};to-tag={replaced[1]};from-tag={replaced[2]}", "Referred-By: <sip:bob@example.com>"]
    carol = Side("carol", calls_at_once=2).recv_either("alice", "third")
    if answer:
        consulting.dials(b2, 180, 200).play().is_hung_up(b2).hush()
        carol.picks_up(c, waiting=False).play().wait(2900).hush().hangs_up(c)
        taking.dials(a3, 200, headers=headers)
        carol.otherwise("third").reply(c3, 200, audio(), tag=True).recv("ACK")
    else:
        consulting.dials(b2, 180, 487).ack_refusal(b2)
        carol.reply(c, 180, tag=True).wait(2400).reply(c, 487, tag=True).recv("ACK")
        taking.dials(a3, 180, 200, headers=headers)
        carol.otherwise("third").reply(c3, 180, tag=True).wait(500).reply(c3, 200, audio(), tag=True).recv("ACK")
    taking.play().wait(900).hush().hangs_up(a3)
    carol.play().is_hung_up(c3)
    return [alice, bob, consulting, taking, carol]


REPLACES = {"kind": "replaces", "when": "sip.Replaces && sip.Method == INVITE"}


def attended_transfer():
    first = answered(CALLEE, ["hold", "attended_transfer"], [{"kind": "hold"}, REFER, TRYING, DONE], related={"contains": [3]})
    second = answered(CALLEE, [], related={"contains": [3]}, **{"from": "sip:bob@example.com", "to": "sip:carol@example.com"})
    third = answered(CALLER, ["attended_transfer"], [REPLACES], related={"contains": [1, 2]}, **{"from": "sip:alice@example.com"})
    about = "bob holds alice, asks carol, connects the two (REFER with Replaces)"
    return about, {"calls": [first, second, third]}, consult("attended", True)


def semi_attended_transfer():
    first = answered(CALLEE, ["hold", "attended_transfer"], [{"kind": "hold"}, REFER, TRYING, DONE], related={"contains": [3]})
    second = {"outcome": "answered_elsewhere", "outcome_code": 487, "answer": None, "related": {"contains": [3]}, "from": "sip:bob@example.com"}
    told = {"kind": "related", "detail": "call 2 is taken over before its answer: semi-attended"}
    third = answered(CALLER, ["attended_transfer"], [REPLACES, told], related={"contains": [1, 2]}, **{"from": "sip:alice@example.com"})
    about = "bob holds alice, calls carol, connects the two while she still rings"
    return about, {"calls": [first, second, third]}, consult("semi", False)


def pickup():
    a, b = Dialog("alice", "bob", "pickup-1", calls=True), Dialog("bob", "alice", "pickup-1", calls=False)
    c = Dialog("carol", "alice", "pickup-2", calls=True, port=5062)
    a2 = Dialog("alice", "carol", "pickup-2", calls=False)
    alice = Side("alice", call=call_id("pickup-1", "alice")).request(a, "INVITE", audio()).recv(180).wait(1500)
    alice.request(a, "CANCEL", same=True).recv(200).recv(487).ack_refusal(a)
    bob = Side("bob").recv("INVITE", save="invite").reply(b, 180, tag=True).recv("CANCEL").reply(b, 200, tag=True)
    bob.reply(b, 487, saved="invite", tag=True).recv("ACK")
    second = Side("alice", 5062).recv("INVITE").reply(a2, 200, audio(), tag=True).recv("ACK").play().is_hung_up(a2)
    carol = Side("carol", call=call_id("pickup-2", "carol"), peer="alice", peer_port=5062).wait(1200)
    replaces = f"Replaces: {call_id('pickup-1', 'alice')};to-tag=alice-pickup-1;from-tag=bob-pickup-1;early-only"
    carol.dials(c, 200, headers=[replaces]).play().wait(900).hush().hangs_up(c)
    first = {"outcome": "answered_elsewhere", "outcome_code": 487, "ended_by": CALLER, "answer": None, "related": [2],
             "events": {"contains": [{"kind": "related", "when": "sip.Replaces", "detail": "call 2 picks this one up while it rings (Replaces)"}]}}
    told = {"kind": "related", "detail": "call 1 is picked up by this one while it rings"}
    taken = answered(CALLER, ["pickup"], [REPLACES, told], related=[1], **{"from": "sip:carol@example.com"})
    return "bob's phone rings, carol takes the call (Replaces, early-only)", {"calls": [first, taken]}, [alice, bob, second, carol]


FOCUS = {"kind": "conference", "detail": "the callee is the focus of a conference (isfocus)"}


def conference():
    focus = ";isfocus"
    room = Dialog("bob", "alice", "room", calls=False, contact=focus)
    server = Side("bob", calls_at_once=3).picks_up(room, ring_ms=200).play("music.ulaw").is_hung_up(room)
    sides, calls = [server], []
    for user, wait in (("alice", 0), ("carol", 500), ("dave", 900)):
        one = Dialog(user, "bob", "room", calls=True)
        side = Side(user, call=call_id(f"conference-{user}", user))
        if wait:
            side.wait(wait)
        sides.append(side.dials(one, 180, 200).play().wait(1200 - wait // 2).hush().hangs_up(one))
        related = [2, 3] if user == "alice" else [1]
        calls.append(answered(CALLER, ["conference"], [FOCUS], **{"from": f"sip:{user}@example.com", "related": related, "streams": {"length": 2}}))
        calls[-1]["features"]["none"] = {"one_of": ["call_waiting", "early_media"]}
    return "three phones call the focus of a conference (isfocus)", {"calls": calls}, sides


CONFERENCE = "urn:ietf:params:xml:ns:conference-info"


def present(user, state="full", status="connected"):
    """One who takes part, as RFC 4575 writes it down."""
    endpoint = f'<endpoint entity="sip:{user}@{HOSTS[user]}"><status>{status}</status></endpoint>'
    name = f"<display-text>{user.capitalize()}</display-text>"
    return f'<user entity="sip:{user}@example.com" state="{state}">{name}{endpoint}</user>'


def tells(side, dialog, version, users, count, state="partial", subscription="active;expires=3600"):
    """A NOTIFY of the focus: who is there now, or what has changed."""
    entity = f"sip:room@{HOSTS['bob']}:5060"
    body = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<conference-info xmlns="{CONFERENCE}" entity="{entity}" state="{state}" version="{version}">',
        f"<conference-state><user-count>{count}</user-count></conference-state>",
        f'<users state="{state}">', *users, "</users>", "</conference-info>",
    ]
    headers = ["Event: conference", f"Subscription-State: {subscription}"]
    return side.request(dialog, "NOTIFY", headers=headers, body=body, kind="application/conference-info+xml").recv(200)


def conference_events():
    """Alice subscribes to the events of the room by a second dialog, carol and dave come and go."""
    room = Dialog("room", "alice", "events", calls=False, contact=";isfocus")
    to_watch = Dialog("room", "alice", "watch", calls=False, port=5062)
    server = Side("bob", calls_at_once=4).recv_or("SUBSCRIBE", "watch").picks_up(room, ring_ms=100, waiting=False).play("music.ulaw").is_hung_up(room)
    server.otherwise("watch", last="SUBSCRIBE").reply(to_watch, 200, headers=["Expires: 3600"], tag=True)
    tells(server, to_watch, 1, [present("alice")], 1, state="full").wait(600)
    tells(server, to_watch, 2, [present("carol")], 2).wait(500)
    tells(server, to_watch, 3, [present("dave")], 3).wait(600)
    tells(server, to_watch, 4, [present("carol", "partial", "disconnected")], 2).wait(500)
    tells(server, to_watch, 5, ['<user entity="sip:dave@example.com" state="deleted"/>'], 1).wait(600)
    tells(server, to_watch, 6, ['<user entity="sip:alice@example.com" state="deleted"/>'], 0, subscription="terminated;reason=noresource")
    sides, calls = [server], []
    for user, wait, stay in (("alice", 0, 3000), ("carol", 900, 1050), ("dave", 1400, 1100)):
        one = Dialog(user, "room", "events", calls=True, at="bob")
        side = Side(user, call=call_id(f"events-{user}", user))
        if wait:
            side.wait(wait)
        sides.append(side.dials(one, 180, 200).play().wait(stay).hush().hangs_up(one))
        related = [2, 3] if user == "alice" else [1]
        calls.append(answered(CALLER, ["conference"], [FOCUS], related=related, **{"from": f"sip:{user}@example.com", "to": "sip:room@example.com"}))
    watch = Dialog("alice", "room", "watch", calls=True, at="bob")
    watching = Side("alice", 5062, call_id("watch", "alice"), peer="bob").wait(500)
    headers = ["Event: conference", "Accept: application/conference-info+xml", "Expires: 3600"]
    watching.request(watch, "SUBSCRIBE", headers=headers).recv(200)
    for _ in range(6):
        watching.recv("NOTIFY").reply(watch, 200)
    heard = [("joined", "alice", "is in"), ("joined", "carol", "joins"), ("joined", "dave", "joins"),
             ("left", "carol", "leaves"), ("left", "dave", "leaves"), ("left", "alice", "leaves")]
    calls[0]["events"]["contains"] += [
        {"kind": kind, "when": f'sip.Method == NOTIFY && sip.CSeq == "{101 + n} NOTIFY"', "detail": f"sip:{user}@example.com {what} the conference"}
        for n, (kind, user, what) in enumerate(heard)
    ]
    about = "three phones in a conference; alice's subscribes to its events and hears who comes and who goes (RFC 4575)"
    return about, {"calls": calls}, [*sides, watching]


def asserted(user):
    return [f"P-Asserted-Identity: \"{user.capitalize()}\" <sip:{user}@example.com>"]


def moved():
    """The server answers alice's call with bob, then moves it to carol, by dialogs of its own to each (RFC 3725); the
    sound goes from phone to phone. Alice hears of it by a re-INVITE."""
    ports = {"bob": 6020, "carol": 6040, "alice": 6060}  # as the sides get them, who is called before who calls
    a, p = Dialog("alice", "bob", "moved-a", calls=True, at="server"), Dialog("bob", "alice", "moved-a", calls=False)
    to_bob, b = Dialog("alice", "bob", "moved-b", calls=True), Dialog("bob", "alice", "moved-b", calls=False, at="server", port=5062)
    to_carol, c = Dialog("alice", "carol", "moved-c", calls=True), Dialog("carol", "alice", "moved-c", calls=False, at="server", port=5064)
    of_alice = audio_at("alice", ports["alice"])
    alice = Side("alice", call=call_id("moved-a", "alice"), peer="server").dials(a, 180, 200).play()
    alice.accepts(a, audio()).wait(1200).hush().hangs_up(a)
    server = Side("server").recv("INVITE").reply(p, 180, tag=True).wait(600)
    server.reply(p, 200, audio_at("bob", ports["bob"]), asserted("bob"), tag=True).recv("ACK").wait(2000)
    server.changes(p, audio_at("carol", ports["carol"]), asserted("carol")).is_hung_up(p)
    bob = Side("bob").picks_up(b, ring_ms=300, headers=asserted("bob")).play().is_hung_up(b).hush()
    carol = Side("carol").picks_up(c, ring_ms=300, headers=asserted("carol")).play().is_hung_up(c)
    calls_bob = Side("server", 5062, call_id("moved-b", "server"), peer="bob").wait(10)
    calls_bob.dials(to_bob, 180, 200, media=of_alice, headers=asserted("alice")).wait(2300).hangs_up(to_bob)
    calls_carol = Side("server", 5064, call_id("moved-c", "server"), peer="carol").wait(2100)
    calls_carol.dials(to_carol, 180, 200, media=of_alice, headers=asserted("alice")).wait(1700).hangs_up(to_carol)
    leg = {"kind": "leg", "when": "sip.Method == INVITE && ip.dst == 192.0.2.20"}
    now = {"kind": "connected", "when": "sip.Method == INVITE && sip.CSeq == \"101 INVITE\"",
           "detail": "the caller now talks to sip:carol@example.com"}
    first = answered(CALLER, ["reinvite"], [leg, now], related=[2], **{"from": "sip:alice@example.com", "to": "sip:bob@example.com", "call_ids": {"length": 2}})
    shared = {"kind": "related", "when": "sip.Method == INVITE && ip.dst == 192.0.2.50", "detail": "call 1 has the same media address: one server connects both"}
    second = answered(CALLER, [], [shared], related=[1], **{"to": "sip:carol@example.com"})
    about = "a server answers with bob, then moves the call to carol: re-INVITE with another P-Asserted-Identity, no REFER"
    return about, {"calls": [first, second]}, [server, bob, carol, alice, calls_bob, calls_carol]


FLOWS = {
    "flow-redirected": redirected, "flow-call-waiting": call_waiting, "flow-blind-transfer": blind_transfer,
    "flow-attended-transfer": attended_transfer, "flow-semi-attended-transfer": semi_attended_transfer,
    "flow-pickup": pickup, "flow-conference": conference, "flow-conference-events": conference_events,
    "flow-moved": moved,
}
