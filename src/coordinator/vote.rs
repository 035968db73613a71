//! Backends that differ: all voters are asked, and what a majority shows identically is the answer (the vote rule).
//!
//! First whole answers are compared. Where no answer has a majority, and the statement selects plain columns of whole
//! rows, the rows are read again with their keys, and each row and each cell is voted on by itself.

mod ballot;

use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use quorate_protocol::frame::{Encoder, Envelope};
use quorate_protocol::message::request::Request;
use quorate_protocol::message::response::{ResultColumns, Rows};
use quorate_protocol::message::{RequestMessage, Response, ResponseMessage};
use tracing::warn;

use super::client_select::ClientSelect;
use super::drift::{self, Opinions};
use super::error::CqlError;
use super::operation::{Failure, Operation, Plan};
use super::read::same_rows;
use super::{ask, backend_of, failure, respond};
use crate::backend::Reply;
use crate::observe::Outcome;
use crate::worker::Worker;

/// Holds the vote for a read whose replies differ, and answers the client.
pub(crate) async fn hold(worker: Rc<Worker>, mut operation: Operation) {
    let Plan::Read(plan) = &mut operation.plan else { return };
    let mut ballots: Vec<(u8, Envelope)> = std::mem::take(&mut plan.replies).into_vec();
    let asked = ClientSelect::of(&operation.forward);
    if let Some((_, first)) = ballots.first()
        && asked.as_ref().is_some_and(|asked| asked.reads_counters(&worker))
    {
        return answer_counters(&worker, &operation, first);
    }
    let majority = worker.shared.cluster.electorate.len() / 2 + 1;
    let refusal = complete(&worker, &operation, &mut ballots, majority).await;
    let outcome = if let Some(envelope) = whole_answer(&ballots, majority) {
        operation.client.reply(envelope.raw(), operation.stream);
        operation.client.end_rows();
        Outcome::Ok
    } else if let Some(rows) = row_by_row(&worker, &operation, asked, &ballots, majority).await {
        let first = ballots.first().and_then(|(_, first)| ResponseMessage::decode(first).ok());
        respond::response(&operation.client, operation.stream, with_extras_of(first, rows));
        operation.client.end_rows();
        Outcome::Ok
    } else {
        let error = CqlError::ReadFailure {
            level: operation.level,
            received: i32::try_from(ballots.len()).unwrap_or(i32::MAX),
            required: i32::try_from(majority).unwrap_or(i32::MAX),
            failures: failure::of_vote(&operation.client, &ballots, refusal.as_ref()),
            data_present: true,
        };
        respond::error(&operation.client, operation.stream, &error);
        operation.client.end_rows();
        Outcome::of_code(error.code())
    };
    worker.metrics.voted(outcome == Outcome::Ok);
    worker.metrics.request(operation.kind, operation.level, outcome, operation.started.elapsed());
}

/// The rows, with the trace, warnings and payload of the answer that they replace.
fn with_extras_of(answer: Option<ResponseMessage>, rows: Rows) -> ResponseMessage {
    match answer {
        Some(answer) => ResponseMessage { response: Response::Rows(rows), ..answer },
        None => Response::Rows(rows).into(),
    }
}

/// Asks the voters that were not asked yet, until a majority says the same; gives an ERROR that one of them answered with.
async fn complete(
    worker: &Worker,
    operation: &Operation,
    ballots: &mut Vec<(u8, Envelope)>,
    majority: usize,
) -> Option<Envelope> {
    let voters = worker.shared.cluster.electorate.all();
    let absent: Vec<u8> =
        voters.iter().map(backend_of).filter(|backend| !ballots.iter().any(|(voted, _)| voted == backend)).collect();
    let left = time_left(operation);
    let mut answers: FuturesUnordered<_> = absent
        .iter()
        .map(|backend| async { (*backend, ask::forward(worker, *backend, &operation.forward, left).await) })
        .collect();
    let mut refusal = None;
    while let Some((backend, answer)) = answers.next().await {
        match answer {
            Ok(envelope) => {
                ballots.push((backend, envelope));
                if whole_answer(ballots, majority).is_some() {
                    // A slow voter would change nothing.
                    break;
                }
            }
            Err(Failure::Answer(envelope)) => {
                note_drift(worker, operation, backend, &Ok(envelope.clone()));
                refusal = Some(envelope);
            }
            Err(Failure::Lost(error)) => note_drift(worker, operation, backend, &Err(error)),
            Err(_) => {}
        }
    }
    refusal
}

/// The others have rows to show.
fn note_drift(worker: &Worker, operation: &Operation, backend: u8, reply: &Reply) {
    let mut opinions = Opinions::done();
    for (drifted, error) in opinions.hear(backend, reply) {
        drift::alarm(worker, drifted, &drift::subject(&operation.forward), &error);
    }
}

fn whole_answer(ballots: &[(u8, Envelope)], majority: usize) -> Option<&Envelope> {
    ballots
        .iter()
        .find(|(_, one)| ballots.iter().filter(|(_, other)| same_rows(one, other)).count() >= majority)
        .map(|(_, envelope)| envelope)
}

/// The rows that a majority shows, if the statement's rows can be told apart and each voter gave all it has.
async fn row_by_row(
    worker: &Worker,
    operation: &Operation,
    asked: Option<ClientSelect>,
    ballots: &[(u8, Envelope)],
    majority: usize,
) -> Option<Rows> {
    let (select, parameters) = asked?.with_keys(worker)?;
    let version = operation.forward.lane.version;
    let query = RequestMessage::from(Request::Query { query: select.text.clone(), parameters });
    let encode = |encoder: &mut Encoder, stream: i16| query.push(version, stream, encoder);
    let left = time_left(operation);
    let answers = join_all(
        ballots.iter().map(|(backend, _)| ask::message(worker, *backend, &operation.forward.lane, &encode, left)),
    )
    .await;
    let mut metadata = None;
    let mut complete = Vec::with_capacity(answers.len());
    for answer in answers {
        let Response::Rows(rows) = ResponseMessage::decode(&answer.ok()?).ok()?.response else { return None };
        if rows.metadata.paging_state.is_some() {
            return None;
        }
        complete.push(rows.rows);
        metadata.get_or_insert(rows.metadata);
    }
    let mut rows = ballot::count(&complete, &select.key_columns, majority)?;
    let mut metadata = metadata?;
    let shown = metadata.column_count().checked_sub(select.appended)?;
    rows.iter_mut().for_each(|row| row.truncate(shown));
    if let ResultColumns::Described(columns) = &mut metadata.columns {
        columns.specs.truncate(shown);
    }
    Some(Rows { metadata, rows })
}

/// Increments that different voters missed make every one of their counters another, and none wrong: a vote would elect
/// the lowest. The first voter's is the answer.
fn answer_counters(worker: &Worker, operation: &Operation, envelope: &Envelope) {
    warn!("counters differ between backends");
    operation.client.reply(envelope.raw(), operation.stream);
    operation.client.end_rows();
    worker.metrics.request(operation.kind, operation.level, Outcome::Ok, operation.started.elapsed());
}

fn time_left(operation: &Operation) -> Duration {
    operation.deadline.saturating_duration_since(tokio::time::Instant::now())
}
