//! The code that a strict approval asks for: typed, counted, compared, in this order, whatever the channel.
//!
//! A try is counted before it is looked at, by one atomic addition, so that a hundred at once are a hundred and the
//! sixth of a day is refused even when it is right. Tries count by person and approval: the mailed link, the signed-in
//! page and the API share them. A count that cannot be made refuses: guessing must not be free while the table is slow.

use domain::approval::Approval;
use domain::approval::code::TRIES_A_DAY;
use domain::text::folded_address;
use engine::ports::store::StoreError;
use engine::ports::usage::Counted;
use jiff::SignedDuration;

use crate::admission;
use crate::app::App;

/// Why a decision has no right code with it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unproven {
    #[error("this approval is strict: type the code from the approver's mail")]
    Missing,
    #[error("that is not the code in the mail")]
    Wrong,
    /// No further one is looked at for so long.
    #[error("no further code is taken for this approval today")]
    TooMany(SignedDuration),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether `typed` is the code of `approver` for this approval.
///
/// # Errors
/// It is none, a wrong one, one too many, or the table does not answer.
pub(crate) async fn check(
    app: &App,
    approval: &Approval,
    approver: &str,
    typed: &str,
) -> Result<(), Unproven> {
    if typed.trim().is_empty() {
        return Err(Unproven::Missing);
    }
    let (owner, id) = (&approval.owner, &approval.id);
    let what = Counted::Codes(id.clone(), folded_address(approver));
    // One too many is told from what is counted already, and costs no write.
    if let Some(uses) = admission::used_up(app, owner, &what, &TRIES_A_DAY).await
        && let Some(left) = TRIES_A_DAY.exceeded(&uses)
    {
        return Err(Unproven::TooMany(left));
    }
    let uses = app.usage.count(owner, &what, app.engine.now()).await?;
    if let Some(left) = TRIES_A_DAY.exceeded(&uses) {
        return Err(Unproven::TooMany(left));
    }
    let proof = app.engine.store.code_proof(owner, id, approver).await?;
    // Where no mail went out there is no right code.
    if proof.is_some_and(|proof| proof.accepts(id, approver, typed)) {
        Ok(())
    } else {
        Err(Unproven::Wrong)
    }
}
