//! The admin server: `/live`, `/ready`, `/metrics` and `/status` over HTTP.

use std::io;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;

use super::Registry;

/// Serves these pages and `further` ones until `stop` completes.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    registry: Arc<Registry>,
    further: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(registry).merge(further)).with_graceful_shutdown(stop).await
}

fn router(registry: Arc<Registry>) -> Router {
    Router::new()
        .route("/live", get(|| async { "live\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .with_state(registry)
}

/// 200 while a quorum of voters is reachable, else 503; which are reachable either way.
async fn ready(State(registry): State<Arc<Registry>>) -> impl IntoResponse {
    let readiness = registry.readiness();
    let code = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(readiness))
}

async fn metrics(State(registry): State<Arc<Registry>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], registry.prometheus())
}

async fn status(State(registry): State<Arc<Registry>>) -> impl IntoResponse {
    Json(registry.status())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;
    use crate::config::Configuration;
    use crate::observe::{Outcome, Refusal, RequestKind};
    use crate::quorum::{Consistency, VoterSet};

    fn registry() -> Arc<Registry> {
        let backends = ["a", "b", "c"].map(|name| (name.to_owned(), vec!["127.0.0.1".parse().unwrap()]));
        let configuration = Configuration::ad_hoc(None, &backends, Vec::new()).unwrap();
        Arc::new(Registry::new(&configuration, Instant::now()))
    }

    /// The status line and the body that a real server gives for `path`.
    async fn get(registry: &Arc<Registry>, path: &str) -> (String, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener, registry.clone(), Router::new(), std::future::pending()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: quorate\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        server.abort();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    #[tokio::test]
    async fn it_is_live_at_once_and_ready_when_every_worker_reaches_a_quorum() {
        let registry = registry();
        assert_eq!(get(&registry, "/live").await.0, "HTTP/1.1 200 OK");
        assert_eq!(get(&registry, "/ready").await.0, "HTTP/1.1 503 Service Unavailable");
        let workers = [registry.add_worker(), registry.add_worker()];
        workers[0].show_live(VoterSet::first(2));
        assert_eq!(get(&registry, "/ready").await.0, "HTTP/1.1 503 Service Unavailable");
        workers[1].show_live(VoterSet::first(3));
        let (code, body) = get(&registry, "/ready").await;
        assert_eq!(code, "HTTP/1.1 200 OK");
        assert_eq!(body, r#"{"ready":true,"reachable":["a","b"],"unreachable":["c"]}"#);
    }

    #[tokio::test]
    async fn metrics_add_the_workers_up() {
        let registry = registry();
        for _ in 0..2 {
            let worker = registry.add_worker();
            worker.request(RequestKind::Read, Consistency::Quorum, Outcome::Ok, Duration::from_micros(300));
            worker.client_connected();
            worker.backend(1).refused(Refusal::Full);
            worker.backend(1).show(true, 1500, 7);
            worker.backend(99).missed_write();
        }
        let (_, body) = get(&registry, "/metrics").await;
        for line in [
            r#"quorate_requests_total{kind="read",level="QUORUM",outcome="ok"} 2"#,
            r#"quorate_request_duration_seconds_bucket{kind="read",le="0.000256"} 0"#,
            r#"quorate_request_duration_seconds_bucket{kind="read",le="0.000512"} 2"#,
            r#"quorate_request_duration_seconds_count{kind="read"} 2"#,
            r#"quorate_client_connections 2"#,
            r#"quorate_backend_up{backend="b",zone="",role="voter"} 1"#,
            r#"quorate_backend_latency_seconds{backend="b"} 0.0015"#,
            r#"quorate_backend_in_flight{backend="b"} 14"#,
            r#"quorate_backend_errors_total{backend="b",error="full"} 2"#,
            r#"quorate_backend_missed_writes_total{backend="a"} 0"#,
        ] {
            assert!(body.lines().any(|written| written == line), "{line} is not in\n{body}");
        }
    }

    #[tokio::test]
    async fn status_names_every_backend_and_its_state() {
        let registry = registry();
        let workers = [registry.add_worker(), registry.add_worker()];
        workers[0].backend(0).show(true, 0, 0);
        workers[1].backend(0).show(true, 0, 0);
        workers[1].backend(1).show(true, 0, 0);
        let (_, body) = get(&registry, "/status").await;
        let status: serde_json::Value = serde_json::from_str(&body).unwrap();
        let states: Vec<_> =
            status["backends"].as_array().unwrap().iter().map(|b| b["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["up", "partly", "down"]);
        assert_eq!(status["version"], super::super::VERSION);
    }
}
