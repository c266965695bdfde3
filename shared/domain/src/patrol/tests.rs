//! A watch over many nights, and the laws of comparing.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn run(n: u128) -> ExecutionId {
    ExecutionId::from_uuid(uuid::Uuid::from_u128(n))
}

/// A watch that remembers its baseline as the engine does.
struct Watch {
    baseline: Option<Baseline>,
    definition: &'static str,
    session: Vec<String>,
    nights: u128,
}

impl Watch {
    fn new() -> Self {
        Self {
            baseline: None,
            definition: "d1",
            session: Vec::new(),
            nights: 0,
        }
    }

    fn night(&mut self, observed: &Observation) -> (Comparison, Decision) {
        self.nights += 1;
        let id = run(self.nights);
        let now = Timestamp::from_second(i64::try_from(self.nights).unwrap() * 86_400).unwrap();
        let session_holds = |identity: &str| self.session.iter().any(|held| held == identity);
        let patrol = Patrol {
            execution_id: &id,
            definition: self.definition,
            now,
            session: None,
            session_holds: &session_holds,
        };
        let comparison = compare(self.baseline.as_ref(), observed, patrol);
        // Through storage, as always.
        if let Some(baseline) = &comparison.baseline {
            self.baseline =
                Some(serde_json::from_str(&serde_json::to_string(baseline).unwrap()).unwrap());
        }
        let decision = decide(&comparison);
        (comparison, decision)
    }
}

fn searched(urls: &[&str]) -> Observation {
    let found = urls.iter().map(|url| Found {
        url: (*url).to_owned(),
        title: format!("About {url}"),
        ..Found::default()
    });
    Observation {
        found: found.collect(),
        searches_asked: 1,
        ..Observation::default()
    }
}

fn crawled(pages: &[(&str, &str)]) -> Observation {
    let urls: Vec<&str> = pages.iter().map(|(url, _)| *url).collect();
    let contents = pages.iter().map(|(url, text)| Content {
        url: (*url).to_owned(),
        final_url: (*url).to_owned(),
        text: (*text).to_owned(),
        again: vec![],
    });
    Observation {
        found: searched(&urls).found,
        contents: contents.collect(),
        pages_asked: pages.len(),
        ..Observation::default()
    }
}

fn without(mut observed: Observation, url: &str, gone: bool) -> Observation {
    observed.found.retain(|found| found.url != url);
    observed.contents.retain(|content| content.url != url);
    observed.unreadable.push(Unreadable {
        url: url.to_owned(),
        reason: "http_status".into(),
        gone,
    });
    observed
}

fn said(decision: Decision) -> (&'static str, &'static str) {
    (decision.decision.as_str(), decision.reason.as_str())
}

#[test]
fn a_search_watched_over_five_nights() {
    let mut watch = Watch::new();
    let (first, decision) = watch.night(&searched(&["https://a.example/1", "https://a.example/2"]));
    let changes = first.changes.unwrap();
    assert_eq!(
        (
            changes.net_new_count,
            changes.previous_execution_id,
            changes.change_rate
        ),
        (2, None, 100.0)
    );
    assert_eq!(said(decision), ("baseline", "first_run"));
    assert!(!decision.sends(false) && decision.sends(true));

    // The same pages in other spellings.
    let (_, decision) = watch.night(&searched(&[
        "https://A.example:443/2#top",
        "https://a.example/1",
    ]));
    assert_eq!(said(decision), ("suppressed", "no_change"));
    assert!(!decision.is_recorded());

    let (third, decision) = watch.night(&searched(&["https://a.example/2", "https://a.example/3"]));
    let changes = third.changes.unwrap();
    assert_eq!(
        (
            changes.net_new_count,
            changes.dropped_count,
            changes.retained_count
        ),
        (1, 1, 1)
    );
    assert!((changes.change_rate - 200.0 / 3.0).abs() < 1e-9);
    assert_eq!(changes.dropped_urls, ["https://a.example/1"]);
    assert_eq!(changes.previous_execution_id, Some(run(2)));
    assert_eq!(said(decision), ("signalled", "new_results"));

    let (fourth, decision) = watch.night(&searched(&[
        "https://a.example/1",
        "https://a.example/2",
        "https://a.example/3",
    ]));
    let changes = fourth.changes.unwrap();
    assert_eq!((changes.net_new_count, changes.returned_count), (1, 1));
    assert_eq!(
        changes.net_new_urls[0].first_seen.to_string(),
        "1970-01-02T00:00:00Z",
        "when it was first seen"
    );
    assert_eq!(said(decision), ("suppressed", "returned_only"));

    let (_, decision) = watch.night(&searched(&["https://a.example/3"]));
    assert_eq!(
        said(decision),
        ("suppressed", "no_change"),
        "a dropped result is shown, not announced"
    );
}

