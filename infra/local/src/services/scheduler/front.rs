//! The REST protocol of EventBridge Scheduler: `/schedules` and `/schedules/{Name}`.

use http::{Method, Request, StatusCode};
use hyper::body::Bytes;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::definition::Definition;
use super::{DEFAULT_GROUP, Scheduler, SchedulerError};
use crate::services::wire::{Answer, Service, json as json_answer, perhaps_lost, with_header};
use crate::usage::Api;

const MEDIA_TYPE: &str = "application/json";
const LONGEST_NAME: usize = 64;
const LARGEST_PAGE: usize = 100;

#[async_trait::async_trait]
impl Service for Scheduler {
    async fn answer(&self, request: Request<Bytes>) -> Answer {
        let path = request.uri().path();
        let name = path.strip_prefix("/schedules/");
        let operation = match (request.method(), name) {
            (&Method::POST, Some(_)) => "CreateSchedule",
            (&Method::PUT, Some(_)) => "UpdateSchedule",
            (&Method::GET, Some(_)) => "GetSchedule",
            (&Method::DELETE, Some(_)) => "DeleteSchedule",
            (&Method::GET, None) if path == "/schedules" => "ListSchedules",
            _ => {
                return refusal(
                    StatusCode::NOT_FOUND,
                    "UnknownOperationException",
                    "The local host does not offer this.",
                );
            }
        };
        self.usage.requested(Api::Scheduler, operation);
        if self.faults.throttles() {
            return refusal(
                StatusCode::TOO_MANY_REQUESTS,
                "ThrottlingException",
                "Rate exceeded",
            );
        }
        match self.perform(operation, name.unwrap_or_default(), &request) {
            Ok(body) => {
                let changes = !matches!(operation, "GetSchedule" | "ListSchedules");
                let lost = if changes {
                    self.faults.loses_answer()
                } else {
                    None
                };
                perhaps_lost(
                    lost,
                    json_answer(StatusCode::OK, MEDIA_TYPE, &body),
                    internal_error,
                )
            }
            Err(error) => refused(&error),
        }
    }
}

impl Scheduler {
    fn perform(
        &self,
        operation: &str,
        name: &str,
        request: &Request<Bytes>,
    ) -> Result<Value, SchedulerError> {
        if operation == "ListSchedules" {
            return self.page(Query::of(
                request,
                &[
                    "ScheduleGroup",
                    "NamePrefix",
                    "State",
                    "MaxResults",
                    "NextToken",
                ],
            )?);
        }
        check_name("Name", name)?;
        match operation {
            "CreateSchedule" | "UpdateSchedule" => {
                Query::of(request, &[])?;
                let (group, token, definition) = parse(request.body())?;
                let arn = if operation == "CreateSchedule" {
                    self.create(&group, name, &definition, token.as_deref())
                } else {
                    self.update(&group, name, &definition, token.as_deref())
                };
                Ok(json!({ "ScheduleArn": arn? }))
            }
            "DeleteSchedule" => {
                let query = Query::of(request, &["groupName", "clientToken"])?;
                let token = query.get("clientToken");
                check_token(token)?;
                self.delete(&query.group("groupName")?, name, token)?;
                Ok(json!({}))
            }
            _ => self.get(
                &Query::of(request, &["groupName"])?.group("groupName")?,
                name,
            ),
        }
    }

    /// A page of schedules, in the order of group and name; the token is the place in that order.
    fn page(&self, query: Query) -> Result<Value, SchedulerError> {
        if let Some(group) = query.get("ScheduleGroup") {
            self.check_group(group)?;
        }
        let size = match query.get("MaxResults").map(str::parse) {
            None => LARGEST_PAGE,
            Some(Ok(size @ 1..=LARGEST_PAGE)) => size,
            Some(_) => {
                return Err(SchedulerError::Invalid(format!(
                    "MaxResults is 1 to {LARGEST_PAGE}"
                )));
            }
        };
        let skipped: usize = match query.get("NextToken").map(str::parse) {
            None => 0,
            Some(Ok(skipped)) => skipped,
            Some(Err(_)) => {
                return Err(SchedulerError::Invalid(
                    "NextToken is not one of ours".into(),
                ));
            }
        };
        let fits = |document: &Value, field: &str, parameter: &str| {
            query
                .get(parameter)
                .is_none_or(|wanted| document[field] == wanted)
        };
        let all: Vec<Value> = self
            .list()?
            .into_iter()
            .filter(|document| {
                fits(document, "GroupName", "ScheduleGroup") && fits(document, "State", "State")
            })
            .filter(|document| {
                let prefix = query.get("NamePrefix").unwrap_or_default();
                document["Name"]
                    .as_str()
                    .is_some_and(|name| name.starts_with(prefix))
            })
            .collect();
        let schedules: Vec<Value> = all.iter().skip(skipped).take(size).map(summary).collect();
        let mut page = json!({ "Schedules": schedules });
        if all.len() > skipped.saturating_add(size) {
            page["NextToken"] = json!((skipped + size).to_string());
        }
        Ok(page)
    }
}

