//! The command line door: reads captures and exports, prints what the engine found.

fn main() {}
