//! Files of robots whose reading, or whose being asked, costs more than such a file's.

use super::pages::bombs;
use super::{Bomb, Filling, SIZE, full, full_of};

pub(crate) const ALL: &[Bomb] = bombs! {
    "empty lines" => full_of("\n"),
    "lines of a letter" => full_of("x\n"),
    "agents" => full(|n| format!("user-agent:a{n}\n")),
    "short agents" => full_of("user-agent:a\n"),
    "agents and rules" => full_of("user-agent:a\nallow:/\n"),
    "agents of everybody and rules" => full_of("user-agent:*\nallow:/\n"),
    "rules" => Filling::new().then("user-agent:*\n").full_of("allow:/\n"),
    "rules of stars" => Filling::new().then("user-agent:*\n").full_of("allow:/*\n"),
    "rules of many stars" => Filling::new().then("user-agent:*\n").full(|_| format!("disallow:/{}b\n", "*a".repeat(500))),
    "a rule of stars" => Filling::new().then("user-agent:*\ndisallow:/").full_of("*a"),
    "a rule of escapes" => Filling::new().then("user-agent:*\ndisallow:/").full_of("%2f"),
    "a rule of bytes" => Filling::new().then("user-agent:*\ndisallow:/").full_of("\u{e4}"),
    "empty rules" => Filling::new().then("user-agent:*\n").full_of("allow:\n"),
    "delays" => Filling::new().then("user-agent:*\n").full_of("crawl-delay:1\n"),
    "delays of agents" => full_of("user-agent:a\ncrawl-delay:1\n"),
    "agents and one delay" => Filling::new().up_to(400_000, |n| format!("user-agent:a{n}\n")).full_of("crawl-delay:1\n"),
    "sitemaps" => full(|n| format!("sitemap:{n}\n")),
    "a sitemap" => Filling::new().then("sitemap:").full_of("a"),
    "sitemaps of bytes" => full(|n| format!("sitemap:{n}\u{80}\u{80}\n")),
    "sitemaps of no encoding" => std::iter::repeat_n(*b"sitemap:\xff\xff\xff\xff\n", SIZE / 13).flatten().collect(),
    "one line" => full_of("x"),
    "colons" => full_of(":"),
    "remarks" => full_of("#\n"),
    "an agent" => Filling::new().then("user-agent:").full_of("a"),
    "a delay" => Filling::new().then("user-agent:*\ncrawl-delay:").full_of("1"),
    "returns" => full_of("\r"),
    "nulls" => vec![0; SIZE],
    "rules that end" => Filling::new().then("user-agent:*\n").full_of("allow:/a$\n"),
};
