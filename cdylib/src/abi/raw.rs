//! Reads through the caller's pointers: arrays with a stride, structures with a size, text and bytes.
//!
//! Everything is copied out unaligned, so that a host may pack its arrays as it likes, and nothing that is
//! returned outlives the call (`'a` is chosen by the functions of the ABI, which let go of it before they end).

use std::borrow::Cow;
use std::mem::{MaybeUninit, size_of};

use super::guard::Fault;
use super::types::{
    airtone_beacon, airtone_bytes, airtone_config, airtone_facts, airtone_file, airtone_observation,
    airtone_packet, airtone_radio, airtone_report_options, airtone_status, airtone_str,
};

/// Structures of which every bit pattern, all zeros included, is a value, and that are Copy.
///
/// # Safety
/// Exactly that: integers, floats, raw pointers, and arrays and structures of them.
pub(super) unsafe trait Plain: Copy {}
// SAFETY: repr(C) structures of integers, floats, arrays of them, and raw pointers.
unsafe impl Plain for airtone_config {}
// SAFETY: as above.
unsafe impl Plain for airtone_packet {}
// SAFETY: as above.
unsafe impl Plain for airtone_observation {}
// SAFETY: as above.
unsafe impl Plain for airtone_radio {}
// SAFETY: as above.
unsafe impl Plain for airtone_beacon {}
// SAFETY: as above.
unsafe impl Plain for airtone_file {}
// SAFETY: as above.
unsafe impl Plain for airtone_report_options {}
// SAFETY: as above.
unsafe impl Plain for airtone_str {}

/// A structure that says more than this is no structure of any version.
const MAX_SIZE: usize = 4096;
/// `size` and `flags`: less is not worth having.
const MIN_SIZE: usize = 8;

/// A structure that begins with its size. Fields that the caller does not have are zero.
///
/// # Safety
/// `ptr` is null or readable for the number of bytes that its first four tell.
pub(super) unsafe fn sized<T: Plain>(ptr: *const T) -> Result<Option<T>, Fault> {
    if ptr.is_null() {
        return Ok(None);
    }
    let bytes = ptr.cast::<u8>();
    // SAFETY: readable for at least its size field.
    let size = unsafe { bytes.cast::<u32>().read_unaligned() } as usize;
    if size < MIN_SIZE {
        return Err(Fault::new(airtone_status::AIRTONE_E_SMALL, "the size of a structure is less than 8"));
    }
    if size > MAX_SIZE || !size.is_multiple_of(8) {
        return Err(Fault::arg(
            "the size of a structure is above 4096 or no multiple of 8: is it initialized?",
        ));
    }
    let known = size.min(size_of::<T>());
    // SAFETY: readable for `size` bytes as the caller vouches.
    let tail = unsafe { std::slice::from_raw_parts(bytes.add(known), size - known) };
    if tail.iter().any(|byte| *byte != 0) {
        return Err(Fault::version("a structure uses fields that this libairtone does not know"));
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are readable there and writable here; all else is zero, which is a value of `Plain`.
    unsafe {
        bytes.copy_to_nonoverlapping(value.as_mut_ptr().cast::<u8>(), known);
        Ok(Some(value.assume_init()))
    }
}

/// An array of the caller whose elements may be longer than ours.
#[derive(Clone, Copy)]
pub(super) struct Array<T> {
    first: *const T,
    pub(super) len: usize,
    stride: usize,
}

impl<T: Plain> Array<T> {
    /// # Safety
    /// `first` is null or readable for `len` times `stride` bytes for as long as the array is used.
    pub(super) unsafe fn new(first: *const T, len: usize, stride: usize) -> Result<Self, Fault> {
        if len > 0 && first.is_null() {
            return Err(Fault::null("the array is NULL"));
        }
        if len > 0 && stride < size_of::<T>() {
            let text = format!("the stride is {stride}, less than the {} of a structure", size_of::<T>());
            return Err(Fault::new(airtone_status::AIRTONE_E_SMALL, text));
        }
        let is_addressable = len.checked_mul(stride).is_some_and(|bytes| isize::try_from(bytes).is_ok());
        match is_addressable {
            true => Ok(Self { first, len, stride }),
            false => Err(Fault::arg("the array is larger than memory")),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<T> {
        if index >= self.len {
            return None;
        }
        // SAFETY: inside the array that `new` was vouched for; the product was checked there. Any bits are a T.
        Some(unsafe { self.first.byte_add(index * self.stride).read_unaligned() })
    }

    pub(super) fn iter(self) -> impl Iterator<Item = T> {
        (0..self.len).map_while(move |index| self.get(index))
    }
}

/// Bytes of the caller.
///
/// # Safety
/// `ptr` is null or readable for `len` bytes, unchanged for `'a`.
pub(super) unsafe fn bytes<'a>(ptr: *const u8, len: usize) -> Result<&'a [u8], Fault> {
    if len == 0 {
        return Ok(&[]);
    }
    if ptr.is_null() {
        return Err(Fault::null("data is NULL and its length is not 0"));
    }
    if isize::try_from(len).is_err() {
        return Err(Fault::arg("data is larger than memory"));
    }
    // SAFETY: not null, vouched for, and of a length that a slice may have.
    Ok(unsafe { std::slice::from_raw_parts(ptr, len) })
}

/// Text of the caller; what is no UTF-8 is replaced.
///
/// # Safety
/// As for [`bytes`].
pub(super) unsafe fn text<'a>(text: airtone_str) -> Result<Cow<'a, str>, Fault> {
    // SAFETY: passed on.
    unsafe { bytes(text.ptr.cast(), text.len) }.map(String::from_utf8_lossy)
}

/// # Safety
/// As for [`bytes`].
pub(super) unsafe fn payload<'a>(data: airtone_bytes) -> Result<&'a [u8], Fault> {
    // SAFETY: passed on.
    unsafe { bytes(data.ptr, data.len) }
}

/// Fills the caller's structure as far as its `size` goes; what it has beyond ours becomes zero.
///
/// # Safety
/// `out` is null or readable and writable for the number of bytes that its first four tell.
pub(super) unsafe fn put_facts(out: *mut airtone_facts, mut facts: airtone_facts) -> Result<(), Fault> {
    if out.is_null() {
        return Err(Fault::null("out is NULL"));
    }
    let to = out.cast::<u8>();
    // SAFETY: readable for at least its size field.
    facts.size = unsafe { to.cast::<u32>().read_unaligned() };
    let (size, ours) = (facts.size as usize, size_of::<airtone_facts>());
    if size < ours {
        let text = format!("airtone_facts.size is {size}, less than {ours}");
        return Err(Fault::new(airtone_status::AIRTONE_E_SMALL, text));
    }
    if size > MAX_SIZE {
        return Err(Fault::arg("airtone_facts.size is above 4096: is it initialized?"));
    }
    // SAFETY: writable for `size` bytes as the caller vouches, of which `ours` are no more than all.
    unsafe {
        (&raw const facts).cast::<u8>().copy_to_nonoverlapping(to, ours);
        to.add(ours).write_bytes(0, size - ours);
    }
    Ok(())
}
