//! What must hold beside the answers: each case with an `assert_` of its own, by its id.
//!
//! That a refused request and a look leave everything as it was is checked of every case, so that cases that
//! ask for no more have nothing to add here.

use jiff::Timestamp;
use jiff::civil::Weekday;
use reqwest::Method;
use serde_json::{Value, json};

use super::case::text;
use super::stage::{Answer, Outcome, Props, Stage};
use crate::world::probe;

/// What is known of the sender and the model before a case is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Before {
    /// Balance and reserved credits, where the sender may ask.
    pub(super) credits: Option<(i64, i64)>,
    pub(super) model_calls: usize,
}

impl Before {
    pub(super) async fn of(stage: &Stage, props: &Props) -> Self {
        Self {
            credits: stage.credits(&props.key).await.ok(),
            model_calls: stage.model.calls(),
        }
    }
}

/// Holds a condition, or says what does not hold.
fn demand(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome<()> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// Checks what case `id` demands beside its answers.
pub(super) async fn check(
    id: &str,
    stage: &Stage,
    props: &Props,
    before: Before,
    answers: &[Answer],
) -> Outcome<()> {
    let last = answers.last().ok_or("nothing was sent")?;
    let get = async |path: String| stage.call(&props.key, Method::GET, &path, None).await;
    let workflow = props.workflow.clone().unwrap_or_default();
    match id {
        // A refusal or a look that changes nothing says it all, or the rest cannot be seen from outside:
        // HTTP-038 speaks of AWS, WF-069 of a request that no reader of the schema could make.
        "HTTP-038" | "AUTH-022" | "WF-069" | "LIFE-020" | "APPR-018" => Ok(()),
        "HTTP-037" => get(format!("/v1/workflows/{workflow}")).await.map(|_| ()),
        "ASSESS-013" => {
            // Those beyond an owner's waits are answered before the model is.
            stage.quiesce().await;
            let asked = stage.model.calls() - before.model_calls;
            demand(asked == 10, || format!("the model was asked {asked} times"))
        }
        "ASSESS-016" => demand(last.took_ms <= 1300, || {
            format!("it took {} ms", last.took_ms)
        }),
        "ASSESS-017" => {
            let known = ["specific", "vague"].map(Value::from);
            let score = last.body["specificity_score"].as_u64().unwrap_or_default();
            let fits = known.contains(&last.body["assessment"]) && (1..=10).contains(&score);
            demand(fits, || format!("the assessment is {}", last.body))?;
            let now = Before::of(stage, props).await;
            demand(now.credits == before.credits, || {
                "it cost credits".to_owned()
            })
        }
        "PLAN-002" => {
            let told = last.body["errors"].to_string();
            demand(told.contains("removed"), || format!("it says {told}"))
        }
        "PLAN-009" => stage.credits(&props.key).await.map(|_| ()),
        "PLAN-011" | "PLAN-012" => {
            let now = stage.credits(&props.key).await.ok();
            demand(now == before.credits, || {
                format!("the balance went from {:?} to {now:?}", before.credits)
            })?;
            let tools = get("/v1/tools".to_owned()).await?;
            let known: Vec<&Value> = of_each(&tools["tools"], "type");
            let planned = of_each(&last.body["recommended_steps"], "type");
            let fits = !planned.is_empty() && planned.iter().all(|tool| known.contains(tool));
            demand(fits, || format!("it plans {planned:?}"))
        }
        "PLAN-014" => {
            let gated = [
                "send_email",
                "post_webhook",
                "format_post",
                "generate_image",
            ];
            let steps = last.body["recommended_steps"]
                .as_array()
                .into_iter()
                .flatten();
            let publishing: Vec<&Value> = steps
                .filter(|step| gated.iter().any(|tool| step["type"] == **tool))
                .collect();
            let fits = !publishing.is_empty()
                && publishing
                    .iter()
                    .all(|step| step["requires_approval"] == true);
            demand(fits, || format!("it plans {publishing:?}"))
        }
        "WF-037" => each_occurrence(last, |at| (at.month(), at.day()) == (2, 29)),
        "WF-041" => each_occurrence(last, |at| at.day() == 1 || at.weekday() == Weekday::Monday),
        "WF-042" => {
            each_occurrence(last, |at| at.weekday() == Weekday::Monday)?;
            let schedules = stage.nightdesk.get("/_local/schedules").await;
            let all = of_each(&schedules["schedules"], "ScheduleExpression");
            let fits = all.iter().any(|one| text(one).contains(" MON "));
            demand(fits, || format!("the schedules are {all:?}"))
        }
        "WF-052" => {
            stage.advance(75).await;
            let id = text(&last.body["id"]);
            let runs = get(format!("/v1/workflows/{id}/executions")).await?;
            let due: Timestamp = text(&last.body["scheduled_for"]).parse().unwrap();
            let runs = runs["executions"].as_array().unwrap();
            demand(runs.len() == 1, || format!("it ran {} times", runs.len()))?;
            let begun: Timestamp = text(&runs[0]["created_at"]).parse().unwrap();
            let late = begun.duration_since(due).as_secs();
            demand((0..=60).contains(&late), || format!("it ran {late} s late"))
        }
        "WF-071" => {
            let schema = json!({"type": "object", "properties": {"v": {"type": "string", "pattern": "(a+)+$"}}});
            let html = format!("<p>v: {}!</p>", "a".repeat(50_000));
            let begun = std::time::Instant::now();
            probe(
                "fields",
                &json!({"html": html, "url": "https://example.com/", "schema": schema}),
            );
            // An exponential matcher would take longer than anybody waits; a process starts in this time.
            let took = begun.elapsed().as_secs();
            demand(took < 5, || format!("matching took {took} s"))
        }
        "STOP-012" => {
            let condition = &last.body["stop_condition"];
            let results = json!([{"url": "https://example.com/", "x": 1}]);
            let seen = probe(
                "condition",
                &json!({"condition": condition, "results": results}),
            );
            demand(seen["met"] == false, || format!("it is judged {seen}"))
        }
        "LIST-008" => {
            let reset = stage.nightdesk.send(Method::DELETE, "/_local/usage", None);
            reset.await;
            let path = "/v1/workflows?offset=1000000000000";
            stage.nightdesk.send(Method::GET, path, None).await;
            let usage = stage.nightdesk.get("/_local/usage").await;
            let units = usage["dynamodb"]["rru"].as_f64().unwrap_or_default();
            let scans = usage["dynamodb"]["operations"].get("Scan").is_some();
            demand(!scans && units < 50.0, || format!("it cost {usage}"))
        }
        "LIFE-015" => {
            let waiting = props.waiting.as_ref().ok_or("nothing waits")?;
            stage.quiesce().await;
            let run = get(format!("/v1/executions/{}", waiting.execution)).await?;
            demand(run["status"] == "cancelled", || {
                format!("the run is {run:#}")
            })?;
            let link = stage
                .nightdesk
                .browser(Method::GET, &format!("/a/{}", waiting.token));
            let link = link.send().await.unwrap().status().as_u16();
            demand(matches!(link, 404 | 410), || format!("the link is {link}"))?;
            let path = format!("/v1/approvals/{}/approve", waiting.approval);
            let (late, answer) = stage
                .nightdesk
                .send_as(&props.key, Method::POST, &path, Some(json!({})))
                .await;
            demand(matches!(late.as_u16(), 404 | 410), || {
                format!("a late decision is {late} {answer}")
            })
        }
        "LIFE-022" | "LIFE-028" => {
            stage.quiesce().await;
            let runs = get(format!("/v1/workflows/{workflow}/executions")).await?;
            let total = &runs["pagination"]["total"];
            demand(*total == 1, || format!("there are {total} runs"))?;
            let started = &last.body["execution"]["id"];
            let run = &runs["executions"][0]["id"];
            demand(started == run, || {
                format!("it answers {started}, and {run} ran")
            })?;
            let credits = get("/v1/credits".to_owned()).await?;
            let ledger = credits["ledger"].as_array().into_iter().flatten();
            let charges = ledger
                .filter(|entry| entry["execution_id"] == *run && entry["kind"] == "charge")
                .count();
            demand(charges == 1, || format!("it was charged {charges} times"))
        }
        "LIFE-030" => {
            let count = |status| answers.iter().filter(|a| a.status == status).count();
            let (started, refused) = (count(202), count(402) + count(409));
            demand((started, refused) == (3, answers.len() - 3), || {
                format!("{started} started and {refused} were refused")
            })?;
            stage.quiesce().await;
            let left = stage.credits(&props.key).await?;
            demand(left == (0, 0), || format!("{left:?} is left"))
        }
        "APPR-001" => demand(last.text.contains("name=\"nonce\""), || {
            "the link is spent".to_owned()
        }),
        "APPR-003" => {
            let policy = last.headers["content-security-policy"].to_str().unwrap();
            let fits = policy.contains("script-src 'none'") && !last.text.contains("<script");
            demand(fits, || format!("the policy is {policy}"))
        }
        "APPR-021" => demand(!last.text.contains("<form"), || {
            "there is a form".to_owned()
        }),
        "APPR-022" => {
            let fits = last.text.contains("superseded") && !last.text.contains("<form");
            demand(fits, || format!("the page is {}", last.text))
        }
        "APPR-025" => {
            let bare = |answer: &&Answer| {
                answer.status == 429 && !answer.headers.contains_key("retry-after")
            };
            demand(!answers.iter().any(|answer| bare(&answer)), || {
                "a 429 has no Retry-After".to_owned()
            })
        }
        "APPR-027" => {
            let waiting = props.waiting.as_ref().ok_or("nothing waits")?;
            let path = format!("/v1/approvals/{}", waiting.approval);
            let owner = stage.nightdesk.token();
            let approval = stage.call(owner, Method::GET, &path, None).await?;
            let decision = &approval["decisions"][0];
            let fits = decision["by"] == "owner@nightdesk.test"
                && decision["decision"] == "approve"
                && decision["channel"] == "mail"
                && decision["at"].is_string();
            demand(fits, || format!("the decision is {decision}"))
        }
        "APPR-032" => {
            let fits =
                !last.text.contains("<script>") && last.text.contains("&#60;script&#62;alert(1)");
            demand(fits, || format!("the page is {}", last.text))
        }
        "APPR-033" => {
            let waiting = props.waiting.as_ref().ok_or("nothing waits")?;
            stage.quiesce().await;
            let approval = get(format!("/v1/approvals/{}", waiting.approval)).await?;
            let run = get(format!("/v1/executions/{}", waiting.execution)).await?;
            let told = (last.status, text(&approval["status"]), text(&run["status"]));
            let fits = match (told.0, told.1.as_str(), told.2.as_str()) {
                (200, "approved", "completed") | (410, "expired", "cancelled") => true,
                (_, _, _) => false,
            };
            demand(fits, || format!("it came out as {told:?}"))
        }
        other => Err(format!("nobody checks what {other} demands")),
    }
}

/// One member of each element.
fn of_each<'a>(list: &'a Value, member: &str) -> Vec<&'a Value> {
    let list = list.as_array().into_iter().flatten();
    list.map(|element| &element[member]).collect()
}

/// Whether every coming due time of the new workflow is one.
fn each_occurrence(answer: &Answer, is_one: impl Fn(&jiff::Zoned) -> bool) -> Outcome<()> {
    let next = answer.body["next_occurrences"].as_array();
    let next: Vec<String> = next.into_iter().flatten().map(text).collect();
    let all = next.iter().all(|at| {
        at.parse::<Timestamp>()
            .is_ok_and(|at| is_one(&at.to_zoned(jiff::tz::TimeZone::UTC)))
    });
    demand(!next.is_empty() && all, || format!("it is due at {next:?}"))
}
