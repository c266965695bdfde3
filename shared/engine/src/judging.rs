//! The end of a run: what it saw is compared with the last complete run, the stop condition is asked, and
//! both are committed together with the run's end, its signal, and the deliveries of what there is to tell.
//!
//! Pages and search results are data of strangers: here they are only compared. An outage never looks
//! like change: an incomplete run makes no baseline and is asked no condition (promise 8). A
//! condition only a model can judge is, without a model, not met, and the run says so.

use domain::credits::judging_price;
use domain::digest;
use domain::execution::{Conclusion, Event, Execution, Phase, StepState};
use domain::ids::{ExecutionId, OwnerId, SessionId};
use domain::patrol::{
    Baseline, Comparison, Completeness, Content, Decision, DecisionWord, Observation, Patrol,
    Unreadable, compare, decide, identity,
};
use domain::plan::{Plan, Step, Tool};
use domain::results::Found;
use domain::session::Sighting;
use domain::signal::Signal;
use domain::stop_condition::{Observed, Verdict};
use domain::workflow::{Workflow, WorkflowStatus};
use serde_json::{Value, json};

use crate::Engine;
use crate::advance::{AdvanceError, Alongside, SYSTEM, TryAdvance, after_run};
use crate::ports::Schedules;
use crate::ports::store::{Keepsake, StoreError, Write};
use crate::{notices, signals};

