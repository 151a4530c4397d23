//! How the library is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A host may unload a plugin at its end while a file is being decompressed on a thread, whose code must stay.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
