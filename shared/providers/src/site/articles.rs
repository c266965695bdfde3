//! The articles, read once from the texts compiled in.
//!
//! An article begins with `=== slug`, has `name: value` lines up to an empty line, and paragraphs after
//! it. The texts are ours and part of the program: one that cannot be read is a mistake of this
//! crate, and a test reads them all.

use std::sync::LazyLock;

/// A topic of the paper.
pub(crate) struct Topic {
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    text: &'static str,
}

pub(crate) const TOPICS: &[Topic] = &[
    Topic {
        slug: "ai",
        name: "Artificial intelligence",
        text: include_str!("../../site/articles/ai.txt"),
    },
    Topic {
        slug: "programming",
        name: "Programming",
        text: include_str!("../../site/articles/programming.txt"),
    },
    Topic {
        slug: "space",
        name: "Space",
        text: include_str!("../../site/articles/space.txt"),
    },
    Topic {
        slug: "energy",
        name: "Energy and climate",
        text: include_str!("../../site/articles/energy.txt"),
    },
    Topic {
        slug: "security",
        name: "Security",
        text: include_str!("../../site/articles/security.txt"),
    },
    Topic {
        slug: "medicine",
        name: "Medicine",
        text: include_str!("../../site/articles/medicine.txt"),
    },
    Topic {
        slug: "city",
        name: "City",
        text: include_str!("../../site/articles/city.txt"),
    },
    Topic {
        slug: "food",
        name: "Food",
        text: include_str!("../../site/articles/food.txt"),
    },
];

/// One article.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Article {
    pub(crate) slug: String,
    pub(crate) topic: &'static str,
    pub(crate) title: String,
    pub(crate) author: String,
    /// Days before today on which it was published.
    pub(crate) days_ago: u32,
    /// The first edition it is in.
    pub(crate) edition: u32,
    pub(crate) tags: String,
    pub(crate) summary: String,
    /// Paragraphs, an empty line between them.
    pub(crate) text: String,
}

/// The articles of an edition, newest first.
pub(crate) fn articles(edition: u32) -> impl Iterator<Item = &'static Article> {
    static ALL: LazyLock<Vec<Article>> = LazyLock::new(|| {
        let mut all: Vec<Article> = TOPICS.iter().flat_map(read).collect();
        all.sort_by(|a, b| {
            a.days_ago
                .cmp(&b.days_ago)
                .then_with(|| a.slug.cmp(&b.slug))
        });
        all
    });
    ALL.iter().filter(move |article| article.edition <= edition)
}

fn read(topic: &'static Topic) -> impl Iterator<Item = Article> {
    topic
        .text
        .split("=== ")
        .filter(|block| !block.trim().is_empty())
        .filter_map(|block| {
            let (head, text) = block.split_once("\n\n")?;
            let mut lines = head.lines();
            let slug = lines.next()?.trim().to_owned();
            let mut article = Article {
                slug,
                topic: topic.slug,
                text: text.trim().to_owned(),
                ..Article::default()
            };
            for line in lines {
                let (name, value) = line.split_once(':')?;
                let value = value.trim();
                match name {
                    "title" => value.clone_into(&mut article.title),
                    "author" => value.clone_into(&mut article.author),
                    "days_ago" => article.days_ago = value.parse().ok()?,
                    "edition" => article.edition = value.parse().ok()?,
                    "tags" => value.clone_into(&mut article.tags),
                    "summary" => value.clone_into(&mut article.summary),
                    _ => return None,
                }
            }
            Some(article)
        })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_text_is_read_whole() {
        let blocks: usize = TOPICS
            .iter()
            .map(|topic| topic.text.matches("=== ").count())
            .sum();
        let all: Vec<_> = articles(u32::MAX).collect();
        assert_eq!(all.len(), blocks, "a head could not be read");
        assert!(all.len() >= 30);
        let slugs: HashSet<_> = all.iter().map(|article| &article.slug).collect();
        assert_eq!(slugs.len(), all.len());
        for article in all {
            let filled = [
                &article.title,
                &article.author,
                &article.tags,
                &article.summary,
            ]
            .iter()
            .all(|text| !text.is_empty());
            assert!(
                filled && article.edition >= 1 && article.text.split("\n\n").count() >= 3,
                "{}",
                article.slug
            );
        }
    }
}
