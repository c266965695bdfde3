//! Asking a condition about a run.

use serde_json::Value;

use super::comparison::{Operator, differ};
use super::{FieldTest, StopCondition};
use crate::text::preview;
use crate::url_identity;

/// Most pieces of evidence named, and most characters of each.
const MOST_EVIDENCE: usize = 10;
const LONGEST_EVIDENCE: usize = 300;

/// What a condition is asked about: the results of a run as JSON objects (`url`, `title`, …, `extracted`),
/// and fields extracted without a page of their own (null when there are none).
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    pub results: &'a [Value],
    pub fields: &'a Value,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    pub met: bool,
    /// What the answer rests on, a sentence or a value each; for `met` never empty.
    pub evidence: Vec<String>,
    /// Only a model can tell; `met` is false until it has.
    pub needs_model: bool,
}

impl Verdict {
    fn met(evidence: Vec<String>) -> Self {
        Self {
            met: true,
            evidence,
            needs_model: false,
        }
    }
}

impl StopCondition {
    /// Asks the condition about a complete run; `previous` is the last complete run before it, which only
    /// `changed` needs.
    #[must_use]
    pub fn evaluate(&self, now: Observed<'_>, previous: Option<Observed<'_>>) -> Verdict {
        match self {
            Self::ResultCount { operator, value } => {
                let count = now.results.len();
                let evidence = vec![format!("{count} results, asked for {operator} {value}")];
                let met = operator.holds(&[&Value::from(count)], &Value::from(*value));
                Verdict {
                    met,
                    evidence,
                    needs_model: false,
                }
            }
            Self::ContainsUrl { url } => contains_url(url, now),
            Self::FieldValue(test) => {
                test.evaluate(&whole(now), previous.map(|before| whole(before)).as_deref())
            }
            Self::ExtractedField(test) => test.evaluate(
                &extracted(now),
                previous.map(|before| extracted(before)).as_deref(),
            ),
            Self::NaturalLanguage { .. } => Verdict {
                needs_model: true,
                ..Verdict::default()
            },
            Self::Always => Verdict::default(),
        }
    }
}

fn contains_url(url: &str, now: Observed<'_>) -> Verdict {
    let Some(wanted) = url_identity::parse_identity(url) else {
        return Verdict::default();
    };
    let found = now
        .results
        .iter()
        .filter_map(url_of)
        .find(|url| url_identity::parse_identity(url).as_ref() == Some(&wanted));
    found.map_or_else(Verdict::default, |url| {
        Verdict::met(vec![preview(url, LONGEST_EVIDENCE)])
    })
}

fn url_of(result: &Value) -> Option<&str> {
    result.get("url")?.as_str()
}

/// One document a field is looked up in.
struct Document<'a> {
    /// The page it belongs to.
    url: Option<&'a str>,
    content: &'a Value,
}

