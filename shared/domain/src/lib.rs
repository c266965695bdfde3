pub mod approval;
pub mod credits;
pub mod digest;
pub mod execution;
pub mod fault;
pub mod ids;
pub mod owner;
pub mod plan;
pub mod planning;
pub mod reader;
pub mod results;
pub mod signature;
pub mod text;
mod words;
pub mod workflow;

// owned by the web helper
pub mod egress;
pub mod url_identity;

// owned by the watching helper
pub mod difference;
pub mod patrol;
pub mod schedule;
pub mod selection;
pub mod stop_condition;
