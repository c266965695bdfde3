//! The program `nightdesk`, as a binary of this package, so that tests need no other build.

fn main() -> std::process::ExitCode {
    nightdesk::main()
}
