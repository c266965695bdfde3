//! Sitemaps (sitemaps.org 0.9): the pages of a site and when each changed; an index names further ones.
//!
//! They come as XML, packed with gzip or not, or as one URL a line. A sitemap may have 50,000 pages, so
//! it is read in one pass and no tree is built. Which of the pages may be fetched, and how many, is the
//! crawler's to decide: an address here is a stranger's word.

use std::io::Read as _;

use domain::egress::MAX_URL_CHARS;
use url::Url;

use super::date::When;
use super::encoding;
use super::entity::unescape;
use super::markup::{Token, Tokens};

/// The protocol's own limit of pages; those beyond are left out.
const MOST_PLACES: usize = 50_000;

/// What is read of a sitemap when it is unpacked, in bytes; the rest is left out. The protocol allows 50 MiB, which a
/// small function cannot hold; 50,000 pages take some six.
const MOST_BYTES: usize = 12 * 1024 * 1024;

/// The most bytes of addresses kept: one may be three times as long as it is written.
const MOST_HELD: usize = 8 * 1024 * 1024;

/// What a sitemap names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sitemap {
    pub pages: Vec<Place>,
    /// Further sitemaps, of an index.
    pub sitemaps: Vec<Place>,
}

/// A page or sitemap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub url: Url,
    /// When the site says it changed.
    pub changed: Option<When>,
}

/// Reads a sitemap found at `url`, packed or not. Everything that can be read of it is; of anything else
/// nothing.
#[must_use]
pub fn read(bytes: &[u8], url: &Url) -> Sitemap {
    let text = if bytes.starts_with(&[0x1F, 0x8B]) {
        encoding::decode(&unpack(bytes), None, MOST_BYTES)
    } else {
        encoding::decode(bytes, None, MOST_BYTES)
    };
    if text.contains('<') {
        of_xml(&text, url)
    } else {
        of_lines(&text)
    }
}

/// Unpacks as far as it goes: a truncated file holds whole pages, too.
fn unpack(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let reader = flate2::read::MultiGzDecoder::new(bytes);
    // What was unpacked before an error stands in `out`.
    let _ = reader.take(MOST_BYTES as u64).read_to_end(&mut out);
    out
}

fn of_xml(text: &str, base: &Url) -> Sitemap {
    let mut sitemap = Sitemap::default();
    let mut held = 0;
    let (mut location, mut changed) = (String::new(), String::new());
    // The element whose text is read, if it is one of the two.
    let mut within: Option<bool> = None;
    let local = |name: &str| name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase();
    for token in Tokens::of(text) {
        match token {
            Token::Start { name, .. } => {
                // `image:loc` is the address of a picture on the page.
                within = match name.to_ascii_lowercase().as_str() {
                    "loc" | "sm:loc" | "sitemap:loc" => Some(true),
                    "lastmod" | "sm:lastmod" | "sitemap:lastmod" => Some(false),
                    _ => None,
                };
                if matches!(local(name).as_str(), "url" | "sitemap") {
                    location.clear();
                    changed.clear();
                }
            }
            Token::End(name) => {
                within = None;
                let list = match local(name).as_str() {
                    "url" => &mut sitemap.pages,
                    "sitemap" => &mut sitemap.sitemaps,
                    _ => continue,
                };
                let written = location.trim();
                if !written.is_empty()
                    && written.len() <= MAX_URL_CHARS
                    && list.len() < MOST_PLACES
                    && held <= MOST_HELD
                    && let Ok(url) = base.join(written)
                {
                    held += url.as_str().len();
                    list.push(Place {
                        url,
                        changed: When::read(&changed),
                    });
                }
                location.clear();
                changed.clear();
            }
            Token::Text(text) => match within {
                Some(true) => location.push_str(&unescape(text)),
                Some(false) => changed.push_str(text),
                None => {}
            },
            Token::Raw(text) => match within {
                Some(true) => location.push_str(text),
                Some(false) => changed.push_str(text),
                None => {}
            },
        }
    }
    sitemap
}

fn of_lines(text: &str) -> Sitemap {
    let mut held = 0;
    let pages = text
        .lines()
        .map(str::trim)
        .filter(|line| line.len() <= MAX_URL_CHARS)
        .filter_map(|line| Url::parse(line).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .take(MOST_PLACES)
        .take_while(|url| {
            held += url.as_str().len();
            held <= MOST_HELD
        })
        .map(|url| Place { url, changed: None });
    Sitemap {
        pages: pages.collect(),
        sitemaps: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn base() -> Url {
        Url::parse("https://site.example/sitemap.xml").unwrap()
    }

    fn shown(places: &[Place]) -> Vec<String> {
        places
            .iter()
            .map(|place| {
                format!(
                    "{} {}",
                    place.url,
                    place
                        .changed
                        .map_or("-".to_owned(), |date| date.to_string())
                )
            })
            .collect()
    }

    const PAGES: &str = "<?xml version='1.0' encoding='UTF-8'?>\n<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' \
        xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'>\n<url>\n<loc>\nhttps://site.example/a?x=1&amp;y=2 </loc>\
        <lastmod>2026-11-20</lastmod><image:image><image:loc>https://site.example/a.png</image:loc></image:image></url>\
        <url><loc><![CDATA[/b]]></loc><lastmod>2026-11-20T10:00:00+01:00</lastmod><priority>0.5</priority></url><url></url>\
        <url><loc>https://site.example/c</loc><lastmod>soon</lastmod>";

    #[test]
    fn pages_have_addresses_and_dates() {
        let sitemap = read(PAGES.as_bytes(), &base());
        assert_eq!(
            shown(&sitemap.pages),
            [
                "https://site.example/a?x=1&y=2 2026-11-20",
                "https://site.example/b 2026-11-20T09:00:00Z"
            ]
        );
        assert!(sitemap.sitemaps.is_empty());
    }

    #[test]
    fn an_index_names_sitemaps() {
        let index = "<sitemapindex><sitemap><loc>https://site.example/1.xml.gz</loc><lastmod>2026-11</lastmod></sitemap></sitemapindex>";
        let sitemap = read(index.as_bytes(), &base());
        assert_eq!(
            shown(&sitemap.sitemaps),
            ["https://site.example/1.xml.gz 2026-11-01"]
        );
        assert!(sitemap.pages.is_empty());
    }

    #[test]
    fn packed_truncated_and_plain_files_are_read() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(PAGES.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(read(&packed, &base()), read(PAGES.as_bytes(), &base()));
        // The trailing checksum is missing: what came before it counts.
        assert_eq!(read(&packed[..packed.len() - 8], &base()).pages.len(), 2);
        let lines = read(
            b"https://site.example/a\n\nnot a url\nhttps://site.example/b\n",
            &base(),
        );
        assert_eq!(lines.pages.len(), 2);
        assert_eq!(read(b"", &base()), Sitemap::default());
        assert_eq!(read(&[0x1F, 0x8B, 1, 2, 3], &base()), Sitemap::default());
    }
}
