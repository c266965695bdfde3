//! The bundled site: a small piece of web on a port of its own.
//!
//! The sample workflow watches it, the offline search finds it, and the demo changes it. A change is
//! a new *edition* of the whole site, a number this host keeps, so that what a patrol saw yesterday
//! is still yesterday's after a restart. The site's dates follow the system's clock.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use providers::site::Site;
use url::Url;

use crate::clock::Clock;

/// The edition of a site nobody has changed.
const FIRST: u32 = 1;

/// Which edition of the site is served.
#[derive(Debug)]
pub(crate) struct Edition {
    number: AtomicU32,
    file: Option<PathBuf>,
}

impl Edition {
    /// Takes up the edition kept in `file`; without a file nothing is kept.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or holds no number.
    pub(crate) fn open(file: Option<PathBuf>) -> io::Result<Self> {
        let number = match file.as_ref().map(std::fs::read_to_string) {
            None => FIRST,
            Some(Ok(text)) => text.trim().parse().map_err(|_| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the kept edition of the bundled site is no number",
                )
            })?,
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => FIRST,
            Some(Err(error)) => return Err(error),
        };
        Ok(Self {
            number: AtomicU32::new(number),
            file,
        })
    }

    pub(crate) fn get(&self) -> u32 {
        self.number.load(Ordering::Relaxed)
    }

    /// Publishes another edition. Kept before it is shown.
    ///
    /// # Errors
    /// When it could not be kept; then the site has not changed.
    pub(crate) fn set(&self, number: u32) -> io::Result<()> {
        if let Some(file) = &self.file {
            crate::folder::replace(file, number.to_string().as_bytes())?;
        }
        self.number.store(number, Ordering::Relaxed);
        Ok(())
    }
}

/// What answers for the site.
#[derive(Clone)]
struct Newsroom {
    site: Arc<Site>,
    edition: Arc<Edition>,
    clock: Arc<Clock>,
}

/// The site as a server at `base`.
pub(crate) fn router(base: &Url, edition: Arc<Edition>, clock: Arc<Clock>) -> Router {
    let newsroom = Newsroom {
        site: Arc::new(Site::at(base)),
        edition,
        clock,
    };
    Router::new().fallback(page).with_state(newsroom)
}

async fn page(State(newsroom): State<Newsroom>, request: Request) -> Response {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "GET, HEAD")],
        )
            .into_response();
    }
    let uri = request.uri();
    let today = newsroom.clock.now().to_zoned(TimeZone::UTC).date();
    let page = newsroom
        .site
        .respond(uri.path(), uri.query(), newsroom.edition.get(), today);
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (
        status,
        [(header::CONTENT_TYPE, page.content_type)],
        page.body,
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edition_survives() {
        let folder = tempfile::tempdir().unwrap();
        let file = Some(folder.path().join("site-edition"));
        let edition = Edition::open(file.clone()).unwrap();
        assert_eq!(edition.get(), FIRST);
        edition.set(3).unwrap();
        assert_eq!(Edition::open(file).unwrap().get(), 3);
    }
}
