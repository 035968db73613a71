//! What is accepted, and how errors read.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::store::SyncMode;

fn parse(text: &str) -> Result<Configuration, ConfigError> {
    parse_with(text, &[])
}

fn parse_with(text: &str, environment: &[(&str, &str)]) -> Result<Configuration, ConfigError> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Configuration::parse(&Source { path: "quorate.toml".into(), text: text.to_owned(), environment })
}

fn contact_points(backend: &Backend) -> &[HostPort] {
    match &backend.kind {
        Kind::Cassandra { contact_points } => contact_points,
        Kind::Embedded { .. } => panic!("{} is embedded", backend.name),
    }
}

const THREE: &str = r#"
[[backend]]
name = "a"
contact_points = ["10.1.0.1:9042"]
[[backend]]
name = "b-2"
contact_points = ["cassandra.b.example"]
[[backend]]
name = "c"
contact_points = ["[::1]:9043"]
"#;

#[test]
fn three_backends_need_nothing_else() {
    let configuration = parse(THREE).unwrap();
    assert_eq!(configuration.electorate.len(), 3);
    assert_eq!(configuration.listen.address.to_string(), "127.0.0.1:9042");
    let addresses: Vec<_> = configuration.voters().map(|voter| contact_points(voter)[0].to_string()).collect();
    assert_eq!(addresses, ["10.1.0.1:9042", "cassandra.b.example:9042", "[::1]:9043"]);
}

#[test]
fn the_environment_replaces_what_the_document_says() {
    let environment = [
        ("QUORATE_LISTEN__ADDRESS", "127.0.0.2:9999"),
        ("QUORATE_TIMEOUTS__READ", "250ms"),
        ("QUORATE_BACKEND__B_2__CONTACT_POINTS", "10.0.0.1,10.0.0.2:7"),
        ("QUORATE_BACKEND__0__ROLE", "observer"),
        ("QUORATE_BACKEND__3__NAME", "d"),
        ("QUORATE_BACKEND__3__CONTACT_POINTS", "10.0.0.4"),
        ("QUORATE_PORT", "tcp://10.0.0.1:9042"),
    ];
    let configuration = parse_with(THREE, &environment).unwrap();
    assert_eq!(configuration.listen.address.to_string(), "127.0.0.2:9999");
    assert_eq!(configuration.timeouts.read.as_millis(), 250);
    assert_eq!(contact_points(&configuration.backends[0]).len(), 2);
    assert_eq!(configuration.electorate.names(configuration.electorate.all()), ["b-2", "c", "d"]);
}

#[test]
fn errors_name_place_key_and_remedy() {
    let text = r#"
[cluster]
nmae = "orders"
rule = "byzantine"
local_zone = "us"
authentification = "none"

[listen]
address = "0.0.0.0:9042"
max_frame_size = "1GiB"
handshake_timeout = 5

[timeouts]
read = "5 parsecs"

[[backend]]
name = "a"
kind = "cassandre"
contact_points = ["10.1.0.1:port"]
zone = "eu"
roel = "voter"

[[backend]]
name = "b"
zone = "us-east"
contact_points = []
read_consistency = "LOCAL_QUORAM"
tls = { certificate = "nowhere.pem" }

[[backend]]
name = "a"
contact_points = ["10.1.0.3"]
credentials = { username = "quorate" }
"#;
    let environment = [("QUORATE_BACKEND__BB__ZONE", "eu"), ("QUORATE_LISTEN__WORKERS", "many")];
    insta::assert_snapshot!(parse_with(text, &environment).unwrap_err());
}

#[test]
fn broken_syntax_is_reported_with_its_line() {
    insta::assert_snapshot!(parse("[cluster]\nname = \n\n[listen\naddress = \"127.0.0.1:9042\"\n").unwrap_err());
}

#[test]
fn a_rule_whose_reads_miss_its_writes_is_refused_by_name() {
    let weighted =
        "[cluster]\nrule = { kind = \"weighted\", weights = { a = 2, b-2 = 1, c = 1 }, read_min = 2, write_min = 2 }\n";
    insta::assert_snapshot!(parse(&format!("{weighted}{THREE}")).unwrap_err());
}

