//! The recorded events, and what must come of each.
//!
//! `tests/it/events/<function>/` holds them as AWS delivers them (accounts, addresses and ids are made
//! up). Every file there is given to its function; a file nobody expects anything of fails the check.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// The token of the owner whose requests are among the events.
pub(crate) const TOKEN: &str = "nd_the-token-of-the-release-check-0001";

/// The message in the batches that no version of this house has written.
const BAD_RECORD: &str = "2e1424d4-f796-459a-8184-9c92662be6da";

/// What an event must come to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    /// An answer for API Gateway with this status and this content type.
    Http(u16, &'static str),
    /// The way to the first page, with a cookie for encrypted connections only.
    SignedIn,
    /// A partial batch answer that names exactly these messages.
    Failed(&'static [&'static str]),
    /// The counts of a sweep that found nothing.
    NothingSwept,
}

/// One event of a function.
pub(crate) struct Recorded {
    /// The file's name without its ending.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) expected: Expected,
}

/// The events of a function, in the order of their names.
///
/// # Errors
/// There are none, or one that nothing is expected of.
pub(crate) fn of(function: &str) -> Result<Vec<Recorded>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("events")
        .join(function);
    let mut paths = fs::read_dir(&folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    let mut events = Vec::new();
    for path in paths {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let expected = expected(function, &name)
            .ok_or_else(|| format!("nothing is expected of {function}/{name}"))?;
        let text = fs::read_to_string(&path)?;
        events.push(Recorded {
            name,
            text,
            expected,
        });
    }
    if events.is_empty() {
        return Err(format!("{} has no events", folder.display()).into());
    }
    Ok(events)
}

fn expected(function: &str, event: &str) -> Option<Expected> {
    Some(match (function, event) {
        ("api", "health") => Expected::Http(200, "application/json"),
        ("api", "create_without_token") => Expected::Http(401, "application/problem+json"),
        ("api", "assess_with_token") => Expected::Http(200, "application/json"),
        // API Gateway sends forms as base64. The answer is right only if this one was decoded.
        ("api", "sign_in_with_base64_form") => Expected::SignedIn,
        ("api", "decide_by_unknown_link") => Expected::Http(404, "text/html"),
        // Its workflow does not exist: the schedule is an orphan, which is removed.
        ("execution-starter", "scheduler_input") => Expected::Failed(&[]),
        // The other record is about something that does not exist, and is dealt with by saying so.
        (_, "one_bad_record") => Expected::Failed(&[BAD_RECORD]),
        ("sweeper", "schedule") => Expected::NothingSwept,
        _ => return None,
    })
}

impl Expected {
    /// Holds an answer against what was expected.
    ///
    /// # Errors
    /// What is different.
    pub(crate) fn hold_against(self, answer: &Value) -> Result<(), String> {
        let same = match self {
            Self::Http(status, content_type) => {
                let given = answer["headers"]["content-type"]
                    .as_str()
                    .unwrap_or_default();
                answer["statusCode"] == status
                    && given.split(';').next() == Some(content_type)
                    && answer["isBase64Encoded"] == false
                    && answer["body"].as_str().is_some_and(|body| !body.is_empty())
            }
            Self::SignedIn => {
                let cookie = answer["cookies"][0].as_str().unwrap_or_default();
                answer["statusCode"] == 303
                    && answer["headers"]["location"] == "/"
                    && cookie.starts_with("__Host-nightdesk=nds_")
                    && cookie.contains("; Secure")
            }
            Self::Failed(ids) => {
                let named: Vec<Value> = ids
                    .iter()
                    .map(|id| json!({ "itemIdentifier": id }))
                    .collect();
                *answer == json!({ "batchItemFailures": named })
            }
            Self::NothingSwept => *answer == json!({ "nudged": 0, "failed": 0, "dead_letters": 0 }),
        };
        if same {
            Ok(())
        } else {
            Err(format!("expected {self:?}, the answer was {answer}"))
        }
    }
}
