//! The host's Lua, found at run time, and the bridge between its stack and safe Rust. All unsafe code of the
//! Lua entry is here.
//!
//! Rules that every function here keeps:
//!
//! * Lua raises errors with `longjmp`. No frame of ours that is live while a raising function runs owns anything
//!   with a destructor, and everything is `extern "C-unwind"`.
//! * Rust never raises: functions return `nil, message`, and the caller in Lua decides.
//! * Each entry has three steps: take the arguments (types are checked first, so nothing raises), run safe code
//!   inside `catch_unwind` for an [`Answer`] that is `Copy`, push the answer. Texts are pushed from memory that
//!   the engine's userdata owns.
//! * After a panic the engine is poisoned: it refuses everything but its collection.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use super::analysis::Analysis;
use super::door::{self, Answer, Value};

/// `lua_State`, owned by the host.
#[repr(C)]
pub struct State {
    _opaque: [u8; 0],
}

type Function = unsafe extern "C-unwind" fn(*mut State) -> c_int;

// Types of values, the same numbers in all versions.
const TYPE_NUMBER: c_int = 3;
const TYPE_STRING: c_int = 4;
const TYPE_USERDATA: c_int = 7;

macro_rules! api {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// Entry points with the same binary interface in Lua 5.1, 5.2, 5.3 and 5.4. Where versions return
        /// different things, none is declared and none is used.
        #[allow(non_snake_case)]
        #[derive(Clone, Copy)]
        struct Api {
            $($name: unsafe extern "C-unwind" fn(*mut State $(, $argument)*) $(-> $result)?,)*
            /// `lua_newuserdatauv` (5.4).
            new_userdata_5_4: Option<unsafe extern "C-unwind" fn(*mut State, usize, c_int) -> *mut c_void>,
            /// `lua_newuserdata` (5.1 to 5.3).
            new_userdata: Option<unsafe extern "C-unwind" fn(*mut State, usize) -> *mut c_void>,
            /// `lua_rawlen` (5.2 on) or `lua_objlen` (5.1).
            raw_len: unsafe extern "C-unwind" fn(*mut State, c_int) -> usize,
        }

        impl Api {
            fn find(library: &Library) -> Option<Self> {
                // SAFETY: each name is looked up with the type that lua.h and lauxlib.h of 5.1 to 5.4 give it
                // (a returned value that is left out stays unread, which the C calling conventions allow).
                unsafe {
                    let api = Self {
                        $($name: symbol(library, concat!(stringify!($name), "\0"))?,)*
                        new_userdata_5_4: symbol(library, "lua_newuserdatauv\0"),
                        new_userdata: symbol(library, "lua_newuserdata\0"),
                        raw_len: symbol(library, "lua_rawlen\0").or_else(|| symbol(library, "lua_objlen\0"))?,
                    };
                    (api.new_userdata_5_4.is_some() || api.new_userdata.is_some()).then_some(api)
                }
            }
        }
    };
}

api! {
    lua_gettop: fn() -> c_int;
    lua_settop: fn(c_int);
    lua_type: fn(c_int) -> c_int;
    lua_toboolean: fn(c_int) -> c_int;
    lua_tolstring: fn(c_int, *mut usize) -> *const c_char;
    lua_touserdata: fn(c_int) -> *mut c_void;
    luaL_checknumber: fn(c_int) -> f64;
    lua_pushnil: fn();
    lua_pushnumber: fn(f64);
    lua_pushboolean: fn(c_int);
    lua_pushlstring: fn(*const c_char, usize);
    lua_pushvalue: fn(c_int);
    lua_pushcclosure: fn(Function, c_int);
    lua_createtable: fn(c_int, c_int);
    lua_setfield: fn(c_int, *const c_char);
    lua_setmetatable: fn(c_int);
    luaL_newmetatable: fn(*const c_char) -> c_int;
}

#[cfg(unix)]
use libloading::os::unix::Library;
#[cfg(windows)]
use libloading::os::windows::Library;

