use std::path::PathBuf;
use std::time::Duration;

use super::limits::TIMEOUT_BOUNDS;
use super::secret::Secret;
use super::section::Section;
use super::{Rule, files};
use crate::quorum::{Electorate, Grid, MAX_VOTERS, Majority, Plus, Weighted};

/// `[cluster]`: what all proxies of one cluster must agree on.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The cluster name that drivers see.
    pub name: String,
    /// What makes a quorum.
    pub rule: RuleChoice,
    /// The proxy's own zone, shown to drivers as its datacenter; "" where no zones are used.
    pub local_zone: String,
    /// The proxy's rack, as drivers see it.
    pub rack: String,
    /// Authenticates paging states across proxies, once the proxy makes its own; checked, and not used yet.
    pub secret: Option<Secret>,
    /// How clients are authenticated.
    pub authentication: Authentication,
    /// How far ahead of the proxy's clock a client's write time may be; `None`: as far as it likes.
    pub max_clock_skew: Option<Duration>,
    /// Where the proxy keeps what outlives it: an existing directory of its own; `None`: nothing is kept.
    pub data_directory: Option<PathBuf>,
}

/// How clients are authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// Not at all.
    Open,
    /// By logging in to a backend with the client's credentials.
    Backend,
}

/// `cluster.rule`: see [`crate::quorum::Rule`] for what each means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleChoice {
    /// More than half of the voters.
    Majority,
    /// A majority and more.
    Plus {
        /// How many more.
        extra: usize,
    },
    /// Voters with weights.
    Weighted {
        /// By the name of the backend.
        weights: Vec<(String, u32)>,
        /// The weight that a read needs instead of more than half.
        read_min: Option<u64>,
        /// The weight that a write needs instead of more than half.
        write_min: Option<u64>,
    },
    /// Voters in rows and columns.
    Grid {
        /// The rows.
        rows: usize,
        /// The columns.
        columns: usize,
    },
}

impl RuleChoice {
    /// The rule for these voters.
    ///
    /// # Errors
    /// What does not fit them.
    pub(super) fn for_voters(&self, electorate: &Electorate) -> Result<Box<dyn Rule>, String> {
        match self {
            Self::Majority => Ok(Box::new(Majority)),
            Self::Plus { extra } => Ok(Box::new(Plus { extra: *extra, all: electorate.all() })),
            Self::Weighted { weights, read_min, write_min } => {
                let weight_of = |name: &str| weights.iter().find(|(voter, _)| voter == name).map(|(_, weight)| *weight);
                let mut by_voter = Vec::new();
                for voter in electorate.voters() {
                    by_voter
                        .push(weight_of(&voter.name).ok_or_else(|| format!("voter {:?} has no weight", voter.name))?);
                }
                if let Some((stranger, _)) =
                    weights.iter().find(|(name, _)| electorate.voters().iter().all(|voter| voter.name != *name))
                {
                    return Err(format!("{stranger:?} has a weight and is no voter"));
                }
                Ok(Box::new(Weighted::new(&by_voter, *read_min, *write_min)))
            }
            Self::Grid { rows, columns } => match Grid::new(*rows, *columns) {
                Some(grid) if rows * columns == electorate.len() => Ok(Box::new(grid)),
                _ => {
                    Err(format!("a grid of {rows} rows and {columns} columns does not fit {} voters", electorate.len()))
                }
            },
        }
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Cluster {
    Cluster {
        name: section.or("name", "quorate".to_owned()),
        rule: read_rule(section),
        local_zone: section.or("local_zone", String::new()),
        rack: section.or("rack", "rack1".to_owned()),
        secret: section
            .optional::<PathBuf>("secret_file")
            .and_then(|path| files::secret(section, "secret_file", &path)),
        authentication: section.word(
            "authentication",
            Authentication::Open,
            &[("backend", Authentication::Backend), ("none", Authentication::Open)],
        ),
        max_clock_skew: read_skew(section),
        data_directory: section.optional::<PathBuf>("data_directory").map(|path| section.resolve(&path)),
    }
}

fn read_skew(section: &mut Section<'_>) -> Option<Duration> {
    let skew = section.optional("max_clock_skew")?;
    if !TIMEOUT_BOUNDS.contains(&skew) {
        let (least, most) = (TIMEOUT_BOUNDS.start(), TIMEOUT_BOUNDS.end());
        section.refuse("max_clock_skew", format!("must be between {least:?} and {most:?}"));
    }
    Some(skew)
}

fn read_rule(section: &mut Section<'_>) -> RuleChoice {
    if section.is_table("rule") {
        let mut rule = section.section("rule");
        let choice = read_rule_kind(&mut rule, "kind");
        rule.finish();
        choice
    } else {
        read_rule_kind(section, "rule")
    }
}

/// Reads the kind under `key` and what belongs to that kind beside it.
fn read_rule_kind(section: &mut Section<'_>, key: &'static str) -> RuleChoice {
    #[derive(Clone, Copy)]
    enum Kind {
        Majority,
        Plus,
        Weighted,
        Grid,
    }
    const KINDS: [(&str, Kind); 4] =
        [("majority", Kind::Majority), ("plus", Kind::Plus), ("weighted", Kind::Weighted), ("grid", Kind::Grid)];
    if let Some(name @ ("byzantine" | "serial")) = section.quiet::<String>(key).as_deref() {
        section.refuse(key, format!("the {name} rule is not available yet"));
        return RuleChoice::Majority;
    }
    let kind = section.word(key, Kind::Majority, &KINDS);
    let parameters = key == "kind";
    match kind {
        Kind::Majority => RuleChoice::Majority,
        _ if !parameters => {
            section.refuse(key, "this rule has parameters: write a table, such as { kind = \"plus\", extra = 1 }");
            RuleChoice::Majority
        }
        Kind::Plus => RuleChoice::Plus { extra: count(section, "extra", 1, 1, 2) },
        Kind::Grid => RuleChoice::Grid {
            rows: count(section, "rows", 1, 1, MAX_VOTERS as u64),
            columns: count(section, "columns", 1, 1, MAX_VOTERS as u64),
        },
        Kind::Weighted => {
            let mut weights = section.section("weights");
            let entries = weights.entries::<u64>();
            let too_heavy = |weight: &u64| *weight > u64::from(u32::MAX);
            if let Some((name, _)) = entries.iter().find(|(_, weight)| too_heavy(weight)) {
                weights.refuse(name, "the weight is too large");
            }
            let narrowed = entries.into_iter().map(|(name, weight)| (name, u32::try_from(weight).unwrap_or(u32::MAX)));
            RuleChoice::Weighted {
                weights: narrowed.collect(),
                read_min: section.optional("read_min"),
                write_min: section.optional("write_min"),
            }
        }
    }
}

fn count(section: &mut Section<'_>, key: &'static str, default: u64, min: u64, max: u64) -> usize {
    usize::try_from(section.within(key, default, min..=max)).unwrap_or(usize::MAX)
}
