//! Two texts or two values whose difference costs more than theirs: the first line is the one, what follows the
//! other, as JSON. Texts and values of JSON together have the size of the largest input.

use serde_json::{Value, json};

use super::pages::bombs;
use super::{Bomb, SIZE};

/// As much as either of the two may have.
const HALF: usize = SIZE / 2 - 64;

pub(crate) const ALL: &[Bomb] = bombs! {
    "60,000 other numbers" => lists(60_000, |n| json!(n), |n| json!(n + 1_000_000)),
    "60,000 numbers backwards" => lists(60_000, |n| json!(n), |n| json!(60_000 - n)),
    "60,000 equal numbers and one more" => lists(60_000, |_| json!(1), |n| json!(u8::from(n != 7))),
    "60,000 other texts" => lists(60_000, |n| json!(format!("a{n}")), |n| json!(format!("b{n}"))),
    "60,000 named objects" => lists(60_000, |n| json!({"id": n, "p": 1}), |n| json!({"id": n + 7, "p": 2})),
    "60,000 objects of other kinds" => lists(60_000, |n| json!({"a": n}), |n| json!([n])),
    "all other numbers" => lists(usize::MAX, |n| json!(n), |n| json!(n + 1_000_000)),
    "equal numbers" => lists(usize::MAX, |_| json!(1), |_| json!(2)),
    "nothing and one" => lists(usize::MAX, |_| Value::Null, |_| json!(1)),
    "nothing and lists" => lists(usize::MAX, |_| Value::Null, |_| json!([])),
    "one more before equal numbers" => lists(usize::MAX, |n| json!(u8::from(n == 0)), |_| json!(0)),
    "every second" => lists(usize::MAX, |n| json!(n % 2), |n| json!((n + 1) % 2)),
    "numbers backwards" => lists(400_000, |n| json!(n), |n| json!(400_000 - n)),
    "4,000 numbers backwards" => lists(4_000, |n| json!(n), |n| json!(4_000 - n)),
    "4,000 other numbers" => lists(4_000, |n| json!(n), |n| json!(n + 10_000)),
    "4,000 mixed" => lists(4_000, |n| json!(n * 7919 % 4_001), |n| json!(n * 6367 % 4_001)),
    "4,000 texts of a length" => lists(4_000, |n| json!(format!("{}{n}", "a".repeat(500))), |n| json!(format!("{}b{n}", "a".repeat(500)))),
    "4,000 large objects" => lists(4_000, |n| json!({"a": "x".repeat(300), "b": n}), |n| json!({"a": "x".repeat(300), "b": n + 1})),
    "3,999 lists of equal lists" => lists(3_999, |n| json!([[1], [2], [3], [n]]), |n| json!([[1], [2], [n]])),
    "lists of lists, each of 100 others" => lists(usize::MAX, |n| (0..100).map(|k| n + k).collect(), |n| (0..100).map(|k| n * 31 + k * 17).collect()),
    "lists of lists, each of 2,000 others" => lists(usize::MAX, |n| (0..2_000).map(|k| (n + k * 31) % 1_999).collect(), |n| (0..2_000).map(|k| (n + k * 17) % 1_999).collect()),
    "equal large elements, shifted" => lists(usize::MAX, |n| json!("a".repeat(n % 50 + 1_000)), |n| json!("a".repeat(n % 50 + 1_001))),
    "objects of other keys" => pair(&object(|n| (format!("a{n}"), json!(1))), &object(|n| (format!("b{n}"), json!(1)))),
    "objects of other values" => pair(&object(|n| (format!("a{n}"), json!(1))), &object(|n| (format!("a{n}"), json!(2)))),
    "objects of other texts" => pair(&object(|n| (format!("a{n}"), json!("3 minutes ago"))), &object(|n| (format!("a{n}"), json!("2 hours ago")))),
    "objects of long keys" => pair(&object(|n| (format!("{}{n}", "~/".repeat(2_000)), json!(1))), &object(|n| (format!("{}{n}", "~/".repeat(2_000)), json!(2)))),
    "a long key around many" => pair(&json!({"k".repeat(100_000): small(|n| json!(n))}), &json!({"k".repeat(100_000): small(|n| json!(n + 1))})),
    "long keys in long keys" => pair(&keyed(100, 1), &keyed(100, 2)),
    "deep objects" => pair(&deep(100, |inner| json!({"a": inner, "b": 1}), json!(1)), &deep(100, |inner| json!({"a": inner, "b": 2}), json!(2))),
    "deep lists of many" => pair(&deep(100, |inner| json!([inner, 1, 2, 3]), small(|n| json!(n))), &deep(100, |inner| json!([3, inner, 2, 1]), small(|n| json!(n + 1)))),
    "deep lists whose inside is other" => pair(&deep(100, |inner| json!([0, inner, 0]), small(|n| json!(n))), &deep(100, |inner| json!([0, inner, 0]), small(|n| json!(n + 7)))),
    "deep objects whose inside is other" => pair(&deep(100, |inner| json!({"a": inner}), small(|n| json!(n))), &deep(100, |inner| json!({"a": inner}), small(|n| json!(n + 7)))),
    "long texts in a list" => lists(2, |n| json!(format!("a{n}").repeat(HALF / 5)), |n| json!(format!("b{n}").repeat(HALF / 5))),
    // Texts.
    "a text of letters" => texts("a", "b"),
    "a text of letters and its like" => texts("a", "a "),
    "a text of words" => texts("word ", "words "),
    "a text of other lines" => numbered(|n| format!("a{n}\n"), |n| format!("b{n}\n")),
    "a text of lines backwards" => numbered(|n| format!("a{n}\n"), |n| format!("a{}\n", 19_000_usize.saturating_sub(n))),
    "a text of one-letter lines" => texts("a\n", "b\n"),
    "a text of one-letter lines, shifted" => texts("a\nb\nc\n", "c\nb\na\n"),
    "a text of empty lines" => texts("\n", " \n"),
    "4,000 other lines" => numbered_to(4_000, |n| format!("The ferry {n} leaves the quay at nine\n"), |n| format!("The ferry {} leaves the dock at ten\n", n + 9_000)),
    "4,000 lines backwards" => numbered_to(4_000, |n| format!("a{n}\n"), |n| format!("a{}\n", 4_000 - n)),
    "4,000 long lines" => numbered_to(4_000, |n| format!("{} {n}\n", "word ".repeat(47)), |n| format!("{} {n}\n", "words ".repeat(39))),
    "4,000 long lines, equal ones between them" => numbered_to(4_000, |n| line_or_equal(n, "word"), |n| line_or_equal(n, "words")),
    "a text of sentences" => texts("The ferry leaves. ", "The ferry left. "),
    "a text of full stops" => texts(". ", "! "),
    "a text of Chinese full stops" => texts("。", "！"),
    "a text of one long line" => texts("abcdefghij", "abcdefghik"),
    "a text of days" => texts("20 November 2024, 10:00 ", "21 November 2024, 11:00 "),
    "a text of minutes" => texts("3 minutes ago\n", "2 hours ago\n"),
    "a text of digits" => texts("1", "2"),
    "a text of digits in groups" => texts("12 ", "13 "),
    "a text of names" => texts("deadbeef01234567", "deadbeef01234568"),
    "a text of combining marks" => texts("\u{301}", "\u{300}"),
    "a text of marks out of order" => texts("a\u{301}\u{323}", "a\u{323}\u{301}"),
    "a text of ligatures" => texts("\u{fdfa}", "\u{fdfb}"),
    "a text of spaces" => texts(" ", "\t"),
    "a text of Hangul" => texts("각", "간"),
};

