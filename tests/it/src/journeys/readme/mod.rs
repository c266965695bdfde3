//! The README's walk-throughs, carried out word for word against a running host.
//!
//! Every fenced `sh` block of the sections named here is carried out, and every `json` or `http` block is
//! compared with the answer before it. So the README shows nothing that is not so.

mod shell;
mod shown;

use reqwest::Method;
use serde_json::Value;

use self::shell::{Call, Shell, Stands};
use crate::world::{Nightdesk, Options};

const README: &str = include_str!("../../../../../README.md");

/// Where the README finds the host.
const ADDRESS: &str = "http://127.0.0.1:8787";

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    language: String,
    text: String,
}

/// The blocks under the heading `## title`.
fn blocks(readme: &str, title: &str) -> Vec<Block> {
    let (_, section) = readme
        .split_once(&format!("\n## {title}\n"))
        .unwrap_or_else(|| panic!("the README has no section {title:?}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for line in section.lines() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(language)) => {
                let block = Block {
                    language: language.to_owned(),
                    text: String::new(),
                };
                open = Some((line.len() - line.trim_start().len(), block));
            }
            (Some((indent, block)), None) => {
                block.text.push_str(line.get(*indent..).unwrap_or_default());
                block.text.push('\n');
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|(_, block)| block)),
            (None, None) => {}
        }
    }
    blocks
}

/// An answer as curl shows it: the head, when it was asked for, and the body.
struct Answer {
    head: Vec<String>,
    body: String,
}

async fn carry_out(nightdesk: &Nightdesk, call: &Call) -> Answer {
    let path = call
        .url
        .strip_prefix(nightdesk.base())
        .unwrap_or_else(|| panic!("{} is somewhere else", call.url));
    let method = Method::from_bytes(call.method.as_bytes()).unwrap();
    let mut request = nightdesk.browser(method, path);
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    if let Some(body) = &call.body {
        request = request.body(body.clone());
    }
    let response = request.send().await.unwrap();
    let mut head = vec![format!("{:?} {}", response.version(), response.status())];
    for (name, value) in response.headers() {
        head.push(format!("{name}: {}", value.to_str().unwrap()));
    }
    Answer {
        head: if call.with_head { head } else { Vec::new() },
        body: response.text().await.unwrap(),
    }
}

/// Whether an answer is as it is shown.
fn check(answer: &Answer, block: &Block, stands: &mut Stands) -> Result<(), String> {
    let (head, body) = match block.language.as_str() {
        "json" if answer.head.is_empty() => ("", block.text.as_str()),
        "http" if !answer.head.is_empty() => {
            block.text.split_once("\n\n").unwrap_or((&block.text, ""))
        }
        other => return Err(format!("a block of {other} after this command")),
    };
    for line in head.lines() {
        // A line that fits leaves its mark; those that do not are other lines.
        let fits = |real: &String| shown::compare_text(line, real, "", &mut Stands::new()).is_ok();
        let real = answer.head.iter().find(|real| fits(real));
        let real = real.ok_or_else(|| format!("no line is {line:?} of {:#?}", answer.head))?;
        if let (Some((_, shown)), Some((_, real))) = (line.split_once(": "), real.split_once(": "))
        {
            shown::compare_text(shown, real, line, stands)?;
        }
    }
    if body.trim().is_empty() {
        return Ok(());
    }
    let shown: Value = serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))?;
    let real: Value = serde_json::from_str(&answer.body).map_err(|error| error.to_string())?;
    shown::compare(&shown, &real, "", stands)
        .map_err(|difference| format!("{difference}\nin {real:#}"))
}

/// Carries out a section.
async fn walk(nightdesk: &Nightdesk, shell: &mut Shell, title: &str) {
    let mut stands = Stands::from([
        (ADDRESS.to_owned(), nightdesk.base().to_owned()),
        ("nd_…".to_owned(), nightdesk.token().to_owned()),
    ]);
    let mut answer: Option<Answer> = None;
    for block in blocks(README, title) {
        let told = if block.language == "sh" {
            assert!(
                answer.is_none(),
                "an answer is not shown, before:\n{}",
                block.text
            );
            let calls = shell.run(&block.text, &stands);
            let calls = calls.unwrap_or_else(|unread| panic!("{unread}, in:\n{}", block.text));
            assert!(calls.len() <= 1, "one command, one answer:\n{}", block.text);
            if let Some(call) = calls.first() {
                answer = Some(carry_out(nightdesk, call).await);
            }
            Ok(())
        } else {
            let answer = answer.take().expect("a command comes before its answer");
            check(&answer, &block, &mut stands)
        };
        told.unwrap_or_else(|difference| panic!("{title}: {difference}\nshown:\n{}", block.text));
    }
    assert!(answer.is_none(), "the last answer is not shown");
}

#[tokio::test]
async fn the_readme_is_true_word_for_word() {
    let nightdesk = Nightdesk::start(Options {
        sample: true,
        ..Options::default()
    })
    .await;
    let mut shell = Shell::default();
    for title in ["A draft that waits for you, with curl", "A watch"] {
        walk(&nightdesk, &mut shell, title).await;
    }
}

#[test]
fn blocks_lose_the_indent_of_their_list() {
    let readme = "\n## A\n\n1. x\n\n   ```sh\n   a \\\n     b\n   ```\n## B\n```sh\nc\n```\n";
    let block = Block {
        language: "sh".to_owned(),
        text: "a \\\n  b\n".to_owned(),
    };
    assert_eq!(blocks(readme, "A"), [block]);
}
