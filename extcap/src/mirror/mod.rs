//! RTP and SIP from a mirror: a SPAN port, or a listener that mirrors send to.

mod clock;
mod dialog;
mod frame;
mod keep;
mod listener;
mod loss;
mod outlet;
mod settings;
mod tap;
mod unpack;

use airtone_engine::LinkType;

use crate::dialog::{Arg, Control, HostVersion, Value};
use crate::failure::Failure;
use crate::filter;
use crate::source::{Kind, Offered, Options, Source};
use settings::Settings;
use tap::Tap;

/// Link types that mirrored packets can have, the usual one first.
const LINK_TYPES: [LinkType; 7] = [
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::RADIOTAP,
    LinkType::PPI,
    LinkType::PRISM,
    LinkType::AVS,
    LinkType::IEEE802_11,
];

/// The interface `airtone_mirror`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mirror;

impl Kind for Mirror {
    fn interfaces(&self) -> Vec<Offered> {
        vec![Offered { name: "airtone_mirror".into(), display: "Airtone: RTP/SIP mirror".into() }]
    }

    fn link_types(&self, _interface: &str) -> Vec<LinkType> {
        LINK_TYPES.to_vec()
    }

    fn arguments(&self, _interface: &str, host: HostVersion) -> Vec<Arg> {
        dialog::arguments(host)
    }

    fn reload(&self, _interface: &str, argument: &str, _options: &Options) -> Vec<Value> {
        if argument == "source" { dialog::sources() } else { Vec::new() }
    }

    fn controls(&self, _interface: &str) -> Vec<Control> {
        Vec::new()
    }

    fn check_filter(&self, _interface: &str, filter: &str) -> Result<(), Failure> {
        filter::check(filter, &LINK_TYPES)
    }

    fn open(&self, interface: &str, options: &Options) -> Result<Box<dyn Source>, Failure> {
        let settings = Settings::parse(options)?;
        self.check_filter(interface, &settings.filter)?;
        Ok(Box::new(Tap::open(&settings)?))
    }

    fn cleanup(&self) {
        // Sockets, promiscuous mode and memberships end with the process that has them.
    }
}
