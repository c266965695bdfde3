//! What counts as a difference, and what is only noise.

use proptest::prelude::*;

use super::*;

const BEFORE: &str = "Rust 1.94 is out\n\nThe team is happy to announce a new version.\nRead more below.\nIt is fast.\nPosted 3 minutes ago";

#[test]
fn the_same_text_has_no_difference() {
    assert_eq!(Difference::of(BEFORE, BEFORE), Difference::default());
    let reflowed = BEFORE.replace("\n\n", "\n").replace(' ', "  ");
    assert!(!Difference::of(BEFORE, &reflowed).is_news());
}

#[test]
fn added_removed_and_changed_are_told_apart() {
    let after = BEFORE
        .replace("1.94 is out", "1.95 is out")
        .replace("Read more below.\n", "")
        + "\nA security fix is included.";
    let difference = Difference::of(BEFORE, &after);
    assert_eq!(difference.added, ["A security fix is included."]);
    assert_eq!(difference.removed, ["Read more below."]);
    let changed = Replaced {
        path: None,
        before: "Rust 1.94 is out".into(),
        after: "Rust 1.95 is out".into(),
    };
    assert_eq!(difference.changed, [changed]);
    assert!(difference.moved.is_empty() && difference.is_news());
}

#[test]
fn a_block_that_stands_elsewhere_has_moved_and_is_no_news() {
    let before = "Intro\nAlpha one\nAlpha two\nBeta one\nBeta two\nBeta three\nOutro";
    let after = "Intro\nBeta one\nBeta two\nBeta three\nAlpha one\nAlpha two\nOutro";
    let difference = Difference::of(before, after);
    assert_eq!(difference.moved, ["Alpha one\nAlpha two"]);
    assert!(!difference.is_news());
}

#[test]
fn what_changes_by_itself_is_passed_over_and_reported() {
    let difference = Difference::of(BEFORE, &BEFORE.replace("3 minutes", "2 hours"));
    assert!(!difference.is_news());
    let ignored = Ignored {
        kind: Volatile::RelativeTime,
        before: "Posted 3 minutes ago".into(),
        after: "Posted 2 hours ago".into(),
    };
    assert_eq!(difference.ignored, [ignored]);
    assert_eq!(
        essence(BEFORE),
        essence(&BEFORE.replace("3 minutes", "2 hours"))
    );
}

#[test]
fn a_long_line_is_taken_sentence_by_sentence() {
    let line = (0..20)
        .map(|n| format!("Sentence number {n} says something of its own."))
        .collect::<Vec<_>>()
        .join(" ");
    let difference = Difference::of(&line, &line.replace("number 7 says", "number 7 denies"));
    assert_eq!(difference.changed.len(), 1);
    assert_eq!(
        difference.changed[0].after,
        "Sentence number 7 denies something of its own."
    );
}

#[test]
fn a_change_deep_in_a_long_passage_is_shown_where_it_is() {
    let words = (0..300)
        .map(|n| format!("word{n}"))
        .collect::<Vec<_>>()
        .join(" ");
    let difference = Difference::of(&words, &words.replace("word100 ", "other "));
    assert!(
        difference.changed[0].after.contains("word99 other word101"),
        "{difference:?}"
    );
    assert!(difference.changed[0].after.chars().count() <= LONGEST_SHOWN + 2);
}

#[test]
fn huge_texts_are_compared_as_sets_and_what_is_shown_is_bounded() {
    let before: String = (0..30_000).map(|n| format!("line {n}\n")).collect();
    let after = before.replace("line 12\n", "line twelve\n");
    let difference = Difference::of(&before, &after);
    assert_eq!(
        (difference.added, difference.removed),
        (vec!["line twelve".to_owned()], vec!["line 12".to_owned()])
    );
    let all_other: String = (0..30_000).map(|n| format!("row {n}\n")).collect();
    let difference = Difference::of(&before, &all_other);
    assert!(difference.truncated);
    assert_eq!(difference.added.len(), MOST_SHOWN);
    let tail = Difference::of(&before, &before.replace("line 29999", "line X"));
    assert!(tail.is_news(), "a difference past the limit is still one");
}

proptest! {
    #[test]
    fn nothing_is_said_that_is_not_there(before in prop::collection::vec("[a-d]{1,2}( [a-d]{1,2}){0,3}", 0..20), after in prop::collection::vec("[a-d]{1,2}( [a-d]{1,2}){0,3}", 0..20)) {
        let difference = Difference::of(&before.join("\n"), &after.join("\n"));
        let pairs = difference.changed.iter();
        // before − removed − changed.before + added + changed.after is after, as sets with counts.
        let mut rebuilt = before.clone();
        for gone in difference.removed.iter().chain(pairs.clone().map(|pair| &pair.before)) {
            let at = rebuilt.iter().position(|line| line == gone);
            prop_assert!(at.is_some(), "{gone} was not there");
            rebuilt.swap_remove(at.unwrap());
        }
        rebuilt.extend(difference.added.iter().chain(pairs.map(|pair| &pair.after)).cloned());
        let mut wanted = after.clone();
        rebuilt.sort();
        wanted.sort();
        prop_assert_eq!(rebuilt, wanted);
    }

    #[test]
    fn any_text_is_taken(before in "\\PC{0,200}", after in "\\PC{0,200}") {
        let difference = Difference::of(&before, &after);
        prop_assert_eq!(essence(&before) == essence(&after), !difference.is_news() && difference.moved.is_empty());
    }
}

#[test]
fn the_worst_order_is_still_bounded_work() {
    // Every line of the longest aligned text stands elsewhere, in no order a diff could use.
    let shuffled = |step: usize| {
        (0..MOST_ALIGNED)
            .map(|n| format!("line {}\n", n * step % 4001))
            .collect::<String>()
    };
    let difference = Difference::of(&shuffled(1), &shuffled(1987));
    assert!(
        difference.added.len() <= 1 && difference.removed.len() <= 1,
        "all but one moved"
    );
}
