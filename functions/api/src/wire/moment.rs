//! Instants, as every answer shows them.

use jiff::Timestamp;
use serde_json::Value;

/// RFC 3339 in UTC, always with three digits of a second: texts sort as the instants do. `null` without an instant.
pub(crate) fn moment(at: impl Into<Option<Timestamp>>) -> Value {
    match at.into() {
        Some(at) => format!("{at:.3}").into(),
        None => Value::Null,
    }
}

/// Instants, in their order.
pub(crate) fn moments(all: Vec<Timestamp>) -> Value {
    all.into_iter().map(moment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_sort_as_texts() {
        let all = [
            "2026-12-01T14:18:34Z",
            "2026-12-01T14:18:34.14Z",
            "2026-12-01T14:18:34.144Z",
            "2026-12-01T14:18:35Z",
        ];
        let texts = all.map(|text| moment(text.parse::<Timestamp>().unwrap()));
        assert_eq!(texts[0], "2026-12-01T14:18:34.000Z");
        assert!(texts.is_sorted_by_key(|text| text.as_str().unwrap().to_owned()));
        assert_eq!(moment(None), Value::Null);
    }
}