/// # Safety
/// `T` must be the type of the function that `name` (ending in NUL) stands for.
unsafe fn symbol<T: Copy>(library: &Library, name: &str) -> Option<T> {
    // SAFETY: the caller vouches for the type.
    unsafe { library.get::<T>(name.as_bytes()).ok().map(|symbol| *symbol) }
}

/// The Lua of this process; `None` in a host that has none or hides it.
fn api() -> Option<&'static Api> {
    static API: OnceLock<Option<Api>> = OnceLock::new();
    API.get_or_init(find).as_ref()
}

#[cfg(unix)]
fn find() -> Option<Api> {
    // Symbols of the program and of everything that it was linked with.
    Api::find(&Library::this())
}

#[cfg(windows)]
fn find() -> Option<Api> {
    // Symbols belong to a library there. Only one that the host has already loaded will do.
    let names = ["lua54.dll", "lua52.dll", "lua53.dll", "lua5.1.dll", "lua51.dll"];
    names.iter().find_map(|name| {
        let library = Library::open_already_loaded(name).ok()?;
        let api = Api::find(&library)?;
        // The host keeps it loaded; so do we, for the addresses are now ours too.
        std::mem::forget(library);
        Some(api)
    })
}

/// First words of our userdata, to tell it from those of others.
const MAGIC: [u64; 2] = [0x4169_7274_6f6e_6521, 0x9d1c_64f7_02b3_e85a];

/// The memory of a userdata.
#[repr(C)]
struct Block {
    magic: [u64; 2],
    /// From `Box::into_raw`; null before it was made and after collection.
    held: *mut Held,
}

struct Held {
    poisoned: bool,
    analysis: Analysis,
}

/// Arguments of a call as safe code sees them.
pub(super) struct Arguments<'a> {
    api: &'a Api,
    state: *mut State,
}

impl<'a> Arguments<'a> {
    /// Argument `n`, from 1 after the engine itself, when it is a number.
    pub(super) fn number(&self, n: u8) -> Option<f64> {
        let index = c_int::from(n) + 1;
        // SAFETY: the state is that of the running call; luaL_checknumber does not raise for a number.
        unsafe {
            let is_number = (self.api.lua_type)(self.state, index) == TYPE_NUMBER;
            is_number.then(|| (self.api.luaL_checknumber)(self.state, index))
        }
    }

    /// Truth of argument `n`; absent is false.
    pub(super) fn truth(&self, n: u8) -> bool {
        // SAFETY: lua_toboolean accepts any index and value.
        unsafe { (self.api.lua_toboolean)(self.state, c_int::from(n) + 1) != 0 }
    }

    /// Bytes of argument `n` when it is a string.
    pub(super) fn bytes(&self, n: u8) -> Option<&'a [u8]> {
        let index = c_int::from(n) + 1;
        // SAFETY: for a string, lua_tolstring neither converts nor raises, and the bytes live as long as the
        // argument lies on the stack, which is the whole call: nothing is popped before its end.
        unsafe {
            if (self.api.lua_type)(self.state, index) != TYPE_STRING {
                return None;
            }
            let mut len = 0;
            let start = (self.api.lua_tolstring)(self.state, index, &raw mut len);
            (!start.is_null()).then(|| std::slice::from_raw_parts(start.cast(), len))
        }
    }
}

