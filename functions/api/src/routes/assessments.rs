//! `POST /v1/workflows/assess-intent`: is this goal specific enough? Free.
//!
//! This function never holds a model's key. Where a model is configured the planner is asked for its opinion and waited
//! for; whatever goes wrong with that, the answer is 200 and says so.

use std::time::Duration;

use axum::Json;
use domain::assessment::NoOpinion;
use domain::ids::OwnerId;
use domain::rate::RateLimit;
use engine::ports::StoreError;
use engine::ports::assessments::Opinion;
use engine::ports::usage::Counted;
use serde_json::Value;

use crate::admission;
use crate::app::App;
use crate::assessment;
use crate::auth::{Caller, Workflows};
use crate::extract;
use crate::problem::Problem;
use crate::query::Query;
use crate::waiting::{LONGEST_SECONDS, Patience, Wait};
use crate::wire::assessment::{self as wire, AssessIntent, Source};

/// How many goals of one owner are assessed with all there is in an hour (API section 3).
const MOST_AN_HOUR: u32 = 10;

pub(super) async fn assess(
    app: App,
    caller: Caller<Workflows>,
    query: Query,
    body: extract::Json,
) -> Result<Json<Value>, Problem> {
    let AssessIntent { intent, timeout } = query.and(wire::request(&body.0))?;
    let by_rule = assessment::of(&intent);
    let (assessment, source) = if is_limited(&app, caller.owner()).await {
        let reason = Some(NoOpinion::RateLimited);
        (by_rule, Source::Heuristic(reason))
    } else if !app.settings.has_model {
        (by_rule, Source::Heuristic(None))
    } else {
        match opinion(&app, caller.owner(), &intent, timeout).await? {
            Ok(opinion) => (opinion, Source::Model),
            // The owner waits for as much as they may already.
            Err(reason @ NoOpinion::RateLimited) => (by_rule, Source::Heuristic(Some(reason))),
            Err(reason) => (by_rule, Source::Fallback(reason)),
        }
    };
    Ok(Json(wire::object(&assessment, source)))
}

/// Counts this request, and says whether it is one too many. One too many is not counted.
async fn is_limited(app: &App, owner: &OwnerId) -> bool {
    let limit = RateLimit {
        per_hour: MOST_AN_HOUR,
        per_day: u32::MAX,
    };
    if app.settings.limits
        && admission::used_up(app, owner, &Counted::Assessments, &limit)
            .await
            .is_some()
    {
        return true;
    }
    let counting = app
        .usage
        .count(owner, &Counted::Assessments, app.engine.now());
    match counting.await {
        Ok(uses) => app.settings.limits && limit.exceeded(&uses).is_some(),
        // A count that cannot be reached is no reason to answer less, unless it would cost something.
        Err(error) => {
            tracing::warn!(%error, "an assessment cannot be counted");
            app.settings.limits && app.settings.has_model
        }
    }
}

/// What the model thinks of the goal, if it says so in time.
async fn opinion(
    app: &App,
    owner: &OwnerId,
    intent: &str,
    timeout: Duration,
) -> Result<Opinion, StoreError> {
    let timeout = timeout.min(Duration::from_secs(LONGEST_SECONDS.into()));
    let wait = Wait::begin(app, owner, Patience::of(timeout)).await;
    // What was counted is asked for, also where nobody waits: how many questions an hour a model is asked does not
    // depend on how many of them come at once.
    let assessments = app.assessments.as_ref();
    let asking = app.engine.ask_opinion(assessments, owner, intent, timeout);
    let id = asking.await?;
    let Some(wait) = wait else {
        return Ok(Err(NoOpinion::RateLimited));
    };
    let opinion = wait.until(app, || async {
        let looked = assessments.opinion(owner, &id).await;
        Ok::<_, StoreError>(looked.unwrap_or_else(|error| {
            tracing::warn!(%error, "an opinion cannot be looked for");
            None
        }))
    });
    Ok(opinion.await?.unwrap_or(Err(NoOpinion::Timeout)))
}
