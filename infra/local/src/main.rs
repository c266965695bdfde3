//! `nightdesk`: the whole system on one machine. Everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    nightdesk::main()
}