fn summary(document: &Value) -> Value {
    let mut summary = Map::new();
    for field in [
        "Arn",
        "Name",
        "GroupName",
        "State",
        "CreationDate",
        "LastModificationDate",
    ] {
        summary.insert(field.to_owned(), document[field].clone());
    }
    summary.insert(
        "Target".to_owned(),
        json!({ "Arn": document["Target"]["Arn"] }),
    );
    Value::Object(summary)
}

/// Splits a body into the group, the client token and the definition.
fn parse(body: &[u8]) -> Result<(String, Option<String>, Definition), SchedulerError> {
    let invalid = |error: serde_json::Error| SchedulerError::Invalid(error.to_string());
    let mut fields: Map<String, Value> = serde_json::from_slice(body).map_err(invalid)?;
    let mut text = |field: &str| match fields.remove(field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(SchedulerError::Invalid(format!("{field} is a string"))),
    };
    let group = text("GroupName")?.unwrap_or_else(|| DEFAULT_GROUP.to_owned());
    let token = text("ClientToken")?;
    check_name("GroupName", &group)?;
    check_token(token.as_deref())?;
    let definition = serde_json::from_value(Value::Object(fields)).map_err(invalid)?;
    Ok((group, token, definition))
}

fn check_name(field: &str, name: &str) -> Result<(), SchedulerError> {
    let fits = (1..=LONGEST_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if fits {
        Ok(())
    } else {
        Err(SchedulerError::Invalid(format!(
            "{field} is 1 to {LONGEST_NAME} of 0-9 a-z A-Z - _ ."
        )))
    }
}

fn check_token(token: Option<&str>) -> Result<(), SchedulerError> {
    let fits = token.is_none_or(|token| {
        (1..=LONGEST_NAME).contains(&token.len())
            && token
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    });
    if fits {
        Ok(())
    } else {
        Err(SchedulerError::Invalid(format!(
            "ClientToken is 1 to {LONGEST_NAME} of 0-9 a-z A-Z - _"
        )))
    }
}

/// The query parameters of a request, each known and given once.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(request: &Request<Bytes>, known: &[&str]) -> Result<Self, SchedulerError> {
        let query = request.uri().query().unwrap_or_default();
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // The SDKs name the operation for their own logs.
            if name == "x-id" {
                continue;
            }
            if !known.contains(&name.as_ref()) || parameters.iter().any(|(seen, _)| *seen == name) {
                return Err(SchedulerError::Invalid(format!(
                    "the query parameter {name} is unknown or given twice"
                )));
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(parameters))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    fn group(&self, name: &str) -> Result<String, SchedulerError> {
        let group = self.get(name).unwrap_or(DEFAULT_GROUP);
        check_name("GroupName", group)?;
        Ok(group.to_owned())
    }
}

fn refused(error: &SchedulerError) -> Answer {
    let message = error.to_string();
    match error {
        SchedulerError::Invalid(_) => {
            refusal(StatusCode::BAD_REQUEST, "ValidationException", &message)
        }
        SchedulerError::NotFound(_) => {
            refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message)
        }
        SchedulerError::Conflict(_) => refusal(StatusCode::CONFLICT, "ConflictException", &message),
        SchedulerError::State(error) => {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "the schedules could not be read or written"
            );
            internal_error()
        }
    }
}

fn internal_error() -> Answer {
    refusal(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalServerException",
        "An unexpected error occurred.",
    )
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Answer {
    with_header(
        json_answer(status, MEDIA_TYPE, &json!({ "Message": message })),
        "x-amzn-errortype",
        code,
    )
}
