//! Fax by T.38: packets and messages as tshark's dissectors of T.38 and T.30 find them in the same file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use airtone_engine::halves::Batch;
use airtone_engine::model::Call;
use airtone_engine::{Config, Engine, SourceInfo};
use airtone_tests::wire::{self, End, Frame};
use airtone_tests::{captures_dir, fixtures_dir, json, tshark};
use serde_json::Value;

/// T.30's name of a message and what tshark calls it (`t30.FacsimileControl`): the octet without the bit that says who
/// was called.
const CONTROLS: [(&str, u64); 12] = [
    ("DIS", 0x01),
    ("DCS", 0x41),
    ("CFR", 0x21),
    ("FTT", 0x22),
    ("MPS", 0x72),
    ("EOM", 0x71),
    ("EOP", 0x74),
    ("MCF", 0x31),
    ("RTN", 0x32),
    ("PPR", 0x3d),
    ("DCN", 0x5f),
    ("RTP", 0x33),
];

struct Recording {
    path: PathBuf,
    /// tshark reads the notation of 1998 unless it is told otherwise.
    is_new_notation: bool,
    /// tshark puts frames together across lost packets, and takes redundancy for nothing.
    has_loss: bool,
}

fn recordings() -> Vec<Recording> {
    let fixture = |name: &str, is_new_notation, has_loss| Recording {
        path: fixtures_dir().join(name),
        is_new_notation,
        has_loss,
    };
    let mut all = vec![
        fixture("flow-t38-fax.pcapng", false, false),
        fixture("flow-t38-loss.pcapng", true, true),
        fixture("flow-t38-failed.pcapng", false, true),
    ];
    match captures_dir() {
        Some(folder) => all.push(Recording {
            path: folder.join("fax-call-t38-accepted.pcap"),
            is_new_notation: false,
            has_loss: false,
        }),
        None => eprintln!("the shared captures are not here (AIRTONE_CAPTURES): without them"),
    }
    all
}

