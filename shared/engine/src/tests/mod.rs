//! The verbs over the ports in memory (feature `memory`).

mod credits;
mod dead_letters;
mod ends;
mod histories;
mod notices;
mod planning;
mod reruns;
mod world;
