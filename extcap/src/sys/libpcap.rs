//! libpcap's compiler of capture filters, found at run time: nothing is linked, and all but filters works without it.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::sync::OnceLock;

use libloading::Library;

use crate::failure::Failure;
use crate::filter::Instruction;

/// Names under which distributions install it: Debian's first.
const NAMES: [&str; 3] = ["libpcap.so.0.8", "libpcap.so.1", "libpcap.so"];
/// Without a network mask, which only `ip broadcast` needs.
const NO_NETMASK: c_uint = 0xffff_ffff;
/// Bytes of a packet that an accepting program asks for.
const SNAPLEN: c_int = 262_144;

/// `struct bpf_program`.
#[repr(C)]
struct Program {
    len: c_uint,
    instructions: *mut Instruction,
}

/// The functions that are used.
struct Functions {
    open_dead: unsafe extern "C" fn(c_int, c_int) -> *mut c_void,
    compile: unsafe extern "C" fn(*mut c_void, *mut Program, *const c_char, c_int, c_uint) -> c_int,
    error: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    free: unsafe extern "C" fn(*mut Program),
    close: unsafe extern "C" fn(*mut c_void),
    #[cfg(test)]
    run: unsafe extern "C" fn(*const Instruction, *const u8, c_uint, c_uint) -> c_uint,
    // The functions above live as long as it does.
    _library: Library,
}

/// Compiles a filter for a link type (`DLT_*`).
///
/// # Errors
/// The compiler's sentence, or that there is no libpcap.
#[allow(unsafe_code)]
pub fn compile(filter: &str, dlt: i32) -> Result<Vec<Instruction>, Failure> {
    let Some(functions) = functions() else {
        return Err(Failure::new(
            "Capture filters need libpcap, which is not installed: install the package libpcap0.8 or libpcap, or leave \
             the filter empty.",
        ));
    };
    let Ok(text) = CString::new(filter) else {
        return Err(Failure::new("The capture filter holds a character that no filter may have."));
    };
    // SAFETY: the functions are libpcap's own of these signatures. The handle is closed once; the program is read before
    // it is freed, and its pointer and length are those that the compiler has just set.
    unsafe {
        let handle = (functions.open_dead)(dlt, SNAPLEN);
        if handle.is_null() {
            return Err(Failure::new("libpcap refuses to compile capture filters: out of memory."));
        }
        let mut program = Program { len: 0, instructions: std::ptr::null_mut() };
        let done = (functions.compile)(handle, &mut program, text.as_ptr(), 1, NO_NETMASK);
        let result = if done < 0 {
            let error = CStr::from_ptr((functions.error)(handle)).to_string_lossy();
            Err(Failure::new(format!("The capture filter {filter:?} is not valid: {error}.")))
        } else {
            let code = std::slice::from_raw_parts(program.instructions, program.len as usize).to_vec();
            (functions.free)(&mut program);
            Ok(code)
        };
        (functions.close)(handle);
        result
    }
}

fn functions() -> Option<&'static Functions> {
    static LOADED: OnceLock<Option<Functions>> = OnceLock::new();
    LOADED.get_or_init(|| NAMES.into_iter().find_map(load)).as_ref()
}

#[allow(unsafe_code)]
fn load(name: &str) -> Option<Functions> {
    // SAFETY: libpcap's initialisers do nothing but set up itself, and the symbols have these signatures since version 0.8.
    unsafe {
        let library = Library::new(name).ok()?;
        Some(Functions {
            open_dead: *library.get(b"pcap_open_dead\0").ok()?,
            compile: *library.get(b"pcap_compile\0").ok()?,
            error: *library.get(b"pcap_geterr\0").ok()?,
            free: *library.get(b"pcap_freecode\0").ok()?,
            close: *library.get(b"pcap_close\0").ok()?,
            #[cfg(test)]
            run: *library.get(b"bpf_filter\0").ok()?,
            _library: library,
        })
    }
}

/// libpcap's own interpreter, to compare ours with. `None` without libpcap.
#[cfg(test)]
#[allow(unsafe_code)]
pub fn run(program: &[Instruction], packet: &[u8], wire_len: u32) -> Option<u32> {
    let functions = functions()?;
    // SAFETY: a program that libpcap compiled, and a packet with its length.
    Some(unsafe { (functions.run)(program.as_ptr(), packet.as_ptr(), wire_len, packet.len() as c_uint) })
}
