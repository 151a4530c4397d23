//! The open source: its inputs, read in turn, and their common outlet.

use std::time::Duration;

use airtone_capture::Interface;

use super::keep::Keep;
use super::listener::{Listener, Streams};
use super::outlet::Outlet;
use super::settings::{Kept, Origin, Settings};
use crate::failure::Failure;
use crate::filter;
use crate::source::{Counters, Flow, Received, Sink, Source};
use crate::sys;
use crate::sys::ring::{self, Ring};

/// Where packets come from.
#[derive(Debug)]
enum Input {
    /// A network interface and its place in the table.
    Network(Box<Ring>, usize),
    Datagrams(Listener),
    Streams(Streams),
}

/// An open mirror.
#[derive(Debug)]
pub struct Tap {
    inputs: Vec<Input>,
    outlet: Outlet,
    comment: String,
}

impl Tap {
    /// Opens all inputs.
    pub fn open(settings: &Settings) -> Result<Self, Failure> {
        let mut outlet = Outlet::new(&settings.filter, Keep::new(&settings.kept));
        let open = |origin: &Origin| match origin {
            Origin::Network(name) => network(name, settings, &mut outlet),
            Origin::Udp(address) => {
                Listener::udp(address.clone(), settings, &mut outlet).map(Input::Datagrams)
            }
            Origin::Tcp(address) => Streams::tcp(address.clone(), settings, &mut outlet).map(Input::Streams),
            Origin::Gre => Listener::gre(settings, &mut outlet).map(Input::Datagrams),
        };
        let inputs = settings.origins.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { inputs, outlet, comment: comment(settings) })
    }

    fn descriptors(&self) -> Vec<i32> {
        let mut all = Vec::new();
        for input in &self.inputs {
            match input {
                Input::Network(ring, _) => all.push(ring.fd()),
                Input::Datagrams(listener) => all.extend(listener.descriptors()),
                Input::Streams(streams) => all.extend(streams.descriptors()),
            }
        }
        all
    }
}

fn network(name: &str, settings: &Settings, outlet: &mut Outlet) -> Result<Input, Failure> {
    let kind = sys::link::hardware_type(name).unwrap_or(libc::ARPHRD_ETHER);
    let link = sys::link::Framing::of_hardware_type(kind).link;
    // The kernel sees packets without the VLAN tag that the interface took off.
    let in_kernel = !filter::names_tags(&settings.filter);
    let program = filter::compile(&settings.filter, link)?;
    let ring = Ring::open(
        name,
        &ring::Settings {
            promiscuous: settings.promiscuous,
            snaplen: settings.snaplen,
            filter: if in_kernel { &program } else { &[] },
            hardware_time: settings.hardware_time,
        },
    )?;
    let place = outlet.add(name, format!("network interface {name}"), ring.link(), in_kernel);
    Ok(Input::Network(Box::new(ring), place))
}

impl Source for Tap {
    fn comment(&self) -> String {
        self.comment.clone()
    }

    fn interfaces(&self) -> &[Interface] {
        self.outlet.interfaces()
    }

    fn read(&mut self, sink: &mut dyn Sink, wait: Duration) -> Result<Flow, Failure> {
        let told = |error: std::io::Error| sys::failure("Waiting for packets", &error);
        if !sys::wait_for(&self.descriptors(), wait).map_err(told)? {
            return Ok(Flow::Open);
        }
        let Self { inputs, outlet, .. } = self;
        for input in inputs {
            match input {
                Input::Network(ring, interface) => {
                    ring.read(Duration::ZERO, |packet| {
                        let ring::Captured { at, orig_len, bytes, dropped } = packet;
                        outlet.packet(Received { interface: *interface, at, orig_len, bytes, dropped }, sink);
                    })?;
                }
                Input::Datagrams(listener) => {
                    let told = |error| sys::failure("Receiving from a mirror", &error);
                    listener.read(outlet, sink).map_err(told)?;
                }
                Input::Streams(streams) => streams.read(outlet, sink),
            }
        }
        Ok(Flow::Open)
    }

    fn counters(&mut self) -> Vec<Counters> {
        let mut counters = self.outlet.counters();
        for input in &mut self.inputs {
            match input {
                Input::Network(ring, interface) => counters[*interface] = ring.statistics(),
                Input::Datagrams(listener) => listener.settle(&mut counters),
                Input::Streams(streams) => streams.settle(&mut counters),
            }
        }
        counters
    }

    fn control(&mut self, _number: u8, _payload: &[u8]) -> Result<(), Failure> {
        Ok(())
    }
}

/// How the packets were captured, for people who read the file later.
fn comment(settings: &Settings) -> String {
    let mut parts = Vec::new();
    for origin in &settings.origins {
        parts.push(match origin {
            Origin::Network(name) => format!("network interface {name}"),
            Origin::Udp(address) => address.label("udp"),
            Origin::Tcp(address) => address.label("tcp"),
            Origin::Gre => "GRE and ERSPAN".into(),
        });
    }
    let listens = settings.origins.iter().any(|origin| !matches!(origin, Origin::Network(_)));
    let unpacked = match (listens, settings.decapsulate) {
        (false, _) => "",
        (true, true) => {
            "; packets taken out of the mirror, their time the mirror's own where it has a clock (HEP, ERSPAN III, Aruba \
             ERM), drop counts of each mirror by its sequence numbers"
        }
        (true, false) => "; as they came, with IP and UDP headers rebuilt from the socket's addresses",
    };
    let Kept { calls, headers, call } = &settings.kept;
    let kept = match (calls, headers) {
        (false, false) => "everything",
        (true, false) => "calls only",
        (false, true) => "everything, RTP without its payload",
        (true, true) => "calls only, RTP without its payload",
    };
    let call = call.as_ref().map_or_else(String::new, |call| format!(", only the call with {call}"));
    let filter = match settings.filter.as_str() {
        "" => String::new(),
        filter => format!("; capture filter {filter:?}"),
    };
    format!("Airtone mirror: {}{unpacked}; kept: {kept}{call}{filter}", parts.join(", "))
}
