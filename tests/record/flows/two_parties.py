"""two_parties.py: flows between a caller and the phone that it calls.

Each function gives what is true of the flow and the sides that play it. An event's `when` is a display filter: the
manifest names the first frame that it finds, or with `then` the first one behind it that this filter finds.
"""
from scene import Dialog, Side, audio, t38

CALLER, CALLEE = "caller", "callee"


def pair(call, **options):
    """Alice calls bob: her side and his, with the dialog as each sees it."""
    a = Dialog("alice", "bob", call, calls=True, **options)
    b = Dialog("bob", "alice", call, calls=False)
    return a, b, Side("alice", call=f"{call}@192.0.2.10"), Side("bob")


def answered(ended_by=CALLER, features=(), events=(), **more):
    return {
        "outcome": "answered", "outcome_code": 200, "ended_by": ended_by,
        "features": {"contains": list(features)}, "events": {"contains": list(events)}, **more,
    }


def declined():
    a, b, alice, bob = pair("declined")
    alice.request(a, "INVITE", audio()).recv(180).recv(603).ack_refusal(a)
    bob.recv("INVITE").reply(b, 180, tag=True).wait(600).reply(b, 603, tag=True).recv("ACK")
    call = {"outcome": "rejected", "outcome_code": 603, "ended_by": CALLEE, "answer": None,
            "events": {"contains": [{"kind": "declined", "when": "sip.Status-Code == 603"}]}}
    return "rings, then 603 Decline", {"calls": [call]}, [alice, bob]


def rejected():
    a, b, alice, bob = pair("rejected")
    alice.request(a, "INVITE", audio()).recv(488).ack_refusal(a)
    bob.recv("INVITE").reply(b, 488, tag=True, headers=['Warning: 304 example.com "Media type not available"']).recv("ACK")
    call = {"outcome": "rejected", "outcome_code": 488, "ended_by": CALLEE, "answer": None}
    return "refused at once with 488", {"calls": [call]}, [alice, bob]


def music_on_hold():
    a, b, alice, bob = pair("moh")
    alice.dials(a, 180, 200).play().accepts(a, audio("recvonly")).hush()
    alice.accepts(a, audio("sendrecv")).again().is_hung_up(a)
    bob.picks_up(b).play().wait(900).hush().changes(b, audio("sendonly"), trying=True).play_recorded("music.pcap").wait(1500)
    bob.changes(b, audio("sendrecv"), trying=True).again().wait(700).hush().hangs_up(b)
    events = [
        {"kind": "hold", "detail": "the callee puts the other side on hold"},
        {"kind": "resume", "detail": "the callee takes the call back from hold"},
    ]
    call = answered(CALLEE, ["hold", "resume", "music_on_hold"], events)
    return "the callee holds the caller and plays music to them, resumes", {"calls": [call]}, [alice, bob]


def music_same_stream():
    a, b, alice, bob = pair("moh-same")
    alice.dials(a, 180, 200).play().accepts(a, audio("recvonly")).hush()
    alice.accepts(a, audio("sendrecv")).again().is_hung_up(a)
    bob.picks_up(b).play().wait(900).changes(b, audio("sendonly"), trying=True).play("music.ulaw").wait(1500)
    bob.changes(b, audio("sendrecv"), trying=True).play().wait(700).hush().hangs_up(b)
    events = [
        {"kind": "hold", "detail": "the callee puts the other side on hold", "when": "sip.Status-Code == 200 && sip.CSeq == \"101 INVITE\""},
        {"kind": "music_on_hold", "when": "sip.Status-Code == 200 && sip.CSeq == \"101 INVITE\"", "then": "rtp && ip.src == 192.0.2.20"},
        {"kind": "resume", "detail": "the callee takes the call back from hold"},
    ]
    call = answered(CALLEE, ["hold", "resume", "music_on_hold"], events, streams={"length": 2})
    return "the callee holds the caller and goes on sending in the same stream: music, then speech again", {"calls": [call]}, [alice, bob]


