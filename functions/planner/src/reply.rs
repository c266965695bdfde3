//! Reading what a planner answered: a stranger's JSON until every check has passed.
//!
//! What may be forgiven is forgiven: prose and code fences around the object, a missing profile, an unusable
//! schedule. What decides what is called and where it goes is not: the steps must read as a client's would,
//! stay within the budget, and publish only to addresses that the goal itself names.

use domain::egress::EgressRule;
use domain::fault::{Code, Fault};
use domain::plan::{Plan, Template, Tool, ToolKind};
use domain::planning::Profile;
use domain::reader::Object;
use domain::schedule::Schedule;
use domain::text;
use jiff::Timestamp;
use serde_json::{Map, Value};
use url::Url;

/// The longest reason, aspect or gap that is kept, in characters.
const MOST_SENTENCE_CHARS: usize = 500;
/// The most aspects or gaps.
const MOST_SENTENCES: usize = 10;

/// A plan that passed every check.
#[derive(Debug, PartialEq)]
pub(crate) struct Proposal {
    pub(crate) plan: Plan,
    pub(crate) profile: Profile,
    pub(crate) topology_reason: String,
    pub(crate) suggested_schedule: Option<Value>,
    pub(crate) coverage_gaps: Vec<String>,
}

/// A readable answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Reply {
    Plan(Box<Proposal>),
    /// The goal says too little; what it must still say.
    Vague(Vec<String>),
}

/// An answer that cannot be used.
#[derive(Debug, PartialEq)]
pub(crate) enum Rejected {
    /// It is no JSON object with steps.
    Unreadable(String),
    Invalid(Vec<Fault>),
}

/// Reads an answer to `intent`.
pub(crate) fn read(
    answer: &str,
    intent: &str,
    budget: u32,
    egress: &EgressRule,
    now: Timestamp,
) -> Result<Reply, Rejected> {
    let mut object = object_in(answer)
        .ok_or_else(|| Rejected::Unreadable("the answer is not one JSON object".to_owned()))?;
    let aspects = sentences(object.get("vague_aspects"));
    let Some(mut steps) = object.remove("steps").filter(|steps| !steps.is_null()) else {
        if aspects.is_empty() {
            return Err(Rejected::Unreadable(
                "the JSON object has no steps".to_owned(),
            ));
        }
        return Ok(Reply::Vague(aspects));
    };
    let mut coverage_gaps = sentences(object.get("coverage_gaps"));
    coverage_gaps.extend(put_gates_back(&mut steps));
    let plan = Plan::read(&steps, "/steps", egress).map_err(Rejected::Invalid)?;
    let mut faults = invented_addresses(&plan, intent);
    let credits = plan.most_credits();
    if credits > budget {
        let message = format!("a run costs up to {credits} credits and may cost {budget}");
        faults.push(Fault::new("/steps", Code::PlanInvalid, message));
    }
    if !faults.is_empty() {
        return Err(Rejected::Invalid(faults));
    }
    let suggested_schedule = match object
        .get("suggested_schedule")
        .filter(|schedule| !schedule.is_null())
        .map(|schedule| usable(schedule, now))
    {
        Some(Ok(schedule)) => schedule,
        Some(Err(fault)) => {
            coverage_gaps.push(sentence(&format!(
                "The suggested schedule cannot be used: {}",
                fault.message
            )));
            None
        }
        None => None,
    };
    let profile = object
        .get("planning_profile")
        .and_then(Value::as_str)
        .and_then(Profile::parse)
        .unwrap_or_else(|| profile_of(&plan));
    let topology_reason = object
        .get("topology_reason")
        .and_then(Value::as_str)
        .map(sentence)
        .filter(|reason| !reason.is_empty());
    Ok(Reply::Plan(Box::new(Proposal {
        topology_reason: topology_reason.unwrap_or_else(|| shape_of(&plan)),
        plan,
        profile,
        suggested_schedule,
        coverage_gaps,
    })))
}

