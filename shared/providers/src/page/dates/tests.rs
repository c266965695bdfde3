//! Whole pages, small ones of our own: what each rule is for, and what it must not take for a date.

use jiff::civil::date;
use proptest::prelude::*;
use scraper::Html;
use url::Url;

use super::*;

const ADDRESS: &str = "https://news.example/stories/the-harbour-is-open";

fn read_at(address: &str, html: &str) -> PageDates {
    read(
        &Html::parse_document(html),
        &Url::parse(address).unwrap(),
        None,
    )
}

fn published(html: &str) -> Option<(String, Source)> {
    read_at(ADDRESS, html)
        .published
        .map(|found| (found.date, found.source))
}

/// A page with `head` in its head and `body` below its heading.
fn page(head: &str, body: &str) -> String {
    format!(
        "<html lang=en><head><title>The harbour is open - Example News</title>{head}</head><body>\
         <nav><a href=/>Home</a></nav><h1>The harbour is open</h1>{body}<p>Ships came in all morning.</p></body></html>"
    )
}

fn found(date: &str, source: Source) -> Option<(String, Source)> {
    Some((date.to_owned(), source))
}

#[test]
fn every_source_alone() {
    for (head, body, source) in [
        (
            r#"<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2016-05-13"}</script>"#,
            "",
            Source::JsonLd,
        ),
        (
            "<meta property='article:published_time' content=2016-05-13>",
            "",
            Source::Meta,
        ),
        (
            "",
            "<span itemprop=datePublished content=2016-05-13></span>",
            Source::Microdata,
        ),
        (
            "",
            "<time datetime=2016-05-13>last week</time>",
            Source::TimeElement,
        ),
        (
            "",
            "<abbr class=published title=2016-05-13T10:00:00>a while ago</abbr>",
            Source::TimeElement,
        ),
        (
            "",
            "<div class=entry-date>13 May 2016</div>",
            Source::MarkedText,
        ),
        (
            "",
            "<div class=entry-date>13.5.16</div>",
            Source::MarkedText,
        ),
        (
            "",
            "<div class=post-date><span>May</span><span>13</span><span>2016</span></div>",
            Source::MarkedText,
        ),
        ("", "<p>Jane Doe, 13 May 2016</p>", Source::Text),
        (
            "<script>state = {\"publishedAt\": \"2016-05-13\"}</script>",
            "",
            Source::Script,
        ),
        ("<!-- published: \"2016-05-13\" -->", "", Source::Comment),
    ] {
        let got = published(&page(head, body))
            .map(|(date, source)| (date.get(..10).unwrap().to_owned(), source));
        assert_eq!(got, found("2016-05-13", source), "{head}{body}");
    }
    let by_address = read_at("https://news.example/2016/05/13/harbour", &page("", ""))
        .published
        .unwrap();
    assert_eq!(
        (by_address.date.as_str(), by_address.source),
        ("2016-05-13", Source::Url)
    );
}

#[test]
fn an_unsure_source_alone_is_no_answer() {
    assert_eq!(published(&page("", "")), None);
    assert_eq!(
        published(&page(
            "<meta property='og:image' content='/uploads/2016/05/13/a.png'>",
            ""
        )),
        found("2016-05-13", Source::Image)
    );
    assert_eq!(
        published(&page(
            "<meta property='og:image' content='/uploads/2016/05/a.png'>",
            ""
        )),
        None
    );
    assert_eq!(
        published(&page("", "<footer>© 2016 Example News</footer>")),
        None
    );
    assert_eq!(
        published(&page(
            "",
            "<footer>Copyright 1 January 2016 Example News</footer>"
        )),
        None
    );
    let told = "On 13 May 2016 the council decided that the harbour, closed for a decade because of the works on its eastern wall, should be opened again to the ships of all the nations that had been asking for it since the summer before, and nobody was against it, as the papers reported at the time.";
    assert_eq!(published(&page("", &format!("<p>{told}</p>"))), None);
}

