//! Reads one JSON object field by field, collecting every fault.
//!
//! The one way a document of a stranger (a client, a model) becomes a typed value: each reader takes
//! the fields it knows, and [`Object::finish`] refuses the rest by name. A missing or wrong field
//! gives `None` and a fault; the caller goes on, so that all faults come in one answer.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::fault::{Code, Fault};
use crate::text;

/// An object under reading.
#[derive(Debug)]
pub struct Object<'a> {
    fields: Option<&'a Map<String, Value>>,
    path: String,
    known: HashSet<&'static str>,
    faults: Vec<Fault>,
}

/// Appends one reference token to a JSON pointer (RFC 6901, section 3).
#[must_use]
pub fn pointer(base: &str, token: &str) -> String {
    format!("{base}/{}", token.replace('~', "~0").replace('/', "~1"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl<'a> Object<'a> {
    /// Begins to read `value`, which stands at `path`. Anything but an object is one fault.
    #[must_use]
    pub fn new(value: &'a Value, path: &str) -> Self {
        let mut object = Self {
            fields: value.as_object(),
            path: path.to_owned(),
            known: HashSet::new(),
            faults: Vec::new(),
        };
        if object.fields.is_none() {
            object.faults.push(Fault::invalid(
                path,
                format!("must be an object, not {}", kind(value)),
            ));
        }
        object
    }

    /// The pointer of a field.
    #[must_use]
    pub fn path(&self, field: &str) -> String {
        pointer(&self.path, field)
    }

    /// The field's value as it is, `null` included; marks it known.
    pub fn raw(&mut self, field: &'static str) -> Option<&'a Value> {
        self.known.insert(field);
        self.fields?.get(field)
    }

    /// The field's value; `null` counts as absent.
    pub fn value(&mut self, field: &'static str) -> Option<&'a Value> {
        self.raw(field).filter(|value| !value.is_null())
    }

    /// Whether the field is there, `null` included. Does not mark it known.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.fields.is_some_and(|fields| fields.contains_key(field))
    }

    /// Whether the field is there and `null`. Does not mark it known.
    #[must_use]
    pub fn is_null(&self, field: &str) -> bool {
        self.fields
            .and_then(|fields| fields.get(field))
            .is_some_and(Value::is_null)
    }

    /// Adds a `validation_failed` fault at `field`.
    pub fn fault(&mut self, field: &str, message: impl Into<String>) {
        let path = self.path(field);
        self.faults.push(Fault::invalid(path, message));
    }

    /// Adds a fault with its own code at `field`.
    pub fn fault_code(&mut self, field: &str, code: Code, message: impl Into<String>) {
        let path = self.path(field);
        self.faults.push(Fault::new(path, code, message));
    }

    /// Takes over faults found elsewhere.
    pub fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.extend(faults);
    }

    /// Keeps the value of a sub-reader, or its faults.
    pub fn take<T>(&mut self, read: Result<T, Vec<Fault>>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(faults) => {
                self.faults.extend(faults);
                None
            }
        }
    }

    /// Demands `field`: adds the fault when it is absent.
    pub fn required<T>(&mut self, field: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() && self.fields.is_some() && (!self.has(field) || self.is_null(field)) {
            self.fault(field, "is required");
        }
        value
    }

    fn wrong(&mut self, field: &'static str, wanted: &str, got: &Value) {
        self.fault(field, format!("must be {wanted}, not {}", kind(got)));
    }

    /// A string as it was sent.
    pub fn string(&mut self, field: &'static str) -> Option<&'a str> {
        let value = self.value(field)?;
        match value.as_str() {
            Some(text) => Some(text),
            None => {
                self.wrong(field, "a string", value);
                None
            }
        }
    }

    /// Running text: trimmed, NFC, its length in characters within `length`.
    pub fn text(&mut self, field: &'static str, length: RangeInclusive<usize>) -> Option<String> {
        self.limited(field, length, text::allowed_in_text)
    }

    /// A name: as text, and without controls, line breaks or bidirectional overrides.
    pub fn name(&mut self, field: &'static str, length: RangeInclusive<usize>) -> Option<String> {
        self.limited(field, length, text::allowed_in_name)
    }

    /// Running text that is sent or asked as it is: neither trimmed nor composed.
    pub fn verbatim(
        &mut self,
        field: &'static str,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        let sent = self.string(field)?.to_owned();
        self.bounded(field, sent, length, text::allowed_in_text)
    }

    /// As [`Object::verbatim`], on one line.
    pub fn verbatim_line(
        &mut self,
        field: &'static str,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        let sent = self.string(field)?.to_owned();
        self.bounded(field, sent, length, text::allowed_in_name)
    }

    fn limited(
        &mut self,
        field: &'static str,
        length: RangeInclusive<usize>,
        allowed: fn(char) -> bool,
    ) -> Option<String> {
        let text = text::normalise(self.string(field)?);
        self.bounded(field, text, length, allowed)
    }

    fn bounded(
        &mut self,
        field: &'static str,
        text: String,
        length: RangeInclusive<usize>,
        allowed: fn(char) -> bool,
    ) -> Option<String> {
        let path = self.path(field);
        match limit_text(text, &path, length, allowed) {
            Ok(text) => Some(text),
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }

    /// A whole number within `range`. `10.0` is the integer 10 (JSON has one kind of number).
    pub fn integer(&mut self, field: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(field)?;
        match whole(value) {
            Some(n) if range.contains(&n) => Some(n),
            Some(_) => {
                self.fault(
                    field,
                    format!("must be from {} to {}", range.start(), range.end()),
                );
                None
            }
            None => {
                let wanted = format!("a whole number from {} to {}", range.start(), range.end());
                self.fault(field, format!("must be {wanted}, not {}", kind(value)));
                None
            }
        }
    }

    /// As [`Object::integer`], for ranges within `u32`.
    pub fn count(&mut self, field: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        self.integer(field, i64::from(*range.start())..=i64::from(*range.end()))
            .and_then(|n| u32::try_from(n).ok())
    }

    /// A number within `range`.
    pub fn number(&mut self, field: &'static str, range: RangeInclusive<f64>) -> Option<f64> {
        let value = self.value(field)?;
        match value.as_f64() {
            Some(n) if range.contains(&n) => Some(n),
            Some(_) => {
                self.fault(
                    field,
                    format!("must be from {} to {}", range.start(), range.end()),
                );
                None
            }
            None => {
                self.wrong(field, "a number", value);
                None
            }
        }
    }

    /// A boolean; `"true"` is a string and refused.
    pub fn boolean(&mut self, field: &'static str) -> Option<bool> {
        let value = self.value(field)?;
        value.as_bool().or_else(|| {
            self.wrong(field, "true or false", value);
            None
        })
    }

    /// One of a closed list of words.
    pub fn word<T: Copy>(
        &mut self,
        field: &'static str,
        all: &[T],
        as_str: fn(T) -> &'static str,
    ) -> Option<T> {
        let sent = self.string(field)?;
        let found = all.iter().copied().find(|word| as_str(*word) == sent);
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|word| as_str(*word)).collect();
            self.fault(field, format!("must be one of {}", words.join(", ")));
        }
        found
    }

    /// An array with between `length` elements.
    pub fn array(
        &mut self,
        field: &'static str,
        length: RangeInclusive<usize>,
    ) -> Option<&'a Vec<Value>> {
        let value = self.value(field)?;
        match value.as_array() {
            Some(list) if length.contains(&list.len()) => Some(list),
            Some(_) => {
                self.fault(
                    field,
                    format!(
                        "must have from {} to {} entries",
                        length.start(),
                        length.end()
                    ),
                );
                None
            }
            None => {
                self.wrong(field, "an array", value);
                None
            }
        }
    }

    /// An array of texts, each within `each` characters.
    pub fn texts(
        &mut self,
        field: &'static str,
        length: RangeInclusive<usize>,
        each: RangeInclusive<usize>,
    ) -> Option<Vec<String>> {
        let base = self.path(field);
        let list = self.array(field, length)?;
        let mut texts = Vec::with_capacity(list.len());
        for (i, value) in list.iter().enumerate() {
            let path = format!("{base}/{i}");
            match value.as_str() {
                None => self.faults.push(Fault::invalid(
                    path,
                    format!("must be a string, not {}", kind(value)),
                )),
                Some(sent) => match limit_text(
                    text::normalise(sent),
                    &path,
                    each.clone(),
                    text::allowed_in_name,
                ) {
                    Ok(text) => texts.push(text),
                    Err(fault) => self.faults.push(fault),
                },
            }
        }
        (texts.len() == list.len()).then_some(texts)
    }

    /// An RFC 3339 instant with its offset.
    pub fn instant(&mut self, field: &'static str) -> Option<jiff::Timestamp> {
        let sent = self.string(field)?;
        let read = sent.parse().ok().filter(|_| sent.contains(['T', 't']));
        if read.is_none() {
            self.fault(
                field,
                "must be an RFC 3339 time with its offset, as 2026-05-01T08:00:00Z",
            );
        }
        read
    }

    /// Refuses unknown fields, then gives `value` when nothing was wrong.
    ///
    /// # Errors
    /// Every fault found, in the order of discovery, unknown fields last.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Vec<Fault>> {
        if let Some(fields) = self.fields {
            for field in fields
                .keys()
                .filter(|field| !self.known.contains(field.as_str()))
            {
                self.faults.push(Fault::invalid(
                    pointer(&self.path, field),
                    "is not a field of this object",
                ));
            }
        }
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            Some(_) => Err(self.faults),
            None => {
                if self.faults.is_empty() {
                    self.faults
                        .push(Fault::invalid(self.path.clone(), "is incomplete"));
                }
                Err(self.faults)
            }
        }
    }
}

