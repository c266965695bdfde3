//! The inside of an instance: `nightdesk function <name>`.
//!
//! From here on the process is the function and nothing else: it runs the same `run` that the
//! function's own binary runs in AWS, on the same single-threaded runtime, and reads its whole
//! configuration from the environment. The one local addition is the lifeline: when the host is
//! gone, standard input ends, and so does this process.

use std::io::Read;

use lambda_runtime::Error;

/// Runs a function until the host lets go of it.
///
/// # Errors
/// An unknown name, or whatever stopped the function's runtime loop.
pub(crate) fn run(name: &str) -> Result<(), Error> {
    std::thread::Builder::new()
        .name("lifeline".to_owned())
        .spawn(leave_with_the_host)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(start(name))
}

/// Every function of the template; the test below holds the two together.
async fn start(name: &str) -> Result<(), Error> {
    match name {
        "api" => nightdesk_api::run().await,
        "planner" => nightdesk_planner::start::run().await,
        "execution-starter" => nightdesk_execution_starter::start::run().await,
        "step-executor" => nightdesk_step_executor::start::run().await,
        "condition-evaluator" => nightdesk_condition_evaluator::start::run().await,
        "notifier" => nightdesk_notifier::start::run().await,
        "sweeper" => nightdesk_sweeper::start::run().await,
        other => Err(format!("this program has no function `{other}`").into()),
    }
}

fn leave_with_the_host() {
    let mut rest = [0; 64];
    let mut input = std::io::stdin().lock();
    // The host never writes; an error means the same as the end.
    while matches!(input.read(&mut rest), Ok(1..)) {}
    std::process::exit(0);
}

#[cfg(test)]
mod tests {
    use super::start;
    use crate::topology::Topology;

    /// Without an environment every function refuses to start, but only one that is unknown here
    /// says so.
    #[tokio::test]
    async fn every_function_of_the_template_is_known() {
        let topology = Topology::bundled().expect("the template");
        let mut unknown = Vec::new();
        for function in &topology.functions {
            let refused = start(&function.name)
                .await
                .expect_err("a test has no function's environment");
            if refused
                .to_string()
                .starts_with("this program has no function")
            {
                unknown.push(function.name.as_str());
            }
        }
        assert_eq!(unknown, Vec::<String>::new());
    }
}
