//! Feeds in all forms, whole and broken. The texts are our own.

use super::*;

fn at(text: &str) -> Feed {
    read_text(
        text,
        &Url::parse("https://site.example/feeds/all.xml").unwrap(),
    )
    .unwrap()
}

/// `id | url | title | published | updated | summary`, one entry a line.
#[track_caller]
fn expect(text: &str, title: &str, entries: &[&str]) {
    let feed = at(text);
    let shown: Vec<String> = feed
        .entries
        .iter()
        .map(|entry| {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            let date =
                |date: Option<When>| date.map_or_else(|| "-".to_owned(), |date| date.to_string());
            [
                text(&entry.id),
                text(&entry.url),
                entry.title.clone(),
                date(entry.published),
                date(entry.updated),
                entry.summary.replace('\n', " / "),
            ]
            .join(" | ")
        })
        .collect();
    assert_eq!(feed.title, title, "{text}");
    assert_eq!(shown, entries, "{text}");
}

#[test]
fn rss_2() {
    expect(
        "<?xml version='1.0'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'
           xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:media='http://search.yahoo.com/mrss/'><channel>
         <title>Harbour &amp; Sea</title><link>https://site.example/</link><image><title>Logo</title><link>https://x.example/</link></image>
         <item><title>The ferry &lt;em&gt;sails&lt;/em&gt;</title><link> /a?x=1&amp;y=2 </link><guid isPermaLink='false'>tag:1</guid>
           <pubDate>Sat, 21 Nov 2026 10:00:00 +0100</pubDate><description>&lt;p&gt;At nine.&lt;/p&gt;&lt;p&gt;Daily.&lt;/p&gt;</description>
           <content:encoded><![CDATA[<p>All of it.</p>]]></content:encoded><media:title>Photo</media:title></item>
         <item><guid>https://site.example/b</guid><dc:title>Named by Dublin Core</dc:title><dc:date>2026-11-20</dc:date>
           <content:encoded><![CDATA[<p>Only <b>content</b></p>]]></content:encoded></item>
         <item><title><![CDATA[AT&amp;T]]></title><guid>not an address</guid></item>
         </channel></rss>",
        "Harbour & Sea",
        &[
            "tag:1 | https://site.example/a?x=1&y=2 | The ferry sails | 2026-11-21T09:00:00Z | - | At nine. / Daily.",
            "https://site.example/b | https://site.example/b | Named by Dublin Core | 2026-11-20 | 2026-11-20 | Only content",
            "not an address | - | AT&T | - | - | ",
        ],
    );
}

#[test]
fn rss_1_and_090() {
    expect(
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/'>
         <channel rdf:about='https://site.example/'><title>Old</title><items><rdf:Seq><rdf:li resource='https://site.example/1'/></rdf:Seq></items></channel>
         <item rdf:about='https://site.example/1'><title>One</title><link>https://site.example/one</link><dc:date>2026-11-20T08:00Z</dc:date></item>
         <textinput><title>Search</title></textinput></rdf:RDF>",
        "Old",
        &["https://site.example/1 | https://site.example/one | One | 2026-11-20T08:00:00Z | 2026-11-20T08:00:00Z | "],
    );
    expect(
        "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://my.netscape.com/rdf/simple/0.9/'>
         <channel><title>Older</title></channel><item><title>One</title><link>https://site.example/one</link></item></r:RDF>",
        "Older",
        &["https://site.example/one | https://site.example/one | One | - | - | "],
    );
}

#[test]
fn atom_1() {
    expect(
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://other.example/x/' xmlns:h='http://www.w3.org/1999/xhtml'>
         <title type='html'>A &lt;b&gt;bold&lt;/b&gt; &amp;amp; new feed</title><link rel='self' href='self.xml'/><link href='/'/>
         <entry xml:base='y/'><id>urn:1</id><title>x &lt; y &amp;amp; z</title><link rel='enclosure' href='a.mp3'/>
           <link rel='alternate' type='application/json' href='e.json'/><link type='text/html' href='e'/>
           <published>2026-11-20T00:00:00Z</published><updated>2026-11-21T00:00:00Z</updated>
           <source><title>Elsewhere</title><id>urn:source</id></source>
           <summary type='xhtml'><h:div>Some <h:b>rich</h:b> &amp;lt; text</h:div></summary></entry>
         <entry><id>https://other.example/two</id><title type='text'>Two</title><updated>2026-11-19T23:00:00-02:00</updated>
           <content type='html'><![CDATA[<h1>Head</h1>Body]]></content></entry></feed>",
        "A bold & new feed",
        &[
            "urn:1 | https://other.example/x/y/e | x < y &amp; z | 2026-11-20T00:00:00Z | 2026-11-21T00:00:00Z | Some rich &lt; text",
            "https://other.example/two | https://other.example/two | Two | - | 2026-11-20T01:00:00Z | Head / Body",
        ],
    );
    assert_eq!(at("<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:title>P</a:title><a:entry><a:title>E</a:title></a:entry></a:feed>").entries[0].title, "E");
}

#[test]
fn atom_03() {
    expect(
        "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><title mode='escaped' type='text/html'>&lt;i&gt;Old&lt;/i&gt; Atom</title>
         <entry><id>1</id><title mode='base64'>SGVsbG8=</title><link rel='alternate' href='https://site.example/1'/>
         <issued>2003-12-31T10:14:55Z</issued><modified>2004-01-01T10:14:55Z</modified>
         <content type='application/xhtml+xml' mode='xml'><div xmlns='http://www.w3.org/1999/xhtml'>Within <b>it</b></div></content></entry></feed>",
        "Old Atom",
        &["1 | https://site.example/1 | Hello | 2003-12-31T10:14:55Z | 2004-01-01T10:14:55Z | Within it"],
    );
}

