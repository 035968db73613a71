//! Backends that differ: all voters are asked, and what a majority shows identically is the answer (the vote rule).

use std::rc::Rc;

use futures_util::future::join_all;
use quorate_protocol::frame::Envelope;

use super::error::CqlError;
use super::operation::{Failure, Operation, Plan};
use super::read::same_rows;
use super::request::reject;
use super::{ask, backend_of};
use crate::observe::Outcome;
use crate::worker::Worker;

/// Holds the vote for a read whose replies differ, and answers the client.
pub(crate) async fn hold(worker: Rc<Worker>, operation: Operation) {
    let Plan::Read(plan) = operation.plan else { return };
    let left = operation.deadline.saturating_duration_since(tokio::time::Instant::now());
    let voters = worker.shared.cluster.electorate.all();
    let mut ballots: Vec<(u8, Envelope)> = plan.replies.into_vec();
    let absent: Vec<u8> =
        voters.iter().map(backend_of).filter(|backend| !ballots.iter().any(|(voted, _)| voted == backend)).collect();
    let further = join_all(
        absent
            .iter()
            .map(|backend| async { (*backend, ask::forward(&worker, *backend, &operation.forward, left).await) }),
    )
    .await;
    let mut refusal = None;
    for (backend, answer) in further {
        match answer {
            Ok(envelope) => ballots.push((backend, envelope)),
            Err(Failure::Answer(envelope)) => refusal = Some(envelope),
            Err(_) => {}
        }
    }
    let majority = voters.len() / 2 + 1;
    let winner = ballots
        .iter()
        .find(|(_, one)| ballots.iter().filter(|(_, other)| same_rows(one, other)).count() >= majority)
        .map(|(_, envelope)| envelope.clone());
    let outcome = match winner {
        Some(envelope) => {
            operation.client.reply(envelope.raw(), operation.stream);
            operation.client.end_request();
            Outcome::Ok
        }
        None => {
            let failures = super::failure::of_vote(&operation.client, &ballots, refusal.as_ref());
            let error = CqlError::ReadFailure {
                level: operation.level,
                received: i32::try_from(ballots.len()).unwrap_or(i32::MAX),
                required: i32::try_from(majority).unwrap_or(i32::MAX),
                failures,
                data_present: true,
            };
            reject(&operation.client, operation.stream, &error);
            Outcome::of_code(error.code())
        }
    };
    worker.metrics.voted(outcome == Outcome::Ok);
    worker.metrics.request(operation.kind, operation.level, outcome, operation.started.elapsed());
}
