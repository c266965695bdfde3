//! SQS as it promises to be and no better: a message is hidden when it is taken, comes back when nobody removes it,
//! and goes to the dead letters after its last permitted receive.

use domain::plan::Lane;
use engine::ports::Message;

/// After how many receives a message goes to the dead letters (`template.yaml`, `maxReceiveCount`).
pub(crate) const MOST_RECEIVES: u32 = 5;

/// Which queue a message is in, and how the topology runs it (`template.yaml`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum QueueName {
    Step,
    Crawl,
    Judge,
    Start,
    Notice,
}

impl QueueName {
    pub(crate) const ALL: [Self; 5] = [
        Self::Step,
        Self::Crawl,
        Self::Judge,
        Self::Start,
        Self::Notice,
    ];

    /// The queue of a message; planning is not simulated.
    pub(crate) const fn of(message: &Message) -> Option<Self> {
        match message {
            Message::Step { lane, .. } => match lane {
                Lane::Step => Some(Self::Step),
                Lane::Crawl => Some(Self::Crawl),
            },
            Message::Judge { .. } => Some(Self::Judge),
            Message::Start { .. } => Some(Self::Start),
            Message::AskApproval { .. } | Message::Deliver { .. } => Some(Self::Notice),
            Message::Plan { .. }
            | Message::Assess { .. }
            | Message::Tell { .. }
            | Message::MailReturned { .. } => None,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Crawl => "crawl",
            Self::Judge => "judge",
            Self::Start => "start",
            Self::Notice => "notice",
        }
    }

    /// `Timeout`, in milliseconds.
    pub(crate) const fn timeout_ms(self) -> u64 {
        match self {
            Self::Step | Self::Crawl => 630_000,
            Self::Judge => 60_000,
            Self::Start | Self::Notice => 30_000,
        }
    }

    /// `VisibilityTimeout`, in milliseconds: six times the timeout.
    pub(crate) const fn visibility_ms(self) -> u64 {
        self.timeout_ms() * 6
    }

    /// `BatchSize`.
    pub(crate) const fn batch(self) -> usize {
        match self {
            Self::Step | Self::Crawl | Self::Judge | Self::Notice => 1,
            Self::Start => 10,
        }
    }

    /// `MaximumConcurrency`.
    pub(crate) const fn concurrency(self) -> usize {
        match self {
            Self::Step | Self::Crawl => 16,
            Self::Judge | Self::Start | Self::Notice => 8,
        }
    }
}

/// A message as the queue holds it.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) id: u64,
    pub(crate) lane: QueueName,
    pub(crate) body: String,
    pub(crate) visible_ms: u64,
    pub(crate) receives: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    letters: Vec<Letter>,
    sent: u64,
    /// Nobody receives until then, in milliseconds since the beginning.
    pub(crate) closed_until: u64,
    /// A message is removed as it is taken, whatever becomes of it.
    pub(crate) forgets: bool,
}

impl Queue {
    pub(crate) fn push(&mut self, lane: QueueName, body: String, visible_ms: u64) {
        self.sent += 1;
        self.letters.push(Letter {
            id: self.sent,
            lane,
            body,
            visible_ms,
            receives: 0,
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.letters.len()
    }

    /// When the next message can be taken, in milliseconds since the beginning.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        let next = self.letters.iter().map(|letter| letter.visible_ms).min()?;
        Some(next.max(self.closed_until))
    }

    /// The ids of what can be taken of a lane now.
    pub(crate) fn visible(&self, lane: QueueName, now_ms: u64) -> Vec<u64> {
        if now_ms < self.closed_until {
            return Vec::new();
        }
        self.letters
            .iter()
            .filter(|letter| letter.lane == lane && letter.visible_ms <= now_ms)
            .map(|letter| letter.id)
            .collect()
    }

    /// Takes a message: it is hidden for its visibility timeout. `Err`: it was taken too often, and is dead.
    pub(crate) fn take(&mut self, id: u64, now_ms: u64) -> Option<Result<Letter, Letter>> {
        let i = self.letters.iter().position(|letter| letter.id == id)?;
        let letter = &mut self.letters[i];
        letter.receives += 1;
        if letter.receives > MOST_RECEIVES {
            return Some(Err(self.letters.remove(i)));
        }
        letter.visible_ms = now_ms + letter.lane.visibility_ms();
        let taken = letter.clone();
        if self.forgets {
            self.letters.remove(i);
        }
        Some(Ok(taken))
    }

    pub(crate) fn delete(&mut self, id: u64) {
        self.letters.retain(|letter| letter.id != id);
    }

    /// Hides a message until then.
    pub(crate) fn hide(&mut self, id: u64, until_ms: u64) {
        for letter in self.letters.iter_mut().filter(|letter| letter.id == id) {
            letter.visible_ms = until_ms;
        }
    }

    /// Loses everything.
    pub(crate) fn wipe(&mut self) -> usize {
        std::mem::take(&mut self.letters).len()
    }
}
