//! The ways to the sensor: a stack of interface, VLANs and tunnels, known by a small number.

use std::collections::HashMap;
use std::fmt;

use super::PathInfo;
use super::sequence::Sequence;
use crate::packet::{Endpoint, PathId};

/// Paths that are told apart; more than any site has, few enough for hostile input.
const MAX_PATHS: usize = 1024;
/// Interface, VLANs and tunnels of one packet.
const MAX_PARTS: usize = 16;

/// What a part of a path is: the interface, a tag, a tunnel or a mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // The names are those of the encapsulations.
pub enum Kind {
    Interface,
    Device,
    Vlan,
    Mpls,
    Pppoe,
    Gre,
    GreTeb,
    Pptp,
    ErspanI,
    ErspanII,
    ErspanIII,
    Vxlan,
    VxlanGpe,
    Geneve,
    Gtp,
    IpIp,
    SixInFour,
    Tzsp,
    Hep,
    PeekRemote,
    ArubaErm,
    /// One that the decoder does not know: somebody else told what is in it.
    Other,
}

impl Kind {
    /// Its name, e.g. `ERSPAN II`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.names().0
    }

    /// Its name and what its number is called.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Interface => ("interface", ""),
            Self::Device => ("device", ""),
            Self::Vlan => ("VLAN", ""),
            Self::Mpls => ("MPLS", "label"),
            Self::Pppoe => ("PPPoE", "session"),
            Self::Gre => ("GRE", "key"),
            Self::GreTeb => ("GRE-TEB", "key"),
            Self::Pptp => ("PPTP", "call"),
            Self::ErspanI => ("ERSPAN I", ""),
            Self::ErspanII => ("ERSPAN II", "session"),
            Self::ErspanIII => ("ERSPAN III", "session"),
            Self::Vxlan => ("VXLAN", "VNI"),
            Self::VxlanGpe => ("VXLAN-GPE", "VNI"),
            Self::Geneve => ("GENEVE", "VNI"),
            Self::Gtp => ("GTP-U", "TEID"),
            Self::IpIp => ("IP-in-IP", ""),
            Self::SixInFour => ("6in4", ""),
            Self::Tzsp => ("TZSP", ""),
            Self::Hep => ("HEP", "agent"),
            Self::PeekRemote => ("PEEKREMOTE", ""),
            Self::ArubaErm => ("Aruba ERM", ""),
            Self::Other => ("other tunnel", "key"),
        }
    }
}

/// One step of the way; two steps are the same when all of this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Part {
    kind: Kind,
    /// Interface index, VLAN id, session, VNI, key or TEID.
    id: u32,
    /// Outer source and destination of a tunnel.
    outer: Option<[[u8; 16]; 2]>,
}

impl Part {
    /// A part without addresses.
    pub fn new(kind: Kind, id: u32) -> Self {
        Self { kind, id, outer: None }
    }

    /// A tunnel between two hosts.
    pub fn tunnel(kind: Kind, id: u32, source: Endpoint, destination: Endpoint) -> Self {
        Self { kind, id, outer: Some([source.octets, destination.octets]) }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, id) = self.kind.names();
        f.write_str(name)?;
        if let Some([source, destination]) = self.outer {
            write!(f, " {} > {}", Endpoint::v6(source, 0).ip(), Endpoint::v6(destination, 0).ip())?;
        }
        match (id, self.outer) {
            ("", Some(_)) => Ok(()),
            ("key", _) if self.id == 0 => Ok(()),
            ("", None) => write!(f, " {}", self.id),
            (what, _) => write!(f, " {what} {}", self.id),
        }
    }
}