#[test]
fn dates_of_other_things_are_not_the_pages() {
    let line = "<p class=date>13 May 2016</p>";
    let text = "<p>Ships came in all morning, and the cranes that had been idle for years were moving again.</p>".repeat(18);
    for other in [
        "<div class=comments><p class=date>20 May 2016</p></div>",
        "<aside><time datetime=2016-05-20>20 May</time></aside>",
        "<div class=related-stories><span class=date>20 May 2016</span></div>",
        "<div itemscope itemtype='https://schema.org/Event'><time itemprop=startDate datetime=2016-06-01>1 June</time></div>",
        "<span class=event-date>1 June 2016</span>",
        "<p>The fair: 5–7 June 2016</p>",
        "<footer><p>20 May 2016</p></footer>",
    ] {
        assert_eq!(
            published(&page("", &format!("{text}{other}"))),
            None,
            "{other}"
        );
        assert_eq!(
            published(&page("", &format!("{line}{text}{other}"))),
            found("2016-05-13", Source::MarkedText),
            "{other}"
        );
    }
}

#[test]
fn the_box_around_the_heading_is_the_articles() {
    let html = "<html><head><title>The harbour is open</title></head><body><div class='post has-comments related'>\
                <h1>The harbour is open</h1><p class=date>13 May 2016</p></div></body></html>";
    assert_eq!(published(html), found("2016-05-13", Source::MarkedText));
}

#[test]
fn another_article_is_another_articles() {
    let html = "<html><head><title>The harbour is open</title></head><body>\
                <article><h3>Rain again</h3><time datetime=2016-05-20>20 May</time></article>\
                <article><h1>The harbour is open</h1><footer><time datetime=2016-05-13>13 May</time></footer></article></body></html>";
    assert_eq!(published(html), found("2016-05-13", Source::TimeElement));
}

#[test]
fn publication_and_change_are_told_apart() {
    let both = read_at(
        ADDRESS,
        &page(
            "",
            "<p>Published: 13 May 2016</p><p>Last updated: 20 May 2016</p>",
        ),
    );
    assert_eq!(both.published.unwrap().date, "2016-05-13");
    assert_eq!(both.modified.unwrap().date, "2016-05-20");
    let label_above = read_at(
        ADDRESS,
        &page(
            "",
            "<dl><dt>Updated</dt><dd>20 May 2016</dd><dt>Published</dt><dd>13 May 2016</dd></dl>",
        ),
    );
    assert_eq!(label_above.published.unwrap().date, "2016-05-13");
    let change = read_at(
        ADDRESS,
        &page("<meta name=last-modified content=2016-05-20>", ""),
    );
    let (published, modified) = (change.published.unwrap(), change.modified.unwrap());
    assert_eq!(
        (published.date.as_str(), modified.date.as_str()),
        ("2016-05-20", "2016-05-20")
    );
    assert!(published.confidence <= 0.4 && published.confidence < modified.confidence);
}

#[test]
fn what_is_told_of_after_the_last_change_is_to_come() {
    let html = page(
        "",
        "<p>The next meeting is on Wednesday 5 June 2016 at 19:00.</p><ul id=footer><li id=footer-lastmod>This page was last edited on 13 May 2016</li></ul>",
    );
    assert_eq!(published(&html), found("2016-05-13", Source::MarkedText));
}

#[test]
fn agreement_is_confidence() {
    let confidence = |html: &str| read_at(ADDRESS, html).published.unwrap().confidence;
    let text = "<p>13 May 2016</p>";
    let meta = "<meta name=date content=2016-05-13>";
    assert!(confidence(&page(meta, text)) > confidence(&page(meta, "")));
    assert!(confidence(&page(meta, "")) > confidence(&page("", text)));
    // Two ordinary witnesses against one better one.
    let html = page("<meta name=date content=2016-05-01>", text);
    let at = read_at("https://news.example/2016/05/13/harbour", &html)
        .published
        .unwrap();
    assert_eq!(at.date, "2016-05-13");
}

#[test]
fn the_day_is_the_one_at_home() {
    let json = |time: &str| {
        format!(
            r#"<script type="application/ld+json">{{"@type":"NewsArticle","datePublished":"{time}"}}</script>"#
        )
    };
    // The offset the page gave is kept.
    assert_eq!(
        published(&page(&json("2016-05-13T23:30:00-05:00"), "")),
        found("2016-05-13T23:30:00-05:00", Source::JsonLd)
    );
    // The visible day tells the zone of an instant in UTC.
    let shown = page(&json("2016-05-14T03:30:00Z"), "<time>May 13, 2016</time>");
    assert_eq!(published(&shown), found("2016-05-13", Source::JsonLd));
    let unshown = page(&json("2016-05-14T03:30:00Z"), "");
    assert_eq!(
        published(&unshown),
        found("2016-05-14T03:30:00Z", Source::JsonLd)
    );
    // A country of one zone does, too.
    let german = read_at(
        "https://zeitung.example.de/hafen",
        &page(&json("2016-05-13T22:30:00Z"), ""),
    );
    assert_eq!(german.published.unwrap().date, "2016-05-14T00:30:00+02:00");
}

