use serde::Serialize;
use serde::de::DeserializeOwned;
use straightway_core::seal::SealingKey;
use straightway_core::{Error, OwnerId, Violation};

/// Items on a page unless the client asks for another number.
pub const DEFAULT_LIMIT: usize = 100;
/// Most items on a page.
pub const MAX_LIMIT: usize = 1_000;

/// How many items the client wants on a page.
///
/// # Errors
/// `Invalid` at `limit` outside 1 to 1,000.
pub fn page_limit(wanted: Option<u64>) -> Result<usize, Error> {
    let Some(wanted) = wanted else { return Ok(DEFAULT_LIMIT) };
    match usize::try_from(wanted) {
        Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
        _ => Err(Error::invalid("limit", Violation::new("range", "must be 1 to 1000"))),
    }
}

/// Seals where a list goes on, so that a cursor works only for its owner and its list.
#[derive(Debug)]
pub struct Cursors(SealingKey);

impl Cursors {
    /// The sealer under a key derived from the deployment's secret.
    pub fn derive(secret: &[u8]) -> Self {
        Self(SealingKey::derive(secret, "cursor"))
    }

    /// The cursor of a position. `list` names the list with everything that selects its items.
    pub fn seal(&self, owner: &OwnerId, list: &str, position: &impl Serialize) -> String {
        self.0.seal(&(owner.as_str(), list, position))
    }

    /// The position in a cursor that a client brings back; `None` at the beginning of the list.
    ///
    /// # Errors
    /// `Invalid` at `cursor` for any but a cursor sealed for this owner and list.
    pub fn open<T: DeserializeOwned>(
        &self,
        owner: &OwnerId,
        list: &str,
        cursor: Option<&str>,
    ) -> Result<Option<T>, Error> {
        let Some(cursor) = cursor else { return Ok(None) };
        match self.0.open::<(String, String, T)>(cursor) {
            Some((sealed_owner, sealed_list, position)) if sealed_owner == owner.as_str() && sealed_list == list => {
                Ok(Some(position))
            }
            _ => Err(Error::invalid("cursor", Violation::new("cursor", "is no cursor of this list"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_works_only_for_its_owner_and_its_list() {
        let (cursors, ada, bob) = (Cursors::derive(b"s"), OwnerId::from_random([1; 16]), OwnerId::from_random([2; 16]));
        let cursor = cursors.seal(&ada, "files/root", &"film.mp4");
        let open = |owner, list, cursor| cursors.open::<String>(owner, list, cursor);
        assert_eq!(open(&ada, "files/root", Some(&cursor)).unwrap().as_deref(), Some("film.mp4"));
        assert_eq!(open(&ada, "files/root", None).unwrap(), None);
        for wrong in [
            open(&bob, "files/root", Some(&cursor)),
            open(&ada, "uploads", Some(&cursor)),
            open(&ada, "files/root", Some(&cursor[1..])),
            open(&ada, "files/root", Some("")),
            cursors.open::<String>(&ada, "files/root", Some(&Cursors::derive(b"other").seal(&ada, "files/root", &"a"))),
        ] {
            assert!(matches!(wrong, Err(Error::Invalid(violations)) if violations[0].pointer == "cursor"));
        }
    }

    #[test]
    fn a_page_has_1_to_1000_items() {
        assert_eq!(page_limit(None).unwrap(), 100);
        assert_eq!((page_limit(Some(1)).unwrap(), page_limit(Some(1_000)).unwrap()), (1, 1_000));
        for wrong in [0, 1_001, u64::MAX] {
            assert!(
                matches!(page_limit(Some(wrong)), Err(Error::Invalid(violations)) if violations[0].pointer == "limit")
            );
        }
    }
}
