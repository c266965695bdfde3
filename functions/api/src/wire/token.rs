//! Tokens, and the calls made with them (API section 2).

use domain::fault::{Code, Fault};
use domain::owner::{Permission, Token};
use domain::rate::RateLimit;
use domain::reader::Object;
use engine::ports::usage::Call;
use engine::tokens::NewToken;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::wire::moment::moment;

/// The highest limit anybody may set.
const MOST_PER_WINDOW: u32 = 10_000_000;

/// A token as the contract shows it.
pub(crate) fn object(token: &Token, last_used_at: Option<Timestamp>) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("id", token.id.as_str().into());
    put("token_name", token.name.clone().into());
    put("token_prefix", token.prefix.clone().into());
    put("permissions", json!(token.permissions));
    put("rate_limit_per_hour", token.limit.per_hour.into());
    put("rate_limit_per_day", token.limit.per_day.into());
    put("is_active", token.revoked_at.is_none().into());
    put("last_used_at", moment(last_used_at));
    put("created_at", moment(token.created_at));
    put("expires_at", moment(token.expires_at));
    object
}

/// One line of a token's log.
pub(crate) fn call(call: &Call) -> Value {
    json!(call)
}

/// What a token may be given: no more than the one that asks has itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Giver<'a> {
    pub(crate) token: &'a Token,
    pub(crate) now: Timestamp,
}

impl Giver<'_> {
    fn permissions(&self, object: &mut Object<'_>) -> Option<Vec<Permission>> {
        let words = object.texts("permissions", 1..=Permission::ALL.len(), 1..=20)?;
        let mut permissions = Vec::new();
        for (i, word) in words.iter().enumerate() {
            let field = format!("permissions/{i}");
            let known = Permission::ALL.iter().find(|known| known.as_str() == word);
            match known {
                None => refuse(object, &field, Code::ValidationFailed, &all_words()),
                Some(permission) if !self.token.may(*permission) => {
                    let message = "is a permission that this token does not have itself";
                    refuse(object, &field, Code::ValidationFailed, message);
                }
                Some(permission) if !permissions.contains(permission) => {
                    permissions.push(*permission);
                }
                Some(_) => {}
            }
        }
        Some(permissions)
    }

    fn limit(&self, object: &mut Object<'_>, field: &'static str, own: u32) -> Option<u32> {
        let most = if self.token.may(Permission::Admin) {
            MOST_PER_WINDOW
        } else {
            own
        };
        object.count(field, 1..=most)
    }

    fn per_hour(&self, object: &mut Object<'_>) -> Option<u32> {
        self.limit(object, "rate_limit_per_hour", self.token.limit.per_hour)
    }

    fn per_day(&self, object: &mut Object<'_>) -> Option<u32> {
        self.limit(object, "rate_limit_per_day", self.token.limit.per_day)
    }

    /// The end that is given: `Some(None)` for none at all, `None` where nothing is said.
    fn expires_at(&self, object: &mut Object<'_>) -> Option<Option<Timestamp>> {
        let given = if object.is_null("expires_at") {
            object.raw("expires_at");
            None
        } else {
            Some(object.instant("expires_at")?)
        };
        if given.is_some_and(|at| at <= self.now) {
            object.fault("expires_at", "must be in the future");
        }
        if let Some(own) = self.token.expires_at
            && given.is_none_or(|at| at > own)
        {
            let message = format!("must not be after {own}, when this token itself expires");
            object.fault("expires_at", message);
        }
        Some(given)
    }
}

/// Adds a fault at an element of a field's array.
fn refuse(object: &mut Object<'_>, place: &str, code: Code, message: &str) {
    let path = format!("/{place}");
    object.extend([Fault::new(path, code, message)]);
}

fn all_words() -> String {
    let words: Vec<&str> = Permission::ALL.iter().map(|word| word.as_str()).collect();
    format!("must be one of {}", words.join(", "))
}

