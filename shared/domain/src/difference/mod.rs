//! What is different between two texts, as a person would say it: added, removed, changed, moved; and
//! between two values, as a JSON Patch as well ([`ValueDifference`]).
//!
//! Texts are taken line by line, long lines sentence by sentence, and compared without what changes by
//! itself ([`Volatile`]). A passage that only stands elsewhere is moved, which is shown but is not news. The
//! work is bounded by counting, not by a clock: the same two texts always give the same difference.

mod passages;
mod values;
mod volatile;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices, diff_ratio};

use crate::text::preview;
use passages::{Passage, passages};
pub use values::{Changed, Moved, Operation, Placed, ValueDifference};
pub use volatile::Volatile;

/// Most passages aligned in order; of longer texts only the sets are compared.
const MOST_ALIGNED: usize = 4_000;
/// Most passages of one replaced stretch tried against each other, each way.
const MOST_PAIRED: usize = 40;
/// Most passages tried against each other in all of a text.
const MOST_PAIRS: usize = 10_000;
/// Most words looked at when two passages are tried against each other.
const MOST_WORDS: usize = 120;
/// Share of words two passages must have in common to be one passage, changed.
const ALIKE: f32 = 0.5;
/// Most entries of each list, and most characters of each entry.
const MOST_SHOWN: usize = 100;
const LONGEST_SHOWN: usize = 600;

/// A passage that became another; `path` names the field or place, where it has a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    pub before: String,
    pub after: String,
}

/// A difference that was passed over, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    pub kind: Volatile,
    pub before: String,
    pub after: String,
}

/// A difference to show.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Difference {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub moved: Vec<String>,
    pub changed: Vec<Replaced>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<Ignored>,
    /// Whether there is more than is shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

impl Difference {
    /// Compares two texts.
    #[must_use]
    pub fn of(before: &str, after: &str) -> Self {
        if before == after {
            return Self::default();
        }
        let (before, after) = (passages(before), passages(after));
        let (old, new) = numbered(&before, &after);
        let mut found = Found {
            before: &before,
            after: &after,
            difference: Self::default(),
            pairs: MOST_PAIRS,
        };
        if old.len().max(new.len()) <= MOST_ALIGNED {
            found.align(&old, &new);
        } else {
            found.compare_sets(&old, &new);
        }
        found.difference.bound()
    }

    /// Whether anything was said anew: moved and ignored passages are not news.
    #[must_use]
    pub fn is_news(&self) -> bool {
        !(self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty())
    }

    /// Shortens to what can be shown.
    fn bound(mut self) -> Self {
        for list in [&mut self.added, &mut self.removed, &mut self.moved] {
            self.truncated |= list.len() > MOST_SHOWN
                || list.iter().any(|text| text.chars().count() > LONGEST_SHOWN);
            list.truncate(MOST_SHOWN);
            list.iter_mut()
                .for_each(|text| *text = preview(text, LONGEST_SHOWN));
        }
        self.truncated |= self.changed.len() > MOST_SHOWN;
        self.changed.truncate(MOST_SHOWN);
        for pair in &mut self.changed {
            (pair.before, pair.after) = around_the_change(&pair.before, &pair.after);
        }
        self.ignored.truncate(MOST_SHOWN);
        for pair in &mut self.ignored {
            (pair.before, pair.after) = around_the_change(&pair.before, &pair.after);
        }
        self
    }
}

/// The text as it is compared: spacing, spelling of characters and volatile spots made equal. Two texts
/// with the same essence have no difference that is news.
#[must_use]
pub fn essence(text: &str) -> String {
    passages(text)
        .into_iter()
        .map(|passage| passage.key)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The passages as numbers, equal keys as equal numbers: cheap to align.
fn numbered(before: &[Passage], after: &[Passage]) -> (Vec<u32>, Vec<u32>) {
    let mut known: HashMap<String, u32> = HashMap::new();
    let mut number = |passages: &[Passage]| -> Vec<u32> {
        let mut numbers = Vec::with_capacity(passages.len());
        for passage in passages {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            numbers.push(*known.entry(passage.key.clone()).or_insert(next));
        }
        numbers
    };
    (number(before), number(after))
}

/// A difference under construction.
struct Found<'a> {
    before: &'a [Passage],
    after: &'a [Passage],
    difference: Difference,
    /// How many passages may still be tried against each other.
    pairs: usize,
}

