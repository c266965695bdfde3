//! Reading an answer's body: how much of it, what kind, and in which characters.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use engine::ports::FetchError;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};

use super::failure;

/// The largest page read, after decompression. Real articles are under 1 MiB; the limit is what
/// keeps a stranger from filling the memory of a small function.
pub(crate) const MAX_BYTES: usize = 5 * 1024 * 1024;

/// What a body is to be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Html,
    Xml,
    Json,
    Plain,
}

/// A body as text.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

/// Reads a body within the limit.
pub(crate) async fn read(mut response: Response) -> Result<Body, FetchError> {
    // The client took off the encoding it understands; one that is left is one we cannot read.
    if let Some(encoding) = header(response.headers(), &CONTENT_ENCODING)
        && !encoding.eq_ignore_ascii_case("identity")
    {
        return Err(FetchError::UnsupportedContentType {
            content_type: format!("encoded as {}", shown(&encoding)),
        });
    }
    let content_type = header(response.headers(), &CONTENT_TYPE);
    if let Some(content_type) = &content_type {
        kind_of(content_type)?;
    }
    let too_large = FetchError::TooLarge {
        limit_bytes: MAX_BYTES as u64,
    };
    if response
        .content_length()
        .is_some_and(|length| length > MAX_BYTES as u64)
    {
        return Err(too_large);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| failure::of_request(&error))?
    {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(too_large);
        }
        bytes.extend_from_slice(&chunk);
    }
    let kind = match &content_type {
        Some(content_type) => kind_of(content_type)?,
        None => guess(&bytes)?,
    };
    let text = decode(&bytes, content_type.as_deref().and_then(charset), kind);
    Ok(Body {
        kind,
        text: text.ok_or(too_large)?,
    })
}

/// Reads the first bytes of a body, whatever it says it is; the rest is left unread.
pub(crate) async fn read_at_most(
    mut response: Response,
    most: usize,
) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| failure::of_request(&error))?
    {
        // One more than is wanted: the reader sees that the body went on.
        let room = (most + 1).saturating_sub(bytes.len());
        bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if bytes.len() > most {
            break;
        }
    }
    Ok(bytes)
}

fn header(headers: &HeaderMap, name: &reqwest::header::HeaderName) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn kind_of(content_type: &str) -> Result<Kind, FetchError> {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "text/html" | "application/xhtml+xml" => Ok(Kind::Html),
        "text/xml" | "application/xml" => Ok(Kind::Xml),
        "application/json" | "text/json" => Ok(Kind::Json),
        "text/plain" | "text/markdown" => Ok(Kind::Plain),
        // Feeds (RSS, Atom, RDF, JSON Feed) and other named formats in these two notations.
        other if other.starts_with("application/") && other.ends_with("+xml") => Ok(Kind::Xml),
        other if other.starts_with("application/") && other.ends_with("+json") => Ok(Kind::Json),
        other => Err(FetchError::UnsupportedContentType {
            content_type: shown(other),
        }),
    }
}

/// Without a content type only what is plainly mark-up is read.
fn guess(bytes: &[u8]) -> Result<Kind, FetchError> {
    let start = bytes
        .iter()
        .position(|byte| !byte.is_ascii_whitespace())
        .unwrap_or(bytes.len());
    let start = bytes.get(start..).unwrap_or_default();
    if start.starts_with(b"<?xml") {
        Ok(Kind::Xml)
    } else if start.starts_with(b"<") {
        Ok(Kind::Html)
    } else {
        Err(FetchError::UnsupportedContentType {
            content_type: "(none)".to_owned(),
        })
    }
}

/// A header's text as it may be shown: short, and without anything but visible ASCII.
fn shown(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_graphic() || *c == ' ')
        .take(80)
        .collect()
}

fn charset(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| Encoding::for_label(value.as_bytes()))
            .flatten()
    })
}

