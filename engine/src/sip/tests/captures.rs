//! Real captures from outside; skipped where the folder is absent.

use crate::sip::testing::capture;

#[test]
fn dump() {
    let Ok(name) = std::env::var("DUMP") else { return };
    let Some(run) = capture(&name) else { return };
    for s in run.calls() {
        let c = &s.call;
        println!("#{} {:?} {:?} {:?} {:?} code {:?} {:?} by {:?}\n  pdd {:?} ring {:?} setup {:?} dur {:?}\n  {:?} frames {:?} agreed {:?} both {} unans {:?}", c.id, c.call_ids, c.from, c.to, c.outcome, c.outcome_code, c.outcome_reason, c.ended_by, c.post_dial_delay_s, c.ring_s, c.setup_s, c.duration_s, c.features, s.frames, s.agreed_codecs, s.both_ways, s.unanswered_offer);
        for e in &c.events { println!("    {} {} {}", e.frame, e.kind, e.detail); }
    }
    let st = run.tracker.statistics();
    println!("{:?} {:?} re {} {:?}", st.requests, st.responses, st.retransmissions, st.rfc6076);
    for r in &st.registrations { println!("  REG {} {:?} {:?} code {:?} exp {:?} frame {} rt {:?}", r.aor, r.contact, r.outcome, r.code, r.expires_s, r.frame, r.round_trip_ms); }
    for a in &run.announcements { println!("  {} {:?} {} {} {:?} {:?} {:?}", a.frame, a.party, a.endpoint, a.rtcp, a.kind, a.direction, a.payload_types.iter().map(|p| &p.encoding[..]).collect::<Vec<_>>().join(",")); }
}