#[test]
fn json_feed() {
    let whole = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "Notes", "items": [
        {"id": 7, "url": "/n/7", "title": "Seven", "content_html": "<p>a &amp; b</p>", "date_published": "2026-11-20T10:00:00-05:00", "date_modified": "2026-11-21"},
        {"id": "https://x.example/8", "external_url": "https://x.example/8", "content_text": "Eight, without a title", "tags": []}, 9]}"#;
    let entries = [
        "7 | https://site.example/n/7 | Seven | 2026-11-20T15:00:00Z | 2026-11-21 | a & b",
        "https://x.example/8 | https://x.example/8 |  | - | - | Eight, without a title",
    ];
    expect(whole, "Notes", &entries);
    // It breaks off in the second item: the first is still there.
    let broken = whole.split("\"tags\"").next().unwrap();
    expect(broken, "", &entries[..1]);
}

#[test]
fn broken_feeds_give_what_they_hold() {
    // Ampersands and brackets, no end of anything, unknown prefix, items that are not closed.
    expect(
        "<rss><channel><title>R&D < Sales</title><foo:bar>x</foo:bar>
         <item><title>One &nbsp; &bogus; & more</title><link>http://x.example/?a=1&b=2</link><description>A <b>bold<br> claim</description>
         <item><title>Two</title></wrong><pubdate>2026-11-20</pubdate><guid isPermaLink=true>https://x.example/2</guid>
         <item><title>Thr",
        "R&D < Sales",
        &[
            "http://x.example/?a=1&b=2 | http://x.example/?a=1&b=2 | One &bogus; & more | - | - | A bold / claim",
            "https://x.example/2 | https://x.example/2 | Two | 2026-11-20 | - | ",
            "- | - | Thr | - | - | ",
        ],
    );
    // Text before the declaration, an unclosed CDATA section, upper case.
    expect(
        "Warning: something\n<?xml version='1.0'?><RSS><CHANNEL><TITLE>Loud</TITLE><ITEM><LINK>https://x.example/</LINK><TITLE><![CDATA[Cut",
        "Loud",
        &["https://x.example/ | https://x.example/ | Cut | - | - | "],
    );
    // A document type with entities of its own: they are never defined, and cost nothing.
    let bomb = "<!DOCTYPE rss [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;'>]>\
        <rss><channel><title>&c;</title><item><title>Item</title></item></channel></rss>";
    expect(bomb, "&c;", &["- | - | Item | - | - | "]);
}

#[test]
fn marks_within_attributes_and_remarks_do_not_confuse() {
    expect(
        "<rss><channel><title>a &lt;img alt=\"x<br />y\"/&gt; <img alt=\"x<br />y\" src='/a'/>b</title>\
         <item><title>sa&lt;!-- -- open &gt;fe</title><description><a title='1 < 2'>b</a></description></item></channel></rss>",
        "a b",
        &["- | - | safe | - | - | b"],
    );
}

#[test]
fn what_is_no_feed_is_said_to_be_none() {
    let base = Url::parse("https://site.example/").unwrap();
    for text in [
        "",
        "plain text",
        "<!doctype html><html><head><title>x</title><body><p>y",
        "{}",
        "[1,2]",
        "{\"items\": 3}",
        "{\"items\"",
        "<a/>",
    ] {
        assert_eq!(read_text(text, &base), Err(NotFeed), "{text}");
    }
    assert_eq!(at("<rss/>"), Feed::default());
    assert_eq!(at("{\"items\": []}"), Feed::default());
}

#[test]
fn bytes_are_decoded_by_their_label() {
    let base = Url::parse("https://site.example/").unwrap();
    let feed = b"<?xml version='1.0' encoding='windows-1252'?><rss><channel><title>caf\xe9 \x96 &#150;</title></channel></rss>";
    assert_eq!(read(feed, None, &base).unwrap().title, "café – –");
    assert_eq!(
        read(feed, Some("utf-8"), &base).unwrap().title,
        "café – –",
        "it is not UTF-8"
    );
}

#[test]
fn sizes_are_bounded() {
    let item = "<item><title>t</title><description>d</description></item>";
    let feed = at(&format!("<rss><channel>{}", item.repeat(MOST_ENTRIES + 10)));
    assert_eq!(feed.entries.len(), MOST_ENTRIES);
    let long = at(&format!(
        "<rss><channel><item><title>{0}</title><description>{0}",
        "ä".repeat(100_000)
    ));
    assert_eq!(long.entries[0].title.chars().count(), MAX_TITLE_CHARS + 1);
    assert_eq!(
        long.entries[0].summary.chars().count(),
        MAX_SUMMARY_CHARS + 1
    );
}

/// Inputs made to cost more than their length: each is a megabyte, and all are read in moments.
#[test]
fn hostile_texts_cost_no_more_than_long_ones() {
    let megabyte = 1 << 20;
    let began = crate::thread_time::thread_time();
    for piece in [
        "<a>",
        "<!<>",
        "<![CDATA[",
        "<a x='",
        "&a",
        "<item>",
        "</a>",
        "<a:b xmlns:c='d'>",
        "<a b c d=",
        "<!-- ",
        "<x/>",
        "&amp;",
        "<?",
    ] {
        let text = format!(
            "<rss><channel><item><title>{}",
            piece.repeat(megabyte / piece.len())
        );
        let _ = read_text(&text, &Url::parse("https://site.example/").unwrap());
    }
    let took = crate::thread_time::thread_time() - began;
    assert!(took.as_secs() < 30, "{took:?}");
}