#[test]
fn one_sure_date_settles_the_order_of_the_others() {
    let html = page(
        "",
        "<p>05/06/2016</p><footer><p>Last visit 13/06/2016</p></footer>",
    );
    assert_eq!(published(&html), found("2016-06-05", Source::Text));
    let alone = page("", "<p>05/06/2016</p>");
    assert_eq!(
        published(&alone.replace("lang=en", "lang=en-US")),
        found("2016-05-06", Source::Text)
    );
    assert_eq!(
        published(&alone.replace("lang=en", "lang=fr")),
        found("2016-06-05", Source::Text)
    );
}

#[test]
fn an_address_older_than_the_page_is_its_first() {
    let html = page(
        "<meta property='article:published_time' content=2019-06-17>",
        "<time datetime=2019-06-17>17 June</time>",
    );
    let at = |address| read_at(address, &html).published.unwrap().date;
    assert_eq!(at("https://news.example/2017/7/12/harbour"), "2017-07-12");
    assert_eq!(at("https://news.example/2019/06/16/harbour"), "2019-06-17");
    assert_eq!(at("https://news.example/2019/06/30/harbour"), "2019-06-17");
}

#[test]
fn a_month_is_given_as_a_month() {
    let found = read_at("https://news.example/2016/05/harbour/", &page("", ""))
        .published
        .unwrap();
    assert_eq!(
        (found.date.as_str(), found.granularity),
        ("2016-05", Granularity::Month)
    );
}

#[test]
fn nothing_after_the_day_of_reading() {
    let html = page("<meta name=date content=2026-05-13>", "<p>13 May 2016</p>");
    let url = Url::parse(ADDRESS).unwrap();
    let read = |latest| {
        read(&Html::parse_document(&html), &url, latest)
            .published
            .unwrap()
            .date
    };
    assert_eq!(read(Some(date(2020, 1, 1))), "2016-05-13");
    assert_eq!(read(Some(date(2026, 5, 12))), "2026-05-13");
    assert_eq!(read(None), "2026-05-13");
}

#[test]
fn hostile_pages_end() {
    for html in [
        "<div class=comments>".repeat(3_000) + "<time datetime=2016-05-13>",
        "<time datetime=2016-05-13>".repeat(5_000),
        "<p class=date>13 May 2016</p>".repeat(5_000),
        format!("<p>{}</p>", "13.05.2016 ".repeat(50_000)),
        format!(
            "<script type='application/ld+json'>{}</script>",
            "[".repeat(100_000)
        ),
        "<article><h1>x</h1>".repeat(2_000),
    ] {
        read_at(ADDRESS, &html);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_panics(text in any::<String>(), days in "[0-9./ -年月日:,a-zA-Z<>'\"=é]{0,80}") {
        let html = page(&format!("<meta name=date content='{days}'><script>publishedAt='{days}'</script>"), &format!("<p>{text}</p><p class=date>{days}</p><time datetime='{days}'>{text}</time>"));
        let dates = read_at(ADDRESS, &html);
        read_at(ADDRESS, &text);
        if let Some(found) = dates.published {
            prop_assert!((0.0..=1.0).contains(&found.confidence));
            prop_assert!(found.date.len() >= 4);
        }
    }

    #[test]
    fn no_address_panics(path in any::<String>()) {
        url_path::read_path(&path);
    }

    #[test]
    fn a_written_day_is_read_back(day in 1_i8..=28, month in 1_i8..=12, year in 1995_i16..=2099) {
        let date = date(year, month, day);
        let months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
        let name = months[usize::try_from(month - 1).unwrap()];
        for text in [date.to_string(), format!("{day} {name} {year}"), format!("{name} {day}, {year}"), format!("{day:02}.{month:02}.{year}"), format!("{year}年{month}月{day}日")] {
            let got = published(&page("", &format!("<p>{text}</p>")));
            prop_assert_eq!(got, found(&date.to_string(), Source::Text));
        }
    }
}
