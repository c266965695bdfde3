#![doc = include_str!("../README.md")]

mod admission;
mod answer_size;
mod app;
mod assessment;
mod auth;
mod challenge;
mod etag;
mod extract;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gateway;
mod openapi;
mod page;
mod pages;
mod path;
mod problem;
mod query;
mod replay;
mod request_id;
mod routes;
pub mod start;
mod waiting;
mod wire;

#[cfg(test)]
mod tests;

pub use app::{App, Settings, SettingsError};
pub use routes::router;
pub use start::run;
