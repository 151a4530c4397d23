//! Capabilities: used to open what needs them, then given back.

/// Gives back the capabilities of this thread, and so of those that it starts: an open socket needs none. Called before
/// another thread is started. With `net_admin` that one remains: a radio is tuned while capturing. Root keeps the access to
/// files that it had, or a log or a replay in a user's folder could not be opened any more.
#[cfg(target_os = "linux")]
pub fn drop_capabilities(net_admin: bool) {
    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
    let mut wanted = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    wanted.set(CapabilitySet::NET_ADMIN, net_admin);
    let Ok(had) = capabilities(None) else { return };
    let kept = had.permitted & wanted;
    let none = CapabilitySet::empty();
    // Less than one has cannot be refused; and a capture that keeps what it had is no reason to end it.
    let _ = set_capabilities(None, CapabilitySets { effective: kept, permitted: kept, inheritable: none });
}

/// Other systems know no capabilities.
#[cfg(not(target_os = "linux"))]
pub fn drop_capabilities(_: bool) {}

/// The rest of a sentence for a source that may not be opened: how to get the permission.
#[must_use]
pub fn how_to_get_them() -> String {
    let program =
        std::env::current_exe().map_or_else(|_| "airtone-extcap".into(), |path| path.display().to_string());
    format!(
        "allow it with `sudo setcap cap_net_raw,cap_net_admin+eip {program}` or `sudo tshark-post install --system`"
    )
}
