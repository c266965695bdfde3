//! Strangers' JSON, read within a bound of how many values it may hold.
//!
//! A value takes two bytes as text (`1,`) and some seventy as a [`Value`], an entry of an object twice that: five
//! megabytes of text can become half a gigabyte. The length of a text is therefore no bound of what it costs, and the
//! number of values is.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text gave no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    #[error("it is no JSON: {0}")]
    Syntax(String),
    #[error("it holds more values than are read")]
    TooMany,
}

/// How many values may still be read: of one text, or of all texts of one document together. An entry of an object counts
/// as two, and an object that has one as five.
#[derive(Debug)]
pub struct Allowance {
    left: Cell<usize>,
    is_used_up: Cell<bool>,
}

impl Allowance {
    #[must_use]
    pub fn new(values: usize) -> Self {
        Self {
            left: Cell::new(values),
            is_used_up: Cell::new(false),
        }
    }

    /// Reads a text that is one value.
    ///
    /// # Errors
    /// [`Unread`] when it is none, or holds more values than are left.
    pub fn read(&self, text: &str) -> Result<Value, Unread> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = self.first(&mut deserializer)?;
        deserializer
            .end()
            .map_err(|error| Unread::Syntax(error.to_string()))?;
        Ok(value)
    }

    /// Reads the value a text begins with, and says how many bytes it takes.
    ///
    /// # Errors
    /// As [`Allowance::read`].
    pub fn read_first(&self, text: &str) -> Result<(Value, usize), Unread> {
        let mut values = serde_json::Deserializer::from_str(text);
        let value = self.first(&mut values)?;
        // The reader stands behind the value; what it iterates over next begins there.
        let taken = values.into_iter::<Value>().byte_offset();
        Ok((value, taken))
    }

    fn first<'t>(
        &self,
        deserializer: &mut serde_json::Deserializer<serde_json::de::StrRead<'t>>,
    ) -> Result<Value, Unread> {
        self.is_used_up.set(false);
        Counted(self).deserialize(deserializer).map_err(|error| {
            if self.is_used_up.get() {
                Unread::TooMany
            } else {
                Unread::Syntax(error.to_string())
            }
        })
    }

    fn take<E: serde::de::Error>(&self, units: usize) -> Result<(), E> {
        match self.left.get().checked_sub(units) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.is_used_up.set(true);
                Err(E::custom("too many values"))
            }
        }
    }
}

/// Reads one value, and counts it.
#[derive(Clone, Copy)]
struct Counted<'a>(&'a Allowance);

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.take(1)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counted<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        let mut is_first = true;
        while let Some(key) = entries.next_key::<String>()? {
            // An entry with its key takes about as much as two elements of a list.
            self.0.take::<A::Error>(1)?;
            // Room for four entries is made for the first, and a table of their keys.
            if std::mem::take(&mut is_first) {
                self.0.take::<A::Error>(4)?;
            }
            map.insert(key, entries.next_value_seed(self)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_are_anywhere() {
        for text in [
            "null",
            "[1, -2, 3.5, 1e300, 18446744073709551615, true, \"a\\u0062\", {}, []]",
            "{\"a\": {\"b\": [1, {\"c\": null}]}, \"a\": 2}",
            " \"x\" ",
        ] {
            let known: Value = serde_json::from_str(text).unwrap();
            assert_eq!(Allowance::new(100).read(text), Ok(known), "{text}");
        }
        for text in ["", "[1", "{\"a\" 1}", "[1] 2", "1e999"] {
            let read = Allowance::new(100).read(text);
            assert!(matches!(read, Err(Unread::Syntax(_))), "{text}: {read:?}");
        }
        assert!(Allowance::new(1_000).read(&"[".repeat(500)).is_err());
        let (value, taken) = Allowance::new(9).read_first("[1]; more").unwrap();
        assert_eq!((value, taken), (serde_json::json!([1]), 3));
        assert_eq!(Allowance::new(9).read_first("12 3").unwrap().1, 2);
    }

    #[test]
    fn values_are_counted_over_all_texts() {
        let allowance = Allowance::new(10);
        assert!(allowance.read("[1, 2]").is_ok());
        assert!(allowance.read("{\"a\": 1}").is_ok());
        assert_eq!(allowance.read("1"), Err(Unread::TooMany));
        // A broken text is told as one while there is something left.
        assert!(matches!(
            Allowance::new(2).read("[x"),
            Err(Unread::Syntax(_))
        ));
    }
}
