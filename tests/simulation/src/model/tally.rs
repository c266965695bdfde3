//! How often each thing happened while the graph was walked: promises that are kept because nothing happens are
//! kept by nobody. Not part of the state, so it tells nothing apart.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// Transitions taken, by name.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<&'static str, u64>>);

impl Tally {
    pub(crate) fn count(&self, name: &'static str) {
        let mut counts = self.0.lock().expect("nobody panics while counting");
        *counts.entry(name).or_default() += 1;
    }

    /// Those of `names` that never happened.
    pub(crate) fn missing(&self, names: &[&'static str]) -> Vec<&'static str> {
        let counts = self.0.lock().expect("nobody panics while counting");
        names
            .iter()
            .copied()
            .filter(|name| !counts.contains_key(name))
            .collect()
    }
}
