//! The Lua entry.