impl Found<'_> {
    fn align(&mut self, old: &[u32], new: &[u32]) {
        let operations = capture_diff_slices(Algorithm::Myers, old, new);
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for operation in &operations {
            match operation {
                DiffOp::Equal {
                    old_index,
                    new_index,
                    len,
                } => {
                    (0..*len).for_each(|i| self.ignore(old_index + i, new_index + i));
                }
                DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                    gone.extend(operation.old_range());
                    come.extend(operation.new_range());
                }
            }
        }
        let moved = self.pair_moved(old, new, &gone, &come);
        let mut still_gone = moved.gone;
        let mut still_come = moved.come;
        for operation in &operations {
            if let DiffOp::Replace { .. } = operation {
                self.pair_changed(
                    operation.old_range(),
                    operation.new_range(),
                    &mut still_gone,
                    &mut still_come,
                );
            }
        }
        self.leave(&still_gone, &still_come);
    }

    /// Without order: what one text has more often than the other.
    fn compare_sets(&mut self, old: &[u32], new: &[u32]) {
        let mut waiting: HashMap<u32, VecDeque<usize>> = HashMap::new();
        for (i, number) in new.iter().enumerate() {
            waiting.entry(*number).or_default().push_back(i);
        }
        let mut gone = vec![false; old.len()];
        let mut come = vec![true; new.len()];
        for (i, number) in old.iter().enumerate() {
            match waiting.get_mut(number).and_then(VecDeque::pop_front) {
                Some(j) => {
                    come[j] = false;
                    self.ignore(i, j);
                }
                None => gone[i] = true,
            }
        }
        self.leave(&gone, &come);
    }

    /// Records that two passages with one key are spelt differently.
    fn ignore(&mut self, i: usize, j: usize) {
        let (before, after) = (&self.before[i].text, &self.after[j].text);
        if before != after && self.difference.ignored.len() < MOST_SHOWN {
            let kind = volatile::kind_of(before);
            self.difference.ignored.push(Ignored {
                kind,
                before: before.clone(),
                after: after.clone(),
            });
        }
    }

    /// Finds passages that went in one place and came in another; neighbours move as one block.
    fn pair_moved(
        &mut self,
        old: &[u32],
        new: &[u32],
        gone: &[usize],
        come: &[usize],
    ) -> Remaining {
        let mut remaining = Remaining {
            gone: vec![false; old.len()],
            come: vec![false; new.len()],
        };
        let mut waiting: HashMap<u32, VecDeque<usize>> = HashMap::new();
        for j in come {
            remaining.come[*j] = true;
            waiting.entry(new[*j]).or_default().push_back(*j);
        }
        let mut last: Option<(usize, usize)> = None;
        for i in gone {
            let Some(j) = waiting.get_mut(&old[*i]).and_then(VecDeque::pop_front) else {
                remaining.gone[*i] = true;
                continue;
            };
            remaining.come[j] = false;
            self.ignore(*i, j);
            let text = &self.after[j].text;
            match (last, self.difference.moved.last_mut()) {
                (Some((before_i, before_j)), Some(block))
                    if before_i + 1 == *i && before_j + 1 == j =>
                {
                    block.push('\n');
                    block.push_str(text);
                }
                _ => self.difference.moved.push(text.clone()),
            }
            last = Some((*i, j));
        }
        remaining
    }

    /// Within a replaced stretch, pairs each passage that went with the one most like it that came.
    fn pair_changed(
        &mut self,
        old: Range<usize>,
        new: Range<usize>,
        gone: &mut [bool],
        come: &mut [bool],
    ) {
        let words = |passage: &Passage| {
            passage
                .key
                .split(' ')
                .take(MOST_WORDS)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let candidates: Vec<(usize, Vec<String>)> = new
            .filter(|j| come[*j])
            .take(MOST_PAIRED)
            .map(|j| (j, words(&self.after[j])))
            .collect();
        for i in old
            .take(MOST_PAIRED)
            .filter(|i| gone[*i])
            .collect::<Vec<_>>()
        {
            let Some(pairs) = self.pairs.checked_sub(candidates.len()) else {
                return;
            };
            self.pairs = pairs;
            let mine = words(&self.before[i]);
            let best = candidates
                .iter()
                .filter(|(j, _)| come[*j])
                .map(|(j, theirs)| (*j, likeness(&mine, theirs)))
                .filter(|(_, likeness)| *likeness >= ALIKE)
                .reduce(|best, other| if other.1 > best.1 { other } else { best });
            if let Some((j, _)) = best {
                gone[i] = false;
                come[j] = false;
                let (before, after) = (self.before[i].text.clone(), self.after[j].text.clone());
                self.difference.changed.push(Replaced {
                    path: None,
                    before,
                    after,
                });
            }
        }
    }

    fn leave(&mut self, gone: &[bool], come: &[bool]) {
        let left = |passages: &[Passage], left: &[bool]| -> Vec<String> {
            passages
                .iter()
                .zip(left)
                .filter(|(_, left)| **left)
                .map(|(passage, _)| passage.text.clone())
                .collect()
        };
        self.difference.removed.extend(left(self.before, gone));
        self.difference.added.extend(left(self.after, come));
    }
}

/// Which passages are not accounted for yet.
struct Remaining {
    gone: Vec<bool>,
    come: Vec<bool>,
}

/// The share of words in common, in order, from 0 to 1.
fn likeness(a: &[String], b: &[String]) -> f32 {
    let shorter = a.len().min(b.len());
    // Of very different lengths they cannot reach the threshold.
    if shorter * 4 < a.len().max(b.len()) {
        return 0.0;
    }
    diff_ratio(
        &capture_diff_slices(Algorithm::Myers, a, b),
        a.len(),
        b.len(),
    )
}

/// Both texts cut to the neighbourhood of their first difference, when they are too long to show.
fn around_the_change(before: &str, after: &str) -> (String, String) {
    const LEAD: usize = 80;
    if before.chars().count().max(after.chars().count()) <= LONGEST_SHOWN {
        return (before.to_owned(), after.to_owned());
    }
    let same = before
        .chars()
        .zip(after.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let skip = same.saturating_sub(LEAD);
    let cut = |text: &str| {
        let tail: String = text.chars().skip(skip).collect();
        format!(
            "{}{}",
            if skip > 0 { "…" } else { "" },
            preview(&tail, LONGEST_SHOWN)
        )
    };
    (cut(before), cut(after))
}

#[cfg(test)]
mod tests;
