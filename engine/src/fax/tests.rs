//! Whole faxes, from announcement to report.

use super::*;
use crate::media::Direction;
use crate::model::FaxResult;
use crate::packet::PathId;

fn caller() -> Endpoint {
    Endpoint::v4([192, 0, 2, 10], 6100)
}

fn callee() -> Endpoint {
    Endpoint::v4([192, 0, 2, 20], 6200)
}

fn stranger() -> Endpoint {
    Endpoint::v4([192, 0, 2, 30], 6300)
}

fn announced(call: u32, party: Party, endpoint: Endpoint, kind: MediaKind) -> Announcement {
    Announcement {
        call,
        party,
        endpoint,
        rtcp: endpoint,
        kind,
        direction: Direction::SendRecv,
        payload_types: Vec::new(),
        ptime_ms: None,
        encrypted: false,
        fax_version: Some(0),
        frame: 1,
        at: Nanos(0),
    }
}

/// Feeds datagrams, one per frame.
struct Wire {
    tracker: Tracker,
    frame: u64,
}

impl Wire {
    fn new() -> Self {
        let mut tracker = Tracker::new(&Config::default());
        tracker.announce(&announced(1, Party::Caller, caller(), MediaKind::Fax));
        tracker.announce(&announced(1, Party::Callee, callee(), MediaKind::Fax));
        Self { tracker, frame: 1 }
    }

    fn send(&mut self, (source, destination): Ends, payload: &[u8]) -> Option<u32> {
        self.frame += 1;
        let cx = Context {
            frame: self.frame,
            at: Nanos(self.frame as i64 * Nanos::MILLI),
            source,
            destination,
            path: PathId::default(),
            dscp: 0,
            ip_id: None,
            fragmented: false,
        };
        self.tracker.datagram(&cx, payload, payload.len())
    }

    /// An IFP, with those before it.
    fn ifp(&mut self, ends: Ends, seq: u16, primary: &[u8], before: &[&[u8]]) {
        let mut payload = seq.to_be_bytes().to_vec();
        payload.push(primary.len() as u8);
        payload.extend(primary);
        payload.extend([0, before.len() as u8]);
        for packet in before {
            payload.push(packet.len() as u8);
            payload.extend(*packet);
        }
        assert_eq!(self.send(ends, &payload), Some(1));
    }

    fn call(&self) -> Call {
        let mut call = Call { id: 1, end: Some(Nanos(i64::MAX)), ..Call::default() };
        self.tracker.tell(&mut call);
        call
    }

    fn fax(&self) -> Fax {
        *self.call().fax.expect("a fax")
    }
}

type Ends = (Endpoint, Endpoint);

fn out() -> Ends {
    (caller(), callee())
}

fn back() -> Ends {
    (callee(), caller())
}

/// A whole frame of T.30 in V.21.
fn said(octets: &[u8]) -> Vec<u8> {
    let mut ifp = vec![0xc0, 2, 0x80, 0, octets.len() as u8 + 1, 0xff, 0xc8];
    ifp.extend(octets);
    ifp.push(0x40);
    ifp
}

/// A piece of a page in V.17 at 14400 bit/s.
const PAGE: &[u8] = &[0xd0, 1, 0xe0, 0, 1, 0x55, 0xaa];

#[test]
fn a_page_there_and_its_answers_back() {
    let mut wire = Wire::new();
    wire.ifp(back(), 0, &said(&[0x01, 0, 0x46]), &[]);
    wire.ifp(out(), 0, &said(&[0xc1, 0, 0x46, 0x80]), &[]);
    wire.ifp(back(), 1, &said(&[0x21]), &[]);
    wire.ifp(out(), 1, PAGE, &[]);
    wire.ifp(out(), 2, &said(&[0xf4]), &[]);
    wire.ifp(back(), 2, &said(&[0x31]), &[]);
    let fax = wire.fax();
    assert_eq!((fax.result, fax.pages, fax.rate_bps), (FaxResult::Confirmed, 1, Some(14_400)));
    assert_eq!(fax.sender.as_deref(), Some("caller"));
    let told: Vec<_> = wire.call().events.iter().map(|event| (event.frame, event.kind.to_string())).collect();
    let kinds = ["fax_session", "fax_session", "fax_session", "fax_page", "fax_page", "fax_end"];
    let kinds = kinds.map(str::to_owned);
    assert_eq!(told, [2, 3, 4, 6, 7, 7].into_iter().zip(kinds).collect::<Vec<_>>());
}

#[test]
fn redundancy_brings_back_what_was_said() {
    let mut wire = Wire::new();
    wire.ifp(back(), 0, &[0x06], &[]);
    // 1 to 3 are lost; 4 has 2 and 3
    let (two, three) = (said(&[0x01, 0, 0x46]), [0x00]);
    wire.ifp(back(), 4, &[0x04], &[&three, &two]);
    let call = wire.call();
    assert!(call.events.iter().any(|event| event.detail.contains("(DIS)") && event.frame == 3));
    assert!(
        call.events.iter().any(|event| event.detail == "1 packet of the callee is lost and not repaired")
    );
    let direction = wire.fax().directions.remove(0);
    assert_eq!((direction.lost, direction.repaired, direction.unrepaired), (3, 2, 1));
}

#[test]
fn another_port_than_it_receives_at() {
    let mut wire = Wire::new();
    let elsewhere = callee().with_port(7_777);
    wire.ifp(out(), 0, &[0x02], &[]);
    wire.ifp((elsewhere, caller()), 0, &[0x04], &[]);
    let fax = wire.fax();
    let directions: Vec<_> = fax.directions.iter().map(|one| one.direction.as_deref()).collect();
    assert_eq!(directions, [Some("caller_to_callee"), Some("callee_to_caller")]);
}

