//! One function, started as Lambda starts it.
//!
//! The binary is called `bootstrap` and lies in the task root, which is the working directory; the
//! environment holds Lambda's own variables, the template's, and not one of this machine's.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use axum::body::Bytes;
use nightdesk::topology::{Function, REGION, function_arn};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::figures::Figures;
use crate::runtime_api::{Invocation, RuntimeApi, Said};

/// Stands in the environment like a real one; the check looks for it in the logs.
pub(crate) const SECRET_KEY: &str = "secret-that-no-log-may-show";

/// How long a start may take on a busy machine. Lambda itself allows ten seconds.
const START: Duration = Duration::from_secs(10);

/// A running instance.
pub(crate) struct Instance {
    child: Child,
    api: RuntimeApi,
    arn: String,
    timeout: Duration,
    logs: [JoinHandle<String>; 2],
    _task_root: TempDir,
}

impl Instance {
    /// Starts the binary and waits until it asks for its first event.
    ///
    /// # Errors
    /// It ends, reports that it cannot start, or takes too long.
    pub(crate) async fn start(
        function: &Function,
        binary: &Path,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, Box<dyn Error>> {
        let task_root = TempDir::new()?;
        let bootstrap = task_root.path().join("bootstrap");
        // A link where the file systems allow it: the copies would cost more than the check.
        if std::fs::hard_link(binary, &bootstrap).is_err() {
            std::fs::copy(binary, &bootstrap)?;
        }
        let api = RuntimeApi::open().await?;
        let mut child = Command::new(&bootstrap)
            .current_dir(task_root.path())
            .env_clear()
            .envs(of_lambda(function))
            .env("LAMBDA_TASK_ROOT", task_root.path())
            .env("AWS_LAMBDA_RUNTIME_API", &api.address)
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let logs = [log(child.stdout.take()), log(child.stderr.take())];
        let mut instance = Self {
            child,
            api,
            arn: function_arn(&function.name),
            timeout: function.timeout,
            logs,
            _task_root: task_root,
        };
        instance.until_ready().await?;
        Ok(instance)
    }

    /// What the start has cost.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) async fn figures(&self) -> Result<Figures, Box<dyn Error>> {
        // The processor time of a thread is booked when it goes to sleep: let it.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let process = self.child.id().ok_or("it has ended")?;
        Ok(Figures::read(process)?)
    }

    /// Gives it an event and waits for the answer, and for its asking for the next.
    ///
    /// # Errors
    /// It ends, reports an error, answers something else, or overstays its timeout.
    pub(crate) async fn answer(&mut self, event: &str) -> Result<Value, Box<dyn Error>> {
        let id = Uuid::now_v7().to_string();
        let invocation = Invocation {
            id: id.clone(),
            arn: self.arn.clone(),
            timeout: self.timeout,
            event: Bytes::copy_from_slice(event.as_bytes()),
        };
        self.api.events.send(invocation).await?;
        let answer = match self.hear(self.timeout).await? {
            Said::Response { id: to, body } if to == id => serde_json::from_slice(&body)?,
            other => return Err(format!("no answer: {other}").into()),
        };
        self.until_ready().await?;
        Ok(answer)
    }

    /// Ends it, and gives what it logged.
    ///
    /// # Errors
    /// It had ended by itself.
    pub(crate) async fn end(mut self) -> Result<String, Box<dyn Error>> {
        if let Some(status) = self.child.try_wait()? {
            return Err(format!("ended by itself: {status}").into());
        }
        self.child.kill().await?;
        let [out, err] = self.logs;
        Ok(out.await? + &err.await?)
    }

    async fn until_ready(&mut self) -> Result<(), Box<dyn Error>> {
        match self.hear(START).await? {
            Said::Ready => Ok(()),
            other => Err(format!("not ready: {other}").into()),
        }
    }

    async fn hear(&mut self, patience: Duration) -> Result<Said, Box<dyn Error>> {
        let heard = tokio::select! {
            said = self.api.said.recv() => said,
            status = self.child.wait() => {
                let [out, err] = &mut self.logs;
                return Err(format!("ended with {}\n{}{}", status?, out.await?, err.await?).into());
            }
            () = tokio::time::sleep(patience) => return Err(format!("was silent for {patience:?}").into()),
        };
        heard.ok_or_else(|| "the Runtime API is gone".into())
    }
}

/// Lambda's own variables, as its documentation lists them for OS-only runtimes.
fn of_lambda(function: &Function) -> [(&'static str, String); 18] {
    [
        ("_HANDLER", "bootstrap".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ("AWS_SESSION_TOKEN", SECRET_KEY.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            function.memory_mb.to_string(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", function.name),
        ),
        (
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "2026/11/21/[$LATEST]7f3a1c5e9b2d4860a1b2c3d4e5f60718".to_owned(),
        ),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO".to_owned()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ]
}

fn log(stream: Option<impl tokio::io::AsyncRead + Unpin + Send + 'static>) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut text = String::new();
        if let Some(mut stream) = stream {
            // A stream that breaks off is as good as one that ends.
            let _broken = stream.read_to_string(&mut text).await;
        }
        text
    })
}
