//! What a large report leaves out, so that it still opens at once and goes through the mail: the charts of its
//! better streams. Their figures stay.

use std::collections::HashSet;

use airtone_engine::Report;
use airtone_engine::model::Stream;

use crate::markup::Markup;
use crate::text::select::Named;

/// Streams that have charts, at most.
pub(super) const CHARTS: usize = 300;

/// Says so, once.
pub(super) fn remark(m: &mut Markup, report: &Report) {
    if report.streams.len() > CHARTS {
        m.put("<p class=quiet>In a report of this size only the ").show(CHARTS);
        m.put(" worst streams have charts; figures are there for all.</p>\n");
    }
}

/// Ids of the streams with charts: those that findings name, then those that sounded worst.
pub(super) fn charted(report: &Report) -> HashSet<u32> {
    let named = Named::new(report).streams;
    let mut order: Vec<&Stream> = report.streams.iter().collect();
    if order.len() > CHARTS {
        let bad = |stream: &Stream| stream.lost_percent + stream.late_percent.unwrap_or(0.0);
        let lq = |stream: &Stream| stream.mos.lq.unwrap_or(f64::INFINITY);
        order.sort_by(|a, b| {
            let by_name = named.contains(&b.id).cmp(&named.contains(&a.id));
            by_name.then(lq(a).total_cmp(&lq(b))).then(bad(b).total_cmp(&bad(a))).then(a.id.cmp(&b.id))
        });
        order.truncate(CHARTS);
    }
    order.into_iter().map(|stream| stream.id).collect()
}
