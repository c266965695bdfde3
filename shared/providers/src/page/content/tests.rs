//! Every rule of the content on a page of its own.

use super::*;

const FIRST: &str = "The northern quay reopened on Thursday, after eleven months of repairs to its foundations, the port said in the morning.";
const SECOND: &str = "Ferries use the two inner berths first; the outer berth follows in spring, once its fenders have been replaced by new ones.";
const THIRD: &str = "Repairs cost nine million, a third more than planned, because divers found voids behind the old wall and filled them.";

fn content(body: &str) -> String {
    let document = Html::parse_document(&format!("<title>t</title><body>{body}</body>"));
    read(&document, &serde_json::json!({}))
}

/// An article with `extra` between its paragraphs.
fn article(extra: &str) -> String {
    content(&format!(
        "<main><article><h1>A quay reopens</h1><div class=entry-content>\
         <p>{FIRST}</p>{extra}<p>{SECOND}</p><p>{THIRD}</p></div></article></main>"
    ))
}

#[track_caller]
fn assert_whole(text: &str) {
    for paragraph in [FIRST, SECOND, THIRD] {
        assert!(text.contains(paragraph), "{paragraph}\nis not in\n{text}");
    }
}

#[test]
fn the_body_is_found_by_element_or_by_name() {
    for (open, close) in [
        ("<article>", "</article>"),
        ("<main>", "</main>"),
        ("<div role=main>", "</div>"),
        ("<div class=post-body>", "</div>"),
        ("<div id=articleBody>", "</div>"),
        ("<div itemprop=articleBody>", "</div>"),
        ("<div class='beitrag__inhalt'>", "</div>"),
        ("<td class=content>", "</td>"),
        ("<div class=x7f>", "</div>"),
    ] {
        let text = content(&format!(
            "<div class=top><p>Welcome to our site, dear reader.</p></div><table><tr>{open}<p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p>{close}</table>\
             <div class=sidebar><p>Also here, and for no reason at all: {FIRST} Twice.</p></div>"
        ));
        assert_whole(&text);
        assert!(!text.contains("Twice"), "{open}: {text}");
    }
}

#[test]
fn what_surrounds_a_text_is_left_out() {
    for extra in [
        "<nav><p>OUT</p></nav>",
        "<aside><p>OUT of the way, and at some length, too, as asides are.</p></aside>",
        "<form><label>OUT</label></form>",
        "<div class='share-buttons'>OUT</div>",
        "<div class='jp-relatedposts'><p>OUT</p></div>",
        "<div class=post-meta>By OUT</div>",
        "<div id=comments><p>OUT is what I say.</p></div>",
        "<figure><img><figcaption>OUT in the sun</figcaption></figure>",
        "<ul class=tags><li>OUT</li></ul>",
        "<div hidden>OUT</div>",
        "<div style='color:red; display: none'>OUT</div>",
        "<span class=sr-only>OUT</span>",
        "<script>OUT</script><style>OUT</style><noscript>OUT</noscript>",
        "<p><a href=/x>OUT, a line that leads elsewhere</a></p>",
        "<ul><li><a href=/1>OUT one</a></li><li><a href=/2>OUT two</a></li></ul>",
        "<p>Read more: OUT</p>",
        "<p>Mehr zum Thema</p><ul><li><a href=/1>OUT one</a></li></ul>",
        "<h3>OUT of here</h3><ul><li><a href=/1>OUT one</a></li></ul><h3>Costs</h3>",
    ] {
        let text = article(extra);
        assert_whole(&text);
        assert!(!text.contains("OUT"), "{extra}\n{text}");
    }
}

#[test]
fn between_paragraphs_a_line_in_a_box_is_a_label() {
    let paragraphs = format!("<p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p>").repeat(3);
    let text = content(&format!(
        "<article>{paragraphs}<div>12 <b>OUT</b></div></article>"
    ));
    assert_whole(&text);
    assert!(!text.contains("OUT"), "{text}");
    // Where boxes are the paragraphs, a short one is as good as a long one.
    let boxes = paragraphs.replace("p>", "div>");
    assert!(content(&format!("<article>{boxes}<div>IN short</div></article>")).contains("IN"));
}

#[test]
fn what_is_part_of_a_text_is_kept() {
    for extra in [
        "<p>IN short.</p>",
        "<h2>IN a heading</h2><p>Below.</p>",
        "<ul><li>IN a list</li></ul>",
        "<blockquote>IN a quote</blockquote>",
        "<table><tr><td>IN</td><td>a table</td></tr></table>",
        "<pre>IN code</pre>",
        "<figure><pre>IN a figure</pre></figure>",
        "<p>On <time>IN May</time> and by <span class=author>IN person</span>.</p>",
        "<div class='page--with-sidebar'><p>IN a box</p></div>",
        "<div class='hidden md:block'><p>IN wide windows</p></div>",
        "<p>A word with <a href=/x>IN a link</a> in it.</p>",
    ] {
        let text = article(extra);
        assert_whole(&text);
        assert!(text.contains("IN"), "{extra}\n{text}");
    }
}

#[test]
fn a_name_does_not_remove_the_page() {
    let text = content(&format!(
        "<div class='sidebar menu'><p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p></div>"
    ));
    assert_whole(&text);
    // The old frameworks' form around everything.
    let text = content(&format!(
        "<form id=aspnetForm><div><p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p></div></form>"
    ));
    assert_whole(&text);
}

