//! What a probe saw.

use std::fmt;

use straightway_core::ports::Abilities;

/// One thing that a store should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Refuses a PUT whose bytes have another SHA-256 than the signed one.
    WrongPutDigestRefused,
    /// Refuses a PUT that is longer or shorter than signed.
    WrongPutLengthRefused,
    /// Returns the SHA-256 of an object that was PUT.
    PutChecksumReturned,
    /// Refuses a second PUT under a key when the URL says `If-None-Match: *`.
    SecondPutRefused,
    /// Refuses a part whose bytes have another SHA-256 than the signed one.
    WrongPartDigestRefused,
    /// Refuses a part that is longer or shorter than signed.
    WrongPartLengthRefused,
    /// Returns the composite SHA-256, with its number of parts, after Complete.
    CompositeReturned,
    /// Refuses `x-amz-*` headers that were not signed.
    UnsignedHeaderRefused,
}

impl Check {
    /// Everything that has to pass before the store is believed.
    const VOUCHING: [Self; 6] = [
        Self::WrongPutDigestRefused,
        Self::WrongPutLengthRefused,
        Self::PutChecksumReturned,
        Self::WrongPartDigestRefused,
        Self::WrongPartLengthRefused,
        Self::CompositeReturned,
    ];

    /// What is given up, or what stands in, when the check fails.
    fn consequence(self) -> &'static str {
        match self {
            Self::SecondPutRefused => "no single PUTs: small files are multipart uploads of one part",
            Self::UnsignedHeaderRefused => "uploads can carry headers of their own: finalize rejects those that do",
            _ => "the store does not vouch for content: every object is read back",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongPutDigestRefused => "a PUT with a wrong digest is refused",
            Self::WrongPutLengthRefused => "a PUT with a wrong length is refused",
            Self::PutChecksumReturned => "the SHA-256 of a PUT is returned",
            Self::SecondPutRefused => "a second PUT is refused",
            Self::WrongPartDigestRefused => "a part with a wrong digest is refused",
            Self::WrongPartLengthRefused => "a part with a wrong length is refused",
            Self::CompositeReturned => "the composite SHA-256 is returned",
            Self::UnsignedHeaderRefused => "an unsigned x-amz-* header is refused",
        })
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The store does it.
    Passed,
    /// The store does not; what it did instead.
    Failed(String),
}

/// Every check with its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeReport {
    /// In the order they were made.
    pub checks: Vec<(Check, Outcome)>,
}

impl ProbeReport {
    /// What the store may be trusted with.
    ///
    /// [`Check::UnsignedHeaderRefused`] decides nothing here: unsigned headers cannot change bytes or digest, and
    /// finalize rejects every object that carries metadata we did not set.
    pub fn abilities(&self) -> Abilities {
        Abilities {
            vouches: Check::VOUCHING.into_iter().all(|check| self.passed(check)),
            conditional_put: self.passed(Check::SecondPutRefused),
        }
    }

    /// Whether this check was made and passed.
    pub fn passed(&self, check: Check) -> bool {
        self.checks.contains(&(check, Outcome::Passed))
    }

    /// What did not pass, with what the store did instead.
    pub fn failed(&self) -> impl Iterator<Item = (Check, &str)> {
        self.checks.iter().filter_map(|(check, outcome)| match outcome {
            Outcome::Passed => None,
            Outcome::Failed(reason) => Some((*check, reason.as_str())),
        })
    }

    pub(super) fn log(&self) {
        for (check, reason) in self.failed() {
            let consequence = check.consequence();
            tracing::warn!(%check, reason, consequence, "the store fails a check");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Check; 8] = [
        Check::WrongPutDigestRefused,
        Check::WrongPutLengthRefused,
        Check::PutChecksumReturned,
        Check::SecondPutRefused,
        Check::WrongPartDigestRefused,
        Check::WrongPartLengthRefused,
        Check::CompositeReturned,
        Check::UnsignedHeaderRefused,
    ];

    fn report_without(failing: Check) -> ProbeReport {
        let outcome = |check| if check == failing { Outcome::Failed("accepted".to_owned()) } else { Outcome::Passed };
        ProbeReport { checks: ALL.map(|check| (check, outcome(check))).into() }
    }

    #[test]
    fn each_failing_check_takes_away_what_it_stands_for_and_no_more() {
        for check in ALL {
            let abilities = report_without(check).abilities();
            assert_eq!(abilities.vouches, !Check::VOUCHING.contains(&check), "{check}");
            assert_eq!(abilities.conditional_put, check != Check::SecondPutRefused, "{check}");
        }
    }

    #[test]
    fn a_check_that_was_not_made_did_not_pass() {
        let nothing = ProbeReport { checks: Vec::new() }.abilities();
        assert_eq!(nothing, Abilities { vouches: false, conditional_put: false });
    }
}
