//! What a fuzz target is, and what counts as a finding.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use crate::mutation::Mutator;
use crate::targets;

/// What one reader of strangers' bytes promises.
pub(crate) struct Target {
    /// Also the name of its folder of seeds.
    pub(crate) name: &'static str,
    /// Panics when the input breaks a promise. What comes back is a coarse description of what happened:
    /// an input with a new one is worth keeping.
    pub(crate) check: fn(&[u8]) -> u64,
    pub(crate) mutator: Mutator,
    /// How many new inputs the everyday test tries.
    pub(crate) burst: usize,
    /// What reading may cost: a flat part, and a part for each KiB. Of the thread's own time, so that a busy
    /// machine changes nothing, in a build without optimisation, with room to spare: it is there for what
    /// grows faster than its input.
    pub(crate) flat: Duration,
    pub(crate) per_kib: Duration,
}

/// All of them.
pub(crate) const ALL: &[Target] = &[
    targets::url::TARGET,
    targets::robots::TARGET,
    targets::extract::TARGET,
    targets::feed::TARGET,
    targets::cron::TARGET,
    targets::cursor::TARGET,
];

impl Target {
    /// Reads `input`; what is wrong with it, in words, is the error.
    pub(crate) fn judge(&self, input: &[u8]) -> Result<u64, String> {
        let begun = thread_time();
        QUIET.set(true);
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| (self.check)(input)));
        QUIET.set(false);
        let took = thread_time().saturating_sub(begun);
        let shape = outcome.map_err(|payload| {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            text.unwrap_or("a panic without words").to_owned()
        })?;
        let kib = u32::try_from(input.len().div_ceil(1024)).unwrap_or(u32::MAX);
        let allowed = self.flat + self.per_kib * kib;
        if took > allowed {
            return Err(format!(
                "too slow: {} bytes took {took:?}, and {allowed:?} are plenty",
                input.len()
            ));
        }
        Ok(shape)
    }
}

thread_local! {
    /// Whether a panic of this thread is being waited for.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Panics that are caught and told by their finder are not told twice.
pub(crate) fn quieten_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !QUIET.get() {
            usual(info);
        }
    }));
}

/// The time this thread has been at work.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// A coarse description of what happened, of a few facts; numbers count by their order of magnitude.
pub(crate) fn shape(facts: &[usize]) -> u64 {
    facts.iter().fold(0xcbf2_9ce4_8422_2325, |hash, fact| {
        let magnitude = u64::from(usize::BITS - fact.leading_zeros());
        (hash ^ magnitude).wrapping_mul(0x0100_0000_01b3)
    })
}