/// The object in an answer: all of it, or what stands between its first and its last brace.
fn object_in(answer: &str) -> Option<Map<String, Value>> {
    let whole = || serde_json::from_str::<Value>(answer.trim()).ok();
    let inner =
        || serde_json::from_str::<Value>(answer.get(answer.find('{')?..=answer.rfind('}')?)?).ok();
    match whole().or_else(inner)? {
        Value::Object(object) => Some(object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    }
}

/// Takes away every `requires_approval: false` from tools that always wait for a person, so that reading
/// gives the gate back; says where.
fn put_gates_back(steps: &mut Value) -> Vec<String> {
    let mut notes = Vec::new();
    for step in steps
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        let gated = step
            .get("type")
            .and_then(Value::as_str)
            .and_then(ToolKind::parse)
            .is_some_and(ToolKind::always_gated);
        if gated
            && step
                .get("requires_approval")
                .is_some_and(|asked| *asked != true)
        {
            step.remove("requires_approval");
            let id = step.get("id").and_then(Value::as_str).unwrap_or("a step");
            notes.push(sentence(&format!(
                "{id} was planned without approval; what it makes always waits for a person."
            )));
        }
    }
    notes
}

/// Scheme, host and port to which an address leads that holds references, when they are literal: something that ends the
/// host stands before the first reference, and nothing in it names a user.
fn origin_of(template: &Template) -> Option<Url> {
    if template.is_literal() {
        return None;
    }
    let literal = template.as_str().split("${").next().unwrap_or_default();
    let (_, rest) = literal.split_once("://")?;
    let end = rest.find(['/', '?', '#'])?;
    let authority = &rest[..end];
    if authority.contains(['@', '\\']) {
        return None;
    }
    Url::parse(literal)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Whether a goal, in lower case, names the place an address leads to: an address of the same scheme, host and port, or the
/// host alone.
fn names(intent: &str, place: &Url) -> bool {
    intent
        .split(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    ',' | ';' | '(' | ')' | '<' | '>' | '"' | '\'' | '“' | '”'
                )
        })
        .map(|word| word.trim_end_matches(['.', ':', '!', '?']))
        .any(|word| match Url::parse(word) {
            Ok(url) if url.has_host() => url.origin() == place.origin(),
            Ok(_) | Err(_) => place.port().is_none() && place.host_str() == Some(word),
        })
}

/// Whether a goal, in lower case, has an address as a whole: nothing stands before it or after it that would make it
/// another one. `https://acme.example` is not in `https://acme.example.org/hook`, nor `ann@acme.example` in `joann@acme.example`.
fn has_address(intent: &str, address: &str) -> bool {
    let address = address.to_lowercase();
    let address = address.trim_end_matches('/');
    let goes_on = |c: char| c.is_alphanumeric() || ".!#$%&*+-/=?^_`{|}~@\\".contains(c);
    let closes = |c: char| c.is_whitespace() || ",;()<>[]{}\"'“”’«»".contains(c);
    // A full stop ends a sentence where nothing follows it at once.
    let ends = |rest: &str| {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let rest = rest.trim_start_matches(['.', ':', '!', '?']);
        rest.is_empty() || rest.starts_with(closes)
    };
    !address.is_empty()
        && intent
            .match_indices(address)
            .any(|(at, _)| !intent[..at].ends_with(goes_on) && ends(&intent[at + address.len()..]))
}

/// Faults for recipients and receivers that the goal does not name. An address that is one reference is looked at by the
/// person at the gate; one that a reference is only a part of leads to where its literal part says, and takes the
/// referred text along: that place must be the goal's own. For crawls it is the same, for a page that is asked for is told
/// its address.
fn invented_addresses(plan: &Plan, intent: &str) -> Vec<Fault> {
    let intent = intent.to_lowercase();
    let named = |template: &Template| {
        if template.is_literal() {
            has_address(&intent, template.as_str())
        } else {
            template.as_reference().is_some()
        }
    };
    let leads_to_the_goals_own =
        |template: &Template| origin_of(template).is_some_and(|origin| names(&intent, &origin));
    let mut faults = Vec::new();
    for (i, step) in plan.steps().iter().enumerate() {
        match &step.tool {
            Tool::SendEmail(config) => {
                for (tail, template) in config.to.templates() {
                    if !named(template) {
                        let message = "is an address the goal does not name";
                        faults.push(Fault::new(
                            format!("/steps/{i}/config/to{tail}"),
                            Code::PlanInvalid,
                            message,
                        ));
                    }
                }
            }
            Tool::PostWebhook(config) => {
                let path = || format!("/steps/{i}/config/url");
                if !named(&config.url) && !leads_to_the_goals_own(&config.url) {
                    faults.push(Fault::new(
                        path(),
                        Code::PlanInvalid,
                        "is an address the goal does not name",
                    ));
                }
                if config.secret.is_some() {
                    faults.push(Fault::new(
                        format!("/steps/{i}/config/secret"),
                        Code::PlanInvalid,
                        "is for the owner to set",
                    ));
                }
            }
            Tool::Crawl(config) => {
                for (tail, template) in config.urls.templates() {
                    let is_whole = template.is_literal() || template.as_reference().is_some();
                    if !is_whole && !leads_to_the_goals_own(template) {
                        faults.push(Fault::new(
                            format!("/steps/{i}/config/urls{tail}"),
                            Code::PlanInvalid,
                            "takes what a step found to a site the goal does not name",
                        ));
                    }
                }
            }
            Tool::Search(_)
            | Tool::Aggregate(_)
            | Tool::GenerateOutline(_)
            | Tool::GenerateReport(_)
            | Tool::LlmResponse(_)
            | Tool::FormatPost(_)
            | Tool::GenerateImage(_)
            | Tool::Transform(_) => {}
        }
    }
    faults
}

