//! `GET /v1/me/export`: everything that is kept of an owner, as JSON lines.
//!
//! A page ends by bytes, not by a number of objects: a function's answer has at most 6 MB (Lambda quotas), and one run
//! with its log may be large. The last line of each page says with which cursor the next one begins, or `null`. An
//! object that is written during an export may be missing from it.
//!
//! Left out: secrets, hashes of tokens, and the outputs of steps, whose addresses stand with their run.

use axum::response::{IntoResponse, Response};
use domain::fault::Code;
use domain::ids::WorkflowId;
use engine::listing::Selection;
use engine::page::{Begin, PageOf, Reached, Slice};
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::credits::ENTRIES;
use crate::app::App;
use crate::auth::{Caller, Read};
use crate::page::{self, List};
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::moment::moment;
use crate::wire::{approval, credits, delivery, execution, plan, session, signal, token, workflow};

/// A page takes nothing more once it has this many bytes. What one step adds, a run with the log below or five
/// approvals with their drafts, fits behind it.
const ENOUGH: usize = 2 << 20;
/// How often a page asks the store, empty answers included.
const MOST_STEPS: usize = 40;
/// How many events a line of a run has; the others are read at its own address.
const MOST_EVENTS: usize = 500;

/// What comes after what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Account,
    Workflows,
    Executions,
    Approvals,
    Deliveries,
    Signals,
    Occurrences,
}

impl Kind {
    /// What comes next; `None` at the end.
    fn next(self) -> Option<Self> {
        match self {
            Self::Account => Some(Self::Workflows),
            Self::Workflows => Some(Self::Executions),
            Self::Executions => Some(Self::Approvals),
            Self::Approvals => Some(Self::Deliveries),
            Self::Deliveries => Some(Self::Signals),
            Self::Signals => Some(Self::Occurrences),
            Self::Occurrences => None,
        }
    }

    /// How many objects are asked for at once.
    fn at_once(self) -> usize {
        match self {
            Self::Account | Self::Executions => 1,
            Self::Workflows | Self::Approvals => 5,
            Self::Deliveries | Self::Signals | Self::Occurrences => 100,
        }
    }
}

/// Where an export has come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Stage {
    kind: Kind,
    /// Whose signals or due times are at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workflow: Option<WorkflowId>,
    /// Behind which place of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

impl Stage {
    fn begin(kind: Kind) -> Self {
        Self {
            kind,
            workflow: None,
            place: None,
        }
    }

    fn slice(&self) -> Slice {
        behind(self.place.as_ref(), self.kind.at_once())
    }

    /// Behind this page of the present list; `None` at the list's end.
    fn behind<T>(&self, page: &PageOf<T>) -> Option<Self> {
        let place = page.next.clone()?;
        Some(Self {
            place: Some(place),
            ..self.clone()
        })
    }
}

/// The part of a list behind a place, uncounted.
fn behind(place: Option<&String>, limit: usize) -> Slice {
    let Some(place) = place else {
        return Slice::first(limit);
    };
    let reached = Reached {
        place: place.clone(),
        shown: 0,
        // More than any list has: the end is found, not counted.
        total: usize::MAX,
    };
    Slice {
        limit,
        begin: Begin::Behind(reached),
    }
}

pub(super) async fn export(
    app: App,
    caller: Caller<Read>,
    mut query: Query,
) -> Result<Response, Problem> {
    let cursor = query.text("cursor", page::LONGEST);
    query.finish()?;
    let list = List {
        name: "export",
        owner: caller.owner(),
        filters: String::new(),
    };
    let (mut stage, mut shown) = match cursor {
        None => (Stage::begin(Kind::Account), 0),
        Some(cursor) => {
            let reached = page::open(&cursor, &list);
            reached
                .and_then(|it| Some((serde_json::from_str(&it.place).ok()?, it.shown)))
                .ok_or_else(|| {
                    Problem::new(
                        Code::InvalidCursor,
                        "this cursor belongs to no export of yours",
                    )
                })?
        }
    };
    let mut ended = false;
    let mut lines = String::new();
    for _ in 0..MOST_STEPS {
        if lines.len() >= ENOUGH {
            break;
        }
        let (objects, next) = step(&app, &caller, &stage).await?;
        shown += objects.len();
        for (kind, object) in objects {
            write(&mut lines, kind, object);
        }
        match next.or_else(|| stage.kind.next().map(Stage::begin)) {
            Some(next) => stage = next,
            None => {
                ended = true;
                break;
            }
        }
    }
    let next = (!ended).then(|| {
        let place = serde_json::to_string(&stage).expect("a stage is plain JSON");
        let reached = Reached {
            place,
            shown,
            total: shown,
        };
        page::seal(&reached, &list)
    });
    write(&mut lines, "page", json!({ "next_cursor": next }));
    let kind = [(CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, lines).into_response())
}

fn write(lines: &mut String, kind: &str, object: Value) {
    let line = json!({"kind": kind, "data": object});
    lines.push_str(&line.to_string());
    lines.push('\n');
}

