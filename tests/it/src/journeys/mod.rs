//! Stories through the door, with real processes.

mod approval;
mod execution;
mod patrol;
mod survival;