#[test]
fn rules_that_do_not_fit_the_voters_are_refused() {
    let refuse = |rule: &str| parse(&format!("[cluster]\nrule = {rule}\n{THREE}")).unwrap_err().to_string();
    insta::assert_snapshot!(
        [
            "{ kind = \"grid\", rows = 2, columns = 2 }",
            "{ kind = \"plus\", extra = 2 }",
            "{ kind = \"weighted\", weights = { a = 1, b-2 = 1 } }",
            "{ kind = \"weighted\", weights = { a = 1, b-2 = 1, c = 1, d = 1 } }",
            "\"grid\"",
            "\"majorty\"",
        ]
        .map(refuse)
        .join("\n")
    );
}

#[test]
fn listening_to_strangers_needs_authentication_or_a_word() {
    let listen = "[listen]\naddress = \"0.0.0.0:9042\"\nadvertise = \"10.0.0.5:9042\"\n";
    insta::assert_snapshot!(parse(&format!("{listen}{THREE}")).unwrap_err());
    for word in ["none", "backend"] {
        let cluster = format!("[cluster]\nauthentication = {word:?}\n");
        assert!(parse(&format!("{cluster}{listen}{THREE}")).is_ok());
    }
}

#[test]
fn no_backends_no_voters_and_too_many_voters_are_refused() {
    let backends = |count: usize, role: &str| -> String {
        (0..count)
            .map(|n| format!("[[backend]]\nname = \"b{n}\"\nrole = \"{role}\"\ncontact_points = [\"10.0.0.{n}\"]\n"))
            .collect()
    };
    let refusals = [String::new(), backends(2, "observer"), backends(13, "voter")];
    insta::assert_snapshot!(refusals.map(|text| parse(&text).unwrap_err().to_string()).join("\n"));
}

#[test]
fn a_configuration_from_the_command_line_is_a_majority_of_voters() {
    let backend = |name: &str, address: &str| (name.to_owned(), vec![address.parse().unwrap()]);
    let backends = [backend("a", "10.0.0.1"), backend("b", "10.0.0.2:9043"), backend("c", "host")];
    let configuration = Configuration::ad_hoc("127.0.0.1:9999".parse().ok(), &backends, Vec::new()).unwrap();
    assert_eq!(configuration.listen.address.port(), 9999);
    assert_eq!(configuration.electorate.names(configuration.electorate.all()), ["a", "b", "c"]);
}

#[test]
fn an_embedded_backend_has_a_directory_or_none() {
    let embedded = |keys: &str| parse(&format!("[[backend]]\nname = \"r1\"\nkind = \"embedded\"\n{keys}\n"));
    let place = |keys: &str| embedded(keys).unwrap().backends.remove(0).kind;
    let directory = |path: &str| Kind::Embedded { files: Some(Files::in_directory(path.into())) };
    assert_eq!(place(""), directory("quorate-data/r1"));
    assert_eq!(place("directory = \"/var/lib/r1\""), directory("/var/lib/r1"));
    assert_eq!(place("in_memory = true"), Kind::Embedded { files: None });
    let files = |keys: &str| match place(keys) {
        Kind::Embedded { files } => files.unwrap(),
        Kind::Cassandra { .. } => panic!("{keys} makes no embedded store"),
    };
    assert_eq!(files("sync = \"batch\"\ncache = \"64MiB\"").sync, SyncMode::Batch);
    assert_eq!(files("cache = \"64MiB\"").cache_bytes, 64 << 20);
    assert_eq!(files("sync_period = \"1s\"").sync, SyncMode::Periodic(Duration::from_secs(1)));
    for keys in [
        "in_memory = true\ndirectory = \"d\"",
        "in_memory = true\nsync = \"batch\"",
        "sync = \"batch\"\nsync_period = \"1s\"",
        "contact_points = [\"10.0.0.1\"]",
    ] {
        assert!(embedded(keys).is_err(), "{keys}");
    }
    let cassandra = "[[backend]]\nname = \"a\"\ncontact_points = [\"10.0.0.1\"]\nin_memory = true\n";
    assert!(parse(cassandra).unwrap_err().to_string().contains("only an embedded backend has it"));
}