/// A suggested schedule that a workflow would be taken with; `None` for "manual", which suggests nothing.
fn usable(schedule: &Value, now: Timestamp) -> Result<Option<Value>, Fault> {
    let mut object = Object::new(schedule, "/suggested_schedule");
    let read = Schedule::read(&mut object, now);
    match object.finish(read) {
        Ok(read) if read.is_manual() => Ok(None),
        Ok(_) => Ok(Some(schedule.clone())),
        Err(faults) => Err(faults
            .into_iter()
            .next()
            .unwrap_or_else(|| Fault::invalid("/suggested_schedule", "is not a schedule"))),
    }
}

/// The shape a plan has, when its planner did not say: several beginnings are lanes, one is a line.
fn profile_of(plan: &Plan) -> Profile {
    let roots = plan
        .steps()
        .iter()
        .filter(|step| step.depends_on.is_empty())
        .count();
    let joins = plan.steps().iter().any(|step| step.depends_on.len() > 1);
    match (roots, joins) {
        (0 | 1, false) => Profile::PrecisionLinear,
        (2, _) => Profile::DualLaneHybrid,
        _ => Profile::ForkJoinDag,
    }
}

fn shape_of(plan: &Plan) -> String {
    let roots = plan
        .steps()
        .iter()
        .filter(|step| step.depends_on.is_empty())
        .count();
    format!(
        "{} steps, {roots} of which can begin at once.",
        plan.steps().len()
    )
}

fn sentences(value: Option<&Value>) -> Vec<String> {
    let list = value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    list.map(sentence)
        .filter(|text| !text.is_empty())
        .take(MOST_SENTENCES)
        .collect()
}