/// Where interface 0 is the only one, naming it beside a VLAN or a tunnel is noise.
fn label(parts: &[Part]) -> String {
    let shown = match parts {
        [Part { kind: Kind::Interface, id: 0, .. }, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    shown.iter().map(Part::to_string).collect::<Vec<_>>().join(", ")
}

/// The table of paths, and the path of the packet that is being decoded.
#[derive(Debug, Default)]
pub(super) struct Paths {
    infos: Vec<PathInfo>,
    sequences: Vec<Option<Sequence>>,
    // The sender chooses sessions and addresses, but the table is too small for collisions to hurt.
    ids: HashMap<Box<[Part]>, PathId, foldhash::fast::RandomState>,
    /// The last path that was looked up; packets of one mirror come in runs.
    last: (Vec<Part>, PathId),
    plain: Vec<Option<PathId>>,
    last_vlan: Option<(u32, u16, PathId)>,
    stack: Vec<Part>,
    current: Option<PathId>,
    sequenced: Option<PathId>,
    /// Look-ups of paths beyond the bound.
    refused: u64,
}

impl Paths {
    pub fn infos(&self) -> &[PathInfo] {
        &self.infos
    }

    /// Packets, or runs of them, on paths beyond the bound.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Counts a packet on an interface with at most one VLAN tag (0: none) and gives its path.
    #[inline]
    pub fn plain(&mut self, interface: u32, vlan: u16) -> PathId {
        let known = match vlan {
            0 => self.plain.get(interface as usize).copied().flatten(),
            _ => self.last_vlan.filter(|last| (last.0, last.1) == (interface, vlan)).map(|last| last.2),
        };
        let id = known.unwrap_or_else(|| self.plain_new(interface, vlan));
        self.count(id);
        id
    }

    #[cold]
    fn plain_new(&mut self, interface: u32, vlan: u16) -> PathId {
        self.start(interface);
        if vlan != 0 {
            self.push(Part::new(Kind::Vlan, vlan.into()));
        }
        let id = self.current();
        if vlan != 0 {
            self.last_vlan = Some((interface, vlan, id));
        }
        id
    }

    /// The path of packets that come straight from an interface.
    pub fn of_interface(&mut self, interface: u32) -> PathId {
        self.start(interface);
        self.current()
    }

    /// Begins the path of a packet.
    pub fn start(&mut self, interface: u32) {
        self.stack.clear();
        self.stack.push(Part::new(Kind::Interface, interface));
        self.current = None;
        self.sequenced = None;
    }

    /// Leads the path on. False when it is too long.
    pub fn push(&mut self, part: Part) -> bool {
        let fits = self.stack.len() < MAX_PARTS;
        if fits {
            self.stack.push(part);
            self.current = None;
        }
        fits
    }

    /// The id of the path so far.
    pub fn current(&mut self) -> PathId {
        if let Some(id) = self.current {
            return id;
        }
        let id = match self.stack[..] {
            [Part { id, .. }] => self.interface(id),
            _ => self.intern(),
        };
        self.current = Some(id);
        id
    }

    fn interface(&mut self, interface: u32) -> PathId {
        let index = interface as usize;
        if let Some(id) = self.plain.get(index).copied().flatten() {
            return id;
        }
        let id = self.intern();
        if index < MAX_PATHS {
            self.plain.resize(self.plain.len().max(index + 1), None);
            self.plain[index] = Some(id);
        }
        id
    }

    fn intern(&mut self) -> PathId {
        if self.last.0 == self.stack {
            return self.last.1;
        }
        let id = self.look_up();
        self.last.0.clone_from(&self.stack);
        self.last.1 = id;
        id
    }

    fn look_up(&mut self) -> PathId {
        if let Some(id) = self.ids.get(self.stack.as_slice()) {
            return *id;
        }
        if self.infos.len() >= MAX_PATHS {
            self.refused += 1;
            return PathId::default();
        }
        let id = PathId(u16::try_from(self.infos.len()).unwrap_or_default());
        self.infos.push(PathInfo { label: label(&self.stack), ..PathInfo::default() });
        self.sequences.push(None);
        self.ids.insert(self.stack.as_slice().into(), id);
        id
    }

    #[inline]
    fn count(&mut self, id: PathId) {
        if let Some(info) = self.infos.get_mut(usize::from(id.0)) {
            info.packets += 1;
        }
    }

    /// The mirror at the end of the path so far gave the packet this sequence number.
    pub fn sequence(&mut self, number: u32) {
        let id = self.current();
        // Beyond the bound all mirrors share path 0, and their numbers are not one sequence.
        let beyond =
            id == PathId::default() && self.stack.len() > 1 && !self.ids.contains_key(self.stack.as_slice());
        let index = usize::from(id.0);
        if beyond || index >= self.infos.len() {
            return;
        }
        let lost = self.sequences[index].get_or_insert_default().arrived(number);
        self.infos[index].mirror_lost = Some(lost);
        self.count(id);
        self.sequenced = Some(id);
    }

    /// The packet has been decoded: counts it on its innermost path.
    pub fn arrived(&mut self) {
        let id = self.current();
        if self.sequenced == Some(id) {
            return;
        }
        self.count(id);
        if let Some(mirror) = self.sequenced {
            self.infos[usize::from(id.0)].mirror_lost = self.infos[usize::from(mirror.0)].mirror_lost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_name_what_matters() {
        let outer = (Endpoint::v4([10, 9, 0, 1], 1), Endpoint::v4([10, 9, 0, 2], 2));
        let erspan = Part::tunnel(Kind::ErspanII, 100, outer.0, outer.1);
        let interface = |id| Part::new(Kind::Interface, id);
        assert_eq!(label(&[interface(0)]), "interface 0");
        assert_eq!(label(&[interface(0), erspan]), "ERSPAN II 10.9.0.1 > 10.9.0.2 session 100");
        let vlan = Part::new(Kind::Vlan, 12);
        assert_eq!(label(&[interface(0), vlan]), "VLAN 12");
        assert_eq!(
            label(&[interface(3), vlan, Part::new(Kind::Mpls, 16)]),
            "interface 3, VLAN 12, MPLS label 16"
        );
        let gre = |key| Part::tunnel(Kind::GreTeb, key, outer.0, outer.1);
        assert_eq!(label(&[interface(0), gre(0)]), "GRE-TEB 10.9.0.1 > 10.9.0.2");
        assert_eq!(label(&[interface(0), gre(7)]), "GRE-TEB 10.9.0.1 > 10.9.0.2 key 7");
    }

    #[test]
    fn the_table_is_bounded_and_overflow_goes_to_path_0() {
        let mut paths = Paths::default();
        assert_eq!(paths.plain(0, 0), PathId(0));
        for interface in 0..5000 {
            paths.start(interface);
            assert!(paths.push(Part::new(Kind::Vlan, 7)));
            paths.sequence(interface);
            paths.arrived();
        }
        assert_eq!(paths.infos().len(), MAX_PATHS);
        assert_eq!(paths.infos()[0].mirror_lost, None);
        assert_eq!(paths.infos()[0].packets, 1 + 5000 - 1023);
        assert_eq!(paths.infos()[1].packets, 1);
        assert_eq!(paths.plain(u32::MAX, 0), PathId(0));
    }

    #[test]
    fn a_vlan_inside_a_mirror_repeats_its_figure() {
        let mut paths = Paths::default();
        for (number, vlan) in [(5, false), (7, true)] {
            paths.start(0);
            assert!(paths.push(Part::new(Kind::ErspanII, 1)));
            paths.sequence(number);
            assert!(!vlan || paths.push(Part::new(Kind::Vlan, 12)));
            paths.arrived();
        }
        let [mirror, inner] = paths.infos() else { panic!("{:?}", paths.infos()) };
        assert_eq!((mirror.packets, mirror.mirror_lost), (2, Some(1)));
        assert_eq!((inner.packets, inner.mirror_lost), (1, Some(1)));
    }
}
