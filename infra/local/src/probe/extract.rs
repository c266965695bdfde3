//! What a page says: title, main text, date, author, language, links, structured data.

use serde_json::{Value, json};

use super::{Fault, page::Source};

/// `{html | html_path, url}` → `{title, text, published, modified?, author?, language?, links[{url, text}],
/// structured}`, and `needs_script: true` where the page shows nothing without its script.
pub(super) fn answer(request: &Value) -> Result<Value, Fault> {
    let source = Source::of(request)?;
    let found = source.reading()?;
    let links: Vec<Value> = found
        .links
        .iter()
        .map(|link| json!({ "url": link.url, "text": link.text }))
        .collect();
    let mut answer = json!({
        "title": found.title,
        "text": found.text,
        "published": found.published,
        "links": links,
        "structured": found.structured,
    });
    if let Some(modified) = found.modified {
        answer["modified"] = json!(modified);
    }
    if let Some(author) = found.author {
        answer["author"] = author.into();
    }
    if let Some(language) = found.language {
        answer["language"] = language.into();
    }
    if found.needs_script {
        answer["needs_script"] = true.into();
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_answered_in_full() {
        let html = "<html lang=en><title>Harbour</title><meta name=author content='Ida Holm'>\
            <body><main><h1>Harbour</h1><p>The ferry leaves at nine, from <a href='/quay'>the quay</a>.</p>";
        let answer = answer(&json!({"html": html, "url": "https://news.example/a"})).unwrap();
        assert_eq!(answer["title"], "Harbour");
        assert!(answer["text"].as_str().unwrap().contains("leaves at nine"));
        assert_eq!(answer["published"], Value::Null);
        assert_eq!(
            (&answer["author"], &answer["language"]),
            (&json!("Ida Holm"), &json!("en"))
        );
        assert_eq!(
            answer["links"],
            json!([{"url": "https://news.example/quay", "text": "the quay"}])
        );
        assert!(answer["structured"].is_object() && answer.get("needs_script").is_none());
    }

    #[test]
    fn an_empty_shell_says_that_it_needs_script() {
        let html = "<div id=root></div><script src=/app.js></script>";
        let answer = answer(&json!({"html": html, "url": "https://news.example/a"})).unwrap();
        assert_eq!(answer["needs_script"], true);
    }
}
