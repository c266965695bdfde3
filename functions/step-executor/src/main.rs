//! The process of the step executor.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    nightdesk_step_executor::start::run().await
}
