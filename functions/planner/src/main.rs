//! The process of the planner.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    nightdesk_planner::start::run().await
}
