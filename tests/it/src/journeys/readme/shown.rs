//! Whether an answer is what the README shows of it.
//!
//! It shows parts: members that are not shown may be there, and a `…` within a text stands for any text. A
//! text with one stands for the same thing wherever it is shown, so that ids can be followed; a `"…"`
//! at the end of a list stands for more elements.

use serde_json::Value;

use super::shell::Stands;

/// Compares, and remembers what each `…` stands for.
///
/// # Errors
/// Where they differ.
pub(super) fn compare(
    shown: &Value,
    real: &Value,
    at: &str,
    stands: &mut Stands,
) -> Result<(), String> {
    match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => {
            shown.iter().try_for_each(|(name, shown)| {
                let real = real
                    .get(name)
                    .ok_or_else(|| format!("{at} has no {name}"))?;
                compare(shown, real, &format!("{at}/{name}"), stands)
            })
        }
        (Value::Array(shown), Value::Array(real)) => {
            let (shown, open) = match shown.split_last() {
                Some((last, shown)) if last == "…" => (shown, true),
                _ => (shown.as_slice(), false),
            };
            if real.len() < shown.len() || (!open && real.len() > shown.len()) {
                return Err(format!("{at} has {} elements", real.len()));
            }
            let mut pairs = shown.iter().zip(real).enumerate();
            pairs.try_for_each(|(i, (shown, real))| {
                compare(shown, real, &format!("{at}/{i}"), stands)
            })
        }
        (Value::String(shown), Value::String(real)) => compare_text(shown, real, at, stands),
        (shown, real) if shown == real => Ok(()),
        (shown, real) => Err(format!("{at} is {real}, shown as {shown}")),
    }
}

/// Compares two texts.
///
/// # Errors
/// They differ.
pub(super) fn compare_text(
    shown: &str,
    real: &str,
    at: &str,
    stands: &mut Stands,
) -> Result<(), String> {
    let differ = || format!("{at} is {real:?}, shown as {shown:?}");
    let Some((start, end)) = shown.split_once('…') else {
        return if shown == real { Ok(()) } else { Err(differ()) };
    };
    let fits =
        real.len() >= start.len() + end.len() && real.starts_with(start) && real.ends_with(end);
    if !fits {
        return Err(differ());
    }
    // A lone … is any text; what has a beginning names something.
    if !start.is_empty() && !shown.contains(' ') {
        let known = stands
            .entry(shown.to_owned())
            .or_insert_with(|| real.to_owned());
        if known != real {
            return Err(format!(
                "{at} is {real:?}, and {shown:?} was {known:?} before"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_are_shown_and_what_is_shown_is_true() {
        let real =
            json!({"id": "wf_17", "steps": [{"id": "a"}, {"id": "b"}], "n": 1, "other": null});
        let mut stands = Stands::new();
        let mut compare = |shown: Value| compare(&shown, &real, "", &mut stands);
        for shown in [
            json!({"id": "wf_…", "n": 1}),
            json!({"steps": [{"id": "a"}, {}]}),
            json!({"steps": [{"id": "a"}, "…"]}),
            json!({"id": "…"}),
        ] {
            assert_eq!(compare(shown.clone()), Ok(()), "{shown}");
        }
        for shown in [
            json!({"id": "exe_…"}),
            json!({"n": "1"}),
            json!({"steps": [{"id": "a"}]}),
            json!({"steps": [{"id": "b"}, "…"]}),
            json!({"missing": null}),
        ] {
            assert!(compare(shown.clone()).is_err(), "{shown}");
        }
        assert_eq!(stands["wf_…"], "wf_17");
        let another = super::compare(&json!("wf_…"), &json!("wf_18"), "", &mut stands);
        assert!(another.is_err(), "one name, one thing");
    }
}
