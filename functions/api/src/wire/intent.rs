//! The goal in natural language: `intent`, or `goal`, its other name.

use domain::reader::Object;
use domain::text;

/// How many visible characters a goal has (API section 3).
const VISIBLE: std::ops::RangeInclusive<usize> = 10..=2000;
/// How many it may have with the invisible ones, which joined emoji need.
const MOST: usize = 10_000;

/// Reads the goal under either name; both are a fault. `None` when there is none.
pub(crate) fn read(object: &mut Object<'_>) -> Option<String> {
    let (intent, goal) = (
        object.value("intent").is_some(),
        object.value("goal").is_some(),
    );
    if intent && goal {
        object.fault("goal", "is another name of intent: give only one of them");
        return None;
    }
    read_field(object, if goal { "goal" } else { "intent" })
}

/// As [`read`], where there must be a goal.
pub(crate) fn required(object: &mut Object<'_>) -> Option<String> {
    let goal = read(object);
    if goal.is_none() && !object.has("goal") {
        object.required::<String>("intent", None);
    }
    goal
}

/// Reads the goal under one name.
pub(crate) fn read_field(object: &mut Object<'_>, field: &'static str) -> Option<String> {
    let goal = object.text(field, 0..=MOST)?;
    if VISIBLE.contains(&goal.chars().filter(|c| !text::invisible(*c)).count()) {
        return Some(goal);
    }
    object.fault(
        field,
        format!(
            "must have from {} to {} visible characters",
            VISIBLE.start(),
            VISIBLE.end()
        ),
    );
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn faults(body: &Value) -> Vec<String> {
        let mut object = Object::new(body, "");
        let goal = required(&mut object);
        object
            .finish(goal)
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|fault| fault.path)
            .collect()
    }

    #[test]
    fn only_what_can_be_seen_counts() {
        assert!(faults(&json!({"intent": "watch this"})).is_empty());
        assert!(faults(&json!({"goal": "  watch this  "})).is_empty());
        assert!(faults(&json!({"intent": "😀".repeat(2000)})).is_empty());
        assert_eq!(faults(&json!({"intent": "short int"})), ["/intent"]);
        assert_eq!(
            faults(&json!({"intent": format!("a{}", "\u{200b}".repeat(50))})),
            ["/intent"]
        );
        assert_eq!(faults(&json!({"goal": "a".repeat(2001)})), ["/goal"]);
        assert_eq!(
            faults(&json!({"intent": "watch this page", "goal": "watch this page"})),
            ["/goal"]
        );
        assert_eq!(faults(&json!({"intent": 1_234_567_890})), ["/intent"]);
        assert_eq!(faults(&json!({})), ["/intent"]);
    }
}
