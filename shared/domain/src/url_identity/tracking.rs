//! Parameters that say who sent the reader, never which page it is.
//!
//! Two lists. The first holds names that advertisers, analytics and mailing tools made up and nobody
//! else uses: they are dropped everywhere. The second holds names too common for that, each with the
//! hosts whose share buttons and logs are known to add it. A name that is on neither list is part of the
//! page's address, whatever it looks like.

/// Names dropped everywhere. Compared without case.
pub(super) const EVERYWHERE: &[&str] = &[
    // advertising click ids: Google, Meta, Microsoft, X, TikTok, LinkedIn, Yandex, Pinterest, Reddit, Snapchat
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "gad_source",
    "gad_campaignid",
    "srsltid",
    "fbclid",
    "msclkid",
    "twclid",
    "ttclid",
    "li_fat_id",
    "yclid",
    "ysclid",
    "epik",
    "rdt_cid",
    "sccid",
    "igshid",
    "igsh",
    // analytics carried across domains: Google, Matomo and its former name, Adobe, AT Internet, HubSpot
    "_ga",
    "_gl",
    "mtm_campaign",
    "mtm_keyword",
    "mtm_source",
    "mtm_medium",
    "mtm_content",
    "mtm_cid",
    "mtm_group",
    "mtm_placement",
    "pk_campaign",
    "pk_keyword",
    "pk_kwd",
    "pk_source",
    "pk_medium",
    "pk_content",
    "pk_cid",
    "s_kwcid",
    "ef_id",
    "xtor",
    "__hssc",
    "__hstc",
    "__hsfp",
    "hsctatracking",
    // mailing tools: Mailchimp, HubSpot, Marketo, Omeda, Vero, Klaviyo, Drip
    "mc_cid",
    "mc_eid",
    "_hsenc",
    "_hsmi",
    "mkt_tok",
    "oly_enc_id",
    "oly_anon_id",
    "vero_id",
    "vero_conv",
    "_kx",
    "__s",
    // sessions of PHP and Java servers: the reader's, not the page's
    "phpsessid",
    "jsessionid",
];

/// Names dropped on one site: its host and those below, and the names there.
pub(super) const ON_SITES: &[(&str, &[&str])] = &[
    ("youtube.com", &["si", "feature", "pp", "ab_channel"]),
    ("youtu.be", &["si", "feature"]),
    ("spotify.com", &["si", "context"]),
    ("twitter.com", &["s", "t", "ref_src", "ref_url", "cxt"]),
    ("x.com", &["s", "t", "ref_src", "ref_url", "cxt"]),
    (
        "linkedin.com",
        &["trk", "lipi", "trackingid", "refid", "rcm"],
    ),
    (
        "facebook.com",
        &["mibextid", "__tn__", "__cft__[0]", "rdid", "share_url"],
    ),
    (
        "tiktok.com",
        &["_r", "_t", "is_from_webapp", "sender_device", "is_copy_url"],
    ),
    (
        "reddit.com",
        &["share_id", "rdt", "ref_source", "ref_campaign"],
    ),
    ("medium.com", &["source"]),
    ("amazon.com", AMAZON),
    ("amazon.de", AMAZON),
    ("amazon.co.uk", AMAZON),
    ("amazon.fr", AMAZON),
    ("amazon.it", AMAZON),
    ("amazon.es", AMAZON),
    ("amazon.co.jp", AMAZON),
    (
        "ebay.com",
        &[
            "_trksid",
            "_trkparms",
            "mkevt",
            "mkcid",
            "mkrid",
            "campid",
            "toolid",
        ],
    ),
    (
        "aliexpress.com",
        &["spm", "scm", "algo_pvid", "algo_exp_id"],
    ),
    ("nytimes.com", &["smid", "smtyp", "emc", "rref"]),
    ("theguardian.com", &["cmp"]),
    ("bbc.com", BBC),
    ("bbc.co.uk", BBC),
    ("bloomberg.com", &["srnd", "sref", "leadsource"]),
    ("wsj.com", &["mod", "st", "reflink"]),
    ("washingtonpost.com", &["itid", "wpisrc", "wpmm"]),
];

const AMAZON: &[&str] = &[
    "ref",
    "ref_",
    "pf_rd_p",
    "pf_rd_r",
    "pf_rd_s",
    "pf_rd_t",
    "pf_rd_i",
    "pf_rd_m",
    "pd_rd_i",
    "pd_rd_r",
    "pd_rd_w",
    "pd_rd_wg",
    "content-id",
    "qid",
    "sr",
    "dib",
    "dib_tag",
    "tag",
    "linkcode",
    "ascsubtag",
];

const BBC: &[&str] = &[
    "at_medium",
    "at_campaign",
    "at_custom1",
    "at_custom2",
    "at_custom3",
    "at_custom4",
    "at_bbc_team",
    "at_ptr_name",
    "at_link_id",
    "at_link_type",
    "at_link_origin",
    "at_format",
    "ocid",
    "ns_mchannel",
    "ns_source",
    "ns_campaign",
    "ns_linkname",
    "ns_fee",
];

/// Whether the parameter `name` (decoded where it need not be encoded) tracks on `host`.
pub(super) fn is_tracking(name: &str, host: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // Brackets may come encoded.
    let name = name.replace("%5b", "[").replace("%5d", "]");
    name.strip_prefix("utm_")
        .is_some_and(|rest| !rest.is_empty())
        || EVERYWHERE.contains(&name.as_str())
        || ON_SITES
            .iter()
            .any(|(site, names)| is_of(host, site) && names.contains(&name.as_str()))
}

/// Whether `host` is `site` or below it.
fn is_of(host: &str, site: &str) -> bool {
    host.strip_suffix(site)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
