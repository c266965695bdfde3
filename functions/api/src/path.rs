//! Ids in paths. A text that is no id of the kind names nothing, and so does an id of another owner:
//! both are the same 404.

use domain::ids::{
    ApprovalId, DeliveryId, DestinationId, ExecutionId, OwnerId, PlanningId, SessionId, SignalId,
    TokenId, WorkflowId,
};

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::app::App;
use crate::problem::Problem;

/// An id as it stands in a path.
pub(crate) trait PathId: Sized + Send {
    fn read(text: &str) -> Option<Self>;
}

macro_rules! path_ids {
    ($($id:ident),+) => {$(
        impl PathId for $id {
            fn read(text: &str) -> Option<Self> {
                Self::parse(text).ok()
            }
        }
    )+};
}

path_ids!(
    ApprovalId,
    DeliveryId,
    DestinationId,
    ExecutionId,
    OwnerId,
    PlanningId,
    SessionId,
    SignalId,
    TokenId,
    WorkflowId
);

/// The id in the path's one parameter.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: PathId> FromRequestParts<App> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let text = axum::extract::Path::<String>::from_request_parts(parts, app).await;
        text.ok()
            .and_then(|text| T::read(&text.0))
            .map(Self)
            .ok_or_else(Problem::not_found)
    }
}

/// The id in the path's first parameter, and the text of its second.
#[derive(Debug)]
pub(crate) struct IdAnd<T>(pub(crate) T, pub(crate) String);

impl<T: PathId> FromRequestParts<App> for IdAnd<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let texts = axum::extract::Path::<(String, String)>::from_request_parts(parts, app).await;
        let (id, rest) = texts.map_err(|_| Problem::not_found())?.0;
        T::read(&id)
            .map(|id| Self(id, rest))
            .ok_or_else(Problem::not_found)
    }
}
