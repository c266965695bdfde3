//! Asks the search provider, in one query or in several.
//!
//! A search that fails is an error and never an empty list: everything found before would look dropped
//! (FAULTS F48). For the same reason one failed sub-query fails them all.

use std::collections::HashSet;

use domain::execution::ErrorCode;
use domain::plan::Search;
use domain::results::Found;
use domain::url_identity::parse_identity;
use engine::ports::SearchRequest;
use engine::retry::{Again, ToolFailure};
use futures::future::try_join_all;
use serde_json::json;

use super::{Context, Made};
use crate::failure;

/// The longest query, in characters, as for a literal one.
const MOST_QUERY_CHARS: usize = 1_000;

pub(crate) async fn run(config: &Search, context: &Context<'_>) -> Result<Made, ToolFailure> {
    let query: String = context
        .text(&config.query)?
        .trim()
        .chars()
        .take(MOST_QUERY_CHARS)
        .collect();
    if query.is_empty() {
        return Err(ToolFailure::new(
            ErrorCode::ReferenceMissing,
            "the query is empty once its references are resolved",
            Again::Never,
        ));
    }
    let parts = if config.query_decomposition {
        decompose(&query, config.max_sub_queries as usize)
    } else {
        Vec::new()
    };
    let queries = if parts.is_empty() {
        vec![query]
    } else {
        parts.clone()
    };
    let requests: Vec<SearchRequest> = queries
        .into_iter()
        .map(|query| SearchRequest {
            query,
            max_results: config.max_results,
            freshness: config.freshness,
            now: context.engine.now(),
        })
        .collect();
    let limit = context.left();
    let lists = try_join_all(
        requests
            .iter()
            .map(|request| context.ports.search.search(request, limit)),
    );
    let lists = lists.await.map_err(|error| failure::of_search(&error))?;
    let results = interleave(lists, config.max_results as usize);
    let credits = 1 + u32::try_from(parts.len())
        .unwrap_or(u32::MAX)
        .min(config.max_sub_queries);
    let mut document = json!({ "results": results, "count": results.len() });
    if config.query_decomposition {
        document["sub_queries"] = json!(parts);
    }
    Ok(Made::Output {
        document,
        credits: if parts.is_empty() { 1 } else { credits },
    })
}

/// The parts of a query that asks for several things, `a and b; c`; none when it asks for one.
/// By rule, so that the same query is always asked the same way. Quoted phrases stay whole.
fn decompose(query: &str, most: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for word in query.split_inclusive(char::is_whitespace) {
        let bare = word.trim();
        if !quoted && matches!(bare.to_lowercase().as_str(), "and" | "&" | "+" | "|") {
            parts.push(String::new());
            continue;
        }
        for c in word.chars() {
            quoted ^= c == '"';
            match parts.last_mut() {
                Some(part) if quoted || !matches!(c, ';' | '\n') => part.push(c),
                Some(_) | None => parts.push(String::new()),
            }
        }
    }
    let mut seen = HashSet::new();
    let parts = parts
        .iter()
        .map(|part| part.trim().trim_matches(',').trim().to_owned());
    let parts: Vec<String> = parts
        .filter(|part| part.chars().count() >= 2 && seen.insert(part.to_lowercase()))
        .take(most)
        .collect();
    if parts.len() < 2 { Vec::new() } else { parts }
}

/// The lists merged by rank: the best of each, then the second of each; every page once.
fn interleave(lists: Vec<Vec<Found>>, most: usize) -> Vec<Found> {
    let mut seen = HashSet::new();
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut merged = Vec::new();
    loop {
        let rank: Vec<Found> = lists.iter_mut().filter_map(Iterator::next).collect();
        if rank.is_empty() || merged.len() >= most {
            merged.truncate(most);
            return merged;
        }
        merged.extend(rank.into_iter().filter(|found| {
            seen.insert(parse_identity(&found.url).unwrap_or_else(|| found.url.clone()))
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_for_several_things_is_taken_apart() {
        assert_eq!(
            decompose("rust releases and go releases; zig", 4),
            ["rust releases", "go releases", "zig"]
        );
        assert_eq!(
            decompose("\"research and development\" spending", 4),
            Vec::<String>::new()
        );
        assert_eq!(decompose("a1 AND a1 and b1 and c1", 2), ["a1", "b1"]);
        assert_eq!(decompose("android news", 4), Vec::<String>::new());
        assert_eq!(decompose(" and ; ", 4), Vec::<String>::new());
    }

    #[test]
    fn merging_takes_turns_and_keeps_each_page_once() {
        let found = |url: &str| Found {
            url: url.to_owned(),
            ..Found::default()
        };
        let lists = vec![
            vec![found("https://a.example/"), found("https://b.example/")],
            vec![
                found("https://a.example/?utm_source=x"),
                found("https://c.example/"),
            ],
        ];
        let urls: Vec<String> = interleave(lists, 2)
            .into_iter()
            .map(|found| found.url)
            .collect();
        assert_eq!(urls, ["https://a.example/", "https://b.example/"]);
    }
}
