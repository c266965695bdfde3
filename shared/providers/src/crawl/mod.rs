//! The crawler: one page of the web, fetched behind the egress rule (promise 13) and with manners.
//!
//! What can go wrong is mostly meant to: a page is written by a stranger, its name resolves to what a
//! stranger says, and it redirects where a stranger wants. Hence: the URL is checked before every
//! hop; names are resolved by our own resolver, which refuses all addresses of a name as soon as one
//! is not public, and the connection goes to exactly the addresses that were checked; at most 5
//! redirects are followed, by hand; a page has one deadline and a size after decompression.
//!
//! Manners: the site's robots.txt is asked before each hop, the host's turn is waited for, what is
//! known already is asked for conditionally, and a site that wants to be left alone for a while is, by
//! every function. All of it happens in [`WebCrawler::hop`], the only place a request leaves from.

pub(crate) mod body;
mod conditional;
pub(crate) mod failure;
mod pacing;
pub(crate) mod resolver;
mod robots;
mod room;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::egress::{EgressRule, check_ip};
use domain::pacing::Turn;
use domain::robots::Robots;
use engine::ports::{
    Clock, Crawler, FetchError, Fetched, Pacing, Page, PageRequest, TurnRequest, Validators,
};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, LOCATION};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use crate::http::{ClientError, client};
use crate::page;
use crate::retry_after::retry_after;
use body::Body;
pub use pacing::ProcessPacing;
use resolver::Guard;
pub use resolver::{Lookup, Names, SystemNames};
use room::ReadingRoom;

/// Redirects followed for one page (contract, section 9).
pub const MAX_REDIRECTS: usize = 5;

/// The most one page may take, whatever the step allows: a site that drips must not eat a step.
pub const PAGE_LIMIT: Duration = Duration::from_secs(20);

/// The most a site's robots.txt may take of that.
const ROBOTS_LIMIT: Duration = Duration::from_secs(10);

/// Our product token (RFC 9309, section 2.2.1): the name by which a site's robots.txt calls us.
pub const PRODUCT: &str = "Nightdesk";

/// The page formats we read, in the order of preference.
const ACCEPTED: &str = "text/html,application/xhtml+xml;q=0.9,application/xml;q=0.8,application/json;q=0.7,text/plain;q=0.6,*/*;q=0.1";

/// Fetches pages over HTTP.
pub struct WebCrawler {
    rule: EgressRule,
    /// Connects only to public addresses.
    public: Client,
    /// Connects anywhere: used for the operator's exceptions and nothing else.
    excepted: Client,
    robots: robots::RobotsFiles,
    pacing: Arc<dyn Pacing>,
    /// The pace of this process, for when the shared one cannot be asked.
    alone: ProcessPacing,
    clock: Arc<dyn Clock>,
    room: ReadingRoom,
}

/// What was fetched of a page, to be read.
struct Fetch {
    url: Url,
    status: StatusCode,
    body: Body,
    validators: Option<Validators>,
    aliases: Vec<Url>,
    robots: Arc<Robots>,
}

/// An answer that is no redirect.
struct Answer {
    url: Url,
    response: Response,
    /// Where permanent redirects led.
    aliases: Vec<Url>,
    robots: Arc<Robots>,
}

/// The way from a URL to its answer.
struct Trail {
    seen: Vec<Url>,
}

impl Trail {
    fn new(start: &Url) -> Self {
        let mut start = start.clone();
        start.set_fragment(None);
        Self { seen: vec![start] }
    }

    fn url(&self) -> &Url {
        &self.seen[self.seen.len() - 1]
    }

    fn go_on(&mut self, next: Url) -> Result<(), FetchError> {
        if self.seen.len() > MAX_REDIRECTS || self.seen.contains(&next) {
            return Err(FetchError::TooManyRedirects);
        }
        self.seen.push(next);
        Ok(())
    }
}