def hold_both():
    a, b, alice, bob = pair("hold-both")
    alice.dials(a, 180, 200).wait(300).changes(a, audio("sendonly")).accepts(a, audio("inactive"))
    alice.wait(300).changes(a, audio("recvonly")).accepts(a, audio("sendrecv")).wait(300).hangs_up(a)
    bob.picks_up(b).accepts(b, audio("recvonly")).wait(300).changes(b, audio("inactive"))
    bob.accepts(b, audio("sendonly")).wait(300).changes(b, audio("sendrecv")).is_hung_up(b)
    events = [
        {"kind": "hold", "detail": "the caller puts the other side on hold", "when": "sip.Status-Code == 200 && sip.CSeq == \"2 INVITE\""},
        {"kind": "hold", "detail": "the callee puts the other side on hold", "when": "sip.Status-Code == 200 && sip.CSeq == \"101 INVITE\""},
        {"kind": "resume", "detail": "the caller takes the call back from hold", "when": "sip.Status-Code == 200 && sip.CSeq == \"3 INVITE\""},
        {"kind": "resume", "detail": "the callee takes the call back from hold", "when": "sip.Status-Code == 200 && sip.CSeq == \"102 INVITE\""},
    ]
    return "each holds the other, then each resumes", {"calls": [answered(CALLER, ["hold", "resume"], events)]}, [alice, bob]


def early_media():
    a, b, alice, bob = pair("early")
    alice.dials(a, 183, 200).play().wait(700).hush().hangs_up(a)
    bob.recv("INVITE").reply(b, 183, audio(), tag=True).play("ringback.ulaw").wait(5600).hush()
    bob.reply(b, 200, audio(), tag=True).recv("ACK").play().is_hung_up(b)
    events = [{"kind": "early_media", "when": "sip.Status-Code == 183"}, {"kind": "answered", "when": "sip.Status-Code == 200"}]
    call = answered(CALLER, ["early_media", "ringback_tone"], events)
    return "183 with SDP and the ringback tone of Europe in the sound, then the answer", {"calls": [call], "options": ["--tones"]}, [alice, bob]


def prack_update():
    a, b, alice, bob = pair("prack")
    supported = ["Supported: 100rel", "Allow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE"]
    alice.request(a, "INVITE", audio(), supported).recv(183)
    a.established = True
    alice.request(a, "PRACK", headers=[f"RAck: 7 {a.invite} INVITE"]).recv(200)
    alice.request(a, "UPDATE", audio("sendrecv")).recv(200).recv(180)
    alice.request(a, "PRACK", headers=[f"RAck: 8 {a.invite} INVITE"]).recv(200).recv(200).ack(a)
    alice.play().wait(700).hush().hangs_up(a)
    reliable = lambda seq: ["Require: 100rel", f"RSeq: {seq}"]
    bob.recv("INVITE", save="invite").reply(b, 183, audio(), reliable(7), tag=True)
    bob.recv("PRACK").reply(b, 200).recv("UPDATE").reply(b, 200, audio("sendrecv")).wait(100)
    bob.reply(b, 180, headers=reliable(8), saved="invite").recv("PRACK").reply(b, 200).wait(500)
    bob.reply(b, 200, saved="invite").recv("ACK").play().is_hung_up(b)
    events = [
        {"kind": "prack", "when": "sip.Method == PRACK"}, {"kind": "update", "when": "sip.Method == UPDATE"},
        {"kind": "answered", "when": "sip.Status-Code == 200 && sip.CSeq.method == INVITE"},
    ]
    call = answered(CALLER, ["prack", "update", "early_media"], events)
    return "provisional responses that are confirmed (PRACK), UPDATE before the answer", {"calls": [call]}, [alice, bob]


