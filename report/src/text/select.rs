//! Long reports stay readable: which entries a section of the whole report shows, and where the rest is.

use std::collections::HashSet;

use airtone_engine::Report;

use super::page::Page;
use super::units::grouped;

/// Entries that a section of the whole report shows. The views of one section show all.
pub(crate) const MOST: usize = 25;

/// At most [`MOST`] of `items`, those with the lowest rank first in line, in their own order.
pub(crate) fn worst<T>(items: &[T], rank: impl Fn(&T) -> u32) -> Vec<&T> {
    if items.len() <= MOST {
        return items.iter().collect();
    }
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|&at| rank(&items[at]));
    order.truncate(MOST);
    order.sort_unstable();
    order.into_iter().map(|at| &items[at]).collect()
}

/// Says how many are not shown, and which command shows them.
pub(crate) fn tell_rest(page: &mut Page, indent: usize, all: usize, shown: usize, what: &str, command: &str) {
    if all > shown {
        let rest = grouped((all - shown) as u64);
        page.paragraph(indent, &format!("{rest} more {what}: tshark-post {command} shows all of them."));
    }
}

/// Calls, streams and BSSs that a finding names.
#[derive(Debug, Default)]
pub(crate) struct Named<'a> {
    pub(crate) calls: HashSet<u32>,
    pub(crate) streams: HashSet<u32>,
    pub(crate) bss: HashSet<&'a str>,
}

impl<'a> Named<'a> {
    pub(crate) fn new(report: &'a Report) -> Self {
        let about = || report.findings.iter().map(|finding| &finding.about);
        Self {
            calls: about().filter_map(|about| about.call).collect(),
            streams: about().filter_map(|about| about.stream).collect(),
            bss: about().filter_map(|about| about.bssid.as_deref()).collect(),
        }
    }
}