#[test]
fn the_first_paragraph_may_stand_before_the_body() {
    let text = content(&format!(
        "<article><header><h1>A quay</h1><p class=teaser-lead itemprop=description>{FIRST}</p><p>10 May</p></header>\
         <div class=article-body><p>{SECOND}</p><p>{THIRD}</p><p>{SECOND} Again.</p></div></article>"
    ));
    assert_whole(&text);
    assert!(!text.contains("10 May"), "{text}");
}

#[test]
fn teasers_of_other_pages_are_no_part_of_an_article() {
    let teaser = format!("<article><h2><a href=/2>Another</a></h2><p>{SECOND} OUT.</p></article>");
    let text = content(&format!(
        "<article><h1>A quay</h1><p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p></article>{teaser}{teaser}"
    ));
    assert_whole(&text);
    assert!(!text.contains("OUT"), "{text}");
}

#[test]
fn a_list_of_entries_is_content() {
    let entries: String = (0..8)
        .map(|n| {
            format!(
                "<article><h2><a href=/{n}>Entry {n}</a></h2><p>{FIRST} Number {n}.</p></article>"
            )
        })
        .collect();
    let text = content(&format!("<div class=list>{entries}</div>"));
    assert!(
        text.contains("Number 0.") && text.contains("Number 7."),
        "{text}"
    );
    assert!(text.contains("Entry 3"), "{text}");
}

#[test]
fn posts_of_a_thread_are_content() {
    let posts: String = [FIRST, SECOND, THIRD]
        .iter()
        .enumerate()
        .map(|(n, post)| format!("<div class=post id=p{n}><div class=author>user{n}</div><div class=post-content>{post} Post {n}.</div></div>"))
        .collect();
    let text = content(&format!("<div id=thread>{posts}</div>"));
    assert_whole(&text);
    assert!(
        text.contains("Post 0.") && text.contains("Post 2.") && !text.contains("user1"),
        "{text}"
    );
    // A page that is nothing but its comments.
    let comments: String = [FIRST, SECOND, THIRD]
        .iter()
        .map(|text| format!("<div class=comment><p>{text}</p></div>"))
        .collect();
    assert_whole(&content(&format!(
        "<h1>Well?</h1><div id=comments>{comments}</div>"
    )));
}

#[test]
fn lines_are_those_a_browser_shows() {
    let text = content(
        "<p>one <b>t</b>wo<br>three</p><div>four<div>five</div>six</div>\
         <table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>\
         <pre>if x:\n    y()\n</pre><ul><li>i<li>ii</ul><p>s p a\n c e</p>",
    );
    assert_eq!(
        text,
        "one two\nthree\nfour\nfive\nsix\na b\nc\nif x:\n    y()\ni\nii\ns p a c e"
    );
}

#[test]
fn a_page_that_shows_little_is_read_from_its_data() {
    let long = [FIRST, SECOND, THIRD].join(" ");
    let data = serde_json::json!({"json_ld": [{"articleBody": long}]});
    let document = Html::parse_document("<p>Loading the page</p>");
    assert_whole(&read(&document, &data));
    let state = serde_json::json!({"props": {"text": [FIRST, SECOND, THIRD]}});
    assert_whole(&content(&format!(
        "<div id=__next></div><script id=__NEXT_DATA__ type=application/json>{state}</script>"
    )));
    assert_whole(&content(&format!(
        "<div id=root></div><noscript><p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p></noscript>"
    )));
    let topic = serde_json::json!({"posts": [{"cooked": format!("<p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p>")}]});
    let preloaded = serde_json::json!({"topic_1": topic.to_string()})
        .to_string()
        .replace('"', "&quot;");
    assert_whole(&content(&format!(
        "<div id=data-preloaded data-preloaded=\"{preloaded}\"></div>"
    )));
    // What is shown comes first, however much the data say.
    let shown = Html::parse_document(&format!(
        "<main><p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p></main>"
    ));
    let data = serde_json::json!({"json_ld": [{"articleBody": "Something else. ".repeat(200)}]});
    assert!(!read(&shown, &data).contains("Something else"));
}

#[test]
fn any_mark_up_is_read_to_its_end_in_time() {
    let started = crate::thread_time::thread_time();
    // As deep and as wide as a tree may be.
    let deep = [
        "<div>",
        "<b>",
        "<ul><li>",
        "<table><td>",
        "<span class='a b'>t",
        "<article><h1>x</h1>",
    ];
    for piece in deep {
        let _ = content(&piece.repeat(250));
    }
    let wide = [
        "<p>a<a href=x>b</a>",
        "<h2>x</h2>",
        "<!-- --> ",
        "<div class='share x'>y</div> ",
        "<li>",
        "<br>z",
    ];
    for piece in wide {
        let _ = content(&piece.repeat(20_000));
        let _ = content(&format!("{}{}", "<div>".repeat(400), piece.repeat(5_000)));
    }
    for text in [
        "",
        "<",
        "<frameset><frame></frameset>",
        "<html><head></head></html>",
        "\u{0}",
    ] {
        let _ = content(text);
    }
    // Far above what linear work takes on a busy machine, far below what quadratic work would.
    let took = crate::thread_time::thread_time() - started;
    assert!(took.as_secs() < 30, "{took:?}");
}
