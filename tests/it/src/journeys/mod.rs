//! Stories through the door, with real processes.

mod approval;
mod chaos;
mod cost;
mod execution;
mod patrol;
mod survival;
