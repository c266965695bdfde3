//! What must hold between the steps of a plan: known, acyclic, referring only upstream.

use std::collections::{HashMap, HashSet};

use super::catalogue::FieldType;
use super::step::Step;
use super::template::Listing;
use super::template::Reference;
use super::tool::Tool;
use crate::fault::{Code, Fault};

/// Every fault in the relations of `steps`, which stand at `path`.
#[must_use]
pub(super) fn check(steps: &[Step], path: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let ids: HashMap<&str, usize> = steps
        .iter()
        .enumerate()
        .map(|(i, step)| (step.id.as_str(), i))
        .collect();
    check_unique(steps, path, &mut faults);
    for (i, step) in steps.iter().enumerate() {
        for (d, dependency) in step.depends_on.iter().enumerate() {
            if !ids.contains_key(dependency.as_str()) {
                faults.push(Fault::invalid(
                    format!("{path}/{i}/depends_on/{d}"),
                    format!("there is no step {dependency}"),
                ));
            }
        }
    }
    if !faults.is_empty() {
        return faults;
    }
    if let Some(circle) = find_cycle(steps, &ids) {
        let i = ids[circle[0]];
        let message = format!("the steps wait for each other: {}", circle.join(" → "));
        return vec![Fault::new(
            format!("{path}/{i}/depends_on"),
            Code::DependencyCycle,
            message,
        )];
    }
    let upstream = upstream_of(steps, &ids);
    for (i, step) in steps.iter().enumerate() {
        check_references(
            steps,
            step,
            &upstream[i],
            &format!("{path}/{i}"),
            &mut faults,
        );
    }
    faults
}

fn check_unique(steps: &[Step], path: &str, faults: &mut Vec<Fault>) {
    let mut ids = HashSet::new();
    let mut keys = HashSet::new();
    for (i, step) in steps.iter().enumerate() {
        if !ids.insert(step.id.as_str()) {
            faults.push(Fault::invalid(
                format!("{path}/{i}/id"),
                format!("{} is the id of an earlier step", step.id),
            ));
        } else if !keys.insert(step.output_key.as_str()) {
            let message = format!("{} is the output key of an earlier step", step.output_key);
            faults.push(Fault::invalid(format!("{path}/{i}/output_key"), message));
        }
    }
}

/// The ids on one cycle, the first repeated at the end; `None` when there is none. Iterative, so
/// that no plan can exhaust the stack.
fn find_cycle<'a>(steps: &'a [Step], ids: &HashMap<&str, usize>) -> Option<Vec<&'a str>> {
    // Kahn's algorithm (CACM 5(11), 1962): what it cannot remove lies on or behind a cycle.
    let mut waiting: Vec<usize> = steps.iter().map(|step| step.depends_on.len()).collect();
    let mut dependants = vec![Vec::new(); steps.len()];
    for (i, step) in steps.iter().enumerate() {
        for dependency in &step.depends_on {
            dependants[ids[dependency.as_str()]].push(i);
        }
    }
    let mut free: Vec<usize> = (0..steps.len()).filter(|i| waiting[*i] == 0).collect();
    while let Some(i) = free.pop() {
        for &j in &dependants[i] {
            waiting[j] -= 1;
            if waiting[j] == 0 {
                free.push(j);
            }
        }
    }
    let start = (0..steps.len()).find(|i| waiting[*i] > 0)?;
    // From any step that is left, following a dependency that is left must come round.
    let mut walked = Vec::new();
    let mut at = start;
    loop {
        if let Some(first) = walked.iter().position(|i| *i == at) {
            let mut circle: Vec<&str> = walked[first..]
                .iter()
                .map(|i: &usize| steps[*i].id.as_str())
                .collect();
            circle.push(steps[at].id.as_str());
            return Some(circle);
        }
        walked.push(at);
        at = steps[at]
            .depends_on
            .iter()
            .map(|id| ids[id.as_str()])
            .find(|i| waiting[*i] > 0)?;
    }
}

/// For each step the indices of all it depends on, directly or not. The steps are acyclic.
fn upstream_of(steps: &[Step], ids: &HashMap<&str, usize>) -> Vec<HashSet<usize>> {
    (0..steps.len())
        .map(|i| {
            let mut seen = HashSet::new();
            let mut open = vec![i];
            while let Some(j) = open.pop() {
                for dependency in &steps[j].depends_on {
                    let k = ids[dependency.as_str()];
                    if seen.insert(k) {
                        open.push(k);
                    }
                }
            }
            seen
        })
        .collect()
}

