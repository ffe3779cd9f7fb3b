//! Times as they stand in signatures.

use jiff::{Timestamp, tz::Offset};

use crate::Error;

/// The UTC day of a signature, `20130524`. Days order as their text does.
pub(crate) type Day = [u8; 8];

/// The moment of a signature, `20130524T000000Z`.
#[derive(Clone, Copy)]
pub(crate) struct SigningTime([u8; 16]);

impl SigningTime {
    pub(crate) fn new(time: Timestamp) -> Result<Self, Error> {
        let utc = Offset::UTC.to_datetime(time);
        let year = u16::try_from(utc.year()).map_err(|_| Error::InvalidTime)?;

        let mut text = *b"00000000T000000Z";
        write_two(&mut text[0..2], year / 100);
        write_two(&mut text[2..4], year % 100);
        for (at, value) in [(4, utc.month()), (6, utc.day()), (9, utc.hour()), (11, utc.minute()), (13, utc.second())] {
            write_two(&mut text[at..at + 2], u16::from(value.unsigned_abs()));
        }
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        crate::encode::ascii(&self.0)
    }

    pub(crate) fn day(&self) -> Day {
        let [day @ .., _, _, _, _, _, _, _, _] = self.0;
        day
    }
}

fn write_two(digits: &mut [u8], value: u16) {
    for (digit, value) in digits.iter_mut().zip([value / 10, value % 10]) {
        *digit = b'0' + u8::try_from(value).expect("a digit is below ten");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(time: &str) -> String {
        let time = SigningTime::new(time.parse().unwrap()).unwrap();
        time.as_str().to_owned()
    }

    #[test]
    fn a_moment_is_written_in_utc_without_separators() {
        assert_eq!(text("2013-05-24T00:00:00Z"), "20130524T000000Z");
        assert_eq!(text("2024-02-29T23:59:59.999999999Z"), "20240229T235959Z");
        assert_eq!(text("2026-01-01T00:30:00+01:00"), "20251231T233000Z");
        assert_eq!(text("0007-08-09T01:02:03Z"), "00070809T010203Z");
    }

    #[test]
    fn the_day_is_the_utc_day() {
        let late: Timestamp = "2026-11-21T23:59:59Z".parse().unwrap();
        assert_eq!(&SigningTime::new(late).unwrap().day(), b"20261121");
    }

    #[test]
    fn years_before_zero_cannot_be_written() {
        let before = SigningTime::new(Timestamp::MIN);
        assert_eq!(before.err(), Some(Error::InvalidTime));
    }
}
