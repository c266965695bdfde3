//! The mail that says what changed: new results and changed pages, as the run's judgement recorded them.
//!
//! It is read from the stored conclusion leniently: a field that is missing says nothing, and never
//! keeps the rest from being said.

use domain::execution::Execution;
use domain::text;
use domain::workflow::Workflow;
use serde_json::Value;

use super::one_line;

/// The most results and pages listed; the run's page has all.
const MOST_LISTED: usize = 20;
/// The most passages shown of one changed page.
const MOST_PASSAGES: usize = 4;
/// The longest line of a stranger's text, in characters.
const MOST_LINE_CHARS: usize = 300;

/// A new result.
pub(crate) struct Item {
    pub(crate) title: String,
    pub(crate) url: String,
    /// The address, when it may be a link.
    pub(crate) link: Option<String>,
    pub(crate) date: String,
    pub(crate) snippet: String,
}

/// A changed page.
pub(crate) struct Change {
    pub(crate) url: String,
    /// Lines beginning with `+`, `-` or `~`.
    pub(crate) passages: Vec<String>,
}

/// Everything the mail says.
pub(crate) struct Signal {
    pub(crate) workflow: String,
    pub(crate) items: Vec<Item>,
    pub(crate) more_items: usize,
    pub(crate) changes: Vec<Change>,
    pub(crate) more_changes: usize,
    /// New results that were left out as not relevant.
    pub(crate) filtered: u64,
    pub(crate) is_baseline: bool,
    pub(crate) is_met: bool,
    /// What the stop condition rests on.
    pub(crate) evidence: Vec<String>,
    pub(crate) link: String,
}

impl Signal {
    /// What a judged run says; `None` when it says nothing. `promoted`: a person wants told what was kept back, so
    /// all of it is.
    pub(crate) fn read(
        run: &Execution,
        workflow: Option<&Workflow>,
        conclusion: &Value,
        link: String,
        promoted: bool,
    ) -> Option<Self> {
        let is_met = conclusion["condition_met"] == true;
        let is_baseline = conclusion["signal"]["decision"] == "baseline"
            && workflow.is_some_and(|workflow| workflow.include_baseline);
        let is_signal = promoted || conclusion["signal"]["decision"] == "signalled";
        if !is_met && !is_baseline && !is_signal {
            return None;
        }
        let changes = &conclusion["result_changes"];
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let filter = &conclusion["intent_relevance_filter"];
        let held_back: Vec<Value> = list(&filter["filtered_items"])
            .iter()
            .map(|item| item["url"].clone())
            .collect();
        let is_news = |item: &&Value| {
            let class = item["classification"].as_str().unwrap_or("NEW");
            let is_new =
                class == "NEW" && item["returned"] != true && !held_back.contains(&item["url"]);
            promoted || is_new
        };
        let fresh: Vec<Item> = list(&changes["net_new_urls"])
            .iter()
            .filter(is_news)
            .map(Item::read)
            .collect();
        // A page that only moved is shown at the run, and is no news.
        let changed: Vec<Change> = list(&changes["changed"])
            .iter()
            .filter(|change| promoted || change["kind"] != "moved")
            .map(Change::read)
            .collect();
        let (more_items, more_changes) = (
            fresh.len().saturating_sub(MOST_LISTED),
            changed.len().saturating_sub(MOST_LISTED),
        );
        Some(Self {
            workflow: workflow.map_or_else(
                || run.workflow.to_string(),
                |workflow| one_line(&workflow.name, 255),
            ),
            items: fresh.into_iter().take(MOST_LISTED).collect(),
            more_items,
            changes: changed.into_iter().take(MOST_LISTED).collect(),
            more_changes,
            filtered: filter["filtered_count"]
                .as_u64()
                .filter(|_| !promoted)
                .unwrap_or_default(),
            is_baseline,
            is_met,
            evidence: list(&conclusion["condition"]["evidence"])
                .iter()
                .take(5)
                .map(line)
                .filter(|line| !line.is_empty())
                .collect(),
            link,
        })
    }

    /// What happened, in a few words.
    fn what(&self) -> String {
        let counted = |n: usize, one: &str, many: &str| match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {many}")),
        };
        let items = counted(
            self.items.len() + self.more_items,
            "new result",
            "new results",
        );
        let changes = counted(
            self.changes.len() + self.more_changes,
            "changed page",
            "changed pages",
        );
        match (self.is_met, items, changes) {
            (true, _, _) => "condition met".to_owned(),
            (false, Some(items), Some(changes)) => format!("{items}, {changes}"),
            (false, Some(one), None) | (false, None, Some(one)) => one,
            (false, None, None) => "something changed".to_owned(),
        }
    }

    fn short_name(&self) -> String {
        text::preview(&self.workflow, 80)
    }
}

