//! The words the heuristic knows. A cue of several words must stand in that order.

use super::Cadence;

/// How often, as people say it.
pub(super) const CADENCES: [(Cadence, &[&str]); 4] = [
    (
        Cadence::Hourly,
        &[
            "hourly",
            "every hour",
            "each hour",
            "immediately",
            "as soon as",
            "real time",
        ],
    ),
    (
        Cadence::Weekly,
        &[
            "weekly",
            "every week",
            "each week",
            "every monday",
            "every tuesday",
            "every wednesday",
            "every thursday",
            "every friday",
            "every sunday",
        ],
    ),
    (Cadence::Monthly, &["monthly", "every month", "each month"]),
    (
        Cadence::Daily,
        &[
            "daily",
            "every day",
            "each day",
            "every morning",
            "every evening",
            "overnight",
            "each morning",
        ],
    ),
];

/// What makes something worth telling, and the words that say so.
pub(super) const TRIGGERS: [(&str, &[&str]); 9] = [
    (
        "a price changes",
        &[
            "price", "prices", "pricing", "cost", "costs", "discount", "cheaper",
        ],
    ),
    (
        "a version is released",
        &[
            "release",
            "releases",
            "released",
            "version",
            "versions",
            "changelog",
            "launch",
            "launches",
        ],
    ),
    (
        "something is announced",
        &[
            "announce",
            "announces",
            "announcement",
            "announcements",
            "news",
            "press",
        ],
    ),
    (
        "a page changes",
        &[
            "change", "changes", "changed", "update", "updates", "edit", "edits",
        ],
    ),
    (
        "a position opens",
        &[
            "job",
            "jobs",
            "hiring",
            "vacancy",
            "vacancies",
            "career",
            "careers",
        ],
    ),
    (
        "money is raised",
        &[
            "funding",
            "raises",
            "round",
            "rounds",
            "acquisition",
            "acquires",
            "ipo",
        ],
    ),
    (
        "something becomes available",
        &[
            "available",
            "availability",
            "stock",
            "restock",
            "opens",
            "tickets",
        ],
    ),
    (
        "a rule or deadline appears",
        &[
            "regulation",
            "law",
            "ruling",
            "deadline",
            "tender",
            "tenders",
            "grant",
            "grants",
        ],
    ),
    (
        "something is published",
        &[
            "paper", "papers", "report", "reports", "post", "posts", "article", "articles",
            "preprint",
        ],
    ),
];

/// What kind of watching it is; the first that fits.
pub(super) const MONITORING: [(&str, &[&str]); 6] = [
    (
        "price",
        &["price", "prices", "pricing", "cost", "discount", "cheaper"],
    ),
    (
        "release",
        &[
            "release",
            "releases",
            "released",
            "version",
            "versions",
            "changelog",
            "launch",
        ],
    ),
    (
        "jobs",
        &["job", "jobs", "hiring", "vacancy", "vacancies", "careers"],
    ),
    (
        "availability",
        &["available", "availability", "stock", "restock", "tickets"],
    ),
    (
        "competitor",
        &[
            "competitor",
            "competitors",
            "competition",
            "rival",
            "rivals",
        ],
    ),
    ("page", &["page", "site", "website", "changes", "changed"]),
];

/// Where it can be found.
pub(super) const SOURCES: [(&str, &[&str]); 7] = [
    (
        "page",
        &[
            "page",
            "site",
            "website",
            "homepage",
            "blog",
            "docs",
            "documentation",
        ],
    ),
    (
        "news",
        &[
            "news",
            "press",
            "newspaper",
            "newspapers",
            "headlines",
            "announcement",
            "announcements",
        ],
    ),
    (
        "research",
        &[
            "paper", "papers", "arxiv", "preprint", "journal", "study", "studies",
        ],
    ),
    (
        "code",
        &[
            "github",
            "gitlab",
            "repository",
            "repo",
            "changelog",
            "crates",
            "npm",
        ],
    ),
    ("shop", &["shop", "store", "amazon", "ebay", "marketplace"]),
    (
        "social",
        &["linkedin", "twitter", "reddit", "mastodon", "youtube"],
    ),
    (
        "official",
        &[
            "regulation",
            "law",
            "gazette",
            "tender",
            "tenders",
            "court",
            "ministry",
            "filing",
            "filings",
        ],
    ),
];

/// What follows these is not wanted.
pub(super) const EXCLUDING: [&str; 6] = [
    "except",
    "excluding",
    "but not",
    "without",
    "ignoring",
    "other than",
];

/// Words that narrow nothing.
pub(super) const VAGUE: [&str; 12] = [
    "stuff",
    "things",
    "something",
    "anything",
    "everything",
    "interesting",
    "important",
    "relevant",
    "whatever",
    "cool",
    "good",
    "somehow",
];

/// Words that begin sentences and name nothing, although they have a capital there.
pub(super) const OPENERS: [&str; 36] = [
    "a",
    "alert",
    "an",
    "and",
    "check",
    "compare",
    "create",
    "each",
    "every",
    "find",
    "follow",
    "for",
    "get",
    "give",
    "i",
    "if",
    "ignore",
    "in",
    "inform",
    "keep",
    "let",
    "look",
    "monitor",
    "notify",
    "on",
    "please",
    "post",
    "report",
    "research",
    "search",
    "send",
    "summarise",
    "summarize",
    "tell",
    "the",
    "track",
];

/// Further openers that also name days and moments.
pub(super) const MOMENTS: [&str; 12] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "today",
    "watch",
    "when",
    "whenever",
    "write",
];
