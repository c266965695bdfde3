//! How a value found on the web compares with the one a person wrote down.
//!
//! Pages give text where people mean numbers, so two sides that both read as numbers are numbers; two
//! RFC 3339 dates are instants; everything else is text, composed (NFC) and case-sensitive. A side that is
//! missing or null satisfies nothing but `exists` and `changed`: "the price is not 10" must not become
//! true because the price could not be read. For the same reason "sold out" is neither above nor below the
//! number 100, although as text it would be.

use std::cmp::Ordering;

use jiff::Timestamp;
use regex::{Regex, RegexBuilder};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::words::words;

/// Longest pattern of `matches`, in characters.
const LONGEST_PATTERN: usize = 500;
/// Bytes a compiled pattern, and its lazily built automaton, may take each.
const PATTERN_BYTES: usize = 1 << 20;
/// Deepest nesting of a pattern.
const PATTERN_DEPTH: u32 = 50;

words! {
    /// How two values are compared.
    Operator {
        Greater = ">",
        Less = "<",
        AtLeast = ">=",
        AtMost = "<=",
        Equal = "==",
        NotEqual = "!=",
        Contains = "contains",
        NotContains = "not_contains",
        /// RE2 syntax, anywhere in the text.
        Matches = "matches",
        Exists = "exists",
        Changed = "changed",
    }
}

impl Operator {
    /// Whether a value stands on its right side.
    #[must_use]
    pub fn takes_value(self) -> bool {
        !matches!(self, Self::Exists | Self::Changed)
    }

    /// Whether any of `nodes` satisfies the comparison with `value`. `Exists` holds when there is a node,
    /// null included. `Changed` needs an earlier state and never holds here: see [`differ`].
    #[must_use]
    pub fn holds(self, nodes: &[&Value], value: &Value) -> bool {
        self.first_that_holds(nodes, value).is_some()
    }

    /// The first of `nodes` that satisfies the comparison.
    #[must_use]
    pub fn first_that_holds<'a>(self, nodes: &[&'a Value], value: &Value) -> Option<&'a Value> {
        let pattern = match (self, value) {
            (Self::Matches, Value::String(pattern)) => Some(compile(pattern).ok()?),
            _ => None,
        };
        nodes
            .iter()
            .copied()
            .find(|node| self.holds_for(node, value, pattern.as_ref()))
    }

    fn holds_for(self, node: &Value, value: &Value, pattern: Option<&Regex>) -> bool {
        if self == Self::Exists {
            return true;
        }
        if node.is_null() || value.is_null() {
            return false;
        }
        match self {
            Self::Greater => order(node, value) == Some(Ordering::Greater),
            Self::Less => order(node, value) == Some(Ordering::Less),
            Self::AtLeast => order(node, value).is_some_and(Ordering::is_ge),
            Self::AtMost => order(node, value).is_some_and(Ordering::is_le),
            Self::Equal => equal(node, value),
            Self::NotEqual => !equal(node, value),
            Self::Contains => contains(node, value),
            Self::NotContains => !contains(node, value),
            Self::Matches => pattern
                .zip(text(node))
                .is_some_and(|(pattern, text)| pattern.is_match(&text)),
            Self::Exists => true,
            Self::Changed => false,
        }
    }
}

/// Compiles a pattern of `matches` within its limits.
///
/// # Errors
/// A sentence: it is too long, too large, or not RE2 syntax (look-around and back-references are not).
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.chars().count() > LONGEST_PATTERN {
        return Err(format!("is longer than {LONGEST_PATTERN} characters"));
    }
    RegexBuilder::new(&pattern.nfc().collect::<String>())
        .size_limit(PATTERN_BYTES)
        .dfa_size_limit(PATTERN_BYTES)
        .nest_limit(PATTERN_DEPTH)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "is too large once compiled".to_owned(),
            error => format!(
                "is no pattern in RE2 syntax: {}",
                error.to_string().lines().last().unwrap_or_default()
            ),
        })
}

