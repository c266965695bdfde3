//! In which characters a feed is written.
//!
//! The order is that of RFC 7303 (byte order mark, then content type, then XML declaration), with two
//! exceptions the web has taught: bytes without a mark that can only be UTF-16 or UTF-32 are that, and
//! a label is not believed when it says UTF-8 and the bytes are not.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::encoding::decode_within;

/// Decodes a feed, as far as it takes at most `most` bytes of text; what cannot be decoded becomes U+FFFD.
pub(super) fn decode(bytes: &[u8], charset: Option<&str>, most: usize) -> String {
    // The mark of UTF-32 begins with that of UTF-16: it is looked for first. `encoding_rs` leaves
    // UTF-32 out, as browsers do.
    match bytes {
        [0, 0, 0xFE, 0xFF, rest @ ..] => return wide(rest, u32::from_be_bytes, most),
        [0xFF, 0xFE, 0, 0, rest @ ..] => return wide(rest, u32::from_le_bytes, most),
        [0, 0, 0, b'<', ..] => return wide(bytes, u32::from_be_bytes, most),
        [b'<', 0, 0, 0, ..] => return wide(bytes, u32::from_le_bytes, most),
        _ => {}
    }
    let encoding = match bytes {
        [0, b'<', 0, _, ..] => UTF_16BE,
        [b'<', 0, _, 0, ..] => UTF_16LE,
        _ => labelled(bytes, charset),
    };
    without_controls(decode_within(encoding, bytes, most).0, most)
}

fn labelled(bytes: &[u8], charset: Option<&str>) -> &'static Encoding {
    let is_utf8 = std::str::from_utf8(bytes).is_ok();
    let known = |label: &str| {
        named(label.trim().trim_matches(['"', '\'']))
            // These bytes are read one by one: they are not in two-byte units, whatever is said.
            .filter(|encoding| *encoding != UTF_16BE && *encoding != UTF_16LE)
            .filter(|encoding| *encoding != UTF_8 || is_utf8)
    };
    charset
        .and_then(known)
        .or_else(|| known(&declared(bytes)?))
        .unwrap_or(if is_utf8 { UTF_8 } else { WINDOWS_1252 })
}

/// An encoding by its name, or by one of those that are in use beside the registered ones.
fn named(label: &str) -> Option<&'static Encoding> {
    let label = label.to_ascii_lowercase().replace('_', "-");
    let known = match label.as_str() {
        "macroman" | "mac-roman" => "macintosh",
        "maccyrillic" | "mac-cyrillic" => "x-mac-cyrillic",
        "ms-cyrl" | "cp-1251" => "windows-1251",
        "ms-ansi" | "cp-1252" => "windows-1252",
        "utf8mb4" => "utf-8",
        other => other,
    };
    Encoding::for_label(known.as_bytes())
        .or_else(|| Encoding::for_label(label.replace('-', "_").as_bytes()))
}

/// Control characters from 128 to 159, which nobody means, as the windows-1252 they come from: text was
/// put into UTF-8 by somebody who took it for ISO 8859-1.
fn without_controls(text: String, most: usize) -> String {
    if !text.contains(|c| matches!(c, '\u{80}'..='\u{9F}')) {
        return text;
    }
    let bytes: Vec<u8> = (0x80..=0x9F).collect();
    let (meant, _) = WINDOWS_1252.decode_without_bom_handling(&bytes);
    let meant: Vec<char> = meant.chars().collect();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let place = u32::from(c).checked_sub(0x80);
        let place = place.and_then(|place| usize::try_from(place).ok());
        let c = place
            .and_then(|place| meant.get(place).copied())
            .unwrap_or(c);
        if out.len() + c.len_utf8() > most {
            break;
        }
        out.push(c);
    }
    out
}

/// The encoding an XML declaration names.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(bytes.get(..400).unwrap_or(bytes)).into_owned();
    let start = head.find("<?xml")?;
    let declaration = head.get(start..)?.split("?>").next()?;
    let value = declaration.split("encoding").nth(1)?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(value.get(1..)?.split(quote).next()?.to_owned())
}

fn wide(bytes: &[u8], unit: fn([u8; 4]) -> u32, most: usize) -> String {
    let mut text = String::with_capacity(bytes.len().min(most) / 2);
    let characters = bytes
        .chunks_exact(4)
        .filter_map(|chunk| chunk.try_into().ok())
        .map(|chunk| char::from_u32(unit(chunk)).unwrap_or(char::REPLACEMENT_CHARACTER));
    for c in characters {
        if text.len() + c.len_utf8() > most {
            break;
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(bytes: &[u8], charset: Option<&str>) -> String {
        decode(bytes, charset, 10_000)
    }

    #[test]
    fn marks_labels_and_declarations_in_this_order() {
        let utf16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let utf32 = |text: &str| -> Vec<u8> {
            text.chars()
                .flat_map(|c| u32::from(c).to_be_bytes())
                .collect()
        };
        assert_eq!(
            text_of(b"\xef\xbb\xbf<a>\xc3\xa9", Some("iso-8859-1")),
            "<a>é"
        );
        assert_eq!(text_of(&utf16("\u{feff}<a>é"), None), "<a>é");
        assert_eq!(text_of(&utf16("<a>é"), Some("utf-8")), "<a>é");
        assert_eq!(text_of(&utf32("<a>é"), None), "<a>é");
        assert_eq!(text_of(&utf32("\u{feff}<a>é"), None), "<a>é");
        assert_eq!(
            text_of(b"<?xml version='1.0' encoding='koi8-r'?>\xc1", None),
            "<?xml version='1.0' encoding='koi8-r'?>а"
        );
        assert!(text_of(b"<?xml encoding='koi8-r'?>\xe4", Some("windows-1252")).ends_with('ä'));
    }

    #[test]
    fn lies_are_seen_through() {
        assert_eq!(text_of(b"<a>caf\xe9", Some("utf-8")), "<a>café");
        assert!(text_of(b"<?xml encoding=\"utf-16\"?>\xc3\xa9", None).ends_with('é'));
        assert!(text_of(b"<?xml encoding=\"nonsense\"?>\xe9", Some("bad")).ends_with('é'));
        assert!(text_of(b"<?xml encoding='windows_1251'?>\x80", None).ends_with('Ђ'));
        assert_eq!(text_of("don\u{92}t".as_bytes(), None), "don’t");
        assert_eq!(text_of(b"", None), "");
        assert_eq!(text_of(b"<\0\0", None), "<\0\0");
    }
}