def timer_refresh():
    timed = ["Supported: timer", "Session-Expires: 90;refresher=uac"]
    a, b, alice, bob = pair("refresh")
    alice.request(a, "INVITE", audio(), timed).recv(180).recv(200).ack(a).wait(800)
    a.version -= 1
    alice.changes(a, audio(), timed).wait(800).request(a, "UPDATE", headers=timed).recv(200).wait(400).hangs_up(a)
    timed = ["Require: timer", *timed[1:]]
    bob.picks_up(b, headers=timed)
    b.version -= 1
    bob.accepts(b, audio(), timed).recv("UPDATE").reply(b, 200, headers=timed).is_hung_up(b)
    events = [
        {"kind": "session_refresh", "when": "sip.Method == INVITE && sip.CSeq == \"2 INVITE\""},
        {"kind": "session_refresh", "when": "sip.Method == UPDATE"},
    ]
    call = answered(CALLER, ["session_timer", "update"], events)
    return "a session timer of 90 s, refreshed by re-INVITE and by UPDATE", {"calls": [call]}, [alice, bob]


def timer_expired():
    timed = ["Supported: timer", "Session-Expires: 90;refresher=uac"]
    a, b, alice, bob = pair("expired")
    alice.request(a, "INVITE", audio(), timed).recv(180).recv(200).ack(a).is_hung_up(a)
    bob.picks_up(b, headers=["Require: timer", timed[1]]).wait(60_000).hangs_up(b)
    events = [{"kind": "session_expired", "when": "sip.Method == BYE"}]
    call = answered(CALLEE, ["session_timer"], events)
    return "a session timer of 90 s that the caller does not refresh: the callee ends the call 30 s before", {"calls": [call]}, [alice, bob]


def overlap():
    a, b, alice, bob = pair("overlap")
    alice.dials(a, 180, 200).wait(300).request(a, "INVITE", audio("sendonly"), once=True).wait(50).request(a, "INVITE", audio("sendrecv"))
    alice.recv(500).ack_refusal(a).recv(200)
    a.invite -= 1
    alice.ack(a).wait(300).hangs_up(a)
    bob.picks_up(b).recv("INVITE", save="first").recv("INVITE").reply(b, 500, headers=["Retry-After: 3"]).recv("ACK").wait(200)
    bob.reply(b, 200, audio("recvonly"), saved="first").recv("ACK").is_hung_up(b)
    events = [{"kind": "overlap", "when": "sip.Status-Code == 500"}, {"kind": "hold"}]
    call = answered(CALLER, ["reinvite", "hold", "glare"], events)
    return "a re-INVITE on top of one that waits for its answer: 500 with Retry-After", {"calls": [call]}, [alice, bob]


def glare():
    a, b, alice, bob = pair("glare")
    alice.dials(a, 180, 200).wait(300).request(a, "INVITE", audio("sendonly"), once=True)
    alice.recv("INVITE", save="his").recv(491).ack_refusal(a).reply(a, 491, saved="his").recv("ACK")
    alice.wait(600).changes(a, audio("sendonly")).wait(300).hangs_up(a)
    # bob's INVITE crosses hers: he sends it when hers is in his socket, and then refuses hers
    bob.picks_up(b).recv("INVITE", save="hers").request(b, "INVITE", audio("sendonly"), once=True).reply(b, 491, saved="hers")
    bob.recv("ACK").recv(491).ack_refusal(b).accepts(b, audio("recvonly")).is_hung_up(b)
    hold = {"kind": "hold", "detail": "the caller puts the other side on hold", "when": "sip.Status-Code == 200 && sip.CSeq == \"3 INVITE\""}
    events = [{"kind": "glare", "when": "sip.Status-Code == 491"}, hold]
    return "both hold at the same moment: 491 both ways, one tries again", {"calls": [answered(CALLER, ["glare", "hold"], events)]}, [alice, bob]


