//! FETCH-020: hosts whose certificate is no proof, on real sockets. Whatever is wrong with it, not a byte of a
//! request is sent, and the error is one of its own: the same host will show the same certificate in a minute, so
//! a step is not tried again for it (`functions/step-executor/src/failure.rs`).

use std::sync::atomic::{AtomicUsize, Ordering};

use engine::ports::{Post, PostError, Webhooks as _};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::roots;
use crate::webhook::WebhookSender;

/// The name under which every server of these tests is asked.
const NAME: &str = "site.test";

/// Issues certificates; the clients of these tests trust it and nobody else.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, params: &CertificateParams) -> Shown {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Shown::new(certificate.der(), &key)
    }

    /// A client that trusts this authority beside the machine's.
    fn trusted(&self, names: &Arc<Scripted>) -> Client {
        self.trusted_counting(names, Arc::default())
    }

    /// The same; `read` counts how often the roots are read.
    fn trusted_counting(&self, names: &Arc<Scripted>, read: Arc<AtomicUsize>) -> Client {
        let root = self.0.der().clone();
        let tls = roots::trusting(move |provider| {
            read.fetch_add(1, Ordering::SeqCst);
            Verifier::new_with_extra_roots([root.clone()], provider)
        });
        let resolver = resolver::Resolver::new(names.clone(), |_| Ok(()));
        client(|builder| {
            builder
                .tls_backend_preconfigured(tls)
                .dns_resolver(Arc::new(resolver))
        })
        .unwrap()
    }
}

/// What a server shows of itself.
struct Shown {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Shown {
    fn new(certificate: &CertificateDer<'static>, key: &KeyPair) -> Self {
        Self {
            certificate: certificate.clone(),
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }
}

fn named(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

/// A server over TLS with one page; it counts the requests that reach it.
struct Secure {
    port: u16,
    requests: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Secure {
    async fn start(shown: Shown) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![shown.certificate], shown.key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = requests.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = [0; 4096];
                // A client that does not like what it was shown hangs up here.
                let Ok(1..) = stream.read(&mut request).await else {
                    continue;
                };
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = stream
                    .write_all(&reply(200, &[HTML], "<p>proven</p>"))
                    .await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            port,
            requests,
            task,
        }
    }

    fn url(&self) -> Url {
        Url::parse(&format!("https://{NAME}:{}/", self.port)).unwrap()
    }

    fn rule(&self) -> EgressRule {
        EgressRule::new(Exceptions::parse(&format!("{NAME}:{}", self.port)).unwrap())
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn here() -> Arc<Scripted> {
    names(&[(NAME, &["127.0.0.1"])])
}

/// What a crawler that trusts `authority` reads from a server that shows `shown`, and how many requests it sent.
async fn read(authority: &Authority, shown: Shown) -> (Result<Page, FetchError>, usize) {
    let server = Secure::start(shown).await;
    let names = here();
    let mut crawler = WebCrawler::with_names(server.rule(), "", names.clone()).unwrap();
    crawler.excepted = authority.trusted(&names);
    (fetch(&crawler, server.url()).await, server.requests())
}

fn bad(reason: &str) -> FetchError {
    FetchError::BadCertificate {
        reason: reason.to_owned(),
    }
}

#[tokio::test]
async fn a_host_that_cannot_prove_itself_is_sent_nothing() {
    let authority = Authority::new();
    let (page, requests) = read(&authority, authority.issue(&named(NAME))).await;
    assert_eq!(
        (page.unwrap().text.as_str(), requests),
        ("proven", 2),
        "the robots.txt and the page"
    );

    let mut expired = named(NAME);
    expired.not_before = date_time_ymd(2019, 1, 1);
    expired.not_after = date_time_ymd(2020, 1, 1);
    let mut early = named(NAME);
    early.not_before = date_time_ymd(4000, 1, 1);
    let key = KeyPair::generate().unwrap();
    let self_signed = Shown::new(named(NAME).self_signed(&key).unwrap().der(), &key);
    for (shown, reason) in [
        (self_signed, "nobody trusted has issued it"),
        (authority.issue(&expired), "it has expired"),
        (authority.issue(&early), "it is not valid yet"),
        (
            authority.issue(&named("other.test")),
            "it is another host's",
        ),
        (
            Authority::new().issue(&named(NAME)),
            "nobody trusted has issued it",
        ),
    ] {
        let (page, requests) = read(&authority, shown).await;
        assert_eq!((page, requests), (Err(bad(reason)), 0), "{reason}");
    }
}

#[tokio::test]
async fn roots_are_read_when_a_certificate_is_first_judged() {
    let authority = Authority::new();
    let server = Secure::start(authority.issue(&named(NAME))).await;
    let read = Arc::new(AtomicUsize::new(0));
    let client = authority.trusted_counting(&here(), read.clone());
    assert_eq!(read.load(Ordering::SeqCst), 0);
    for _ in 0..2 {
        client.get(server.url()).send().await.unwrap();
    }
    assert_eq!((read.load(Ordering::SeqCst), server.requests()), (1, 2));
}

/// The clients as they are built: they ask the machine whom it trusts.
#[tokio::test]
async fn a_machine_does_not_trust_whoever_signs_for_itself() {
    let key = KeyPair::generate().unwrap();
    let certificate = named(NAME).self_signed(&key).unwrap();
    let server = Secure::start(Shown::new(certificate.der(), &key)).await;
    let crawler = WebCrawler::with_names(server.rule(), "", here()).unwrap();
    let page = fetch(&crawler, server.url()).await;
    assert!(
        matches!(page, Err(FetchError::BadCertificate { .. })),
        "{page:?}"
    );
    let sender = WebhookSender::with_names(server.rule(), here()).unwrap();
    let post = Post {
        url: server.url().into(),
        content_type: "application/json",
        headers: Vec::new(),
        body: b"{}".to_vec(),
        limit: Duration::from_secs(5),
    };
    let posted = sender.post(&post).await;
    assert!(
        matches!(posted, Err(PostError::BadCertificate { .. })),
        "{posted:?}"
    );
    assert_eq!(server.requests(), 0);
}
