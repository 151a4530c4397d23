//! The Lua entry: `luaopen_airtone` for the Lua inside Wireshark and tshark, versions 5.1 to 5.4.
//!
//! The library links no Lua. It finds the entry points of the host's own Lua when it is opened and uses only
//! those with one binary interface in all versions (`host`, the only unsafe part). What is offered is in
//! `door`, what it computes in `analysis`.
//!
//! ```lua
//! local open = package.loadlib("/path/to/libairtone.so", "luaopen_airtone")
//! local airtone = open()
//! local engine = airtone.new(60, true, nil)
//! engine:clock(1700000000, 0, 0)
//! engine:feed(bytes, 1, 0.0, #bytes, 0, 1)
//! print(engine:report("report", "text", 100))
//! ```

mod analysis;
mod beside;
mod door;
mod finals;
mod header;
mod host;
mod link;
mod page_file;
mod riddle;

pub use host::luaopen_airtone;
