use std::fmt::{self, Display, Write};
use std::sync::Arc;

use super::process::resident_bytes;
use super::registry::role_name;
use super::{BackendMetrics, Outcome, Registry, RequestKind, VERSION, WorkerMetrics};
use crate::quorum::Consistency;

/// Latencies are shown in buckets of powers of two: from 2^6 µs (64 µs) to 2^27 µs (134 s).
const EXPONENTS: std::ops::RangeInclusive<u32> = 6..=27;

impl Registry {
    /// All metrics in Prometheus's text format (version 0.0.4).
    pub fn prometheus(&self) -> String {
        let mut text = String::with_capacity(16 << 10);
        // Writing to a string does not fail.
        let _ = self.write_to(&mut text);
        text
    }

    fn write_to(&self, text: &mut String) -> fmt::Result {
        let workers = self.workers();
        write_requests(text, &workers)?;
        write_latencies(text, &workers)?;
        write_totals(text, &workers, &CLIENT_FAMILIES)?;
        self.write_backends(text, &workers)?;
        family(text, "quorate_ready", "gauge", "1 while every worker reaches a quorum of voters.")?;
        sample(text, "quorate_ready", &[], u8::from(self.readiness().ready))?;
        let name = "quorate_clock_mark_failures_total";
        family(text, name, "counter", "Times that the clock's high-water mark could not be stored.")?;
        sample(text, name, &[], self.clock_mark_failures.value())?;
        family(text, "quorate_build_info", "gauge", "Always 1; the label tells the version.")?;
        sample(text, "quorate_build_info", &[("version", VERSION)], 1)?;
        family(text, "quorate_uptime_seconds", "gauge", "Time since the proxy started.")?;
        sample(text, "quorate_uptime_seconds", &[], self.started.elapsed().as_secs())?;
        if let Some(bytes) = resident_bytes() {
            family(text, "process_resident_memory_bytes", "gauge", "Resident memory of the process.")?;
            sample(text, "process_resident_memory_bytes", &[], bytes)?;
        }
        Ok(())
    }

    fn write_backends(&self, text: &mut String, workers: &[Arc<WorkerMetrics>]) -> fmt::Result {
        family(text, "quorate_backend_up", "gauge", "The share of workers that reach the backend, from 0 to 1.")?;
        for (index, backend) in self.backends() {
            let up: u64 = workers.iter().map(|worker| worker.backend(index).live.value()).sum();
            let labels = [("backend", &*backend.name), ("zone", &*backend.zone), ("role", role_name(backend.role))];
            sample(text, "quorate_backend_up", &labels, up as f64 / workers.len().max(1) as f64)?;
        }
        family(
            text,
            "quorate_backend_latency_seconds",
            "gauge",
            "Moving average of a backend's latency; the slowest worker's.",
        )?;
        for (index, backend) in self.backends() {
            let latency_us = workers.iter().map(|worker| worker.backend(index).latency_us.value()).max().unwrap_or(0);
            sample(text, "quorate_backend_latency_seconds", &[("backend", &backend.name)], latency_us as f64 / 1e6)?;
        }
        for Family { name, kind, help, value } in BACKEND_FAMILIES {
            family(text, name, kind, help)?;
            for (index, backend) in self.backends() {
                let sum: u64 = workers.iter().map(|worker| value(worker.backend(index))).sum();
                sample(text, name, &[("backend", &backend.name)], sum)?;
            }
        }
        let name = "quorate_backend_errors_total";
        family(text, name, "counter", "Requests to a backend that got no reply, by what went wrong.")?;
        for (index, backend) in self.backends() {
            for BackendError { label, value } in BACKEND_ERRORS {
                let sum: u64 = workers.iter().map(|worker| value(worker.backend(index))).sum();
                sample(text, name, &[("backend", &backend.name), ("error", label)], sum)?;
            }
        }
        Ok(())
    }
}

/// A metric that is read from each `M` and summed.
struct Family<M> {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    value: fn(&M) -> u64,
}

const BACKEND_FAMILIES: [Family<BackendMetrics>; 6] = [
    Family {
        name: "quorate_backend_in_flight",
        kind: "gauge",
        help: "Requests in flight to a backend.",
        value: |backend| backend.in_flight.value(),
    },
    Family {
        name: "quorate_backend_replies_total",
        kind: "counter",
        help: "Replies that came from a backend, errors included.",
        value: |backend| backend.replies.value(),
    },
    Family {
        name: "quorate_backend_missed_writes_total",
        kind: "counter",
        help: "Writes that a backend was not sent because it was not live.",
        value: |backend| backend.missed_writes.value(),
    },
    Family {
        name: "quorate_backend_reprepared_total",
        kind: "counter",
        help: "Statements that a backend had forgotten and that were prepared again.",
        value: |backend| backend.reprepared.value(),
    },
    Family {
        name: "quorate_backend_newer_clients",
        kind: "gauge",
        help: "Clients that speak a newer protocol version than a backend, and go on without it.",
        value: |backend| backend.newer_clients.value(),
    },
    Family {
        name: "quorate_backend_schema_drift_total",
        kind: "counter",
        help: "Statements that a backend called wrong and that others executed: its schema or rights differ.",
        value: |backend| backend.drift.count(),
    },
];

