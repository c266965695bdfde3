//! Goals and plans.

use domain::fault::Code;

use super::{Operation, operation};

const TAG: &str = "Planning";

pub(super) fn all() -> Vec<Operation> {
    vec![
        operation(
            "post",
            "/v1/workflows/assess-intent",
            TAG,
            "assessIntent",
            "How specific a goal is",
        )
        .says("Free. The configured model is waited for up to `timeout`, at most 25 seconds. More often than ten times an hour it is not asked, and `fallback_reason_code` is `rate_limited`. A model that fails makes it a `fallback`: the goal is taken for specific, and `is_assessed` is false.")
        .body("AssessIntent")
        .answers(200, "The assessment.", "Assessment"),
        operation(
            "post",
            "/v1/workflows/plan",
            TAG,
            "plan",
            "Make a plan for a goal, and wait for it",
        )
        .says("Waits up to 25 seconds; what takes longer becomes an asynchronous planning. Where a model plans, its preset's credits are set aside and charged for the plan it makes; what the offline planner makes is free.")
        .body("PlanRequest")
        .answers(200, "The plan, to be reviewed.", "ReviewedPlan")
        .answers(
            202,
            "It takes longer: look for it at `poll_url`.",
            "PlanningAccepted",
        )
        .refuses(&[Code::IntentTooVague, Code::InsufficientCredits]),
        operation(
            "post",
            "/v1/workflows/plan/async",
            TAG,
            "planAsync",
            "Make a plan for a goal, later",
        )
        .body("PlanRequest")
        .answers(202, "It is being made.", "PlanningAccepted")
        .refuses(&[Code::InsufficientCredits]),
        operation(
            "get",
            "/v1/workflows/plan/async/{session_id}",
            TAG,
            "getPlanning",
            "Where a planning stands",
        )
        .answers(
            200,
            "The planning, with its plan once it is made.",
            "Planning",
        ),
        operation(
            "get",
            "/v1/tools",
            TAG,
            "listTools",
            "The tools a step may be",
        )
        .answers(
            200,
            "Every tool, with JSON Schemas of what it takes and gives.",
            "Tools",
        ),
    ]
}
