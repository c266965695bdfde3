//! Headings with points. The model writes Markdown; the structure is read from it leniently, because a
//! model's idea of a list varies and its text is kept beside the structure anyway.

use domain::plan::GenerateOutline;
use engine::ports::model::Task;
use engine::retry::ToolFailure;
use serde_json::{Value, json};

use super::{Context, Made};
use crate::material;

pub(crate) async fn run(
    config: &GenerateOutline,
    context: &Context<'_>,
) -> Result<Made, ToolFailure> {
    let task = Task::Outline {
        topic: context.optional_text(config.topic.as_ref())?,
        sections: config.sections,
        note: context.note(),
        material: material::of(context.upstream, &config.from),
    };
    let text = context.write(&task).await?;
    Ok(Made::Output {
        document: json!({ "outline": read(&text), "text": text }),
        credits: 1,
    })
}

/// The outline in a Markdown text: `#` lines are headings, list items below them points. Where
/// there is no `#`, numbered or bold lines at the margin are headings.
fn read(text: &str) -> Vec<Value> {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let hashes: Vec<usize> = lines()
        .filter_map(|line| hash_level(line.trim_start()))
        .collect();
    // A lone first heading of a higher level is the title.
    let deepest_title = match hashes.as_slice() {
        [first, rest @ ..] if !rest.is_empty() && rest.iter().all(|level| level > first) => {
            Some(*first)
        }
        _ => None,
    };
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines() {
        let bare = line.trim();
        let heading = match hash_level(bare) {
            Some(level) if Some(level) == deepest_title => continue,
            Some(level) => Some(&bare[level..]),
            None if hashes.is_empty() && !line.starts_with([' ', '\t']) => {
                numbered(bare).or_else(|| bold(bare))
            }
            None => None,
        };
        if let Some(heading) = heading {
            sections.push((plain(heading), Vec::new()));
        } else if let Some((_, points)) = sections.last_mut() {
            let point = bare
                .strip_prefix(['-', '*', '+', '•'])
                .or_else(|| numbered(bare))
                .unwrap_or(bare);
            points.push(plain(point));
        }
    }
    sections
        .into_iter()
        .map(|(heading, points)| json!({ "heading": heading, "points": points }))
        .collect()
}

fn hash_level(line: &str) -> Option<usize> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    ((1..=6).contains(&level) && line[level..].starts_with(' ')).then_some(level)
}

/// What follows `1.` or `2)`.
fn numbered(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < line.len())
        .then(|| rest.strip_prefix(['.', ')']))
        .flatten()
        .filter(|rest| rest.starts_with(' '))
}

fn bold(line: &str) -> Option<&str> {
    line.strip_prefix("**")
        .and_then(|rest| rest.trim_end_matches(':').strip_suffix("**"))
}

fn plain(text: &str) -> String {
    text.trim().trim_matches('*').trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_and_points_are_read_in_several_hands() {
        let wanted = vec![
            json!({"heading": "One", "points": ["a", "b"]}),
            json!({"heading": "Two", "points": []}),
        ];
        assert_eq!(read("# Title\n\n## One\n- a\n* b\n\n## Two\n"), wanted);
        assert_eq!(read("## One\n1. a\n2. b\n## Two"), wanted);
        assert_eq!(read("1. **One**\n   - a\n   - b\n2. Two"), wanted);
        assert_eq!(read("**One**\n- a\n- b\n**Two**"), wanted);
        assert_eq!(read("just prose"), Vec::<Value>::new());
    }
}
