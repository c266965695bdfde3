//! Every history of a run, within bounds: the domain's own types and its own `apply`, between actors that load,
//! wait, write under a condition, die, repeat and race in every order there is.
//!
//! The simulation next door runs the real handlers along many histories; this runs the real transition
//! function along all of them. What is abstracted, what the bounds are and why they are enough stands in the
//! crate's README.

mod action;
mod bug;
mod canonical;
mod commit;
mod healing;
mod life;
mod people;
mod promises;
mod report;
mod scenario;
mod scenarios;
mod state;
mod tally;
mod walk;
mod way_out;
mod worker;

use libtest_mimic::Arguments;

fn main() {
    let arguments = Arguments::from_args();
    let conclusion = libtest_mimic::run(&arguments, walk::trials());
    walk::say_the_sum();
    conclusion.exit();
}