/// What goes wrong between the proxy and a backend, by its label.
struct BackendError {
    label: &'static str,
    value: fn(&BackendMetrics) -> u64,
}

const BACKEND_ERRORS: [BackendError; 3] = [
    BackendError { label: "lost", value: |backend| backend.lost.value() },
    BackendError { label: "down", value: |backend| backend.refused_down.value() },
    BackendError { label: "full", value: |backend| backend.refused_full.value() },
];

fn write_requests(text: &mut String, workers: &[Arc<WorkerMetrics>]) -> fmt::Result {
    let name = "quorate_requests_total";
    family(text, name, "counter", "Requests answered, by kind, consistency level and outcome.")?;
    for kind in RequestKind::ALL {
        for level in Consistency::ALL {
            for outcome in Outcome::ALL {
                let sum: u64 = workers.iter().map(|worker| worker.requests(kind, level, outcome)).sum();
                if sum > 0 {
                    let labels = [("kind", kind.name()), ("level", level.name()), ("outcome", outcome.name())];
                    sample(text, name, &labels, sum)?;
                }
            }
        }
    }
    write_totals(text, workers, &REQUEST_FAMILIES)
}

fn write_latencies(text: &mut String, workers: &[Arc<WorkerMetrics>]) -> fmt::Result {
    let name = "quorate_request_duration_seconds";
    family(text, name, "histogram", "Time from a request to its answer, by kind.")?;
    for kind in RequestKind::ALL {
        let latencies = Registry::latency(workers, kind);
        if latencies.count() == 0 {
            continue;
        }
        for exponent in EXPONENTS {
            let bound = (1_u64 << exponent) as f64 / 1e6;
            let labels = [("kind", kind.name()), ("le", &*bound.to_string())];
            sample(text, &format!("{name}_bucket"), &labels, latencies.count_below_power(exponent))?;
        }
        sample(text, &format!("{name}_bucket"), &[("kind", kind.name()), ("le", "+Inf")], latencies.count())?;
        sample(text, &format!("{name}_sum"), &[("kind", kind.name())], latencies.sum().as_secs_f64())?;
        sample(text, &format!("{name}_count"), &[("kind", kind.name())], latencies.count())?;
    }
    Ok(())
}

const fn counter(name: &'static str, help: &'static str, value: fn(&WorkerMetrics) -> u64) -> Family<WorkerMetrics> {
    Family { name, kind: "counter", help, value }
}

const REQUEST_FAMILIES: [Family<WorkerMetrics>; 4] = [
    counter("quorate_speculative_reads_total", "Slow reads asked of another voter as well.", |worker| {
        worker.speculative_reads.value()
    }),
    counter("quorate_mismatched_reads_total", "Reads that voters answered differently.", |worker| {
        worker.mismatched_reads.value()
    }),
    counter("quorate_votes_decided_total", "Votes on differing answers that had a majority.", |worker| {
        worker.votes_decided.value()
    }),
    counter("quorate_votes_undecided_total", "Votes on differing answers without a majority.", |worker| {
        worker.votes_undecided.value()
    }),
];

const CLIENT_FAMILIES: [Family<WorkerMetrics>; 5] = [
    Family {
        name: "quorate_client_connections",
        kind: "gauge",
        help: "Open client connections.",
        value: |worker| worker.clients.open.value(),
    },
    counter("quorate_client_connections_total", "Client connections accepted.", |worker| {
        worker.clients.connected.value()
    }),
    counter("quorate_client_received_bytes_total", "Bytes that came from clients.", |worker| {
        worker.clients.bytes_received.value()
    }),
    counter("quorate_client_sent_bytes_total", "Bytes that went to clients.", |worker| {
        worker.clients.bytes_sent.value()
    }),
    counter("quorate_client_protocol_errors_total", "Times a client broke the protocol.", |worker| {
        worker.clients.protocol_errors.value()
    }),
];

fn write_totals(text: &mut String, workers: &[Arc<WorkerMetrics>], families: &[Family<WorkerMetrics>]) -> fmt::Result {
    for Family { name, kind, help, value } in families {
        family(text, name, kind, help)?;
        sample(text, name, &[], workers.iter().map(|worker| value(worker)).sum::<u64>())?;
    }
    Ok(())
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n")
}

/// One line. Label values are names from a validated configuration and words of ours; what the format reserves is escaped.
fn sample(text: &mut String, name: &str, labels: &[(&str, &str)], value: impl Display) -> fmt::Result {
    text.push_str(name);
    for (position, (label, content)) in labels.iter().enumerate() {
        let content = content.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(text, "{}{label}=\"{content}\"", if position == 0 { '{' } else { ',' })?;
    }
    writeln!(text, "{} {value}", if labels.is_empty() { "" } else { "}" })
}
