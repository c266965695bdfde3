//! Attacks that worked once, told as stories: who attacks, what they do, and what the others still have.

mod addresses;
mod approvals;
mod fairness;
mod large_answers;
mod mail;
#[cfg(target_os = "linux")]
mod pages;
mod quotas;
mod retention;
mod secrets;
mod sign_in;
mod throttling;
mod tokens;
mod work;
