//! How often passwords may be wrong and accounts be made: counted before any work is done.

use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use straightway_core::{Error, Limits, Username};

/// How often passwords may be wrong and accounts be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Wrong passwords for one name from one address in 15 minutes.
    pub wrong_per_name: u64,
    /// Wrong passwords from one address in an hour.
    pub wrong_per_address: u64,
    /// Attempts to make an account from one address in an hour.
    pub signups_per_address: u64,
}

impl Default for AttemptLimits {
    fn default() -> Self {
        Self { wrong_per_name: 10, wrong_per_address: 100, signups_per_address: 20 }
    }
}

impl AttemptLimits {
    /// The limits of a machine that only its own user reaches: all the same, times 100.
    #[must_use]
    pub const fn on_loopback(self) -> Self {
        Self {
            wrong_per_name: self.wrong_per_name * 100,
            wrong_per_address: self.wrong_per_address * 100,
            signups_per_address: self.signups_per_address * 100,
        }
    }
}

/// An attempt to give a right password, counted as wrong until it is [`Attempt::forgive`]n.
#[must_use = "an attempt that was right has to be forgiven"]
pub(crate) struct Attempt<'a> {
    limits: &'a dyn Limits,
    counted: [String; 2],
}

impl<'a> Attempt<'a> {
    /// Counts an attempt for a name (`None`: one that nobody can have) from an address.
    ///
    /// # Errors
    /// `TooMany` until the end of the window that is full.
    pub(crate) async fn count(
        limits: &'a dyn Limits,
        most: AttemptLimits,
        name: Option<&Username>,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let network = network(address);
        let name = name.map_or("-", Username::as_str);
        let (quarter, hour) = (Window::around(now, QUARTER), Window::around(now, HOUR));
        let for_name = format!("login#{network}#{name}#{}", quarter.start);
        let for_address = format!("login#{network}#{}", hour.start);
        quarter.take(limits, &for_name, most.wrong_per_name, now).await?;
        if let Err(refused) = hour.take(limits, &for_address, most.wrong_per_address, now).await {
            give_back(limits, &for_name).await;
            return Err(refused);
        }
        Ok(Self { limits, counted: [for_name, for_address] })
    }

    /// The password was right: right ones don't count.
    pub(crate) async fn forgive(self) {
        for counter in &self.counted {
            give_back(self.limits, counter).await;
        }
    }
}

/// Counts an attempt to make an account; whatever comes of it, it counts.
///
/// # Errors
/// `TooMany` until the end of the hour.
pub(crate) async fn count_signup(
    limits: &dyn Limits,
    most: AttemptLimits,
    address: IpAddr,
    now: Timestamp,
) -> Result<(), Error> {
    let hour = Window::around(now, HOUR);
    hour.take(limits, &format!("signup#{}#{}", network(address), hour.start), most.signups_per_address, now).await
}

/// A failure leaves a right attempt counted as wrong: too strict, never too lax.
async fn give_back(limits: &dyn Limits, counter: &str) {
    if let Err(error) = limits.give_back(counter, 1).await {
        tracing::warn!(%error, "an attempt was not given back");
    }
}

const QUARTER: SignedDuration = SignedDuration::from_mins(15);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A stretch of time that starts at a multiple of its length: its counter is named by its start, in seconds.
struct Window {
    start: i64,
    ends_at: Timestamp,
}

impl Window {
    fn around(now: Timestamp, length: SignedDuration) -> Self {
        let start = now.as_second() - now.as_second().rem_euclid(length.as_secs());
        Self { start, ends_at: Timestamp::from_second(start).unwrap_or(now) + length }
    }

    async fn take(&self, limits: &dyn Limits, counter: &str, most: u64, now: Timestamp) -> Result<(), Error> {
        if limits.take(counter, 1, most, self.ends_at).await? {
            return Ok(());
        }
        let left = Duration::try_from(self.ends_at.duration_since(now)).unwrap_or_default();
        Err(Error::TooMany { retry_after: left })
    }
}

/// What one subscriber has: an IPv4 address, or an IPv6 /64, in which anybody can take any number of addresses.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_one_another_without_gap_or_overlap() {
        let at = |second| Window::around(Timestamp::from_second(second).unwrap(), QUARTER);
        assert_eq!((at(900).start, at(1_799).start, at(1_800).start), (900, 900, 1_800));
        assert_eq!(at(1_799).ends_at.as_second(), 1_800);
    }

    #[test]
    fn an_ipv6_subscriber_is_one_address() {
        let network = |text: &str| super::network(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::9"), network("2001:db8:1:2:ffff::"));
        assert_ne!(network("2001:db8:1:3::9"), network("2001:db8:1:2::9"));
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.9");
    }
}
