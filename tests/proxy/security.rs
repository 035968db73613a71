//! Who may connect: logins that a backend verifies, TLS on both sides, and how many.

use std::sync::Arc;

use quorate_protocol::frame::Version;
use quorate_protocol::message::Consistency::{One, Quorum};
use quorate_protocol::message::{ErrorCode, Request, Response};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::AsyncReadExt;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::client::{Answer, Client, tcp};
use crate::node::{Node, NodeOptions};
use crate::patience::{eventually, within_reason};
use crate::setup::{Proxy, Setup};

const INSERT: &str = "INSERT INTO ks.kv (k, v) VALUES (1, 'a')";
const SERVICE: &str = "credentials = { username = \"quorate\", password = \"service\" }";

#[tokio::test]
async fn a_backend_verifies_the_clients_credentials() {
    let (node, proxy) = guarded().await;
    for version in Version::ALL {
        let mut client = greeted(&proxy, version).await;
        assert_eq!(client.log_in("ann", "secret").await.response, Response::AuthSuccess(None));
        client.query(INSERT, Quorum).await.done();
    }
    assert_eq!(node.did("INSERT").len(), Version::ALL.len());
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_nothing_can_be_asked_without() {
    let (node, proxy) = guarded().await;
    let mut client = greeted(&proxy, Version::V5).await;
    let answer = client.log_in("ann", "guess").await;
    assert_eq!(answer.code(), ErrorCode::BadCredentials);
    let mut client = greeted(&proxy, Version::V5).await;
    assert_eq!(client.query(INSERT, One).await.code(), ErrorCode::Protocol);
    assert!(node.did("INSERT").is_empty());
}

#[tokio::test]
async fn a_client_tries_one_password_at_a_time() {
    let (node, proxy) = guarded().await;
    let mut client = greeted(&proxy, Version::V5).await;
    node.pause();
    let token = |password: &str| Request::AuthResponse(Some(format!("\0ann\0{password}").into_bytes().into()));
    for stream in 0..100 {
        client.queue(stream, token("guess"));
    }
    client.flush().await;
    for _ in 0..99 {
        assert_eq!(client.receive().await.1.code(), ErrorCode::Protocol);
    }
    node.resume();
    assert_eq!(client.receive().await.1.code(), ErrorCode::BadCredentials);
    assert_eq!(client.ask(token("secret")).await.response, Response::AuthSuccess(None));
}

#[tokio::test]
async fn failed_logins_are_bounded_in_rate_and_right_ones_are_remembered() {
    let (node, proxy) = guarded().await;
    let mut known = greeted(&proxy, Version::V5).await;
    assert_eq!(known.log_in("ann", "secret").await.response, Response::AuthSuccess(None));
    // Many at once: the bound is for a second.
    eventually("a refused attempt", async || {
        let mut clients = Vec::new();
        for _ in 0..60 {
            clients.push(greeted(&proxy, Version::V4).await);
        }
        for client in &mut clients {
            client.send(1, quorate_protocol::message::Request::AuthResponse(Some("\0ann\0guess".into()))).await;
        }
        let mut codes = Vec::new();
        for client in &mut clients {
            codes.push(client.receive().await.1.code());
        }
        codes.contains(&ErrorCode::Overloaded).then_some(())
    })
    .await;
    let mut again = greeted(&proxy, Version::V5).await;
    assert_eq!(again.log_in("ann", "secret").await.response, Response::AuthSuccess(None));
    again.query(INSERT, Quorum).await.done();
    node.does("INSERT", 1).await;
}

#[tokio::test]
async fn many_clients_that_log_in_at_once_all_may() {
    let (node, proxy) = guarded().await;
    let mut clients = Vec::new();
    for _ in 0..60 {
        clients.push(greeted(&proxy, Version::V4).await);
    }
    for client in &mut clients {
        client.send(1, quorate_protocol::message::Request::AuthResponse(Some("\0ann\0secret".into()))).await;
    }
    for client in &mut clients {
        assert_eq!(client.receive().await.1.response, Response::AuthSuccess(None));
        client.query(INSERT, Quorum).await.done();
    }
    assert_eq!(node.count("INSERT"), 60);
}

#[tokio::test]
async fn while_no_backend_can_verify_a_login_fails_and_is_not_called_wrong() {
    let (node, proxy) = guarded().await;
    let mut client = greeted(&proxy, Version::V5).await;
    node.die();
    proxy.loses("a").await;
    let code = client.log_in("ann", "secret").await.code();
    assert!(!matches!(code, ErrorCode::BadCredentials), "{code:?}");
}

#[tokio::test]
async fn who_never_logs_in_is_disconnected_and_others_are_not() {
    let node = Node::start().await;
    let setup = Setup::over([&node]).listen("workers = 1\nhandshake_timeout = \"100ms\"");
    let proxy = setup.start().await;
    let mut ready = Client::connect(&proxy).await;
    let mut silent = tcp(&proxy).await;
    let mut nothing = Vec::new();
    within_reason("the end", silent.read_to_end(&mut nothing)).await.expect("a gentle end");
    assert!(nothing.is_empty());
    ready.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_and_room_is_made_by_those_that_leave() {
    let node = Node::start().await;
    let proxy = Setup::over([&node]).listen("workers = 2\nmax_connections = 3").start().await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(Client::connect(&proxy).await);
    }
    let mut refused = tcp(&proxy).await;
    let mut nothing = Vec::new();
    within_reason("the end", refused.read_to_end(&mut nothing)).await.expect("a gentle end");
    for client in &mut clients {
        client.query(INSERT, Quorum).await.done();
    }
    clients.pop();
    proxy.metric_is("quorate_client_connections", |open| open == 2.0).await;
    Client::connect(&proxy).await.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn a_listener_with_tls_serves_tls_only() {
    let (node, authority) = (Node::start().await, Authority::new());
    let setup = Setup::over([&node]);
    let (certificate, key) = authority.issue("localhost");
    let tls = format!(
        "[listen.tls]\ncertificate = \"{}\"\nkey = \"{}\"",
        setup.file("server.pem", &certificate),
        setup.file("server.key", &key)
    );
    let proxy = setup.section(&tls).start().await;
    for version in Version::ALL {
        let mut client = authority.client(&proxy, None, version).await.expect("TLS");
        client.start_up(None).await.done();
        client.query(INSERT, Quorum).await.done();
        let large = format!("INSERT INTO ks.kv (k, v) VALUES (1, '{}')", "x".repeat(500_000));
        client.query(&large, Quorum).await.done();
    }
    let mut plain = Client::over(Box::new(tcp(&proxy).await), Version::V4);
    plain.send_raw(&[4, 0, 0, 0, 5, 0, 0, 0, 0]).await;
    plain.shun().await;
}

#[tokio::test]
async fn mutual_tls_lets_nobody_in_without_a_certificate_of_the_authority() {
    let (node, authority, stranger) = (Node::start().await, Authority::new(), Authority::new());
    let setup = Setup::over([&node]);
    let (certificate, key) = authority.issue("localhost");
    let tls = format!(
        "[listen.tls]\ncertificate = \"{}\"\nkey = \"{}\"\nclient_ca = \"{}\"",
        setup.file("server.pem", &certificate),
        setup.file("server.key", &key),
        setup.file("ca.pem", &authority.pem())
    );
    let proxy = setup.section(&tls).start().await;
    let mut client = authority.client(&proxy, Some(authority.issue("ann")), Version::V5).await.expect("TLS");
    client.start_up(None).await.done();
    client.query(INSERT, Quorum).await.done();
    for identity in [None, Some(stranger.issue("ann"))] {
        // In TLS 1.3 the client learns of it when it reads.
        if let Some(mut client) = authority.client(&proxy, identity, Version::V5).await {
            client.send_raw(&[4, 0, 0, 0, 5, 0, 0, 0, 0]).await;
            assert!(client.receive_envelope().await.is_none());
        }
    }
}

#[tokio::test]
async fn towards_a_backend_tls_is_mutual_too() {
    let authority = Authority::new();
    let options = NodeOptions { tls: Some(authority.acceptor()), ..NodeOptions::default() };
    let nodes = [Node::start_with(options.clone()).await, Node::start_with(options).await];
    let mut setup = Setup::over([]);
    let (certificate, key) = authority.issue("quorate");
    let keys = format!(
        "tls = {{ ca = \"{}\", certificate = \"{}\", key = \"{}\", server_name = \"node.example\" }}",
        setup.file("ca.pem", &authority.pem()),
        setup.file("proxy.pem", &certificate),
        setup.file("proxy.key", &key)
    );
    for node in &nodes {
        setup = setup.backend(node, &keys);
    }
    let proxy = setup.start().await;
    let mut client = Client::connect(&proxy).await;
    client.query(INSERT, Quorum).await.done();
    let large = format!("INSERT INTO ks.kv (k, v) VALUES (1, '{}')", "x".repeat(500_000));
    client.query(&large, Quorum).await.done();
    assert_eq!(nodes[0].did("INSERT").len(), 2);
}

/// A node that wants credentials, and a proxy that wants the clients' own.
async fn guarded() -> (Node, Proxy) {
    let user = |name: &str, password: &str| (name.to_owned(), password.to_owned());
    let users = vec![user("quorate", "service"), user("ann", "secret")];
    let node = Node::start_with(NodeOptions { users, ..NodeOptions::default() }).await;
    let setup = Setup::over([]).backend(&node, SERVICE).cluster("authentication = \"backend\"");
    let proxy = setup.start().await;
    (node, proxy)
}

/// A client that was asked for its credentials.
async fn greeted(proxy: &Proxy, version: Version) -> Client {
    let mut client = Client::over(Box::new(tcp(proxy).await), version);
    let answer = client.start_up(None).await;
    let authenticator = "org.apache.cassandra.auth.PasswordAuthenticator".to_owned();
    assert_eq!(answer.response, Response::Authenticate(authenticator));
    client
}

/// A certificate authority of one test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(parameters, key).expect("a certificate"))
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// Certificate and key for a name, as PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let parameters = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = parameters.signed_by(&key, &self.0).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem().as_bytes()).expect("PEM")).expect("a certificate");
        roots
    }

    /// A server that wants certificates of this authority.
    fn acceptor(&self) -> TlsAcceptor {
        let roots = Arc::new(self.roots());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build().expect("a verifier");
        let (certificate, key) = parsed(&self.issue("node.example"));
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = builder.expect("versions").with_client_cert_verifier(verifier);
        TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).expect("a configuration")))
    }

    /// A client that believes this authority; none where the handshake fails.
    async fn client(&self, proxy: &Proxy, identity: Option<(String, String)>, version: Version) -> Option<Client> {
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.expect("versions").with_root_certificates(self.roots());
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let (certificate, key) = parsed(&identity);
                builder.with_client_auth_cert(vec![certificate], key).expect("a configuration")
            }
        };
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp(proxy).await).await.ok()?;
        Some(Client::over(Box::new(stream), version))
    }
}

/// Named, since a dependency brings another, and rustls does not choose between two.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn parsed((certificate, key): &(String, String)) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    (
        CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM"),
        PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM"),
    )
}
