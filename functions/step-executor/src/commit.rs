//! Turning what came of an attempt into one event, and committing it.
//!
//! A result that took minutes and money, or an effect that must not happen twice, must not be lost to a store that is
//! throttled for some seconds, so the commit is tried again and again while the lease lasts for certain. A repetition
//! is safe: had the first one counted, the run refuses the second.

use std::time::Duration;

use domain::approval::Draft;
use domain::execution::{ErrorCode, Event, Execution, Output, StepRow, StepState};
use domain::quota::Quota;
use domain::text;
use engine::advance::{AdvanceError, Alongside, SYSTEM};
use engine::approvals::{DraftMade, RequestError};
use engine::consuming::Disposition;
use engine::ports::store::StoreError;
use engine::retry::{Again, ToolFailure};
use engine::seeded_bugs::{self, Bug};
use serde_json::Value;
use tokio::time::Instant;

use crate::StepExecutor;
use crate::work::Came;

/// How often it is tried in any case, though the invocation's time is up: a reserve is kept for that.
const LEAST_TRIES: u32 = 3;
/// How long it is tried when there is time. The lease outlasts the step's own time by 15 s; whoever takes longer keeps a
/// place from others for nothing.
const PATIENCE: Duration = Duration::from_secs(12);
/// The pause after the first failed commit grows by itself with each further one, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// When a draft is made again for which there was no room.
const ROOM_AFTER: Duration = Duration::from_secs(900);

impl StepExecutor {
    pub(crate) async fn commit(
        &self,
        run: &Execution,
        row: &StepRow,
        came: &Came,
        left: Duration,
    ) -> Result<Disposition, StoreError> {
        let begun = Instant::now();
        for attempt in 1.. {
            match self.try_commit(run, row, came).await {
                Err(StoreError::Unavailable(reason))
                    if attempt < LEAST_TRIES || begun.elapsed() < left.min(PATIENCE) =>
                {
                    tracing::warn!(reason, attempt, execution.id = %run.id, step.id = row.id, "the result of a step could not be committed yet");
                    // Up to half of it is jitter: many wait for the same room.
                    let pause = (FIRST_PAUSE * attempt).min(LONGEST_PAUSE);
                    let jitter = 1.0 - self.engine.entropy.fraction() / 2.0;
                    tokio::time::sleep(pause.mul_f64(jitter)).await;
                }
                other => return other,
            }
        }
        Ok(Disposition::Failed)
    }

    async fn try_commit(
        &self,
        run: &Execution,
        row: &StepRow,
        came: &Came,
    ) -> Result<Disposition, StoreError> {
        let (event, alongside) = self.event_of(run, row, came).await?;
        if let Event::StepFailed {
            error, retry_at, ..
        } = &event
        {
            tracing::warn!(
                execution.id = %run.id, step.id = row.id, attempt = row.attempts, code = %error.code, error = error.message, ?retry_at,
                "an attempt failed"
            );
        }
        match self
            .engine
            .advance_from(run.clone(), &event, SYSTEM, &alongside)
            .await
        {
            Ok(_) => Ok(Disposition::Done),
            Err(AdvanceError::Refused(refused)) => {
                tracing::warn!(%refused, event = event.name(), execution.id = %run.id, step.id = row.id, "the result of a step is discarded");
                // It may be our own, committed by an earlier try whose answer was lost.
                self.send_what_follows(&run.owner, &run.id, &row.id).await?;
                Ok(Disposition::Done)
            }
            Err(AdvanceError::NotFound) => Ok(Disposition::Done),
            // People have more to decide than they may be asked: this attempt has failed, and waits.
            Err(AdvanceError::Full(quota)) => {
                let full = Came::Failure(no_room(quota));
                Box::pin(self.try_commit(run, row, &full)).await
            }
            Err(AdvanceError::Contended) => {
                Err(StoreError::Unavailable("the run keeps changing".to_owned()))
            }
            Err(AdvanceError::Store(error)) => Err(error),
        }
    }

    async fn event_of(
        &self,
        run: &Execution,
        row: &StepRow,
        came: &Came,
    ) -> Result<(Event, Alongside), StoreError> {
        let (step, fence) = (row.id.clone(), row.fence);
        let performing = matches!(row.state, StepState::Performing { .. });
        let event = match came {
            Came::Output {
                document,
                sources,
                credits,
            } if row.gated && !performing => {
                let output = self.store_output(run, document).await?;
                let made = DraftMade {
                    draft: draft_of(document),
                    output: Some(output),
                    credits: *credits,
                    sources: sources.clone(),
                };
                return self.park(run, row, made).await;
            }
            Came::Draft { draft, sources } => {
                return self
                    .park(
                        run,
                        row,
                        DraftMade {
                            draft: draft.clone(),
                            output: None,
                            credits: 0,
                            sources: sources.clone(),
                        },
                    )
                    .await;
            }
            Came::Output {
                document, credits, ..
            } => Event::StepCompleted {
                step,
                fence,
                output: self.store_output(run, document).await?,
                credits: *credits,
            },
            Came::Part { cursor, wait } => Event::StepYielded {
                step,
                fence,
                cursor: cursor.clone(),
                resume_at: self.engine.now() + *wait,
            },
            Came::Postponed { error, until } => {
                tracing::info!(execution.id = %run.id, step.id = row.id, %until, reason = error.message, "an approved effect is put off");
                Event::StepPostponed {
                    step,
                    fence,
                    error: error.clone(),
                    until: *until,
                }
            }
            Came::Skip => Event::StepSkipped { step, fence },
            Came::GivenBack => Event::StepReleased { step, fence },
            Came::Failure(failure) if failure.again == Again::Unknown && performing => {
                tracing::warn!(execution.id = %run.id, step.id = row.id, error = failure.error.message, "it is not known whether an effect happened");
                Event::OutcomeLost { step, fence }
            }
            Came::Failure(failure) => self.failed(row, failure),
        };
        Ok((event, Alongside::default()))
    }

