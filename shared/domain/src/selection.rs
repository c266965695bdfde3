//! A place in a JSON document: the tail of an RFC 9535 JSONPath.
//!
//! Users write `price`, `offers[0].price` or `..sku`; the root `$` is understood. The grammar is
//! `serde_json_path`'s. What it does not do is bound the work: its parser tries a nested filter twice at
//! every level, and each `..` multiplies what a query visits. Both are attacks in one short string, so
//! length, nesting and descents are limited before anything is parsed.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json_path::JsonPath;

/// Longest path, in characters.
pub const LONGEST: usize = 500;
/// Deepest nesting of brackets and parentheses. Three is already a filter on a filter.
const DEEPEST: usize = 4;
/// Most `..` in one path: every further one multiplies the visit by the document's depth.
const MOST_DESCENTS: usize = 2;

/// Why a path is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    #[error("it is empty")]
    Empty,
    #[error("it begins with a blank; a name that does is written ['…']")]
    Blank,
    #[error("it is longer than {LONGEST} characters")]
    TooLong,
    #[error("it is nested more than {DEEPEST} deep")]
    TooDeep,
    #[error("it has more than {MOST_DESCENTS} descents (..), or one inside a filter")]
    TooManyDescents,
    #[error("{0}")]
    Syntax(String),
}

/// A checked path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Selector {
    /// As it was written.
    text: String,
    path: JsonPath,
    singular: bool,
}

impl Selector {
    /// Reads a tail: `price`, `.price`, `['a b'].c`, `[0].price`, `..sku`, `*`.
    ///
    /// # Errors
    /// [`SelectorError`] for what RFC 9535 does not know, and for what costs too much.
    pub fn parse(tail: &str) -> Result<Self, SelectorError> {
        let query = match tail.chars().next() {
            None => return Err(SelectorError::Empty),
            // RFC 9535 lets blanks stand before a segment, but a name that begins with one is written `['…']`.
            Some(c) if c.is_whitespace() => return Err(SelectorError::Blank),
            Some('.' | '[') => format!("${tail}"),
            Some(_) => format!("$.{tail}"),
        };
        Self::checked(tail, &query)
    }

    /// Reads a whole query, beginning with `$`, as a transform step has it.
    ///
    /// # Errors
    /// As [`Selector::parse`].
    pub fn parse_query(query: &str) -> Result<Self, SelectorError> {
        if query.is_empty() {
            return Err(SelectorError::Empty);
        }
        Self::checked(query, query)
    }

    fn checked(text: &str, query: &str) -> Result<Self, SelectorError> {
        if text.chars().count() > LONGEST {
            return Err(SelectorError::TooLong);
        }
        let shape = Shape::of(query);
        if shape.depth > DEEPEST {
            return Err(SelectorError::TooDeep);
        }
        if shape.descents > MOST_DESCENTS || shape.descents_in_filter {
            return Err(SelectorError::TooManyDescents);
        }
        let path =
            JsonPath::parse(query).map_err(|error| SelectorError::Syntax(error.to_string()))?;
        Ok(Self {
            text: text.to_owned(),
            path,
            singular: shape.singular,
        })
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The nodes of `document` it selects, in the order of RFC 9535.
    #[must_use]
    pub fn select<'a>(&self, document: &'a Value) -> Vec<&'a Value> {
        self.path.query(document).all()
    }

    /// Whether it names at most one node of any document (RFC 9535, section 2.3.5.1, a singular query).
    #[must_use]
    pub fn is_singular(&self) -> bool {
        self.singular
    }
}

impl TryFrom<String> for Selector {
    type Error = SelectorError;

    fn try_from(text: String) -> Result<Self, SelectorError> {
        if text.starts_with('$') {
            Self::parse_query(&text)
        } else {
            Self::parse(&text)
        }
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.text
    }
}

/// What can be seen of a query without parsing it: everything outside quotes.
struct Shape {
    depth: usize,
    descents: usize,
    descents_in_filter: bool,
    singular: bool,
}

