use jiff::{Timestamp, TimestampRound, Unit};
use straightway_core::Clock;

/// The machine's clock, to the millisecond.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        let to_millis = TimestampRound::new().smallest(Unit::Millisecond).mode(jiff::RoundMode::Trunc);
        now.round(to_millis).unwrap_or(now)
    }
}
