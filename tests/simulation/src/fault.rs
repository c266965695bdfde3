//! Where something can go wrong, and what.
//!
//! Every call of a port is an [`Operation`], and so is what the queue does with a message. For each there is a closed
//! list of faults that a real system shows there ([`Operation::faults`]); a test says which of them happen where
//! ([`Plan`]).

use crate::dice::Dice;

/// A call of a port, or what a queue does with a message. The text is the kind: the event of a commit, the item of a
/// read, the kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Operation {
    Commit(&'static str),
    Read(&'static str),
    /// A document is stored under its hash.
    Keep,
    /// A table of slots is swapped.
    Slot,
    /// The index of what is due is read.
    Due,
    Send(&'static str),
    /// The queue hands a message to a worker.
    Receive(&'static str),
    /// A message that was dealt with is removed.
    Delete(&'static str),
    /// A message is hidden until somebody else's lease ends.
    Hide(&'static str),
    DeadLetters,
    Bury,
    Mail,
    /// A use of an allowance is counted, or given back.
    Count,
    Post,
    Search,
    Fetch,
    Think,
    Draw,
    Schedule,
    Secret,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// It fails before anything has happened.
    Refused,
    /// "Later, please": the other side takes half a minute to say so.
    Throttled,
    /// It succeeds, after half a minute.
    Slow,
    /// It happened, and the caller is told that it failed.
    AnswerLost,
    /// It happened, the answer was lost, and the SDK asked again: the condition fails on the caller's own write.
    Repeated,
    /// The process dies before it.
    CrashBefore,
    /// The process dies after it.
    CrashAfter,
    /// The process stops before it, until long after every lease, and goes on as if nothing had been.
    PauseBefore,
    /// The same, after it.
    PauseAfter,
    /// The message is in the queue twice.
    Twice,
    /// The queue took it and loses it.
    Dropped,
    /// It comes ten minutes late.
    Delayed,
    /// Two workers are given it at once.
    Doubled,
    /// The function has three seconds left.
    Hurried,
    /// The worker's clock is ten minutes ahead.
    Ahead,
    /// The worker's clock is ten minutes behind.
    Behind,
}

impl Fault {
    /// Whether the fault lies in the worker's clock, so that bounds in time stretch by it.
    pub(crate) const fn bends_time(self) -> bool {
        matches!(self, Self::Ahead | Self::Behind)
    }

    /// Whether the fault takes a message away for good.
    pub(crate) const fn loses_a_message(self) -> bool {
        matches!(self, Self::Dropped)
    }
}

impl Operation {
    /// What can go wrong here.
    pub(crate) const fn faults(self) -> &'static [Fault] {
        use Fault::{
            Ahead, AnswerLost, Behind, CrashAfter, CrashBefore, Delayed, Doubled, Dropped, Hurried,
            PauseAfter, PauseBefore, Refused, Repeated, Slow, Throttled, Twice,
        };
        match self {
            Self::Commit(_) => &[
                Refused,
                Throttled,
                AnswerLost,
                Repeated,
                CrashBefore,
                CrashAfter,
                PauseBefore,
                PauseAfter,
            ],
            Self::Slot => &[
                Refused,
                Throttled,
                AnswerLost,
                Repeated,
                CrashBefore,
                CrashAfter,
                PauseBefore,
            ],
            Self::Keep | Self::Schedule | Self::Count => {
                &[Refused, AnswerLost, CrashBefore, CrashAfter]
            }
            Self::Read(_) => &[Refused, Slow, CrashBefore, PauseBefore],
            Self::Due | Self::DeadLetters | Self::Secret => &[Refused, CrashBefore],
            Self::Send(_) => &[
                Refused,
                AnswerLost,
                Twice,
                Dropped,
                Delayed,
                CrashBefore,
                CrashAfter,
                PauseBefore,
            ],
            Self::Receive(_) => &[Doubled, Hurried, Ahead, Behind, Delayed],
            Self::Delete(_) | Self::Hide(_) | Self::Bury => &[Refused, CrashBefore],
            Self::Mail | Self::Post => &[
                Refused,
                Throttled,
                Slow,
                AnswerLost,
                CrashBefore,
                CrashAfter,
                PauseBefore,
                PauseAfter,
            ],
            Self::Search | Self::Fetch | Self::Think | Self::Draw => &[
                Refused,
                Throttled,
                Slow,
                CrashBefore,
                CrashAfter,
                PauseBefore,
            ],
        }
    }

    /// Whether an outage of the store reaches it.
    pub(crate) const fn is_of_the_store(self) -> bool {
        matches!(
            self,
            Self::Commit(_) | Self::Read(_) | Self::Slot | Self::Keep | Self::Due | Self::Count
        )
    }

    /// Whether it changes the store.
    pub(crate) const fn writes(self) -> bool {
        matches!(self, Self::Commit(_) | Self::Keep | Self::Count)
    }
}

/// Who is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
    /// A function that takes messages.
    Worker,
    Sweeper,
    /// The API, on a person's behalf.
    Person,
}

/// A directed fault: at the `nth` (from 1) such operation of such a role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) operation: Operation,
    pub(crate) role: Role,
    pub(crate) nth: u32,
    pub(crate) fault: Fault,
}

impl Rule {
    /// At a worker's first such operation.
    pub(crate) const fn first(operation: Operation, fault: Fault) -> Self {
        Self {
            operation,
            role: Role::Worker,
            nth: 1,
            fault,
        }
    }

    pub(crate) const fn nth(self, nth: u32) -> Self {
        Self { nth, ..self }
    }

    pub(crate) const fn by(self, role: Role) -> Self {
        Self { role, ..self }
    }
}

/// What does not answer during an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Down {
    Store,
    StoreWrites,
    Sends,
    Mail,
    /// Search, pages and the model.
    Sources,
    Scheduler,
}

impl Down {
    const ALL: [Self; 6] = [
        Self::Store,
        Self::StoreWrites,
        Self::Sends,
        Self::Mail,
        Self::Sources,
        Self::Scheduler,
    ];

    const fn reaches(self, operation: Operation) -> bool {
        match self {
            Self::Store => operation.is_of_the_store(),
            Self::StoreWrites => operation.writes(),
            Self::Sends => matches!(operation, Operation::Send(_)),
            Self::Mail => matches!(operation, Operation::Mail),
            Self::Sources => matches!(
                operation,
                Operation::Search | Operation::Fetch | Operation::Think
            ),
            Self::Scheduler => matches!(operation, Operation::Schedule),
        }
    }
}

/// Something that does not answer for a while, in milliseconds since the beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outage {
    pub(crate) of: Down,
    pub(crate) from: u64,
    pub(crate) until: u64,
    /// Of a thousand calls so many fail.
    pub(crate) per_mille: u64,
}

