//! The real command: exit codes, sentences, formats, the calculator.

mod captures;
mod input;
mod mos;
mod reference;

use std::path::Path;

use assert_cmd::Command;

/// `tshark-post` with arguments, in an environment that does not decide anything.
fn tshark_post<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::cargo_bin("tshark-post").expect("the command is built with its tests");
    command.env_remove("COLUMNS").env_remove("NO_COLOR").args(args);
    command
}

/// What a run gave: exit code, standard output, standard error.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Ran {
    ran(&mut tshark_post(args))
}

fn ran(command: &mut Command) -> Ran {
    let output = command.output().expect("the command starts");
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

impl Ran {
    /// Exit 2, nothing on standard output, and one sentence that begins with the program's name.
    #[track_caller]
    fn assert_sentence(&self, start: &str) {
        assert_eq!(self.code, Some(2), "{}", self.err);
        assert_eq!(self.out, "");
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        assert!(self.err.starts_with(&format!("tshark-post: {start}")), "{}", self.err);
        assert!(!self.err.contains("os error") && !self.err.contains("Caused by"), "{}", self.err);
    }

    #[track_caller]
    fn assert_done(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}", self.err);
        &self.out
    }

    #[track_caller]
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.assert_done()).expect("JSON")
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

/// A pcap (microseconds, little endian, Ethernet) of `frames`, 20 ms apart.
fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for field in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend(field.to_le_bytes());
    }
    for (at, frame) in frames.iter().enumerate() {
        let micros = at as u32 * 20_000;
        let length = u32::try_from(frame.len()).expect("a small frame");
        for field in [1_700_000_000 + micros / 1_000_000, micros % 1_000_000, length, length] {
            file.extend(field.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

/// One G.711 packet of 20 ms from 192.0.2.1:4000 to 192.0.2.2:4000 in Ethernet, IPv4 and UDP.
fn rtp_frame(sequence: u16) -> Vec<u8> {
    let mut rtp = vec![0x80, 0];
    rtp.extend(sequence.to_be_bytes());
    rtp.extend((u32::from(sequence) * 160).to_be_bytes());
    rtp.extend(0x1a2b_3c4d_u32.to_be_bytes());
    rtp.extend([0xd5; 160]);
    let udp_len = 8 + rtp.len() as u16;
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
    frame.extend([0x45, 0]);
    frame.extend((20 + udp_len).to_be_bytes());
    frame.extend(sequence.to_be_bytes());
    frame.extend([0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    frame.extend(4000_u16.to_be_bytes());
    frame.extend(4000_u16.to_be_bytes());
    frame.extend(udp_len.to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(rtp);
    frame
}

/// A capture of `n` packets of one stream, less those that `lost` names.
fn stream_pcap(n: u16, lost: impl Fn(u16) -> bool) -> Vec<u8> {
    pcap(&(0..n).filter(|&at| !lost(at)).map(rtp_frame).collect::<Vec<_>>())
}
