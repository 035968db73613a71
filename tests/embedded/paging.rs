//! Results in pages: each row once, in order, whatever the size of a page.

use std::ops::ControlFlow;

use scylla::client::session::Session;
use scylla::response::PagingState;
use scylla::statement::unprepared::Statement;

use crate::client::{run, server_of};

/// The first column of all rows, read in pages of `size` rows.
async fn paged(session: &Session, select: &str, size: i32) -> Vec<i32> {
    let statement = Statement::new(select).with_page_size(size);
    let (mut state, mut seen) = (PagingState::start(), Vec::new());
    loop {
        let (page, next) = session.query_single_page(statement.clone(), (), state).await.unwrap();
        let page = page.into_rows_result().unwrap();
        assert!(page.rows_num() <= usize::try_from(size).unwrap());
        seen.extend(page.rows::<(i32,)>().unwrap().map(|row| row.unwrap().0));
        match next.into_paging_control_flow() {
            ControlFlow::Continue(next) => state = next,
            ControlFlow::Break(()) => return seen,
        }
    }
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