/// Each result as it is.
fn whole(run: Observed<'_>) -> Vec<Document<'_>> {
    run.results
        .iter()
        .map(|result| Document {
            url: url_of(result),
            content: result,
        })
        .collect()
}

/// Each result's `extracted`, and the fields without a page.
fn extracted(run: Observed<'_>) -> Vec<Document<'_>> {
    let of_pages = run.results.iter().filter_map(|result| {
        let content = result
            .get("extracted")
            .filter(|extracted| !extracted.is_null())?;
        Some(Document {
            url: url_of(result),
            content,
        })
    });
    let loose = (!run.fields.is_null()).then_some(Document {
        url: None,
        content: run.fields,
    });
    of_pages.chain(loose).collect()
}

impl FieldTest {
    fn evaluate(&self, now: &[Document<'_>], previous: Option<&[Document<'_>]>) -> Verdict {
        let evidence = match (self.operator, previous) {
            (Operator::Changed, None) => Vec::new(),
            (Operator::Changed, Some(previous)) => self.changes(now, previous),
            _ => now
                .iter()
                .filter_map(|document| self.holding(document))
                .take(MOST_EVIDENCE)
                .collect(),
        };
        if evidence.is_empty() {
            Verdict::default()
        } else {
            Verdict::met(evidence)
        }
    }

    fn holding(&self, document: &Document<'_>) -> Option<String> {
        let nodes = self.field.select(document.content);
        let node = self.operator.first_that_holds(&nodes, &self.value)?;
        Some(self.said(document, &shown(Some(node))))
    }

    /// The documents whose field is not what it was. Compared page by page, by URL identity; documents
    /// without a URL in their order. A page without a counterpart is new or gone, not changed.
    fn changes(&self, now: &[Document<'_>], previous: &[Document<'_>]) -> Vec<String> {
        let key = |document: &Document<'_>| {
            document
                .url
                .map(|url| url_identity::parse_identity(url).unwrap_or_else(|| url.to_owned()))
        };
        let mut before_by_url = std::collections::HashMap::new();
        let mut before_in_order = Vec::new();
        for document in previous {
            match key(document) {
                Some(key) => drop(before_by_url.entry(key).or_insert(document)),
                None => before_in_order.push(document),
            }
        }
        let mut before_in_order = before_in_order.into_iter();
        let mut evidence = Vec::new();
        for document in now {
            let before = match key(document) {
                Some(key) => before_by_url.get(&key).copied(),
                None => before_in_order.next(),
            };
            let Some(before) = before else { continue };
            let (was, is) = (
                self.field.select(before.content),
                self.field.select(document.content),
            );
            if differ(&was, &is) && evidence.len() < MOST_EVIDENCE {
                // The first pair that tells the two apart; a list may differ only at its end.
                let pair = (0..was.len().max(is.len()))
                    .map(|i| (shown(was.get(i).copied()), shown(is.get(i).copied())));
                let (was, is) = pair
                    .into_iter()
                    .find(|(was, is)| was != is)
                    .unwrap_or_default();
                evidence.push(self.said(document, &format!("{was} → {is}")));
            }
        }
        evidence
    }

    fn said(&self, document: &Document<'_>, what: &str) -> String {
        let place = document
            .url
            .map(|url| format!(" ({url})"))
            .unwrap_or_default();
        preview(
            &format!("{}: {what}{place}", self.field.as_str()),
            LONGEST_EVIDENCE,
        )
    }
}

/// A value for a person: text without its quotes, nothing as "nothing".
fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) => preview(text, 120),
        Some(value) => preview(&value.to_string(), 120),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ask(condition: &Value, results: &Value, previous: Option<&Value>) -> Verdict {
        let condition = StopCondition::read(condition, "").unwrap();
        let observed = |results| Observed {
            results,
            fields: &Value::Null,
        };
        let list = |value: &Value| value.as_array().unwrap().clone();
        let (now, before) = (list(results), previous.map(list));
        condition.evaluate(observed(&now), before.as_deref().map(observed))
    }

    #[test]
    fn results_are_counted() {
        let two = json!([{"url": "https://a.example/"}, {"url": "https://b.example/"}]);
        assert!(
            ask(
                &json!({"type": "result_count", "operator": ">=", "value": 2}),
                &two,
                None
            )
            .met
        );
        let short = ask(
            &json!({"type": "result_count", "operator": ">", "value": 2}),
            &two,
            None,
        );
        assert_eq!(
            (short.met, short.evidence),
            (false, vec!["2 results, asked for > 2".to_owned()])
        );
    }

    #[test]
    fn a_page_is_known_by_its_identity() {
        let condition = json!({"type": "contains_url", "url": "https://EXAMPLE.com:443/a#x"});
        assert!(ask(&condition, &json!([{"url": "https://example.com/a"}]), None).met);
        assert!(
            !ask(
                &condition,
                &json!([{"url": "https://example.com/b"}, {}, {"url": 3}]),
                None
            )
            .met
        );
    }

    #[test]
    fn any_result_may_satisfy_a_field() {
        let condition =
            json!({"type": "field_value", "field": "price", "operator": "<", "value": 10});
        let offers = json!([{"price": "sold out"}, {"url": "https://a.example/", "price": "9.5"}, {"price": null}, {}]);
        let verdict = ask(&condition, &offers, None);
        assert_eq!(
            (verdict.met, verdict.evidence),
            (true, vec!["price: 9.5 (https://a.example/)".to_owned()])
        );
        assert!(
            !ask(
                &json!({"type": "field_value", "field": "a.b", "operator": "==", "value": 1}),
                &json!([{}]),
                None
            )
            .met
        );
    }

    #[test]
    fn extracted_fields_are_looked_up_in_what_was_extracted() {
        let condition = json!({"type": "extracted_field", "field": "offers[*].price", "operator": "==", "value": 5});
        assert!(
            ask(
                &condition,
                &json!([{"extracted": {"offers": [{"price": 7}, {"price": "5"}]}}]),
                None
            )
            .met
        );
        assert!(
            !ask(
                &condition,
                &json!([{"offers": [{"price": 5}]}, {"extracted": null}]),
                None
            )
            .met
        );
        let read = StopCondition::read(&condition, "").unwrap();
        let loose = json!({"offers": [{"price": 5}]});
        assert!(
            read.evaluate(
                Observed {
                    results: &[],
                    fields: &loose
                },
                None
            )
            .met
        );
    }

    #[test]
    fn changed_compares_each_page_with_itself() {
        let condition = json!({"type": "field_value", "field": "price", "operator": "changed"});
        let was = json!([{"url": "https://a.example/x", "price": 10}, {"url": "https://a.example/y", "price": 1}]);
        let verdict = ask(
            &condition,
            &json!([{"url": "https://a.example/y", "price": 1.0}, {"url": "https://A.example/x#top", "price": 9}]),
            Some(&was),
        );
        assert_eq!(
            verdict.evidence,
            ["price: 10 → 9 (https://A.example/x#top)"]
        );
        let new_page = json!([{"url": "https://a.example/x", "price": 10}, {"url": "https://a.example/z", "price": 3}]);
        assert!(
            !ask(&condition, &new_page, Some(&was)).met,
            "a new page is not a changed field"
        );
        assert!(!ask(&condition, &was, None).met, "nothing to compare with");
        assert!(
            ask(
                &condition,
                &json!([{"price": 2}]),
                Some(&json!([{"price": 1}]))
            )
            .met
        );
        assert!(
            ask(
                &condition,
                &json!([{"price": null}]),
                Some(&json!([{"price": 1}]))
            )
            .met
        );
    }

    #[test]
    fn language_is_for_a_model_and_always_never_stops() {
        let language = ask(
            &json!({"type": "natural_language", "description": "prices drop"}),
            &json!([]),
            None,
        );
        assert_eq!(
            language,
            Verdict {
                met: false,
                evidence: vec![],
                needs_model: true
            }
        );
        assert_eq!(
            ask(&json!({"type": "always"}), &json!([{}]), None),
            Verdict::default()
        );
    }
}
