//! Upload sessions: our record of one upload from creation to its end.

use jiff::{SignedDuration, Timestamp};

use crate::plan::Part;
use crate::{
    ContentHash, EntryId, EntryName, FileKey, FoldedName, FolderId, Metadata, MultipartUploadId, ObjectKey, OwnerId,
    PartNumber, PartPlan, SessionId,
};

/// 30 days: how long a session lives after its last signed or recorded part.
pub const IDLE_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// 60 days: how long a session lives at most.
pub const MAX_LIFE: SignedDuration = SignedDuration::from_hours(60 * 24);
/// 15 minutes: when a session that is being verified is due to be driven again.
pub const VERIFYING_DUE: SignedDuration = SignedDuration::from_mins(15);

/// Where a session stands. `Open` and `Verifying` are live, the others are ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionState {
    /// Parts are signed and uploaded.
    Open,
    /// Everything is said to be there; the bytes are being judged.
    Verifying,
    /// The bytes are a file, the entry is there.
    Stored,
    /// The bytes were wrong, or lost.
    Rejected,
    /// Cancelled by its owner.
    Aborted,
    /// Nothing happened for too long.
    Expired,
}

impl SessionState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Verifying, Self::Stored, Self::Rejected, Self::Aborted, Self::Expired];

    /// Whether the session can still become a file.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Open | Self::Verifying)
    }

    /// Whether the state machine has this step.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Open => !matches!(next, Self::Open),
            // Only an open session expires: one that is verified may have become an object already.
            Self::Verifying => matches!(next, Self::Stored | Self::Rejected | Self::Aborted),
            Self::Stored | Self::Rejected | Self::Aborted | Self::Expired => false,
        }
    }

    /// The word in records and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Verifying => "verifying",
            Self::Stored => "stored",
            Self::Rejected => "rejected",
            Self::Aborted => "aborted",
            Self::Expired => "expired",
        }
    }

    /// The state with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// The word in records and answers.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value with this word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words!(
    /// How the bytes of an upload come to be trusted.
    Integrity {
        /// Every part is signed with its leaf hash and exact length; the store refuses anything else.
        Leaf = "leaf",
        /// The finalizer reads the object.
        Read = "read",
    }
);
words!(
    /// How the client sends the bytes.
    UploadMethod {
        /// One presigned PUT.
        Put = "put",
        /// Presigned parts of a multipart upload.
        Multipart = "multipart",
    }
);
words!(
    /// What happens when the name is taken.
    OnConflict {
        /// The new entry gets another name.
        Rename = "rename",
        /// The request is refused, at creation.
        Fail = "fail",
        /// The new entry takes the name, the present holder goes.
        Replace = "replace",
    }
);
words!(
    /// Why an upload was rejected.
    RejectReason {
        /// The bytes have another hash than declared.
        HashMismatch = "hash-mismatch",
        /// The object has another size than declared.
        SizeMismatch = "size-mismatch",
        /// The object carries metadata that we did not set.
        ForeignMetadata = "foreign-metadata",
        /// The multipart upload and the object are both gone.
        Lost = "lost",
    }
);

/// Which parts the client says it has finished: a bit a part. It may lag behind the store, never decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoneParts(Vec<u8>);

impl DoneParts {
    /// The set as its record holds it: bit `n - 1`, lowest first, is part `n`.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// As [`DoneParts::from_bytes`] reads it: at most 1,250 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Adds a part; says whether it is new.
    pub fn insert(&mut self, number: PartNumber) -> bool {
        let (byte, bit) = (number.index() / 8, 1 << (number.index() % 8));
        if self.0.len() <= byte {
            self.0.resize(byte + 1, 0);
        }
        let new = self.0[byte] & bit == 0;
        self.0[byte] |= bit;
        new
    }

    /// Whether the part is in the set.
    pub fn contains(&self, number: PartNumber) -> bool {
        self.0.get(number.index() / 8).is_some_and(|byte| byte & (1 << (number.index() % 8)) != 0)
    }
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Finished parts.
    pub parts: u16,
    /// Bytes in finished parts.
    pub bytes: u64,
    /// 0 to 100, rounded down; 100 only when everything is there.
    pub percent: u8,
}

/// Our record of one upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadSession {
    /// Its identity; random.
    pub session_id: SessionId,
    /// Whose space the file will be in.
    pub owner_id: OwnerId,
    /// Where it stands.
    pub state: SessionState,
    /// Why it was rejected.
    pub reason: Option<RejectReason>,
    /// The id that the entry will have; fixed here so that a repeated commit cannot make two.
    pub entry_id: EntryId,
    /// Where the entry will be.
    pub parent: FolderId,
    /// The name decided at creation.
    pub name: EntryName,
    /// The name that was asked for: what a repeated create finds the session by, and what another name is made of.
    pub requested_name: EntryName,
    /// What to do when the name is taken at commit (`fail` was judged at creation; at commit it renames).
    pub on_conflict: OnConflict,
    /// What the owner says the bytes are.
    pub content_type: String,
    /// What the client's file system said.
    pub client_modified_at: Option<Timestamp>,
    /// What the client wants remembered.
    pub metadata: Metadata,
    /// How the file is cut, and its size.
    pub plan: PartPlan,
    /// One PUT or parts.
    pub method: UploadMethod,
    /// How the bytes come to be trusted.
    pub integrity: Integrity,
    /// What the client declared the content to be.
    pub content_hash: Option<ContentHash>,
    /// The store's multipart upload, once the first part was signed.
    pub multipart_id: Option<MultipartUploadId>,
    /// What the client said it finished.
    pub done: DoneParts,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ends unless something happens.
    pub expires_at: Timestamp,
}

