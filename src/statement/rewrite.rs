//! Statements changed into others that mean the same to the client, and one thing to every store.

mod base_rows;
mod calls;
mod markers;
mod replication;
mod result_name;
mod vote;

use quorate_protocol::cql;
use quorate_protocol::cql::ast::Term;

use super::evaluate::Evaluator;

pub use base_rows::{BaseSelect, base_select};
pub use markers::{Hidden, evaluate_as_markers};
pub use replication::{ReplicationError, with_replication};
pub use vote::{VoteSelect, vote_select};

/// The statement with a constant in place of every call of a function whose value differs from call to call.
///
/// Each call in the text is evaluated once, also in a SELECT, for all rows. Functions of such calls are left to the stores:
/// they compute the same from the same. What the client sees of the result keeps its names.
///
/// `None`: there is nothing to evaluate, or the grammar refuses the text.
pub fn evaluate_in_text(text: &str, evaluator: &mut Evaluator) -> Option<String> {
    let mut tree = cql::parse(text).ok()?;
    let mut moment = evaluator.moment();
    let replaced = calls::replace(&mut tree, &mut |function| Term::Constant(moment.call(function).constant()));
    (replaced > 0).then(|| tree.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluator() -> Evaluator {
        let mut random = fastrand::Rng::with_seed(7);
        Evaluator::new(|| 1_795_472_734_316_123, move || random.u128(..))
    }

    fn evaluated(text: &str) -> Option<String> {
        evaluate_in_text(text, &mut evaluator())
    }

    #[test]
    fn a_call_becomes_a_constant_of_its_type() {
        assert_eq!(
            evaluated("UPDATE t SET a = toDate(currentTimestamp()) - 1d, b = {'x': current_date()} WHERE k = 1")
                .as_deref(),
            Some("UPDATE t SET a = todate((timestamp) 1795472734316) - 1d, b = {'x': (date) 2147504428} WHERE k = 1")
        );
    }

    #[test]
    fn a_selected_expression_keeps_its_name() {
        let text =
            "SELECT k, toTimestamp(now()), cast(now() as text), currentTime() - 1h, now() AS n, (v, uuid()) FROM t";
        let text = evaluated(text).expect("it calls functions");
        for name in [
            "\"system.totimestamp(system.now())\"",
            "\"cast(system.now() as text)\"",
            "\"system.currenttime() - 1h\"",
            "AS n,",
            "\"(v, system.uuid())\"",
        ] {
            assert!(text.contains(name), "{name} in {text}");
        }
        assert!(text.starts_with("SELECT k, "));
    }

    #[test]
    fn each_call_has_a_value_of_its_own() {
        let text = evaluated("INSERT INTO t (a, b, c) VALUES (now(), now(), uuid())").expect("it calls functions");
        let uuids: std::collections::HashSet<&str> =
            text.split([' ', ',', ')']).filter(|word| uuid::Uuid::parse_str(word).is_ok()).collect();
        assert_eq!(uuids.len(), 3, "{text}");
    }

    #[test]
    fn what_calls_nothing_of_the_kind_is_left_alone() {
        for text in [
            "SELECT * FROM t",
            "INSERT INTO t JSON '{\"a\": \"now()\"}'",
            "SELECT ks.now() FROM t",
            "UPDATE t SET v = toJson(?) WHERE k = 1",
            "no statement now()",
            "CREATE TABLE t (a int PRIMARY KEY)",
        ] {
            assert_eq!(evaluated(text), None, "{text}");
            assert!(evaluate_as_markers(text).is_none(), "{text}");
        }
    }

    #[test]
    fn hidden_markers_stand_among_those_of_the_client() {
        let text = "BEGIN BATCH INSERT INTO t (a, b, c) VALUES (?, now(), ?) USING TTL ?; \
                    UPDATE t SET b = toTimestamp(now()) WHERE a = ? AND c = :evaluated_0 APPLY BATCH";
        let hidden = evaluate_as_markers(text).expect("it calls functions");
        assert_eq!(hidden.positions().collect::<Vec<_>>(), [1, 4]);
        assert_eq!((hidden.name_at(1), hidden.name_at(4)), (Some("evaluated_1"), Some("evaluated_2")));
        assert_eq!(hidden.name_at(0), None);
        let shown: Vec<_> = (0..7).map(|position| hidden.shown_position(position)).collect();
        assert_eq!(shown, [Some(0), None, Some(1), Some(2), None, Some(3), Some(4)]);
        assert_eq!(
            hidden.text(),
            "BEGIN BATCH INSERT INTO t (a, b, c) VALUES (?, (timeuuid) :evaluated_1, ?) USING TTL ?; \
             UPDATE t SET b = totimestamp((timeuuid) :evaluated_2) WHERE a = ? AND c = :evaluated_0; APPLY BATCH"
        );
        let values = hidden.values(&mut evaluator());
        assert!(values.iter().all(|(_, value)| value.len() == 16) && values[0].1 != values[1].1);
    }

    #[test]
    fn a_call_in_a_collection_can_be_no_marker() {
        assert!(evaluate_as_markers("INSERT INTO t (a, b) VALUES (?, [now()])").is_none());
        assert!(evaluate_as_markers("SELECT [now()] FROM t").is_some());
    }

    #[test]
    fn a_keyspace_gets_the_replication_of_the_store() {
        let own = "{'class': 'NetworkTopologyStrategy', 'dc1': 3}";
        let create = "CREATE KEYSPACE IF NOT EXISTS Ks WITH durable_writes = false AND replication = {'class': 'X'}";
        assert_eq!(
            with_replication(create, own).as_deref(),
            Ok("CREATE KEYSPACE IF NOT EXISTS ks WITH durable_writes = false AND \
                replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}")
        );
        let alter = "ALTER KEYSPACE ks WITH durable_writes = true";
        assert_eq!(with_replication(alter, own).as_deref(), Ok(alter));
        assert_eq!(with_replication("SELECT * FROM t", own), Err(ReplicationError::Statement));
        for wrong in ["'SimpleStrategy'", "", "{'class'}", "{} AND durable_writes = true"] {
            assert_eq!(with_replication(create, wrong), Err(ReplicationError::Map), "{wrong}");
        }
    }
}
