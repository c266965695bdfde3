//! One instance of a function: a process of this same program.
//!
//! The host re-executes itself as `nightdesk function <name>`, with the environment Lambda would
//! give it and nothing else of the host's own. The process must not outlive the host, however the
//! host ends, and no signal can promise that after a `kill -9`: so the host keeps the writing end of
//! the child's standard input and never writes; when the host is gone the pipe closes, and the
//! child leaves (see [`super::child`]). It gets a process group of its own, or a Ctrl-C meant for
//! the host would end it in the middle of a step that the host wants to finish.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::sync::{Notify, mpsc, watch};

use super::freeze::Process;
use super::runtime_api::{Invocation, RuntimeApi};
use crate::log::FunctionLog;

/// How instances of one function are started.
#[derive(Debug, Clone)]
pub(crate) struct Blueprint {
    /// The name of the function.
    pub(crate) function: String,
    /// The program to execute: this one.
    pub(crate) executable: PathBuf,
    /// The whole environment but for the address of the Runtime API.
    pub(crate) environment: BTreeMap<String, String>,
    /// Address of the Runtime API without a path.
    pub(crate) runtime_url: String,
    pub(crate) log: FunctionLog,
}

/// A running process, as the pool sees it.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) events: mpsc::Sender<Invocation>,
    /// Becomes `Some` when the process is gone; the text says why.
    pub(crate) ended: watch::Receiver<Option<String>>,
    kill: Arc<Notify>,
}

impl Instance {
    /// Starts a process.
    ///
    /// # Errors
    /// What the operating system says when the program cannot be executed.
    pub(crate) fn start(
        blueprint: &Blueprint,
        number: u64,
        api: &RuntimeApi,
    ) -> std::io::Result<Self> {
        let function = blueprint.function.clone();
        let mut command = Command::new(&blueprint.executable);
        command
            .args(["function", &function])
            .env_clear()
            .envs(&blueprint.environment)
            .env(
                "AWS_LAMBDA_RUNTIME_API",
                format!("{}/rt/{function}/{number}", blueprint.runtime_url),
            )
            .env("AWS_LAMBDA_LOG_STREAM_NAME", number.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let events = api.open(&function, number);
        let mut child = command.spawn().inspect_err(|_| {
            api.close(&function, number);
        })?;
        api.started(&function, number, child.id().and_then(Process::of));
        let (tell, ended) = watch::channel(None);
        let kill = Arc::new(Notify::new());
        forward(child.stdout.take(), &function, &blueprint.log);
        forward(child.stderr.take(), &function, &blueprint.log);
        let api = api.clone();
        let killed = kill.clone();
        tokio::spawn(async move {
            // Held for as long as the process shall live.
            let _lifeline = child.stdin.take();
            let ending = tokio::select! {
                status = child.wait() => match status {
                    Ok(status) => status.to_string(),
                    Err(error) => error.to_string(),
                },
                () = killed.notified() => match child.kill().await {
                    Ok(()) => "killed by the host".to_owned(),
                    Err(error) => error.to_string(),
                },
            };
            let reported = api.close(&function, number);
            tell.send_replace(Some(reported.unwrap_or(ending)));
        });
        Ok(Self {
            events,
            ended,
            kill,
        })
    }

    /// Whether the process still exists.
    pub(crate) fn is_alive(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Resolves when the process is gone, with the reason.
    pub(crate) async fn ended(&self) -> String {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            Err(_) => "its supervisor is gone".to_owned(),
        }
    }

    /// Kills the process (SIGKILL: a stopped one dies too).
    pub(crate) fn kill(&self) {
        self.kill.notify_one();
    }
}

/// An instance that is dropped is not kept: nobody else could reach its process.
impl Drop for Instance {
    fn drop(&mut self) {
        self.kill();
    }
}

fn forward(
    stream: Option<impl AsyncRead + Unpin + Send + 'static>,
    function: &str,
    log: &FunctionLog,
) {
    let Some(stream) = stream else { return };
    let function = function.to_owned();
    let log = log.clone();
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            log.line(&function, &String::from_utf8_lossy(&line));
        }
    });
}
