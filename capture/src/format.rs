//! Sentences for files that are no capture that can be read: what they look like, and what to do about it.

use std::path::Path;

use crate::bytes::{Endianness, u16_at, u32_at};
use crate::decompress::Compression;

/// Captures that Wireshark's tools convert, by magic: (offset, magic, name).
const CONVERTIBLE: &[(usize, &[u8], &str)] = &[
    (0, b"GMBU", "Network Monitor 2 capture"),
    (0, b"RTSS", "Network Monitor 1 capture"),
    (0, b"snoop\0\0\0", "snoop capture"),
    (0, b"TRSNIFF data    \x1a", "Sniffer (DOS) capture"),
    (0, b"XCP\0", "Sniffer (Windows) capture"),
    (0, b"\x00\x00\x02\x00\x12\x05\x00\x10", "Tektronix K12 capture"),
    (0, b"+---------+---------------+----------+", "Tektronix K12 text file"),
    (0, b"\x05VNF", "Visual Networks capture"),
    (0, b"btsnoop\0", "btsnoop capture"),
    (0, b"\x7fver", "OmniPeek capture"),
    (0, b"ObserverPktBuffe", "Observer capture"),
    (0, b"\xaa\xaa\xaa\xaa", "5View capture"),
    (0, b"EyeSDN", "EyeSDN trace"),
    (0, b"\x01\x10", "LANalyzer capture"),
    (0, b"Session Transcript", "Catapult DCT2000 trace"),
    (0, b"\x54\x52\x00\x64\x00", "HP-UX nettl trace"),
    (0, b"\x1c\x00\x01\xac", "IXIA capture"),
    (0, b"\xac\x01\x00\x1c", "IXIA capture"),
    (0, b"\x1c\x00\x01\xab", "IXIA capture"),
    (0, b"\xab\x01\x00\x1c", "IXIA capture"),
    (0, b"\xa1\x2b\x3c\x4d", "Navtel pcap"),
    (0, b"\x4d\x3c\x2b\xa1", "Navtel pcap"),
    (0, b"NetS", "NetScaler trace"),
];

