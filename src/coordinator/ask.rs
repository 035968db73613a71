//! One question to one backend, awaited by a task: for what is too rare for a state machine.

use std::time::Duration;

use quorate_protocol::frame::{EncodeError, Encoder, Envelope};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::forward::Forward;
use super::operation::Failure;
use super::verdict::{Verdict, verdict};
use crate::backend::{BackendError, Lane, Outbound, ReplyTo, SendError};
use crate::worker::Worker;

/// What came of a question.
pub(crate) type Answer = Result<Envelope, Failure>;

/// Sends a client's request to a backend, and awaits the answer; an ERROR is an `Err`. A statement that the backend has
/// lost is prepared there again first. All of it takes no longer than `patience`.
pub(crate) async fn forward(worker: &Worker, backend: u8, request: &Forward, patience: Duration) -> Answer {
    let deadline = Instant::now() + patience;
    let left = || deadline.saturating_duration_since(Instant::now());
    for _ in 0..2 {
        let answer = await_reply(left(), |reply_to| request.send_for(worker, backend, reply_to)).await?;
        match verdict(&answer) {
            Verdict::Done => return Ok(answer),
            Verdict::Unprepared if !request.can_reprepare() => return Err(Failure::Answer(answer)),
            Verdict::Unprepared => super::prepare::on_backend(worker, backend, request, left()).await?,
            Verdict::Rejected | Verdict::Failed(_) => return Err(Failure::Answer(answer)),
        }
    }
    Err(Failure::Lost(BackendError::Lost))
}

/// Sends a message of the proxy's own to a backend, and awaits the answer; an ERROR is an `Err`.
pub(crate) async fn message(
    worker: &Worker,
    backend: u8,
    lane: &Lane,
    encode: &dyn Fn(&mut Encoder, i16) -> Result<(), EncodeError>,
    patience: Duration,
) -> Answer {
    let target = worker.backend(backend).ok_or(Failure::Refused(SendError::Down))?;
    let encode = |encoder: &mut Encoder, stream: i16| encode(encoder, stream).map_err(Into::into);
    let outbound = |reply_to| target.send(Outbound { lane, user: None, partition: None, encode: &encode }, reply_to);
    let answer = await_reply(patience, outbound).await?;
    if verdict(&answer) == Verdict::Done { Ok(answer) } else { Err(Failure::Answer(answer)) }
}

async fn await_reply(patience: Duration, send: impl FnOnce(ReplyTo) -> Result<(), SendError>) -> Answer {
    let (reply_to, reply) = oneshot::channel();
    send(ReplyTo::Caller(reply_to)).map_err(Failure::Refused)?;
    match tokio::time::timeout(patience, reply).await {
        Ok(Ok(reply)) => reply.map_err(Failure::Lost),
        Ok(Err(_)) | Err(_) => Err(Failure::Lost(BackendError::Lost)),
    }
}
