//! A network namespace of the test's own, and what tests share.
#![allow(dead_code)]

use std::process::{Child, Command, Stdio};

/// Set in the process that runs inside the namespace.
const INSIDE: &str = "AIRTONE_TEST_IN_NAMESPACE";

/// Runs `body` of the test named `test` in a new network namespace: the test starts itself again inside one. The
/// namespace ends with that process. Says so and passes where namespaces are not permitted.
pub fn in_namespace(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        run("ip link set lo up");
        return body();
    }
    let Some(options) = ["-n", "-rn"].into_iter().find(|options| permitted(options)) else {
        println!("skipped: network namespaces are not permitted here");
        return;
    };
    let me = std::env::current_exe().unwrap();
    let status = Command::new("unshare")
        .arg(options)
        .arg(me)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed in its namespace");
}

fn permitted(options: &str) -> bool {
    let tried = Command::new("unshare")
        .args([options, "ip", "link", "set", "lo", "up"])
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

/// Runs a command, whose words have no spaces.
pub fn run(command: &str) {
    let mut words = command.split(' ');
    let status = Command::new(words.next().unwrap()).args(words).status().unwrap();
    assert!(status.success(), "{command}: {status}");
}

/// Two ends of a cable, both up and without the chatter of IPv6.
pub fn cable(one: &str, other: &str) {
    run(&format!("ip link add {one} type veth peer name {other}"));
    for end in [one, other] {
        let path = format!("/proc/sys/net/ipv6/conf/{end}/disable_ipv6");
        std::fs::write(path, "1").ok();
        run(&format!("ip link set {end} up"));
    }
}

/// Sends frames, given in hexadecimal, from `interface`, one after the other.
pub fn send_frames(interface: &str, frames: &[Vec<u8>]) {
    let program = "import socket,sys\n\
        s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW)\n\
        s.bind((sys.argv[1],0))\n\
        for line in sys.stdin: s.send(bytes.fromhex(line))\n";
    let mut sender = python(program, &[interface]);
    {
        use std::io::Write;
        let mut input = std::io::BufWriter::new(sender.stdin.take().unwrap());
        for frame in frames {
            writeln!(input, "{}", hex(frame)).unwrap();
        }
    }
    assert!(sender.wait().unwrap().success());
}

/// Starts a Python program with its input open.
pub fn python(program: &str, arguments: &[&str]) -> Child {
    Command::new("python3").arg("-c").arg(program).args(arguments).stdin(Stdio::piped()).spawn().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