/// Rows of fields as tshark decodes them.
fn rows(recording: &Recording, filter: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let notation = !recording.is_new_notation;
    let mut command = Command::new("tshark");
    command.args(["-n", "-o", &format!("t38.use_pre_corrigendum_asn1_specification:{notation}")]);
    command.arg("-r").arg(&recording.path).args(["-Y", filter, "-T", "fields", "-E", "occurrence=f"]);
    fields.iter().for_each(|field| _ = command.args(["-e", field]));
    let output = command.output().expect("tshark runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn call(path: &Path) -> Value {
    json(["report", "--format", "json", &path.display().to_string()])["calls"][0].clone()
}

#[test]
fn packets_are_those_of_tshark() {
    if tshark().is_none() {
        return eprintln!("skipped: tshark is not installed");
    }
    for recording in recordings() {
        let name = recording.path.display();
        // source, destination > datagrams, sequence numbers
        let mut expected: BTreeMap<String, (u64, BTreeSet<u64>)> = BTreeMap::new();
        let fields = ["ip.src", "udp.srcport", "ip.dst", "udp.dstport", "t38.seq_number"];
        // once T.38 is agreed, tshark takes the last RTP for it as well
        for row in rows(&recording, "t38 && !(udp.payload[0:1] == 80)", &fields) {
            let [source, from, destination, to, seq] = &row[..] else { panic!("{name}: {row:?}") };
            let way = expected.entry(format!("{source}:{from} > {destination}:{to}")).or_default();
            way.0 += 1;
            way.1.insert(seq.parse().expect("a number"));
        }
        let call = call(&recording.path);
        let directions = call["fax"]["directions"].as_array().expect("a fax");
        assert_eq!(directions.len(), expected.len(), "{name}");
        for direction in directions {
            let text = |field: &str| direction[field].as_str().unwrap_or_default().to_owned();
            let number = |field: &str| direction[field].as_u64().expect("a figure");
            let way = format!("{} > {}", text("source"), text("destination"));
            let (datagrams, numbers) = expected.get(&way).unwrap_or_else(|| panic!("{name}: no {way}"));
            assert_eq!(number("packets") + number("repeats"), *datagrams, "{name}: {way}");
            assert_eq!(number("packets"), numbers.len() as u64, "{name}: {way}");
            let span = numbers.last().zip(numbers.first()).map_or(0, |(last, first)| last - first + 1);
            assert_eq!(number("lost"), span - numbers.len() as u64, "{name}: {way}");
            assert_eq!(number("lost"), number("repaired") + number("unrepaired"), "{name}: {way}");
            assert_eq!(number("unread"), 0, "{name}: {way}");
        }
    }
}

#[test]
fn what_the_machines_say_is_what_tshark_reads() {
    if tshark().is_none() {
        return eprintln!("skipped: tshark is not installed");
    }
    for recording in recordings() {
        let name = recording.path.display();
        let expected: BTreeSet<(u64, u64)> =
            rows(&recording, "t30.FacsimileControl", &["frame.number", "t30.FacsimileControl"])
                .iter()
                .map(|row| (row[0].parse().expect("a frame"), row[1].parse().expect("a number")))
                .collect();
        let said = said(&call(&recording.path));
        assert!(said.len() >= 2, "{name}: {said:?}");
        if recording.has_loss {
            // redundancy brings back some that tshark does not see; parts of a page end with a frame of their own
            let seen = said.iter().filter(|message| expected.contains(message)).count();
            assert!(seen >= 3, "{name}: {said:?} and {expected:?}");
            continue;
        }
        assert!(said.is_subset(&expected), "{name}: {said:?} and {expected:?}");
        let is_told = |control: &u64| CONTROLS.iter().any(|(_, known)| known == control);
        let kinds = |of: &BTreeSet<(u64, u64)>| of.iter().map(|message| message.1).collect::<BTreeSet<_>>();
        let all: BTreeSet<u64> = kinds(&expected).into_iter().filter(is_told).collect();
        assert_eq!(kinds(&said), all, "{name}: every kind of message");
    }
}

/// Frame and facsimile control field of what the events tell: the last word of their detail, `(DIS)` or `(MPS, MCF)`.
fn said(call: &Value) -> BTreeSet<(u64, u64)> {
    let events = call["events"].as_array().expect("events").iter();
    let of_fax =
        events.filter(|event| ["fax_session", "fax_page"].contains(&event["kind"].as_str().unwrap_or("")));
    of_fax
        .map(|event| {
            let detail = event["detail"].as_str().expect("a detail").trim_end_matches(')');
            let name = detail.rsplit([' ', '(']).next().unwrap_or_default();
            let control = CONTROLS.iter().find(|(known, _)| *known == name);
            let control = control.unwrap_or_else(|| panic!("{detail}: no message of T.30"));
            (event["frame"].as_u64().expect("a frame"), control.1)
        })
        .collect()
}

#[test]
fn a_real_gateway_that_never_trained() {
    let Some(folder) = captures_dir() else {
        return eprintln!("skipped: the shared captures are not here (AIRTONE_CAPTURES)");
    };
    let path = folder.join("fax-call-t38-accepted.pcap");
    let call = call(&path);
    let fax = &call["fax"];
    assert_eq!(fax["result"], "failed");
    assert_eq!(fax["detail"], "training at 9600 bit/s was not confirmed after 2 attempts");
    assert_eq!((&fax["modulation"], &fax["pages"]), (&"V.29".into(), &0.into()));
    let findings = json(["findings", "--format", "json", &path.display().to_string()]);
    let kinds: Vec<_> =
        findings["findings"].as_array().expect("findings").iter().map(|f| &f["kind"]).collect();
    assert_eq!(kinds, ["fax_failed"]);
}

#[test]
fn a_fax_that_was_refused_or_never_sent_is_none() {
    let mut files =
        vec![fixtures_dir().join("flow-t38-accepted.pcapng"), fixtures_dir().join("flow-t38-refused.pcapng")];
    if let Some(folder) = captures_dir() {
        files.extend(["fax-call-t38-refused.pcap", "sip-t38-signalling.pcap"].map(|name| folder.join(name)));
    }
    for path in files {
        assert_eq!(call(&path)["fax"], Value::Null, "{}", path.display());
    }
}

/// The same from the two halves of an engine and from an export of tshark.
#[test]
fn an_export_tells_the_same_fax() {
    if tshark().is_none() {
        return eprintln!("skipped: tshark is not installed");
    }
    let path = fixtures_dir().join("flow-t38-loss.pcapng");
    let folder = tempfile::tempdir().expect("a folder");
    let export = folder.path().join("export.json");
    let output = Command::new("tshark")
        .args(["-n", "-T", "json", "-x", "-r"])
        .arg(&path)
        .output()
        .expect("tshark runs");
    std::fs::write(&export, output.stdout).expect("the export");
    let (direct, exported) = (call(&path)["fax"].clone(), call(&export)["fax"].clone());
    assert!(!direct.is_null());
    assert_eq!(direct, exported);
}

const PHONES: [End; 2] = [([192, 0, 2, 1], 5060), ([192, 0, 2, 2], 5060)];
const MACHINES: [End; 2] = [([192, 0, 2, 1], 4002), ([192, 0, 2, 2], 6002)];

/// A call with T.38 and packets of the caller with these numbers, each with the two before it.
fn faxed(numbers: impl IntoIterator<Item = u16>) -> Vec<Frame> {
    let sdp = |of: usize| {
        let image = format!("m=image {} udptl t38\r\n", MACHINES[of].1);
        wire::sdp((MACHINES[of].0, MACHINES[of].1 - 2), "0", &image)
    };
    let invite = wire::sip("INVITE sip:b@example.com SIP/2.0", "fax", "1 INVITE", "", "", &sdp(0));
    let answer = wire::sip("SIP/2.0 200 OK", "fax", "1 INVITE", "t", "", &sdp(1));
    let mut packets =
        vec![wire::udp(PHONES[0], PHONES[1], &invite), wire::udp(PHONES[1], PHONES[0], &answer)];
    packets.extend(numbers.into_iter().map(|seq| {
        let page = [0xd0, 1, 0xe0, 0, 3, 1, 2, 3, 4];
        let mut payload = seq.to_be_bytes().to_vec();
        for before in [&[][..], &[0, 2], &[]] {
            payload.extend(before);
            payload.push(page.len() as u8);
            payload.extend(page);
        }
        wire::udp(MACHINES[0], MACHINES[1], &payload)
    }));
    let at = |n: usize| 1_767_225_600_000_000_000 + n as i64 * 20_000_000;
    packets.into_iter().enumerate().map(|(n, packet)| Frame::ethernet(at(n), packet)).collect()
}

/// From the whole engine, from one that shows the traffic and from the halves of one, which must agree.
fn call_of(frames: &[Frame]) -> Call {
    let mut engine = Engine::new(Config::default());
    let mut listening = Engine::new(Config::default());
    let (mut front, mut back) = Engine::new(Config::default()).split();
    let mut batch = Batch::new(64);
    for (frame, n) in frames.iter().zip(1..) {
        engine.packet(&frame.packet(n));
        listening.packet_with(&frame.packet(n), |_| ());
        front.packets(&[frame.packet(n)], &mut batch);
        back.take(&mut batch);
    }
    let whole = engine.into_report(SourceInfo::default()).calls.remove(0);
    for other in [listening, Engine::join(front, back)] {
        let other = other.into_report(SourceInfo::default()).calls.remove(0);
        assert_eq!(format!("{whole:?}"), format!("{other:?}"));
    }
    whole
}

/// A datagram with a number from 0x8000 to 0x80ff begins like RTP, and goes the fast way of RTP.
#[test]
fn numbers_that_look_like_rtp_are_not_lost() {
    let call = call_of(&faxed(0x7ff0..0x8210));
    let fax = call.fax.expect("a fax");
    let direction = &fax.directions[0];
    assert_eq!((direction.packets, direction.lost, direction.repeats), (0x220, 0, 0));
    // some of them are lost in truth; what stands behind the beginning of a datagram is not known on the fast way
    let call = call_of(&faxed((0x7ff0..0x8210).filter(|seq| seq % 10 != 3)));
    let direction = call.fax.expect("a fax").directions.remove(0);
    assert_eq!((direction.lost, direction.unrepaired), (55, 0));
    assert!(direction.repaired >= 29, "outside that range every one: {direction:?}");
}

#[test]
fn numbers_wrap_around() {
    let call = call_of(&faxed((65_000..=65_535).chain(0..500)));
    let direction = call.fax.expect("a fax").directions.remove(0);
    assert_eq!((direction.packets, direction.lost), (1_036, 0));
}