/// A method of the engine in safe Rust.
pub(super) type Method = fn(&mut Analysis, &Arguments<'_>) -> Answer;

/// The engine behind argument 1.
///
/// # Safety
/// `state` must be that of the running call. The reference must not outlive the call, and only one may live.
unsafe fn held<'a>(api: &Api, state: *mut State) -> Option<&'a mut Held> {
    // SAFETY: a userdata of at least this size that begins with our magic is one of ours (Lua code cannot write
    // into userdata), its memory is aligned for any C type and initialised by `new`, and `held` is null or from
    // Box::into_raw. Lua runs one function of a state at a time and we never call back into it, so no other
    // reference lives.
    unsafe {
        if (api.lua_type)(state, 1) != TYPE_USERDATA || (api.raw_len)(state, 1) < size_of::<Block>() {
            return None;
        }
        let block = (api.lua_touserdata)(state, 1).cast::<Block>();
        if block.is_null() || (*block).magic != MAGIC {
            return None;
        }
        (*block).held.as_mut()
    }
}

const NO_ENGINE: &str = "airtone: not an engine (call with a colon, as in engine:feed(...))";
const POISONED: &str = "airtone: an internal error has stopped this analysis; please report it";

/// Runs a method and pushes what it answers.
unsafe fn call(state: *mut State, method: Method) -> c_int {
    let Some(api) = api() else { return 0 };
    // SAFETY: Lua calls us with its running state.
    let Some(held) = (unsafe { held(api, state) }) else { return refuse(api, state, NO_ENGINE) };
    if held.poisoned {
        return refuse(api, state, POISONED);
    }
    let arguments = Arguments { api, state };
    let answer = catch_unwind(AssertUnwindSafe(|| method(&mut held.analysis, &arguments)));
    match answer {
        Ok(answer) => push(api, state, &answer, Some(&held.analysis)),
        Err(panic) => {
            held.poisoned = true;
            // What a panic carries may have a destructor that panics again.
            std::mem::forget(panic);
            refuse(api, state, POISONED)
        }
    }
}

fn refuse(api: &Api, state: *mut State, why: &'static str) -> c_int {
    let answer = Answer::of(&[Value::Nil, Value::Fixed(why)]);
    push(api, state, &answer, None)
}

/// Pushes an answer; nothing here owns anything, as pushing a text may raise for lack of memory.
fn push(api: &Api, state: *mut State, answer: &Answer, analysis: Option<&Analysis>) -> c_int {
    let text = |text: &str| {
        // SAFETY: Lua copies the bytes, which live until the call returns.
        unsafe { (api.lua_pushlstring)(state, text.as_ptr().cast(), text.len()) }
    };
    for &value in answer.values() {
        // SAFETY: a C function has room for 20 values, an answer is shorter (asserted by its type), and
        // these functions accept any value.
        unsafe {
            match value {
                Value::Nil => (api.lua_pushnil)(state),
                Value::Number(number) => (api.lua_pushnumber)(state, number),
                Value::Truth(truth) => (api.lua_pushboolean)(state, c_int::from(truth)),
                Value::Fixed(fixed) => text(fixed),
                Value::Kept(slot) => text(analysis.map_or("", |analysis| analysis.text(slot))),
            }
        }
    }
    answer.values().len() as c_int
}

/// One `extern` function per method: a table of names and monomorphic shims.
macro_rules! methods {
    ($($name:ident)*) => {
        $(unsafe extern "C-unwind" fn $name(state: *mut State) -> c_int {
            // SAFETY: Lua calls this with its running state.
            unsafe { call(state, door::$name) }
        })*
        const METHODS: &[(&str, Function)] = &[$((concat!(stringify!($name), "\0"), $name)),*];
    };
}

methods! { feed beside take ahead port keys between decrypted message link clock facts so_far whole finding report html_file counts reset }

unsafe extern "C-unwind" fn version(state: *mut State) -> c_int {
    let Some(api) = api() else { return 0 };
    push(api, state, &Answer::of(&[Value::Fixed(env!("CARGO_PKG_VERSION"))]), None)
}

const METATABLE: &CStr = c"airtone.engine";

/// `airtone.new(buffer, announced_only, delay, over_time)`
unsafe extern "C-unwind" fn new(state: *mut State) -> c_int {
    let Some(api) = api() else { return 0 };
    // SAFETY: the running state. The functions of one group may raise for lack of memory only, and nothing is
    // owned by this frame until the last of them has returned. The block is initialised before its metatable
    // (and with it, collection) is set, and the box is stored as soon as it exists.
    unsafe {
        // Missing arguments become nil, so that the userdata is not taken for one.
        let top = 4;
        (api.lua_settop)(state, top);
        let block = match (api.new_userdata_5_4, api.new_userdata) {
            (Some(new), _) => new(state, size_of::<Block>(), 1),
            (None, Some(new)) => new(state, size_of::<Block>()),
            (None, None) => return 0,
        };
        let block = block.cast::<Block>();
        block.write(Block { magic: MAGIC, held: std::ptr::null_mut() });
        (api.luaL_newmetatable)(state, METATABLE.as_ptr());
        (api.lua_setmetatable)(state, top + 1);
        let arguments = FirstArguments(Arguments { api, state });
        let made = catch_unwind(AssertUnwindSafe(|| {
            door::new(&arguments).map(|analysis| Box::into_raw(Box::new(Held { poisoned: false, analysis })))
        }));
        match made {
            Ok(Ok(held)) => {
                (*block).held = held;
                1
            }
            Ok(Err(why)) => refuse(api, state, why),
            Err(panic) => {
                std::mem::forget(panic);
                refuse(api, state, POISONED)
            }
        }
    }
}

/// Arguments of a function that has no engine before them.
pub(super) struct FirstArguments<'a>(Arguments<'a>);