def t38_accepted():
    a, b, alice, bob = pair("t38")
    alice.dials(a, 180, 200).play("cng.ulaw").accepts(a, t38(6100)).hush().wait(800).hangs_up(a)
    bob.picks_up(b).play("ced.ulaw").wait(3200).hush().changes(b, t38(6200), trying=True).is_hung_up(b)
    events = [{"kind": "fax", "detail": "the sides agree on T.38 fax", "when": "sip.Status-Code == 200 && sip.CSeq == \"101 INVITE\""}]
    call = answered(CALLER, ["fax_t38"], events)
    return "the called fax machine asks for T.38 after its tone and gets it", {"calls": [call]}, [alice, bob]


def fax_call(name, caller, callee, events, **media):
    """As real machines do it: tones, T.38, and then a fax from the calling machine to the called one."""
    wait_s = 40
    caller = f"--seconds {wait_s - 2} {caller}"
    callee = f"--seconds {wait_s - 2} {callee}"
    a, b, alice, bob = pair(name)
    alice.dials(a, 180, 200).play("cng.ulaw").accepts(a, t38(6100, **media)).hush()
    alice.faxes("send", 6100, "192.0.2.20:6200", caller).wait(wait_s * 1000).hangs_up(a)
    bob.picks_up(b).play("ced.ulaw").wait(3200).hush().changes(b, t38(6200, **media), trying=True)
    bob.faxes("receive", 6200, "192.0.2.10:6100", callee).is_hung_up(b)
    agreed = {"kind": "fax", "detail": "the sides agree on T.38 fax", "when": "sip.Status-Code == 200 && sip.CSeq == \"101 INVITE\""}
    fax = {"sender": CALLER, "version": media.get("version", 0)}
    return {"calls": [answered(CALLER, ["fax_t38"], [agreed, *events], fax=fax)]}, [alice, bob]


def t38_fax():
    control = "t30.FacsimileControl =="
    events = [
        {"kind": "fax_tone", "detail": "the caller is a calling fax machine (CNG)", "when": "t38.t30_indicator == 1"},
        {"kind": "fax_tone", "detail": "the callee is an answering fax machine (CED)", "when": "t38.t30_indicator == 2"},
        {"kind": "fax_session", "detail": "the callee says what it can receive (DIS)", "when": f"{control} 1"},
        {"kind": "fax_session", "detail": "the caller wants to send at 14400 bit/s, V.17 (DCS)", "when": f"{control} 65"},
        {"kind": "fax_session", "detail": "the training is heard (CFR)", "when": f"{control} 33"},
        {"kind": "fax_page", "detail": "page 1 ends (MPS)", "when": f"{control} 114"},
        {"kind": "fax_page", "detail": "page 1 is confirmed (MPS, MCF)", "when": f"{control} 49"},
        {"kind": "fax_page", "detail": "page 2 ends (EOP)", "when": f"{control} 116"},
        {"kind": "fax_page", "detail": "page 2 is confirmed (EOP, MCF)", "when": f"{control} 49", "nth": 2},
        {"kind": "fax_session", "detail": "the caller disconnects (DCN)", "when": f"{control} 95"},
        {"kind": "fax_end", "detail": "fax ended: 2 pages confirmed", "when": f"{control} 95"},
    ]
    told, sides = fax_call("fax", "--pages 2", "--ident '+1 555 0199'", events)
    told["calls"][0]["fax"].update(caller_station="+1 555 0100", callee_station="+1 555 0199")
    return "two pages by T.38, both confirmed", told, sides


def t38_loss():
    events = [
        {"kind": "fax_page", "detail": "parts of page 1 are to be sent again (PPR)"},
        {"kind": "fax_page", "detail": "page 1 is confirmed (EOP, MCF)"},
        {"kind": "fax_end", "detail": "fax ended: 1 page confirmed"},
    ]
    told, sides = fax_call("fax-loss", "--version 3 --ecm --lose 3", "--version 3 --ecm", events, version=3)
    return "a page by T.38 version 3 in error correction mode; redundancy repairs some of the loss, not all", told, sides