/// A sentence of a stranger, fit to be shown: one line, bounded, nothing that fools the eye.
fn sentence(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if text::allowed_in_name(c) { c } else { ' ' })
        .collect();
    text::preview(
        &clean.split_whitespace().collect::<Vec<_>>().join(" "),
        MOST_SENTENCE_CHARS,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reply(answer: &str, intent: &str) -> Result<Reply, Rejected> {
        read(
            answer,
            intent,
            10,
            &EgressRule::public_only(),
            "2026-05-04T08:00:00Z".parse().unwrap(),
        )
    }

    fn proposal(answer: &Value) -> Proposal {
        match reply(
            &answer.to_string(),
            "mail a@b.example and post to https://hooks.example.com/x",
        ) {
            Ok(Reply::Plan(proposal)) => *proposal,
            other => panic!("{other:?}"),
        }
    }

    fn faults(steps: Value) -> Vec<String> {
        match reply(&json!({ "steps": steps }).to_string(), "mail a@b.example") {
            Err(Rejected::Invalid(faults)) => faults.into_iter().map(|fault| fault.path).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn search() -> Value {
        json!({"id": "s", "type": "search", "config": {"query": "rust"}})
    }

    #[test]
    fn a_goal_has_an_address_as_a_whole_or_not_at_all() {
        let goal = "mail joann@acme.example, (bob@acme.example) and <zoe@acme.example>. post it to https://acme.example.org/hook/?k=1 \
            and to https://b.example/x/. then 'https://c.example'!";
        for own in [
            "joann@acme.example",
            "Bob@Acme.example",
            "zoe@acme.example",
            "https://acme.example.org/hook/?k=1",
            "https://b.example/x",
            "https://b.example/x/",
            "https://c.example/",
        ] {
            assert!(has_address(goal, own), "{own}");
        }
        for foreign in [
            "ann@acme.example",
            "bob@acme.exam",
            "https://acme.example",
            "https://acme.example.org",
            "https://acme.example.org/hook",
            "https://acme.example.org/hook/?k=",
            "https://b.example",
            "c.example",
            "",
            "/",
        ] {
            assert!(!has_address(goal, foreign), "{foreign}");
        }
    }

    #[test]
    fn fences_and_prose_around_the_object_are_forgiven() {
        let answer = format!(
            "Here is the plan:\n```json\n{}\n```\nGood luck!",
            json!({ "steps": [search()] })
        );
        assert!(matches!(reply(&answer, "x"), Ok(Reply::Plan(_))));
        for bad in ["", "no", "[]", "{", "{}", "{\"steps\": null}", "}{"] {
            assert!(
                matches!(reply(bad, "x"), Err(Rejected::Unreadable(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_gate_cannot_be_left_off() {
        let proposal = proposal(&json!({"steps": [
            search(),
            {"id": "post", "type": "format_post", "depends_on": ["s"], "config": {"channel": "x"}, "requires_approval": false},
        ]}));
        assert!(proposal.plan.step("post").unwrap().requires_approval);
        assert_eq!(proposal.coverage_gaps.len(), 1);
    }

    #[test]
    fn nothing_is_published_to_an_address_the_goal_does_not_name() {
        let mail = |to: &str| json!([{"id": "m", "type": "send_email", "config": {"to": [to], "subject": "s", "body": "b"}}]);
        assert_eq!(faults(mail("thief@evil.example")), ["/steps/0/config/to/0"]);
        let hook = json!([{"id": "h", "type": "post_webhook", "config": {"url": "https://evil.example/", "body": "b"}}]);
        assert_eq!(faults(hook), ["/steps/0/config/url"]);
        let fine = proposal(&json!({"steps": [
            mail("A@b.example")[0],
            {"id": "h", "type": "post_webhook", "config": {"url": "https://hooks.example.com/x", "body": "b"}},
        ]}));
        assert_eq!(fine.plan.steps().len(), 2);
    }

    #[test]
    fn what_steps_found_is_taken_to_no_site_the_goal_does_not_name() {
        let hook = |url: &str| json!([search(), {"id": "h", "type": "post_webhook", "depends_on": ["s"], "config": {"url": url, "body": "b"}}]);
        let crawl = |url: &str| json!([search(), {"id": "c", "type": "crawl", "depends_on": ["s"], "config": {"urls": [url], "max_pages": 1}}]);
        let found = "${steps.s.results[0].title}";
        for address in [
            format!("https://evil.example/?q={found}"),
            format!("https://hooks.example.com{found}/"),
            format!("https://hooks.example.com@evil.example/{found}"),
            format!("https://hooks.example.com:8443/{found}"),
            format!("http://hooks.example.com/{found}"),
            format!("https://{found}/hooks.example.com/"),
            format!("{found}?q={found}"),
            format!("https:\\\\evil.example/?q={found}"),
        ] {
            assert_eq!(faults(hook(&address)), ["/steps/1/config/url"], "{address}");
            assert_eq!(
                faults(crawl(&address)),
                ["/steps/1/config/urls/0"],
                "{address}"
            );
        }
        let own = format!("https://hooks.example.com/x?q={found}");
        for fine in [hook(&own), crawl(&own), crawl("${steps.s.results[0].url}")] {
            assert_eq!(proposal(&json!({ "steps": fine })).plan.steps().len(), 2);
        }
    }

    #[test]
    fn a_plan_that_costs_too_much_is_refused() {
        let crawl = json!([{"id": "c", "type": "crawl", "config": {"urls": ["https://a.example/"], "max_pages": 1000}}]);
        assert_eq!(faults(crawl), ["/steps"]);
    }

    #[test]
    fn a_schedule_is_kept_when_a_workflow_would_take_it() {
        let with = |schedule: Value| {
            proposal(&json!({"steps": [search()], "suggested_schedule": schedule}))
        };
        assert_eq!(
            with(json!({"cron_expression": "0 8 * * *"})).suggested_schedule,
            Some(json!({"cron_expression": "0 8 * * *"}))
        );
        let bad = with(json!({"interval": "1 minute"}));
        assert_eq!((bad.suggested_schedule, bad.coverage_gaps.len()), (None, 1));
        assert_eq!(with(json!({"schedule": "manual"})).suggested_schedule, None);
    }

    #[test]
    fn what_is_vague_is_shown_in_clean_sentences() {
        let answer = json!({"vague_aspects": ["which\nproduct\u{202e}", "", 7]}).to_string();
        assert_eq!(
            reply(&answer, "x"),
            Ok(Reply::Vague(vec!["which product".to_owned()]))
        );
    }
}
