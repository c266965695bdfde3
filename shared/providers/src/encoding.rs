//! Decoding what may become longer than it is: a byte of an old encoding can take three in UTF-8.

use encoding_rs::{CoderResult, Encoding};

/// Decodes as many of `bytes` as take at most `most` bytes of text, and whether these are all. A byte order mark has
/// the last word on the encoding; what cannot be decoded becomes U+FFFD.
pub(crate) fn decode_within(
    encoding: &'static Encoding,
    bytes: &[u8],
    most: usize,
) -> (String, bool) {
    let mut decoder = encoding.new_decoder();
    // No text is longer than the bound; most have a byte a byte.
    let room = decoder
        .max_utf8_buffer_length(bytes.len())
        .unwrap_or(most)
        .min(most.max(16))
        .min(bytes.len().max(16));
    let mut text = String::with_capacity(room);
    let mut rest = bytes;
    loop {
        let (result, read, _) = decoder.decode_to_string(rest, &mut text, true);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            CoderResult::InputEmpty => return (text, true),
            CoderResult::OutputFull if text.capacity() >= most.max(16) => return (text, false),
            CoderResult::OutputFull => {
                let more = text.capacity().min(most.max(16) - text.capacity()).max(16);
                text.reserve_exact(text.capacity() - text.len() + more);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{UTF_8, WINDOWS_1252};

    use super::*;

    #[test]
    fn text_ends_at_its_bound() {
        assert_eq!(
            decode_within(UTF_8, b"caf\xc3\xa9", 100),
            ("café".to_owned(), true)
        );
        assert_eq!(decode_within(UTF_8, b"", 0), (String::new(), true));
        assert_eq!(decode_within(UTF_8, b"\xef\xbb\xbfok", 100).0, "ok");
        let euros = [0x80; 3_000];
        let (text, is_whole) = decode_within(WINDOWS_1252, &euros, 9_000);
        assert_eq!(
            (text.chars().filter(|c| *c == '€').count(), is_whole),
            (3_000, true)
        );
        let (text, is_whole) = decode_within(WINDOWS_1252, &euros, 6_000);
        assert!(text.len() <= 6_100 && text.len() > 5_900 && !is_whole);
    }
}
