//! How fast pages are read: pages a second on one core, the median and the 99th of a hundred, and what is
//! allocated, for pages of five kinds and about 100 KB each.
//!
//! The pages are made here, with what real ones carry around their text: navigation, scripts, teasers,
//! comments, data for search engines. `--write DIR` writes them to files instead, to measure another
//! program on the same pages.

#![allow(clippy::print_stdout, clippy::unwrap_used, unused_crate_dependencies)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use divan::{AllocProfiler, Bencher};
use nightdesk_providers::page;
use rustix::time::{ClockId, clock_gettime};
use url::Url;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const KINDS: &[&str] = &["article", "listing", "product", "thread", "manual"];

/// The size pages are made up to, in bytes.
const SIZE: usize = 100_000;

const WORDS: &[&str] = &[
    "harbour",
    "the",
    "quay",
    "of",
    "and",
    "ferry",
    "in",
    "reopened",
    "a",
    "port",
    "to",
    "with",
    "repairs",
    "was",
    "berth",
    "for",
    "tide",
    "on",
    "council",
    "said",
    "that",
    "wall",
    "old",
    "spring",
    "by",
    "passengers",
    "new",
];

/// Running text, the same every time.
struct Writer(u64);

impl Writer {
    fn next(&mut self, below: usize) -> usize {
        // Knuth's MMIX generator: any will do.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }

    fn words(&mut self, count: usize) -> String {
        let mut text = String::new();
        for n in 0..count {
            let word = WORDS[self.next(WORDS.len())];
            text.push_str(if n == 0 {
                ""
            } else if n % 11 == 10 {
                ", "
            } else {
                " "
            });
            text.push_str(word);
        }
        text
    }

    fn paragraph(&mut self) -> String {
        let (before, link, after) = (self.words(40), self.words(2), self.words(25));
        format!(
            "<p>{before} <a href=\"/{}\">{link}</a> {after}.</p>\n",
            self.next(9_999)
        )
    }
}

fn page(kind: &str) -> String {
    let mut writer = Writer(kind.len() as u64);
    let mut html = format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>{kind} | The Post</title>\
         <meta property=\"og:title\" content=\"{kind}\"><meta name=author content=\"Ida Holm\">\
         <script type=\"application/ld+json\">{{\"@context\":\"https://schema.org\",\"@type\":\"NewsArticle\",\
         \"headline\":\"{kind}\",\"datePublished\":\"2026-10-02T08:00:00Z\"}}</script>\
         <style>{}</style></head><body class=\"single post-template has-sidebar\"><header><nav><ul>",
        ".card{margin:0}".repeat(200)
    );
    for n in 0..60 {
        let label = writer.words(2);
        write!(
            html,
            "<li class=\"menu-item menu-item-{n}\"><a href=\"/section/{n}\">{label}</a></li>"
        )
        .unwrap();
    }
    write!(
        html,
        "</ul></nav></header><div class=\"layout\"><main id=\"content\"><h1>{kind}</h1>"
    )
    .unwrap();
    let mut n = 0;
    while html.len() < SIZE * 7 / 10 {
        n += 1;
        match kind {
            "listing" => {
                let (head, text) = (writer.words(7), writer.words(24));
                write!(html, "<article class=\"card card-{n}\"><h2><a href=\"/a/{n}\">{head}</a></h2><p>{text}.</p><time datetime=\"2026-10-01\">1 October 2026</time></article>").unwrap();
            }
            "product" => {
                let text = writer.words(4);
                write!(html, "<table class=\"prices\"><tr><td>Plan {n}</td><td>{text}</td><td>€{}.00</td></tr></table>", n % 90).unwrap();
            }
            "thread" => {
                let text = writer.paragraph();
                write!(html, "<div class=\"post\" id=\"p{n}\"><div class=\"author\">user{n}</div><div class=\"post-content\">{text}</div><div class=\"actions\"><a href=\"/like/{n}\">Like</a> <a href=\"/reply/{n}\">Reply</a></div></div>").unwrap();
            }
            "manual" => {
                let (head, text) = (writer.words(3), writer.paragraph());
                write!(html, "<section><h2 id=\"s{n}\">{head}</h2>{text}<pre><code>let x{n} = <span class=\"k\">fn</span>(<span class=\"n\">{n}</span>);\nreturn x{n}</code></pre><ul><li>one</li><li>two</li></ul></section>").unwrap();
            }
            _ => {
                if n == 1 {
                    html.push_str("<article><div class=\"byline\">By Ida Holm</div><div class=\"entry-content\">");
                }
                html.push_str(&writer.paragraph());
                if n % 8 == 0 {
                    html.push_str("<div class=\"related\"><h3>Read more</h3><ul><li><a href=\"/r\">another page of ours</a></li></ul></div>");
                }
            }
        }
    }
    if kind == "article" {
        html.push_str("</div></article><div id=\"comments\">");
        for _ in 0..20 {
            let text = writer.words(20);
            write!(html, "<div class=\"comment\"><p>{text}</p></div>").unwrap();
        }
        html.push_str("</div>");
    }
    html.push_str("</main><aside class=\"sidebar\">");
    while html.len() < SIZE * 8 / 10 {
        let text = writer.words(8);
        write!(html, "<div class=\"widget\"><a href=\"/w/{}\"><img src=\"/i.jpg\" alt=\"\"><span>{text}</span></a></div>", html.len()).unwrap();
    }
    html.push_str("</aside></div><footer><p>Imprint</p></footer><script>");
    while html.len() < SIZE {
        html.push_str("window.queue=window.queue||[];queue.push(['track',1]);");
    }
    html.push_str("</script></body></html>");
    html
}

fn url() -> Url {
    Url::parse("https://post.example/2026/10/02/a-page").unwrap()
}

#[divan::bench(args = KINDS)]
fn read(bencher: Bencher<'_, '_>, kind: &str) {
    let (html, url) = (page(kind), url());
    bencher.bench_local(|| page::extract(black_box(&html), &url, None));
}

/// What this thread has used of its core: the same on a busy machine as on an idle one.
fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The quantiles divan does not print.
fn quantiles() {
    println!("kind       KB    pages/s   p50 ms   p99 ms");
    for kind in KINDS {
        let (html, url) = (page(kind), url());
        for _ in 0..20 {
            black_box(page::extract(&html, &url, None)).expect("a page of ordinary size");
        }
        let mut times: Vec<Duration> = (0..500)
            .map(|_| {
                let began = now();
                let read = black_box(page::extract(black_box(&html), &url, None));
                drop(read);
                now() - began
            })
            .collect();
        times.sort();
        let total: Duration = times.iter().sum();
        println!(
            "{kind:<9} {:>4} {:>9.0} {:>8.2} {:>8.2}",
            html.len() / 1_000,
            times.len() as f64 / total.as_secs_f64(),
            times[times.len() / 2].as_secs_f64() * 1_000.0,
            times[times.len() * 99 / 100].as_secs_f64() * 1_000.0,
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--write") {
        let folder = std::path::Path::new(&arguments[at + 1]);
        for kind in KINDS {
            std::fs::write(folder.join(format!("{kind}.html")), page(kind)).unwrap();
        }
        return;
    }
    quantiles();
    divan::main();
}