#[test]
fn an_outage_is_not_a_change() {
    let mut watch = Watch::new();
    let site = crawled(&[
        ("https://a.example/1", "one"),
        ("https://a.example/2", "two"),
        ("https://a.example/3", "three"),
        ("https://a.example/4", "four"),
        ("https://a.example/5", "five"),
    ]);
    watch.night(&site);

    let one_down = without(site.clone(), "https://a.example/3", false);
    let (comparison, decision) = watch.night(&one_down);
    let changes = comparison.changes.unwrap();
    assert_eq!(
        (
            changes.dropped_count,
            changes.retained_count,
            changes.changed_count
        ),
        (0, 5, 0)
    );
    assert_eq!(said(decision), ("suppressed", "no_change"));

    let (comparison, decision) =
        watch.night(&without(one_down.clone(), "https://a.example/4", false));
    assert_eq!(said(decision), ("degraded", "pages_unreadable"));
    assert_eq!(comparison.baseline, None);
    let changes = comparison.changes.unwrap();
    assert_eq!((changes.dropped_count, changes.retained_count), (0, 5));

    let mut nothing = Observation {
        pages_asked: 5,
        ..Observation::default()
    };
    nothing.unreadable = site
        .found
        .iter()
        .map(|found| Unreadable {
            url: found.url.clone(),
            reason: "timeout".into(),
            gone: false,
        })
        .collect();
    let (comparison, decision) = watch.night(&nothing);
    assert_eq!(
        (comparison.completeness, comparison.changes),
        (Completeness::SourceUnavailable, None)
    );
    assert_eq!(said(decision), ("degraded", "source_unavailable"));

    // The page comes back as it was before the outage: nothing happened.
    let (_, decision) = watch.night(&site);
    assert_eq!(said(decision), ("suppressed", "no_change"));
}

#[test]
fn a_search_that_failed_drops_nothing() {
    let mut watch = Watch::new();
    watch.night(&searched(&["https://a.example/1", "https://b.example/1"]));
    let mut half = searched(&["https://a.example/1", "https://a.example/9"]);
    (half.searches_asked, half.searches_failed) = (2, 1);
    let (comparison, decision) = watch.night(&half);
    assert_eq!(said(decision), ("degraded", "search_failed"));
    assert_eq!(comparison.changes.unwrap().dropped_count, 0);
    let (comparison, decision) =
        watch.night(&searched(&["https://a.example/1", "https://a.example/9"]));
    assert_eq!(
        said(decision),
        ("signalled", "new_results"),
        "what a degraded run saw is still new"
    );
    assert_eq!(
        comparison.changes.unwrap().previous_execution_id,
        Some(run(1))
    );
}

#[test]
fn a_page_is_dropped_when_it_is_gone_twice_running() {
    let mut watch = Watch::new();
    let site = crawled(&[
        ("https://a.example/1", "one"),
        ("https://a.example/2", "two"),
    ]);
    let gone = without(site.clone(), "https://a.example/2", true);
    let dropped =
        |(comparison, _): (Comparison, Decision)| comparison.changes.unwrap().dropped_count;
    watch.night(&site);
    assert_eq!(dropped(watch.night(&gone)), 0);
    assert_eq!(dropped(watch.night(&site)), 0, "it is back");
    assert_eq!(dropped(watch.night(&gone)), 0);
    assert_eq!(dropped(watch.night(&gone)), 1);
    assert_eq!(dropped(watch.night(&gone)), 0, "dropped once");
    let (_, decision) = watch.night(&site);
    assert_eq!(said(decision), ("suppressed", "returned_only"));
}

#[test]
fn a_changed_page_is_shown_and_signalled() {
    let mut watch = Watch::new();
    watch.night(&crawled(&[(
        "https://a.example/",
        "Opening hours\nMonday to Friday\nPosted 2 hours ago",
    )]));
    let (_, decision) = watch.night(&crawled(&[(
        "https://a.example/",
        "Opening hours\nMonday to Friday\nPosted 3 hours ago",
    )]));
    assert_eq!(
        said(decision),
        ("suppressed", "no_change"),
        "time passed, nothing else"
    );
    let (comparison, decision) = watch.night(&crawled(&[(
        "https://a.example/",
        "Opening hours\nMonday to Saturday\nPosted 1 minute ago",
    )]));
    let changes = comparison.changes.unwrap();
    assert_eq!(
        (
            changes.retained_count,
            changes.changed_count,
            changes.change_rate
        ),
        (1, 1, 0.0)
    );
    assert_eq!(
        (
            changes.changed[0].kind,
            changes.changed[0].diff.changed[0].after.as_str()
        ),
        (ChangeKind::Content, "Monday to Saturday")
    );
    assert_eq!(said(decision), ("signalled", "content_changed"));
}

