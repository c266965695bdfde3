//! Text as people send it: trimmed, NFC, and free of characters that fool the eye.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// Trims and normalises to NFC, as every text field of the contract is.
#[must_use]
pub fn normalise(text: &str) -> String {
    text.trim().nfc().collect()
}

/// Whether `c` may stand in a name: no control, no bidirectional override, no line or paragraph
/// separator, no noncharacter (Unicode 16, sections 23.7 and 23.8; UAX #9 for the bidi set).
#[must_use]
pub fn allowed_in_name(c: char) -> bool {
    !(c.is_control()
        || is_bidi_control(c)
        || matches!(c, '\u{2028}' | '\u{2029}')
        || is_noncharacter(c))
}

/// Whether `c` may stand in running text: as in a name, but line breaks and tabs may.
#[must_use]
pub fn allowed_in_text(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t') || !(c.is_control() || is_noncharacter(c))
}

/// Running text from a stranger without what may not stand in it. Almost always that is nothing, and then
/// nothing is copied.
#[must_use]
pub fn running(text: String) -> String {
    if text.chars().all(allowed_in_text) {
        return text;
    }
    text.chars()
        .filter_map(|c| match c {
            c if allowed_in_text(c) => Some(c),
            // The vertical tab, the form feed and the like divide words.
            c if c.is_whitespace() => Some(' '),
            _ => None,
        })
        .collect()
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn is_noncharacter(c: char) -> bool {
    let n = c as u32;
    (0xFDD0..=0xFDEF).contains(&n) || n & 0xFFFE == 0xFFFE
}

/// Whether `c` is seen as nothing at all: such characters do not count towards a goal's length.
#[must_use]
pub fn invisible(c: char) -> bool {
    c.is_control()
        || is_bidi_control(c)
        || matches!(c, '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether `c` stands in a text without being seen, or has its neighbours look like something else. What writing needs is
/// no such character: line breaks, tabs, joiners and variation selectors (emoji, Persian), soft hyphens.
#[must_use]
pub fn fools_the_eye(c: char) -> bool {
    let is_of_writing = matches!(
        c,
        '\n' | '\t' | '\u{00AD}' | '\u{034F}' | '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{180B}'..='\u{180F}'
    );
    !is_of_writing && (invisible(c) || !allowed_in_name(c))
}

/// A piece of a text as a person is to see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    Plain(&'a str),
    /// A character that [`fools_the_eye`]: its code is shown.
    Mark(char),
}

/// The pieces of a text. The carriage return before a line feed is a piece of neither kind: the two are one line break.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let c = rest.chars().next()?;
            if rest.starts_with("\r\n") {
                rest = &rest[1..];
                continue;
            }
            if fools_the_eye(c) {
                rest = &rest[c.len_utf8()..];
                return Some(Piece::Mark(c));
            }
            let end = rest.find(fools_the_eye).unwrap_or(rest.len());
            let (plain, behind) = rest.split_at(end);
            rest = behind;
            return Some(Piece::Plain(plain));
        }
    })
}

/// The code of a character as it is shown: `U+202E`.
#[must_use]
pub fn code_of(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// The text with the code of each character that [`fools_the_eye`] in its place, in brackets.
#[must_use]
pub fn marked(text: &str) -> Cow<'_, str> {
    if !text.contains(fools_the_eye) {
        return Cow::Borrowed(text);
    }
    let piece = |piece| match piece {
        Piece::Plain(plain) => Cow::Borrowed(plain),
        Piece::Mark(c) => Cow::Owned(format!("[{}]", code_of(c))),
    };
    Cow::Owned(pieces(text).map(piece).collect())
}

/// The text on one line: what may not stand in a name counts as a blank, and blanks in a row are one. Nothing
/// in it can end a header or fool the eye.
#[must_use]
pub fn one_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if allowed_in_name(c) { c } else { ' ' })
        .collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first `n` characters, with an ellipsis when there are more.
#[must_use]
pub fn preview(text: &str, n: usize) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(n).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// One spelling of an e-mail address, by which people are told apart: NFC, lower case, the domain as DNS has it (IDNA,
/// UTS #46). Mail servers may tell `Ann@` from `ann@` (RFC 5321, section 2.4) and none does; two people who differ by
/// nothing else do not both approve.
#[must_use]
pub fn folded_address(address: &str) -> String {
    let whole = normalise(address).to_lowercase();
    let Some((local, host)) = whole.rsplit_once('@') else {
        return whole;
    };
    match url::Host::parse(host) {
        Ok(url::Host::Domain(domain)) => format!("{local}@{domain}"),
        Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) | Err(_) => whole,
    }
}

