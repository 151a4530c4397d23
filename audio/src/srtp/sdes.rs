//! `a=crypto` lines (RFC 4568 section 9.1).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Bytes of a master salt, of every suite here.
pub(super) const SALT: usize = 14;
/// Keys of one message.
const MOST_KEYS: usize = 64;

/// A master key as SDP gives it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// 16, 24 or 32 bytes.
    pub(super) master: Vec<u8>,
    pub(super) salt: [u8; SALT],
    /// Bytes of the authentication tag: 10 or 4.
    pub(super) tag: usize,
    /// Bytes of the master key identifier before the tag; mostly 0.
    pub(super) mki: usize,
    /// Frame of the SDP.
    pub frame: u64,
}

impl std::fmt::Debug for Key {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key of {} bits in frame {}", self.master.len() * 8, self.frame)
    }
}

/// What a line holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyLine {
    /// A key that can be used.
    Key(Key),
    /// Why it cannot.
    Unknown(String),
}

/// Bits of the key and bytes of the tag.
fn suite(name: &str) -> Option<(usize, usize)> {
    match name.to_ascii_uppercase().as_str() {
        "AES_CM_128_HMAC_SHA1_80" => Some((128, 10)),
        "AES_CM_128_HMAC_SHA1_32" => Some((128, 4)),
        "AES_192_CM_HMAC_SHA1_80" => Some((192, 10)),
        "AES_192_CM_HMAC_SHA1_32" => Some((192, 4)),
        "AES_256_CM_HMAC_SHA1_80" => Some((256, 10)),
        "AES_256_CM_HMAC_SHA1_32" => Some((256, 4)),
        _ => None,
    }
}

/// The keys in a SIP message that came in `frame`.
#[must_use]
pub fn keys_in(message: &[u8], frame: u64) -> Vec<KeyLine> {
    let lines = message.split(|&byte| matches!(byte, b'\n' | b'\r'));
    let crypto = lines.filter_map(|line| {
        let (name, value) = line.split_at_checked(9)?;
        name.eq_ignore_ascii_case(b"a=crypto:").then(|| str::from_utf8(value).ok())?
    });
    crypto.flat_map(|line| keys_of(line, frame)).take(MOST_KEYS).collect()
}

/// `1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20|1:4;inline:KEY KDR=0`
fn keys_of(line: &str, frame: u64) -> Vec<KeyLine> {
    let unknown = |why: String| vec![KeyLine::Unknown(why)];
    let mut words = line.split_ascii_whitespace().skip(1);
    let (Some(name), Some(keys)) = (words.next(), words.next()) else {
        return unknown("its a=crypto line is not whole".to_owned());
    };
    let Some((bits, tag)) = suite(name) else {
        return unknown(format!("this program does not know the suite {name}"));
    };
    let is_hard = |word: &str| {
        let word = word.to_ascii_uppercase();
        word.starts_with("UNENCRYPTED_SRTP")
            || word.starts_with("UNAUTHENTICATED_SRTP")
            || word.strip_prefix("KDR=").is_some_and(|rate| rate != "0")
    };
    if let Some(word) = words.find(|word| is_hard(word)) {
        return unknown(format!("this program cannot follow the session parameter {word}"));
    }
    let key = |inline: &str| {
        let mut parts = inline.strip_prefix("inline:")?.split('|');
        let bytes = decoder().decode(parts.next()?).ok()?;
        let (master, salt) = bytes.split_at_checked(bits / 8)?;
        // A lifetime has no colon, a master key identifier has: its value and its length.
        let mki =
            parts.find_map(|part| part.split_once(':')).map_or(Some(0), |(_, length)| length.parse().ok());
        let mki = mki.filter(|mki| *mki <= 128)?;
        Some(Key { master: master.to_vec(), salt: salt.try_into().ok()?, tag, mki, frame })
    };
    let read = |inline: &str| match key(inline) {
        Some(key) => KeyLine::Key(key),
        None => KeyLine::Unknown("its key does not have the length of its suite".to_owned()),
    };
    keys.split(';').map(read).collect()
}

/// Some leave the padding out.
fn decoder() -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&STANDARD, config)
}
