//! A plan is data: frozen steps, each one tool call, that wait for each other without a circle.
//!
//! A plan is read from JSON written by a client, by the offline planner or by a model, and all three are
//! checked by the same code: unknown tools, cycles, references to what is not upstream and removed
//! gates are found here, before anything is saved. Its hash is over its RFC 8785 canonical JSON,
//! so a run can pin it and an approval can be traced to it.

mod catalogue;
mod check;
mod extraction;
mod lane;
mod receivers;
mod step;
mod template;
mod tool;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use catalogue::{EffectClass, FieldType};
pub use lane::{Lane, Reach};
pub use receivers::Receiver;
pub use step::{CascadeCondition, Retry, Step, is_step_name};
pub use template::{
    Listing, MOST_REFERENCED, Outputs, Reference, ReferenceMissing, Resolved, Template,
    TemplateError,
};
pub use tool::{
    Aggregate, Body, Crawl, FormatPost, GenerateImage, GenerateOutline, GenerateReport,
    LlmResponse, PostSecret, PostWebhook, Search, SendEmail, Tool, ToolKind, Transform,
};
pub use words::{Aggregation, Aspect, Channel, Format, Freshness, TextFormat};

use crate::egress::EgressRule;
use crate::fault::Fault;
use crate::sealing::Seal;

/// The most steps of a plan.
pub const MOST_STEPS: usize = 100;

/// Checked steps, frozen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plan {
    steps: Vec<Step>,
}

impl Plan {
    /// Reads and checks a plan from a JSON array of steps that stands at `path`.
    ///
    /// # Errors
    /// Every fault: of the steps' own fields, and, when those are right, of their relations.
    pub fn read(value: &Value, path: &str, egress: &EgressRule) -> Result<Self, Vec<Fault>> {
        let Some(list) = value.as_array() else {
            return Err(vec![Fault::invalid(path, "must be an array of steps")]);
        };
        if list.is_empty() || list.len() > MOST_STEPS {
            return Err(vec![Fault::invalid(
                path,
                format!("must have from 1 to {MOST_STEPS} steps"),
            )]);
        }
        let mut steps = Vec::with_capacity(list.len());
        let mut faults = Vec::new();
        for (i, value) in list.iter().enumerate() {
            match Step::read(value, &format!("{path}/{i}"), egress) {
                Ok(step) => steps.push(step),
                Err(more) => faults.extend(more),
            }
        }
        if faults.is_empty() {
            faults = check::check(&steps, path);
        }
        if faults.is_empty() {
            Ok(Self {
                steps: with_material(steps),
            })
        } else {
            Err(faults)
        }
    }

    /// A plan of one step, for `simple` workflows.
    ///
    /// # Errors
    /// Every fault of the configuration, which stands at `path`.
    pub fn of_one(
        kind: ToolKind,
        config: &Value,
        path: &str,
        egress: &EgressRule,
    ) -> Result<Self, Vec<Fault>> {
        let tool = Tool::read(kind, config, path, egress)?;
        let mut faults = Vec::new();
        for (tail, template) in tool.templates() {
            if !template.is_literal() {
                let message = "must not refer to steps: a simple workflow has only this one";
                faults.push(Fault::new(
                    format!("{path}{tail}"),
                    crate::fault::Code::PlanInvalid,
                    message,
                ));
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let id = kind.as_str().to_owned();
        Ok(Self {
            steps: vec![Step {
                output_key: id.clone(),
                id,
                tool,
                description: None,
                depends_on: Vec::new(),
                cascade_condition: None,
                requires_approval: kind.always_gated(),
                retry: Retry::default(),
                timeout_seconds: 60,
            }],
        })
    }

    /// The plan with its secrets sealed, as it may be stored.
    #[must_use]
    pub fn sealed(mut self, seal: &Seal) -> Self {
        self.steps = (self.steps.into_iter())
            .map(|step| Step {
                tool: step.tool.sealed(seal),
                ..step
            })
            .collect();
        self
    }

    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The step with this id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The step that makes the output `key`.
    #[must_use]
    pub fn step_by_key(&self, key: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.output_key == key)
    }

    /// Whether its results are compared with an earlier run's.
    #[must_use]
    pub fn watches(&self) -> bool {
        self.steps.iter().any(|step| step.tool.kind().watches())
    }

    /// What one run costs at most: the sum of its steps, at least 1.
    #[must_use]
    pub fn most_credits(&self) -> u32 {
        self.steps
            .iter()
            .map(|step| step.tool.most_credits())
            .sum::<u32>()
            .max(1)
    }

    /// SHA-256 of the RFC 8785 canonical JSON of the steps, in lower-case hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        crate::digest::of_json(&self.steps)
    }
}

/// Writes down what `from` defaults to, the output keys of `depends_on`, so that a frozen plan
/// says all it means.
fn with_material(mut steps: Vec<Step>) -> Vec<Step> {
    let keys: std::collections::HashMap<String, String> = steps
        .iter()
        .map(|step| (step.id.clone(), step.output_key.clone()))
        .collect();
    for step in &mut steps {
        let defaults: Vec<String> = step
            .depends_on
            .iter()
            .filter_map(|id| keys.get(id).cloned())
            .collect();
        if let Some(from) = step.tool.material_mut()
            && from.is_empty()
        {
            *from = defaults;
        }
    }
    steps
}

#[cfg(test)]
mod tests;
