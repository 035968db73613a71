use std::time::Duration;

/// No test waits longer: what has not come by then never comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a condition is looked at that cannot be waited for.
const EVERY: Duration = Duration::from_millis(5);

/// What `future` gives; fails the test when it takes for ever.
pub async fn within_reason<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("it never came to {what}"),
    }
}

/// Looks again until `look` finds something.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    within_reason(what, async {
        let mut every = tokio::time::interval(EVERY);
        loop {
            every.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    })
    .await
}
