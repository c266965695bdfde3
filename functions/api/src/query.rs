//! Query strings, read as strictly as bodies: what does not decode is malformed, what is repeated or
//! unknown is refused by name, and all faults come in one answer.

use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use domain::fault::{Code, Fault};
use domain::text;
use http::request::Parts;

use crate::app::App;
use crate::problem::Problem;

/// The parameters of a request that have not been read yet.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl FromRequestParts<App> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Self::decode(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    /// Decodes a query string as forms write it: `+` is a blank, `%` and two hexadecimal digits a byte.
    ///
    /// # Errors
    /// A percent sign without its digits, or bytes that are no UTF-8.
    fn decode(query: &str) -> Result<Self, Problem> {
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((decode(name)?, decode(value)?))
            });
        let malformed = || {
            Problem::new(
                Code::MalformedQuery,
                "the query string is not percent-encoded UTF-8",
            )
        };
        Ok(Self {
            pairs: pairs.collect::<Option<_>>().ok_or_else(malformed)?,
            faults: Vec::new(),
        })
    }

    fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.faults.push(Fault::invalid(name, message));
    }

    /// Takes the parameter's value; one that is repeated is a fault.
    fn take(&mut self, name: &str) -> Option<String> {
        let mut values: Vec<String> = self
            .pairs
            .extract_if(.., |(key, _)| key == name)
            .map(|(_, value)| value)
            .collect();
        if values.len() > 1 {
            self.fault(name, "must be given only once");
            return None;
        }
        values.pop()
    }

    /// A text of at most `most` characters, trimmed and NFC; an empty one counts as absent.
    pub(crate) fn text(&mut self, name: &str, most: usize) -> Option<String> {
        let value = text::normalise(&self.take(name)?);
        if value.chars().count() > most {
            self.fault(name, format!("must have at most {most} characters"));
            return None;
        }
        if !value.chars().all(text::allowed_in_name) {
            self.fault(name, "must not contain a control character");
            return None;
        }
        Some(value).filter(|value| !value.is_empty())
    }

    /// A list of at most `most` names between commas, each of at most `longest` characters; empty ones are left out.
    pub(crate) fn names(&mut self, name: &str, most: usize, longest: usize) -> Vec<String> {
        let Some(value) = self.take(name) else {
            return Vec::new();
        };
        let names = value.split(',').map(text::normalise);
        let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        if names.len() > most {
            self.fault(name, format!("must have at most {most} names"));
        } else if names.iter().any(|name| name.chars().count() > longest) {
            let message = format!("must have at most {longest} characters between two commas");
            self.fault(name, message);
        } else if !names
            .iter()
            .all(|name| name.chars().all(text::allowed_in_name))
        {
            self.fault(name, "must not contain a control character");
        } else {
            return names;
        }
        Vec::new()
    }

    /// A whole number in plain decimal digits within `range`.
    pub(crate) fn count(&mut self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.take(name)?;
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let read = value.parse().ok().filter(|n| digits && range.contains(n));
        if read.is_none() {
            self.fault(
                name,
                format!(
                    "must be a whole number from {} to {}",
                    range.start(),
                    range.end()
                ),
            );
        }
        read
    }

    /// A revision.
    pub(crate) fn revision(&mut self, name: &str) -> Option<u64> {
        let value = self.take(name)?;
        let read = value
            .parse()
            .ok()
            .filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()));
        if read.is_none() {
            self.fault(name, "must be a revision: a whole number from 0");
        }
        read
    }

    /// One of a closed list of words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &str,
        all: &[T],
        as_str: fn(T) -> &'static str,
    ) -> Option<T> {
        let value = self.take(name)?;
        let found = all.iter().copied().find(|word| as_str(*word) == value);
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|word| as_str(*word)).collect();
            self.fault(name, format!("must be one of {}", words.join(", ")));
        }
        found
    }

    /// An id. A text that is none is a fault: it can only be a mistake.
    pub(crate) fn id<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        parse: fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.take(name)?;
        match parse(&value) {
            Ok(id) => Some(id),
            Err(error) => {
                self.fault(name, error.to_string());
                None
            }
        }
    }

    /// Adds a fault found while the values were put together.
    pub(crate) fn refuse(&mut self, name: &str, message: &str) {
        self.fault(name, message);
    }

    /// Refuses what nobody has read, and everything that was wrong.
    ///
    /// # Errors
    /// All faults at once.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        self.and(Ok::<_, Problem>(()))
    }

    /// What was read from the rest of the request, unless there are faults here or there.
    ///
    /// # Errors
    /// All faults at once, those of the query first.
    pub(crate) fn and<T>(mut self, read: Result<T, impl Into<Problem>>) -> Result<T, Problem> {
        let mut unknown: Vec<String> = self.pairs.drain(..).map(|(name, _)| name).collect();
        unknown.dedup();
        for name in unknown {
            self.fault(&name, "is not a parameter of this request");
        }
        let mut faults = self.faults;
        match read.map_err(Into::into) {
            read if faults.is_empty() => read,
            read => {
                faults.extend(read.err().map(|problem| problem.faults).unwrap_or_default());
                Err(Problem::of(faults))
            }
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str, read: impl FnOnce(&mut Query)) -> Vec<String> {
        let mut query = Query::decode(query).unwrap();
        read(&mut query);
        query
            .finish()
            .err()
            .map(|problem| problem.faults.into_iter().map(|fault| fault.path).collect())
            .unwrap_or_default()
    }

    #[test]
    fn what_does_not_decode_is_malformed() {
        for bad in ["search=%zz", "a=%4", "%=1", "a=%ff", "a=%C0%AF"] {
            assert_eq!(
                Query::decode(bad).unwrap_err().code,
                Code::MalformedQuery,
                "{bad}"
            );
        }
        assert_eq!(
            Query::decode("search=a+b%20%C3%A9")
                .unwrap()
                .text("search", 9)
                .as_deref(),
            Some("a b é")
        );
    }

    #[test]
    fn texts_and_lists_of_names_have_bounds_and_no_control_characters() {
        let text = |query: &mut Query| {
            query.text("search", 3);
        };
        assert_eq!(refused("search=a%00b", text), ["search"]);
        assert_eq!(refused("search=abcd", text), ["search"]);
        assert!(refused("search=a%20b", text).is_empty());
        let names = |query: &mut Query| {
            query.names("tags", 2, 3);
        };
        for bad in ["tags=a,b,c", "tags=abcd", "tags=a%0Ab", "tags=a&tags=b"] {
            assert_eq!(refused(bad, names), ["tags"], "{bad}");
        }
        assert!(refused("tags=a,,b,", names).is_empty());
        let mut query = Query::decode("tags=+a+,b").unwrap();
        assert_eq!(query.names("tags", 2, 3), ["a", "b"]);
    }

    #[test]
    fn repeated_unknown_and_wrong_parameters_are_named() {
        let limit = |query: &mut Query| {
            query.count("limit", 1..=100);
        };
        for bad in [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=abc",
            "limit=1e2",
            "limit=",
            "limit=+5",
            "limit=1&limit=100",
            "limit=99999999999",
        ] {
            assert_eq!(refused(bad, limit), ["limit"], "{bad}");
        }
        assert_eq!(refused("limit=5&token=x&sort=y", limit), ["token", "sort"]);
        assert_eq!(refused("limit=0&x=1", limit), ["limit", "x"]);
        assert!(refused("limit=100&", limit).is_empty());
    }
}
