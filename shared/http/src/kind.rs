//! The problems that exist: their names, statuses and titles, in one table.

/// One kind of problem. Names are stable: clients localise from them.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Stands behind `urn:straightway:problem:`.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it is, in English.
    pub title: &'static str,
}

macro_rules! kinds {
    ($($constant:ident = $status:literal $name:literal $title:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`, ", $status, ".")]
            pub const $constant: Kind = Kind { name: $name, status: $status, title: $title };
        )*

        /// Every kind of problem.
        pub const ALL: &[Kind] = &[$($constant),*];
    };
}

kinds!(
    MALFORMED = 400 "malformed" "The request cannot be read";
    UNAUTHORIZED = 401 "unauthorized" "A valid access token is needed";
    WRONG_CREDENTIALS = 401 "wrong-credentials" "The credentials are wrong";
    FORBIDDEN = 403 "forbidden" "Not allowed";
    SIGNUP_CLOSED = 403 "signup-closed" "New accounts are not taken this way";
    NOT_FOUND = 404 "not-found" "Not found";
    METHOD_NOT_ALLOWED = 405 "method-not-allowed" "The route does not have this method";
    NAME_TAKEN = 409 "name-taken" "The name is taken";
    USERNAME_TAKEN = 409 "username-taken" "The user name is taken";
    PARTS_MISSING = 409 "parts-missing" "Parts are missing";
    ALREADY_STORED = 409 "already-stored" "The upload has become a file";
    IN_PROGRESS = 409 "in-progress" "The first request with this key still runs";
    SESSION_ENDED = 410 "session-ended" "The upload session has ended";
    CHANGED = 412 "changed" "Changed meanwhile";
    TOO_LARGE = 413 "too-large" "Too large";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported-media-type" "The body must be application/json";
    MISDIRECTED = 421 "misdirected" "This server does not answer for that host";
    INVALID = 422 "invalid" "The request is invalid";
    HASH_MISMATCH = 422 "hash-mismatch" "The content does not match its declared hash";
    TOO_MANY_REQUESTS = 429 "too-many-requests" "Too many requests";
    INTERNAL = 500 "internal" "Something went wrong on our side";
    UNAVAILABLE = 503 "unavailable" "Not available just now";
    QUOTA_EXCEEDED = 507 "quota-exceeded" "The quota is used up";
);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_its_own_name_and_an_error_status() {
        let names: HashSet<_> = ALL.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.iter().all(|kind| (400..600).contains(&kind.status)));
    }
}
