//! The process of the notifier.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    nightdesk_notifier::start::run().await
}
