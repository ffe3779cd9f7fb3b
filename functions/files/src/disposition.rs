//! `Content-Disposition`: which types a browser may show, and names it cannot be tricked with.

use std::fmt::Write;

use straightway_core::EntryName;

/// How a browser should treat a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    Attachment,
    Inline,
}

/// The header (RFC 6266) for an entry. `inline` only for types that run no script; everything else is an attachment,
/// whatever was asked for.
pub(crate) fn content_disposition(wanted: Disposition, name: &EntryName, content_type: &str) -> String {
    let kind = match wanted {
        Disposition::Inline if may_be_shown(content_type) => "inline",
        _ => "attachment",
    };
    let name: String = name.as_str().chars().filter(|c| !is_bidi_control(*c)).collect();
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn may_be_shown(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, _) = essence.split_once('/').unwrap_or_default();
    matches!(kind, "audio" | "video")
        || matches!(
            essence.as_str(),
            "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif" | "application/pdf" | "text/plain"
        )
}

/// What old clients read the same way: no quotes, no escapes, nothing percent-decoded.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%' | '/' | ';')
}

/// Marks that turn the order of letters around, so that `fdp.exe` can look like `exe.pdf` (Unicode TR 36).
const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(wanted: Disposition, name: &str, content_type: &str) -> String {
        content_disposition(wanted, &EntryName::parse(name).unwrap(), content_type)
    }

    #[test]
    fn only_types_that_run_no_script_are_shown() {
        for shown in
            ["image/png", "IMAGE/JPEG", "audio/ogg", "video/mp4", "application/pdf", "text/plain; charset=utf-8"]
        {
            assert!(header(Disposition::Inline, "a", shown).starts_with("inline;"), "{shown}");
            assert!(header(Disposition::Attachment, "a", shown).starts_with("attachment;"), "{shown}");
        }
        for kept in ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/octet-stream"] {
            assert!(header(Disposition::Inline, "a", kept).starts_with("attachment;"), "{kept}");
        }
    }

    #[test]
    fn names_cannot_break_out_of_the_header() {
        let of = |name: &str| header(Disposition::Attachment, name, "text/html");
        assert_eq!(of("film.mp4"), "attachment; filename=\"film.mp4\"; filename*=UTF-8''film.mp4");
        assert_eq!(of("a\"; x=\"b"), "attachment; filename=\"a__ x=_b\"; filename*=UTF-8''a%22%3B%20x%3D%22b");
        assert_eq!(of("..\\evil"), "attachment; filename=\".._evil\"; filename*=UTF-8''..%5Cevil");
        assert_eq!(of("\u{202e}fdp.exe"), "attachment; filename=\"fdp.exe\"; filename*=UTF-8''fdp.exe");
        assert_eq!(of("🎬é"), "attachment; filename=\"__\"; filename*=UTF-8''%F0%9F%8E%AC%C3%A9");
    }
}