/// Whether two selections, of the same place at two times, are different: in number, or in any value. A
/// missing or null side differs from a value.
#[must_use]
pub fn differ(before: &[&Value], now: &[&Value]) -> bool {
    before.len() != now.len()
        || before
            .iter()
            .zip(now)
            .any(|(before, now)| !equal(before, now))
}

/// Equal as numbers, instants or text; arrays and objects member by member.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => match (text(a), text(b)) {
            (Some(x), Some(y)) => {
                typed_order(a, b).map_or_else(|| x == y, |order| order == Ordering::Equal)
            }
            _ => false,
        },
    }
}

/// The order of two scalars; none when they are of kinds that have no common order. A text that reads as a number or an
/// instant is one: "soon" is neither before nor after a date.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    let is_text =
        |side: &Value| side.is_string() && number(side).is_none() && instant(side).is_none();
    typed_order(a, b).or_else(|| match (is_text(a), is_text(b)) {
        (true, true) => Some(text(a)?.cmp(&text(b)?)),
        _ => None,
    })
}

/// The order as numbers or as instants, when both sides read so.
fn typed_order(a: &Value, b: &Value) -> Option<Ordering> {
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return a.order(b);
    }
    Some(instant(a)?.cmp(&instant(b)?))
}

/// A substring of text, or an element of an array.
fn contains(node: &Value, value: &Value) -> bool {
    match node {
        Value::Array(elements) => elements.iter().any(|element| equal(element, value)),
        _ => text(node)
            .zip(text(value))
            .is_some_and(|(node, value)| node.contains(&value)),
    }
}

/// A scalar as composed text; nothing for null, arrays and objects.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.nfc().collect()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number that keeps whole numbers whole: prices in cents and ids go beyond what `f64` tells apart.
#[derive(Debug, Clone, Copy)]
enum Number {
    Whole(i128),
    Real(f64),
}

impl Number {
    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            _ => self.real().partial_cmp(&other.real()),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "compared with a fraction, where the last digits do not decide"
    )]
    fn real(self) -> f64 {
        match self {
            Self::Whole(n) => n as f64,
            Self::Real(n) => n,
        }
    }
}

