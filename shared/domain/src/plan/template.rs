//! Strings of a step's configuration, with references to what upstream steps produced.
//!
//! A reference is `${steps.<output_key>.<JSONPath tail>}` (RFC 9535 after the key). A string that is one
//! reference keeps the type of what it refers to; inside a longer string the referred value is
//! written as text. References are found and parsed when a plan is saved, resolved when a step
//! runs; text that came out of a reference is never scanned for references again (promise 14).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::selection::Selector;

/// The most values an array reference gives; the rest is cut and said so.
pub const MOST_REFERENCED: usize = 100;

const OPENING: &str = "${steps.";

/// One reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The output key of the step referred to.
    pub key: String,
    /// The JSONPath tail as it was written (`results[*].url`).
    pub tail: String,
    selector: Selector,
}

/// A string with references, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(String),
    Reference(Reference),
}

/// Why a string is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("has a reference that is not closed by `}}`")]
    Unclosed,
    #[error("has a reference without a path: write ${{steps.<output_key>.<path>}}")]
    NoPath,
    #[error("has a reference whose path is no JSONPath: {0}")]
    BadPath(String),
}

/// Why a reference has no value now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the reference ${{steps.{key}.{tail}}} has no value")]
pub struct ReferenceMissing {
    pub key: String,
    pub tail: String,
}

/// Where references find their values: the outputs of upstream steps by output key.
pub trait Outputs {
    /// The output of the step with this key; `None` when it was skipped or is not upstream.
    fn output(&self, key: &str) -> Option<&Value>;
}

/// A list resolved from an array or a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub values: Vec<String>,
    /// Whether more than [`MOST_REFERENCED`] were referred to.
    pub truncated: bool,
}

impl Reference {
    fn parse(inner: &str) -> Result<Self, TemplateError> {
        let end = inner.find(['.', '[']).ok_or(TemplateError::NoPath)?;
        let key = &inner[..end];
        let tail = inner[end..]
            .strip_prefix('.')
            .filter(|tail| !tail.starts_with('.'))
            .unwrap_or(&inner[end..]);
        if key.is_empty() || tail.is_empty() {
            return Err(TemplateError::NoPath);
        }
        let selector =
            Selector::parse(tail).map_err(|error| TemplateError::BadPath(error.to_string()))?;
        Ok(Self {
            key: key.to_owned(),
            tail: tail.to_owned(),
            selector,
        })
    }

    /// Whether the path names exactly one place (RFC 9535, section 2.1: a singular query).
    #[must_use]
    pub fn is_singular(&self) -> bool {
        self.selector.is_singular()
    }

    /// The value: a singular query's own, any other's as an array.
    ///
    /// # Errors
    /// The step has no output, or a singular query selects nothing.
    pub fn resolve(&self, outputs: &dyn Outputs) -> Result<Value, ReferenceMissing> {
        let missing = || ReferenceMissing {
            key: self.key.clone(),
            tail: self.tail.clone(),
        };
        let output = outputs.output(&self.key).ok_or_else(missing)?;
        let selected = self.selector.select(output);
        if self.is_singular() {
            selected
                .first()
                .map(|value| (*value).clone())
                .ok_or_else(missing)
        } else {
            Ok(Value::Array(selected.into_iter().cloned().collect()))
        }
    }
}

impl Template {
    /// Parses a string; one without references is a template of itself.
    ///
    /// # Errors
    /// A reference that is not closed or has no valid path.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = source;
        while let Some(start) = rest.find(OPENING) {
            if start > 0 {
                parts.push(Part::Literal(rest[..start].to_owned()));
            }
            let inside = &rest[start + OPENING.len()..];
            let end = closing(inside).ok_or(TemplateError::Unclosed)?;
            parts.push(Part::Reference(Reference::parse(&inside[..end])?));
            rest = &inside[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self {
            source: source.to_owned(),
            parts,
        })
    }

    /// The string as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether there is nothing to resolve.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.references().next().is_none()
    }

    /// Every reference, in order.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            Part::Reference(reference) => Some(reference),
            Part::Literal(_) => None,
        })
    }

    /// The reference, when the string is exactly one.
    #[must_use]
    pub fn as_reference(&self) -> Option<&Reference> {
        match self.parts.as_slice() {
            [Part::Reference(reference)] => Some(reference),
            _ => None,
        }
    }

    /// The string with every reference written out as text.
    ///
    /// # Errors
    /// The first reference without a value.
    pub fn render(&self, outputs: &dyn Outputs) -> Result<String, ReferenceMissing> {
        let mut text = String::with_capacity(self.source.len());
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Reference(reference) => text.push_str(&as_text(&reference.resolve(outputs)?)),
            }
        }
        Ok(text)
    }

    /// The value: typed when the string is one reference, else its text.
    ///
    /// # Errors
    /// The first reference without a value.
    pub fn resolve(&self, outputs: &dyn Outputs) -> Result<Value, ReferenceMissing> {
        match self.as_reference() {
            Some(reference) => reference.resolve(outputs),
            None => self.render(outputs).map(Value::String),
        }
    }
}

