//! The state a page's script starts from, where it is written as JSON: `__NEXT_DATA__` and other blocks of
//! `application/json`, and assignments such as `window.__INITIAL_STATE__ = {…}`.
//!
//! Script is never run. What is not JSON (a function call, an unquoted key) is passed over.

use std::sync::LazyLock;

use domain::json::Allowance;
use regex::Regex;
use scraper::{Html, Selector};
use serde_json::Value;

use crate::page::MOST_VALUES;
use crate::page::html::selector;

/// How many states of a page are read, and from how much script in all, in bytes.
const MAX_STATES: usize = 20;
const MAX_SCRIPT: usize = 4 << 20;

/// One state with the name it goes by in the page.
pub(in crate::page) struct State {
    pub(in crate::page) name: String,
    pub(in crate::page) data: Value,
}

/// The states of a page, in their order.
pub(in crate::page) fn read(document: &Html) -> Vec<State> {
    static SCRIPT: LazyLock<Selector> = LazyLock::new(|| selector("script:not([src])"));
    static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?:window|self|globalThis)(?:\.([A-Za-z_$][\w$]{0,63})|\[\s*["']([^"']{1,64})["']\s*\])\s*=\s*(JSON\.parse\(\s*)?|\b(?:var|let|const)\s+([A-Za-z_$][\w$]{0,63})\s*=\s*(JSON\.parse\(\s*)?"#,
        )
        .expect("the pattern is a constant of this crate")
    });
    let mut states = Vec::new();
    let allowance = Allowance::new(MOST_VALUES);
    let mut left = MAX_SCRIPT;
    for script in document.select(&SCRIPT) {
        let kind = script.attr("type").unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("application/ld+json") {
            continue;
        }
        let text: String = script.text().collect();
        let Some(rest) = left.checked_sub(text.len()) else {
            continue;
        };
        left = rest;
        if kind.contains("json") {
            if states.len() >= MAX_STATES {
                return states;
            }
            if let Ok(data) = allowance.read(text.trim()) {
                let name = script.attr("id").unwrap_or("json").to_owned();
                states.push(State { name, data });
            }
            continue;
        }
        for found in ASSIGNED.captures_iter(&text) {
            if states.len() >= MAX_STATES {
                return states;
            }
            let Some(whole) = found.get(0) else { continue };
            let name = [1, 2, 4].iter().find_map(|group| found.get(*group));
            let is_parsed = found.get(3).or(found.get(5)).is_some();
            let data = first_value(&text[whole.end()..], is_parsed, &allowance);
            if let (Some(name), Some(data)) = (name, data) {
                states.push(State {
                    name: name.as_str().to_owned(),
                    data,
                });
            }
        }
    }
    states.truncate(MAX_STATES);
    states
}

/// The object or list at the beginning of `script`; when it is parsed from a string, that string's.
fn first_value(script: &str, is_parsed: bool, allowance: &Allowance) -> Option<Value> {
    if is_parsed {
        // Looking for the end of a text is work that grows with what is left of the script.
        let text = script
            .starts_with('"')
            .then(|| allowance.read_first(script))?;
        return allowance.read(text.ok()?.0.as_str()?).ok();
    }
    if !script.starts_with(['{', '[']) {
        return None;
    }
    let (value, _) = allowance.read_first(script).ok()?;
    let holds = match &value {
        Value::Object(object) => !object.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    holds.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_found_where_they_are_json() {
        let html = r#"<script id="__NEXT_DATA__" type="application/json">{"props": {"price": 9}}</script>
            <script>window.__INITIAL_STATE__={"a":1};window["x y"] = [2]; var dataLayer = [{"b":3}];</script>
            <script>window.S = JSON.parse("{\"c\":\"d\"}")</script>
            <script>window.__NUXT__=(function(a){return {x:a}})(1); var f = {a: 1}; let e = {};</script>
            <script src=/app.js></script>"#;
        let found: Vec<(String, String)> = read(&Html::parse_document(html))
            .into_iter()
            .map(|state| (state.name, state.data.to_string()))
            .collect();
        let wanted = [
            ("__NEXT_DATA__", r#"{"props":{"price":9}}"#),
            ("__INITIAL_STATE__", r#"{"a":1}"#),
            ("x y", "[2]"),
            ("dataLayer", r#"[{"b":3}]"#),
            ("S", r#"{"c":"d"}"#),
        ];
        assert_eq!(found, wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }
}
