//! Values of every type, there and back.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};

use scylla::value::{Counter, CqlDate, CqlDecimal, CqlDuration, CqlTime, CqlTimestamp, CqlTimeuuid, CqlVarint};
use scylla::{DeserializeValue, SerializeValue};
use uuid::Uuid;

use crate::client::{rows, run, server_of};

type Numbers = (i64, Vec<u8>, bool, f64, f32, i16, i8, CqlDecimal, CqlVarint);
type Moments = (CqlDate, CqlDuration, CqlTime, CqlTimestamp, CqlTimeuuid, Uuid, IpAddr);

#[tokio::test]
async fn native_types() {
    let (_server, session) = server_of(3).await;
    run(
        &session,
        "CREATE TABLE t (k int PRIMARY KEY, b bigint, bl blob, bo boolean, d date, dou double, du duration, f float, \
         i inet, s smallint, t time, ts timestamp, tu timeuuid, ti tinyint, u uuid, de decimal, vi varint)",
    )
    .await;
    let decimal = CqlDecimal::from_signed_be_bytes_and_exponent(vec![0x04, 0xd2], 2);
    let varint = CqlVarint::from_signed_bytes_be(vec![0x80, 0, 0]);
    let numbers: Numbers = (i64::MIN, vec![0, 255], true, 1e300, 0.5, i16::MIN, i8::MIN, decimal, varint);
    let id = Uuid::parse_str("d2177dd0-eaa2-11de-a572-001b779c76e3").unwrap();
    let moments: Moments = (
        CqlDate((1 << 31) - 1),
        CqlDuration { months: 1, days: 2, nanoseconds: 3 },
        CqlTime(86_399_999_999_999),
        CqlTimestamp(-1),
        CqlTimeuuid::from(id),
        id,
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    );
    let insert = "INSERT INTO t (k, b, bl, bo, dou, f, s, ti, de, vi) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    session.query_unpaged(insert, &numbers).await.unwrap();
    let insert = "INSERT INTO t (k, d, du, t, ts, tu, u, i) VALUES (1, ?, ?, ?, ?, ?, ?, ?)";
    session.query_unpaged(insert, &moments).await.unwrap();
    assert_eq!(rows::<Numbers>(&session, "SELECT b, bl, bo, dou, f, s, ti, de, vi FROM t", ()).await, [numbers]);
    assert_eq!(rows::<Moments>(&session, "SELECT d, du, t, ts, tu, u, i FROM t", ()).await, [moments]);
}

#[derive(Debug, Clone, PartialEq, SerializeValue, DeserializeValue)]
struct Address {
    street: String,
    numbers: Vec<i32>,
}

type Nested = (Vec<i32>, HashSet<String>, HashMap<String, Vec<i32>>, (i32, Option<String>), Address, Vec<f32>);

#[tokio::test]
async fn nested_types() {
    let (_server, session) = server_of(3).await;
    run(&session, "CREATE TYPE address (street text, numbers frozen<list<int>>)").await;
    run(
        &session,
        "CREATE TABLE t (k int PRIMARY KEY, l frozen<list<int>>, s set<text>, m map<text, frozen<list<int>>>, \
         t tuple<int, text>, u frozen<address>, e vector<float, 3>)",
    )
    .await;
    let row: Nested = (
        vec![3, 1],
        HashSet::from(["a".to_owned()]),
        HashMap::from([("x".to_owned(), vec![1, 2])]),
        (1, None),
        Address { street: "Road".to_owned(), numbers: vec![1, 2] },
        vec![0.5, -1.0, 2.0],
    );
    let insert = "INSERT INTO t (k, l, s, m, t, u, e) VALUES (1, ?, ?, ?, ?, ?, ?)";
    session.query_unpaged(insert, &row).await.unwrap();
    assert_eq!(rows::<Nested>(&session, "SELECT l, s, m, t, u, e FROM t WHERE k = 1", ()).await, [row]);
    run(&session, "UPDATE t SET s = s + {'b'}, m['y'] = [9] WHERE k = 1").await;
    let changed = rows::<(HashSet<String>, HashMap<String, Vec<i32>>)>(&session, "SELECT s, m FROM t", ()).await;
    let set = HashSet::from(["a".to_owned(), "b".to_owned()]);
    assert_eq!(changed, [(set, HashMap::from([("x".to_owned(), vec![1, 2]), ("y".to_owned(), vec![9])]))]);
}

#[tokio::test]
async fn lists_of_one_replica() {
    let (_server, session) = server_of(1).await;
    run(&session, "CREATE TABLE t (k int PRIMARY KEY, l list<int>)").await;
    for change in ["l = [1, 2]", "l = l + [3]", "l = [0] + l", "l[1] = 7", "l = l - [2]"] {
        run(&session, &format!("UPDATE t SET {change} WHERE k = 1")).await;
    }
    assert_eq!(rows::<(Vec<i32>,)>(&session, "SELECT l FROM t", ()).await, [(vec![0, 7, 3],)]);
}

#[tokio::test]
async fn counters_count_on_every_replica() {
    let (_server, session) = server_of(3).await;
    run(&session, "CREATE TABLE t (k int PRIMARY KEY, n counter)").await;
    for _ in 0..3 {
        run(&session, "UPDATE t SET n = n + 2 WHERE k = 1").await;
    }
    run(&session, "UPDATE t SET n = n - 1 WHERE k = 1").await;
    assert_eq!(rows::<(Counter,)>(&session, "SELECT n FROM t WHERE k = 1", ()).await, [(Counter(5),)]);
}