/// Lines of which every forty-first is the same in all texts.
fn line_or_equal(n: usize, word: &str) -> String {
    let words = (0..38).map(|k| format!("{word}{} ", (n * 31 + k * k) % 97));
    if n.is_multiple_of(41) {
        format!("equal {n}\n")
    } else {
        format!("{}{n}\n", words.collect::<String>())
    }
}

fn pair(before: &Value, after: &Value) -> Vec<u8> {
    format!("{before}\n{after}").into_bytes()
}

fn lists(most: usize, before: impl Fn(usize) -> Value, after: impl Fn(usize) -> Value) -> Vec<u8> {
    format!("[{}]\n[{}]", joined(most, before), joined(most, after)).into_bytes()
}

/// Elements as JSON until half of the input is full.
fn joined(most: usize, element: impl Fn(usize) -> Value) -> String {
    let mut out = String::new();
    for n in 0..most {
        let next = element(n).to_string();
        if out.len() + next.len() + 1 > HALF {
            break;
        }
        if n > 0 {
            out.push(',');
        }
        out.push_str(&next);
    }
    out
}

fn object(entry: impl Fn(usize) -> (String, Value)) -> Value {
    let mut length = 0;
    let entries = (0..).map(entry).take_while(|(key, value)| {
        length += key.len() + value.to_string().len() + 6;
        length < HALF
    });
    Value::Object(entries.collect())
}

/// A list of ten thousand.
fn small(element: impl Fn(usize) -> Value) -> Value {
    (0..10_000).map(element).collect()
}

fn deep(depth: usize, around: impl Fn(Value) -> Value, inside: Value) -> Value {
    (0..depth).fold(inside, |inner, _| around(inner))
}

/// Long keys around each other, with entries at each.
fn keyed(depth: usize, value: u32) -> Value {
    deep(
        depth,
        |inner| json!({"k".repeat(10_000): inner, "a": value, "b": value, "c": value}),
        small(|n| json!(n * value as usize)),
    )
}

fn texts(before: &str, after: &str) -> Vec<u8> {
    // Some characters are longer as JSON than they are.
    let text = |unit: &str| {
        let length = Value::from(unit).to_string().len() - 2;
        Value::from(unit.repeat(HALF / length))
    };
    pair(&text(before), &text(after))
}

fn numbered(before: impl Fn(usize) -> String, after: impl Fn(usize) -> String) -> Vec<u8> {
    numbered_to(usize::MAX, before, after)
}

fn numbered_to(
    most: usize,
    before: impl Fn(usize) -> String,
    after: impl Fn(usize) -> String,
) -> Vec<u8> {
    let text = |line: &dyn Fn(usize) -> String| {
        let mut out = String::new();
        for n in 0..most {
            let next = line(n);
            if out.len() + next.len() > HALF * 4 / 5 {
                break;
            }
            out.push_str(&next);
        }
        Value::from(out)
    };
    pair(&text(&before), &text(&after))
}
