//! The way out of all inputs: the table of interfaces, the capture filter, and what to keep.

use airtone_capture::Interface;
use airtone_engine::LinkType;

use super::keep::Keep;
use crate::filter::Program;
use crate::source::{Counters, Received, Sink};

/// Interfaces that are told apart; senders choose sessions and addresses, and must not fill the memory.
pub const MAX_INTERFACES: usize = 256;

#[derive(Debug)]
struct Slot {
    program: Program,
    counters: Counters,
    /// Dropped and not yet told with a packet.
    owed: u64,
}

/// The outlet.
#[derive(Debug)]
pub struct Outlet {
    interfaces: Vec<Interface>,
    slots: Vec<Slot>,
    filter: String,
    keep: Keep,
}

impl Outlet {
    /// With a capture filter, which has been checked, and what to keep.
    pub fn new(filter: &str, keep: Keep) -> Self {
        Self { interfaces: Vec::new(), slots: Vec::new(), filter: filter.trim().to_owned(), keep }
    }

    /// The interfaces so far.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Adds an interface. `filtered`: the kernel runs the capture filter for it.
    pub fn add(&mut self, name: &str, description: String, link: LinkType, filtered: bool) -> usize {
        let program = if filtered { Program::All } else { Program::new(&self.filter, link) };
        self.interfaces.push(Interface { link, name: name.to_owned(), description });
        self.slots.push(Slot { program, counters: Counters::default(), owed: 0 });
        self.slots.len() - 1
    }

    /// True when no more interfaces are to be added.
    pub fn is_full(&self) -> bool {
        self.slots.len() >= MAX_INTERFACES
    }

    /// Counters of all interfaces.
    pub fn counters(&self) -> Vec<Counters> {
        self.slots.iter().map(|slot| slot.counters).collect()
    }

    /// Packets of an interface that were dropped before they came here; told with its next packet.
    pub fn dropped(&mut self, interface: usize, packets: u64) {
        if let Some(slot) = self.slots.get_mut(interface) {
            slot.counters.dropped += packets;
            slot.owed += packets;
        }
    }

    /// The next packet.
    pub fn packet(&mut self, packet: Received<'_>, sink: &mut dyn Sink) {
        self.dropped(packet.interface, packet.dropped);
        let (Some(slot), Some(interface)) =
            (self.slots.get_mut(packet.interface), self.interfaces.get(packet.interface))
        else {
            return;
        };
        slot.counters.received += 1;
        if slot.program.passes(packet.bytes, packet.orig_len) {
            let slots = &mut self.slots;
            self.keep.packet(interface.link, packet, &mut |packet| {
                let owed = slots.get_mut(packet.interface).map_or(0, |slot| std::mem::take(&mut slot.owed));
                sink.packet(Received { dropped: owed, ..packet });
            });
        }
    }
}
