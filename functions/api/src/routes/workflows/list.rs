//! `GET /v1/workflows`: which of them, in which order, page by page.

use axum::Json;
use domain::workflow::WorkflowStatus;
use engine::listing::{Listed, Selection, SortBy};
use engine::page::{PageOf, Slice};
use serde_json::Value;

use crate::app::App;
use crate::auth::{Caller, Read};
use crate::page::{Asked, List};
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::workflow::{self as wire, LONGEST_TAG, MOST_TAGS};

/// Whose workflows.
#[derive(Clone, Copy)]
enum Scope {
    All,
    Owned,
    Shared,
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Owned => "owned",
            Self::Shared => "shared",
        }
    }
}

/// What is asked for, and the spelling of it that a cursor is bound to.
fn read(query: &mut Query) -> (Scope, Selection, String) {
    let scope = query.word(
        "scope",
        &[Scope::All, Scope::Owned, Scope::Shared],
        Scope::as_str,
    );
    let status = query.word("status", WorkflowStatus::ALL, WorkflowStatus::as_str);
    let search = query.text("search", 200);
    let tags = query.names("tags", MOST_TAGS, LONGEST_TAG);
    let sort_by = query.word("sort_by", SortBy::ALL, SortBy::as_str);
    let ascending = query.word("sort_order", &[true, false], |up| {
        if up { "asc" } else { "desc" }
    });
    let (scope, sort_by) = (
        scope.unwrap_or(Scope::All),
        sort_by.unwrap_or(SortBy::Created),
    );
    let selection = Selection {
        status,
        search,
        tags,
        sort_by,
        descending: !ascending.unwrap_or(sort_by == SortBy::Name),
    };
    let spelling = format!("{}|{selection:?}", scope.as_str());
    (scope, selection, spelling)
}

pub(in crate::routes) async fn list(
    app: App,
    caller: Caller<Read>,
    mut query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::read(&mut query);
    let (scope, selection, filters) = read(&mut query);
    query.finish()?;
    let list = List {
        name: "workflows",
        owner: caller.owner(),
        filters,
    };
    let page = asked.of(&list)?;
    let (store, owner, selection) = (&app.engine.store, caller.owner(), &selection);
    let read = |slice: Slice| async move {
        Ok(match scope {
            Scope::All | Scope::Owned => store.list_workflows(owner, selection, &slice).await?,
            // Nothing is shared yet, so what is shared with the caller is nothing.
            Scope::Shared => PageOf::default(),
        })
    };
    let now = app.engine.now();
    let show = |one: &Listed| wire::object(&one.workflow, one.plan.as_ref(), now).into();
    Ok(Json(page.fitting(&list, read, show).await?))
}
