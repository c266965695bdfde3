//! A cursor somebody made up. The lines: what a real one was made of (how many it has shown, a place), what its bytes are
//! overwritten with, and a text that is a cursor for all we know.

use std::time::Duration;

use domain::ids::OwnerId;
use nightdesk_api::fuzzing::{Bound, Reached, open, seal};

use super::first_line;
use crate::mutation::Mutator;
use crate::target::{Target, shape};

pub(crate) const TARGET: Target = Target {
    name: "cursor",
    check,
    mutator: Mutator {
        words: &[
            "0",
            "20",
            "10000000",
            "18446744073709551615",
            "18446744073709551616",
            "+20",
            "-1",
            "wf_",
            "ex_",
            ".",
            "..",
            "MjAu",
            "=",
            "-",
            "_",
            "==",
            "workflows",
            "executions",
            "status=active",
            "\n",
            "\0",
            "\u{e9}",
            "AAAA",
            "wf_0190a1b2c3d47e5f8a9b0c1d2e3f4a5b",
        ],
        most_bytes: 1_024,
    },
    burst: 4_000,
    flat: Duration::from_millis(100),
    per_kib: Duration::from_millis(5),
    bombs: &[],
    readers: &[],
};

fn check(input: &[u8]) -> u64 {
    let (shown, rest) = first_line(input);
    let (place, rest) = first_line(rest);
    let (edit, rest) = first_line(rest);
    let made_up = String::from_utf8_lossy(rest);

    let owners = [
        OwnerId::from_uuid(uuid::Uuid::from_u128(1)),
        OwnerId::from_uuid(uuid::Uuid::from_u128(2)),
    ];
    // The list and every list that differs from it in one thing; the last differs in where its parts meet.
    let lists = [
        ("workflows", &owners[0], "status=active"),
        ("executions", &owners[0], "status=active"),
        ("workflows", &owners[1], "status=active"),
        ("workflows", &owners[0], "status=archived"),
        ("workflows", &owners[0], ""),
        ("workflowss", &owners[0], "tatus=active"),
    ]
    .map(|(name, owner, filters)| Bound {
        name,
        owner,
        filters,
    });

    let shown: usize = shown.trim().parse().unwrap_or(20);
    let reached = Reached {
        total: shown.saturating_add(place.len()),
        place,
        shown,
    };
    let real = seal(&reached, lists[0]);
    assert_eq!(
        open(&real, lists[0]).as_ref(),
        Some(&reached),
        "a cursor does not say what it was made of: {real}"
    );
    assert!(
        real.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')),
        "no text for a URL: {real}"
    );

    // The real one with some of it overwritten, cut, and lengthened.
    let at = edit.len() % real.len();
    let overwritten: String = real
        .chars()
        .take(at)
        .chain(edit.chars())
        .chain(real.chars().skip(at + edit.chars().count()))
        .collect();
    let mut opened = 0;
    for cursor in [
        real.as_str(),
        &overwritten,
        &format!("{real}{edit}"),
        &real[..at],
        &made_up,
    ] {
        let found: Vec<_> = lists
            .iter()
            .filter_map(|list| Some((list, open(cursor, *list)?)))
            .collect();
        assert!(found.len() <= 1, "one cursor opens two lists: {cursor}");
        opened += found.len();
        for (list, said) in found {
            let again = open(&seal(&said, *list), *list);
            assert_eq!(
                again,
                Some(said),
                "what a cursor says cannot be said again: {cursor}"
            );
        }
    }
    let own = open(&made_up, lists[0]);
    let foreign = open(
        &real,
        Bound {
            filters: &edit,
            ..lists[0]
        },
    );
    assert_eq!(
        foreign.is_some(),
        edit == lists[0].filters,
        "a cursor opens under other filters: {edit:?}"
    );
    shape(&[
        opened,
        usize::from(own.is_some()),
        shown,
        reached.place.len(),
        made_up.len(),
    ])
}
