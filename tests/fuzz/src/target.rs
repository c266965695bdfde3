//! What a fuzz target is, and what counts as a finding.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use crate::bombs::Bomb;
use crate::cost::{Cost, MOST_MEMORY, MOST_TIME};
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
    /// Inputs of the largest size that are made to cost more than their length.
    pub(crate) bombs: &'static [Bomb],
    /// What reads them, by name, once each.
    pub(crate) readers: &'static [Reader],
}

/// What reads an input.
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    pub(crate) read: fn(&[u8]),
}

/// All of them.
pub(crate) const ALL: &[Target] = &[
    targets::url::TARGET,
    targets::robots::TARGET,
    targets::extract::TARGET,
    targets::feed::TARGET,
    targets::diff::TARGET,
    targets::cron::TARGET,
    targets::cursor::TARGET,
];

impl Target {
    /// Reads `input`; what is wrong with it, in words, is the error.
    pub(crate) fn judge(&self, input: &[u8]) -> Result<u64, String> {
        let mut shape = 0;
        let cost = caught(|| shape = (self.check)(input))?;
        let kib = u32::try_from(input.len().div_ceil(1024)).unwrap_or(u32::MAX);
        let allowed = self.flat + self.per_kib * kib;
        cost.beyond(MOST_MEMORY, allowed).map_or(Ok(shape), Err)
    }

    /// Every bomb is read by every reader of the target within the bounds for all.
    pub(crate) fn defuse(&self) {
        let mut wrong = Vec::new();
        for bomb in self.bombs {
            let input = (bomb.make)();
            for Reader { name, read } in self.readers {
                let beyond = caught(|| read(&input))
                    .map_or_else(Some, |cost| cost.beyond(MOST_MEMORY, MOST_TIME));
                wrong.extend(beyond.map(|beyond| format!("{name}, {}: {beyond}", bomb.name)));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// Does `work` and says what it took; what is wrong when it panics is the error.
fn caught(work: impl FnOnce()) -> Result<Cost, String> {
    QUIET.set(true);
    let mut outcome = Ok(());
    let cost = Cost::of(|| outcome = panic::catch_unwind(AssertUnwindSafe(work)));
    QUIET.set(false);
    outcome.map(|()| cost).map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        text.unwrap_or("a panic without words").to_owned()
    })
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

/// A coarse description of what happened, of a few facts; numbers count by their order of magnitude.
pub(crate) fn shape(facts: &[usize]) -> u64 {
    facts.iter().fold(0xcbf2_9ce4_8422_2325, |hash, fact| {
        let magnitude = u64::from(usize::BITS - fact.leading_zeros());
        (hash ^ magnitude).wrapping_mul(0x0100_0000_01b3)
    })
}
