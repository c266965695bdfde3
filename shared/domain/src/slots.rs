//! How much of one kind an owner may have at once, and who waits for a place.
//!
//! A place, here a slot, is held until it is given back, or until its time is over: whoever dies with one leaks nothing.
//! Who finds none stands in a line, and is called when it is their turn: a slot that is given back goes to the first in
//! the line and not to whoever happens to come by next. Nobody asks again and again.
//!
//! The whole table of one owner and kind is one small document, and every change of it is from one document to the
//! next, so a store keeps it with one comparison (`engine::ports::Slots`). It is a brake and no ledger: where it
//! cannot be reached work goes on without it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::plan::Lane;
use crate::words::words;

words! {
    /// What an owner may have only so much of at once.
    #[derive(PartialOrd, Ord)]
    SlotKind {
        /// Crawls in flight.
        Crawl = "crawl",
        /// Other steps in flight that wait for somebody outside: a search server, a model, a receiver.
        Step = "step",
        /// Requests that are answered later because they wait for something.
        Wait = "wait",
    }
}

impl SlotKind {
    /// How many an owner may have at once: half of what the function's source runs (`template.yaml`), so that two owners
    /// at their limits still leave the next free place to a third. Of waits: what a person with a few open pages needs.
    #[must_use]
    pub const fn most(self) -> usize {
        match self {
            Self::Crawl | Self::Step | Self::Wait => 8,
        }
    }
}

impl From<Lane> for SlotKind {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Crawl => Self::Crawl,
            Lane::Step => Self::Step,
        }
    }
}

/// The longest line: all steps of the largest plan fit into it, with another plan's. An entry is about 50 bytes, and
/// the table is written whole (DynamoDB: a write unit a KiB).
pub const LONGEST_LINE: usize = 128;

/// How long a slot is kept for somebody who was called, in seconds: a message's way through its queue. Whoever comes later
/// stands in the line again.
pub const CALLED_SECONDS: i64 = 60;

/// A slot that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    #[serde(rename = "w")]
    who: String,
    /// In whole seconds since 1970, upwards.
    #[serde(rename = "u")]
    until: i64,
    /// The worker; `None`: it was called and has not come yet.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

/// Who has a slot, and who waits for one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SlotTable {
    #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
    held: Vec<Held>,
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    line: Vec<String>,
}

/// Who asks for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking<'a> {
    /// The work: the same at each of its tries.
    pub who: &'a str,
    /// The worker that is about to do it.
    pub by: &'a str,
    /// For how long the slot is needed at most.
    pub lasts: Duration,
}

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    Taken,
    /// Another worker has it for the same work.
    Elsewhere,
    /// It stands in the line now, and is called.
    InLine,
    /// The line is full.
    Full,
}

impl SlotTable {
    /// Takes a slot or a place in the line. Gives what came of it, and who is to be called.
    pub fn take(
        &mut self,
        asking: Asking<'_>,
        most: usize,
        now: Timestamp,
    ) -> (Taking, Vec<String>) {
        self.forget_the_past(now);
        let taking = self.taking(asking, most, now);
        (taking, self.call(most, now))
    }

    fn taking(&mut self, asking: Asking<'_>, most: usize, now: Timestamp) -> Taking {
        let until = end(
            now,
            SignedDuration::try_from(asking.lasts).unwrap_or(SignedDuration::MAX),
        );
        if let Some(held) = self.held.iter_mut().find(|held| held.who == asking.who) {
            return match &held.by {
                Some(by) if by != asking.by => Taking::Elsewhere,
                Some(_) | None => {
                    held.by = Some(asking.by.to_owned());
                    held.until = until;
                    Taking::Taken
                }
            };
        }
        let free = most.saturating_sub(self.held.len());
        let place = self.line.iter().position(|who| who == asking.who);
        // Those before it come first.
        if free > place.unwrap_or(self.line.len()) {
            if let Some(place) = place {
                self.line.remove(place);
            }
            self.held.push(Held {
                who: asking.who.to_owned(),
                until,
                by: Some(asking.by.to_owned()),
            });
            return Taking::Taken;
        }
        match place {
            Some(_) => Taking::InLine,
            None if self.line.len() < LONGEST_LINE => {
                self.line.push(asking.who.to_owned());
                Taking::InLine
            }
            None => Taking::Full,
        }
    }

