//! Names of entries: what is allowed, what counts as the same name, and how a free one is made.

use std::fmt;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

use crate::Violation;

/// Longest name, in bytes of UTF-8 (what common file systems take).
pub const MAX_NAME_BYTES: usize = 255;

/// The name of an entry as its owner wrote it: 1-255 bytes of UTF-8, no `/`, no control character, not `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryName(String);

impl EntryName {
    /// Checks a name.
    ///
    /// # Errors
    /// A violation with code `name` that says which rule is broken.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let wrong = |detail: &str| Err(Violation::new("name", detail));
        match text {
            "" => wrong("a name has at least one character"),
            "." | ".." => wrong("`.` and `..` are not names"),
            _ if text.len() > MAX_NAME_BYTES => wrong("a name has at most 255 bytes of UTF-8"),
            _ if text.contains('/') => wrong("a name has no `/`"),
            // `char::is_control` is exactly C0, DEL and C1.
            _ if text.chars().any(char::is_control) => wrong("a name has no control characters"),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What decides whether two names are the same.
    pub fn folded(&self) -> FoldedName {
        FoldedName::of(&self.0)
    }

    /// The `n`-th alternative to this name: `film.mp4` -> `film (1).mp4`, within [`MAX_NAME_BYTES`].
    #[must_use]
    pub fn numbered(&self, n: u32) -> Self {
        // A leading dot is part of the stem: `.profile` -> `.profile (1)`.
        let (stem, extension) = match self.0.rfind('.') {
            Some(dot) if dot > 0 && self.0.len() - dot <= 32 => self.0.split_at(dot),
            _ => (self.0.as_str(), ""),
        };
        let suffix = format!(" ({n}){extension}");
        let mut end = stem.len().min(MAX_NAME_BYTES - suffix.len());
        while !stem.is_char_boundary(end) {
            end -= 1;
        }
        Self(format!("{}{suffix}", &stem[..end]))
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `NFC(casefold(NFC(name)))`: unique in a folder, orders lists, matches `name` and `name_prefix`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FoldedName(String);

impl FoldedName {
    /// Folds any text (a prefix need not be a whole name).
    pub fn of(text: &str) -> Self {
        let nfc = ComposingNormalizerBorrowed::new_nfc();
        let folded = CaseMapper::new().fold_string(&nfc.normalize(text)).into_owned();
        Self(nfc.normalize(&folded).into_owned())
    }

    /// A name that was folded before, as a record or a cursor holds it.
    pub fn from_folded(text: String) -> Self {
        Self(text)
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Splits a relative path into names.
///
/// # Errors
/// A violation with code `name` for an empty path, an empty or dot segment, or any segment that is no name.
pub fn parse_path(path: &str) -> Result<Vec<EntryName>, Violation> {
    path.split('/').map(EntryName::parse).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_keep_their_spelling_and_compare_folded() {
        for (a, b) in
            [("Film.MP4", "film.mp4"), ("Straße", "STRASSE"), ("caf\u{e9}", "CAFE\u{301}"), ("Σίσυφος", "ΣΊΣΥΦΟΣ")]
        {
            let (a, b) = (EntryName::parse(a).unwrap(), EntryName::parse(b).unwrap());
            assert_eq!(a.folded(), b.folded());
            assert_ne!(a, b);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "x".repeat(256);
        for wrong in ["", ".", "..", "a/b", "a\0b", "a\nb", "\u{7f}", "\u{85}", &long] {
            assert_eq!(EntryName::parse(wrong).unwrap_err().code, "name", "{wrong:?}");
        }
        for right in ["...", " ", "a\\b", "🎬", &long[1..]] {
            assert_eq!(EntryName::parse(right).unwrap().as_str(), right);
        }
    }

    #[test]
    fn numbering_goes_before_the_extension() {
        let numbered = |name: &str| EntryName::parse(name).unwrap().numbered(2).0;
        assert_eq!(numbered("film.mp4"), "film (2).mp4");
        assert_eq!(numbered(".profile"), ".profile (2)");
        assert_eq!(numbered("notes"), "notes (2)");
        assert_eq!(numbered("archive.tar.gz"), "archive.tar (2).gz");
    }

    #[test]
    fn paths_are_split_and_bad_segments_refused() {
        let names: Vec<_> = parse_path("holiday/2026/film.mp4").unwrap().into_iter().map(|n| n.0).collect();
        assert_eq!(names, ["holiday", "2026", "film.mp4"]);
        for wrong in ["", "/a", "a/", "a//b", "a/./b", "a/../b"] {
            assert!(parse_path(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn a_numbered_name_is_a_name(text in "\\PC{1,80}", n in 1u32..) {
            if let Ok(name) = EntryName::parse(&text) {
                let numbered = name.numbered(n);
                prop_assert!(EntryName::parse(numbered.as_str()).is_ok());
                prop_assert_ne!(numbered.folded(), name.folded());
            }
        }

        #[test]
        fn folding_is_idempotent(text in "\\PC{0,40}") {
            let once = FoldedName::of(&text);
            prop_assert_eq!(FoldedName::of(once.as_str()), once);
        }
    }
}
