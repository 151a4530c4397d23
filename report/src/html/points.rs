//! The figures behind a plot, for those who do not see it or want to know exactly: compact in an attribute, from which
//! the page's script makes a table when somebody opens it. Without the script the words beside the plot remain.

use super::figures::trimmed;
use crate::markup::Markup;

/// Columns over time: `start,step;name,value,value;...`. A value like the one before it is empty, an unknown one `-`.
#[derive(Clone, Debug)]
pub(super) struct Points {
    text: String,
}

impl Points {
    /// From `start`, each `step` later; both in seconds.
    pub(super) fn new(start: f64, step: f64) -> Self {
        Self { text: format!("{},{}", trimmed(start), trimmed(step)) }
    }

    /// Adds a column, whose name is a literal without comma and semicolon.
    pub(super) fn column(
        &mut self,
        name: &'static str,
        values: impl Iterator<Item = Option<f64>>,
    ) -> &mut Self {
        self.text.push(';');
        self.text.push_str(name);
        let mut last = None;
        for value in values {
            let value = value.map_or_else(|| "-".to_owned(), short);
            self.text.push(',');
            if last.as_ref() != Some(&value) {
                self.text.push_str(&value);
            }
            last = Some(value);
        }
        self
    }

    /// ` data-points="..."` inside a tag.
    pub(super) fn attribute(&self, m: &mut Markup) {
        m.attr_exact("data-points", &self.text);
    }
}

/// At most two places behind the point.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_said_once() {
        let mut points = Points::new(0.125, 1.0);
        points.column("MOS-LQ", [Some(4.41), Some(4.409), None, None, Some(10.0)].into_iter());
        points.column("Lost", [0.0, 0.0, 3.0].into_iter().map(Some));
        let mut m = Markup::new();
        points.attribute(&mut m);
        assert_eq!(m.as_str(), " data-points=\"0.125,1;MOS-LQ,4.41,,-,,10;Lost,0,,3\"");
    }
}
