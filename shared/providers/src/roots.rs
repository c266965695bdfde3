//! The TLS configuration of every client of the web, and whom it trusts: the authorities of the machine, read when
//! a certificate is first to be judged.
//!
//! reqwest reads them for each client it builds. A step executor builds seven, and most of its starts end before a
//! page is asked for over TLS; reading 144 certificates is 16 million instructions. So the clients share one
//! configuration, and the roots are read at the first handshake. What a certificate is worth is decided by
//! rustls-platform-verifier as ever.
//!
//! On a machine without any root certificate (a bare container) every handshake fails, and says so; plain HTTP works.

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;

/// HTTP/2 before HTTP/1.1, as reqwest itself offers them.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The configuration that trusts the machine's roots; all copies share them, and the sessions that can be resumed.
pub(crate) fn of_machine() -> ClientConfig {
    static CONFIG: LazyLock<ClientConfig> = LazyLock::new(|| trusting(Verifier::new));
    CONFIG.clone()
}

/// A configuration that trusts the roots of a verifier, which `read` makes at the first handshake.
pub(crate) fn trusting(
    read: impl Fn(Arc<CryptoProvider>) -> Result<Verifier, Error> + Send + Sync + 'static,
) -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let roots = Arc::new(Roots {
        provider: provider.clone(),
        read: Box::new(read),
        verifier: OnceLock::new(),
    });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(roots)
        .with_no_client_auth();
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    config
}

type Read = dyn Fn(Arc<CryptoProvider>) -> Result<Verifier, Error> + Send + Sync;

/// Roots that are read once somebody asks.
struct Roots {
    provider: Arc<CryptoProvider>,
    read: Box<Read>,
    verifier: OnceLock<Result<Verifier, Error>>,
}

impl Roots {
    fn verifier(&self) -> Result<&Verifier, Error> {
        let read = || (self.read)(self.provider.clone());
        let verifier = self.verifier.get_or_init(read);
        verifier.as_ref().map_err(Error::clone)
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots").finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Roots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verifier()?.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier()?
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier()?
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