    /// Takes a slot of a kind that nobody waits for: whether there was one. When not, the table stays as it is.
    pub fn take_or_leave(&mut self, asking: Asking<'_>, most: usize, now: Timestamp) -> bool {
        if self.taken(now) >= most {
            return false;
        }
        self.forget_the_past(now);
        self.taking(asking, most, now) == Taking::Taken
    }

    /// Gives back the slot that `by` has for `who`, or that was kept for it, and its place in the line. Gives who is to be
    /// called.
    pub fn give_back(&mut self, who: &str, by: &str, most: usize, now: Timestamp) -> Vec<String> {
        self.forget_the_past(now);
        let is_ours =
            |held: &Held| held.who == who && held.by.as_deref().is_none_or(|holder| holder == by);
        self.held.retain(|held| !is_ours(held));
        self.line.retain(|waiting| waiting != who);
        self.call(most, now)
    }

    /// Keeps free slots for the first in the line.
    fn call(&mut self, most: usize, now: Timestamp) -> Vec<String> {
        let free = most.saturating_sub(self.held.len()).min(self.line.len());
        let called: Vec<String> = self.line.drain(..free).collect();
        let until = end(now, SignedDuration::from_secs(CALLED_SECONDS));
        self.held.extend(called.iter().map(|who| Held {
            who: who.clone(),
            until,
            by: None,
        }));
        called
    }

    fn forget_the_past(&mut self, now: Timestamp) {
        self.held.retain(|held| held.until > now.as_second());
    }

    /// When all of it is in the past; `None` when there is nothing in it that ends by itself.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        let last = self.held.iter().map(|held| held.until).max()?;
        Timestamp::from_second(last).ok()
    }

    /// How many slots are taken at `now`.
    #[must_use]
    pub fn taken(&self, now: Timestamp) -> usize {
        let alive = |held: &&Held| held.until > now.as_second();
        self.held.iter().filter(alive).count()
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.line.len()
    }
}

