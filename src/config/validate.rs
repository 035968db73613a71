use std::collections::BTreeSet;
use std::path::Path;

use super::section::{Findings, Section};
use super::{
    Admin, Authentication, Backend, Cluster, ConfigError, Configuration, DATA_DIRECTORY, Electorate, Limits, Listen,
    Log, QuorumError, Requirements, Role, Source, Timeouts, VoterEntry, backend, cluster, environment, limits, listen,
    log, timeouts, tree,
};
use crate::quorum::MAX_VOTERS;

/// The configuration, and every key that exists as far as this document makes them be asked for.
pub(super) fn configuration(source: &Source) -> (Result<Configuration, ConfigError>, BTreeSet<String>) {
    let (mut document, mut problems) = tree::parse(&source.text);
    let broken_syntax = !problems.is_empty();
    problems.extend(environment::overlay(&mut document, &source.environment));
    let directory = source.path.parent().unwrap_or(Path::new("")).to_owned();
    let mut findings = Findings { problems, directory, ..Findings::default() };
    let mut root = Section::root(&document, &mut findings);
    let parsed = read(&mut root);
    root.finish();
    let Findings { problems, known, .. } = findings;
    // What is read from a document of broken syntax misses what the parser skipped: report the syntax alone.
    let syntax_only = |problem: &super::Problem| !broken_syntax || problem.key().is_empty();
    let problems: Vec<_> =
        problems.into_iter().filter(syntax_only).map(|problem| problem.in_file(&source.path)).collect();
    match parsed {
        Some(configuration) if problems.is_empty() => (Ok(configuration), known),
        _ => (Err(ConfigError::new(problems)), known),
    }
}

/// The sections of a document, each valid on its own as far as it could be read.
struct Sections {
    cluster: Cluster,
    listen: Listen,
    admin: Option<Admin>,
    timeouts: Timeouts,
    backends: Vec<Backend>,
    limits: Limits,
    log: Log,
}

fn read(root: &mut Section<'_>) -> Option<Configuration> {
    fn whole<T>(mut section: Section<'_>, read: impl Fn(&mut Section<'_>) -> T) -> T {
        let value = read(&mut section);
        section.finish();
        value
    }
    let cluster = whole(root.section("cluster"), cluster::read);
    let data = cluster.data_directory.clone().unwrap_or_else(|| root.resolve(Path::new(DATA_DIRECTORY)));
    let backends = root.each_section("backend", |section| backend::read(section, &data));
    let mut sections = Sections {
        cluster,
        listen: whole(root.section("listen"), listen::read),
        admin: root.optional_section("admin").map(|section| whole(section, listen::read_admin)),
        timeouts: whole(root.section("timeouts"), timeouts::read),
        limits: whole(root.section("limits"), limits::read),
        log: whole(root.section("log"), log::read),
        backends: backends.iter().flatten().cloned().collect(),
    };
    sections.backends.sort_by_key(|backend| backend.role == Role::Observer);
    check_exposure(root, &sections);
    check_names(root, &sections.backends);
    if sections.backends.len() < backends.len() {
        return None;
    }
    check_zones(root, &sections);
    let electorate = electorate(root, &sections)?;
    let requirements = requirements(root, &sections.cluster, &electorate)?;
    let Sections { cluster, listen, admin, timeouts, backends, limits, log } = sections;
    Some(Configuration { cluster, listen, admin, timeouts, backends, limits, log, electorate, requirements })
}

/// Strangers must not find an open door by accident.
fn check_exposure(root: &mut Section<'_>, sections: &Sections) {
    let open = sections.cluster.authentication == Authentication::Open;
    if open && !sections.listen.address.ip().is_loopback() && !root.section("cluster").has("authentication") {
        let message = format!(
            "{} can be reached from other machines, and clients are not authenticated: write authentication = \"backend\" in [cluster], or \
             \"none\" if that is meant",
            sections.listen.address
        );
        root.section("listen").refuse("address", message);
    }
}

fn check_names(root: &mut Section<'_>, backends: &[Backend]) {
    let mut seen = BTreeSet::new();
    for backend in backends {
        if !seen.insert(backend.name.to_ascii_lowercase().replace(['-', '.'], "_")) {
            root.refuse(
                "backend",
                format!(
                    "the name {:?} is used twice (`-`, `.`, `_` and capitals do not tell names apart)",
                    backend.name
                ),
            );
        }
    }
}

fn check_zones(root: &mut Section<'_>, sections: &Sections) {
    let zones: BTreeSet<&str> = sections.backends.iter().map(|backend| backend.zone.as_str()).collect();
    let local = sections.cluster.local_zone.as_str();
    if sections.backends.is_empty() || zones.contains(local) {
        return;
    }
    let listed = zones.iter().map(|zone| format!("{zone:?}")).collect::<Vec<_>>().join(", ");
    let message = if local.is_empty() {
        format!("is missing: backends are in zones {listed}, and the proxy must say which is its own")
    } else if zones.iter().all(|zone| zone.is_empty()) {
        format!("no backend is in zone {local:?}: write zone = {local:?} in those that are")
    } else {
        let known: Vec<&str> = zones.iter().copied().collect();
        format!("no backend is in zone {local:?}{}", super::section::did_you_mean(local, &known))
    };
    root.section("cluster").refuse("local_zone", message);
}

fn electorate(root: &mut Section<'_>, sections: &Sections) -> Option<Electorate> {
    let voters = sections.backends.iter().filter(|backend| backend.role == Role::Voter);
    let entries: Vec<_> =
        voters.map(|backend| VoterEntry { name: backend.name.clone(), zone: backend.zone.clone() }).collect();
    let count = entries.len();
    let electorate = Electorate::new(entries, sections.cluster.local_zone.clone());
    if electorate.is_none() && !root.has("backend") {
        root.refuse("backend", "is missing: write a [[backend]] for each store");
    } else if count > MAX_VOTERS {
        root.refuse("backend", format!("{count} backends vote, and at most {MAX_VOTERS} can: make some observers"));
    } else if electorate.is_none() && !sections.backends.is_empty() {
        root.refuse("backend", "no backend votes: at least one must have role = \"voter\"");
    }
    electorate
}

fn requirements(root: &mut Section<'_>, cluster: &Cluster, electorate: &Electorate) -> Option<Requirements> {
    let built = cluster
        .rule
        .for_voters(electorate)
        .and_then(|rule| Requirements::new(electorate, rule.as_ref()).map_err(|error: QuorumError| error.to_string()));
    built.map_err(|message| root.section("cluster").refuse("rule", message)).ok()
}
