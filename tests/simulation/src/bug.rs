//! Known-bad switches. Each is an error somebody could make; the simulation must catch every one of them.

use async_trait::async_trait;
use domain::approval::{Choice, DecisionChannel, Verdict};
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::ports::Message;
use engine::{Engine, seeded_bugs};
use nightdesk_notifier::Notifier;

use crate::workflows::OWNER;

/// A bug that can be let loose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Bug {
    /// The store writes a run whatever its revision.
    RevisionIgnored,
    /// The store writes an approval whatever its revision.
    DecisionIgnored,
    /// The store sets aside credits that nobody has.
    CreditsIgnored,
    /// The store writes a session whatever its revision.
    SessionIgnored,
    /// The store reads a count of places, and writes it later.
    CountedThenWritten,
    /// The store does not recognise what the same writer has written.
    WriterIgnored,
    /// The store leaves out the last write of a commit.
    HalfWritten,
    /// The store numbers an event wrongly.
    EventMisnumbered,
    /// The index of what is due forgets runs.
    RunsNotDue,
    /// The index of what is due forgets approvals.
    ApprovalsNotDue,
    /// Credits are settled once more after the end.
    SettledTwice,
    /// A message is removed as it is taken.
    AcknowledgedFirst,
    /// A message whose step is held elsewhere is removed.
    HeldAcknowledged,
    /// A message that failed is removed.
    FailedAcknowledged,
    /// A mail that may have gone out counts as not sent.
    MailGuessed,
    /// Every attempt of a post has a key of its own.
    KeyOfAttempt,
    /// A search that failed is an empty list.
    EmptySearch,
    /// A counter is read, and then written.
    ReadThenWritten,
    /// Asking a person decides for them.
    NotifierDecides,
    /// What is in the engine or in a function.
    Inside(seeded_bugs::Bug),
}

/// A mail scanner that opens every link, where opening one decides ([`Bug::NotifierDecides`]).
pub(crate) struct Scanner {
    pub(crate) notifier: Notifier,
    pub(crate) engine: Engine,
}

#[async_trait]
impl Consumer for Scanner {
    async fn handle(&self, delivery: Delivery) -> Disposition {
        let message = delivery.message.clone();
        let disposition = self.notifier.handle(delivery).await;
        if let Message::AskApproval { owner, approval } = &message {
            let verdict = Verdict {
                by: OWNER.to_owned(),
                choice: Choice::Approve,
                comment: None,
                channel: DecisionChannel::Mail,
                seen_sha256: None,
                has_code: false,
            };
            drop(self.engine.decide(owner, approval, &verdict, None).await);
        }
        disposition
    }
}