/// A JSON number that is whole, whatever its spelling.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let n = value.as_f64()?;
        // 2^53: beyond it an f64 no longer tells neighbouring integers apart.
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        (n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_992.0).then_some(n as i64)
    })
}

fn limit_text(
    text: String,
    path: &str,
    length: RangeInclusive<usize>,
    allowed: fn(char) -> bool,
) -> Result<String, Fault> {
    let count = text.chars().count();
    if !length.contains(&count) {
        return Err(Fault::invalid(
            path,
            format!(
                "must have from {} to {} characters",
                length.start(),
                length.end()
            ),
        ));
    }
    match text.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(Fault::invalid(
            path,
            format!("must not contain the character U+{:04X}", c as u32),
        )),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_sent_is_kept_byte_for_byte() {
        let sent = " e\u{301}\n\n";
        let body = json!({"body": sent, "subject": " a ", "name": sent, "line": "a\nb"});
        let mut object = Object::new(&body, "");
        assert_eq!(object.verbatim("body", 1..=5).as_deref(), Some(sent));
        assert_eq!(
            object.verbatim_line("subject", 1..=3).as_deref(),
            Some(" a ")
        );
        assert_eq!(object.name("name", 1..=1).as_deref(), Some("é"));
        assert_eq!(object.verbatim_line("line", 1..=3), None);
        assert_eq!(object.verbatim("body", 1..=4), None);
        let faults = object.finish(Some(())).unwrap_err();
        let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, ["/line", "/body"]);
    }

    #[test]
    fn all_faults_come_at_once_and_unknown_fields_are_named() {
        let body = json!({"name": 7, "n": 99, "a/b": true});
        let mut object = Object::new(&body, "");
        let name = object.name("name", 1..=5);
        let n = object.integer("n", 1..=10);
        let needed = object.string("needed");
        let needed = object.required("needed", needed);
        let faults = object.finish(name.zip(n).zip(needed)).unwrap_err();
        let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, ["/name", "/n", "/needed", "/a~1b"]);
    }

    #[test]
    fn text_is_trimmed_and_composed_before_it_is_counted() {
        let body = json!({"name": "  e\u{301}  "});
        let mut object = Object::new(&body, "");
        assert_eq!(object.name("name", 1..=1).as_deref(), Some("é"));
    }

    #[test]
    fn a_whole_float_is_an_integer_and_a_huge_one_is_not() {
        let body = json!({"a": 10.0, "b": 1e300, "c": 1.5});
        let mut object = Object::new(&body, "");
        assert_eq!(object.integer("a", 1..=10), Some(10));
        assert_eq!(object.integer("b", 1..=10), None);
        assert_eq!(object.integer("c", 1..=10), None);
    }
}
