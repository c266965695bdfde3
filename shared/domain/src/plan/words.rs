//! The closed word lists a step's configuration draws from.

use crate::words::words;

words! {
    /// How recent a search result must be.
    Freshness { Day = "day", Week = "week", Month = "month", Year = "year" }
}

words! {
    /// Where a post is meant for.
    Channel { Linkedin = "linkedin", X = "x", Newsletter = "newsletter", Blog = "blog", Slack = "slack", Generic = "generic" }
}

words! {
    /// The shape of a picture.
    Aspect { Wide = "16:9", Square = "1:1", Portrait = "4:5" }
}

words! {
    /// How outputs are brought together.
    Aggregation { Merge = "merge", Dedupe = "dedupe", Summarize = "summarize", TopN = "top_n", Count = "count" }
}

words! {
    /// The form of an aggregate's text.
    Format { Json = "json", Markdown = "markdown", Text = "text", Html = "html" }
}

words! {
    /// The mark-up of a report.
    TextFormat { Markdown = "markdown", Html = "html", Text = "text" }
}