#[test]
fn replicas_without_a_file_are_voters() {
    let cluster = EmbeddedCluster {
        listen: "127.0.0.1:0".parse().unwrap(),
        replicas: 5,
        data: Some("data".into()),
        admin: "127.0.0.1:0".parse().ok(),
        authenticates: false,
    };
    let configuration = Configuration::embedded(&cluster, Vec::new()).unwrap();
    assert_eq!(configuration.electorate.names(configuration.electorate.all()), ["r1", "r2", "r3", "r4", "r5"]);
    assert_eq!(configuration.backends[4].kind, Kind::Embedded { files: Some(Files::in_directory("data/r5".into())) });
    assert!(configuration.admin.is_some());
}

#[test]
fn the_files_it_names_are_read_while_it_is_validated() {
    let directory = tempfile::tempdir().unwrap();
    let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = [
        ("certificate.pem", identity.cert.pem()),
        ("key.pem", identity.signing_key.serialize_pem()),
        ("password", "open sesame\n".to_owned()),
        ("secret", "sixteen bytes and more\n".to_owned()),
        ("short", "abc\n".to_owned()),
    ];
    for (name, content) in files {
        std::fs::write(directory.path().join(name), content).unwrap();
    }
    let document = |secret: &str, key: &str| Source {
        path: directory.path().join("quorate.toml"),
        text: format!(
            "[cluster]\nsecret_file = {secret:?}\n[listen]\ntls = {{ certificate = \"certificate.pem\", key = {key:?} }}\n\
             [[backend]]\nname = \"a\"\ncontact_points = [\"a\"]\n\
             credentials = {{ username = \"q\", password_file = \"password\" }}\ntls = {{ ca = \"certificate.pem\" }}\n"
        ),
        environment: Vec::new(),
    };
    let configuration = Configuration::parse(&document("secret", "key.pem")).unwrap();
    assert_eq!(configuration.cluster.secret.unwrap().expose(), "sixteen bytes and more");
    assert_eq!(configuration.listen.tls.unwrap().key, directory.path().join("key.pem"));
    let credentials = configuration.backends[0].credentials.clone().unwrap();
    assert_eq!(credentials.password.expose(), "open sesame");
    assert!(!format!("{credentials:?}").contains("sesame"));
    let error = Configuration::parse(&document("short", "certificate.pem")).unwrap_err();
    insta::assert_snapshot!(error.to_string().replace(&directory.path().display().to_string(), "DIR"));
}

/// Documents that have, between them, every table there can be.
const EVERY_TABLE: [&str; 3] = [
    "[admin]\n[listen.tls]\n[cluster.rule]\nkind = \"weighted\"\n[[backend]]\nname = \"a\"\n[backend.tls]\n[backend.credentials]\n",
    "[cluster.rule]\nkind = \"plus\"\n",
    "[cluster.rule]\nkind = \"grid\"\n",
];

#[test]
fn the_reference_lists_every_key_and_no_other() {
    let mut known = BTreeSet::new();
    for text in EVERY_TABLE {
        known.extend(validate::configuration(&Source { text: text.to_owned(), ..Source::default() }).1);
    }
    let is_table = |key: &&String| {
        ["backend", "backend.credentials", "backend.tls"].contains(&key.as_str())
            || ["admin", "cluster", "limits", "listen", "listen.tls", "log", "timeouts"].contains(&key.as_str())
    };
    let known: BTreeSet<String> = known.iter().filter(|key| !is_table(key)).cloned().collect();
    let mut section = "";
    let mut documented = BTreeSet::new();
    for line in include_str!("../../docs/configuration.md").lines() {
        if let Some(heading) = line.strip_prefix("## `[") {
            section = heading.trim_matches(['[', ']', '`']);
        } else if let Some((key, _)) = line.strip_prefix("| `").and_then(|row| row.split_once('`')) {
            documented.insert(format!("{section}.{key}"));
        }
    }
    assert_eq!(known, documented);
}

#[test]
fn the_example_is_valid() {
    assert_eq!(parse(include_str!("../../quorate.toml")).unwrap().electorate.len(), 3);
}