/// Why a run was not judged.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum JudgeError {
    #[error(transparent)]
    Advance(#[from] AdvanceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Judges a run whose steps are all settled. One that is not at that point, or has ended, is left as it is.
    ///
    /// # Errors
    /// The store fails, or the run keeps changing.
    pub async fn judge(
        &self,
        schedules: &dyn Schedules,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<(), JudgeError> {
        for attempt in 0.. {
            let Some(execution) = self.store.execution(owner, id).await? else {
                return Ok(());
            };
            if !matches!(execution.phase, Phase::Judging { .. }) {
                return Ok(());
            }
            let workflow = self.store.workflow(owner, &execution.workflow).await?;
            let plan = self
                .store
                .plan(owner, &execution.workflow, execution.plan.version)
                .await?;
            let Some((workflow, plan)) = workflow.zip(plan) else {
                // The workflow was deleted meanwhile.
                self.cancel(owner, id, "workflow_deleted", SYSTEM).await?;
                return Ok(());
            };
            let (event, alongside, next) = self.judgement(&execution, &workflow, &plan).await?;
            match self
                .try_advance(&execution, &event, SYSTEM, &alongside)
                .await
            {
                Ok(_) => {
                    self.forget_former_baselines(&alongside.writes).await?;
                    self.sync_schedule(schedules, &next).await?;
                    return Ok(());
                }
                Err(TryAdvance::Conflict) if self.again(attempt).await => {}
                Err(TryAdvance::Conflict) => return Err(AdvanceError::Contended.into()),
                Err(TryAdvance::Other(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn judgement(
        &self,
        execution: &Execution,
        workflow: &Workflow,
        plan: &Plan,
    ) -> Result<(Event, Alongside, Workflow), StoreError> {
        let now = self.now();
        let observation = self.observe(execution, plan).await?;
        let previous = self
            .store
            .baseline(&execution.owner, &execution.workflow)
            .await?;
        let definition = definition(plan);
        let mut sightings = Vec::new();
        let mut recalled = None;
        if let Some(session) = &workflow.session {
            sightings = unremembered(&observation, previous.as_ref(), session, &definition);
            recalled = self.recall(&execution.owner, session, &sightings).await?;
        }
        let comparison = compare(
            previous.as_ref(),
            &observation,
            Patrol {
                execution_id: &execution.id,
                definition: &definition,
                now,
                session: workflow.session.as_ref(),
                session_holds: &|identity| {
                    recalled
                        .as_ref()
                        .is_some_and(|recalled| recalled.holds(identity))
                },
            },
        );
        let decision = decide(&comparison);
        let complete = comparison.completeness.is_complete();
        let verdict = complete.then(|| {
            ask(
                workflow,
                &observation,
                previous.as_ref().filter(|_| comparison.changes.is_some()),
            )
        });
        let signal = if decision.is_recorded() {
            Some(
                self.record_signal(execution, decision, comparison.changes.as_ref())
                    .await?,
            )
        } else {
            None
        };
        let document = conclusion_document(
            workflow,
            plan,
            &comparison,
            verdict.as_ref(),
            decision,
            signal.as_ref().map(|(signal, _)| signal),
        );
        let mut alongside = self
            .kept(
                execution,
                previous.as_ref(),
                &comparison,
                decision,
                &document,
            )
            .await?;
        if let Some(recalled) = recalled.filter(|_| complete) {
            let growth = self.grow(execution, recalled, sightings).await?;
            alongside.writes.extend(growth);
        }
        let conclusion = Conclusion {
            complete,
            condition_met: verdict.as_ref().map(|verdict| verdict.met),
            decision: decision.decision.as_str().to_owned(),
            reason: decision.reason.as_str().to_owned(),
            credits: verdict
                .as_ref()
                .map_or(0, |_| judging_price(&workflow.stop_condition)),
        };
        let event = Event::Judged { conclusion };
        let (ended, _) = domain::execution::apply(execution, &event, now)
            .map_err(|refused| StoreError::Unavailable(refused.to_string()))?;
        let met = verdict.as_ref().is_some_and(|verdict| verdict.met);
        let mut next = after_run(workflow, &ended, now);
        if (met || next.is_used_up()) && next.status == WorkflowStatus::Active {
            next.status = WorkflowStatus::Completed;
            next.updated_at = now;
            next.schedule_synced = false;
            next.nudge_at = now;
        }
        alongside
            .writes
            .push(Write::next_workflow(workflow, next.clone()));
        let condition = met.then(|| document["condition"].clone());
        let completion = notices::of_completion(workflow, &next, &ended, condition);
        // People get one mail about a run: that its condition is met says what is new as well.
        let mut news = signal
            .as_ref()
            .filter(|_| decision.sends(workflow.include_baseline))
            .map(|(signal, items)| signals::notice(signal, items));
        if let Some(news) = &mut news {
            news.mailed = !met;
        }
        if let Some((mut signal, _)) = signal {
            if let Some(news) = &news {
                let deliveries = self.address(workflow, news).await?;
                signal.deliveries = deliveries.iter().map(|it| it.id.clone()).collect();
                alongside.deliver(deliveries);
            }
            alongside.writes.push(Write::PutSignal { signal });
        }
        let mut told = notices::of_end(workflow, &next, &ended);
        told.extend(completion);
        self.tell(workflow, &told, &mut alongside).await?;
        Ok((event, alongside, next))
    }

    /// What is kept of a judged run: its conclusion, and when it was complete the next baseline.
    async fn kept(
        &self,
        execution: &Execution,
        previous: Option<&Baseline>,
        comparison: &Comparison,
        decision: Decision,
        document: &Value,
    ) -> Result<Alongside, StoreError> {
        let owner = &execution.owner;
        let stored = self
            .store
            .put_output(owner, document, decision.reason.as_str())
            .await?;
        let mut writes = vec![Write::PutConclusion {
            owner: owner.clone(),
            execution: execution.id.clone(),
            stored,
        }];
        let complete = comparison.completeness.is_complete();
        if let Some(baseline) = comparison.baseline.as_ref().filter(|_| complete) {
            let document = serde_json::to_value(baseline).expect("a baseline is plain JSON");
            if let Some(previous) = previous {
                // Before the commit: should that never come, a run goes too early that the next one replaces, while
                // afterwards one could stay for ever.
                self.store
                    .stop_keeping(owner, &previous.execution_id)
                    .await?;
            }
            let workflow = &execution.workflow;
            let stored = self
                .store
                .put_kept(owner, workflow, Keepsake::Baseline, &document, "baseline")
                .await?;
            writes.push(Write::PutBaseline {
                owner: owner.clone(),
                workflow: execution.workflow.clone(),
                stored,
            });
        }
        Ok(Alongside {
            writes,
            messages: Vec::new(),
        })
    }

    async fn forget_former_baselines(&self, committed: &[Write]) -> Result<(), StoreError> {
        for write in committed {
            if let Write::PutBaseline {
                owner, workflow, ..
            } = write
            {
                self.store.forget_baselines(owner, workflow).await?;
            }
        }
        Ok(())
    }

    /// What the run's searches and crawls saw.
    pub(crate) async fn observe(
        &self,
        execution: &Execution,
        plan: &Plan,
    ) -> Result<Observation, StoreError> {
        let mut seen = Observation::default();
        for step in plan
            .steps()
            .iter()
            .filter(|step| step.tool.kind().watches())
        {
            let Some(row) = execution.step(&step.id) else {
                continue;
            };
            match &row.state {
                StepState::Completed { output, .. } => {
                    if let Some(document) = self.store.output(&execution.owner, output).await? {
                        see(&mut seen, step, &document);
                    }
                }
                StepState::Failed { error, .. }
                | StepState::Cancelled {
                    reason: Some(error),
                    ..
                } => miss(&mut seen, step, error.code.as_str()),
                // Not asked for in this run: neither seen nor missed.
                StepState::Skipped { .. }
                | StepState::Cancelled { .. }
                | StepState::Waiting
                | StepState::Ready { .. }
                | StepState::Running { .. }
                | StepState::AwaitingApproval { .. }
                | StepState::Approved { .. }
                | StepState::Performing { .. }
                | StepState::OutcomeUnknown { .. } => {}
            }
        }
        Ok(seen)
    }
}

/// The fingerprint of what is watched: after an edit of it the baseline starts anew.
fn definition(plan: &Plan) -> String {
    let watched: Vec<&Tool> = plan
        .steps()
        .iter()
        .map(|step| &step.tool)
        .filter(|tool| tool.kind().watches())
        .collect();
    digest::of_json(&watched)
}

/// What a run saw that its session may not remember yet: all of it, but for what the last run saw in the same session.
fn unremembered(
    observation: &Observation,
    previous: Option<&Baseline>,
    session: &SessionId,
    definition: &str,
) -> Vec<Sighting> {
    let (before, elsewhere) = match previous {
        Some(previous) if previous.session.as_ref() == Some(session) => (
            Some(previous).filter(|it| it.definition == definition),
            None,
        ),
        // The workflow is new to the session, and brings along what it has seen.
        other => (None, other),
    };
    let brought = elsewhere.into_iter().flat_map(|baseline| &baseline.entries);
    let brought = brought.map(|(identity, entry)| Sighting {
        identity: identity.clone(),
        url: entry.url.clone(),
        title: entry.title.clone(),
    });
    let found = unique(&observation.found)
        .into_iter()
        .map(|found| Sighting {
            identity: identity(&found.url),
            url: found.url.clone(),
            title: found.title.clone(),
        })
        .filter(|sighting| {
            before.is_none_or(|baseline| !baseline.entries.contains_key(&sighting.identity))
        });
    brought.chain(found).collect()
}

/// Adds what a finished search or crawl saw.
fn see(seen: &mut Observation, step: &Step, document: &Value) {
    let list = |field: &str| document[field].as_array().cloned().unwrap_or_default();
    let found = list("results")
        .into_iter()
        .filter_map(|result| serde_json::from_value::<Found>(result).ok());
    seen.found.extend(found);
    let Tool::Crawl(crawl) = &step.tool else {
        seen.searches_asked += 1;
        return;
    };
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let pages = list("pages");
    let unreadable = list("unreadable");
    seen.pages_asked += pages.len() + unreadable.len();
    seen.follows_links |= crawl.follow_links;
    seen.contents.extend(pages.iter().map(|page| Content {
        url: text(page, "url"),
        final_url: text(page, "final_url"),
        text: text(page, "text"),
        again: Vec::new(),
    }));
    seen.unreadable
        .extend(unreadable.iter().map(|page| Unreadable {
            url: text(page, "url"),
            reason: text(page, "reason"),
            gone: matches!(page["status"].as_u64(), Some(404 | 410)),
        }));
}

/// Adds what a failed search or crawl should have seen.
fn miss(seen: &mut Observation, step: &Step, reason: &str) {
    let Tool::Crawl(crawl) = &step.tool else {
        seen.searches_asked += 1;
        seen.searches_failed += 1;
        return;
    };
    let urls: Vec<String> = crawl
        .urls
        .templates()
        .into_iter()
        .filter(|(_, url)| url.is_literal())
        .map(|(_, url)| url.as_str().to_owned())
        .collect();
    seen.pages_asked += urls.len().max(1);
    seen.follows_links |= crawl.follow_links;
    if urls.is_empty() {
        // Which pages it would have read is not known.
        seen.unreadable.push(Unreadable {
            url: String::new(),
            reason: reason.to_owned(),
            gone: false,
        });
    }
    seen.unreadable
        .extend(urls.into_iter().map(|url| Unreadable {
            url,
            reason: reason.to_owned(),
            gone: false,
        }));
}

fn ask(workflow: &Workflow, observation: &Observation, previous: Option<&Baseline>) -> Verdict {
    let results: Vec<Value> = unique(&observation.found)
        .into_iter()
        .map(|found| json!(found))
        .collect();
    let before: Option<Vec<Value>> = previous.map(|baseline| {
        let entries = baseline.entries.values();
        entries.map(|entry| json!({"url": entry.url, "title": entry.title, "snippet": entry.snippet, "published_date": entry.published_date, "extracted": entry.extracted})).collect()
    });
    let fields = Value::Null;
    let before = before.as_ref().map(|results| Observed {
        results,
        fields: &fields,
    });
    workflow.stop_condition.evaluate(
        Observed {
            results: &results,
            fields: &fields,
        },
        before,
    )
}

/// Each result once, by URL identity, as first found: the results of a run are a union.
fn unique(found: &[Found]) -> Vec<&Found> {
    let mut identities = std::collections::HashSet::new();
    found
        .iter()
        .filter(|found| identities.insert(identity(&found.url)))
        .collect()
}

/// What `GET /v1/executions/{id}` shows of a run's end.
fn conclusion_document(
    workflow: &Workflow,
    plan: &Plan,
    comparison: &Comparison,
    verdict: Option<&Verdict>,
    decision: Decision,
    signal: Option<&Signal>,
) -> Value {
    let watches = comparison.completeness != Completeness::NothingWatched;
    let condition = verdict.map(|verdict| {
        let evidence = if verdict.needs_model {
            vec!["evaluation_failed: no model is configured to judge this condition, so it is not met".to_owned()]
        } else {
            verdict.evidence.clone()
        };
        json!({"type": workflow.stop_condition.kind(), "evidence": evidence})
    });
    let query = plan.steps().iter().find_map(|step| match &step.tool {
        Tool::Search(search) => Some(search.query.as_str()),
        _ => None,
    });
    let word = if watches {
        decision.decision
    } else {
        DecisionWord::None
    };
    let mut said = json!({"decision": word, "reason": decision.reason});
    if let Some(signal) = signal {
        said["id"] = json!(signal.id);
    }
    json!({
        "complete": comparison.completeness.is_complete(),
        "condition_met": verdict.is_some_and(|verdict| verdict.met),
        "condition": condition,
        "result_changes": comparison.changes,
        "monitoring_intent": workflow.watched_intent(query),
        "signal": said,
    })
}