#[test]
fn only_what_goes_between_announced_ports_and_is_udptl() {
    let mut wire = Wire::new();
    let udptl = [0, 1, 1, 6, 0, 0];
    assert_eq!(wire.send((stranger(), stranger().with_port(9)), &udptl), None);
    let mut rtp = vec![0x80, 0, 0x10, 0x6d, 0, 0, 0x23, 0x36, 0xfa, 0x1b, 0xb4, 0xe6];
    rtp.extend([0xd5; 160]);
    assert_eq!(wire.send(out(), &rtp), None);
    assert_eq!(wire.send(out(), &[]), None);
    assert_eq!(wire.send(out(), &udptl), Some(1));
    // the port goes to the sound of another call
    wire.tracker.announce(&announced(2, Party::Callee, callee(), MediaKind::Audio));
    wire.tracker.announce(&announced(2, Party::Caller, caller(), MediaKind::Audio));
    assert_eq!(wire.send(out(), &udptl), None);
}

#[test]
fn what_broke_off_says_where() {
    let mut wire = Wire::new();
    wire.ifp(out(), 0, &[0x02], &[]);
    assert_eq!(wire.fax().result, FaxResult::Unknown, "one direction only");
    wire.ifp(back(), 0, &[0x04], &[]);
    let place = |wire: &Wire| (wire.fax().result, wire.fax().detail);
    let failed = |detail: &str| (FaxResult::Failed, detail.to_owned());
    assert_eq!(place(&wire), failed("the called machine did not say what it can receive (no DIS)"));
    wire.ifp(back(), 1, &said(&[0x01, 0, 0x46]), &[]);
    assert_eq!(place(&wire), failed("nobody answered the called machine (no DCS after its DIS)"));
    wire.ifp(out(), 1, &said(&[0xc1, 0, 0x42]), &[]);
    assert_eq!(place(&wire), failed("training at 2400 bit/s was not confirmed after 1 attempt"));
    wire.ifp(back(), 2, &said(&[0x21]), &[]);
    assert_eq!(place(&wire), failed("page 1 was never sent"));
    wire.ifp(out(), 2, PAGE, &[]);
    assert_eq!(place(&wire), failed("page 1 broke off"));
    wire.ifp(out(), 3, &said(&[0xf2]), &[]);
    assert_eq!(place(&wire), failed("page 1 was not confirmed: MPS had no answer"));
    wire.ifp(back(), 3, &said(&[0x31]), &[]);
    wire.ifp(out(), 4, PAGE, &[]);
    assert_eq!(place(&wire), failed("1 page confirmed, then page 2 broke off"));
    wire.ifp(out(), 5, &said(&[0xf4]), &[]);
    wire.ifp(back(), 4, &said(&[0x32]), &[]);
    assert_eq!(place(&wire), failed("1 page confirmed, 1 refused, then page 2 was refused (RTN)"));
}

#[test]
fn legs_and_calls_are_bounded() {
    let mut wire = Wire::new();
    for host in 0..200 {
        wire.ifp((Endpoint::v4([198, 51, 100, host], 4000), callee()), 0, &[0x02], &[]);
    }
    assert_eq!(wire.fax().directions.len(), MAX_LEGS);
    let mut tracker = Tracker::new(&Config { max_calls: 10, ..Config::default() });
    let payload = [0, 1, 1, 6, 0, 0];
    for call in 0..1_000_u32 {
        let at = Nanos(i64::from(call));
        let end = Endpoint::v4([198, 51, 100, 1], 1_000 + call as u16);
        tracker.announce(&Announcement { at, ..announced(call, Party::Caller, end, MediaKind::Fax) });
        let cx = Context {
            frame: call.into(),
            at,
            source: stranger(),
            destination: end,
            path: PathId::default(),
            dscp: 0,
            ip_id: None,
            fragmented: false,
        };
        tracker.datagram(&cx, &payload, payload.len());
        assert!(tracker.ports.len() <= 20 && tracker.sessions.len() <= 10);
    }
    assert!(tracker.dropped() > 900);
}

/// 8 KB is the budget of a call: 3.5 KB are left for signalling.
#[test]
fn a_fax_leaves_room_in_its_call() {
    let leg = size_of::<Leg>() + t30::MAX_MOMENTS * size_of::<t30::Moment>();
    let session = size_of::<Session>() + MAX_LEGS * leg;
    println!("{leg} bytes per leg, {session} at most");
    assert!(session <= 4_608, "{session} bytes");
}

proptest::proptest! {
    #[test]
    fn no_bytes_do_harm(
        datagrams in proptest::collection::vec((0_u8..4, proptest::collection::vec(0_u8.., 0..60)), 0..60),
    ) {
        let mut wire = Wire::new();
        for (way, bytes) in &datagrams {
            wire.send(if way % 2 == 0 { out() } else { back() }, bytes);
            if *way > 1 && bytes.len() < 100 {
                // the same as an IFP that arrives
                let mut payload = vec![bytes.first().copied().unwrap_or(0), 7, bytes.len() as u8];
                payload.extend(bytes);
                payload.extend([0, 0]);
                wire.send(out(), &payload);
            }
        }
        let call = wire.call();
        if let Some(fax) = call.fax {
            proptest::prop_assert!(fax.directions.iter().all(|one| one.lost >= one.repaired + one.unrepaired));
        }
    }
}