def t38_failed():
    control = "t30.FacsimileControl =="
    events = [
        {"kind": "fax_session", "detail": "the training is heard (CFR)", "when": f"{control} 33"},
        {"kind": "fax_page", "detail": "page 1 ends (EOP)", "when": f"{control} 116"},
        {"kind": "fax_page", "detail": "page 1 ends once more (EOP)", "when": f"{control} 116", "nth": 2},
        {"kind": "fax_page", "detail": "page 1 ends once more (EOP)", "when": f"{control} 116", "nth": 3},
        {"kind": "fax_end", "detail": "fax failed: page 1 was not confirmed: 3 times EOP had no answer"},
    ]
    told, sides = fax_call("fax-failed", "--parity --again 3 --lose 5", "--seconds 12", events, repair="FEC")
    return "the called machine falls silent within the page; parity (FEC) instead of redundancy", told, sides


def t38_refused():
    a, b, alice, bob = pair("t38-refused")
    alice.dials(a, 180, 200).play("cng.ulaw").recv("INVITE").reply(a, 488).recv("ACK").wait(800).hush().hangs_up(a)
    bob.picks_up(b).play("ced.ulaw").wait(3200).request(b, "INVITE", t38(6200)).recv(488).ack_refusal(b).is_hung_up(b)
    events = [{"kind": "fax", "when": "sip.Status-Code == 488"}]
    call = answered(CALLER, ["fax_passthrough"], events)
    return "T.38 is refused with 488, the fax goes on as sound", {"calls": [call]}, [alice, bob]


def fax_passthrough():
    voice_band = audio(more=["a=silenceSupp:off - - - -", "a=gpmd:0 vbd=yes;ecan=off"])
    a, b, alice, bob = pair("fax-sound")
    alice.dials(a, 180, 200).play("cng.ulaw").accepts(a, voice_band).wait(800).hush().hangs_up(a)
    bob.picks_up(b).play("ced.ulaw").wait(3200).changes(b, voice_band, trying=True).is_hung_up(b)
    call = answered(CALLER, ["fax_passthrough"], [{"kind": "fax", "when": "sip.Status-Code == 200 && sip.CSeq == \"101 INVITE\""}])
    return "fax tones, then a re-INVITE to G.711 as voice-band data (V.152)", {"calls": [call]}, [alice, bob]


def dtmf_info():
    a, b, alice, bob = pair("info")
    digits = [("5", 160), ("#", 160)]
    alice.dials(a, 180, 200).wait(300)
    for digit, ms in digits:
        alice.request(a, "INFO", body=[f"Signal={digit}", f"Duration={ms}"], kind="application/dtmf-relay").recv(200).wait(250)
    alice.request(a, "INFO", body=["7"], kind="application/dtmf").recv(200).wait(250).hangs_up(a)
    bob.picks_up(b)
    for _ in range(3):
        bob.recv("INFO").reply(b, 200)
    bob.is_hung_up(b)
    told = [{"digit": d, "from": CALLER, "method": "info", "duration_ms": ms} for d, ms in digits]
    told.append({"digit": "7", "from": CALLER, "method": "info"})
    call = answered(CALLER, ["dtmf_info"], dtmf=told)
    return "digits in INFO: dtmf-relay and plain dtmf", {"calls": [call]}, [alice, bob]


FLOWS = {
    "flow-declined": declined, "flow-rejected": rejected, "flow-music-on-hold": music_on_hold,
    "flow-music-same-stream": music_same_stream, "flow-hold-both": hold_both,
    "flow-early-media": early_media, "flow-prack-update": prack_update, "flow-timer-refresh": timer_refresh,
    "flow-timer-expired": timer_expired, "flow-overlap-500": overlap, "flow-glare-491": glare,
    "flow-t38-accepted": t38_accepted, "flow-t38-fax": t38_fax, "flow-t38-loss": t38_loss, "flow-t38-failed": t38_failed,
    "flow-t38-refused": t38_refused, "flow-fax-passthrough": fax_passthrough,
    "flow-dtmf-info": dtmf_info,
}