/// Whether two addresses are the same person's.
#[must_use]
pub fn is_same_address(one: &str, other: &str) -> bool {
    folded_address(one) == folded_address(other)
}

/// Whether this reads as one e-mail address a mail server would take: RFC 5321's limits (local
/// part 64, whole 254 octets), the dot-atom form of RFC 5322, a domain of at least two labels.
/// Quoted local parts and address literals are refused: no approver has one, and they carry attacks.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else {
        return false;
    };
    // Some letters are seen as nothing (U+3164).
    let letter = |c: char| c.is_alphanumeric() && !invisible(c);
    let atom = |c: char| letter(c) || "!#$%&'*+/=?^_`{|}~-".contains(c);
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(atom))
        && host.contains('.')
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| letter(c) || c == '-')
        })
        && !host
            .rsplit('.')
            .next()
            .is_some_and(|tld| tld.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_refuse_what_fools_the_eye() {
        for c in [
            '\u{0}', '\u{202E}', '\u{2028}', '\u{FFFF}', '\u{FDD0}', '\n',
        ] {
            assert!(!allowed_in_name(c), "{:x}", c as u32);
        }
        assert!("Größe 日本語 👩‍🚀".chars().all(allowed_in_name));
    }

    #[test]
    fn what_is_not_seen_is_shown_by_its_code_and_writing_stays_as_it_is() {
        for plain in ["Größe\n\t日本語", "👩‍🚀 می‌خواهم ❤️ Donau\u{AD}dampf", ""]
        {
            assert!(matches!(marked(plain), Cow::Borrowed(same) if same == plain));
        }
        for (text, shown) in [
            ("pay \u{202E}001\u{202C}", "pay [U+202E]001[U+202C]"),
            (
                "a\rb\r\nc\u{1b}[2J\u{2028}",
                "a[U+000D]b\nc[U+001B][2J[U+2028]",
            ),
            (
                "\u{E0041}\u{3164}\u{200B}\u{FEFF}",
                "[U+E0041][U+3164][U+200B][U+FEFF]",
            ),
        ] {
            assert_eq!(marked(text), shown);
        }
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            assert!(!is_bidi_control(c) || fools_the_eye(c), "{c:?}");
        }
        for address in [
            "a\u{202E}@b.cc",
            "a@b\u{200B}.cc",
            "\u{3164}@b.cc",
            "a@\u{FFA0}b.cc",
        ] {
            assert!(!is_email(address), "{address:?}");
        }
    }

    #[test]
    fn running_text_keeps_lines_and_loses_controls() {
        let whole = "Größe\n\t日本語\r\n".to_owned();
        assert_eq!(running(whole.clone()), whole);
        let odd = "a\u{0}b\u{c}c\u{85}d\u{FFFE}\u{9f}e".to_owned();
        assert_eq!(running(odd), "ab c de");
    }

    #[test]
    fn addresses() {
        for good in [
            "a@b.co",
            "first.last+tag@sub.example.org",
            "owner@nightdesk.test",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@b",
            "a@@b.co",
            "a b@c.de",
            "a@-b.co",
            ".a@b.co",
            "a@b.co\r\nBcc: x@y.zz",
            "\"q\"@b.co",
            "a@[1.2.3.4]",
            "a@1.2.3.4",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn one_person_has_one_address_however_it_is_spelled() {
        for (one, other) in [
            ("Owner@Nightdesk.test", "owner@nightdesk.test"),
            (" owner@nightdesk.test ", "owner@nightdesk.test"),
            ("jose\u{301}@x.test", "JOS\u{c9}@x.test"),
            ("a@b\u{fc}cher.example", "A@xn--bcher-kva.example"),
        ] {
            assert!(is_same_address(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("owner@x.test", "owner@y.test"),
            ("owner@x.test", "owner@x.test.evil.test"),
            ("owner@x.test", "owner+1@x.test"),
            ("\u{ff4f}wner@x.test", "owner@x.test"),
        ] {
            assert!(!is_same_address(one, other), "{one} {other}");
        }
    }

    #[test]
    fn one_line_cannot_end_a_header() {
        assert_eq!(
            one_line(" Hi\r\nBcc: x@y.zz\u{2028}b\u{202e} "),
            "Hi Bcc: x@y.zz b"
        );
    }

    #[test]
    fn a_preview_says_when_there_is_more() {
        assert_eq!(preview("abc", 3), "abc");
        assert_eq!(preview("äbcd", 3), "äbc…");
    }
}
