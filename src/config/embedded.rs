use std::net::SocketAddr;
use std::path::PathBuf;

/// The zone of every replica: drivers that want to be told a datacenter are told Cassandra's default as a rule.
const ZONE: &str = "datacenter1";

/// Embedded replicas, each a voter, that need no configuration file.
#[derive(Clone, Debug)]
pub struct EmbeddedCluster {
    /// Where to listen for CQL.
    pub listen: SocketAddr,
    /// How many replicas there are: `r1`, `r2`, …
    pub replicas: usize,
    /// The directory that has one directory for each; `None`: they are in memory.
    pub data: Option<PathBuf>,
    /// Where the admin server listens, if there is one.
    pub admin: Option<SocketAddr>,
    /// Whether clients log in as roles of the replicas.
    pub authenticates: bool,
}

impl EmbeddedCluster {
    /// The same as a file would say it.
    pub(super) fn to_document(&self) -> toml::Table {
        let section =
            |address: SocketAddr| toml::Table::from_iter([("address".to_owned(), address.to_string().into())]);
        let mut cluster = toml::Table::from_iter([("local_zone".to_owned(), ZONE.into())]);
        if self.authenticates {
            cluster.insert("authentication".to_owned(), "backend".into());
        }
        if let Some(data) = &self.data {
            cluster.insert("data_directory".to_owned(), data.display().to_string().into());
        }
        let sections = [("cluster".to_owned(), cluster.into()), ("listen".to_owned(), section(self.listen).into())];
        let mut document = toml::Table::from_iter(sections);
        if let Some(admin) = self.admin {
            document.insert("admin".to_owned(), section(admin).into());
        }
        let replicas = (1..=self.replicas).map(|number| toml::Value::from(self.replica(&format!("r{number}"))));
        document.insert("backend".to_owned(), replicas.collect::<Vec<_>>().into());
        document
    }

    fn replica(&self, name: &str) -> toml::Table {
        let place = match &self.data {
            Some(data) => ("directory".to_owned(), data.join(name).display().to_string().into()),
            None => ("in_memory".to_owned(), true.into()),
        };
        let entry = |key: &str, value: &str| (key.to_owned(), value.into());
        toml::Table::from_iter([entry("name", name), entry("kind", "embedded"), entry("zone", ZONE), place])
    }
}
