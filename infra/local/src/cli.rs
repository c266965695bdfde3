//! The command line.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use crate::host::{Host, HostError};
use crate::lambda::child;
use crate::settings::Settings;
use crate::{console, demo, log, probe, sample};

/// Nightdesk on one machine: no account, no container, no key.
#[derive(Debug, Parser)]
#[command(name = "nightdesk", version, args_conflicts_with_subcommands = true)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and the pages until Ctrl-C (the default).
    Serve(Serve),
    /// Tell the story once, narrated, on a fresh system that keeps nothing, and end.
    Demo {
        /// Another goal than the one the demo brings along.
        goal: Option<String>,
    },
    /// Show what Nightdesk sees: one JSON object a line in, one a line out.
    Probe {
        #[arg(value_parser = PossibleValuesParser::new(probe::kinds()))]
        kind: String,
    },
    /// Run one function against the Runtime API of a host; the host starts these itself.
    #[command(hide = true)]
    Function { name: String },
}

#[derive(Debug, Args)]
struct Serve {
    /// Loopback port of the API and the pages; 0 takes any free one.
    #[arg(long, env = "NIGHTDESK_PORT", default_value = "8787", value_parser = loopback_port)]
    port: u16,
    /// Folder where state lives.
    #[arg(long, env = "NIGHTDESK_DATA", default_value = ".nightdesk")]
    data: PathBuf,
    /// Keep nothing.
    #[arg(long)]
    ephemeral: bool,
    /// Do not make the sample workflow on a first, empty start.
    #[arg(long)]
    no_sample: bool,
    /// Show everything the functions log, not only trouble.
    #[arg(long, short)]
    verbose: bool,
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let line = Line::parse();
    match line.command {
        Some(Command::Function { name }) => match child::run(&name) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(error.as_ref()),
        },
        Some(Command::Demo { goal }) => run_demo(goal),
        Some(Command::Probe { kind }) => run_probe(&kind),
        Some(Command::Serve(serve)) => run_host(serve),
        None => run_host(line.serve),
    }
}

fn run_host(serve: Serve) -> ExitCode {
    log::start(serve.verbose);
    block_on(self::serve(serve))
}

fn run_demo(goal: Option<String>) -> ExitCode {
    log::start(false);
    block_on(async {
        let settings = Settings::from_environment(0, None).map_err(HostError::Environment)?;
        demo::tell(settings, goal).await
    })
}

fn run_probe(kind: &str) -> ExitCode {
    match probe::run(kind, io::stdin().lock(), io::stdout().lock()) {
        // Whoever reads the answers has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&error),
        Ok(()) => ExitCode::SUCCESS,
    }
}

/// Runs to the end, and says how it ended.
fn block_on<E: std::error::Error + 'static>(work: impl Future<Output = Result<(), E>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn serve(serve: Serve) -> Result<(), HostError> {
    let data = (!serve.ephemeral).then_some(serve.data);
    let settings = Settings::from_environment(serve.port, data).map_err(HostError::Environment)?;
    let settings = Settings {
        verbose: serve.verbose,
        ..settings
    };
    let host = Host::start(settings).await?;
    if host.is_first_start() && !serve.no_sample {
        sample::create(&host).await;
    }
    console::say(&host.greeting());
    host.until_interrupted().await;
    Ok(())
}

/// Says why the program ends, with every cause.
fn fail(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    let mut causes = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    console::note(&format!("nightdesk: {}", causes.join(": ")));
    ExitCode::FAILURE
}

/// A port, or a loopback address with one: anything else would put an unauthenticated mailbox and
/// a clock that anybody can turn on the network.
fn loopback_port(text: &str) -> Result<u16, String> {
    let port = match text.rsplit_once(':') {
        None => text,
        Some(("127.0.0.1" | "localhost", port)) => port,
        Some(_) => return Err("the local host listens on 127.0.0.1 only".to_owned()),
    };
    port.parse()
        .map_err(|_| "a port is a number from 0 to 65535".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Line::command().debug_assert();
    }

    #[test]
    fn only_loopback_is_served() {
        assert_eq!(loopback_port("9000"), Ok(9000));
        assert_eq!(loopback_port("localhost:0"), Ok(0));
        for refused in [
            "0.0.0.0:80",
            "[::1]:80",
            "192.0.2.1:80",
            ":80",
            "http",
            "65536",
            "-1",
        ] {
            assert!(loopback_port(refused).is_err(), "{refused}");
        }
    }
}