/// A JSON number, or a string that is spelt as one (RFC 8259, section 6) but for surrounding space and a
/// leading `+` or zeros.
fn number(value: &Value) -> Option<Number> {
    let owned;
    let text = match value {
        Value::Number(number) => {
            owned = number.to_string();
            owned.as_str()
        }
        Value::String(text) => text.trim(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    // Rust also reads "inf", "NaN" and "1."; none of them is a number on a page.
    let spelt = unsigned.starts_with(|c: char| c.is_ascii_digit())
        && unsigned.ends_with(|c: char| c.is_ascii_digit())
        && unsigned
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if !spelt {
        return None;
    }
    if let Ok(whole) = text.parse::<i128>() {
        return Some(Number::Whole(whole));
    }
    text.parse::<f64>()
        .ok()
        .filter(|n| n.is_finite())
        .map(Number::Real)
}

/// An RFC 3339 date-time, or a full-date as its first instant in UTC.
fn instant(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?.trim();
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    match bytes.len() {
        10 => format!("{text}T00:00:00Z").parse().ok(),
        _ if matches!(bytes[10], b'T' | b't' | b' ') => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(node: Value, operator: &str, value: Value) -> bool {
        Operator::parse(operator)
            .expect(operator)
            .holds(&[&node], &value)
    }

    #[test]
    fn what_is_no_date_is_neither_before_nor_after_one() {
        for operator in [">", "<", ">=", "<="] {
            for (node, value) in [
                ("soon", "2026-05-01"),
                ("2026-05-01", "soon"),
                ("sold out", "100"),
                ("2026-05-01", "100"),
            ] {
                assert!(
                    !holds(json!(node), operator, json!(value)),
                    "{node} {operator} {value}"
                );
            }
        }
        assert!(holds(json!("soon"), "!=", json!("2026-05-01")));
        assert!(holds(json!("b"), ">", json!("a")));
    }

    #[test]
    fn two_sides_that_read_as_numbers_are_numbers() {
        assert!(holds(json!("10"), ">", json!(9)));
        assert!(holds(json!("10"), ">", json!("9")));
        assert!(holds(json!(" 10.0 "), "==", json!(10)));
        assert!(holds(json!("1e3"), "==", json!(1000)));
        assert!(holds(json!("-3"), "<", json!("2")));
        assert!(
            holds(
                json!("9007199254740993"),
                ">",
                json!(9_007_199_254_740_992_i64)
            ),
            "beyond 2^53"
        );
    }

    #[test]
    fn dates_are_instants_whatever_their_offset() {
        assert!(holds(
            json!("2026-05-01T10:00:00+02:00"),
            "==",
            json!("2026-05-01T08:00:00Z")
        ));
        assert!(holds(
            json!("2026-05-01"),
            "<",
            json!("2026-05-01T00:00:01Z")
        ));
        assert!(holds(
            json!("2026-10-01"),
            ">",
            json!("2026-09-30T23:59:59Z")
        ));
    }

    #[test]
    fn other_text_is_composed_and_case_sensitive() {
        assert!(holds(json!("e\u{301}"), "==", json!("é")));
        assert!(holds(
            json!("un caf\u{65}\u{301}"),
            "contains",
            json!("café")
        ));
        assert!(!holds(json!("Rust"), "==", json!("rust")));
        assert!(holds(json!("b"), ">", json!("a")));
        assert!(holds(json!(true), "==", json!("true")));
    }

    #[test]
    fn what_could_not_be_read_satisfies_nothing_but_exists() {
        for operator in Operator::ALL
            .iter()
            .filter(|operator| operator.takes_value())
        {
            assert!(
                !operator.holds(&[&Value::Null], &json!("x")),
                "null {operator}"
            );
            assert!(
                !operator.holds(&[&json!("x")], &Value::Null),
                "{operator} null"
            );
            assert!(!operator.holds(&[], &json!("x")), "nothing {operator}");
        }
        assert!(holds(Value::Null, "exists", Value::Null));
        assert!(!Operator::Exists.holds(&[], &Value::Null));
    }

    #[test]
    fn a_word_is_neither_above_nor_below_a_number() {
        for operator in [">", "<", ">=", "<="] {
            assert!(
                !holds(json!("sold out"), operator, json!(100)),
                "{operator}"
            );
        }
        assert!(holds(json!("sold out"), "!=", json!(100)));
        for odd in ["NaN", "inf", "1,299", "$5", "", "1.", ".5", "0x10", "1e999"] {
            assert!(!holds(json!(odd), ">", json!(-1)), "{odd}");
        }
    }

    #[test]
    fn any_node_is_enough_and_arrays_contain_elements() {
        let (a, b) = (json!(3), json!(8));
        assert_eq!(
            Operator::Greater.first_that_holds(&[&a, &b], &json!(5)),
            Some(&b)
        );
        assert!(holds(json!(["a", 1]), "contains", json!("1")));
        assert!(holds(json!(["a", 1]), "not_contains", json!("b")));
        assert!(!holds(json!({"a": 1}), "contains", json!("a")));
    }

    #[test]
    fn patterns_are_re2_and_bounded() {
        assert!(holds(
            json!("Version 2.0.1 is out"),
            "matches",
            json!(r"\b2\.\d+\.\d+\b")
        ));
        assert!(holds(json!(404), "matches", json!("^4")));
        for bad in [
            r"(a)\1",
            "(?=a)",
            "(",
            &"(".repeat(200),
            "a{1000}{1000}{10}",
            &"a".repeat(501),
        ] {
            assert!(compile(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_difference_is_one_of_value_not_of_spelling() {
        assert!(!differ(&[&json!(10)], &[&json!("10.0")]));
        assert!(!differ(
            &[&json!({"a": 1, "b": 2})],
            &[&json!({"b": 2, "a": 1})]
        ));
        assert!(differ(&[&json!(10)], &[&json!(11)]));
        assert!(
            differ(&[&json!(10)], &[&Value::Null]),
            "a missing side has changed"
        );
        assert!(differ(&[], &[&json!(1)]));
    }
}
