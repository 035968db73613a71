//! The replication of a keyspace: checked and kept, for one store replicates nothing.
//!
//! Applications name the datacenters of their production in it. Cassandra refuses names of which it has no node; here any
//! name is taken, and [`DATACENTER`] is the one that a bare `replication_factor` means.

use std::collections::BTreeMap;

use crate::engine::error::EngineError;

/// The datacenter of a node that was told of none.
const DATACENTER: &str = "datacenter1";

const PACKAGE: &str = "org.apache.cassandra.locator.";

const FACTOR: &str = "replication_factor";

/// The options of a replication, `class` among them with its package, as Cassandra completes what the statement gives. `old`
/// is the replication that the keyspace had.
pub(super) fn resolve(
    keyspace: &str,
    mut options: BTreeMap<String, String>,
    old: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, EngineError> {
    let Some(class) = options.remove("class") else {
        return Err(EngineError::configuration("Missing replication strategy class"));
    };
    let class = if class.contains('.') { class } else { format!("{PACKAGE}{class}") };
    match class.strip_prefix(PACKAGE) {
        Some("SimpleStrategy") => simple(keyspace, &mut options, old)?,
        Some("NetworkTopologyStrategy") => network_topology(&mut options, old)?,
        Some("LocalStrategy") => {
            return Err(EngineError::invalid(
                "Unable to use given strategy class: LocalStrategy is reserved for internal use.",
            ));
        }
        Some("OldNetworkTopologyStrategy") => {
            return Err(EngineError::configuration(
                "The support for the OldNetworkTopologyStrategy has been removed in C* version 4.0. \
                 The keyspace strategy should be switch to NetworkTopologyStrategy",
            ));
        }
        _ => {
            return Err(EngineError::configuration(format!("Unable to find replication strategy class '{class}'")));
        }
    }
    options.insert("class".to_owned(), class);
    Ok(options)
}

/// How many replicas a replication asks for, in all datacenters together.
pub(super) fn replicas(replication: &BTreeMap<String, String>) -> u64 {
    let factors = replication.iter().filter(|(name, _)| name.as_str() != "class");
    factors.filter_map(|(_, factor)| factor.parse::<u64>().ok()).fold(0, u64::saturating_add)
}

fn simple(
    keyspace: &str,
    options: &mut BTreeMap<String, String>,
    old: &BTreeMap<String, String>,
) -> Result<(), EngineError> {
    let default = old.get(FACTOR).map_or("1", String::as_str);
    let factor = options.entry(FACTOR.to_owned()).or_insert_with(|| default.to_owned());
    check_factor(factor)?;
    match options.keys().find(|name| name.as_str() != FACTOR) {
        Some(unknown) => Err(EngineError::configuration(format!(
            "Unrecognized strategy option {{{unknown}}} passed to SimpleStrategy for keyspace {keyspace}"
        ))),
        None => Ok(()),
    }
}

/// `NetworkTopologyStrategy.prepareOptions`
fn network_topology(options: &mut BTreeMap<String, String>, old: &BTreeMap<String, String>) -> Result<(), EngineError> {
    let is_datacenter = |name: &str| name != FACTOR && name != "class";
    if options.is_empty() {
        let default = old.get(FACTOR).map_or("1", String::as_str);
        options.insert(FACTOR.to_owned(), default.to_owned());
    }
    if let Some(factor) = options.remove(FACTOR) {
        for (datacenter, factor) in old.iter().filter(|(name, _)| is_datacenter(name)) {
            options.entry(datacenter.clone()).or_insert_with(|| factor.clone());
        }
        // one that is no number is overlooked, as Cassandra does
        if check_factor(&factor).is_ok() {
            options.entry(DATACENTER.to_owned()).or_insert(factor);
        }
    }
    options.retain(|_, factor| factor != "0");
    for (datacenter, factor) in &*options {
        if datacenter.eq_ignore_ascii_case(FACTOR) {
            return Err(EngineError::configuration(
                "replication_factor should not appear as an option at construction time for NetworkTopologyStrategy",
            ));
        }
        check_factor(factor)?;
    }
    if options.is_empty() {
        return Err(EngineError::configuration("Configuration for at least one datacenter must be present"));
    }
    Ok(())
}

/// `ReplicationFactor.fromString`, with transient replication off.
fn check_factor(factor: &str) -> Result<(), EngineError> {
    let number = |text: &str| {
        text.parse::<i32>().map_err(|_| EngineError::configuration(format!("For input string: \"{text}\"")))
    };
    let (all, transient) = match factor.split_once('/') {
        None => (number(factor)?, 0),
        Some((_, transient)) if transient.contains('/') => {
            return Err(EngineError::configuration(
                "Replication factor format is <replicas> or <replicas>/<transient>",
            ));
        }
        Some((all, transient)) => (number(all)?, number(transient)?),
    };
    if transient != 0 {
        return Err(EngineError::configuration("Transient replication is not enabled on this node"));
    }
    if all < 0 {
        return Err(EngineError::configuration(format!("Replication factor must be non-negative, found {all}")));
    }
    Ok(())
}