impl Shape {
    fn of(query: &str) -> Self {
        let mut shape = Self {
            depth: 0,
            descents: 0,
            descents_in_filter: false,
            singular: true,
        };
        let (mut open, mut filter_from) = (0_usize, None);
        let mut quote = None;
        let mut chars = query.chars().peekable();
        while let Some(c) = chars.next() {
            if let Some(end) = quote {
                if c == '\\' {
                    chars.next();
                } else if c == end {
                    quote = None;
                }
                continue;
            }
            match c {
                '\'' | '"' => quote = Some(c),
                '[' | '(' => {
                    open += 1;
                    shape.depth = shape.depth.max(open);
                }
                ']' | ')' => {
                    open = open.saturating_sub(1);
                    if filter_from.is_some_and(|from| open < from) {
                        filter_from = None;
                    }
                }
                '?' => {
                    shape.singular = false;
                    filter_from = filter_from.or(Some(open));
                }
                '*' | ':' | ',' => shape.singular = false,
                '.' if chars.peek() == Some(&'.') => {
                    chars.next();
                    shape.singular = false;
                    shape.descents += 1;
                    shape.descents_in_filter |= filter_from.is_some();
                }
                _ => {}
            }
        }
        shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn selected(tail: &str, document: &Value) -> Vec<Value> {
        Selector::parse(tail)
            .expect(tail)
            .select(document)
            .into_iter()
            .cloned()
            .collect()
    }

    #[test]
    fn a_tail_needs_no_root() {
        let offer = json!({"price": 9, "offers": [{"price": 7, "sku": "a"}, {"price": 8, "sku": "b"}], "a b": 1, "größe": 2});
        assert_eq!(selected("price", &offer), [json!(9)]);
        assert_eq!(selected(".price", &offer), [json!(9)]);
        assert_eq!(selected("offers[0].price", &offer), [json!(7)]);
        assert_eq!(selected("offers[-1].price", &offer), [json!(8)]);
        assert_eq!(selected("..sku", &offer), [json!("a"), json!("b")]);
        assert_eq!(selected("['a b']", &offer), [json!(1)]);
        assert_eq!(selected("größe", &offer), [json!(2)]);
        assert_eq!(selected("offers[?@.price > 7].sku", &offer), [json!("b")]);
        assert!(selected("__proto__.x", &offer).is_empty());
        assert_eq!(selected("[1]", &json!([1, 2])), [json!(2)]);
        assert_eq!(Selector::parse_query("$").unwrap().select(&offer), [&offer]);
    }

    #[test]
    fn a_singular_path_names_one_place() {
        for one in [
            "price",
            "offers[0].price",
            "['a,b'][2]",
            "['*']['?']",
            "a[-1]",
        ] {
            assert!(Selector::parse(one).expect(one).is_singular(), "{one}");
        }
        for many in ["*", "a[*]", "..a", "a[0,1]", "a[0:2]", "a[?@.b]", "a[::]"] {
            assert!(!Selector::parse(many).expect(many).is_singular(), "{many}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in [
            "",
            ".",
            "..",
            "a.",
            "a b",
            "a[",
            "a]",
            "$.a",
            "[?]",
            "a[01]",
            "'a'",
            "a[?@.x = 1]",
            "\u{0}",
            "a['",
        ] {
            assert!(Selector::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Selector::parse_query("price").is_err());
        assert_eq!(
            Selector::parse(&"a.".repeat(5000)),
            Err(SelectorError::TooLong)
        );
    }

    #[test]
    fn what_costs_too_much_is_refused_before_it_is_parsed() {
        assert_eq!(
            Selector::parse(&format!("a{}{}", "[?@".repeat(100), "]".repeat(100))),
            Err(SelectorError::TooDeep)
        );
        assert_eq!(
            Selector::parse(&format!("a[?{}@.b{}]", "(".repeat(200), ")".repeat(200))),
            Err(SelectorError::TooDeep)
        );
        assert_eq!(
            Selector::parse("..*..*..*"),
            Err(SelectorError::TooManyDescents)
        );
        assert_eq!(
            Selector::parse("..a[?$..b == 1]"),
            Err(SelectorError::TooManyDescents)
        );
        assert!(
            Selector::parse("['..']['((((((']").is_ok(),
            "inside quotes it is only text"
        );
    }

    #[test]
    fn it_is_stored_as_it_was_written() {
        let selector = Selector::parse("offers[0].price").unwrap();
        let stored = serde_json::to_string(&selector).unwrap();
        assert_eq!(stored, "\"offers[0].price\"");
        assert_eq!(serde_json::from_str::<Selector>(&stored).unwrap(), selector);
    }
}
