//! Reading pages: titles, texts, dates and links, from mark-up of all kinds.

use super::*;

fn url() -> Url {
    Url::parse("https://news.example/a/b?x=1").unwrap()
}

/// The day of every reading here.
const TODAY: Date = jiff::civil::date(2026, 11, 21);

fn body(kind: Kind, text: &str) -> Result<Page, FetchError> {
    let text = text.to_owned();
    read(&url(), &url(), 200, &Body { kind, text }, None, TODAY)
}

fn html(text: &str) -> Result<Page, FetchError> {
    body(Kind::Html, text)
}

const ARTICLE: &str = r#"<!doctype html><html><head><title>Window &amp; title</title>
<meta property="og:title" content="A quay reopens">
<meta property="article:published_time" content="2026-10-01T08:00:00+02:00">
<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"NewsArticle","datePublished":"2026-10-02"}]}</script>
</head><body><nav><a href="/">Home</a></nav><article><h1>A quay reopens</h1>
<p>The northern quay reopened on Thursday after eleven months of repairs to its foundations, the port said.</p>
<p>Ferries use the two inner berths first; the outer berth follows once its fenders have been replaced, in spring.</p>
<p>Repairs cost nine million, a third more than planned, because divers found voids behind the old wall.</p>
<p>See <a href="../c#top">the plan</a>, <a href="https://other.example/">another</a>, <a href="mailto:a@b.example">mail</a>.</p>
</article><footer>Imprint</footer></body></html>"#;

#[test]
fn reads_an_article() {
    let page = html(ARTICLE).unwrap();
    assert_eq!(page.title, "A quay reopens");
    assert!(
        page.text.contains("eleven months") && page.text.contains("nine million"),
        "{}",
        page.text
    );
    assert!(
        !page.text.contains("Imprint") && !page.text.contains("Home"),
        "{}",
        page.text
    );
    assert!(
        page.published
            .is_some_and(|date| date.starts_with("2026-10-0"))
    );
    assert_eq!(
        page.links,
        [
            "https://news.example/",
            "https://news.example/c",
            "https://other.example/"
        ]
    );
    assert_eq!(page.structured["json_ld"][0]["@type"], "NewsArticle");
    assert_eq!(page.structured["open_graph"]["og:title"], "A quay reopens");
}

#[test]
fn a_table_keeps_all_of_its_rows() {
    let rows: String = (1..30)
        .map(|n| format!("<tr><td>Plan {n}</td><td>€{n}9 a month</td></tr>"))
        .collect();
    let page = html(&format!(
        "<title>Prices</title><body><h1>Prices</h1><table>{rows}</table></body>"
    ))
    .unwrap();
    assert!(page.text.contains("Plan 1 €19 a month"), "{}", page.text);
    assert!(page.text.contains("Plan 29 €299 a month"), "{}", page.text);
}

#[test]
fn the_empty_shell_of_an_application_needs_script() {
    let shell = "<html><body><noscript>You need to enable JavaScript.</noscript><div id=root></div><script src=/a.js></script></body></html>";
    assert_eq!(html(shell), Err(FetchError::NeedsScript));
    // A short page that shows what it has is a page.
    assert_eq!(
        html("<body><p>Closed today.</p></body>").unwrap().text,
        "Closed today."
    );
    // An application rendered on the server is one, too.
    let rendered = format!(
        "<body><div id=root><p>{}</p></div><script src=/a.js></script></body>",
        "Words of a page. ".repeat(30)
    );
    assert!(html(&rendered).is_ok());
}

#[test]
fn hostile_mark_up_is_read_to_its_end() {
    let deep = format!(
        "<body>{}text{}</body>",
        "<div>".repeat(50_000),
        "</div>".repeat(50_000)
    );
    assert_eq!(html(&deep).unwrap().text, "text");
    let wide = format!(
        "<body>{}</body>",
        "<div><p>Text with <b>some</b> words in it, and a comma.</p></div>".repeat(4_000)
    );
    assert!(
        html(&wide)
            .unwrap()
            .text
            .starts_with("Text with some words in it, and a comma.")
    );
    for text in [
        "",
        "<",
        "<a href=",
        "<script>",
        "<!--",
        "&#0;",
        "<base href='javascript:1'><a href=x>y</a>",
        "\u{0}<p>x",
    ] {
        assert!(html(text).is_ok(), "{text:?}");
    }
}

#[test]
fn reads_feeds_json_and_plain_text() {
    let feed = "<?xml version='1.0'?><rss><channel><title>Wire &amp; more</title><item><title>One</title>\
        <link>https://news.example/1</link><description><![CDATA[<b>First</b>]]></description></item></channel></rss>";
    let page = body(Kind::Xml, feed).unwrap();
    assert_eq!(page.title, "Wire & more");
    assert_eq!(page.links, ["https://news.example/1"]);
    assert!(page.text.contains("One"));
    let page = body(Kind::Json, r#"{"name":"n","price":3}"#).unwrap();
    assert_eq!(
        (page.title.as_str(), &page.structured["price"]),
        ("n", &serde_json::json!(3))
    );
    let page = body(Kind::Plain, "\n# Title\n\nText").unwrap();
    assert_eq!(page.title, "Title");
    for text in ["<", "<![CDATA[", "<!--", "&", "&#xffffffff;", "<a href='"] {
        assert!(body(Kind::Xml, text).is_ok());
    }
}

#[test]
fn a_date_after_the_day_of_the_fetch_is_none() {
    for (date, read) in [
        ("2026-11-20", Some("2026-11-20")),
        // It is tomorrow already, somewhere.
        ("2026-11-22", Some("2026-11-22")),
        ("2026-11-23", None),
        ("2027-03-01T09:00:00Z", None),
    ] {
        let page = html(&format!(
            "<meta property='article:published_time' content='{date}'><h1>A quay reopens</h1><p>Text."
        ));
        assert_eq!(page.unwrap().published.as_deref(), read, "{date}");
    }
}
