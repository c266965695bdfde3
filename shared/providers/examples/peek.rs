use engine::ports::*;
use engine::ports::model::*;
use std::time::Duration;
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let model = nightdesk_providers::model::OfflineModel;
    for goal in std::env::args().skip(1) {
        let a = model.perform(&Task::Plan { intent: goal.clone(), budget: 30, faults: vec![] }, Duration::from_secs(1)).await.unwrap();
        let v: serde_json::Value = serde_json::from_str(&a.text).unwrap();
        println!("## {goal}\n{} {}\n{}", v["planning_profile"], v["suggested_schedule"], v["topology_reason"].as_str().unwrap_or(&v.to_string()));
        for s in v["steps"].as_array().into_iter().flatten() { println!("  {} {} {}", s["id"], s["type"], s["config"]); }
    }
    let site = nightdesk_providers::site::Site::notional();
    let today = "2026-11-21".parse().unwrap();
    let s = nightdesk_providers::search::OfflineSearch::notional();
    let found = s.search(&SearchRequest { query: "AI product launches".into(), max_results: 3, freshness: Some(domain::plan::Freshness::Week), now: "2026-11-21T00:00:00Z".parse().unwrap() }, Duration::from_secs(1)).await.unwrap();
    let items: Vec<_> = found.iter().map(|f| { let p = url::Url::parse(&f.url).unwrap(); let body = String::from_utf8(site.respond(p.path(), None, 1, today).body).unwrap();
        let text = scraper::Html::parse_document(&body).select(&scraper::Selector::parse("article").unwrap()).next().unwrap().text().collect::<String>();
        MaterialItem { url: f.url.clone(), title: f.title.clone(), snippet: f.snippet.clone(), text, published: f.published_date.clone() } }).collect();
    let material = vec![Material { key: "read".into(), items, text: String::new() }];
    for c in domain::plan::Channel::ALL {
        let a = model.perform(&Task::Post { channel: *c, max_words: None, note: None, material: material.clone() }, Duration::from_secs(1)).await.unwrap();
        println!("---- {c}\n{}", a.text);
    }
    let a = model.perform(&Task::Report { title: Some("AI launches".into()), length_words: 300, format: TextFormat::Markdown, note: None, material: material.clone() }, Duration::from_secs(1)).await.unwrap();
    println!("---- report\n{}", a.text);
    let a = model.perform(&Task::Outline { topic: None, sections: 5, note: None, material: material.clone() }, Duration::from_secs(1)).await.unwrap();
    println!("---- outline\n{}", a.text);
    let i = nightdesk_providers::images::OfflineImages.draw(&ImageRequest { prompt: "AI launches".into(), aspect: domain::plan::Aspect::Wide }, Duration::from_secs(1)).await.unwrap();
    std::fs::write("/tmp/nd_pic.png", &i.bytes).unwrap();
    println!("{} bytes", i.bytes.len());
}
