//! Exports as users store them: cut anywhere, with other line ends and encodings, with less than everything.

use std::fs;

use airtone_capture::{Error, Input};

/// The same three datagrams in every format, each with its own line for every frame.
const JSON: &str = r#"[
  {"_source": {"layers": {"frame": {"frame.number": "3", "frame.time_epoch": "1.500000000"}, "ip": {"ip.src": "192.0.2.1", "ip.dst": "192.0.2.2"}, "udp": {"udp.srcport": "4000", "udp.dstport": "5000", "udp.payload": "80:00"}}}},
  {"_source": {"layers": {"frame": {"frame.number": "7", "frame.time_epoch": "1.520000000"}, "ip": {"ip.src": "192.0.2.1", "ip.dst": "192.0.2.2"}, "udp": {"udp.srcport": "4000", "udp.dstport": "5000", "udp.payload": "80:01"}}}},
  {"_source": {"layers": {"frame": {"frame.number": "8", "frame.time_epoch": "1970-01-01T00:00:01.540000000Z"}, "ip": {"ip.src": "192.0.2.1", "ip.dst": "192.0.2.2"}, "udp": {"udp.srcport": "4000", "udp.dstport": "5000", "udp.payload": "80:02"}}}}
]
"#;

const EK: &str = r#"{"index":{"_index":"packets-1970-01-01","_type":"doc"}}
{"timestamp":"1500","layers":{"frame_number":["3"],"frame_time_epoch":["1.500000000"],"ip_src":["192.0.2.1"],"ip_dst":["192.0.2.2"],"udp_srcport":["4000"],"udp_dstport":["5000"],"udp_payload":["80:00"]}}
{"index":{"_index":"packets-1970-01-01","_type":"doc"}}
{"timestamp":"1520","layers":{"frame_number":["7"],"frame_time_epoch":["1.520000000"],"ip_src":["192.0.2.1"],"ip_dst":["192.0.2.2"],"udp_srcport":["4000"],"udp_dstport":["5000"],"udp_payload":["80:01"]}}
{"index":{"_index":"packets-1970-01-01","_type":"doc"}}
{"timestamp":"1540","layers":{"frame_number":["8"],"frame_time_epoch":["1.540000000"],"ip_src":["192.0.2.1"],"ip_dst":["192.0.2.2"],"udp_srcport":["4000"],"udp_dstport":["5000"],"udp_payload":["80:02"]}}
"#;

const FIELDS: &str = "frame.number\tframe.time_epoch\tip.src\tip.dst\tudp.srcport\tudp.dstport\tudp.payload
3\t1.500000000\t192.0.2.1\t192.0.2.2\t4000\t5000\t80:00
7\t1.520000000\t192.0.2.1\t192.0.2.2\t4000\t5000\t80:01
8\t1.540000000\t192.0.2.1\t192.0.2.2\t4000\t5000\t80:02
";

const PDML: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<pdml version="0" creator="wireshark">
<packet><proto name="frame"><field name="frame.number" show="3"/><field name="frame.time_epoch" show="1.500000000"/></proto><proto name="ip"><field name="ip.src" show="192.0.2.1"/><field name="ip.dst" show="192.0.2.2"/></proto><proto name="udp"><field name="udp.srcport" show="4000"/><field name="udp.dstport" show="5000"/><field name="udp.payload" show="80:00" value="8000"/></proto></packet>
<packet><proto name="frame"><field name="frame.number" show="7"/><field name="frame.time_epoch" show="1.520000000"/></proto><proto name="ip"><field name="ip.src" show="192.0.2.1"/><field name="ip.dst" show="192.0.2.2"/></proto><proto name="udp"><field name="udp.srcport" show="4000"/><field name="udp.dstport" show="5000"/><field name="udp.payload" show="80:01" value="8001"/></proto></packet>
<packet><proto name="frame"><field name="frame.number" show="8"/><field name="frame.time_epoch" show="1.540000000"/></proto><proto name="ip"><field name="ip.src" show="192.0.2.1"/><field name="ip.dst" show="192.0.2.2"/></proto><proto name="udp"><field name="udp.srcport" show="4000"/><field name="udp.dstport" show="5000"/><field name="udp.payload" show="80:02" value="8002"/></proto></packet>
</pdml>
"#;

