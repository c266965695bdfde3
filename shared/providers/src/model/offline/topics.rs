//! What a goal is about: what is left of it, cut into parts, each freed of command words.

use std::sync::LazyLock;

use regex::Regex;

use super::lexicon::{
    ABOUT, BACK_REFERENCES, DELIVERING, EMPTY, EXCLUDING, FORMS, HEADS, LEADING, MAKING, NARROWING,
    TRAILING,
};

/// The most topics a goal is split into: each becomes a search of its own.
pub(super) const MOST: usize = 4;

/// The most words of one topic; a search engine reads no more.
const MOST_WORDS: usize = 14;

/// The most characters of one topic, for goals that are one long word.
const MOST_CHARS: usize = 120;

/// The topics of what is left of a goal.
pub(super) fn of(text: &str) -> Vec<String> {
    let mut topics: Vec<String> = Vec::new();
    for clause in clauses(text) {
        let first = clause
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_lowercase();
        if EXCLUDING.contains(&first.as_str()) {
            continue;
        }
        // "…, especially in Europe" narrows what stands before it.
        if let Some(topic) = topics.last_mut()
            && NARROWING.contains(&first.as_str())
        {
            let narrowing = |word: &&str| NARROWING.contains(&word.to_lowercase().as_str());
            let rest: Vec<&str> = clause.split_whitespace().skip_while(narrowing).collect();
            if let Some(narrower) = topic_of(&rest.join(" ")) {
                topic.push(' ');
                topic.push_str(&narrower);
            }
            continue;
        }
        topics.extend(parts(&clause).iter().filter_map(|part| topic_of(part)));
    }
    share_head(&mut topics);
    let mut seen = Vec::new();
    topics.retain(|topic| {
        let key = topic.to_lowercase();
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
    topics.truncate(MOST);
    let short = |topic: String| {
        topic
            .split_whitespace()
            .take(MOST_WORDS)
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(MOST_CHARS)
            .collect()
    };
    topics.into_iter().map(short).collect()
}

/// Clauses end at punctuation and at words that begin another action.
fn clauses(text: &str) -> Vec<String> {
    static END: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i)[,;:!?\n()"“”„«»]+|\.(?:\s|$)|\s[-–—]\s|\b(?:and\s+then|then|so\s+that|because|afterwards|after\s+that)\b"#)
            .expect("the pattern is a constant of this crate")
    });
    END.split(text)
        .map(|clause| clause.trim().to_owned())
        .filter(|clause| !clause.is_empty())
        .collect()
}

/// The parts of an enumeration.
fn parts(clause: &str) -> Vec<String> {
    static JOINT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\s+(?:and|vs\.?|versus|as\s+well\s+as|compared\s+(?:to|with)|or)\s+|\s+&\s+",
        )
        .expect("the pattern is a constant of this crate")
    });
    JOINT.split(clause).map(str::to_owned).collect()
}

/// What one part is about; `None` when it is only a command.
fn topic_of(part: &str) -> Option<String> {
    let mut words: Vec<&str> = part
        .split_whitespace()
        .map(|word| word.trim_matches(['\'', '’', '`', '*', '<', '>', '|']))
        .filter(|word| !word.is_empty())
        .collect();
    let lower = |word: &str| word.to_lowercase();
    let is = |list: &[&str], word: &str| list.contains(&lower(word).as_str());
    // "into a post": from there on it is about the form.
    if let Some(at) = words.iter().position(|word| lower(word) == "into") {
        words.truncate(at);
    }
    // Commands and fillers in front of the first word with a meaning; whether one of them makes.
    let mut making = false;
    let mut delivering = false;
    let mut start = 0;
    while let Some(word) = words.get(start) {
        if is(BACK_REFERENCES, word)
            && start + 1 < words.len()
            && !is(&["that"], word)
            && making_or_first(start, making)
        {
            return None;
        }
        if is(MAKING, word) {
            making = true;
        }
        delivering |= is(DELIVERING, word);
        if !is(LEADING, word) && !is(MAKING, word) && !is(DELIVERING, word) {
            break;
        }
        start += 1;
        if is(ABOUT, word) {
            making = false;
            delivering = false;
        }
    }
    making |= delivering && words.get(start).is_some_and(|word| is(FORMS, word));
    if making {
        // What is made is in front; what it is about follows a preposition, or nothing does.
        let about = words.iter().skip(start).position(|word| is(ABOUT, word))?;
        start += about + 1;
        while words.get(start).is_some_and(|word| is(LEADING, word)) {
            start += 1;
        }
    }
    let mut end = words.len();
    while end > start && words.get(end - 1).is_some_and(|word| is(TRAILING, word)) {
        end -= 1;
    }
    let kept = words.get(start..end).unwrap_or_default();
    if kept.first().is_some_and(|word| is(BACK_REFERENCES, word)) {
        return None;
    }
    if kept
        .iter()
        .all(|word| is(EMPTY, word) || !word.chars().any(char::is_alphanumeric))
    {
        // "the latest news" asks for news, whatever they are about.
        let news = words.iter().find(|word| is(&["news", "headlines"], word));
        return news.filter(|_| !making).map(|word| lower(word));
    }
    Some(kept.join(" "))
}

/// A back reference counts where an object stands: first, or as what is made or sent.
fn making_or_first(start: usize, making: bool) -> bool {
    start == 0 || making
}

/// Gives the head of the last part to the others: "Rust and Go releases".
fn share_head(topics: &mut [String]) {
    let [others @ .., last] = topics else { return };
    let Some(head) = last
        .split_whitespace()
        .last()
        .filter(|_| last.split_whitespace().count() > 1)
        .map(str::to_owned)
    else {
        return;
    };
    if !HEADS.contains(&head.to_lowercase().as_str()) {
        return;
    }
    for topic in others {
        let headed = topic
            .split_whitespace()
            .any(|word| HEADS.contains(&word.to_lowercase().as_str()));
        if !headed && topic.split_whitespace().count() == 1 {
            topic.push(' ');
            topic.push_str(&head);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_goal_is_about() {
        for (text, expected) in [
            (
                "Find the AI product launches , summarise them and draft a , ",
                &["AI product launches"][..],
            ),
            ("watch OpenAI pricing page", &["OpenAI pricing page"]),
            (
                "Compare solid-state batteries and hydrogen storage",
                &["solid-state batteries", "hydrogen storage"],
            ),
            ("Rust and Go releases", &["Rust releases", "Go releases"]),
            ("Write a short brief on offshore wind", &["offshore wind"]),
            (
                "prepare a report for executives about city transport",
                &["city transport"],
            ),
            (
                "brief me on security incidents, especially in Europe",
                &["security incidents Europe"],
            ),
            (
                "research and summarise the news about batteries",
                &["batteries"],
            ),
            (
                "tell me when the price of Brightdesk changes and its terms change",
                &["price of Brightdesk"],
            ),
            (
                "what's the difference between barley and rice",
                &["barley", "rice"],
            ),
            (
                "turn the malaria vaccine trial into a post",
                &["malaria vaccine trial"],
            ),
            ("give me the latest news", &["news"]),
            (
                "AI launches, excluding chips, without prices",
                &["AI launches"],
            ),
            (
                "Beobachte die Preise von Brightdesk",
                &["Beobachte die Preise von Brightdesk"],
            ),
            ("", &[]),
            ("please help me do something useful", &[]),
            ("😀😀😀😀😀😀😀😀😀😀", &[]),
            ("send it to them", &[]),
            ("Email security incidents to", &["security incidents"]),
            ("send me the summary of wind power", &["wind power"]),
            ("post the results to", &[]),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
