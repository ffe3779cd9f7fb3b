//! Percent-encoding and hexadecimal digits as signatures want them.

use std::borrow::Cow;

use crate::sha256::Digest;

const UPPER_HEX: &[u8; 16] = b"0123456789ABCDEF";
const LOWER_HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a raw path, percent-encoded, its slashes kept.
pub(crate) fn push_path(out: &mut String, raw: &str) {
    push(out, raw.as_bytes(), stays_in_path);
}

/// A raw name or value of a query parameter, percent-encoded.
pub(crate) fn query(raw: &str) -> Cow<'_, str> {
    if every(raw, is_unreserved) {
        return raw.into();
    }
    let mut encoded = String::new();
    push(&mut encoded, raw.as_bytes(), is_unreserved);
    encoded.into()
}

/// Appends a path that is percent-encoded in any way in the one canonical way.
pub(crate) fn push_recoded_path(out: &mut String, sent: &str) {
    push(out, &decode(sent), stays_in_path);
}

/// A percent-encoded name or value of a query parameter in the one canonical way.
pub(crate) fn recoded_query(sent: &str) -> String {
    let mut recoded = String::new();
    push(&mut recoded, &decode(sent), is_unreserved);
    recoded
}

/// Whether all bytes of a text are so. It never ends early, so that the compiler can look at many bytes at once.
pub(crate) fn every(text: &str, is_so: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & is_so(byte))
}

/// What stands for itself everywhere in a URI: RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn stays_in_path(byte: u8) -> bool {
    byte == b'/' || is_unreserved(byte)
}

/// The digest in lower-case hexadecimal digits.
pub(crate) fn hex(digest: &Digest) -> [u8; 64] {
    let mut digits = [0; 64];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(digest) {
        pair[0] = LOWER_HEX[usize::from(byte >> 4)];
        pair[1] = LOWER_HEX[usize::from(byte & 15)];
    }
    digits
}

/// A number in decimal digits, without an allocation.
pub(crate) struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    pub(crate) fn new(mut value: u64) -> Self {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        loop {
            start -= 1;
            digits[start] = LOWER_HEX[(value % 10) as usize];
            value /= 10;
            if value == 0 {
                return Self { digits, start };
            }
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.digits[self.start..]
    }

    pub(crate) fn as_str(&self) -> &str {
        ascii(self.as_bytes())
    }
}

/// ASCII that this crate wrote itself, as text.
pub(crate) fn ascii(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("only ASCII was written")
}

fn push(out: &mut String, raw: &[u8], stays: impl Fn(u8) -> bool) {
    out.reserve(raw.len());
    let mut rest = raw;
    while !rest.is_empty() {
        let plain = rest.iter().take_while(|byte| stays(**byte)).count();
        let (unchanged, changed) = rest.split_at(plain);
        out.push_str(ascii(unchanged));
        let Some((byte, after)) = changed.split_first() else {
            return;
        };
        out.push('%');
        out.push(char::from(UPPER_HEX[usize::from(byte >> 4)]));
        out.push(char::from(UPPER_HEX[usize::from(byte & 15)]));
        rest = after;
    }
}

/// Undoes percent-encoding; a percent sign without two digits stands for itself.
fn decode(sent: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(sent.len());
    let mut rest = sent.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let (value, next) = match escape(rest) {
            Some(value) => (value, &rest[3..]),
            None => (byte, after),
        };
        decoded.push(value);
        rest = next;
    }
    decoded
}

fn escape(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(push: fn(&mut String, &str), text: &str) -> String {
        let mut out = String::new();
        push(&mut out, text);
        out
    }

    #[test]
    fn only_unreserved_characters_stand_for_themselves() {
        assert_eq!(query("AZaz09-._~"), "AZaz09-._~");
        assert_eq!(query("a b+c/d%"), "a%20b%2Bc%2Fd%25");
        assert_eq!(query("é💾"), "%C3%A9%F0%9F%92%BE");
        assert_eq!(query("\0\u{7f}"), "%00%7F");
    }

    #[test]
    fn slashes_stay_in_paths() {
        assert_eq!(encoded(push_path, "a/b c//d"), "a/b%20c//d");
    }

    #[test]
    fn recoding_makes_every_spelling_the_same() {
        assert_eq!(encoded(push_recoded_path, "/%7euser/$1"), "/~user/%241");
        assert_eq!(encoded(push_recoded_path, "/~user/%241"), "/~user/%241");
        assert_eq!(recoded_query("100%"), "100%25");
        assert_eq!(recoded_query("%e1%88%B4"), "%E1%88%B4");
    }

    #[test]
    fn decimal_digits_are_those_of_display() {
        for value in [0, 9, 10, 16_777_216, u64::MAX] {
            assert_eq!(Decimal::new(value).as_str(), value.to_string());
        }
    }

    #[test]
    fn hexadecimal_digits_are_lower_case() {
        let mut digest = [0; 32];
        digest[0] = 0xab;
        digest[31] = 0x0f;
        let digits = hex(&digest);
        assert_eq!(&digits[..4], b"ab00");
        assert_eq!(&digits[60..], b"000f");
    }
}
