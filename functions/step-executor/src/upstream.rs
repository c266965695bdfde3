//! What a step reads of the steps before it: only the outputs its configuration refers to.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::execution::{ErrorCode, Execution, Output, StepState};
use domain::plan::{Aggregation, Outputs, Plan, Step, Tool, ToolKind};
use domain::url_identity::parse_identity;
use engine::ports::Store;
use engine::retry::{Again, ToolFailure};
use serde_json::Value;

use crate::failure;

/// How many sources an approval names: enough to check a draft against, few enough for a mail.
const MOST_SOURCES: usize = 20;

/// One upstream output with the kind of the tool that made it.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) kind: ToolKind,
    /// Whether its text is a summary, and so says more than its items do.
    pub(crate) is_summary: bool,
    pub(crate) document: Value,
}

/// The outputs a step refers to, by output key. A step that was skipped or failed has none.
#[derive(Debug, Default)]
pub(crate) struct Upstream {
    made: BTreeMap<String, Made>,
}

impl Upstream {
    /// Loads what `step` refers to: in its templates, its `from` and its cascade condition.
    pub(crate) async fn load(
        run: &Execution,
        plan: &Plan,
        step: &Step,
        store: &dyn Store,
    ) -> Result<Self, ToolFailure> {
        let mut keys: BTreeSet<String> = BTreeSet::new();
        for (_, template) in step.tool.templates() {
            keys.extend(template.references().map(|reference| reference.key.clone()));
        }
        keys.extend(
            step.tool
                .material_keys()
                .into_iter()
                .map(|(_, key)| key.to_owned()),
        );
        let asked = step
            .cascade_condition
            .as_ref()
            .and_then(|cascade| plan.step(&cascade.step));
        keys.extend(asked.map(|step| step.output_key.clone()));
        let mut upstream = Self::default();
        for key in keys {
            if let Some(made) = load_one(run, plan, &key, store).await? {
                upstream.made.insert(key, made);
            }
        }
        Ok(upstream)
    }

    /// The output of the step with this key.
    pub(crate) fn get(&self, key: &str) -> Option<&Made> {
        self.made.get(key)
    }

    /// The addresses of what a draft of `step` was made from. Where the outputs it reads name none (an
    /// outline does not), those of the searches and crawls before it are looked up.
    pub(crate) async fn sources(
        &self,
        run: &Execution,
        plan: &Plan,
        step: &Step,
        store: &dyn Store,
    ) -> Result<Vec<String>, ToolFailure> {
        let mut sources = Sources::default();
        self.made
            .values()
            .for_each(|made| sources.add(&made.document));
        if sources.urls.is_empty() {
            for before in ancestors(plan, step)
                .into_iter()
                .filter(|before| before.tool.kind().watches())
            {
                if let Some(made) = load_one(run, plan, &before.output_key, store).await? {
                    sources.add(&made.document);
                }
            }
        }
        Ok(sources.urls)
    }
}

impl Outputs for Upstream {
    fn output(&self, key: &str) -> Option<&Value> {
        self.made.get(key).map(|made| &made.document)
    }
}

#[cfg(test)]
impl Upstream {
    pub(crate) fn of(made: impl IntoIterator<Item = (&'static str, ToolKind, Value)>) -> Self {
        Self {
            made: made
                .into_iter()
                .map(|(key, kind, document)| {
                    (
                        key.to_owned(),
                        Made {
                            kind,
                            is_summary: false,
                            document,
                        },
                    )
                })
                .collect(),
        }
    }
}

async fn load_one(
    run: &Execution,
    plan: &Plan,
    key: &str,
    store: &dyn Store,
) -> Result<Option<Made>, ToolFailure> {
    let Some(step) = plan.step_by_key(key) else {
        return Ok(None);
    };
    let Some(StepState::Completed { output, .. }) = run.step(&step.id).map(|row| &row.state) else {
        return Ok(None);
    };
    let document = read(&run.owner, output, store).await?;
    let is_summary = matches!(&step.tool, Tool::Aggregate(config) if config.aggregation_type == Aggregation::Summarize);
    Ok(Some(Made {
        kind: step.tool.kind(),
        is_summary,
        document,
    }))
}

/// A stored document. One that is gone is an error: an empty one would look like "nothing found".
pub(crate) async fn read(
    owner: &domain::ids::OwnerId,
    output: &Output,
    store: &dyn Store,
) -> Result<Value, ToolFailure> {
    if let Some(inline) = &output.inline {
        return Ok(inline.clone());
    }
    let stored = store
        .output(owner, output)
        .await
        .map_err(|error| failure::of_store(&error))?;
    stored.ok_or_else(|| {
        ToolFailure::new(
            ErrorCode::Infrastructure,
            "an output this step needs is no longer stored",
            Again::Never,
        )
    })
}

/// Every step `step` depends on, directly or not, in the order of the plan.
fn ancestors<'a>(plan: &'a Plan, step: &Step) -> Vec<&'a Step> {
    let mut open: Vec<&str> = step.depends_on.iter().map(String::as_str).collect();
    let mut seen: HashSet<&str> = HashSet::new();
    while let Some(id) = open.pop() {
        if let Some(before) = plan.step(id)
            && seen.insert(before.id.as_str())
        {
            open.extend(before.depends_on.iter().map(String::as_str));
        }
    }
    plan.steps()
        .iter()
        .filter(|step| seen.contains(step.id.as_str()))
        .collect()
}

#[derive(Default)]
struct Sources {
    urls: Vec<String>,
    seen: HashSet<String>,
}

impl Sources {
    fn add(&mut self, document: &Value) {
        for field in ["sources", "items", "results"] {
            for url in document[field]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|entry| entry["url"].as_str())
            {
                if self.urls.len() < MOST_SOURCES
                    && let Some(identity) = parse_identity(url)
                    && self.seen.insert(identity)
                {
                    self.urls.push(url.to_owned());
                }
            }
        }
    }
}