/// Reads the body of `POST /v1/tokens`.
///
/// # Errors
/// Every fault.
pub(crate) fn create(body: &Value, giver: &Giver<'_>) -> Result<NewToken, Vec<Fault>> {
    let mut object = Object::new(body, "");
    let name = object.name("token_name", 1..=255);
    let name = object.required("token_name", name);
    // Of the default what the giver has; managing tokens is given by name only.
    let mut usual = Permission::by_default();
    usual.retain(|permission| giver.token.may(*permission));
    let given = given(&mut object, giver, usual);
    object.finish(name.map(|name| NewToken { name, ..given }))
}

/// Reads the body of `POST /v1/owners/{id}/tokens`, which may be empty: whoever needs a token in a hurry need not name it.
///
/// # Errors
/// Every fault.
pub(crate) fn recover(body: &Value, giver: &Giver<'_>) -> Result<NewToken, Vec<Fault>> {
    let mut object = Object::new(body, "");
    let name = object.name("token_name", 1..=255);
    let mut given = given(&mut object, giver, Permission::of_first());
    given.name = name.unwrap_or_else(|| "given by the administrator".to_owned());
    object.finish(Some(given))
}

/// Reads what a token is given beside its name. `usual` are its permissions where none are named.
fn given(object: &mut Object<'_>, giver: &Giver<'_>, usual: Vec<Permission>) -> NewToken {
    let permissions = giver.permissions(object).unwrap_or(usual);
    let default = RateLimit::default();
    let limit = RateLimit {
        per_hour: giver
            .per_hour(object)
            .unwrap_or_else(|| default.per_hour.min(giver.token.limit.per_hour)),
        per_day: giver
            .per_day(object)
            .unwrap_or_else(|| default.per_day.min(giver.token.limit.per_day)),
    };
    let expires_at = giver.expires_at(object).unwrap_or(giver.token.expires_at);
    NewToken {
        name: String::new(),
        permissions,
        limit,
        expires_at,
    }
}

/// What `PATCH /v1/tokens/{id}` changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenChange {
    name: Option<String>,
    permissions: Option<Vec<Permission>>,
    per_hour: Option<u32>,
    per_day: Option<u32>,
    pub(crate) is_active: Option<bool>,
    /// `Some(None)`: it does not expire any more.
    expires_at: Option<Option<Timestamp>>,
}

impl TokenChange {
    /// The token after the change, made at `now`.
    pub(crate) fn apply(&self, before: &Token, now: Timestamp) -> Token {
        let mut token = before.clone();
        if let Some(name) = &self.name {
            token.name.clone_from(name);
        }
        if let Some(permissions) = &self.permissions {
            token.permissions.clone_from(permissions);
        }
        token.limit.per_hour = self.per_hour.unwrap_or(token.limit.per_hour);
        token.limit.per_day = self.per_day.unwrap_or(token.limit.per_day);
        if self.is_active == Some(false) {
            token.revoked_at = Some(now);
        }
        token.expires_at = self.expires_at.unwrap_or(token.expires_at);
        token
    }
}

/// Reads the body of `PATCH /v1/tokens/{id}`.
///
/// # Errors
/// Every fault; an empty object is one.
pub(crate) fn change(body: &Value, giver: &Giver<'_>) -> Result<TokenChange, Vec<Fault>> {
    let mut object = Object::new(body, "");
    if body.as_object().is_some_and(Map::is_empty) {
        object.extend([Fault::invalid("", "must change something")]);
    }
    let expires_at = giver.expires_at(&mut object);
    for field in [
        "token_name",
        "permissions",
        "rate_limit_per_hour",
        "rate_limit_per_day",
        "is_active",
    ] {
        if object.is_null(field) {
            object.fault(field, "cannot be unset");
        }
    }
    let change = TokenChange {
        name: object.name("token_name", 1..=255),
        permissions: giver.permissions(&mut object),
        per_hour: giver.per_hour(&mut object),
        per_day: giver.per_day(&mut object),
        is_active: object.boolean("is_active"),
        expires_at,
    };
    object.finish(Some(change))
}
