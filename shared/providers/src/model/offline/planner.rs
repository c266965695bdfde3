//! From a goal to a plan: sources, gathering, writing, delivery, each only when the goal asks for it.
//!
//! The plan is JSON in the contract's form, because that is what a model gives as well: whoever asked
//! checks both by the same code. What the budget does not allow is left out, the least important
//! first, and the reason says so.

use serde_json::{Value, json};

use super::draft::{Draft, channel_name};
use super::goal::Goal;

/// The plan for `intent` as the model port answers it, within `budget` credits.
pub(super) fn plan(intent: &str, budget: u32) -> Value {
    let goal = Goal::read(intent);
    if goal.is_vague() {
        return json!({ "vague_aspects": vague_aspects(&goal) });
    }
    let mut scope = Scope::of(&goal);
    let mut left_out = Vec::new();
    let mut draft = Draft::of(intent, &goal, &scope);
    while draft.credits > budget {
        let Some(what) = scope.reduce() else { break };
        left_out.push(what);
        draft = Draft::of(intent, &goal, &scope);
    }
    let mut plan = json!({
        "planning_profile": scope.profile(&goal),
        "topology_reason": reason(&goal, &scope, &left_out, budget),
        "steps": draft.steps,
    });
    if let Some(cadence) = &goal.cadence
        && let Some(object) = plan.as_object_mut()
    {
        object.insert("suggested_schedule".to_owned(), cadence.to_json());
    }
    plan
}

/// What a goal must still say before it can be planned.
fn vague_aspects(goal: &Goal) -> Vec<&'static str> {
    let mut aspects =
        vec!["what to look for: a topic, a product, a company, or the address of a page"];
    if !goal.is_written() && !goal.wants.watch {
        aspects.push("what to make of it: an alert, a list, a summary, a report, a post");
    }
    if goal.cadence.is_none() {
        aspects.push("how often: once, every morning, weekly");
    }
    aspects
}

/// How much of the goal is planned.
pub(super) struct Scope {
    /// Searches side by side.
    pub(super) lanes: usize,
    /// Whether the pages that were found are read, or only their titles and snippets.
    pub(super) reads_found: bool,
    pub(super) image: bool,
    pub(super) outline: bool,
    pub(super) channels: usize,
    /// A watch looks and says what changed; nothing is written.
    pub(super) only_watches: bool,
}

impl Scope {
    fn of(goal: &Goal) -> Self {
        let wants = goal.wants;
        // Comparing pages with what they were is watching; comparing two things is writing.
        let compares_pages = wants.compare && !goal.urls.is_empty() && goal.topics.len() < 2;
        let only_watches =
            (wants.watch || compares_pages) && !goal.is_written() && goal.webhook.is_none();
        Self {
            // Beside named pages the words say what to look at there, unless a search is asked for.
            lanes: if goal.urls.is_empty() || wants.search {
                goal.topics.len()
            } else {
                0
            },
            reads_found: if only_watches {
                goal.names_page
            } else {
                goal.is_written() || !wants.list
            },
            image: wants.image,
            outline: wants.outline,
            channels: goal.channels.len(),
            only_watches,
        }
    }

    /// Leaves the least important part out; says which, `None` when only the core is left.
    fn reduce(&mut self) -> Option<&'static str> {
        if std::mem::take(&mut self.image) {
            Some("the picture")
        } else if std::mem::take(&mut self.outline) {
            Some("the outline")
        } else if std::mem::take(&mut self.reads_found) {
            Some("reading the pages that are found")
        } else if self.channels > 1 {
            self.channels -= 1;
            Some("a further post")
        } else if self.lanes > 1 {
            self.lanes -= 1;
            Some("a further topic")
        } else {
            None
        }
    }

    fn profile(&self, goal: &Goal) -> &'static str {
        match (self.lanes, goal.urls.is_empty()) {
            (0 | 1, true) | (0, false) => "precision_linear",
            (1, false) => "dual_lane_hybrid",
            _ => "fork_join_dag",
        }
    }
}

fn reason(goal: &Goal, scope: &Scope, left_out: &[&str], budget: u32) -> String {
    let mut sentences = Vec::new();
    let topics = goal.topics.get(..scope.lanes).unwrap_or_default();
    let named = match goal.urls.len() {
        0 => None,
        1 => Some("reads the page it names".to_owned()),
        count => Some(format!("reads the {count} pages it names")),
    };
    let searched = match topics {
        [] => None,
        [topic] => Some(format!("searches for {topic}")),
        several => Some(format!(
            "searches for {} topics side by side ({}) and joins what it finds",
            several.len(),
            several.join("; ")
        )),
    };
    let looks: Vec<String> = named.into_iter().chain(searched).collect();
    if scope.only_watches {
        sentences.push(format!(
            "The goal asks to watch for changes, so the plan only looks: it {}.",
            looks.join(" and ")
        ));
        sentences.push(
            "Each run is compared with the one before, and only a relevant difference is told."
                .to_owned(),
        );
    } else {
        sentences.push(format!("The plan {}.", looks.join(" and ")));
        let mut makes: Vec<String> = Vec::new();
        if let Some(count) = goal.count {
            makes.push(format!("keeps the best {count}"));
        }
        if goal.wants.summary {
            makes.push("summarises".to_owned());
        }
        if goal.wants.answer && !goal.wants.report {
            makes.push("answers the question from what was read".to_owned());
        }
        if goal.wants.report {
            makes.push("writes a report".to_owned());
        }
        makes.extend(
            goal.channels
                .iter()
                .take(scope.channels)
                .map(|channel| format!("drafts a post for {}", channel_name(*channel))),
        );
        if !makes.is_empty() {
            sentences.push(format!("Then it {}.", makes.join(", ")));
        }
        if !goal.channels.is_empty()
            || scope.image
            || !goal.emails.is_empty()
            || goal.webhook.is_some()
        {
            sentences.push("Nothing leaves before a person has approved it.".to_owned());
        }
        if goal.wants.watch {
            sentences.push("On a schedule, runs are compared with each other.".to_owned());
        }
    }
    if !left_out.is_empty() {
        sentences.push(format!(
            "To stay within {budget} credits it leaves out {}.",
            left_out.join(", ")
        ));
    }
    sentences.join(" ")
}
