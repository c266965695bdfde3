//! The state of the world: what is stored, what is on its way, what each actor knows, and what the world has seen.

use std::sync::Arc;

use domain::approval::Approval;
use domain::credits::Account;
use domain::execution::{Event, Execution, Gate};
use jiff::Timestamp;

use crate::scenario::{Budget, Will};

/// Everything.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub now: Timestamp,
    /// `None`: not started.
    pub runs: Vec<Option<Run>>,
    /// In the order they were made.
    pub approvals: Vec<Arc<Approval>>,
    pub account: Account,
    /// The sum of the ledger's entries.
    pub ledger: i64,
    /// What is in the queues, sorted; at most one of a kind.
    pub messages: Vec<Message>,
    pub workers: Vec<Worker>,
    pub people: Vec<Person>,
    /// What the receivers outside have got, sorted.
    pub published: Vec<Published>,
    pub left: Budget,
    pub fouls: Fouls,
}

/// A run as the store has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub stored: Arc<Execution>,
    /// Who wrote it last; a repeated write recognises itself by it.
    pub writer: Writer,
    /// What the committed events make of it when they are replayed.
    pub replayed: Arc<Execution>,
    /// How often people asked for an effect with an unknown outcome to be tried again, by step.
    pub retries: Vec<u8>,
}

/// One commit of one actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Writer {
    pub actor: Actor,
    /// The revision it wrote on.
    pub base: u64,
}

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    /// A start, the sweeper, or a person who holds or stops a run: whoever loads, applies and commits at once.
    Atomic,
    Worker(usize),
    Person(usize),
}

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Work {
    Step(usize),
    Judging,
}

/// A message in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Message {
    pub run: usize,
    pub work: Work,
    pub visible_at: Timestamp,
}

/// What a worker heard from the receiver of its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Heard {
    Accepted,
    /// It happened, and the answer was lost.
    NothingButItHappened,
    /// It did not happen, and the answer was lost.
    Nothing,
    /// It certainly did not happen.
    Refused,
}

/// One invocation of the step executor or the evaluator.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Worker {
    Idle,
    /// Has loaded the run a message is about.
    Loaded {
        message: Message,
        base: Arc<Execution>,
    },
    /// Holds a step, or believes so.
    Holding(Hold),
    /// Has written, and waits for the acknowledgement.
    Unsure {
        before: Box<Self>,
        writer: Writer,
        /// What follows if the write counted.
        next: Arc<Execution>,
        sends: Vec<Message>,
    },
}

/// A claimed step in a worker's hands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hold {
    pub message: Message,
    pub step: usize,
    pub fence: u64,
    /// What it is to perform; `None` when it prepares or produces.
    pub gate: Option<Arc<Gate>>,
    /// The run as it last saw it.
    pub base: Arc<Execution>,
    /// What it heard, once it has performed.
    pub heard: Option<Heard>,
}

/// Somebody who decides about drafts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Person {
    pub will: Will,
    pub turns: u8,
    pub stands: Standing,
    /// The approval they were told their word has settled.
    pub settled: Vec<usize>,
}

/// How far a person's request has come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Standing {
    Away,
    /// Their word counts on what was loaded; it is about to be committed.
    Deciding(Decision),
    /// Written, not acknowledged.
    Unsure {
        decision: Decision,
        writer: Writer,
        sends: Vec<Message>,
    },
    /// Only with [`crate::bug::Bug::DecisionApart`]: the approval is written, the run is not yet.
    HalfWay {
        decision: Decision,
    },
}

/// A decision about to be committed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decision {
    pub approval: usize,
    pub next: Arc<Approval>,
    /// What it does to the run as loaded; `None` while more approvals are needed.
    pub run: Option<(Event, Arc<Execution>)>,
}

/// One effect as its receiver saw it. A receiver that knows keys counts a repetition once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Published {
    pub run: usize,
    pub step: usize,
    /// Distinguishes keys of the same draft; always 0 unless a bug makes keys differ.
    pub salt: u64,
    pub sha256: String,
    /// How often it came; repetitions of a known key are not counted.
    pub times: u8,
}

/// Wrongs that show in a transition and not in the state after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Fouls {
    /// An old fence's report was committed.
    pub old_fence_counted: bool,
    /// An ended run changed.
    pub ended_run_changed: bool,
    /// An event was appended where the log has one already, or does not apply there.
    pub log_torn: bool,
    /// A decided, expired or closed approval changed its status.
    pub decision_undone: bool,
    /// A run was charged more than was set aside for it.
    pub overcharged: bool,
}

impl State {
    /// Run `run`, which has started.
    pub(crate) fn run(&self, run: usize) -> &Run {
        self.runs[run].as_ref().expect("it has started")
    }

    /// Puts a message into its queue. Of two that say the same one is kept, the earlier: whoever receives it
    /// loads the run then, and a second receipt is a fault of its own ([`Action::ReceiveACopy`]).
    ///
    /// [`Action::ReceiveACopy`]: crate::action::Action::ReceiveACopy
    pub(crate) fn send(&mut self, message: Message) {
        let place = (message.run, message.work);
        match self
            .messages
            .binary_search_by_key(&place, |other| (other.run, other.work))
        {
            Ok(at) => {
                let visible_at = &mut self.messages[at].visible_at;
                *visible_at = (*visible_at).min(message.visible_at);
            }
            Err(at) => self.messages.insert(at, message),
        }
    }

    /// Takes the first visible message of a kind out of its queue.
    pub(crate) fn receive(&mut self, run: usize, work: Work) -> Option<Message> {
        let at = self.messages.iter().position(|message| {
            (message.run, message.work) == (run, work) && message.visible_at <= self.now
        })?;
        Some(self.messages.remove(at))
    }

    /// Whether nobody is in the middle of anything.
    pub(crate) fn is_quiet(&self) -> bool {
        self.workers.iter().all(|worker| *worker == Worker::Idle)
            && self
                .people
                .iter()
                .all(|person| person.stands == Standing::Away)
    }

    /// Sends `messages`.
    pub(crate) fn send_all(&mut self, messages: Vec<Message>) {
        for message in messages {
            self.send(message);
        }
    }

    /// The place of an approval.
    pub(crate) fn approval_at(&self, id: &domain::ids::ApprovalId) -> Option<usize> {
        self.approvals
            .iter()
            .position(|approval| approval.id == *id)
    }
}
