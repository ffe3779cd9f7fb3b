//! Who may make an account.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use straightway_core::{Error, Forbidden};
use subtle::{Choice, ConstantTimeEq};

/// Who may make an account.
#[derive(Clone, Debug)]
pub enum Signup {
    /// Everybody: only for a server that nobody else reaches.
    Open,
    /// Whoever knows one of the invitations.
    Invite(Invites),
    /// Nobody.
    Closed,
}

impl Signup {
    /// The policy with this word: `open`, `invite` (whoever knows one of `invites`) or `closed`.
    pub fn parse(word: &str, invites: Invites) -> Option<Self> {
        match word {
            "open" => Some(Self::Open),
            "invite" => Some(Self::Invite(invites)),
            "closed" => Some(Self::Closed),
            _ => None,
        }
    }

    /// The word in settings and in `capabilities`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite(_) => "invite",
            Self::Closed => "closed",
        }
    }

    /// Whether an account may be made with this invitation.
    ///
    /// # Errors
    /// `Forbidden(SignupClosed)`, the same for none and a wrong one.
    pub(crate) fn admit(&self, invite: Option<&str>) -> Result<(), Error> {
        let welcome = match self {
            Self::Open => true,
            Self::Invite(invites) => invite.is_some_and(|invite| invites.contain(invite)),
            Self::Closed => false,
        };
        if welcome { Ok(()) } else { Err(Error::Forbidden(Forbidden::SignupClosed)) }
    }
}

/// Invitations, as SHA-256 hashes. They can be used any number of times until they are taken from the settings.
#[derive(Clone, Default)]
pub struct Invites(Vec<[u8; 32]>);

impl Invites {
    /// Reads invitations from a setting: separated by commas, each either the SHA-256 of a text in lower-case hex,
    /// or (64 hex characters are never that) the text itself.
    pub fn parse(setting: &str) -> Self {
        let texts = setting.split(',').map(str::trim).filter(|text| !text.is_empty());
        Self(texts.map(|text| hash_in_hex(text).unwrap_or_else(|| hash(text))).collect())
    }

    /// Compares with every invitation in constant time: the time tells neither which one fits nor how nearly.
    fn contain(&self, invite: &str) -> bool {
        let given = hash(invite);
        let any = self.0.iter().fold(Choice::from(0), |any, known| any | known.ct_eq(&given));
        any.into()
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn hash_in_hex(text: &str) -> Option<[u8; 32]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

impl std::fmt::Debug for Invites {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Invites({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_a_text_or_its_hash() {
        let hashed = HEXLOWER.encode(&hash("come in"));
        let signup = Signup::Invite(Invites::parse(&format!("open sesame, {hashed}")));
        for right in ["open sesame", "come in"] {
            assert!(signup.admit(Some(right)).is_ok(), "{right}");
        }
        for wrong in [None, Some(""), Some("open"), Some("come in "), Some(hashed.as_str())] {
            assert!(matches!(signup.admit(wrong), Err(Error::Forbidden(Forbidden::SignupClosed))), "{wrong:?}");
        }
    }

    #[test]
    fn without_invitations_nobody_is_invited() {
        for setting in ["", " , "] {
            assert!(Signup::Invite(Invites::parse(setting)).admit(Some("")).is_err());
        }
    }

    #[test]
    fn every_policy_has_a_word() {
        for word in ["open", "invite", "closed"] {
            assert_eq!(Signup::parse(word, Invites::default()).unwrap().as_str(), word);
        }
        assert!(Signup::parse("Open", Invites::default()).is_none());
    }

    #[test]
    fn open_takes_everybody_and_closed_nobody() {
        assert!(Signup::Open.admit(None).is_ok());
        assert!(Signup::Closed.admit(Some("open sesame")).is_err());
    }
}
