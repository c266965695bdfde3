//! Somebody gets hold of a browser's cookie.

use reqwest::redirect::Policy;
use reqwest::{Method, Response, StatusCode};

use crate::world::{Nightdesk, Options};

/// Sends a form of ours, and gives the answer itself, not where it leads.
async fn form(nightdesk: &Nightdesk, path: &str, cookie: &str, fields: String) -> Response {
    let client = reqwest::Client::builder().redirect(Policy::none());
    let request = client
        .build()
        .unwrap()
        .post(format!("{}{path}", nightdesk.base()))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", nightdesk.base())
        .header("cookie", cookie);
    request.body(fields).send().await.unwrap()
}

/// Signs a browser in; gives its cookie.
async fn sign_in(nightdesk: &Nightdesk) -> String {
    let token = format!("token={}", nightdesk.token());
    let answer = form(nightdesk, "/signin", "", token).await;
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_stolen_cookie_is_no_token_and_is_signed_out_from_elsewhere() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let stolen = sign_in(&nightdesk).await;
    let secret = stolen.split_once('=').unwrap().1;
    assert!(
        !stolen.contains(nightdesk.token()),
        "the cookie is the token"
    );
    let (status, _) = nightdesk
        .send_as(secret, Method::GET, "/v1/tokens", None)
        .await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let desk = async |cookie: &str| {
        let request = nightdesk.browser(Method::GET, "/settings");
        let answer = request.header("cookie", cookie).send().await.unwrap();
        answer.text().await.unwrap().contains("Sign out everywhere")
    };
    assert!(desk(&stolen).await);
    // The owner, in another browser, sees it and signs all of them out.
    let own = sign_in(&nightdesk).await;
    assert!(desk(&own).await);
    form(&nightdesk, "/signout", &own, "scope=all".to_owned()).await;
    assert!(!desk(&stolen).await && !desk(&own).await);
}
