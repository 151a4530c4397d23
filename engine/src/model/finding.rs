//! What to look at first: the report's `findings`.

use schemars::JsonSchema;
use serde::Serialize;

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Users notice.
    Warning,
    /// Users complain.
    Critical,
}

/// Something that a person should look at.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Kind, stable for scripts: `bad_mos`, `one_way_audio`, `high_loss`, ...
    pub kind: String,
    /// One line.
    pub title: String,
    /// One or two sentences: what, why, how bad.
    pub detail: String,
    /// Frames to look at, at most 16.
    pub frames: Vec<u64>,
    /// A Wireshark display filter that shows them.
    pub filter: String,
    /// What it is about.
    pub about: About,
}

/// What a finding is about.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct About {
    /// Call id.
    pub call: Option<u32>,
    /// Stream id.
    pub stream: Option<u32>,
    /// BSSID.
    pub bssid: Option<String>,
}
