//! Owners and grants, for whoever administers the installation (API section 2).

use domain::erasure::Erasure;
use domain::fault::{Code, Fault};
use domain::ids::OwnerId;
use domain::owner::Owner;
use domain::reader::Object;
use domain::text;
use serde_json::{Value, json};

use crate::wire::moment::moment;

/// The most credits of one grant.
const MOST_CREDITS: u32 = 1_000_000_000;

/// What `POST /v1/owners` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) email: String,
    pub(crate) team: Option<String>,
}

/// Reads the body of `POST /v1/owners`.
///
/// # Errors
/// Every fault.
pub(crate) fn create(body: &Value) -> Result<Asked, Vec<Fault>> {
    let mut object = Object::new(body, "");
    let email = object.string("email").map(text::normalise);
    let email = object.required("email", email);
    if email.as_deref().is_some_and(|email| !text::is_email(email)) {
        object.fault_code("email", Code::InvalidEmail, "is no e-mail address");
    }
    let team = object.name("team", 1..=100);
    object.finish(email.map(|email| Asked { email, team }))
}

/// A new owner, with the token that is shown this once.
pub(crate) fn created(owner: &Owner, token: &str) -> Value {
    json!({
        "owner_id": owner.id,
        "email": owner.email,
        "team": owner.team,
        "token": token,
        "created_at": moment(owner.created_at),
    })
}

/// An owner who is being erased.
pub(crate) fn erasing(erasure: &Erasure) -> Value {
    json!({
        "owner_id": erasure.owner,
        "status": "erasing",
        "asked_at": moment(erasure.asked_at),
    })
}

/// Reads the body of `POST /v1/credits/grants`.
///
/// # Errors
/// Every fault.
pub(crate) fn grant(body: &Value) -> Result<(OwnerId, u32), Vec<Fault>> {
    let mut object = Object::new(body, "");
    let owner = object.string("owner_id").map(OwnerId::parse);
    let owner = object.required("owner_id", owner).and_then(|owner| {
        owner
            .inspect_err(|error| object.fault("owner_id", error.to_string()))
            .ok()
    });
    let amount = object.count("amount", 1..=MOST_CREDITS);
    let amount = object.required("amount", amount);
    object.finish(owner.zip(amount))
}
