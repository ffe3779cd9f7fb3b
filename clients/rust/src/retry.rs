//! When to try again: exponential backoff with full jitter, what the other side asks for, and where patience ends.

use std::time::{Duration, Instant};

/// How long to wait between tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait is at most this long; each further one may be twice as long.
    pub base: Duration,
    /// No wait is longer, unless the other side asks for it.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::from_millis(200), cap: Duration::from_secs(10) }
    }
}

impl Backoff {
    /// The wait after `tries` failures; `luck` is uniform in 0..1. What the other side asks for comes first, with
    /// jitter on top so that clients do not come back all at once.
    fn delay(self, tries: u32, asked: Option<Duration>, luck: f64) -> Duration {
        let ceiling = self.base.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(self.cap);
        match asked {
            Some(asked) => asked + self.base.mul_f64(luck),
            None => ceiling.mul_f64(luck),
        }
    }
}

/// How long failures in a row are borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// While nothing has answered yet: a server that is not there should be named soon.
    pub first: Duration,
    /// Once something has answered: a server that was there comes back.
    pub later: Duration,
}

impl Patience {
    /// For commands that somebody waits for.
    pub const SHORT: Self = Self { first: Duration::from_secs(3), later: Duration::from_secs(15) };
    /// For transfers, which finish by themselves when the server comes back.
    pub const LONG: Self = Self { first: Duration::from_secs(30), later: Duration::from_mins(15) };
}

/// The failures in a row of one request.
#[derive(Debug)]
pub(crate) struct Failures {
    backoff: Backoff,
    count: u32,
    since: Option<Instant>,
}

impl Failures {
    pub(crate) const fn new(backoff: Backoff) -> Self {
        Self { backoff, count: 0, since: None }
    }

    /// How many there were since the last success.
    pub(crate) const fn count(&self) -> u32 {
        self.count
    }

    /// Something went well: patience starts anew.
    pub(crate) const fn forget(&mut self) {
        self.count = 0;
        self.since = None;
    }

    /// Counts a failure; the wait before the next try, or `None` when patience ends before it.
    pub(crate) fn another(&mut self, asked: Option<Duration>, patience: Duration) -> Option<Duration> {
        self.count += 1;
        let since = *self.since.get_or_insert_with(Instant::now);
        let delay = self.backoff.delay(self.count, asked, luck());
        (since.elapsed() + delay <= patience).then_some(delay)
    }
}

/// Uniform in 0..1.
fn luck() -> f64 {
    // Without randomness jitter is lost, not correctness.
    let bits = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const BACKOFF: Backoff = Backoff { base: MS, cap: Duration::from_millis(100) };

    #[test]
    fn waits_double_up_to_the_cap_and_are_spread_over_the_whole_range() {
        let longest: Vec<_> = [1, 2, 3, 7, 8, 60].map(|tries| BACKOFF.delay(tries, None, 1.0)).into();
        assert_eq!(longest, [1, 2, 4, 64, 100, 100].map(|n| MS * n));
        assert_eq!(BACKOFF.delay(8, None, 0.0), Duration::ZERO);
    }

    #[test]
    fn what_the_server_asks_for_is_the_least() {
        let asked = Duration::from_secs(5);
        assert_eq!(BACKOFF.delay(1, Some(asked), 0.0), asked);
        assert_eq!(BACKOFF.delay(30, Some(asked), 1.0), asked + MS);
    }

    #[test]
    fn patience_ends_when_the_next_try_would_come_too_late() {
        let mut failures = Failures::new(BACKOFF);
        assert!(failures.another(None, Duration::from_mins(1)).is_some());
        assert_eq!(failures.another(Some(Duration::from_secs(61)), Duration::from_mins(1)), None);
        assert_eq!(failures.count(), 2);
        failures.forget();
        assert!(failures.another(Some(Duration::from_secs(59)), Duration::from_mins(1)).is_some());
    }

    #[test]
    fn luck_is_within_its_range() {
        assert!((0..1000).map(|_| luck()).all(|luck| (0.0..1.0).contains(&luck)));
    }
}