/// Which faults happen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// By the number of the point, from 0.
    pub(crate) at: Vec<(u64, Fault)>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) outages: Vec<Outage>,
    pub(crate) chance: Option<Chance>,
}

/// Faults by chance, until a moment.
#[derive(Debug, Clone)]
pub(crate) struct Chance {
    pub(crate) per_mille: u64,
    /// Kinds that do not happen this time.
    pub(crate) without: Vec<Fault>,
    /// In milliseconds since the beginning.
    pub(crate) until: u64,
}

impl Plan {
    pub(crate) fn at(points: &[(u64, Fault)]) -> Self {
        Self {
            at: points.to_vec(),
            ..Self::default()
        }
    }

    pub(crate) fn rules(rules: &[Rule]) -> Self {
        Self {
            rules: rules.to_vec(),
            ..Self::default()
        }
    }

    pub(crate) fn outage(of: Down, from_seconds: u64, until_seconds: u64) -> Self {
        Self {
            outages: vec![Outage {
                of,
                from: from_seconds * 1000,
                until: until_seconds * 1000,
                per_mille: 1000,
            }],
            ..Self::default()
        }
    }

    /// Faults of all kinds and outages, as a seed says.
    pub(crate) fn random(dice: &mut Dice) -> Self {
        let until = 60_000 * (2 + dice.below(20));
        let chance = Chance {
            per_mille: [20, 60, 120, 200][usize::try_from(dice.below(4)).unwrap_or_default()],
            without: {
                use Fault::{CrashAfter, CrashBefore, Doubled, Dropped, PauseAfter, PauseBefore};
                let kinds = [
                    CrashBefore,
                    CrashAfter,
                    PauseBefore,
                    PauseAfter,
                    Dropped,
                    Doubled,
                ];
                kinds.into_iter().filter(|_| dice.per_mille(250)).collect()
            },
            until,
        };
        let mut outages = Vec::new();
        while dice.per_mille(300) {
            let from = dice.below(until);
            outages.push(Outage {
                of: dice.one_of(&Down::ALL).unwrap_or(Down::Store),
                from,
                until: (from + 600_000).min(until),
                per_mille: if dice.per_mille(500) { 1000 } else { 100 },
            });
        }
        Self {
            outages,
            chance: Some(chance),
            ..Self::default()
        }
    }

    /// The fault at a point. `count` is how often this operation was come to in this role, this time included.
    pub(crate) fn strike(
        &self,
        point: u64,
        now_ms: u64,
        operation: Operation,
        role: Role,
        count: u32,
        dice: &mut Dice,
    ) -> Option<Fault> {
        let directed = self
            .at
            .iter()
            .find(|(at, _)| *at == point)
            .map(|(_, fault)| *fault);
        let ruled = || {
            self.rules
                .iter()
                .find(|rule| rule.operation == operation && rule.role == role && rule.nth == count)
                .map(|rule| rule.fault)
        };
        if let Some(fault) = directed.or_else(ruled) {
            return Some(fault);
        }
        for outage in &self.outages {
            if outage.of.reaches(operation)
                && (outage.from..outage.until).contains(&now_ms)
                && dice.per_mille(outage.per_mille)
            {
                return Some(Fault::Refused);
            }
        }
        let chance = self
            .chance
            .as_ref()
            .filter(|chance| now_ms < chance.until)?;
        if !dice.per_mille(chance.per_mille) {
            return None;
        }
        dice.one_of(operation.faults())
            .filter(|fault| !chance.without.contains(fault))
    }
}
