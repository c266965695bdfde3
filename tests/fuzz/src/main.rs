//! Strangers' bytes against the readers that take them: seeds, and inputs made of them. What is promised,
//! and how to hunt longer, `tests/README.md` says.

mod bombs;
mod cost;
mod dice;
mod hunt;
mod minimisation;
mod mutation;
mod seeds;
mod target;
mod targets;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::target::{ALL, Target};

fn trial(name: String, target: &'static Target, run: fn(&Target)) -> Trial {
    Trial::test(name, move || {
        run(target);
        Ok::<(), Failed>(())
    })
}

fn main() {
    let arguments = Arguments::from_args();
    target::quieten_panics();
    let trials = ALL.iter().flat_map(|target| {
        let bombs = format!("{}::bombs", target.name);
        let bombs = (!target.bombs.is_empty()).then(|| trial(bombs, target, Target::defuse));
        [
            trial(format!("{}::seeds", target.name), target, hunt::replay),
            trial(format!("{}::hunt", target.name), target, hunt::hunt),
        ]
        .into_iter()
        .chain(bombs)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
