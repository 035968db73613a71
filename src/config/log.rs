use tracing_subscriber::EnvFilter;

use super::section::Section;

/// `[log]`: what is written to standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// What is logged: a level, or directives such as "info,quorate::backend=debug"; valid for [`EnvFilter`].
    pub level: String,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info,scylla=off,lsm_tree=warn".to_owned() }
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Log {
    let default = Log::default();
    let level = section.or("level", default.level);
    if let Err(error) = EnvFilter::try_new(&level) {
        section.refuse("level", format!("expected a level, such as \"info\" or \"debug\": {error}"));
    }
    let format = section.word("format", default.format, &[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    Log { format, level }
}
