//! A network namespace of the test's own, and what tests share.
#![allow(dead_code)]

pub mod capture;
pub mod wrap;

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
    if Command::new("python3").arg("-V").output().is_err() {
        println!("skipped: python3, which sends the packets, is not installed");
        return;
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

/// Sends GRE packets, given from GRE on, from this machine to itself.
pub fn send_gre(address: &str, packets: &[Vec<u8>]) {
    let program = "import socket,sys,time\n\
        v6=':' in sys.argv[1]\n\
        s=socket.socket(socket.AF_INET6 if v6 else socket.AF_INET,socket.SOCK_RAW,47)\n\
        s.setsockopt(socket.SOL_SOCKET,socket.SO_RCVBUF,0)\n\
        for line in sys.stdin: s.sendto(bytes.fromhex(line),(sys.argv[1],0))\n";
    let mut sender = python(program, &[address]);
    {
        use std::io::Write;
        let mut input = std::io::BufWriter::new(sender.stdin.take().unwrap());
        for packet in packets {
            writeln!(input, "{}", hex(packet)).unwrap();
        }
    }
    assert!(sender.wait().unwrap().success());
}

/// Runs `body` of the test named `test` in a process that may neither open raw sockets nor configure the network.
pub fn without_rights(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() || !may_open_raw_sockets() {
        return body();
    }
    let me = std::env::current_exe().unwrap();
    let status = Command::new("setpriv")
        .args(["--bounding-set=-net_raw,-net_admin", "--inh-caps=-net_raw,-net_admin"])
        .arg(me)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .stderr(Stdio::inherit())
        .status();
    match status {
        Ok(status) => assert!(status.success(), "{test} failed without rights"),
        Err(_) => println!("skipped: setpriv is not here"),
    }
}

/// Whether this process has CAP_NET_RAW.
pub fn may_open_raw_sockets() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
    u64::from_str_radix(set.trim(), 16).unwrap() & 1 << 13 != 0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
