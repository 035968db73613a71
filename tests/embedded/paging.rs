//! Results in pages: each row once, in order, whatever the size of a page.

use std::ops::ControlFlow;

use scylla::client::session::Session;
use scylla::response::PagingState;
use scylla::response::query_result::QueryRowsResult;
use scylla::statement::unprepared::Statement;

use crate::client::{run, server_of};

/// The pages of `size` rows, until there is none.
async fn pages(session: &Session, select: &str, size: i32) -> Vec<QueryRowsResult> {
    let statement = Statement::new(select).with_page_size(size);
    let (mut state, mut pages) = (PagingState::start(), Vec::new());
    loop {
        let (page, next) = session.query_single_page(statement.clone(), (), state).await.unwrap();
        pages.push(page.into_rows_result().unwrap());
        match next.into_paging_control_flow() {
            ControlFlow::Continue(next) => state = next,
            ControlFlow::Break(()) => return pages,
        }
    }
}

/// The first column of all rows, read in pages of `size` rows.
async fn paged(session: &Session, select: &str, size: i32) -> Vec<i32> {
    let mut seen = Vec::new();
    for page in pages(session, select, size).await {
        assert!(page.rows_num() <= usize::try_from(size).unwrap());
        seen.extend(page.rows::<(i32,)>().unwrap().map(|row| row.unwrap().0));
    }
    seen
}

#[tokio::test]
async fn pages_of_a_partition_and_of_a_table() {
    for replicas in [1, 3] {
        let (_server, session) = server_of(replicas).await;
        run(&session, "CREATE TABLE t (k int, c int, PRIMARY KEY (k, c))").await;
        let insert = session.prepare("INSERT INTO t (k, c) VALUES (?, ?)").await.unwrap();
        for c in 0..100 {
            session.execute_unpaged(&insert, (c % 3, c)).await.unwrap();
        }
        let zero: Vec<i32> = (0..100).filter(|c| c % 3 == 0).collect();
        for size in [1, 7, 34, 100] {
            assert_eq!(paged(&session, "SELECT c FROM t WHERE k = 0", size).await, zero);
            let mut backwards = paged(&session, "SELECT c FROM t WHERE k = 0 ORDER BY c DESC", size).await;
            backwards.reverse();
            assert_eq!(backwards, zero);
            let mut all = paged(&session, "SELECT c FROM t", size).await;
            all.sort_unstable();
            assert_eq!(all, (0..100).collect::<Vec<_>>());
            assert_eq!(paged(&session, "SELECT c FROM t LIMIT 10", size).await.len(), 10);
        }
    }
}

/// How many rows each page has.
async fn page_sizes(session: &Session, select: &str, size: i32) -> Vec<usize> {
    pages(session, select, size).await.iter().map(QueryRowsResult::rows_num).collect()
}

/// As Cassandra does, which looks for another row only when it is asked for another page.
#[tokio::test]
async fn a_full_page_is_followed_by_another_unless_its_partition_has_one_row() {
    for replicas in [1, 3] {
        let (_server, session) = server_of(replicas).await;
        run(&session, "CREATE TABLE t (k int PRIMARY KEY)").await;
        run(&session, "CREATE TABLE wide (k int, c int, PRIMARY KEY (k, c))").await;
        for k in 0..4 {
            session.query_unpaged("INSERT INTO t (k) VALUES (?)", (k,)).await.unwrap();
            session.query_unpaged("INSERT INTO wide (k, c) VALUES (1, ?)", (k,)).await.unwrap();
        }
        assert_eq!(page_sizes(&session, "SELECT k FROM t", 2).await, [2, 2, 0]);
        assert_eq!(page_sizes(&session, "SELECT k FROM t", 3).await, [3, 1]);
        assert_eq!(page_sizes(&session, "SELECT k FROM t LIMIT 4", 2).await, [2, 2]);
        assert_eq!(page_sizes(&session, "SELECT k FROM t WHERE k = 1", 1).await, [1]);
        assert_eq!(page_sizes(&session, "SELECT c FROM wide WHERE k = 1", 2).await, [2, 2, 0]);
        assert_eq!(page_sizes(&session, "SELECT c FROM wide WHERE k = 1 PER PARTITION LIMIT 2", 2).await, [2]);
        assert_eq!(page_sizes(&session, "SELECT DISTINCT k FROM wide WHERE k = 1", 1).await, [1]);
    }
}
