//! With whose certificates AWS's services are believed.
//!
//! Reading the machine's roots takes more instructions than all else at a function's start: 16 of 22 million for
//! Debian's 144 (callgrind), most of it base64. AWS's services have certificates by Amazon Trust Services, which asks those
//! who hold their own roots to hold these five (<https://www.amazontrust.com/repository/>). `AWS_CA_BUNDLE`, which
//! every AWS SDK knows, names a file of others.

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Amazon Trust Services' roots.
const AMAZON: &[u8] = include_bytes!("amazon_roots.pem");

/// How the regions begin whose services have certificates by Amazon. Elsewhere (China, the isolated and the sovereign
/// partitions) it is not said anywhere, and the machine's roots are read.
const COMMERCIAL: [&str; 9] = [
    "af-", "ap-", "ca-", "eu-", "il-", "me-", "mx-", "sa-", "us-",
];

/// Whom a client believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    Amazon,
    /// The machine's roots.
    Machine,
    /// Certificates in PEM.
    Bundle(Vec<u8>),
}

impl Trust {
    /// Whom to believe about AWS's own services in a region.
    #[must_use]
    pub fn of_region(region: &str) -> Self {
        let is_commercial = COMMERCIAL.iter().any(|prefix| region.starts_with(prefix));
        if is_commercial && !region.contains("-iso") {
            Self::Amazon
        } else {
            Self::Machine
        }
    }

    /// The certificates of a file of PEM texts.
    ///
    /// # Errors
    /// There is none in it, or one does not read.
    pub fn of_bundle(pem: Vec<u8>) -> Result<Self, String> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let certificates = read.map_err(|error| error.to_string())?;
        let mut roots = rustls::RootCertStore::empty();
        for certificate in certificates {
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        if roots.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        Ok(Self::Bundle(pem))
    }

    pub(crate) fn context(&self) -> TlsContext {
        let only = |pem: &[u8]| TrustStore::empty().with_pem_certificate(pem);
        let store = match self {
            Self::Amazon => only(AMAZON),
            Self::Machine => TrustStore::default(),
            Self::Bundle(pem) => only(pem),
        };
        let context = TlsContext::builder().with_trust_store(store).build();
        context.expect("building it only moves its parts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_roots_are_those_that_were_published() {
        let text = std::str::from_utf8(AMAZON).unwrap();
        let is_digest =
            |line: &&str| line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit());
        let published: Vec<&str> = text.lines().filter(is_digest).collect();
        let held: Vec<String> = CertificateDer::pem_slice_iter(AMAZON)
            .map(|certificate| domain::digest::of_bytes(&certificate.unwrap()))
            .collect();
        assert_eq!(held, published);
        assert_eq!(
            published,
            [
                "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
                "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
                "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
                "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
                "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
            ]
        );
        assert!(Trust::of_bundle(AMAZON.to_vec()).is_ok());
    }

    #[test]
    fn amazon_is_believed_where_its_certificates_are() {
        for (region, trust) in [
            ("eu-central-1", Trust::Amazon),
            ("us-gov-west-1", Trust::Amazon),
            ("cn-north-1", Trust::Machine),
            ("us-iso-east-1", Trust::Machine),
            ("eusc-de-east-1", Trust::Machine),
            ("", Trust::Machine),
        ] {
            assert_eq!(Trust::of_region(region), trust, "{region}");
        }
    }

    #[test]
    fn a_bundle_without_a_certificate_is_refused() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for bad in ["", "x", broken] {
            assert!(Trust::of_bundle(bad.into()).is_err(), "{bad}");
        }
    }
}