impl WebCrawler {
    /// A crawler that names itself `Nightdesk/<version> (+contact)`, `contact` being a URL or address
    /// where a site's owner finds out who is asking. It keeps the pace of its own process.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn new(rule: EgressRule, contact: &str) -> Result<Self, ClientError> {
        Self::with_names(rule, contact, Arc::new(SystemNames))
    }

    /// The same with another resolver of names.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn with_names(
        rule: EgressRule,
        contact: &str,
        names: Arc<dyn Names>,
    ) -> Result<Self, ClientError> {
        Self::with_guards(rule, contact, names, check_ip, |_| Ok(()))
    }

    /// The same with other checks of resolved addresses: of public hosts, and of excepted ones.
    fn with_guards(
        rule: EgressRule,
        contact: &str,
        names: Arc<dyn Names>,
        public: Guard,
        excepted: Guard,
    ) -> Result<Self, ClientError> {
        let agent = user_agent(contact);
        let build = |guard: Guard| {
            let resolver = resolver::Resolver::new(names.clone(), guard);
            client(|builder| builder.user_agent(&agent).dns_resolver(Arc::new(resolver)))
        };
        Ok(Self {
            rule,
            public: build(public)?,
            excepted: build(excepted)?,
            robots: robots::RobotsFiles::default(),
            pacing: Arc::new(ProcessPacing::default()),
            alone: ProcessPacing::default(),
            clock: Arc::new(pacing::MachineClock),
            room: ReadingRoom::default(),
        })
    }

    /// The same at a pace shared with other functions, told by their common clock.
    #[must_use]
    pub fn with_pacing(self, pacing: Arc<dyn Pacing>, clock: Arc<dyn Clock>) -> Self {
        Self {
            pacing,
            clock,
            ..self
        }
    }

    /// One request: checked, sent, and the address that answered checked again.
    async fn hop(
        &self,
        url: &Url,
        validators: Option<&Validators>,
    ) -> Result<(Response, bool), FetchError> {
        self.check(url)?;
        let excepted = self.rule.is_exception(url);
        let client = if excepted {
            &self.excepted
        } else {
            &self.public
        };
        let request = client.get(url.clone()).header(ACCEPT, ACCEPTED);
        let (request, conditional) = conditional::make_conditional(request, url, validators);
        let response = request
            .send()
            .await
            .map_err(|error| failure::of_request(&error))?;
        // The resolver has seen to it; a connector that ever went another way must not go unnoticed.
        if let Some(peer) = response.remote_addr().filter(|_| !excepted)
            && let Err(denied) = check_ip(peer.ip())
        {
            return Err(blocked(denied));
        }
        if let Some(wait) = retry_after(response.headers(), Timestamp::now())
            && matches!(response.status().as_u16(), 429 | 503)
        {
            self.leave_alone(url, wait).await;
        }
        Ok((response, conditional))
    }

    fn check(&self, url: &Url) -> Result<(), FetchError> {
        self.rule.check(url).map_err(blocked)
    }

    /// Follows redirects to an answer that is none; `None` when the page is unchanged.
    async fn answer(
        &self,
        start: &Url,
        validators: Option<&Validators>,
        mut patience: Duration,
    ) -> Result<Option<Answer>, FetchError> {
        let mut trail = Trail::new(start);
        let mut aliases = Vec::new();
        let mut permanent = true;
        loop {
            let url = trail.url().clone();
            // Before anything is asked of anybody: a blocked address is not asked for its robots.txt.
            self.check(&url)?;
            let robots = self.robots(&url).await?;
            if !robots.allows(PRODUCT, robots::path_and_query(&url)) {
                return Err(FetchError::RobotsDenied);
            }
            let waited = self.wait_for_turn(&url, &robots, patience).await?;
            patience = patience.saturating_sub(waited);
            let (response, conditional) = self.hop(&url, validators).await?;
            if conditional && response.status() == StatusCode::NOT_MODIFIED {
                return Ok(None);
            }
            let Some(next) = redirect_target(&url, &response) else {
                return Ok(Some(Answer {
                    url,
                    response,
                    aliases,
                    robots,
                }));
            };
            permanent &= matches!(response.status().as_u16(), 301 | 308);
            if permanent {
                aliases.push(next.clone());
            }
            trail.go_on(next)?;
        }
    }

    /// What the robots.txt of a URL's origin says.
    async fn robots(&self, url: &Url) -> robots::Answer {
        let fetch = async {
            tokio::time::timeout(ROBOTS_LIMIT, self.fetch_robots(url))
                .await
                .unwrap_or(Err(FetchError::Timeout))
        };
        self.robots.of(url, self.clock.now(), fetch).await
    }

    /// Fetches the file. It needs no turn: there is one a day.
    async fn fetch_robots(&self, url: &Url) -> robots::Answer {
        let mut trail = Trail::new(&robots::address(url));
        loop {
            let url = trail.url().clone();
            let (response, _) = self.hop(&url, None).await?;
            if let Some(next) = redirect_target(&url, &response) {
                if trail.go_on(next).is_err() {
                    return Ok(Arc::new(Robots::unavailable()));
                }
                continue;
            }
            return Ok(Arc::new(match response.status().as_u16() {
                200..=299 => {
                    Robots::parse(body::read_at_most(response, domain::robots::MAX_BYTES).await?)
                }
                500.. => {
                    return Err(failure::unreachable_because(&format!(
                        "its robots.txt answered {}",
                        response.status().as_u16()
                    )));
                }
                _ => Robots::unavailable(),
            }));
        }
    }

    /// Waits for the host's turn, at most `patience`, and says how long that took.
    async fn wait_for_turn(
        &self,
        url: &Url,
        robots: &Robots,
        patience: Duration,
    ) -> Result<Duration, FetchError> {
        let request = TurnRequest {
            host: &host(url),
            pace: pacing::asked_by(robots, PRODUCT),
            now: self.clock.now(),
            patience,
        };
        let turn = match self.pacing.turn(request).await {
            Ok(turn) => turn,
            Err(error) => {
                tracing::warn!(%error, "the shared pace cannot be asked for; this process keeps its own");
                self.alone
                    .turn(request)
                    .await
                    .unwrap_or(Turn::After(Duration::ZERO))
            }
        };
        match turn {
            Turn::After(wait) => {
                tokio::time::sleep(wait).await;
                Ok(wait)
            }
            Turn::NotBefore(wait) => Err(FetchError::NotYet { wait }),
        }
    }

    /// A host asked to be left alone: nobody has a turn before.
    async fn leave_alone(&self, url: &Url, wait: Duration) {
        let until = SignedDuration::try_from(wait)
            .ok()
            .and_then(|wait| self.clock.now().checked_add(wait).ok());
        let Some(until) = until else { return };
        let host = host(url);
        let _ = self.alone.hold(&host, until).await;
        if let Err(error) = self.pacing.hold(&host, until).await {
            tracing::warn!(%error, "other functions could not be told that a host wants to be left alone");
        }
    }

    /// Fetches a page; `None` when it is unchanged.
    async fn fetch_page(
        &self,
        request: &PageRequest,
        patience: Duration,
    ) -> Result<Option<Fetch>, FetchError> {
        let validators = request.validators.as_ref();
        let Some(answer) = self.answer(&request.url, validators, patience).await? else {
            return Ok(None);
        };
        let Answer {
            url,
            response,
            aliases,
            robots,
        } = answer;
        let status = response.status();
        if !status.is_success() {
            let retry_after = retry_after(response.headers(), Timestamp::now());
            return Err(match status.as_u16() {
                429 => FetchError::RateLimited { retry_after },
                status => FetchError::HttpStatus {
                    status,
                    retry_after,
                },
            });
        }
        let validators = conditional::validators(&url, response.headers());
        let body = body::read(response).await?;
        Ok(Some(Fetch {
            url,
            status,
            body,
            validators,
            aliases,
            robots,
        }))
    }

    /// Reads what was fetched. No deadline would end it: what a page costs is bounded by counting, and no more pages
    /// are read at once than there is memory for.
    async fn read(&self, request: &PageRequest, fetch: Fetch) -> Result<Fetched, FetchError> {
        let Fetch {
            url,
            status,
            body,
            validators,
            aliases,
            robots,
        } = fetch;
        let start = request.url.clone();
        let fields = request.fields.clone();
        let today = Offset::UTC.to_datetime(self.clock.now()).date();
        let place = self.room.enter(body.text.len()).await;
        // Off the runtime's thread, so that others' answers are taken while a parser works, and so that a
        // parser's mistake ends the page and not the process.
        let reading = tokio::task::spawn_blocking(move || {
            let status = status.as_u16();
            let page = page::read(&start, &url, status, &body, fields.as_ref(), today);
            // The place is given back when the work is done, whoever still waits for it.
            drop((body, place));
            page
        });
        let mut page = reading.await.unwrap_or_else(|_| {
            Err(failure::unreachable_because(
                "its mark-up could not be read",
            ))
        })?;
        page.validators = validators;
        page.sitemaps = robots.sitemaps().to_vec();
        let claimed = canonical(&page);
        for alias in aliases.into_iter().map(String::from).chain(claimed) {
            if alias != page.url && !page.aliases.contains(&alias) {
                page.aliases.push(alias);
            }
        }
        Ok(Fetched::Page(Box::new(page)))
    }
}