/// Files that something else has to open first: (offset, magic, what to do).
const WRAPPED: &[(usize, &[u8], &str)] = &[
    (0, b"\x1f\x8b", "compressed with gzip once more; decompress it first: gunzip -k FILE"),
    (0, b"\x28\xb5\x2f\xfd", "compressed with zstd once more; decompress it first: zstd -dk FILE"),
    (0, b"BZh", "compressed with bzip2; decompress it first: bunzip2 -k FILE"),
    (0, b"\xfd7zXZ\0", "compressed with xz; decompress it first: unxz -k FILE"),
    (0, b"\x1f\x9d", "compressed with compress; decompress it first: gunzip FILE"),
    (0, b"PK\x03\x04", "ZIP archive; unpack it first: unzip FILE"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip archive; unpack it first: 7z x FILE"),
    (0, b"Rar!", "RAR archive; unpack it first: unrar x FILE"),
    (257, b"ustar", "tar archive; unpack it first: tar xf FILE"),
];

/// Other files that are given by mistake: (offset, magic, what it is).
const OTHER: &[(usize, &[u8], &str)] = &[
    (0, b"\x7fELF", "program"),
    (0, b"MZ", "Windows program"),
    (0, b"#!", "script"),
    (0, b"%PDF", "PDF document"),
    (0, b"\x89PNG", "picture"),
    (0, b"\xff\xd8\xff", "picture"),
    (8, b"WAVE", "sound file"),
    (0, b"SQLite format 3\0", "database"),
];

/// The sentence for a directory.
pub(crate) fn directory(path: &Path) -> String {
    let name = path.display();
    format!("a directory; name the capture files in it, e.g. {name}/*.pcapng")
}

/// The sentence for the first bytes of something that is neither a capture that can be read nor an export.
pub(crate) fn sentence(
    path: &Path,
    head: &[u8],
    compression: Option<Compression>,
    damage: Option<&str>,
) -> String {
    if let (Some(compression), true) = (compression, head.is_empty()) {
        let reason = damage.unwrap_or("nothing in it");
        return format!("a {} file that cannot be decompressed: {reason}", compression.name());
    }
    if head.is_empty() {
        return "an empty file; nothing was captured into it".into();
    }
    let is = |(offset, magic, _): &&(usize, &[u8], &str)| {
        head.get(*offset..).is_some_and(|at| at.starts_with(magic))
    };
    let file = name(path);
    if let Some((_, _, name)) = CONVERTIBLE.iter().find(is) {
        return convert(name, &file);
    }
    if let Some((_, _, what)) = WRAPPED.iter().find(is) {
        return what.replace("FILE", &file);
    }
    if let Some((_, _, what)) = OTHER.iter().find(is) {
        return format!("a {what}, not a capture");
    }
    if let Some(name) = by_structure(head) {
        return convert(name, &file);
    }
    text(head).unwrap_or_else(|| {
        format!(
            "not a capture that can be read; if Wireshark opens it, convert it with: \
             editcap -F pcapng {file} {file}.pcapng"
        )
    })
}

fn convert(name: &str, file: &str) -> String {
    format!("{name}; convert it with: editcap -F pcapng {file} {file}.pcapng")
}

/// The name for a command line: quoted where a shell would take it apart, and a placeholder for a pipe.
fn name(path: &Path) -> String {
    let name = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "._-/+,:@%=".contains(c);
    match name.as_str() {
        "-" => "FILE".into(),
        _ if !name.starts_with('-') && name.chars().all(plain) => name,
        _ if name.starts_with('-') => format!("'./{}'", name.replace('\'', r"'\''")),
        _ => format!("'{}'", name.replace('\'', r"'\''")),
    }
}

/// Formats without a magic, by fields that only make sense in them.
fn by_structure(head: &[u8]) -> Option<&'static str> {
    if is_erf(head) {
        return Some("Endace ERF capture");
    }
    if is_commview(head).unwrap_or(false) {
        return Some("CommView capture");
    }
    is_peek_classic(head).unwrap_or(false).then_some("EtherPeek or AiroPeek capture")
}

/// Two records in a row with known types, sane lengths and times within a day of each other.
fn is_erf(head: &[u8]) -> bool {
    let record = |at: usize| -> Option<(u32, usize)> {
        let seconds = u32_at(head, at + 4, Endianness::Little)?;
        let kind = head.get(at + 8)? & 0x7f;
        let length = usize::from(u16_at(head, at + 10, Endianness::Big)?);
        // From 1990 on.
        ((1..=48).contains(&kind) && length >= 16 && seconds > 631_152_000).then_some((seconds, length))
    };
    record(0).is_some_and(|(first, length)| {
        if length == head.len() {
            return true;
        }
        record(length).is_some_and(|(second, _)| second.abs_diff(first) < 86_400)
    })
}

/// A CommView record begins with lengths, version 0 and a date in plain fields.
fn is_commview(head: &[u8]) -> Option<bool> {
    let year = u16_at(head, 5, Endianness::Little)?;
    let date: [u8; 5] = *head.get(7..)?.first_chunk()?;
    let [month, day, hour, minute, second] = date;
    let lengths = u16_at(head, 0, Endianness::Little)? > 0;
    let day_fits = (1..=12).contains(&month) && (1..=31).contains(&day);
    Some(
        lengths
            && head[4] == 0
            && (1995..2100).contains(&year)
            && day_fits
            && hour < 24
            && minute < 60
            && second < 61,
    )
}

/// Versions 5 to 7: version, status, and two small medium numbers.
fn is_peek_classic(head: &[u8]) -> Option<bool> {
    let media = u32_at(head, 22, Endianness::Big)?;
    let physical = u32_at(head, 26, Endianness::Big)?;
    Some((5..=7).contains(&head[0]) && head[1] == 0 && media <= 1 && physical <= 2)
}