fn check_references(
    steps: &[Step],
    step: &Step,
    upstream: &HashSet<usize>,
    path: &str,
    faults: &mut Vec<Fault>,
) {
    let find = |key: &str| steps.iter().position(|other| other.output_key == key);
    let not_upstream = |key: &str, at: String| match find(key) {
        None => Some(Fault::new(
            at,
            Code::PlanInvalid,
            format!("no step has the output key {key}"),
        )),
        Some(i) if !upstream.contains(&i) => {
            let message = format!(
                "{key} is not made upstream: add {} to depends_on",
                steps[i].id
            );
            Some(Fault::new(at, Code::PlanInvalid, message))
        }
        Some(_) => None,
    };
    for (tail, template) in step.tool.templates() {
        let at = format!("{path}/config{tail}");
        for reference in template.references() {
            match not_upstream(&reference.key, at.clone()) {
                Some(fault) => faults.push(fault),
                None => {
                    let target = find(&reference.key).map(|i| &steps[i]);
                    faults.extend(
                        target.and_then(|target| check_type(step, target, reference, &tail, &at)),
                    );
                }
            }
        }
    }
    for (tail, key) in step.tool.material_keys() {
        faults.extend(not_upstream(key, format!("{path}/config{tail}")));
    }
    if needs_material(&step.tool) && step.depends_on.is_empty() {
        faults.push(Fault::invalid(
            format!("{path}/config/from"),
            "is required: the step depends on no other",
        ));
    }
    if let Some(cascade) = &step.cascade_condition {
        let known = steps.iter().position(|other| other.id == cascade.step);
        match known.filter(|i| upstream.contains(i)) {
            None => {
                let message = format!("{} is not upstream of this step", cascade.step);
                faults.push(Fault::new(
                    format!("{path}/cascade_condition/step"),
                    Code::PlanInvalid,
                    message,
                ));
            }
            // A condition on a field that is never there would skip the step for ever.
            Some(i) => {
                if let Err(message) = first_field(&steps[i], &cascade.field) {
                    let at = format!("{path}/cascade_condition/field");
                    faults.push(Fault::new(at, Code::PlanInvalid, message));
                }
            }
        }
    }
}

/// Whether the tool can do nothing without material. (A prompt can stand alone.)
fn needs_material(tool: &Tool) -> bool {
    match tool {
        Tool::Aggregate(_)
        | Tool::GenerateOutline(_)
        | Tool::GenerateReport(_)
        | Tool::FormatPost(_)
        | Tool::Transform(_) => true,
        Tool::Search(_)
        | Tool::Crawl(_)
        | Tool::LlmResponse(_)
        | Tool::GenerateImage(_)
        | Tool::SendEmail(_)
        | Tool::PostWebhook(_) => false,
    }
}

/// The field of the target's output that a JSONPath tail begins with, and its type; `None` where the tail does not
/// begin with a name.
fn first_field<'a>(target: &Step, tail: &'a str) -> Result<Option<(&'a str, FieldType)>, String> {
    let first = tail.split(['.', '[']).next().unwrap_or_default();
    if first.is_empty() || first == "*" {
        return Ok(None);
    }
    let fields = target.tool.kind().output_fields();
    if let Some((_, field_type)) = fields.iter().find(|(name, _)| *name == first) {
        return Ok(Some((first, *field_type)));
    }
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    Err(format!(
        "the output of {} has no field {first}, only {}",
        target.id,
        names.join(", ")
    ))
}

/// What can be said of a reference's type before anything has run: its first field must be one of
/// the tool's, and a whole list cannot come from a text or a number.
fn check_type(
    step: &Step,
    target: &Step,
    reference: &Reference,
    tail: &str,
    at: &str,
) -> Option<Fault> {
    let (first, field_type) = match first_field(target, &reference.tail) {
        Ok(known) => known?,
        Err(message) => return Some(Fault::new(at, Code::PlanInvalid, message)),
    };
    let whole_field = reference.tail == first;
    let wants_list = match &step.tool {
        Tool::Crawl(c) => matches!(c.urls, Listing::Reference(_)) && tail == "/urls",
        Tool::SendEmail(c) => matches!(c.to, Listing::Reference(_)) && tail == "/to",
        Tool::Search(_)
        | Tool::Aggregate(_)
        | Tool::GenerateOutline(_)
        | Tool::GenerateReport(_)
        | Tool::LlmResponse(_)
        | Tool::FormatPost(_)
        | Tool::GenerateImage(_)
        | Tool::Transform(_)
        | Tool::PostWebhook(_) => false,
    };
    let wants_line = matches!(tail, "/query" | "/title" | "/topic" | "/subject" | "/url");
    let mismatch = match field_type {
        FieldType::Number => wants_list,
        // Results and pages are objects: a list of addresses needs `results[*].url`, one line `results[0].title`.
        FieldType::Array => {
            (wants_list || wants_line)
                && whole_field
                && matches!(first, "results" | "pages" | "items" | "sources" | "outline")
        }
        FieldType::Text => !whole_field,
        FieldType::Any => false,
    };
    mismatch.then(|| {
        let message = format!(
            "{} of {} does not give what is needed here",
            reference.tail, target.id
        );
        Fault::new(at, Code::PlanInvalid, message)
    })
}
