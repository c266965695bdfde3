#![doc = include_str!("../README.md")]

pub mod config;
pub mod crawl;
mod encoding;
pub mod feed;
mod http;
pub mod images;
#[cfg(test)]
mod loopback;
pub mod model;
pub mod page;
mod retry_after;
mod roots;
pub mod search;
mod secret;
pub mod site;
#[cfg(test)]
mod thread_time;
pub mod webhook;

pub use http::ClientError;
pub use secret::Secret;