/// Decodes by byte order mark, then header, then what the page says of itself, then by looking; what
/// cannot be decoded becomes U+FFFD (WHATWG Encoding, HTML 13.2.3). `None` when it takes more than [`MAX_BYTES`]: a byte
/// of an old encoding may take three.
pub(crate) fn decode(
    bytes: &[u8],
    header: Option<&'static Encoding>,
    kind: Kind,
) -> Option<String> {
    let encoding = header.or_else(|| declared(bytes, kind)).unwrap_or_else(|| {
        if std::str::from_utf8(bytes).is_ok() || kind == Kind::Json {
            UTF_8
        } else {
            WINDOWS_1252
        }
    });
    // A byte order mark has the last word.
    let (text, is_whole) = crate::encoding::decode_within(encoding, bytes, MAX_BYTES);
    is_whole.then_some(text)
}

/// The encoding a page declares in its first 1,024 bytes.
fn declared(bytes: &[u8], kind: Kind) -> Option<&'static Encoding> {
    let head = bytes.get(..1_024).unwrap_or(bytes);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let (open, name) = match kind {
        Kind::Html => ("<meta", "charset="),
        Kind::Xml => ("<?xml", "encoding="),
        Kind::Json | Kind::Plain => return None,
    };
    head.split(open).skip(1).find_map(|tag| {
        let tag = tag.split('>').next()?;
        let value = tag
            .split(name)
            .nth(1)?
            .trim_start()
            .trim_start_matches(['"', '\'']);
        let label: String = value
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
            .collect();
        let encoding = Encoding::for_label(label.as_bytes())?;
        // A page that can be read so far is not in a two-byte encoding, whatever it says.
        Some(
            if encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE {
                UTF_8
            } else {
                encoding
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(bytes: &[u8], header: Option<&'static Encoding>, kind: Kind) -> String {
        decode(bytes, header, kind).unwrap()
    }

    #[test]
    fn reads_text_formats_only() {
        for (content_type, kind) in [
            ("text/html; charset=utf-8", Kind::Html),
            ("TEXT/HTML", Kind::Html),
            ("application/xhtml+xml", Kind::Html),
            ("application/rss+xml; charset=utf-8", Kind::Xml),
            ("application/ld+json", Kind::Json),
            ("text/plain", Kind::Plain),
        ] {
            assert_eq!(kind_of(content_type), Ok(kind), "{content_type}");
        }
        for content_type in [
            "image/svg+xml",
            "application/pdf",
            "video/mp4",
            "",
            "text/css",
            "application/octet-stream",
        ] {
            assert!(kind_of(content_type).is_err(), "{content_type}");
        }
    }

    #[test]
    fn decodes_by_header_declaration_and_look() {
        let latin = b"caf\xe9";
        assert_eq!(
            text_of(latin, charset("text/html; charset=ISO-8859-1"), Kind::Html),
            "café"
        );
        assert_eq!(
            text_of(b"<meta charset='windows-1251'>\xcc", None, Kind::Html),
            "<meta charset='windows-1251'>М"
        );
        let old =
            b"<meta http-equiv=Content-Type content=\"text/html; charset=shift_jis\">\x83\x65";
        assert!(text_of(old, None, Kind::Html).ends_with('テ'));
        assert_eq!(text_of("日本".as_bytes(), None, Kind::Plain), "日本");
        assert_eq!(text_of(latin, None, Kind::Plain), "café");
        assert_eq!(
            text_of(
                b"\xef\xbb\xbfok",
                charset("text/html; charset=windows-1252"),
                Kind::Html
            ),
            "ok"
        );
        // An unknown or lying label: replacement characters, never a failure.
        assert_eq!(
            text_of(b"+ADw-", charset("text/html; charset=utf-7"), Kind::Html),
            "+ADw-"
        );
        assert_eq!(
            text_of(latin, charset("text/html; charset=\"UTF-8\""), Kind::Html),
            "caf\u{fffd}"
        );
        assert_eq!(
            text_of(b"<meta charset=utf-16>x\xc3\xa9", None, Kind::Html),
            "<meta charset=utf-16>xé"
        );
    }

    #[test]
    fn guesses_only_mark_up() {
        assert_eq!(guess(b"\n <!doctype html>"), Ok(Kind::Html));
        assert_eq!(guess(b"<?xml version=\"1.0\"?>"), Ok(Kind::Xml));
        assert!(guess(b"\x00\x01").is_err());
        assert!(guess(b"").is_err());
    }
}