fn line(value: &Value) -> String {
    match value {
        Value::String(text) => one_line(text, MOST_LINE_CHARS),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            one_line(&value.to_string(), MOST_LINE_CHARS)
        }
    }
}

impl Item {
    fn read(item: &Value) -> Self {
        let url = line(&item["url"]);
        let title = line(&item["title"]);
        Self {
            title: if title.is_empty() { url.clone() } else { title },
            // Only web addresses become links; the whole one, not what a line has room for.
            link: item["url"]
                .as_str()
                .filter(|url| domain::url_identity::parse_identity(url).is_some())
                .map(str::to_owned),
            url,
            date: line(&item["published_date"]),
            snippet: line(&item["snippet"]),
        }
    }
}

impl Change {
    fn read(change: &Value) -> Self {
        let diff = &change["diff"];
        let passages = |field: &str, mark: &'static str| {
            let list = diff[field].as_array().cloned().unwrap_or_default();
            list.into_iter()
                .map(move |passage| format!("{mark} {}", line(&passage)))
                .collect::<Vec<_>>()
        };
        let replaced = diff["changed"].as_array().cloned().unwrap_or_default();
        let replaced = replaced.iter().map(|passage| {
            let path = line(&passage["path"]);
            let named = if path.is_empty() {
                String::new()
            } else {
                format!("{path}: ")
            };
            format!(
                "~ {named}{} → {}",
                line(&passage["before"]),
                line(&passage["after"])
            )
        });
        let passages = replaced
            .chain(passages("added", "+"))
            .chain(passages("removed", "-"))
            .take(MOST_PASSAGES)
            .collect();
        Self {
            url: line(&change["url"]),
            passages,
        }
    }
}

letter! {
    Signal:
    "signal/subject.txt",
    "signal/body.txt",
    "signal/body.html",
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn conclusion() -> Value {
        json!({
            "complete": true, "condition_met": false, "condition": null,
            "signal": {"decision": "signalled", "reason": "new_results"},
            "result_changes": {
                "net_new_urls": [
                    {"url": "https://a.example/1?a=1&b=2", "title": "<b>One</b>", "snippet": "s\nt", "published_date": "2026-05-03", "returned": false, "classification": "NEW"},
                    {"url": "javascript:alert(1)", "title": "", "snippet": "", "published_date": null, "returned": false, "classification": "NEW"},
                    {"url": "https://a.example/old", "title": "Old", "snippet": "", "published_date": null, "returned": true, "classification": "NEW"},
                    {"url": "https://a.example/context", "title": "Context", "snippet": "", "published_date": null, "returned": false, "classification": "CONTEXT"},
                ],
                "changed": [
                    {"url": "https://a.example/price", "kind": "field", "diff": {"added": ["new line"], "removed": [], "moved": [], "changed": [{"path": "price", "before": "10", "after": "12"}]}},
                    {"url": "https://a.example/moved", "kind": "moved", "diff": {}},
                ],
            },
            "intent_relevance_filter": {"filtered_count": 3, "filtered_items": []},
        })
    }

    fn read(conclusion: &Value) -> Option<Signal> {
        Signal::read(
            &crate::tests::run(),
            None,
            conclusion,
            "https://nightdesk.example/executions/exe_1".into(),
            false,
        )
    }

    #[test]
    fn the_whole_mail() {
        let mail = read(&conclusion()).unwrap().mail("a@x.test");
        let mail = format!(
            "{}\n\n{}\n{}",
            mail.subject,
            mail.text,
            mail.html.unwrap_or_default()
        );
        insta::assert_snapshot!(
            "signal",
            mail.replace(crate::tests::run().workflow.as_str(), "Morning wires")
        );
    }

    #[test]
    fn a_silence_is_no_mail_and_a_met_condition_always_is() {
        let mut quiet = conclusion();
        quiet["signal"]["decision"] = json!("suppressed");
        assert!(read(&quiet).is_none());
        quiet["condition_met"] = json!(true);
        quiet["condition"] = json!({"type": "result_count", "evidence": ["5 results"]});
        quiet["result_changes"] = Value::Null;
        let mail = read(&quiet).unwrap().mail("a@x.test");
        assert!(
            mail.subject.starts_with("Nightdesk: condition met"),
            "{}",
            mail.subject
        );
        assert!(mail.text.contains("5 results"));
        assert!(read(&json!({})).is_none());
    }

    #[test]
    fn what_a_person_wants_told_is_told_whole() {
        let mut quiet = conclusion();
        quiet["signal"]["decision"] = json!("suppressed");
        let letter = Signal::read(&crate::tests::run(), None, &quiet, String::new(), true).unwrap();
        let titles: Vec<&str> = letter
            .items
            .iter()
            .map(|item| item.title.as_str())
            .collect();
        assert_eq!(
            titles,
            ["<b>One</b>", "javascript:alert(1)", "Old", "Context"]
        );
        assert_eq!((letter.changes.len(), letter.filtered), (2, 0));
    }
}