    fn failed(&self, row: &StepRow, failure: &ToolFailure) -> Event {
        let retry_at = failure.retry_at(
            row.retry,
            row.attempts,
            self.engine.now(),
            self.engine.entropy.fraction(),
        );
        Event::StepFailed {
            step: row.id.clone(),
            fence: row.fence,
            error: failure.error.clone(),
            retry_at,
        }
    }

    /// Puts a draft before the people whom the run's policy names, or its owner.
    async fn park(
        &self,
        run: &Execution,
        row: &StepRow,
        made: DraftMade,
    ) -> Result<(Event, Alongside), StoreError> {
        let nobody =
            |message: &str| ToolFailure::new(ErrorCode::Infrastructure, message, Again::Never);
        let Some(workflow) = self
            .engine
            .store
            .workflow(&run.owner, &run.workflow)
            .await?
        else {
            return Ok((
                self.failed(row, &nobody("the workflow is gone, so nobody can be asked")),
                Alongside::default(),
            ));
        };
        // As it was when the run began: a change of the workflow reaches no run in flight (promise 7).
        let policy = if seeded_bugs::is_armed(Bug::PolicyAtGate) {
            &workflow.approvals
        } else {
            &run.policy
        };
        let asked = self
            .engine
            .request_approval(run, &row.id, &workflow.name, policy, made)
            .await;
        let (gate, mut alongside) = match asked {
            Ok(asked) => asked,
            Err(RequestError::Store(error)) => return Err(error),
            Err(gone @ RequestError::OwnerGone) => {
                let failed = self.failed(row, &nobody(&gone.to_string()));
                return Ok((failed, Alongside::default()));
            }
        };
        self.engine
            .tell_of_request(&workflow, &mut alongside)
            .await?;
        Ok((
            Event::StepParked {
                step: row.id.clone(),
                fence: row.fence,
                gate,
            },
            alongside,
        ))
    }

    async fn store_output(&self, run: &Execution, document: &Value) -> Result<Output, StoreError> {
        self.engine
            .store
            .put_output(&run.owner, document, &preview(document))
            .await
    }
}

/// Why a draft is not put before anybody now.
fn no_room(quota: Quota) -> ToolFailure {
    let message = format!(
        "there are {} {} already; decide some, and this goes on",
        quota.most(),
        quota.noun()
    );
    ToolFailure::new(ErrorCode::RateLimited, message, Again::After(ROOM_AFTER))
}

/// What a person is shown of a finished output: its picture, its text, or all of it.
fn draft_of(document: &Value) -> Draft {
    match (
        document["sha256"].as_str(),
        document["alt"].as_str(),
        document["text"].as_str(),
    ) {
        (Some(sha256), Some(alt), _) => Draft::Image {
            sha256: sha256.to_owned(),
            alt: alt.to_owned(),
        },
        (_, _, Some(text)) => Draft::Content {
            body: text.to_owned(),
        },
        _ => Draft::Content {
            body: serde_json::to_string_pretty(document).unwrap_or_default(),
        },
    }
}

/// The first characters of what a person would read of an output.
fn preview(document: &Value) -> String {
    let titles = |field: &str| -> Option<String> {
        let entries = document[field].as_array()?;
        let titles: Vec<&str> = entries
            .iter()
            .take(5)
            .filter_map(|entry| entry["title"].as_str())
            .collect();
        Some(format!("{}: {}", entries.len(), titles.join("; ")))
    };
    let text = ["text", "alt"].into_iter().find_map(|field| {
        document[field]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    });
    let text = text
        .or_else(|| titles("results"))
        .or_else(|| titles("items"))
        .unwrap_or_else(|| {
            if let Some(value) = document.get("value") {
                value.to_string()
            } else {
                document.to_string()
            }
        });
    text::preview(text.trim(), Output::PREVIEW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_preview_is_what_a_person_would_read() {
        assert_eq!(
            preview(&json!({"text": " hello ", "channel": "x"})),
            "hello"
        );
        assert_eq!(
            preview(&json!({"results": [{"title": "A"}, {"title": "B"}], "count": 2})),
            "2: A; B"
        );
        assert_eq!(preview(&json!({"value": [1, 2]})), "[1,2]");
        assert_eq!(preview(&json!({"status": 204})), "{\"status\":204}");
    }

    #[test]
    fn a_draft_is_the_text_or_the_picture() {
        let picture = json!({"sha256": "ab", "alt": "a cat", "width": 1});
        assert_eq!(
            draft_of(&picture),
            Draft::Image {
                sha256: "ab".into(),
                alt: "a cat".into()
            }
        );
        assert_eq!(
            draft_of(&json!({"text": "t"})),
            Draft::Content { body: "t".into() }
        );
    }
}