type Objects = Vec<(&'static str, Value)>;

/// The objects of one step, and where the list goes on.
async fn step(
    app: &App,
    caller: &Caller<Read>,
    stage: &Stage,
) -> Result<(Objects, Option<Stage>), Problem> {
    let (store, owner, slice) = (&app.engine.store, caller.owner(), stage.slice());
    match stage.kind {
        Kind::Account => Ok((account(app, caller).await?, None)),
        Kind::Workflows => {
            let page = store
                .list_workflows(owner, &Selection::NEWEST, &slice)
                .await?;
            let mut objects = Objects::new();
            for listed in &page.items {
                let (it, now) = (&listed.workflow, app.engine.now());
                let object = workflow::object(it, listed.plan.as_ref(), now);
                objects.push(("workflow", object.into()));
                for version in 1..=it.plan_version {
                    if let Some(found) = store.plan(owner, &it.id, version).await? {
                        let mut object = plan::object(&found, version);
                        object["workflow_id"] = json!(it.id);
                        objects.push(("plan", object));
                    }
                }
            }
            Ok((objects, stage.behind(&page)))
        }
        Kind::Executions => {
            let page = store.executions(owner, None, None, &slice).await?;
            let mut objects = Objects::new();
            for run in &page.items {
                let mut object = super::executions::answer(app, run).await?;
                let log = app
                    .engine
                    .events_after(owner, &run.id, 0, MOST_EVENTS)
                    .await?;
                let events: Vec<Value> = log.iter().map(execution::event).collect();
                object["events"] = events.into();
                object["events_url"] = format!("/v1/executions/{}/events", run.id).into();
                object["outputs_url"] = format!("/v1/executions/{}/outputs", run.id).into();
                objects.push(("execution", object));
            }
            Ok((objects, stage.behind(&page)))
        }
        Kind::Approvals => {
            let page = store.approvals(owner, None, None, &slice).await?;
            let mut objects = Objects::new();
            for it in &page.items {
                let draft = app.engine.draft(it).await?;
                let object = approval::object(it, &draft);
                objects.push(("approval", object.into()));
            }
            Ok((objects, stage.behind(&page)))
        }
        Kind::Deliveries => {
            let page = store.deliveries(owner, None, &slice).await?;
            let objects = page
                .items
                .iter()
                .map(|it| ("delivery", delivery::object(it)));
            Ok((objects.collect(), stage.behind(&page)))
        }
        Kind::Signals | Kind::Occurrences => of_workflow(app, caller, stage).await,
    }
}

/// Signals or due times: of one workflow after another.
async fn of_workflow(
    app: &App,
    caller: &Caller<Read>,
    stage: &Stage,
) -> Result<(Objects, Option<Stage>), Problem> {
    let (store, owner) = (&app.engine.store, caller.owner());
    let Some(id) = &stage.workflow else {
        return Ok((
            Objects::new(),
            next_workflow(app, caller, stage, None).await?,
        ));
    };
    let (objects, behind) = if stage.kind == Kind::Signals {
        let page = store.signals(owner, id, &stage.slice()).await?;
        let mut objects = Objects::new();
        for it in &page.items {
            let items = app.engine.signal_items(it).await?;
            objects.push(("signal", signal::object(it, &items, &[]).into()));
        }
        (objects, stage.behind(&page))
    } else {
        let page = store.occurrences(owner, id, &stage.slice()).await?;
        let line = |it| {
            let mut object = json!(it);
            object["workflow_id"] = json!(id);
            ("occurrence", object)
        };
        (page.items.iter().map(line).collect(), stage.behind(&page))
    };
    let next = match behind {
        Some(next) => Some(next),
        None => next_workflow(app, caller, stage, Some(id)).await?,
    };
    Ok((objects, next))
}

/// The beginning of the list of the workflow behind this one, or of the first.
async fn next_workflow(
    app: &App,
    caller: &Caller<Read>,
    stage: &Stage,
    last: Option<&WorkflowId>,
) -> Result<Option<Stage>, Problem> {
    let place = last.map(ToString::to_string);
    let slice = behind(place.as_ref(), 1);
    let page = app
        .engine
        .store
        .list_workflows(caller.owner(), &Selection::NEWEST, &slice)
        .await?;
    Ok(page.items.first().map(|listed| Stage {
        workflow: Some(listed.workflow.id.clone()),
        ..Stage::begin(stage.kind)
    }))
}

/// The owner, what they pay with, and what opens the door for them.
async fn account(app: &App, caller: &Caller<Read>) -> Result<Objects, Problem> {
    let (store, owner) = (&app.engine.store, caller.owner());
    let me = store.owner(owner).await?;
    let mut objects: Objects = vec![(
        "owner",
        json!({
            "owner_id": owner,
            "email": me.as_ref().map(|me| me.email.as_str()),
            "team": me.as_ref().and_then(|me| me.team.as_deref()),
            "created_at": moment(me.as_ref().map(|me| me.created_at)),
        }),
    )];
    let ledger = store.ledger(owner, ENTRIES).await?;
    let balance = store.account(owner).await?;
    objects.push(("credits", credits::object(&balance, &ledger)));
    for (_, it) in store.tokens(owner).await? {
        objects.push(("token", token::object(&it, None).into()));
    }
    for it in store.sessions(owner).await? {
        objects.push(("session", session::object(&it)));
    }
    Ok(objects)
}
