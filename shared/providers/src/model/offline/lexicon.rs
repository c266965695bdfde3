//! The closed word lists the offline planner reads a goal by. English only: a goal in another language
//! still becomes a search for its own words.

/// Numbers people write as words.
const NUMBERS: &[(&str, u32)] = &[
    ("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6), ("seven", 7), ("eight", 8), ("nine", 9), ("ten", 10),
    ("twelve", 12), ("fifteen", 15), ("twenty", 20), ("dozen", 12), ("couple", 2), ("few", 3),
];

/// A number in digits or as a word.
pub(super) fn number(text: &str) -> Option<u32> {
    let text = text.to_ascii_lowercase();
    text.parse().ok().or_else(|| NUMBERS.iter().find(|(word, _)| *word == text).map(|(_, value)| *value))
}

/// The regular expression of a number as [`number`] reads it.
pub(super) const NUMBER: &str = r"\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|dozen|couple|few";

/// Verbs whose object is what is made, not what it is about: "write a brief on X" is about X.
pub(super) const MAKING: &[&str] = &[
    "write", "draft", "create", "produce", "prepare", "generate", "make", "compose", "format", "draw", "design", "illustrate", "paint", "add",
    "include", "attach", "build", "brief", "report",
];

/// Verbs that deliver: their object is a form ("the results") or the thing itself ("the incidents").
pub(super) const DELIVERING: &[&str] = &["publish", "post", "send", "email", "e-mail", "mail", "deliver", "share", "tweet", "save", "put", "forward"];

/// Forms a text is given: never what it is about.
pub(super) const FORMS: &[&str] = &[
    "report", "reports", "brief", "briefing", "summary", "summaries", "digest", "list", "update", "post", "posts", "thread", "draft", "drafts",
    "findings", "output", "message", "note", "notes", "mail", "email", "e-mail", "copy", "text", "version", "roundup", "round-up", "overview",
    "article", "picture", "image", "illustration", "section", "issue", "edition", "one", "answer", "results", "result", "outline", "analysis",
];

/// What stands between something made and what it is about.
pub(super) const ABOUT: &[&str] = &["about", "on", "of", "covering", "regarding", "concerning", "describing", "explaining", "showing", "from"];

/// Words that narrow the topic before them, when they begin a clause.
pub(super) const NARROWING: &[&str] = &["focusing", "focus", "focused", "especially", "particularly", "including", "in", "for", "from", "with", "within"];

/// Words after which a clause names what is not wanted.
pub(super) const EXCLUDING: &[&str] = &["excluding", "exclude", "except", "ignore", "ignoring", "without", "skip", "skipping", "not", "no", "never", "but"];

/// A part that begins with one of these speaks of the part before it.
pub(super) const BACK_REFERENCES: &[&str] = &["it", "its", "them", "their", "they", "this", "that", "these", "those", "each", "both", "he", "she"];

/// Words that carry no topic at the beginning of a part: commands, politeness, articles, question words.
pub(super) const LEADING: &[&str] = &[
    // commands
    "find", "search", "look", "looking", "get", "give", "show", "list", "collect", "gather", "fetch", "research", "investigate", "explore",
    "discover", "identify", "pick", "choose", "select", "rank", "watch", "monitor", "track", "follow", "check", "scan", "read", "crawl",
    "visit", "open", "compare", "comparing", "analyse", "analyze", "analysing", "analyzing", "summarise", "summarize", "summarising",
    "summarizing", "recap", "explain", "describe", "answer", "tell", "inform", "informed", "update", "alert", "notify", "ping", "warn",
    "remind", "detect", "keep", "stay", "run", "use", "using", "take", "turn", "convert", "outline", "review", "study", "understand", "learn", "brief",
    "write", "draft", "create", "produce", "prepare", "generate", "make", "publish", "post", "send", "email", "mail", "report",
    "eye", "let", "know", "start", "begin", "pull", "bring", "surface", "cover", "help",
    // people and politeness
    "me", "us", "you", "i", "we", "i'd", "i'm", "please", "can", "could", "would", "should", "will", "want", "wants", "need", "needs", "like", "love",
    "hi", "hello", "hey", "just", "also", "finally", "first", "next", "afterwards", "later", "again", "automatically",
    // articles, prepositions, conjunctions, question words
    "a", "an", "the", "any", "all", "some", "every", "each", "to", "for", "about", "on", "of", "in", "at", "from", "with", "into", "by", "as",
    "out", "up", "over", "through", "across", "around", "between", "when", "whenever", "if", "once", "whether", "while", "where", "what",
    "what's", "who", "whom", "how", "why", "which", "is", "are", "was", "were", "be", "been", "does", "do", "did", "has", "have", "had",
    "there", "and", "or", "plus", "so", "that", "my", "our", "your", "not", "only", "regarding", "concerning", "covering",
    // qualities every goal asks for
    "changed", "happened", "happening",
    "new", "newest", "latest", "recent", "current", "top", "best", "most", "important", "biggest", "interesting", "relevant", "notable",
    "major", "key", "main", "short", "brief", "quick", "concise", "detailed", "in-depth", "long", "good", "great", "nice", "simple",
    // the form of what is found
    "news", "stories", "story", "articles", "article", "headlines", "headline", "items", "item", "posts", "results", "result", "sources",
    "source", "links", "link", "information", "info", "details", "coverage", "updates", "difference", "differences", "comparison",
    "summary", "overview", "everything", "changes", "change", "web", "internet", "online", "things", "something", "anything", "page", "pages", "website", "site",
];

/// Words that carry no topic at the end of a part.
pub(super) const TRAILING: &[&str] = &[
    "a", "an", "the", "to", "for", "about", "on", "of", "in", "at", "from", "with", "into", "by", "as", "and", "or", "me", "us", "it", "them",
    "please", "change", "changes", "changed", "happens", "happen", "appears", "appear", "news", "stories", "articles", "headlines", "items",
    "results", "links", "sources", "information", "info", "online", "too", "also", "there", "now", "again", "is", "are", "out", "up", "report",
    "summary", "brief", "post", "over", "comes", "each", "every", "that", "which", "updates", "informed", "posted", "published", "announced",
];

/// Words that say nothing about what is wanted. A goal of these alone is vague.
pub(super) const EMPTY: &[&str] = &[
    "something", "anything", "everything", "stuff", "thing", "things", "help", "work", "job", "task", "tasks", "business", "better", "good",
    "cool", "nice", "interesting", "useful", "great", "money", "do", "make", "it", "that", "this", "company", "companies", "competitor",
    "competitors", "competition", "market", "industry", "topic", "topics", "subject", "website", "site", "page", "product", "products", "life", "my",
    "our", "your", "their", "some", "any", "more", "stay", "date", "idea", "ideas", "content", "data", "way", "ways", "time", "day", "world",
    "internet", "web", "general", "whatever", "wherever", "someone", "people", "workflow", "automation", "automate",
];

/// Nouns that head an enumeration: in "Rust and Go releases" both are releases.
pub(super) const HEADS: &[&str] = &[
    "news", "releases", "launches", "prices", "pricing", "updates", "trends", "incidents", "research", "announcements", "developments",
    "recipes", "jobs", "events", "papers", "products", "breaches", "startups", "funding", "regulation", "stories", "technology",
];