const FORMATS: [(&str, &str); 4] =
    [("tshark json", JSON), ("tshark ek", EK), ("tshark fields", FIELDS), ("tshark pdml", PDML)];

#[derive(Debug)]
struct Read {
    format: String,
    records: Vec<String>,
    warnings: Vec<String>,
    missing: Vec<String>,
}

fn read(bytes: &[u8]) -> Result<Read, Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("export");
    fs::write(&path, bytes).expect("a file");
    let mut input = Input::open(&[path])?;
    let mut records = Vec::new();
    while let Some(record) = input.next()? {
        records.push(format!("{record:?}"));
    }
    let file = input.files().remove(0);
    let missing = input.missing_fields();
    Ok(Read { format: file.format, records, warnings: file.warnings, missing })
}

fn good(bytes: &[u8]) -> Read {
    read(bytes).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_formats_agree() {
    let expected = good(FIELDS.as_bytes()).records;
    assert_eq!(expected.len(), 3);
    assert!(expected[2].contains("frame: 8, at: Nanos(1540000000)"), "{}", expected[2]);
    for (name, text) in FORMATS {
        let read = good(text.as_bytes());
        assert_eq!((read.format.as_str(), &read.records), (name, &expected));
        assert!(read.warnings.is_empty() && read.missing.is_empty(), "{read:?}");
    }
}

#[test]
fn cut_anywhere_they_give_what_is_whole_and_a_warning() {
    for (name, text) in FORMATS {
        let whole = good(text.as_bytes()).records;
        for cut in 0..text.trim_end().len() {
            // A head that tells no format yet is refused; nothing panics.
            let Ok(read) = read(&text.as_bytes()[..cut]) else { continue };
            assert!(whole.starts_with(&read.records), "{name} at {cut}: {:?}", read.records);
            let unnoticed = read.records.len() < 3 && read.warnings.is_empty();
            // Lines that are whole do not tell that others should follow.
            let by_lines = matches!(name, "tshark ek" | "tshark fields");
            let at_line =
                text[..cut].ends_with('\n') || text[..cut].ends_with('}') || !text[..cut].contains('\n');
            assert!(!unnoticed || (by_lines && at_line), "{name} at {cut}: no warning");
        }
    }
}

#[test]
fn windows_line_ends_marks_and_utf16_make_no_difference() {
    for (name, text) in FORMATS {
        let whole = good(text.as_bytes()).records;
        let windows = text.replace('\n', "\r\n");
        let marked = format!("\u{feff}{windows}");
        for bytes in [windows.as_bytes(), marked.as_bytes()] {
            assert_eq!(good(bytes).records, whole, "{name}");
        }
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let wide: Vec<u8> = marked.encode_utf16().flat_map(order).collect();
            let read = good(&wide);
            assert_eq!((read.records, read.format), (whole.clone(), format!("{name} (UTF-16)")));
        }
    }
}

