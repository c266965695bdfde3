#![doc = include_str!("../README.md")]

pub mod approval;
pub mod credits;
pub mod difference;
pub mod digest;
pub mod egress;
pub mod execution;
pub mod fault;
pub mod ids;
pub mod owner;
pub mod pacing;
pub mod patrol;
mod percent;
pub mod plan;
pub mod planning;
pub mod reader;
pub mod results;
pub mod robots;
pub mod schedule;
pub mod selection;
pub mod signature;
pub mod stop_condition;
pub mod text;
pub mod url_identity;
mod words;
pub mod workflow;
