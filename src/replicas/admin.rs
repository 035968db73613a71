//! `/replicas` on the admin server.
//!
//! What changes something takes JSON only: a browser does not send that to another origin without asking first, and this
//! server does not answer such questions.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use super::{Action, ReplicaError, ReplicaStatus, Replicas};

impl Replicas {
    /// The pages: `GET /replicas` lists, `POST /replicas/NAME` with an [`Action`] acts.
    pub(crate) fn router(&self) -> Router {
        Router::new().route("/replicas", get(list)).route("/replicas/{name}", post(act)).with_state(self.clone())
    }
}

async fn list(State(replicas): State<Replicas>) -> Json<Vec<ReplicaStatus>> {
    Json(replicas.list())
}

async fn act(State(replicas): State<Replicas>, Path(name): Path<String>, Json(action): Json<Action>) -> Response {
    match replicas.act(&name, action) {
        Ok(status) => Json(status).into_response(),
        Err(error) => {
            let code = match error {
                ReplicaError::Unknown { .. } => StatusCode::NOT_FOUND,
                ReplicaError::Unfit { .. } => StatusCode::CONFLICT,
            };
            (code, error.to_string()).into_response()
        }
    }
}