#[async_trait]
impl Crawler for WebCrawler {
    async fn fetch(&self, request: &PageRequest) -> Result<Fetched, FetchError> {
        let limit = request.limit.min(PAGE_LIMIT);
        // Waiting for a turn must not make a site look slow: most of the time is the site's.
        let patience = limit / 4;
        let fetch = tokio::time::timeout(limit, self.fetch_page(request, patience))
            .await
            .unwrap_or(Err(FetchError::Timeout))?;
        match fetch {
            Some(fetch) => self.read(request, fetch).await,
            None => Ok(Fetched::Unchanged),
        }
    }
}

fn blocked(denied: domain::egress::Denied) -> FetchError {
    FetchError::BlockedAddress {
        reason: denied.reason.to_owned(),
    }
}

/// The address a page calls its own.
fn canonical(page: &Page) -> Option<String> {
    let href = page.structured.get("canonical")?.as_str()?;
    let mut url = Url::parse(&page.final_url).ok()?.join(href).ok()?;
    url.set_fragment(None);
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| url.into())
}

/// Whose turns are counted: host and port, as the URL parser writes them.
fn host(url: &Url) -> String {
    format!(
        "{}:{}",
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or_default()
    )
}

/// Where an answer sends us, when it does. A redirect without a usable `Location` is an answer like
/// any other, and fails by its status.
fn redirect_target(from: &Url, response: &Response) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    // Locations are UTF-8 in practice, whatever the header grammar says.
    let location = std::str::from_utf8(response.headers().get(LOCATION)?.as_bytes()).ok()?;
    let mut next = from.join(location).ok()?;
    next.set_fragment(None);
    Some(next)
}

/// An honest name. What cannot stand in a header is left out of the contact.
fn user_agent(contact: &str) -> String {
    let contact: String = contact
        .chars()
        .filter(|c| c.is_ascii_graphic() && !matches!(c, '(' | ')'))
        .collect();
    let name = format!("{PRODUCT}/{}", env!("CARGO_PKG_VERSION"));
    if contact.is_empty() {
        name
    } else {
        format!("{name} (+{contact})")
    }
}

#[cfg(test)]
mod tests;
