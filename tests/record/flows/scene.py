"""scene.py: words for what one phone does in a flow, written out as a SIPp scenario.

A Side is one end of one or more dialogs, played by one SIPp process. Call-IDs and tags are fixed texts, so that one
side can name a dialog of another (Replaces), and so that recordings are alike from run to run.
"""

import os

HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = {"alice": "192.0.2.10", "bob": "192.0.2.20", "carol": "192.0.2.50", "dave": "192.0.2.60", "server": "192.0.2.1",
         "agent": "192.0.2.30"}
PHRASES = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress", 200: "OK",
    202: "Accepted", 302: "Moved Temporarily", 404: "Not Found", 486: "Busy Here", 487: "Request Terminated",
    488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error", 603: "Decline",
}


def audio(direction="", more=()):
    """An m= line of G.711 with its attributes."""
    lines = ["m=audio [rtpstream_audio_port] RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=ptime:20", *more]
    return lines + ([f"a={direction}"] if direction else [])


def audio_at(host, port):
    """The same for sound that somebody else is to get."""
    return [f"m=audio {port} RTP/AVP 0", f"c=IN IP4 {HOSTS[host]}", "a=rtpmap:0 PCMU/8000", "a=ptime:20"]


def t38(port, version=0, repair="Redundancy"):
    return [
        f"m=image {port} udptl t38", f"a=T38FaxVersion:{version}", "a=T38MaxBitRate:14400",
        "a=T38FaxRateManagement:transferredTCF", "a=T38FaxMaxDatagram:400", f"a=T38FaxUdpEC:t38UDP{repair}",
    ]


class Dialog:
    """Who talks to whom under which Call-ID, seen from one side."""

    def __init__(self, me, you, call, calls, at=None, port=5060, address=None, proxied=False, contact="", device="",
                 mine="", foreign=False):
        """`device`, `mine`: what the tags of a forked call have to tell the phones of one user apart. `foreign`: the
        other end is no Side, its tag is what it says; who is called saves the INVITE as `invite`."""
        self.me, self.you, self.call, self.calls = me, you, call, calls
        self.target = f"sip:{you}@{HOSTS[at or you]}:{port}"
        self.request_uri = address or self.target
        self.local = f"<sip:{me}@example.com>;tag={me}{mine}-{call}"
        self.remote = f"<sip:{you}@example.com>"
        self.remote_tag = f";tag={you}{device}-{call}"
        if foreign:
            self.remote, self.remote_tag = (self.remote, "[peer_tag_param]") if calls else ("[$invitefrom]", "")
        self.own_tag = f";tag={me}{mine}-{call}"
        self.contact = f"Contact: <sip:{me}@[local_ip]:[local_port]>{contact}"
        self.number = 0 if calls else 100
        self.invite = 0
        self.version = 0
        self.established = not calls
        self.proxied = proxied


