//! Identifiers. They are opaque to clients; made from random bytes that the caller draws.

use std::fmt;

use data_encoding::HEXLOWER;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The identifier made of these 128 random bits: 32 characters of lower-case hex.
            pub fn from_random(bits: [u8; 16]) -> Self {
                Self(HEXLOWER.encode(&bits))
            }

            /// Parses an identifier; `None` when it cannot be one of ours (callers answer "not found").
            pub fn parse(text: &str) -> Option<Self> {
                let ours = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                ours.then(|| Self(text.to_owned()))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id_type!(
    /// An account.
    UserId
);
id_type!(
    /// The space a record belongs to: a person today, perhaps a team later.
    OwnerId
);
id_type!(
    /// One login of a user: the family of its refresh tokens.
    LoginId
);
id_type!(
    /// One upload from creation to its end.
    SessionId
);
id_type!(
    /// One named reference to a file, or a folder.
    EntryId
);
id_type!(
    /// One event in the outbox.
    EventId
);
id_type!(
    /// One piece of work that goes on after its request was answered.
    JobId
);

impl From<UserId> for OwnerId {
    /// A user's own space has the user's id.
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

impl From<&OwnerId> for UserId {
    fn from(owner: &OwnerId) -> Self {
        Self(owner.0.clone())
    }
}

impl From<&SessionId> for EventId {
    /// A session ends once, so its event has its id: a repeated commit cannot make two.
    fn from(session: &SessionId) -> Self {
        Self(session.0.clone())
    }
}

impl From<&EntryId> for EventId {
    /// An entry that no session made is made once, so its event has its id.
    fn from(entry: &EntryId) -> Self {
        Self(entry.0.clone())
    }
}

/// The key of an object in the stores: random, the same in both stores, never reused, never overwritten.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The key under which a session's bytes land: `objects/<2 hex>/<session id>`.
    pub fn of_session(session: &SessionId) -> Self {
        Self(format!("objects/{}/{session}", &session.as_str()[..2]))
    }

    /// Parses a key of ours; `None` for any other (a storage event may name anything).
    pub fn parse(text: &str) -> Option<Self> {
        let session = SessionId::parse(text.rsplit('/').next()?)?;
        let key = Self::of_session(&session);
        (key.0 == text).then_some(key)
    }

    /// The session that stored, or may store, this object.
    pub fn session_id(&self) -> SessionId {
        let (_, session) = self.0.rsplit_once('/').expect("the form is checked when the key is made");
        SessionId(session.to_owned())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectKey({})", self.0)
    }
}

/// The store's own id of a multipart upload; opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MultipartUploadId(pub String);

impl fmt::Display for MultipartUploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_32_hex_characters_and_nothing_else_parses() {
        let id = SessionId::from_random([0xab; 16]);
        assert_eq!(SessionId::parse(id.as_str()), Some(id.clone()));
        for wrong in ["", "root", "../etc", &id.as_str()[1..], &id.as_str().to_uppercase()] {
            assert_eq!(SessionId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_object_key_names_its_session_and_only_the_exact_form_parses() {
        let session = SessionId::from_random([0x1f; 16]);
        let key = ObjectKey::of_session(&session);
        assert_eq!(key.as_str(), format!("objects/1f/{session}"));
        assert_eq!(key.session_id(), session);
        assert_eq!(ObjectKey::parse(key.as_str()), Some(key));
        for wrong in [format!("objects/00/{session}"), format!("incoming/{session}"), format!("/objects/1f/{session}")]
        {
            assert_eq!(ObjectKey::parse(&wrong), None, "{wrong}");
        }
    }
}
