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
        .says("Free. More often than ten times an hour it is answered without a model.")
        .body("AssessIntent")
        .answers(200, "The assessment.", "Assessment"),
        operation(
            "post",
            "/v1/workflows/plan",
            TAG,
            "plan",
            "Make a plan for a goal, and wait for it",
        )
        .says("Waits up to 25 seconds; what takes longer becomes an asynchronous planning.")
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
