//! Standard input: a child of this test reads what the test writes to it.

mod common;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use airtone_capture::Input;
use common::{MICRO, Order, Pcap, drain};

const CHILD: &str = "AIRTONE_STDIN_CHILD";

/// Not a test but what [`reads_pipes`] starts.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let mut input = Input::open(&[PathBuf::from("-")]).expect("a capture");
    let all = drain(&mut input);
    let file = input.files().remove(0);
    assert_eq!(input.progress().1, None);
    println!("<{} {} {} {:?}>", file.path, file.format, all.len(), file.warnings);
}

fn through_pipe(bytes: &[u8]) -> String {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test again");
    let mut pipe = child.stdin.take().expect("a pipe");
    for part in bytes.chunks(1_000) {
        pipe.write_all(part).expect("the child reads");
    }
    drop(pipe);
    let output = child.wait_with_output().expect("the child ends");
    let text = String::from_utf8(output.stdout).expect("text");
    let start = text.find('<').expect("the line of the child");
    text[start..].lines().next().unwrap_or_default().to_string()
}

#[test]
fn reads_pipes() {
    let mut pcap = Pcap::new(Order::Big, MICRO, 4, 1);
    for second in 0..1_000 {
        pcap = pcap.packet(second, 0, &[7; 99]);
    }
    assert_eq!(through_pipe(&pcap.bytes), "<- pcap 1000 []>");
    assert_eq!(
        through_pipe(&zstd::stream::encode_all(&pcap.bytes[..], 1).expect("memory")),
        "<- pcap (zstd) 1000 []>"
    );
    let cut = through_pipe(&pcap.bytes[..pcap.bytes.len() - 1]);
    assert!(cut.starts_with("<- pcap 999 [\"file cut short at byte 115023"), "{cut}");
}
