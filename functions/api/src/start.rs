//! Wires the adapters to the router and runs it in the Lambda runtime loop.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use lambda_http::{Adapter, Request, RequestExt as _, service_fn};
use tower::ServiceExt as _;

use crate::app::{App, Settings};
use crate::gateway;

/// Serves requests until the process ends.
///
/// # Errors
/// The environment cannot be used, or the Runtime API does not answer.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let wiring = aws::Wiring::from_env().await?;
    let settings = Settings::read(|name| wiring.variable(name))?;
    let app = App {
        engine: wiring.engine(),
        schedules: wiring.schedules()?,
        usage: wiring.usage(),
        replays: wiring.replays(),
        assessments: wiring.assessments(),
        slots: wiring.slots(),
        downloads: wiring.downloads(),
        erasures: wiring.erasures(),
        sealing: wiring.sealing()?,
        settings: Arc::new(settings),
        repeatable: None,
    };
    let router = crate::router(app);
    let clock = wiring.clock();
    let service = service_fn(move |request: Request| {
        if let Some(context) = request.lambda_context_ref() {
            clock.observe(context);
        }
        let router = router.clone();
        async move {
            Ok::<_, Infallible>(
                router
                    .oneshot(request.map(Body::new))
                    .await
                    .unwrap_or_else(|never| match never {}),
            )
        }
    });
    lambda_runtime::run(Adapter::from(service).map_request(gateway::readable)).await
}
