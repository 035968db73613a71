//! What holds of all writes.

use proptest::prelude::*;
use quorate_protocol::cql::ast::{Modification, Statement};
use quorate_protocol::cql::parse;
use quorate_protocol::message::view::Values;

use super::fixture::Fixture;
use crate::engine::modification::ModificationPlan;
use crate::store::mutation::Mutation;
use crate::store::table::TableShape;

/// Statements on one partition whose effect does not depend on what is there.
fn any_statement() -> impl Strategy<Value = String> {
    let row = || (0..3_i32, 0..4_i32);
    prop_oneof![
        (row(), 0..5_i64).prop_map(|((c, v), t)| {
            format!("INSERT INTO w.t (k, c, v, s) VALUES (1, {c}, {v}, {v}) USING TIMESTAMP {t}")
        }),
        (row(), 0..5_i64).prop_map(|((c, v), t)| {
            format!("UPDATE w.t USING TIMESTAMP {t} SET v = {v}, x = null WHERE k = 1 AND c = {c}")
        }),
        (0..3_i32, 0..5_i64).prop_map(|(c, t)| format!("DELETE FROM w.t USING TIMESTAMP {t} WHERE k = 1 AND c = {c}")),
        (0..3_i32, 0..5_i64).prop_map(|(c, t)| format!("DELETE FROM w.t USING TIMESTAMP {t} WHERE k = 1 AND c >= {c}")),
        (0..5_i64).prop_map(|t| format!("DELETE s FROM w.t USING TIMESTAMP {t} WHERE k = 1")),
        (0..5_i64).prop_map(|t| format!("DELETE FROM w.t USING TIMESTAMP {t} WHERE k = 1")),
        (0..4_i32, 0..5_i64).prop_map(|(v, t)| {
            format!("UPDATE w.one USING TIMESTAMP {t} SET st = {{'{v}'}}, m['a'] = {v}, u.no = {v} WHERE k = 1")
        }),
        (0..4_i32, 0..5_i64).prop_map(|(v, t)| {
            format!("UPDATE w.one USING TIMESTAMP {t} SET st = st - {{'{v}'}}, m = {{'b': {v}}} WHERE k = 1")
        }),
    ]
}

proptest! {
    #[test]
    fn mutations_in_any_order_and_number_give_the_same_rows(
        statements in prop::collection::vec(any_statement(), 1..10),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut fixture = Fixture::new();
        let mutations: Vec<(TableShape, Mutation)> =
            statements.iter().flat_map(|text| mutations_of(&mut fixture, text)).collect();
        let mut other = Fixture::new();
        for (shape, mutation) in &mutations {
            fixture.store.apply(&[(shape, mutation)], 0).unwrap();
        }
        // some of them early or twice, then all from the last to the first
        let early = order.iter().map(|index| index.get(&mutations));
        for (shape, mutation) in early.chain(mutations.iter().rev()) {
            other.store.apply(&[(shape, mutation)], 0).unwrap();
        }
        for query in ["SELECT * FROM w.t", "SELECT * FROM w.one"] {
            prop_assert_eq!(fixture.run(query, ""), other.run(query, ""));
        }
    }
}

fn mutations_of(fixture: &mut Fixture, text: &str) -> Vec<(TableShape, Mutation)> {
    let statement = match parse(text) {
        Ok(Statement::Insert(insert)) => Modification::Insert(insert),
        Ok(Statement::Update(update)) => Modification::Update(update),
        Ok(Statement::Delete(delete)) => Modification::Delete(delete),
        _ => panic!("{text}"),
    };
    let definition = fixture.definition(statement.table()).unwrap();
    let plan = ModificationPlan::prepare(&statement, &fixture.schema, &definition).unwrap();
    let mutations = fixture.with_context(|_, context| plan.mutations(&Values::NONE, context)).unwrap();
    mutations.into_iter().map(|mutation| (TableShape::clone(&definition.shape), mutation)).collect()
}
