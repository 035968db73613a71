//! The `quorate` binary between clients and nodes.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::node::Node;
use crate::patience::{eventually, within_reason};

/// What a proxy is started with.
pub struct Setup {
    cluster: String,
    listen: String,
    sections: String,
    backends: Vec<String>,
    directory: TempDir,
}

/// A running proxy; it ends with the test.
pub struct Proxy {
    pub address: SocketAddr,
    admin: SocketAddr,
    process: Child,
    directory: TempDir,
}

impl Setup {
    /// Every node is a voter: `a`, `b`, `c`…, in this order.
    pub fn over<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Self {
        let mut setup = Self {
            cluster: String::new(),
            listen: "workers = 1\n".to_owned(),
            sections: String::new(),
            backends: Vec::new(),
            directory: tempfile::tempdir().expect("a directory"),
        };
        for node in nodes {
            setup = setup.backend(node, "");
        }
        setup
    }

    /// One more backend, with these further keys.
    pub fn backend(mut self, node: &Node, keys: &str) -> Self {
        let name = char::from(b'a' + u8::try_from(self.backends.len()).expect("few backends"));
        self.backends.push(format!(
            "[[backend]]\nname = \"{name}\"\ncontact_points = [\"{}\"]\nreconnect_min = \"10ms\"\nreconnect_max = \
             \"50ms\"\n{keys}\n",
            node.address
        ));
        self
    }

    /// Further keys of every backend so far.
    pub fn everywhere(mut self, keys: &str) -> Self {
        for backend in &mut self.backends {
            backend.push_str(keys);
            backend.push('\n');
        }
        self
    }

    /// Further keys of `[cluster]`.
    pub fn cluster(mut self, keys: &str) -> Self {
        self.cluster.push_str(keys);
        self.cluster.push('\n');
        self
    }

    /// Other keys of `[listen]` than `workers = 1`.
    pub fn listen(mut self, keys: &str) -> Self {
        self.listen = format!("{keys}\n");
        self
    }

    /// Whole sections.
    pub fn section(mut self, text: &str) -> Self {
        self.sections.push_str(text);
        self.sections.push('\n');
        self
    }

    /// A file beside the configuration, and its path.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.directory.path().join(name);
        fs::write(&path, content).expect("a file");
        path.display().to_string()
    }

    /// Starts it, and waits until it reaches every backend.
    pub async fn start(self) -> Proxy {
        let proxy = self.start_unready().await;
        proxy.reaches_all().await;
        proxy
    }

    /// Starts it, and waits until it listens.
    pub async fn start_unready(self) -> Proxy {
        let mut proxy = self.launch();
        eventually("a proxy that listens", async || {
            if let Ok(Some(status)) = proxy.process.try_wait() {
                panic!("the proxy ended: {status}\n{}", proxy.log());
            }
            proxy.get("/live").await
        })
        .await;
        proxy
    }

    /// Starts it, though it cannot run: its exit code, and what it said.
    pub async fn refuses_to_start(self) -> (Option<i32>, String) {
        let mut proxy = self.launch();
        (proxy.ends().await.code(), proxy.log())
    }

    fn launch(self) -> Proxy {
        let ip = crate::address::unused();
        let (address, admin) = (SocketAddr::new(ip, 9042), SocketAddr::new(ip, 9142));
        let Self { cluster, listen, mut sections, backends, directory } = self;
        if !sections.contains("[timeouts]") {
            // Only tests of timeouts meet one, however slow the machine is.
            sections.push_str("[timeouts]\nread = \"60s\"\nrange = \"60s\"\nwrite = \"60s\"\nother = \"60s\"\n");
        }
        let text = format!(
            "[cluster]\n{cluster}[listen]\naddress = \"{address}\"\n{listen}[admin]\naddress = \
             \"{admin}\"\n{sections}{}",
            backends.concat()
        );
        let path = directory.path().join("quorate.toml");
        fs::write(&path, text).expect("a file");
        let log = File::create(directory.path().join("log")).expect("a file");
        let process = Command::new(env!("CARGO_BIN_EXE_quorate"))
            .args(["serve", "--config"])
            .arg(&path)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("the binary");
        Proxy { address, admin, process, directory }
    }
}

impl Proxy {
    /// Waits until every worker reaches every backend.
    pub async fn reaches_all(&self) {
        self.status_shows("all backends up", |status| {
            let backends = status["backends"].as_array().expect("backends");
            backends.iter().all(|backend| backend["state"] == "up")
        })
        .await;
    }

    /// Waits until no worker reaches this backend.
    pub async fn loses(&self, name: &str) {
        self.status_shows(&format!("{name} down"), |status| state_of(status, name) == "down").await;
    }

    /// Waits until every worker reaches this backend.
    pub async fn reaches(&self, name: &str) {
        self.status_shows(&format!("{name} up"), |status| state_of(status, name) == "up").await;
    }

    /// The value of a metric; `sample` is its name and labels as they are written.
    pub async fn metric(&self, sample: &str) -> f64 {
        let text = self.get("/metrics").await.expect("metrics");
        let value = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// Waits until a metric is as `wanted`.
    pub async fn metric_is(&self, sample: &str, wanted: impl Fn(f64) -> bool) {
        eventually(sample, async || wanted(self.metric(sample).await).then_some(())).await;
    }

    /// Tells it to end.
    pub fn terminate(&self) {
        let pid = self.process.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        assert!(status.success());
    }

    /// Waits until it has ended.
    pub async fn ends(&mut self) -> ExitStatus {
        eventually("the end of the proxy", async || self.process.try_wait().expect("a process")).await
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// What `/status` shows.
    pub async fn status(&self) -> serde_json::Value {
        serde_json::from_str(&self.get("/status").await.expect("a status")).expect("JSON")
    }

    async fn status_shows(&self, what: &str, wanted: impl Fn(&serde_json::Value) -> bool) {
        eventually(what, async || {
            let status = serde_json::from_str(&self.get("/status").await?).expect("JSON");
            wanted(&status).then_some(())
        })
        .await;
    }

    /// The body of an admin page.
    async fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.admin).await.ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: quorate\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut response = String::new();
        within_reason("an admin page", stream.read_to_string(&mut response)).await.ok()?;
        Some(response.split_once("\r\n\r\n")?.1.to_owned())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("the log of the proxy at {}:\n{}", self.address, self.log());
        }
    }
}

fn state_of<'a>(status: &'a serde_json::Value, name: &str) -> &'a str {
    let backends = status["backends"].as_array().expect("backends");
    let backend = backends.iter().find(|backend| backend["name"] == name).expect("a backend of this name");
    backend["state"].as_str().expect("a state")
}
