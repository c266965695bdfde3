//! Feeds and sitemaps whose reading costs more than a feed's.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::pages::bombs;
use super::{Bomb, Filling, SIZE, full, full_of};

pub(crate) const ALL: &[Bomb] = bombs! {
    "elements" => Filling::new().then("<rss>").full_of("<a/>"),
    "elements of a letter" => Filling::new().then("<rss><channel>").full_of("<a>x</a>"),
    "elements in elements" => Filling::new().then("<rss>").full_of("<a>"),
    "items" => Filling::new().then("<rss><channel>").full_of("<item>"),
    "items of everything" => Filling::new().then("<rss><channel>").full(|n| format!("<item><title>{n}</title><link>/{n}</link><guid>{n}</guid><pubDate>Sat, 21 Nov 2026 10:00:00 GMT</pubDate><description>x</description></item>")),
    "items of many titles" => Filling::new().then("<rss><channel><item>").full_of("<title>x</title>"),
    "items of short everything" => Filling::new().then("<rss><channel>").full(|n| format!("<item><link>{n}</link></item>")),
    "entries" => Filling::new().then("<feed xmlns='http://www.w3.org/2005/Atom'>").full_of("<entry>"),
    "entries of links" => Filling::new().then("<feed xmlns='http://www.w3.org/2005/Atom'><entry>").full_of("<link href=/a />"),
    "entries of xhtml" => Filling::new().then("<feed xmlns='http://www.w3.org/2005/Atom'>").full_of("<entry><content type='xhtml'><div><p>x</p></div></content></entry>"),
    "an entry of xhtml" => Filling::new().then("<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='xhtml'>").full_of("<p>x</p>"),
    "a deep entry of xhtml" => Filling::new().then("<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='xhtml'>").full_of("<p>x"),
    "an item of escaped mark-up" => Filling::new().then("<rss><channel><item><description>").full_of("&lt;p&gt;x"),
    "items of escaped mark-up" => Filling::new().then("<rss><channel>").full_of("<item><description>&lt;p&gt;x&lt;/p&gt;</description></item>"),
    "an item of hostile mark-up" => Filling::new().then("<rss><channel><item><description><![CDATA[").up_to(20_000, |n| format!("<b c{n}>")).full_of("<p>x"),
    "items of hostile mark-up" => Filling::new().then("<rss><channel>").full(|_| format!("<item><description><![CDATA[{}{}]]></description></item>", (0..400).map(|n| format!("<b c{n}>")).collect::<String>(), "<p>x".repeat(400))),
    "titles of hostile mark-up" => Filling::new().then("<rss><channel>").full(|_| format!("<item><title><![CDATA[{}]]></title></item>", "<div>".repeat(2_000))),
    "an item of long text" => Filling::new().then("<rss><channel><item><description>").full_of("word "),
    "a title" => Filling::new().then("<rss><channel><title>").full_of("word "),
    "attributes" => Filling::new().then("<rss><channel>").full(|_| format!("<a {}/>", "b=c ".repeat(50))),
    "one-byte attributes" => Filling::new().then("<rss><channel>").full_of("<a b=''/>"),
    "a tag of attributes" => Filling::new().then("<rss ").full(|n| format!("a{n}='' ")),
    "an attribute of entities" => Filling::new().then("<rss a='").full_of("&amp;"),
    "tags of open quotes" => full_of("<a b='"),
    "prefixes" => full(|n| format!("<a xmlns:p{n}='x'>")),
    "prefixes of deep elements" => Filling::new().times(99, |n| format!("<a xmlns:p{n}='x'>")).full_of("<z:b/>"),
    "bases" => Filling::new().then("<feed>").full_of("<a xml:base='b/'>"),
    "bases of bases" => Filling::new().then("<feed>").full_of("<a xml:base='bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/'/>"),
    "long bases" => Filling::new().then(&format!("<feed xml:base='/{}/'>", "b".repeat(500_000))).full_of("<a xml:base='b/'/>"),
    "links on a long base" => Filling::new().then(&format!("<feed xmlns='http://www.w3.org/2005/Atom' xml:base='/{}/'>", "b".repeat(500_000))).full(|n| format!("<entry><link href='{n}'/></entry>")),
    "ends" => Filling::new().then("<rss><channel>").full_of("</a>"),
    "ends of nothing, deep" => Filling::new().times(99, |_| "<b>".into()).full_of("</a>"),
    "entities" => Filling::new().then("<rss><channel><title>").full_of("&amp;"),
    "own entities" => Filling::new().then("<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><rss><channel><title>").full_of("&b;"),
    "a document type" => Filling::new().then("<!DOCTYPE x [").full_of("<!ENTITY a 'b'>"),
    "document types" => full_of("<!DOCTYPE x []>"),
    "document types without end" => full_of("<!D<"),
    "ampersands" => Filling::new().then("<rss><channel><title>").full_of("&"),
    "ampersands and letters" => Filling::new().then("<rss><channel><title>").full_of("&a"),
    "angles" => full_of("<"),
    "character data" => Filling::new().then("<rss>").full_of("<![CDATA[x]]>"),
    "character data without end" => full_of("<![CDATA["),
    "remarks" => full_of("<!-->"),
    "remarks without end" => full_of("<!--"),
    "instructions" => full_of("<?a?>"),
    "spaces" => full_of(" "),
    "letters" => full_of("x"),
    "nulls" => vec![0; SIZE],
    "bytes of another encoding" => vec![0x80; SIZE],
    "rdf" => Filling::new().then("<rdf:RDF>").full_of("<rss:item rdf:about=''/>"),
    "channels" => full_of("<channel>"),
    "feeds" => full_of("<feed>"),
    "dates" => Filling::new().then("<rss><channel><item>").full_of("<pubDate>Sat, 21 Nov 2026 10:00:00 GMT</pubDate>"),
    "a long date" => Filling::new().then("<rss><channel><item><pubDate>").full_of("21 Nov "),
    // JSON feeds.
    "lists in lists" => Filling::new().then("{\"items\":").full_of("["),
    "objects in objects" => full_of("{\"items\":"),
    "numbers" => wide("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[1", |_| ",1".into(), "]}"),
    "empty lists" => wide("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[[]", |_| ",[]".into(), "]}"),
    "empty objects" => wide("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{}", |_| ",{}".into(), "]}"),
    "ids" => wide("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{}", |n| format!(",{{\"id\":{n}}}"), "]}"),
    "one-letter keys" => wide("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{}", |_| ",{\"a\":1}".into(), "]}"),
    "a wide object" => wide("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[]", |n| format!(",\"{n}\":1"), "}"),
    "json items of mark-up" => wide("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{}", |n| format!(",{{\"id\":{n},\"content_html\":\"<p>x<p>y\"}}"), "]}"),
    // Sitemaps.
    "pages of a sitemap" => Filling::new().then("<urlset>").full(|n| format!("<url><loc>/{n}</loc></url>")),
    "pages on a long address" => Filling::new().then("<urlset>").full(|n| format!("<url><loc>https://a.example/{n}/{}</loc></url>", "a".repeat(2_000))),
    "sitemaps of sitemaps" => Filling::new().then("<sitemapindex>").full(|n| format!("<sitemap><loc>/{n}</loc></sitemap>")),
    "short pages" => Filling::new().then("<urlset><loc>a</loc>").full_of("<loc>a</url>"),
    "one long page" => Filling::new().then("<urlset><url><loc>").full_of("a"),
    "one page of character data" => Filling::new().then("<urlset><url><loc>").full_of("<![CDATA[a]]>"),
    "addresses on lines" => full(|n| format!("http://a.example/{n}\n")),
    "short addresses on lines" => full_of("http://a\n"),
    "a page of an address of everything" => Filling::new().then("<urlset>").full(|_| format!("<url><loc>{}</loc></url>", "a/../".repeat(400))),
    "packed letters" => packed("", "x", ""),
    "packed spaces" => packed("", " ", ""),
    "packed elements" => packed("<urlset>", "<url>", ""),
    "packed pages" => packed("<urlset>", "<url><loc>http://a.example/</loc></url>", ""),
    "packed pages of long addresses" => packed("<urlset>", &format!("<url><loc>{}</loc></url>", "a".repeat(10_000)), ""),
    "a packed page" => packed("<urlset><url><loc>", "a", "</loc></url>"),
    "packed addresses" => packed("", "http://a.example/\n", ""),
    "packed twice" => repacked(),
    "packed bytes of another encoding" => packed("", "\u{80}", ""),
    // Pages that name feeds.
    "links to feeds" => full(|n| format!("<link rel=alternate type='application/rss+xml' href={n}>")),
    "links to one feed" => full_of("<link rel=alternate type='application/rss+xml' href=/a>"),
    "links" => full_of("<a href=/feed>"),
    "a page of formatting" => Filling::new().up_to(20_000, |n| format!("<b c{n}>")).full_of("<p>x"),
    "a page of paragraphs" => full_of("<p>"),
};

fn wide(start: &str, piece: impl Fn(usize) -> String, end: &str) -> Vec<u8> {
    Filling::new()
        .then(start)
        .up_to(SIZE - 64, piece)
        .then(end)
        .0
}

/// Of very many equal pieces packing makes little: what can be unpacked is a thousand times as long.
fn packed(start: &str, piece: &str, end: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let block = piece.repeat(1_000_000 / piece.len());
    encoder
        .write_all(start.as_bytes())
        .expect("memory takes bytes");
    for _ in 0..200 {
        encoder
            .write_all(block.as_bytes())
            .expect("memory takes bytes");
    }
    encoder
        .write_all(end.as_bytes())
        .expect("memory takes bytes");
    encoder.finish().expect("memory takes bytes")
}

/// Packed files one after the other, which is one file.
fn repacked() -> Vec<u8> {
    let one = packed("", "x", "");
    one.iter().copied().cycle().take(SIZE).collect()
}