class Side:
    """One SIPp process: a list of steps."""

    def __init__(self, host, port=5060, call=None, peer="bob", peer_port=5060, proxied=False, calls_at_once=1):
        self.host, self.port, self.cid = HOSTS[host], port, call
        self.peer = f"{HOSTS[peer]}:{peer_port}" if call else None
        self.proxied, self.at_once = proxied, calls_at_once
        self.steps, self.saved = [], []

    # -- sending ------------------------------------------------------------------------------------------------

    def _send(self, lines, body, again, kind="application/sdp"):
        lines = list(lines)
        if body:
            lines.append(f"Content-Type: {kind}")
        text = "\n".join([*lines, "Content-Length: [len]", "", *(body or [])])
        retrans = ' retrans="500"' if again else ""
        self.steps.append(f"  <send{retrans}>\n    <![CDATA[\n\n{text}\n\n    ]]>\n  </send>")

    def _sdp(self, dialog, media):
        if not media:
            return None
        dialog.version += 1
        place = next((line for line in media if line.startswith("c=")), "c=IN IP4 [local_ip]")
        media = [line for line in media if line != place]
        return ["v=0", f"o={dialog.me} 1 {dialog.version} IN IP4 [local_ip]", "s=-", place, "t=0 0", *media]

    def request(self, dialog, method, media=None, headers=(), body=None, kind="application/sdp", same=False, once=False):
        """A request; `media`: the m= lines of its description. SIPp goes on from one that it may have to repeat
        only when a response is there: `once` where more is to be sent before that."""
        ends = method in ("ACK", "CANCEL")
        if not ends:
            dialog.number += 1
        if method == "INVITE":
            dialog.invite = dialog.number
        number = dialog.invite if ends else dialog.number
        inside = dialog.established or (method not in ("INVITE", "CANCEL"))
        via = "[last_Via:]" if same else "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]"
        uri = dialog.target if inside and not same else dialog.request_uri
        lines = [f"{method} {uri} SIP/2.0", via]
        if inside and dialog.proxied and not same:
            lines.append("[routes]")
        lines += [
            f"From: {dialog.local}", f"To: {dialog.remote}{dialog.remote_tag if inside else ''}", "Call-ID: [call_id]",
            f"CSeq: {number} {method}", dialog.contact, "Max-Forwards: 70", *headers,
        ]
        self._send(lines, body or self._sdp(dialog, media), method != "ACK" and not once, kind)
        return self

    def ack(self, dialog, media=None):
        dialog.established = True
        return self.request(dialog, "ACK", media)

    def ack_refusal(self, dialog):
        return self.request(dialog, "ACK", same=True)

    def reply(self, dialog, code, media=None, headers=(), saved=None, tag=None):
        """A response to the request that came last, or to the one that was saved under this name."""
        via, cseq = "[last_Via:]", "[last_CSeq:]"
        if saved:
            via, cseq = f"[${saved}via]", f"CSeq:[${saved}cseq]"
        tag = dialog.own_tag if tag else ""
        lines = [f"SIP/2.0 {code} {PHRASES[code]}", via]
        if dialog.proxied and 100 < code < 300 and self.last == "INVITE":
            lines.append("[last_Record-Route:]")
        lines += ["[last_From:]", f"[last_To:]{tag}", "[last_Call-ID:]", cseq, dialog.contact, *headers]
        again = code >= 200 and not saved and self.last == "INVITE"
        self._send(lines, self._sdp(dialog, media), again)
        return self

    # -- receiving ----------------------------------------------------------------------------------------------

    last = ""
    has_end = False

    def recv(self, what, optional=False, save=None):
        """A request by its method, or a response by its code; `save`: its Via, CSeq and From under this name."""
        kind = "response" if isinstance(what, int) else "request"
        options = ' optional="true"' if optional else ""
        options += ' rrs="true"' if self.proxied and (what == 200 or what == "INVITE") else ""
        actions = []
        if save:
            self.saved += [f"{save}via", f"{save}cseq", f"{save}from"]
            actions = [f'<ereg regexp=".*" search_in="hdr" header="{h}:" assign_to="{save}{h.lower()}"/>' for h in ("CSeq", "From")]
            # every hop has its line
            vias = "Via:[^[:cntrl:]]*([[:cntrl:]]+Via:[^[:cntrl:]]*)*"
            actions.append(f'<ereg regexp="{vias}" search_in="msg" assign_to="{save}via"/>')
        if kind == "request":
            self.last = what
        inner = f"\n    <action>{''.join(actions)}</action>\n  " if actions else ""
        self.steps.append(f'  <recv {kind}="{what}"{options}>{inner}</recv>')
        return self

    def recv_either(self, caller, label):
        """An INVITE; the steps for that of this caller begin at the label."""
        self.last = "INVITE"
        options = ' rrs="true"' if self.proxied else ""
        find = f'<ereg regexp="{caller}@" search_in="hdr" header="From:" assign_to="from_{caller}"/>'
        self.steps.append(
            f'  <recv request="INVITE"{options} next="{label}" test="from_{caller}">\n    <action>{find}</action>\n  </recv>'
        )
        return self

    def recv_or(self, method, label):
        """An INVITE; or this request, whose steps begin at the label."""
        self.steps.append(f'  <recv request="{method}" optional="true" next="{label}"/>')
        return self.recv("INVITE")

    def otherwise(self, label, last="INVITE"):
        """Ends the steps of the one caller or request and begins those of the other."""
        self.last = last
        self.steps += ['  <nop next="end"/>', f'  <label id="{label}"/>']
        self.has_end = True
        return self

    # -- time and sound -----------------------------------------------------------------------------------------

    def wait(self, ms):
        self.steps.append(f'  <pause milliseconds="{ms}"/>')
        return self

    def play(self, file="say.ulaw"):
        self.steps.append(f'  <nop><action><exec rtp_stream="{file},-1,0"/></action></nop>')
        return self

    def play_recorded(self, file):
        """RTP of a recording, with its own SSRC: another source than `play`."""
        self.steps.append(f'  <nop><action><exec play_pcap_audio="{file}"/></action></nop>')
        return self

    def hush(self):
        self.steps.append('  <nop><action><exec rtp_stream="pause"/></action></nop>')
        return self

    def again(self):
        self.steps.append('  <nop><action><exec rtp_stream="resume"/></action></nop>')
        return self

    def faxes(self, role, port, to, options=""):
        """The terminal of `t38.py` takes over the media; it ends by itself."""
        script = os.path.join(os.path.dirname(HERE), "t38.py")
        ends = f"--at {self.host}:{port} --to {to} --log fax.csv --page {role}.tif"
        # no characters that XML would have escaped: SIPp takes the attribute as it stands
        self.steps.append(f'  <nop><action><exec command="python3 {script} {role} {ends} {options}"/></action></nop>')
        return self

    # -- whole stretches ----------------------------------------------------------------------------------------

    def dials(self, dialog, *codes, media=None, headers=()):
        """INVITE, the codes that come, the ACK of a 200."""
        self.request(dialog, "INVITE", media or audio(), headers)
        for code in codes:
            self.recv(code, optional=code == 100)
        if codes and codes[-1] == 200:
            self.ack(dialog)
        return self

    def changes(self, dialog, media, headers=(), trying=False):
        """A re-INVITE that is accepted."""
        self.request(dialog, "INVITE", media, headers)
        if dialog.proxied or trying:
            self.recv(100, optional=True)
        return self.recv(200).ack(dialog)

    def accepts(self, dialog, media, headers=()):
        """The other end of it."""
        return self.recv("INVITE").reply(dialog, 200, media, headers).recv("ACK")

    def picks_up(self, dialog, ring_ms=400, media=None, headers=(), waiting=True):
        """Rings, answers."""
        if waiting:
            self.recv("INVITE")
        self.reply(dialog, 180, tag=True).wait(ring_ms)
        return self.reply(dialog, 200, media or audio(), headers, tag=True).recv("ACK")

    def hangs_up(self, dialog):
        return self.request(dialog, "BYE").recv(200)

    def is_hung_up(self, dialog):
        return self.recv("BYE").reply(dialog, 200)

    def xml(self, name):
        unused = f'  <Reference variables="{",".join(self.saved)}"/>\n' if self.saved else ""
        steps = "\n".join([*self.steps, *(['  <label id="end"/>'] if self.has_end else [])])
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="{name}">\n{steps}\n{unused}</scenario>\n'
