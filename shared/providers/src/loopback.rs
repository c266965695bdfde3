//! A loopback HTTP server for this crate's tests: it gives prepared answers, byte for byte, so that a
//! test can also send what no HTTP library would.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// A server that gives one prepared answer a connection, the last one again and again. It has no
/// robots.txt, and does not count being asked for it, unless a test lays one out.
pub(crate) struct Loopback {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    asked_robots: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Loopback {
    pub(crate) async fn start(answers: Vec<Vec<u8>>) -> Self {
        Self::serve(move |index, _| {
            Some(
                answers
                    .get(index)
                    .or(answers.last())
                    .cloned()
                    .unwrap_or_default(),
            )
        })
        .await
    }

    /// Accepts and reads, and never answers.
    pub(crate) async fn hanging() -> Self {
        Self::serve(|_, _| None).await
    }

    /// `answer` is asked with the number of the request and its text; `None` keeps the connection
    /// open without a word.
    pub(crate) async fn serve(
        answer: impl Fn(usize, &str) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        Self::serve_with_robots(|_| Some(reply(404, &[], "")), answer).await
    }

    /// The same with a robots.txt: asked with how often it was asked for before.
    pub(crate) async fn serve_with_robots(
        robots: impl Fn(usize) -> Option<Vec<u8>> + Send + 'static,
        answer: impl Fn(usize, &str) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve_on(listener, robots, answer)
    }

    /// The same at a place of the test's choice.
    pub(crate) fn serve_on(
        listener: TcpListener,
        robots: impl Fn(usize) -> Option<Vec<u8>> + Send + 'static,
        answer: impl Fn(usize, &str) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let asked_robots = Arc::new(AtomicUsize::new(0));
        let asked = asked_robots.clone();
        let task = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read_request(&mut stream).await;
                let answer = if request.starts_with("GET /robots.txt ") {
                    robots(asked.fetch_add(1, Ordering::SeqCst))
                } else {
                    let index = seen.lock().unwrap().len();
                    let answer = answer(index, &request);
                    seen.lock().unwrap().push(request);
                    answer
                };
                match answer {
                    // A client that has read enough hangs up: that is its right.
                    Some(answer) => drop(stream.write_all(&answer).await),
                    None => open.push(stream),
                }
            }
        });
        Self {
            port,
            requests,
            asked_robots,
            task,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}{path}", self.port)).unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How often its robots.txt was asked for.
    pub(crate) fn asked_robots(&self) -> usize {
        self.asked_robots.load(Ordering::SeqCst)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server that answers with a head and then with the same piece again and again, and counts the bytes that
/// are taken from it. It has no robots.txt.
pub(crate) struct Endless {
    pub(crate) port: u16,
    pub(crate) sent: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Endless {
    pub(crate) async fn start(head: &'static str, piece: Vec<u8>, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read_request(&mut stream).await;
                if request.starts_with("GET /robots.txt ") {
                    let _ = stream.write_all(&reply(404, &[], "")).await;
                    continue;
                }
                if stream.write_all(head.as_bytes()).await.is_err() {
                    continue;
                }
                while stream.write_all(&piece).await.is_ok() {
                    counted.fetch_add(piece.len(), Ordering::SeqCst);
                    tokio::time::sleep(pause).await;
                }
            }
        });
        Self { port, sent, task }
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer with a correct length, after which the connection closes.
pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut answer = format!(
        "HTTP/1.1 {status} Answer\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut answer = (answer + "\r\n").into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// Reads head and body of a request as text.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return text,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}
