//! An images API as chat-completions servers offer it: `POST {base}/images/generations`.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::plan::Aspect;
use engine::ports::{Image, ImageRequest, Images, ModelError};
use jiff::Timestamp;
use reqwest::Client;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::alt;
use crate::http::{ClientError, client, text_of};
use crate::model::ChatSettings;
use crate::model::chat::{endpoint, read_bounded, refusal, unreadable};
use crate::retry_after::retry_after;

/// The largest answer read: a PNG of 12 MiB in base64.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The longest prompt sent, in characters.
const MAX_PROMPT_CHARS: usize = 4_000;

/// An image model.
pub struct ApiImages {
    settings: ChatSettings,
    endpoint: Url,
    client: Client,
}

#[derive(Deserialize)]
struct Drawn {
    data: Vec<Datum>,
}

#[derive(Deserialize)]
struct Datum {
    b64_json: String,
}

impl ApiImages {
    /// `settings.model` names the image model.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn new(settings: ChatSettings) -> Result<Self, ClientError> {
        let endpoint = endpoint(&settings.base, "images/generations");
        Ok(Self {
            settings,
            endpoint,
            client: client(|builder| builder)?,
        })
    }

    async fn ask(&self, request: &ImageRequest) -> Result<Image, ModelError> {
        let prompt: String = request.prompt.chars().take(MAX_PROMPT_CHARS).collect();
        let body = json!({ "model": self.settings.model, "prompt": prompt, "n": 1, "size": size(request.aspect) });
        let mut call = self.client.post(self.endpoint.clone()).json(&body);
        if let Some(key) = &self.settings.key {
            call = call.bearer_auth(key.expose());
        }
        let response = call.send().await.map_err(|error| ModelError::Unavailable {
            reason: text_of(&error),
        })?;
        if !response.status().is_success() {
            let retry_after = retry_after(response.headers(), Timestamp::now());
            return Err(refusal(response.status().as_u16(), retry_after, ""));
        }
        let drawn: Drawn = serde_json::from_slice(&read_bounded(response, MAX_BYTES).await?)
            .map_err(|_| unreadable("it holds no picture in base64"))?;
        let datum = drawn
            .data
            .into_iter()
            .next()
            .ok_or_else(|| unreadable("it holds no picture"))?;
        let bytes = STANDARD
            .decode(datum.b64_json.trim())
            .map_err(|_| unreadable("the picture is not base64"))?;
        let (width, height) = dimensions(&bytes)?;
        Ok(Image {
            bytes,
            content_type: "image/png".to_owned(),
            width,
            height,
            alt: alt(&request.prompt),
        })
    }
}

#[async_trait]
impl Images for ApiImages {
    async fn draw(&self, request: &ImageRequest, limit: Duration) -> Result<Image, ModelError> {
        tokio::time::timeout(limit, self.ask(request))
            .await
            .unwrap_or(Err(ModelError::Timeout))
    }
}

/// The sizes image models offer, nearest to the aspect.
fn size(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Wide => "1536x1024",
        Aspect::Square => "1024x1024",
        Aspect::Portrait => "1024x1536",
    }
}

/// The true size of a PNG. Whoever says it is one is not believed.
fn dimensions(bytes: &[u8]) -> Result<(u32, u32), ModelError> {
    let reader = png::Decoder::new(std::io::Cursor::new(bytes))
        .read_info()
        .map_err(|_| unreadable("the picture is no PNG"))?;
    Ok((reader.info().width, reader.info().height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use crate::loopback::{Loopback, reply};

    async fn draw(answer: Vec<u8>) -> Result<Image, ModelError> {
        let server = Loopback::start(vec![answer]).await;
        let settings = ChatSettings {
            base: server.url("/v1"),
            key: Some(Secret::new("k")),
            model: "m".to_owned(),
        };
        let request = ImageRequest {
            prompt: "a harbour".to_owned(),
            aspect: Aspect::Wide,
        };
        let image = ApiImages::new(settings)
            .unwrap()
            .draw(&request, Duration::from_secs(5))
            .await;
        assert!(server.requests()[0].starts_with("POST /v1/images/generations"));
        image
    }

    #[tokio::test]
    async fn takes_pngs_and_nothing_else() {
        let png = crate::images::drawing::png("x", 30, 20).unwrap();
        let answer = |bytes: &[u8]| {
            reply(
                200,
                &[],
                json!({"data": [{"b64_json": STANDARD.encode(bytes)}]}).to_string(),
            )
        };
        let image = draw(answer(&png)).await.unwrap();
        assert_eq!((image.width, image.height, image.bytes), (30, 20, png));
        for bad in [
            answer(b"<svg onload=alert(1)>"),
            reply(200, &[], "{}"),
            reply(200, &[], r#"{"data": []}"#),
        ] {
            assert!(matches!(
                draw(bad).await,
                Err(ModelError::Unreadable { .. })
            ));
        }
        assert!(matches!(
            draw(reply(401, &[], "")).await,
            Err(ModelError::Refused { .. })
        ));
    }
}
