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
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_ref()).collect();
        names.join(";")
    }

    fn push_lines(&self, out: &mut String) {
        for (name, value) in &self.headers {
            out.extend([name.as_ref(), ":", value.as_ref(), "\n"]);
        }
    }
}

fn canonical_header<'a>(name: &'a str, value: &'a str) -> Result<(Cow<'a, str>, Cow<'a, str>), Error> {
    require_token(name)?;
    let text = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if !value.bytes().all(text) {
        let name = name.to_owned();
        return Err(Error::InvalidHeaderValue { name });
    }
    let name = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    };
    Ok((name, single_spaced(value.trim_matches(' '))))
}

fn require_token(name: &str) -> Result<(), Error> {
    // RFC 9110, section 5.6.2.
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        let name = name.to_owned();
        return Err(Error::InvalidHeaderName { name });
    }
    Ok(())
}

fn single_spaced(value: &str) -> Cow<'_, str> {
    if !value.contains("  ") {
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

/// Writes a canonical request: the path and query are already canonical.
pub(crate) fn canonical_request(
    method: Method,
    push_path: impl FnOnce(&mut String),
    push_query: impl FnOnce(&mut String),
    headers: &CanonicalHeaders<'_>,
    names: &str,
    payload: &str,
) -> String {
    let mut request = String::with_capacity(1024);
    request.extend([method.as_str(), "\n"]);
    push_path(&mut request);
    request.push('\n');
    push_query(&mut request);
    request.push('\n');
    headers.push_lines(&mut request);
    request.extend(["\n", names, "\n", payload]);
    request
}

/// A query parameter, percent-encoded.
pub(crate) type Encoded = (String, String);

pub(crate) fn encoded(name: &str, value: &str) -> Encoded {
    let mut pair = Encoded::default();
    encode::push_query(&mut pair.0, name);
    encode::push_query(&mut pair.1, value);
    pair
}

pub(crate) fn push_pairs<'a>(out: &mut String, pairs: impl Iterator<Item = &'a Encoded>) {
    for (index, (name, value)) in pairs.enumerate() {
        if index > 0 {
            out.push('&');
        }
        out.extend([name, "=", value]);
    }
}