impl FirstArguments<'_> {
    /// Argument `n`, from 1, when it is a number.
    pub(super) fn number(&self, n: u8) -> Option<f64> {
        self.0.number(n - 1)
    }

    /// Truth of argument `n`.
    pub(super) fn truth(&self, n: u8) -> bool {
        self.0.truth(n - 1)
    }

    /// Bytes of argument `n` when it is a string.
    pub(super) fn bytes(&self, n: u8) -> Option<&[u8]> {
        self.0.bytes(n - 1)
    }
}

/// `__gc`, also `engine:free()`: gives the memory back at once. Later calls find no engine.
unsafe extern "C-unwind" fn free(state: *mut State) -> c_int {
    let Some(api) = api() else { return 0 };
    // SAFETY: `held` checks that it is ours; the pointer is taken out before the box is dropped, so a second
    // call finds null.
    unsafe {
        let Some(held) = held(api, state) else { return 0 };
        let held: *mut Held = held;
        let block = (api.lua_touserdata)(state, 1).cast::<Block>();
        (*block).held = std::ptr::null_mut();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(held)))) {
            std::mem::forget(panic);
        }
    }
    0
}

/// Called by `package.loadlib(path, "luaopen_airtone")()`: returns the table `{ new, version }`, or nothing in
/// a host whose Lua cannot be found.
///
/// # Safety
/// `state` must be the `lua_State` of the running call of a Lua 5.1 to 5.4.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_airtone(state: *mut State) -> c_int {
    let Some(api) = api() else { return 0 };
    // SAFETY: the running state; these functions may raise for lack of memory, and this frame owns nothing.
    unsafe {
        let top = (api.lua_gettop)(state);
        (api.luaL_newmetatable)(state, METATABLE.as_ptr());
        (api.lua_pushvalue)(state, -1);
        (api.lua_setfield)(state, -2, c"__index".as_ptr());
        let own: [(&str, Function); 2] = [("__gc\0", free), ("free\0", free)];
        for (name, function) in METHODS.iter().chain(&own) {
            (api.lua_pushcclosure)(state, *function, 0);
            (api.lua_setfield)(state, -2, name.as_ptr().cast());
        }
        (api.lua_settop)(state, top);
        (api.lua_createtable)(state, 0, 2);
        let functions: [(&str, Function); 2] = [("new\0", new), ("version\0", version)];
        for (name, function) in functions {
            (api.lua_pushcclosure)(state, function, 0);
            (api.lua_setfield)(state, -2, name.as_ptr().cast());
        }
    }
    1
}
