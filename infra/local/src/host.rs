//! The local host as a whole: starts every part in the right order and stops them again.
//!
//! The order matters twice. The state is opened first, because opening it is what keeps a second host
//! off the folder. And the API's port is taken before anything else is started, so that a port in use
//! costs a sentence and not half a system.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws::signed_address::AddressKey;
use axum::Router;
use axum::middleware;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use crate::account;
use crate::activity::Activity;
use crate::clock::Clock;
use crate::due::DueIndex;
use crate::environment::{self, Endpoints, MAIL_FROM, MODEL_KEY_SECRET};
use crate::expiry::{self, Expiry};
use crate::folder::{self, Folder};
use crate::gateway::{self, Gateway};
use crate::lambda::Functions;
use crate::lambda::instance::Blueprint;
use crate::lambda::pool::Pool;
use crate::lambda::runtime_api::RuntimeApi;
use crate::local::Local;
use crate::local::blobs::Blobs as BlobsServed;
use crate::log::FunctionLog;
use crate::owners::Owners;
use crate::poller::Poller;
use crate::services::secrets_manager::SecretSource;
use crate::services::{ServiceSettings, Services};
use crate::serving::{self, Server};
use crate::settings::{Hidden, Settings};
use crate::site::{self, Edition};
use crate::system::System;
use crate::ticker;
use crate::token;
use crate::topology::{EventSource, Function, Topology, TopologyError, physical_name};
use crate::usage::Usage;

