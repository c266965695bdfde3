//! The pinned plan of a run, cached by its hash.
//!
//! A plan version never changes, so a warm process need not read it again for every step. The hash is
//! computed over what was read, not believed: a run whose plan is not the one it was started with
//! must not go on (promise 7).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::execution::{ErrorCode, Execution};
use domain::plan::Plan;
use engine::ports::Store;
use engine::retry::{Again, ToolFailure};

use crate::failure;

/// How many plans a process keeps; beyond that it forgets them all, which is rare and cheap.
const MOST_CACHED: usize = 64;

/// Plans by hash.
#[derive(Default)]
pub(crate) struct Plans {
    cached: Mutex<HashMap<String, Arc<Plan>>>,
}

impl Plans {
    /// The plan the run is pinned to.
    pub(crate) async fn of(
        &self,
        run: &Execution,
        store: &dyn Store,
    ) -> Result<Arc<Plan>, ToolFailure> {
        if let Some(plan) = self.lock().get(&run.plan.hash) {
            return Ok(plan.clone());
        }
        let stored = store
            .plan(&run.owner, &run.workflow, run.plan.version)
            .await
            .map_err(|error| failure::of_store(&error))?;
        let plan = stored
            .filter(|plan| plan.hash() == run.plan.hash)
            .ok_or_else(|| {
                let message = format!(
                    "version {} of the plan is not stored as the run pinned it",
                    run.plan.version
                );
                ToolFailure::new(ErrorCode::Infrastructure, message, Again::Never)
            })?;
        let plan = Arc::new(plan);
        let mut cached = self.lock();
        if cached.len() >= MOST_CACHED {
            cached.clear();
        }
        cached.insert(run.plan.hash.clone(), plan.clone());
        Ok(plan)
    }

    /// A panic while the lock is held leaves a map that is still a map.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Plan>>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
