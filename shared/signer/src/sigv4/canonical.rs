//! The canonical request: the one spelling of a request that both sides hash.

use std::borrow::Cow;

use crate::{Error, Method, encode};

/// Headers in canonical form: names in lower case and in order, values with single spaces.
pub(crate) struct CanonicalHeaders<'a> {
    headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// What to do with a header that occurs twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duplicates {
    Refuse,
    Join,
}

impl<'a> CanonicalHeaders<'a> {
    pub(crate) fn new(
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        duplicates: Duplicates,
    ) -> Result<Self, Error> {
        let mut canonical =
            headers.map(|(name, value)| canonical_header(name, value)).collect::<Result<Vec<_>, _>>()?;
        // Stable and by name alone: values of one name keep their order.
        canonical.sort_by(|(one, _), (other, _)| one.cmp(other));

        let repeated = canonical.windows(2).find(|pair| pair[0].0 == pair[1].0);
        if let Some([(name, _), _]) = repeated {
            if duplicates == Duplicates::Refuse {
                let name = name.to_string();
                return Err(Error::DuplicateHeader { name });
            }
            canonical = joined(canonical);
        }
        Ok(Self { headers: canonical })
    }

    /// `host;range`
    pub(crate) fn names(&self) -> String {
        let mut names = String::with_capacity(64);
        for (name, _) in &self.headers {
            names.extend([if names.is_empty() { "" } else { ";" }, name]);
        }
        names
    }

    fn push_lines(&self, out: &mut String) {
        for (name, value) in &self.headers {
            out.extend([name.as_ref(), ":", value.as_ref(), "\n"]);
        }
    }
}

fn canonical_header<'a>(name: &'a str, value: &'a str) -> Result<(Cow<'a, str>, Cow<'a, str>), Error> {
    require_token(name)?;
    if !encode::every(value, |byte| (b' '..=b'~').contains(&byte)) {
        let name = name.to_owned();
        return Err(Error::InvalidHeaderValue { name });
    }
    let is_lower = encode::every(name, |byte| !byte.is_ascii_uppercase());
    let name = if is_lower { Cow::Borrowed(name) } else { Cow::Owned(name.to_ascii_lowercase()) };
    Ok((name, single_spaced(value.trim_matches(' '))))
}

fn require_token(name: &str) -> Result<(), Error> {
    if name.is_empty() || !encode::every(name, is_token) {
        let name = name.to_owned();
        return Err(Error::InvalidHeaderName { name });
    }
    Ok(())
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

fn single_spaced(value: &str) -> Cow<'_, str> {
    let is_single = !value.as_bytes().windows(2).any(|pair| pair == b"  ");
    if is_single {
        return Cow::Borrowed(value);
    }
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    Cow::Owned(words.join(" "))
}

fn joined<'a>(sorted: Vec<(Cow<'a, str>, Cow<'a, str>)>) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    let mut joined: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::with_capacity(sorted.len());
    for (name, value) in sorted {
        match joined.last_mut() {
            Some((last, values)) if *last == name => {
                values.to_mut().extend([",", value.as_ref()]);
            }
            _ => joined.push((name, value)),
        }
    }
    joined
}

/// Mostly enough for the headers, their names and the payload's hash: more is allocated where it is not.
const HEADERS_ROOM: usize = 320;

/// The parts of a canonical request, each in its canonical form.
pub(crate) struct CanonicalRequest<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a CanonicalHeaders<'a>,
    pub(crate) names: &'a str,
    pub(crate) payload: &'a str,
}

impl CanonicalRequest<'_> {
    /// The text that is hashed; `query_room` is about how long the query is.
    pub(crate) fn write(&self, query_room: usize, push_query: impl FnOnce(&mut String)) -> String {
        let mut text = String::with_capacity(self.path.len() + query_room + HEADERS_ROOM);
        text.extend([self.method.as_str(), "\n", self.path, "\n"]);
        push_query(&mut text);
        text.push('\n');
        self.headers.push_lines(&mut text);
        text.extend(["\n", self.names, "\n", self.payload]);
        text
    }
}

/// A query parameter, percent-encoded.
pub(crate) type Encoded<'a> = (Cow<'a, str>, Cow<'a, str>);

pub(crate) fn push_pairs(out: &mut String, pairs: &[Encoded<'_>]) {
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push('&');
        }
        out.extend([name.as_ref(), "=", value.as_ref()]);
    }
}