#[test]
fn what_is_no_export_is_refused_in_one_sentence() {
    let says = |bytes: &[u8]| match read(bytes) {
        Err(Error::Format { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert!(says(br#"[{"a": 1}]"#).starts_with("JSON, but no export of tshark"));
    assert!(says(br#"{"a": {"b": 1}}"#).starts_with("JSON, but no export of tshark"));
    assert!(says(b"<a><b/></a>").starts_with("XML, but no PDML"));
    assert!(says(b"<?xml version=\"1.0\"?><psml><structure/></psml>").starts_with("XML, but no PDML"));
    assert!(says(b"1\t1.5\t192.0.2.1\n2\t1.6\t192.0.2.1\n").contains("-E header=y"));
    assert!(says(b"\"1\",\"1.5\"\n\"2\",\"1.6\"\n").contains("-E header=y"));
    assert!(says(b"\xff\xfen\0o\0t\0e\0\n\0").starts_with("text, but no export"));
}

#[test]
fn headers_and_frames_without_anything_to_read() {
    let header = FIELDS.lines().next().expect("a header");
    for text in [header.to_owned(), format!("{header}\n"), format!("{header}\r\n")] {
        let read = good(text.as_bytes());
        assert!(read.records.is_empty() && read.warnings.is_empty() && read.missing.is_empty(), "{read:?}");
    }
    let filtered =
        r#"{"timestamp":"1","layers":{"frame":{"frame_frame_number":{"filtered":"frame.number"}}}}"#;
    assert!(good(filtered.as_bytes()).warnings[0].starts_with("no frame holds a field"));
    assert!(good(b"[]\n").warnings.is_empty(), "a capture without packets");
}

#[test]
fn separators_within_values_are_told() {
    let text = "frame.number,frame.time_epoch,sip.Status-Line,sip.Call-ID,sip.CSeq,sip.From,sip.To\n\
                1,1.5,SIP/2.0 200 OK,a@b,1 INVITE,\"Al, Ice\" <sip:a@b>,<sip:c@d>\n\
                2,1.6,SIP/2.0 200 OK,a@b,1 INVITE,<sip:a@b>,<sip:c@d>\n";
    let read = good(text.as_bytes());
    assert_eq!(read.records.len(), 1);
    assert!(
        read.warnings[0].contains("',' separates cells") && read.warnings[0].contains(": 1;"),
        "{read:?}"
    );
}

/// What the sentences on missing fields begin with.
fn lacks(text: &str) -> Vec<String> {
    let missing = good(text.as_bytes()).missing;
    missing.iter().filter_map(|line| Some(line.split_once(": ")?.0.to_owned())).collect()
}

#[test]
fn missing_fields_are_named_and_no_others() {
    let table = |header: &str| lacks(&format!("{}\n", header.replace(' ', "\t")));
    let ends = "frame.number frame.time_epoch ip.src ip.dst udp.srcport udp.dstport";
    assert!(table(&format!("{ends} udp.payload")).is_empty());
    assert_eq!(table(&format!("{ends} rtp.ssrc rtp.seq rtp.p_type")), ["rtp.timestamp", "udp.payload"]);
    assert_eq!(
        table("rtp.ssrc rtp.seq rtp.timestamp rtp.p_type ip.src ip.dst rtp.payload"),
        ["frame.time_epoch", "frame.number", "udp.srcport", "udp.dstport"]
    );
    assert_eq!(
        table(&format!("{ends} sip.Method sip.Call-ID sip.CSeq sip.From sip.To")),
        ["sip.msg_hdr", "sip.Status-Line"]
    );
    assert_eq!(
        table("frame.number frame.time_epoch wlan.fc wlan.bssid wlan.fixed.beacon"),
        ["wlan.fixed.timestamp"]
    );
    assert_eq!(
        table("frame.number frame.time_epoch wlan.bssid wlan.fixed.timestamp wlan.fixed.beacon"),
        ["wlan.fc", "wlan.fc"]
    );
    assert_eq!(table(&format!("{ends} tcp.srcport tcp.dstport tcp.payload")), ["tcp.seq_raw"]);
}

#[test]
fn frames_without_beacons_or_answers_do_not_make_an_export_incomplete() {
    let frame = |fields: &str| format!("[{{\"_source\": {{\"layers\": {{{fields}}}}}}}]");
    let data = r#""frame.number": "1", "frame.time_epoch": "1.5", "wlan.fc": "0x0801", "wlan.bssid": "02:00:00:00:00:01""#;
    assert!(lacks(&frame(data)).is_empty(), "a data frame has no beacon interval");
    let request = r#""frame.number": "1", "frame.time_epoch": "1.5", "ip.src": "192.0.2.1", "ip.dst": "192.0.2.2",
        "udp.srcport": "5060", "udp.dstport": "5060", "sip.Request-Line": "OPTIONS sip:a SIP/2.0", "sip.msg_hdr": "x""#;
    assert!(lacks(&frame(request)).is_empty(), "nobody answered in the capture");
}
