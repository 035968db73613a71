use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

use super::arguments::CheckArguments;
use super::table::aligned;
use super::{MISUSED, fail};
use crate::config::{Configuration, RuleChoice};
use crate::quorum::{Access, Consistency, Electorate, Requirement, Survival, VoterSet};

/// As many sets of failures are listed for people.
const LISTED_MAX: usize = 4;

pub(super) fn run(arguments: &CheckArguments) -> ExitCode {
    let configuration = match Configuration::load(&arguments.config) {
        Ok(configuration) => configuration,
        Err(error) => return fail(MISUSED, format_args!("the configuration is wrong\n{error}")),
    };
    let report = Report::of(&configuration);
    let text = if arguments.json {
        serde_json::to_string_pretty(&report).map(|json| json + "\n").unwrap_or_default()
    } else {
        report.to_text(&configuration.electorate)
    };
    // Whoever closed the pipe has read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// What `quorate check` tells.
#[derive(Debug, Serialize)]
struct Report {
    cluster: String,
    rule: &'static str,
    local_zone: String,
    voters: Vec<String>,
    observers: Vec<String>,
    levels: Vec<Level>,
}

/// One level, for reads, writes, or both where they are alike.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Level {
    level: &'static str,
    access: Vec<&'static str>,
    required: usize,
    survives_any: Option<usize>,
    survives: Vec<Vec<String>>,
    #[serde(skip)]
    counted: VoterSet,
    #[serde(skip)]
    largest: Vec<VoterSet>,
}

impl Report {
    fn of(configuration: &Configuration) -> Self {
        let Configuration { cluster, electorate, requirements, .. } = configuration;
        let observers = configuration.backends.iter().skip(electorate.len());
        let mut levels: Vec<Level> = Vec::new();
        for level in Consistency::ALL {
            for (access, word) in [(Access::Read, "read"), (Access::Write, "write")] {
                let Ok(requirement) = requirements.of(level, access) else { continue };
                let row = Level::of(level, word, requirement, electorate);
                match levels.last_mut().filter(|last| last.is_like(&row)) {
                    Some(last) => last.access.push(word),
                    None => levels.push(row),
                }
            }
        }
        Self {
            cluster: cluster.name.clone(),
            rule: match cluster.rule {
                RuleChoice::Majority => "majority",
                RuleChoice::Plus { .. } => "plus",
                RuleChoice::Weighted { .. } => "weighted",
                RuleChoice::Grid { .. } => "grid",
            },
            local_zone: cluster.local_zone.clone(),
            voters: electorate.names(electorate.all()),
            observers: observers.map(|backend| backend.name.clone()).collect(),
            levels,
        }
    }

    fn to_text(&self, electorate: &Electorate) -> String {
        let mut facts = vec![
            vec!["cluster".to_owned(), self.cluster.clone()],
            vec!["rule".to_owned(), self.rule.to_owned()],
            vec!["voters".to_owned(), format!("{} ({})", self.voters.len(), self.voters.join(", "))],
        ];
        if !self.observers.is_empty() {
            facts.push(vec![
                "observers".to_owned(),
                format!("{} ({})", self.observers.len(), self.observers.join(", ")),
            ]);
        }
        if !self.local_zone.is_empty() {
            facts.push(vec!["local zone".to_owned(), self.local_zone.clone()]);
        }
        let mut rows = vec![["LEVEL", "FOR", "VOTERS NEEDED", "SURVIVES THE FAILURE OF"].map(str::to_owned).to_vec()];
        rows.extend(self.levels.iter().map(|level| {
            vec![
                level.level.to_owned(),
                level.access.join(", "),
                level.required.to_string(),
                level.survives(electorate),
            ]
        }));
        format!("{}\n{}", aligned(&facts), aligned(&rows))
    }
}

impl Level {
    fn of(level: Consistency, access: &'static str, requirement: &Requirement, electorate: &Electorate) -> Self {
        let Survival { any, largest } = Survival::of(requirement, electorate);
        Self {
            level: level.name(),
            access: vec![access],
            required: requirement.required(),
            survives_any: any,
            survives: largest.iter().map(|failed| electorate.names(*failed)).collect(),
            counted: requirement.counted(),
            largest,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.level == other.level && self.required == other.required && self.largest == other.largest
    }

    fn survives(&self, electorate: &Electorate) -> String {
        if self.survives_any.is_none() {
            return format!("(cannot be reached: {} voters count)", self.counted.len());
        }
        let others = electorate.all() - self.counted;
        let within: Vec<VoterSet> = self.largest.iter().map(|failed| *failed & self.counted).collect();
        let count = within.first().map_or(0, |failed| failed.len());
        let only_counts = within.len() == combinations(self.counted.len(), count);
        let mut parts = Vec::new();
        match (only_counts, count) {
            (true, 0) if others.is_empty() => parts.push("none".to_owned()),
            (true, 0) => {}
            (true, _) if others.is_empty() => parts.push(format!("any {count}")),
            (true, _) => parts.push(format!("any {count} of {}", electorate.names(self.counted).join(", "))),
            (false, _) => {
                let listed = within.iter().take(LISTED_MAX).map(|failed| electorate.names(*failed).join(" + "));
                parts.push(listed.collect::<Vec<_>>().join(", or "));
                if within.len() > LISTED_MAX {
                    parts.push(format!("or {} other sets (see --json)", within.len() - LISTED_MAX));
                }
            }
        }
        if !others.is_empty() {
            parts.push(format!("all of {}", electorate.names(others).join(", ")));
        }
        parts.join("; ")
    }
}

/// How many sets of `chosen` there are among `count`: where so many sets may fail, and no larger one, only the number matters.
fn combinations(count: usize, chosen: usize) -> usize {
    (0..chosen).fold(1, |product, step| product * (count - step) / (step + 1))
}
