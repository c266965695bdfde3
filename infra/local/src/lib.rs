#![doc = include_str!("../README.md")]

pub mod account;
mod activity;
mod cli;
mod clock;
mod console;
mod demo;
mod due;
mod environment;
mod expiry;
mod faults;
mod folder;
mod gateway;
mod host;
mod jump;
mod lambda;
mod local;
mod log;
mod owners;
mod poller;
mod probe;
mod problem;
mod quiet;
mod sample;
mod services;
mod serving;
mod settings;
mod site;
mod state;
mod sweep;
mod system;
mod ticker;
mod token;
pub mod topology;
mod usage;

pub use crate::host::{Host, HostError};
pub use crate::settings::{Hidden, ModelSettings, SearchSettings, Settings};

/// The program `nightdesk`.
#[must_use]
pub fn main() -> std::process::ExitCode {
    cli::run()
}