#[test]
fn a_watched_field_is_signalled_and_a_failed_extraction_is_not() {
    let priced = |price: serde_json::Value| {
        let mut observed = crawled(&[("https://a.example/", "same")]);
        observed.found[0].extracted = Some(price);
        observed
    };
    let mut watch = Watch::new();
    watch.night(&priced(json!({"price": 10})));
    let (_, decision) = watch.night(&priced(serde_json::Value::Null));
    assert_eq!(said(decision), ("suppressed", "no_change"));
    let (comparison, decision) = watch.night(&priced(json!({"price": 8})));
    assert_eq!(said(decision), ("signalled", "field_changed"));
    assert_eq!(
        comparison.changes.unwrap().changed[0].diff.changed[0].before,
        "10"
    );
}

#[test]
fn a_glitch_seen_once_is_forgotten() {
    let mut watch = Watch::new();
    let good = crawled(&[("https://a.example/", "All is well")]);
    watch.night(&good);
    let mut glitch = crawled(&[("https://a.example/", "502 Bad Gateway")]);
    let id = run(99);
    let patrol = Patrol {
        execution_id: &id,
        definition: "d1",
        now: Timestamp::UNIX_EPOCH,
        session: None,
        session_holds: &|_| false,
    };
    assert_eq!(
        to_confirm(watch.baseline.as_ref(), &glitch, patrol),
        ["https://a.example/"]
    );
    assert!(to_confirm(watch.baseline.as_ref(), &good, patrol).is_empty());
    glitch.contents[0].again = vec![Reading {
        text: "All is well".into(),
        extracted: None,
    }];
    let (_, decision) = watch.night(&glitch);
    assert_eq!(said(decision), ("suppressed", "no_change"));
    let (_, decision) = watch.night(&good);
    assert_eq!(
        said(decision),
        ("suppressed", "no_change"),
        "the glitch did not become the baseline"
    );
}

#[test]
fn editing_what_is_watched_begins_anew() {
    let mut watch = Watch::new();
    watch.night(&searched(&["https://a.example/1"]));
    watch.definition = "d2";
    let (comparison, decision) =
        watch.night(&searched(&["https://a.example/1", "https://a.example/2"]));
    let changes = comparison.changes.unwrap();
    assert_eq!(
        (
            changes.net_new_count,
            changes.returned_count,
            changes.previous_execution_id
        ),
        (2, 0, None)
    );
    assert_eq!(said(decision), ("baseline", "definition_changed"));
}

#[test]
fn what_the_session_knows_is_not_new() {
    let mut watch = Watch::new();
    watch.session.push("https://a.example/2".to_owned());
    watch.night(&searched(&["https://a.example/1"]));
    let (comparison, decision) =
        watch.night(&searched(&["https://a.example/1", "https://a.example/2"]));
    assert_eq!(comparison.changes.unwrap().net_new_count, 0);
    assert_eq!(said(decision), ("suppressed", "no_change"));
}

#[test]
fn what_is_not_news_is_held_back_with_its_reason() {
    let mut watch = Watch::new();
    watch.night(&searched(&["https://a.example/1"]));
    let (mut comparison, _) =
        watch.night(&searched(&["https://a.example/2", "https://a.example/3"]));
    let mut judged = |classes: [Classification; 2]| {
        let results = &mut comparison.changes.as_mut().unwrap().net_new_urls;
        results
            .iter_mut()
            .zip(classes)
            .for_each(|(result, class)| result.classification = class);
        decide(&comparison)
    };
    use Classification::{Context, Irrelevant, New, Update};
    assert_eq!(
        said(judged([Irrelevant, Irrelevant])),
        ("suppressed", "irrelevant")
    );
    assert_eq!(said(judged([Context, Context])), ("suppressed", "context"));
    assert_eq!(said(judged([Update, Update])), ("suppressed", "update"));
    assert_eq!(
        said(judged([Update, Irrelevant])),
        ("suppressed", "not_news")
    );
    assert_eq!(
        said(judged([Irrelevant, New])),
        ("signalled", "new_results")
    );
    assert!(
        judged([Irrelevant, Irrelevant]).is_recorded(),
        "a person may promote it"
    );
}

