//! Sizes as clients may write them: larger than any number of ours is still a size, and too large.

use std::fmt;
use std::num::IntErrorKind;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// What every wrong size is told.
const EXPECTED: &str = "a whole number from 0";
/// The first number that no `u64` has. `serde_json` reads it and all above as floating point.
const TOO_LARGE: f64 = 18_446_744_073_709_551_616.0;

/// For `deserialize_with`: a JSON number; what is more than `u64::MAX` becomes that.
pub(crate) fn saturating<'de, D: Deserializer<'de>>(field: D) -> Result<u64, D::Error> {
    field.deserialize_u64(Size)
}

struct Size;

impl Visitor<'_> for Size {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
        Ok(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
        u64::try_from(value).map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<u64, E> {
        if value >= TOO_LARGE { Ok(u64::MAX) } else { Err(E::invalid_type(Unexpected::Float(value), &self)) }
    }
}

/// For `deserialize_with` of a query parameter: digits; what is more than `u64::MAX` becomes that.
pub fn saturating_text<'de, D: Deserializer<'de>>(parameter: D) -> Result<u64, D::Error> {
    let text = String::deserialize(parameter)?;
    text.parse::<u64>().or_else(|error| match error.kind() {
        IntErrorKind::PosOverflow => Ok(u64::MAX),
        _ => Err(D::Error::invalid_value(Unexpected::Str(&text), &EXPECTED)),
    })
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    #[test]
    fn a_size_above_all_numbers_is_the_largest_one() {
        let read = |json: &str| saturating(&mut serde_json::Deserializer::from_str(json)).map_err(|e| e.to_string());
        let cases = [
            ("0", 0),
            ("5", 5),
            ("18446744073709551615", u64::MAX),
            ("18446744073709551616", u64::MAX),
            ("99999999999999999999", u64::MAX),
            ("1e30", u64::MAX),
        ];
        for (json, size) in cases {
            assert_eq!(read(json), Ok(size), "{json}");
        }
        for wrong in ["-1", "-99999999999999999999", "1.5", "5.0", "\"5\"", "null", "[5]", "true"] {
            let error = read(wrong).unwrap_err();
            assert!(error.contains("expected a whole number from 0"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_size_in_a_query_is_read_alike() {
        let read = |text: &str| {
            let deserializer: StrDeserializer<'_, Error> = text.into_deserializer();
            saturating_text(deserializer).map_err(|error| error.to_string())
        };
        for (text, size) in [("0", 0), ("18446744073709551615", u64::MAX), ("99999999999999999999", u64::MAX)] {
            assert_eq!(read(text), Ok(size), "{text}");
        }
        for wrong in ["", "-1", "-99999999999999999999", "1.5", "x", "5 "] {
            let error = read(wrong).unwrap_err();
            assert!(error.ends_with("expected a whole number from 0"), "{wrong}: {error}");
        }
    }
}