/// How long a stopping host lets the functions finish what they have in hand.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Why the host does not start.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error("this program's own environment is not readable")]
    Environment(#[source] io::Error),
    #[error("port {port} of 127.0.0.1 cannot be used; --port takes another")]
    Port { port: u16, source: io::Error },
    #[error("the data folder cannot be used")]
    Folder(#[source] io::Error),
    #[error("the token cannot be used")]
    Token(#[source] io::Error),
    #[error("the template cannot be hosted")]
    Topology(#[from] TopologyError),
    #[error("the local services did not start")]
    Services(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("{0}")]
    Template(&'static str),
    #[error("the local owner cannot be made")]
    Owner(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A running local host. Dropping it stops everything at once; [`Host::stop`] lets work finish.
pub struct Host {
    origin: String,
    base_url: String,
    mailbox_url: String,
    site_url: String,
    token: Hidden,
    first_start: bool,
    system: Arc<System>,
    tasks: JoinSet<()>,
    // In the order in which they are dropped: first nobody can ask, then nobody can answer.
    front: Server,
    site: Server,
    runtime: Server,
    services: Services,
    folder: Folder,
}

impl Host {
    /// Starts everything.
    ///
    /// # Errors
    /// [`HostError`]; whatever was started before is stopped again.
    pub async fn start(settings: Settings) -> Result<Self, HostError> {
        let topology = Topology::bundled()?;
        let port = settings.port;
        let front = serving::listen(port)
            .await
            .map_err(|source| HostError::Port { port, source })?;
        let origin = origin(&front).map_err(|source| HostError::Port { port, source })?;

        let folder = Folder::open(settings.data.as_deref()).map_err(HostError::Folder)?;
        let first_start = folder.is_new();
        // Opens the state, so from here on the folder is ours alone.
        let services = Services::start(service_settings(&topology, &settings, &folder)).await;
        let services = services.map_err(|error| HostError::Services(Box::new(error)))?;
        let (clock, usage) = (services.clock.clone(), services.usage.clone());
        let token = token::take_up(settings.token.as_ref(), folder.kept("token").as_deref())
            .map_err(HostError::Token)?;

        let edition = Edition::open(folder.kept("site-edition")).map_err(HostError::Folder)?;
        let edition = Arc::new(edition);
        let site = start_site(&folder, edition.clone(), clock.clone())
            .await
            .map_err(HostError::Folder)?;
        let runtime_api = RuntimeApi::default();
        let runtime = serving::start(0, runtime_api.router()).await;
        let runtime = runtime.map_err(|source| HostError::Port { port: 0, source })?;

        let blobs_url = Url::from_directory_path(folder.blobs())
            .map_err(|()| HostError::Folder(io::Error::other("its path is no URL")))?;
        // Made anew at every start: an address lives for minutes.
        let blobs_key = token::random().map_err(HostError::Token)?;
        let blobs = BlobsServed {
            folder: folder.blobs(),
            key: Arc::new(AddressKey::new(&blobs_key)),
            clock: clock.clone(),
        };
        let endpoints = Endpoints {
            dynamodb: services.dynamodb_url.clone(),
            sqs: services.sqs_url.clone(),
            sesv2: services.ses_url.clone(),
            scheduler: services.scheduler_url.clone(),
            secrets_manager: services.secrets_url.clone(),
            base_url: settings.base_url.clone().unwrap_or_else(|| origin.clone()),
            site_url: site.url(),
            site_host: site.host_and_port(),
            blobs_url: blobs_url.as_str().trim_end_matches('/').to_owned(),
            blobs_address: format!("{origin}/_local/blobs"),
            blobs_key,
        };
        let functions = functions(
            &topology,
            &settings,
            &endpoints,
            &runtime,
            &runtime_api,
            &clock,
            &usage,
        )?;

        let system = Arc::new(System::new(
            clock.clone(),
            services.sqs.clone(),
            services.scheduler.clone(),
            due_index(&topology, &services)?,
            expiry(&topology, &services, &settings, &folder)?,
            Activity::default(),
            functions.clone(),
            sweepers(&topology),
            dead_letters(&topology),
        ));
        let tasks = start_tasks(&topology, &system);

        let owners = owners(&topology, &settings, &endpoints, &clock).map_err(HostError::Owner)?;
        let ensured = owners.ensure(&settings.email, &token).await;
        ensured.map_err(|error| HostError::Owner(error.into()))?;

        let gateway = Gateway {
            functions,
            function: api_function(&topology)?.into(),
            clock,
        };
        let local = Local {
            system: system.clone(),
            ses: services.ses.clone(),
            usage,
            faults: services.faults.clone(),
            edition,
            owners,
            blobs,
        };
        let routes = Router::new()
            .nest("/_local", local.router())
            .fallback_service(gateway.router())
            .layer(middleware::from_fn(gateway::addressed_to_us));
        let front =
            serving::serve(front, routes).map_err(|source| HostError::Port { port, source })?;
        Ok(Self {
            mailbox_url: format!("{origin}/_local/mail"),
            base_url: endpoints.base_url,
            origin,
            site_url: endpoints.site_url,
            token,
            first_start,
            system,
            tasks,
            front,
            site,
            runtime,
            services,
            folder,
        })
    }

    /// Where the host itself listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.origin
    }

    /// Where the API and the pages are, as links say it.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where the bundled site is.
    #[must_use]
    pub fn site_url(&self) -> &str {
        &self.site_url
    }

    /// The API token of the local owner.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token.0
    }

    /// Whether nothing had been kept before this start.
    #[must_use]
    pub fn is_first_start(&self) -> bool {
        self.first_start
    }

    /// What a person needs to know to begin.
    pub(crate) fn greeting(&self) -> String {
        format!(
            "\n  Nightdesk   {}\n  token       {}\n  mailbox     {}\n\n  Ctrl-C stops it; what it knows is kept.\n",
            self.base_url, self.token.0, self.mailbox_url
        )
    }

    /// Serves until Ctrl-C or SIGTERM, then stops; a second Ctrl-C stops at once.
    pub(crate) async fn until_interrupted(self) {
        interrupted().await;
        tokio::select! {
            () = self.stop() => {}
            () = interrupted() => {}
        }
    }

    /// Takes no more work, lets the work in hand finish for a few seconds, and ends every process.
    /// Afterwards the data folder is free for another host.
    pub async fn stop(self) {
        let Self {
            system,
            mut tasks,
            front,
            site,
            runtime,
            services,
            folder,
            ..
        } = self;
        front.stop(LAST_WORK).await;
        tasks.shutdown().await;
        let finished = async {
            let mut changes = system.activity.watch();
            while system.activity.idle().is_none() {
                changes.next().await;
            }
        };
        if tokio::time::timeout(LAST_WORK, finished).await.is_err() {
            tracing::info!("some work was not finished; it is taken up at the next start");
        }
        system.functions.stop().await;
        runtime.stop(LAST_WORK).await;

        let state = Arc::downgrade(&services.clock);
        drop((system, site, services, folder));
        // Cancelled tasks let go of the state when the runtime next comes by.
        let released = async {
            while state.strong_count() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        if tokio::time::timeout(LAST_WORK, released).await.is_err() {
            tracing::warn!("the state is still held by something that did not stop");
        }
    }
}

fn service_settings(topology: &Topology, settings: &Settings, folder: &Folder) -> ServiceSettings {
    let mut services = account::declared(topology, MAIL_FROM);
    services.data = folder.root();
    services
        .secrets
        .extend(settings.model.key.as_ref().map(|key| {
            (
                MODEL_KEY_SECRET.to_owned(),
                SecretSource::Given(key.0.clone()),
            )
        }));
    services
}

/// The site listens where it listened before, because saved workflows have its address.
async fn start_site(
    folder: &Folder,
    edition: Arc<Edition>,
    clock: Arc<Clock>,
) -> io::Result<Server> {
    let file = folder.kept("site-port");
    let before = file
        .as_ref()
        .and_then(|file| std::fs::read_to_string(file).ok()?.trim().parse().ok());
    let listener = match serving::listen(before.unwrap_or(0)).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%error, port = before, "the bundled site moves to another port: workflows that watch it fail");
            serving::listen(0).await?
        }
    };
    let base = origin(&listener)?;
    if let Some(file) = file {
        folder::replace(&file, listener.local_addr()?.port().to_string().as_bytes())?;
    }
    let base = Url::parse(&base).map_err(io::Error::other)?;
    serving::serve(listener, site::router(&base, edition, clock))
}

fn functions(
    topology: &Topology,
    settings: &Settings,
    endpoints: &Endpoints,
    runtime: &Server,
    api: &RuntimeApi,
    clock: &Arc<Clock>,
    usage: &Arc<Usage>,
) -> Result<Functions, HostError> {
    let deployment = environment::deployment(topology, settings, endpoints)?;
    let mut pools = BTreeMap::new();
    for function in &topology.functions {
        let blueprint = Blueprint {
            function: function.name.clone(),
            executable: settings.executable.clone(),
            environment: environment::of(function, topology, &deployment, settings, endpoints)?,
            runtime_url: runtime.url(),
            log: FunctionLog::new(settings.verbose),
        };
        let (api, clock, usage) = (api.clone(), clock.clone(), usage.clone());
        let pool = Pool::new(
            blueprint,
            function.timeout,
            concurrency(function),
            api,
            clock,
            usage,
        );
        pools.insert(function.name.clone(), Arc::new(pool));
    }
    Ok(Functions::new(pools))
}

/// How many requests are answered at once.
const API_INSTANCES: u32 = 16;

/// Most instances of a function: what its event sources may run at once, all together.
fn concurrency(function: &Function) -> u32 {
    let of_source = |source: &EventSource| match source {
        EventSource::Queue {
            maximum_concurrency,
            ..
        } => *maximum_concurrency,
        EventSource::HttpApi => API_INSTANCES,
        EventSource::Schedule { .. } => 1,
    };
    function.sources.iter().map(of_source).sum()
}

fn api_function(topology: &Topology) -> Result<&str, HostError> {
    let mut behind = topology
        .functions
        .iter()
        .filter(|function| function.sources.contains(&EventSource::HttpApi));
    match (behind.next(), behind.next()) {
        (Some(function), None) => Ok(&function.name),
        _ => Err(HostError::Template(
            "the template has not one function behind the HTTP API",
        )),
    }
}

fn sweepers(topology: &Topology) -> Vec<(String, Duration)> {
    let rates = topology.functions.iter().flat_map(|function| {
        function.sources.iter().filter_map(|source| match source {
            EventSource::Schedule { every } => Some((function.name.clone(), *every)),
            EventSource::Queue { .. } | EventSource::HttpApi => None,
        })
    });
    rates.collect()
}

/// The queues other queues redrive to.
fn dead_letters(topology: &Topology) -> Vec<String> {
    let targets = |logical_id: &str| {
        topology
            .queues
            .iter()
            .filter_map(|queue| queue.redrive.as_ref())
            .any(|redrive| redrive.dead_letters == logical_id)
    };
    topology
        .queues
        .iter()
        .filter(|queue| targets(&queue.logical_id))
        .map(|queue| queue.name.clone())
        .collect()
}

/// Through the environment of the API function, which an administrator's request would reach too.
fn owners(
    topology: &Topology,
    settings: &Settings,
    endpoints: &Endpoints,
    clock: &Arc<Clock>,
) -> Result<Owners, Box<dyn std::error::Error + Send + Sync>> {
    let name = api_function(topology)?;
    let function = topology
        .functions
        .iter()
        .find(|function| function.name == name);
    let function = function.ok_or("the API function is gone")?;
    let deployment = environment::deployment(topology, settings, endpoints)?;
    let environment = environment::of(function, topology, &deployment, settings, endpoints)?;
    Ok(Owners::new(environment, clock.clone())?)
}

fn expiry(
    topology: &Topology,
    services: &Services,
    settings: &Settings,
    folder: &Folder,
) -> Result<Expiry, HostError> {
    match topology.tables.as_slice() {
        [table] => Ok(Expiry::new(
            services.database.clone(),
            table.name.clone(),
            &folder.blobs(),
            expiry::blob_days(settings.retention()),
        )),
        _ => Err(HostError::Template("the template has not one table")),
    }
}

fn due_index(topology: &Topology, services: &Services) -> Result<DueIndex, HostError> {
    match topology.tables.as_slice() {
        [table] => Ok(DueIndex::new(services.database.clone(), table.name.clone())),
        _ => Err(HostError::Template("the template has not one table")),
    }
}

/// Everything that runs by itself: the pollers, the ticker, the reaper, and one catching up.
fn start_tasks(topology: &Topology, system: &Arc<System>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for function in &topology.functions {
        for source in &function.sources {
            if let EventSource::Queue {
                queue,
                batch_size,
                maximum_concurrency,
                reports_item_failures,
            } = source
            {
                let poller = Poller {
                    sqs: system.sqs.clone(),
                    functions: system.functions.clone(),
                    activity: system.activity.clone(),
                    queue: physical_name(queue),
                    function: function.name.clone(),
                    batch_size: *batch_size as usize,
                    maximum_concurrency: *maximum_concurrency,
                    reports_item_failures: *reports_item_failures,
                };
                tasks.spawn(poller.run());
            }
        }
    }
    let (ticking, reaping) = (system.clone(), system.clone());
    tasks.spawn(async move {
        // The machine was off until now.
        if let Err(error) = ticking.wake().await {
            tracing::error!(%error, "what was missed could not be caught up; the sweeper tries again");
        }
        ticker::run(ticking).await;
    });
    tasks.spawn(ticker::reap(reaping));
    tasks
}

fn origin(listener: &TcpListener) -> io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

async fn interrupted() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = ctrl_c => {}
        () = terminated => {}
    }
}

#[cfg(test)]
mod tests;