/// Where the reference ends: the first `}` outside quotes.
fn closing(inside: &str) -> Option<usize> {
    let mut quote = None;
    for (i, c) in inside.char_indices() {
        match (quote, c) {
            (None, '}') => return Some(i),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (None | Some(_), _) => {}
        }
    }
    None
}

/// A value inside a longer string: strings as they are, lists of strings a line each, else JSON.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(list) if list.iter().all(Value::is_string) => list
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("\n"),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateError;
    fn try_from(source: String) -> Result<Self, TemplateError> {
        Self::parse(&source)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.source
    }
}

/// Where a list of strings stands, a reference may stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Listing {
    /// The whole list is one reference.
    Reference(Template),
    /// Entry by entry; an entry that is an array reference adds all its values.
    Listed(Vec<Template>),
}

impl Listing {
    /// Every template in it, with the pointer tail of each (`""` or `/0`, `/1`, …).
    #[must_use]
    pub fn templates(&self) -> Vec<(String, &Template)> {
        match self {
            Self::Reference(template) => vec![(String::new(), template)],
            Self::Listed(list) => list
                .iter()
                .enumerate()
                .map(|(i, template)| (format!("/{i}"), template))
                .collect(),
        }
    }

    /// The strings, at most [`MOST_REFERENCED`]. Values that are no strings are left out.
    ///
    /// # Errors
    /// The first reference without a value.
    pub fn resolve(&self, outputs: &dyn Outputs) -> Result<Resolved, ReferenceMissing> {
        let mut values = Vec::new();
        for (_, template) in self.templates() {
            match template.resolve(outputs)? {
                Value::String(text) => values.push(text),
                Value::Array(list) => {
                    values.extend(list.iter().filter_map(Value::as_str).map(str::to_owned))
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
            }
        }
        let truncated = values.len() > MOST_REFERENCED;
        values.truncate(MOST_REFERENCED);
        Ok(Resolved { values, truncated })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct One(Value);
    impl Outputs for One {
        fn output(&self, key: &str) -> Option<&Value> {
            (key == "s").then_some(&self.0)
        }
    }

    fn outputs() -> One {
        One(
            json!({"count": 2, "results": [{"url": "https://a.example/", "title": "A"}, {"url": "https://b.example/", "title": "${steps.s.count}"}]}),
        )
    }

    fn resolve(source: &str) -> Result<Value, ReferenceMissing> {
        Template::parse(source).unwrap().resolve(&outputs())
    }

    #[test]
    fn one_reference_keeps_its_type() {
        assert_eq!(resolve("${steps.s.count}"), Ok(json!(2)));
        assert_eq!(
            resolve("${steps.s.results[*].url}"),
            Ok(json!(["https://a.example/", "https://b.example/"]))
        );
        assert_eq!(
            resolve("found ${steps.s.count}: ${steps.s.results[0].title}"),
            Ok(json!("found 2: A"))
        );
        assert_eq!(resolve("costs $5 {plain}"), Ok(json!("costs $5 {plain}")));
    }

    #[test]
    fn what_a_reference_gives_is_never_read_as_a_reference() {
        assert_eq!(
            resolve("x ${steps.s.results[1].title}"),
            Ok(json!("x ${steps.s.count}"))
        );
    }

    #[test]
    fn a_missing_value_says_which() {
        let missing = resolve("${steps.t.count}").unwrap_err();
        assert_eq!(
            (missing.key.as_str(), missing.tail.as_str()),
            ("t", "count")
        );
        assert!(resolve("${steps.s.none}").is_err());
        assert_eq!(resolve("${steps.s.none[*]}"), Ok(json!([])));
    }

    #[test]
    fn bad_references_are_told_apart() {
        assert_eq!(
            Template::parse("${steps.a.b").unwrap_err(),
            TemplateError::Unclosed
        );
        assert_eq!(
            Template::parse("${steps.a}").unwrap_err(),
            TemplateError::NoPath
        );
        assert!(matches!(
            Template::parse("${steps.a.b[}").unwrap_err(),
            TemplateError::BadPath(_)
        ));
    }

    #[test]
    fn lists_are_cut_at_a_hundred_and_say_so() {
        let many = One(
            json!({"u": (0..150).map(|i| format!("https://{i}.example/")).collect::<Vec<_>>()}),
        );
        let list = Listing::Reference(Template::parse("${steps.s.u[*]}").unwrap());
        let resolved = list.resolve(&many).unwrap();
        assert_eq!((resolved.values.len(), resolved.truncated), (100, true));
    }
}