/// The whole second at which it is over.
fn end(now: Timestamp, lasts: SignedDuration) -> i64 {
    let end = now.checked_add(lasts).unwrap_or(Timestamp::MAX);
    end.as_second() + i64::from(end.subsec_nanosecond() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 2;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000 + seconds).unwrap()
    }

    fn take(table: &mut SlotTable, who: &str, by: &str, now: Timestamp) -> (Taking, Vec<String>) {
        let lasts = Duration::from_secs(75);
        table.take(Asking { who, by, lasts }, MOST, now)
    }

    fn nobody() -> Vec<String> {
        Vec::new()
    }

    #[test]
    fn who_finds_none_is_called_in_turn_whoever_comes_by_meanwhile() {
        let mut table = SlotTable::default();
        for (who, taking) in [
            ("a", Taking::Taken),
            ("b", Taking::Taken),
            ("c", Taking::InLine),
            ("d", Taking::InLine),
            ("c", Taking::InLine),
        ] {
            assert_eq!(
                take(&mut table, who, who, at(0)),
                (taking, nobody()),
                "{who}"
            );
        }
        assert_eq!(table.give_back("a", "a", MOST, at(1)), ["c"]);
        // The slot is kept for the one that was called.
        assert_eq!(
            take(&mut table, "e", "e", at(1)),
            (Taking::InLine, nobody())
        );
        assert_eq!(
            take(&mut table, "a", "a", at(1)),
            (Taking::InLine, nobody())
        );
        assert_eq!(take(&mut table, "c", "c", at(2)), (Taking::Taken, nobody()));
        assert_eq!(table.give_back("b", "b", MOST, at(3)), ["d"]);
        assert_eq!(table.give_back("c", "c", MOST, at(3)), ["e"]);
        assert_eq!((table.taken(at(3)), table.waiting()), (2, 1));
    }

    #[test]
    fn a_slot_is_its_workers_and_a_dead_workers_is_free_in_time() {
        let mut table = SlotTable::default();
        take(&mut table, "a", "first", at(0));
        take(&mut table, "b", "b", at(0));
        assert_eq!(take(&mut table, "a", "second", at(1)).0, Taking::Elsewhere);
        assert_eq!(table.give_back("a", "second", MOST, at(1)), nobody());
        assert_eq!(
            table.taken(at(1)),
            2,
            "it was not the second's to give back"
        );
        assert_eq!(take(&mut table, "c", "c", at(1)).0, Taking::InLine);
        // Both died: whoever comes next finds their slots free, and who waited before it is called.
        assert_eq!(
            take(&mut table, "d", "d", at(75)),
            (Taking::Taken, vec!["c".to_owned()])
        );
        assert_eq!((table.taken(at(75)), table.waiting()), (2, 0));
    }

    #[test]
    fn who_was_called_and_never_comes_loses_the_slot() {
        let mut table = SlotTable::default();
        for who in ["a", "b", "c", "d"] {
            take(&mut table, who, who, at(0));
        }
        assert_eq!(table.give_back("a", "a", MOST, at(0)), ["c"]);
        // It has come to nothing: it does not wait any more.
        assert_eq!(table.give_back("c", "c", MOST, at(1)), ["d"]);
        assert_eq!(
            take(&mut table, "e", "e", at(CALLED_SECONDS)).0,
            Taking::InLine
        );
        assert_eq!(
            take(&mut table, "e", "e", at(CALLED_SECONDS + 1)).0,
            Taking::Taken
        );
    }

    #[test]
    fn the_line_has_an_end_and_a_wait_has_no_line() {
        let mut table = SlotTable::default();
        let names: Vec<String> = (0..MOST + LONGEST_LINE)
            .map(|i| format!("exe_{i:032}/step"))
            .collect();
        for who in &names {
            take(&mut table, who, "w", at(0));
        }
        assert_eq!(take(&mut table, "x", "x", at(0)).0, Taking::Full);
        let size = serde_json::to_string(&table).unwrap().len();
        assert!(size < 8 * 1024, "{size} bytes");
        let asking = Asking {
            who: "x",
            by: "x",
            lasts: Duration::from_secs(5),
        };
        assert!(!table.take_or_leave(asking, MOST, at(0)));
        assert_eq!(table.waiting(), LONGEST_LINE);
        let mut table = SlotTable::default();
        assert!(table.take_or_leave(asking, MOST, at(0)));
        table.give_back("x", "x", MOST, at(1));
        assert_eq!(serde_json::to_string(&table).unwrap(), "{}");
        assert_eq!(
            serde_json::from_str::<SlotTable>("{}").unwrap(),
            SlotTable::default()
        );
    }

    /// Whatever happens in whatever order: never more than so many, nobody twice, and who waits while a slot is free is
    /// called.
    #[test]
    fn no_order_of_things_takes_more_than_there_are() {
        let mut table = SlotTable::default();
        let mut dice = 7_u64;
        let mut roll = |n: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (dice >> 33) % n
        };
        for step in 0..20_000 {
            let now = at(step / 10);
            let who = format!("w{}", roll(9));
            let by = format!("b{}", roll(3));
            if roll(2) == 0 {
                take(&mut table, &who, &by, now);
            } else {
                table.give_back(&who, &by, MOST, now);
            }
            assert!(table.taken(now) <= MOST);
            assert!(table.waiting() == 0 || table.taken(now) == MOST);
            let mut names: Vec<&String> = table
                .held
                .iter()
                .map(|held| &held.who)
                .chain(&table.line)
                .collect();
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all, "{table:?}");
        }
    }
}
