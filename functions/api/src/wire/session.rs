//! Sessions, and what they remember (API section 7).

use domain::fault::Fault;
use domain::reader::Object;
use domain::session::{Addition, Session, SessionStatus};
use engine::sessions::Remembered;
use serde_json::{Map, Value, json};

use crate::wire::moment::moment;

/// A session as the contract shows it.
pub(crate) fn object(session: &Session) -> Value {
    json!({
        "id": session.id,
        "name": session.name,
        "description": session.description,
        "status": session.status,
        "url_count": session.url_count,
        "created_at": moment(session.created_at),
        "updated_at": moment(session.updated_at),
    })
}

/// A URL that a session remembers.
pub(crate) fn url(remembered: &Remembered) -> Value {
    let Remembered { seen, with } = remembered;
    json!({
        "url": seen.url,
        "title": seen.title,
        "first_seen": moment(with.at),
        "workflow_id": with.workflow,
        "execution_id": with.execution,
    })
}

/// What a run added.
pub(crate) fn addition(addition: &Addition) -> Value {
    json!({
        "at": moment(addition.at),
        "workflow_id": addition.workflow,
        "execution_id": addition.execution,
        "url_count": addition.count,
    })
}

fn description(object: &mut Object<'_>) -> Option<String> {
    let text = object.text("description", 0..=2000);
    text.filter(|text| !text.is_empty())
}

/// A session to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewSession {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
}

/// Reads the body of `POST /v1/sessions`.
///
/// # Errors
/// Every fault.
pub(crate) fn create(body: &Value) -> Result<NewSession, Vec<Fault>> {
    let mut object = Object::new(body, "");
    let name = object.name("name", 1..=255);
    let name = object.required("name", name);
    let description = description(&mut object);
    object.finish(name.map(|name| NewSession { name, description }))
}

/// What `PATCH /v1/sessions/{id}` changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionChange {
    name: Option<String>,
    /// `Some(None)`: it has none any more.
    description: Option<Option<String>>,
    status: Option<SessionStatus>,
}

impl SessionChange {
    /// The session after the change.
    pub(crate) fn apply(&self, before: &Session) -> Session {
        let mut session = before.with(self.status.unwrap_or(before.status));
        if let Some(name) = &self.name {
            session.name.clone_from(name);
        }
        if let Some(description) = &self.description {
            session.description.clone_from(description);
        }
        session
    }
}

/// Reads the body of `PATCH /v1/sessions/{id}`.
///
/// # Errors
/// Every fault; an empty object is one.
pub(crate) fn change(body: &Value) -> Result<SessionChange, Vec<Fault>> {
    let mut object = Object::new(body, "");
    if body.as_object().is_some_and(Map::is_empty) {
        object.extend([Fault::invalid(
            "",
            "changes nothing: give at least one field",
        )]);
    }
    for field in ["name", "status"] {
        if object.is_null(field) {
            object.fault(field, "cannot be unset");
        }
    }
    let given = object.has("description");
    let change = SessionChange {
        name: object.name("name", 1..=255),
        description: given.then(|| description(&mut object)),
        status: object.word("status", SessionStatus::ALL, SessionStatus::as_str),
    };
    object.finish(Some(change))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_together() {
        let paths = |faults: Vec<Fault>| -> Vec<String> {
            faults.into_iter().map(|fault| fault.path).collect()
        };
        let bad = json!({"name": "", "description": 3, "url_count": 1});
        assert_eq!(
            paths(create(&bad).unwrap_err()),
            ["/name", "/description", "/url_count"]
        );
        assert_eq!(paths(create(&json!({})).unwrap_err()), ["/name"]);
        let bad = json!({"name": null, "status": "open"});
        assert_eq!(paths(change(&bad).unwrap_err()), ["/name", "/status"]);
        assert_eq!(paths(change(&json!({})).unwrap_err()), [""]);
    }

    #[test]
    fn null_takes_the_description_away_and_nothing_leaves_it() {
        let of = |body: Value| change(&body).unwrap().description;
        assert_eq!(of(json!({"description": null})), Some(None));
        assert_eq!(of(json!({"description": "d"})), Some(Some("d".to_owned())));
        assert_eq!(of(json!({"name": "n"})), None);
    }
}