impl UploadSession {
    /// The object key of this upload: random, never reused, never overwritten.
    pub fn object_key(&self) -> ObjectKey {
        ObjectKey::of_session(&self.session_id)
    }

    /// The identity of the declared content; `None` while no hash was declared.
    pub fn declared_file_key(&self) -> Option<FileKey> {
        self.content_hash.map(|content_hash| FileKey { content_hash, size_bytes: self.plan.size_bytes() })
    }

    /// What a repeated create of the same thing is recognised by; `None` without a content hash.
    ///
    /// The name stands last because it may hold any character.
    pub fn marker(&self) -> Option<String> {
        let hash = self.content_hash?;
        Some(marker(&self.owner_id, &self.parent, &self.requested_name.folded(), self.plan.size_bytes(), hash))
    }

    /// When a session that was created at `created_at` and used now ends unless something happens.
    pub fn expiry(created_at: Timestamp, now: Timestamp) -> Timestamp {
        (now + IDLE_LIFE).min(created_at + MAX_LIFE)
    }

    /// The part with this number, if the plan has it.
    pub fn part(&self, number: PartNumber) -> Option<Part> {
        self.plan.part(number)
    }

    /// How far the upload is: complete when stored, else what the client reported.
    pub fn progress(&self) -> Progress {
        if self.state == SessionState::Stored {
            return progress(&self.plan, |_| true);
        }
        progress(&self.plan, |number| self.done.contains(number))
    }
}

/// The marker of a live session for exactly this upload; see [`UploadSession::marker`].
pub fn marker(owner: &OwnerId, parent: &FolderId, name: &FoldedName, size_bytes: u64, hash: ContentHash) -> String {
    format!("{owner}#{parent}#{size_bytes}#{hash}#{}", name.as_str())
}

/// The progress of a plan of which `has` says what is there.
pub fn progress(plan: &PartPlan, has: impl Fn(PartNumber) -> bool) -> Progress {
    let (mut parts, mut bytes) = (0, 0);
    for part in plan.parts().filter(|part| has(part.number)) {
        parts += 1;
        bytes += part.size_bytes;
    }
    let percent = if parts == plan.part_count() {
        100
    } else {
        // u128: 100 times the largest file does not fit 64 bits comfortably.
        u8::try_from(u128::from(bytes) * 100 / u128::from(plan.size_bytes().max(1))).unwrap_or(100).min(99)
    };
    Progress { parts, bytes, percent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_machine_has_exactly_the_steps_of_the_design() {
        use SessionState::{Aborted, Expired, Open, Rejected, Stored, Verifying};
        let steps = [
            (Open, Verifying),
            (Open, Stored),
            (Open, Rejected),
            (Open, Aborted),
            (Open, Expired),
            (Verifying, Stored),
            (Verifying, Rejected),
            (Verifying, Aborted),
        ];
        for from in SessionState::ALL {
            for to in SessionState::ALL {
                assert_eq!(from.may_become(to), steps.contains(&(from, to)), "{from:?} -> {to:?}");
            }
            assert_eq!(from.is_live(), [Open, Verifying].contains(&from));
            assert_eq!(SessionState::parse(from.as_str()), Some(from));
        }
        assert_eq!(SessionState::parse("gone"), None);
    }

    #[test]
    fn done_parts_count_once() {
        let part = |n| PartNumber::new(n).unwrap();
        let mut done = DoneParts::default();
        assert!(done.insert(part(9)));
        assert!(!done.insert(part(9)));
        assert!(done.contains(part(9)));
        assert!(!done.contains(part(8)));
        assert!(!done.contains(part(10_000)));
        assert_eq!(DoneParts::from_bytes(done.as_bytes().to_vec()), done);
    }

    #[test]
    fn progress_is_a_hundred_only_when_everything_is_there() {
        let plan = PartPlan::for_size(10_000 * (16 << 20)).unwrap();
        let almost = progress(&plan, |n| n.get() != 1);
        assert_eq!((almost.parts, almost.percent), (9_999, 99));
        assert_eq!(progress(&plan, |_| true).percent, 100);
        assert_eq!(progress(&plan, |_| false), Progress { parts: 0, bytes: 0, percent: 0 });
        let empty = PartPlan::for_size(0).unwrap();
        assert_eq!(progress(&empty, |_| false).percent, 0);
        assert_eq!(progress(&empty, |_| true).percent, 100);
    }

    #[test]
    fn a_session_lives_thirty_days_after_its_last_part_and_sixty_at_most() {
        let created = Timestamp::UNIX_EPOCH;
        let day = |n: i64| created + SignedDuration::from_hours(24 * n);
        assert_eq!(UploadSession::expiry(created, created), day(30));
        assert_eq!(UploadSession::expiry(created, day(10)), day(40));
        assert_eq!(UploadSession::expiry(created, day(45)), day(60));
    }
}
