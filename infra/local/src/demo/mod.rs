//! `nightdesk demo`: the main job once, narrated, without questions.
//!
//! Everything it shows happens for real: the host with all functions, the bundled site, mails, links and a
//! receiver on loopback. The narrator only speaks HTTP, as any client would. What can go wrong is that a
//! story does not reach its end in time: then the demo says where it stood and exits with an error.

mod approval;
mod board;
mod client;
mod patrol;

use std::time::Instant;

use crate::console::say;
use crate::host::{Host, HostError};
use crate::settings::Settings;

pub(crate) use client::DemoError;

use board::Board;
use client::Client;

/// The goal of the first story, where the person at the terminal gives none. `{board}` is where it
/// is published.
const GOAL: &str =
    "Find this week's top 3 AI product launches, draft a LinkedIn update and post it to {board}";
/// Another goal, only planned and run to its draft, so that the two can be compared.
const OTHER_GOAL: &str = "Summarise the latest news about solar energy in a 120 word report and turn it into a newsletter";

/// Why the demo did not reach its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("the board, where the demo publishes, could not be put up")]
    Board(#[source] std::io::Error),
    #[error(transparent)]
    Story(#[from] DemoError),
}

/// Tells both stories and ends.
///
/// # Errors
/// The host does not start, or a story does not reach its end.
pub(crate) async fn tell(settings: Settings, goal: Option<String>) -> Result<(), Failed> {
    let begun = Instant::now();
    let board = Board::put_up().await.map_err(Failed::Board)?;
    let mut allowed = settings.egress_allow.clone();
    if !allowed.is_empty() {
        allowed.push(',');
    }
    allowed.push_str(&board.address());
    let host = Host::start(Settings {
        egress_allow: allowed,
        data: None,
        port: 0,
        ..settings
    })
    .await?;
    let client = Client::new(host.base_url(), host.token())?;
    say(&format!(
        "\n  Nightdesk is up at {} in {} ms. Nothing leaves this machine.",
        host.base_url(),
        begun.elapsed().as_millis()
    ));

    let goal = goal
        .unwrap_or_else(|| GOAL.to_owned())
        .replace("{board}", &board.url());
    chapter("1", "From a goal to something published");
    approval::tell(&client, &board, &goal).await?;
    chapter("2", "Another goal, another plan");
    approval::tell_to_the_draft(&client, OTHER_GOAL).await?;
    chapter("3", "A watch that speaks up only when something changed");
    patrol::tell(&client, host.site_url()).await?;

    say(&format!(
        "\n  Done in {:.1} s. `cargo dev` serves all of this at http://127.0.0.1:8787 until you stop it.\n",
        begun.elapsed().as_secs_f64()
    ));
    host.stop().await;
    Ok(())
}

fn chapter(number: &str, title: &str) {
    say(&format!(
        "\n── {number}. {title} {}",
        "─".repeat(70_usize.saturating_sub(title.len()))
    ));
}

/// One line of the story.
fn tell_line(label: &str, text: &str) {
    say(&format!("  {label:<9} {text}"));
}

/// A text a person reads, indented and cut.
fn quote(text: &str, lines: usize) {
    let all: Vec<&str> = text.lines().collect();
    for line in all.iter().take(lines) {
        let short: String = line.chars().take(110).collect();
        say(&format!(
            "            │ {short}{}",
            if line.chars().count() > 110 {
                "…"
            } else {
                ""
            }
        ));
    }
    if all.len() > lines {
        say(&format!("            │ … {} more lines", all.len() - lines));
    }
}