#[test]
fn pages_behind_an_unreadable_page_are_not_dropped() {
    let mut watch = Watch::new();
    let mut site = crawled(&[
        ("https://a.example/", "hub"),
        ("https://a.example/1", "one"),
        ("https://a.example/2", "two"),
        ("https://a.example/3", "three"),
        ("https://a.example/4", "four"),
        ("https://a.example/5", "five"),
    ]);
    site.follows_links = true;
    watch.night(&site);
    let mut partial = without(site.clone(), "https://a.example/1", false);
    partial
        .found
        .retain(|found| found.url != "https://a.example/5");
    let (comparison, _) = watch.night(&partial);
    assert_eq!(comparison.changes.unwrap().dropped_count, 0);
    site.found
        .retain(|found| found.url != "https://a.example/5");
    let (comparison, _) = watch.night(&site);
    assert_eq!(
        comparison.changes.unwrap().dropped_urls,
        ["https://a.example/5"]
    );
}

#[test]
fn two_states_can_be_compared_across_the_nights_between() {
    let mut watch = Watch::new();
    watch.night(&crawled(&[
        ("https://a.example/1", "one"),
        ("https://a.example/2", "two"),
    ]));
    let first = watch.baseline.clone().unwrap();
    watch.night(&crawled(&[("https://a.example/1", "one")]));
    watch.night(&crawled(&[
        ("https://a.example/1", "uno"),
        ("https://a.example/3", "three"),
    ]));
    let changes = ResultChanges::between(&first, watch.baseline.as_ref().unwrap());
    assert_eq!(
        (
            changes.net_new_count,
            changes.dropped_count,
            changes.changed_count
        ),
        (1, 1, 1)
    );
    assert_eq!(changes.previous_execution_id, Some(run(1)));
}

#[test]
fn a_run_that_watches_nothing_decides_nothing() {
    let (comparison, decision) = Watch::new().night(&Observation::default());
    assert_eq!((comparison.changes, comparison.baseline), (None, None));
    assert_eq!(said(decision), ("none", "nothing_watched"));
}

/// A night: results found, pages unreadable or gone among a small world of URLs.
fn night() -> impl Strategy<Value = Observation> {
    let world = 0u8..12;
    (
        prop::collection::vec((world.clone(), "[ab]"), 0..10),
        prop::collection::vec((world, any::<bool>()), 0..4),
        0usize..2,
        any::<bool>(),
    )
        .prop_map(|(pages, unreadable, failed, follows_links)| {
            let url = |n: u8| format!("https://a.example/{n}");
            let texts: Vec<(String, String)> =
                pages.into_iter().map(|(n, text)| (url(n), text)).collect();
            let mut observed = crawled(
                &texts
                    .iter()
                    .map(|(url, text)| (url.as_str(), text.as_str()))
                    .collect::<Vec<_>>(),
            );
            observed.unreadable = unreadable
                .into_iter()
                .map(|(n, gone)| Unreadable {
                    url: url(n),
                    reason: "timeout".into(),
                    gone,
                })
                .collect();
            observed.pages_asked += observed.unreadable.len();
            (
                observed.searches_asked,
                observed.searches_failed,
                observed.follows_links,
            ) = (2, failed, follows_links);
            observed
        })
}

proptest! {
    #[test]
    fn the_set_algebra_holds_every_night(nights in prop::collection::vec(night(), 1..8)) {
        let mut watch = Watch::new();
        for observed in &nights {
            let before = watch.baseline.clone();
            let (comparison, decision) = watch.night(observed);
            let complete = comparison.completeness.is_complete();
            prop_assert_eq!(comparison.baseline.is_some(), complete && comparison.changes.is_some());
            let Some(changes) = comparison.changes else { continue };
            let was = before.as_ref().map_or(0, |baseline| baseline.entries.len());
            prop_assert_eq!(changes.dropped_count + changes.retained_count, was);
            if let Some(after) = &comparison.baseline {
                prop_assert_eq!(changes.net_new_count + changes.retained_count, after.entries.len());
                prop_assert!(after.entries.keys().all(|identity| after.seen.first(identity).is_some()));
                // Looking again at once finds nothing.
                let mut again = Watch { baseline: Some(after.clone()), ..Watch::new() };
                let mut calm = observed.clone();
                calm.unreadable.clear();
                calm.pages_asked = calm.found.len();
                let (comparison, _) = again.night(&calm);
                prop_assert_eq!(comparison.changes.map(|changes| (changes.net_new_count, changes.changed_count)), Some((0, 0)));
            } else {
                prop_assert_eq!(changes.dropped_count, 0, "a degraded run drops nothing");
                prop_assert_eq!(decision.decision, DecisionWord::Degraded);
            }
            prop_assert!((0.0..=100.0).contains(&changes.change_rate));
            prop_assert!(changes.changed_count <= changes.retained_count && changes.returned_count <= changes.net_new_count);
            prop_assert_eq!(decision.decision == DecisionWord::Signalled, decision.sends(false));
        }
    }
}
