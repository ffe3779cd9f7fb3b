use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use jiff::{SignedDuration, Timestamp};
use straightway_core::Clock;
use straightway_runtime::SystemClock;

/// The machine's clock, which a test can set forward: nobody waits for anything to expire. Only the bucket keeps the
/// real time, as any store would.
#[derive(Debug, Default)]
pub struct TestClock {
    ahead_millis: AtomicI64,
    per_look_millis: AtomicI64,
}

impl TestClock {
    /// Lets this much time pass at once; less than nothing sets the clock back.
    pub fn advance(&self, by: SignedDuration) {
        let millis = i64::try_from(by.as_millis()).expect("tests advance by days, not by ages");
        self.ahead_millis.fetch_add(millis, Ordering::SeqCst);
    }

    /// From now on each look at the clock takes this long: work that would need many files to run out of time runs
    /// out of it with a few.
    pub fn slow_down(&self, per_look: SignedDuration) {
        let millis = i64::try_from(per_look.as_millis()).expect("looks take seconds");
        self.per_look_millis.store(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let per_look = self.per_look_millis.load(Ordering::SeqCst);
        SystemClock.now() + SignedDuration::from_millis(self.ahead_millis.fetch_add(per_look, Ordering::SeqCst))
    }
}

impl TimeSource for TestClock {
    fn now(&self) -> SystemTime {
        let millis = u64::try_from(Clock::now(self).as_millisecond()).expect("it is after 1970");
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
    }
}