/// Text that is no export.
fn text(head: &[u8]) -> Option<String> {
    let head = head.get(..4096).unwrap_or(head);
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b | 0x20..=0x7e | 0x80..);
    let ascii = head.iter().filter(|byte| byte.is_ascii()).count();
    if !head.iter().all(printable) || ascii * 2 < head.len() {
        return None;
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let lower = text.get(..256).unwrap_or(text).to_ascii_lowercase();
    Some(if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        "an HTML page, not a capture; was a login or error page saved in its place?".into()
    } else if lower.starts_with('<') {
        "XML, but no PDML of tshark; write one with: tshark -r CAPTURE -T pdml".into()
    } else if lower.starts_with('{') || lower.starts_with('[') {
        "JSON, but no export of tshark; write one with: tshark -r CAPTURE -T json".into()
    } else if is_tcpdump_text(text) {
        "printed output of tcpdump; record the packets themselves with: tcpdump -w FILE".into()
    } else if is_table(text) {
        "a table without names of its columns; if tshark -T fields made it, add: -E header=y".into()
    } else {
        "text, but no export of tshark that is known; write one with: tshark -r CAPTURE -T json".into()
    })
}

/// The first lines have equally many cells, and a number in the first.
fn is_table(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().take(3).collect();
    ['\t', ',', ';', '|'].into_iter().any(|separator| {
        let cells = |line: &&str| line.matches(separator).count();
        let number = |line: &&str| {
            let first = line.split(separator).next().unwrap_or_default().trim_matches(['"', '\'']);
            !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        };
        let most = lines.first().map_or(0, cells);
        most > 0 && lines.iter().all(number) && lines.iter().take(2).all(|line| cells(line) == most)
    })
}

/// `12:34:56.789012 IP ...`
fn is_tcpdump_text(text: &str) -> bool {
    let shape = b"00:00:00.000000 ";
    let line = text.as_bytes();
    line.len() > shape.len()
        && shape
            .iter()
            .zip(line)
            .all(|(shape, byte)| if *shape == b'0' { byte.is_ascii_digit() } else { shape == byte })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(head: &[u8]) -> String {
        sentence(Path::new("a.cap"), head, None, None)
    }

    #[test]
    fn names_the_format_and_the_command() {
        assert_eq!(
            say(b"GMBU\x00\x02"),
            "Network Monitor 2 capture; convert it with: editcap -F pcapng a.cap a.cap.pcapng"
        );
        assert_eq!(say(b"BZh91AY"), "compressed with bzip2; decompress it first: bunzip2 -k a.cap");
        assert_eq!(say(b""), "an empty file; nothing was captured into it");
        assert_eq!(say(b"\x7fELF\x02"), "a program, not a capture");
        assert!(say(b"<!DOCTYPE html><html>").starts_with("an HTML page"));
        assert!(say(b"{\"a\": 1}").starts_with("JSON, but no export"));
        assert!(
            say(b"12:34:56.789012 IP 192.0.2.1 > 192.0.2.2: ICMP").starts_with("printed output of tcpdump")
        );
        assert!(say(b"\x00\x01\x02\x03").contains("editcap -F pcapng a.cap"));
    }

    #[test]
    fn formats_without_a_magic() {
        let mut erf = vec![0; 64];
        for at in [0, 32] {
            erf[at + 4..at + 8].copy_from_slice(&1_700_000_000_u32.to_le_bytes());
            erf[at + 8..at + 12].copy_from_slice(&[2, 4, 0, 32]);
        }
        assert!(say(&erf).starts_with("Endace ERF capture"));
        let commview = [60, 0, 60, 0, 0, 0xe8, 0x07, 5, 17, 23, 59, 59, 0, 0, 0, 0];
        assert!(say(&commview).starts_with("CommView capture"));
        let mut peek = [0; 64];
        peek[0] = 7;
        assert!(say(&peek).starts_with("EtherPeek"));
    }

    #[test]
    fn names_survive_a_shell() {
        assert_eq!(name(Path::new("a b.cap")), "'a b.cap'");
        assert_eq!(name(Path::new("it's.cap")), r"'it'\''s.cap'");
        assert_eq!(name(Path::new("-rf")), "'./-rf'");
        assert_eq!(name(Path::new("-")), "FILE");
    }
}
