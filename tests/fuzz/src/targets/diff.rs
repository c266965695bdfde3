//! Two texts or two values that a watch compares: the first line is the one, what follows the other, as JSON.

use std::hint::black_box;
use std::time::Duration;

use domain::difference::{Difference, ValueDifference};
use domain::json::Allowance;
use serde_json::Value;

use crate::bombs;
use crate::mutation::Mutator;
use crate::target::{Reader, Target, shape};

/// As many values as the probe takes of one line.
const MOST_VALUES: usize = 200_000;

pub(crate) const TARGET: Target = Target {
    name: "diff",
    check,
    mutator: Mutator {
        words: &[
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "null",
            "true",
            "0",
            "1",
            "-1",
            "1e9",
            "\"",
            "\"a\"",
            "\"id\":",
            "\"url\":",
            "\"3 minutes ago\"",
            "\\n",
            "\\u0301",
            "[1,2,3]",
            "{\"id\":1}",
            "{\"a\":{\"b\":[]}}",
            "a\\nb",
            "\n",
            "~",
            "/",
        ],
        most_bytes: 32 * 1024,
    },
    burst: 700,
    flat: Duration::from_millis(500),
    per_kib: Duration::from_millis(30),
    bombs: bombs::differences::ALL,
    readers: &[Reader { name: "diff", read }],
};

fn values(input: &[u8]) -> Option<(Value, Value)> {
    let text = std::str::from_utf8(input).ok()?;
    let (before, after) = text.split_once('\n')?;
    let allowance = Allowance::new(MOST_VALUES);
    Some((allowance.read(before).ok()?, allowance.read(after).ok()?))
}

fn read(input: &[u8]) {
    match values(input) {
        Some((Value::String(before), Value::String(after))) => {
            black_box(Difference::of(&before, &after));
        }
        Some((before, after)) => {
            black_box(ValueDifference::of(&before, &after));
        }
        None => {}
    }
}

fn check(input: &[u8]) -> u64 {
    let Some((before, after)) = values(input) else {
        return 0;
    };
    let found = ValueDifference::of(&before, &after);
    assert_eq!(
        found,
        ValueDifference::of(&before, &after),
        "two values are compared in two ways"
    );
    assert_eq!(
        found.patch.is_empty(),
        before == after,
        "a difference without a patch, or the reverse: {input:?}"
    );
    let told = [
        found.added.len(),
        found.removed.len(),
        found.moved.len(),
        found.changed.len(),
        found.ignored.len(),
    ];
    assert!(
        told.iter().all(|told| *told <= 100),
        "told without end: {told:?}"
    );
    if let (Value::String(before), Value::String(after)) = (&before, &after) {
        let found = Difference::of(before, after);
        let told = [&found.added, &found.removed, &found.moved].map(Vec::len);
        assert!(
            told.iter().all(|told| *told <= 100),
            "told without end: {told:?}"
        );
        assert!(before != after || !found.is_news(), "news of the same text");
    }
    shape(&[
        found.added.len(),
        found.removed.len(),
        found.moved.len(),
        found.changed.len(),
        found.ignored.len(),
        found.patch.len(),
        usize::from(found.truncated),
    ])
}
