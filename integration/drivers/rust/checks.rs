use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};

use anyhow::{Context, Result, bail, ensure};
use scylla::client::session::Session;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::response::PagingState;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::unprepared::Statement;
use scylla::statement::{Consistency, SerialConsistency};
use scylla::value::{Counter, CqlDate, CqlDuration, CqlTime, CqlTimestamp, CqlTimeuuid};
use scylla::{DeserializeValue, SerializeValue};
use uuid::Uuid;

/// A connected session in a keyspace of its own.
pub(crate) struct Server {
    pub(crate) session: Session,
    pub(crate) keyspace: String,
    pub(crate) voters: usize,
}

impl Server {
    /// Runs the checks in order; a later one may use what an earlier one wrote.
    pub(crate) async fn run_all(&self) -> Vec<(&'static str, Result<()>)> {
        vec![
            ("schema", self.schema().await),
            ("simple statements", self.simple().await),
            ("prepared statements", self.prepared().await),
            ("batches", self.batches().await),
            ("paging", self.paging().await),
            ("native types", self.natives().await),
            ("nested types", self.nested().await),
            ("counters", self.counters().await),
            ("errors", self.errors().await),
            ("unavailable", self.unavailable().await),
            ("conditions", self.conditions().await),
            ("tracing", self.tracing().await),
            ("thousands in flight", self.concurrency().await),
        ]
    }

    async fn schema(&self) -> Result<()> {
        self.execute("CREATE TABLE plain (k int, c text, v text, PRIMARY KEY (k, c))").await?;
        self.session.await_schema_agreement().await?;
        self.session.refresh_metadata().await?;
        let state = self.session.get_cluster_state();
        let keyspace = state.get_keyspace(&self.keyspace).context("the keyspace is not in the metadata")?;
        ensure!(keyspace.tables.contains_key("plain"), "the table is not in the metadata");
        Ok(())
    }

    async fn simple(&self) -> Result<()> {
        self.session.query_unpaged("INSERT INTO plain (k, c, v) VALUES (?, ?, ?)", (1, "a", "it's")).await?;
        ensure!(self.texts("SELECT v FROM plain WHERE k = 1").await? == ["it's"]);
        ensure!(self.texts("SELECT v FROM plain WHERE k = 404").await?.is_empty());
        Ok(())
    }

    async fn prepared(&self) -> Result<()> {
        let insert = self.session.prepare("INSERT INTO plain (k, c, v) VALUES (:k, :c, :v)").await?;
        ensure!(insert.is_token_aware());
        self.session.execute_unpaged(&insert, (2, "b", "two")).await?;
        let named = HashMap::from([("k", "three")]);
        ensure!(self.session.execute_unpaged(&insert, named).await.is_err(), "an int was bound to text");
        ensure!(self.texts("SELECT v FROM plain WHERE k = 2").await? == ["two"]);
        Ok(())
    }

    async fn batches(&self) -> Result<()> {
        let insert = self.session.prepare("INSERT INTO plain (k, c, v) VALUES (?, 'batch', ?)").await?;
        for kind in [BatchType::Logged, BatchType::Unlogged] {
            let mut batch = Batch::new(kind);
            batch.append_statement(insert.clone());
            batch.append_statement("INSERT INTO plain (k, c, v) VALUES (4, 'batch', 'text')");
            self.session.batch(&batch, ((3, "text"), ())).await?;
            ensure!(self.texts("SELECT v FROM plain WHERE k IN (3, 4)").await? == ["text", "text"]);
        }
        Ok(())
    }

    async fn paging(&self) -> Result<()> {
        let insert = self.session.prepare("INSERT INTO plain (k, c, v) VALUES (7, ?, 'page')").await?;
        for number in 0..100 {
            self.session.execute_unpaged(&insert, (format!("{number:03}"),)).await?;
        }
        let mut select = self.session.prepare("SELECT c FROM plain WHERE k = 7").await?;
        select.set_page_size(7);
        let mut state = PagingState::start();
        let mut seen = Vec::new();
        loop {
            let (page, next) = self.session.execute_single_page(&select, (), state).await?;
            for row in page.into_rows_result()?.rows::<(String,)>()? {
                seen.push(row?.0);
            }
            match next.into_paging_control_flow() {
                std::ops::ControlFlow::Continue(next) => state = next,
                std::ops::ControlFlow::Break(()) => break,
            }
        }
        let expected: Vec<String> = (0..100).map(|number| format!("{number:03}")).collect();
        ensure!(seen == expected, "{} rows", seen.len());
        Ok(())
    }

    async fn natives(&self) -> Result<()> {
        self.execute(
            "CREATE TABLE natives (k int PRIMARY KEY, b bigint, bl blob, bo boolean, d date, dou double, du duration, \
             f float, i inet, s smallint, t time, ts timestamp, tu timeuuid, ti tinyint, u uuid)",
        )
        .await?;
        type Numbers = (i64, Vec<u8>, bool, f64, f32, i16, i8);
        type Moments = (CqlDate, CqlDuration, CqlTime, CqlTimestamp, CqlTimeuuid, Uuid, IpAddr);
        let numbers: Numbers = (i64::MIN, vec![0, 255], true, 1e300, 0.5, i16::MIN, i8::MIN);
        let id = Uuid::parse_str("d2177dd0-eaa2-11de-a572-001b779c76e3")?;
        let moments: Moments = (
            CqlDate((1 << 31) - 1),
            CqlDuration { months: 1, days: 2, nanoseconds: 3 },
            CqlTime(86_399_999_999_999),
            CqlTimestamp(-1),
            CqlTimeuuid::from(id),
            id,
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        );
        let insert = "INSERT INTO natives (k, b, bl, bo, dou, f, s, ti) VALUES (1, ?, ?, ?, ?, ?, ?, ?)";
        self.session.query_unpaged(insert, &numbers).await?;
        let insert = "INSERT INTO natives (k, d, du, t, ts, tu, u, i) VALUES (1, ?, ?, ?, ?, ?, ?, ?)";
        self.session.query_unpaged(insert, &moments).await?;
        let read = self.session.query_unpaged("SELECT b, bl, bo, dou, f, s, ti FROM natives", ()).await?;
        ensure!(read.into_rows_result()?.single_row::<Numbers>()? == numbers);
        let read = self.session.query_unpaged("SELECT d, du, t, ts, tu, u, i FROM natives", ()).await?;
        ensure!(read.into_rows_result()?.single_row::<Moments>()? == moments);
        Ok(())
    }

    async fn nested(&self) -> Result<()> {
        #[derive(Debug, Clone, PartialEq, SerializeValue, DeserializeValue)]
        struct Address {
            street: String,
            numbers: Vec<i32>,
        }
        type Row = (Vec<i32>, HashSet<String>, HashMap<String, Vec<i32>>, (i32, Option<String>), Address, Vec<f32>);
        self.execute("CREATE TYPE address (street text, numbers frozen<list<int>>)").await?;
        self.execute(
            "CREATE TABLE nested (k int PRIMARY KEY, l list<int>, s set<text>, m map<text, frozen<list<int>>>, \
             t tuple<int, text>, u frozen<address>, e vector<float, 3>)",
        )
        .await?;
        let row: Row = (
            vec![3, 1],
            HashSet::from(["a".to_owned()]),
            HashMap::from([("x".to_owned(), vec![1, 2])]),
            (1, None),
            Address { street: "Road".to_owned(), numbers: vec![1, 2] },
            vec![0.5, -1.0, 2.0],
        );
        let insert = "INSERT INTO nested (k, l, s, m, t, u, e) VALUES (1, ?, ?, ?, ?, ?, ?)";
        self.session.query_unpaged(insert, &row).await?;
        let read = self.session.query_unpaged("SELECT l, s, m, t, u, e FROM nested WHERE k = 1", ()).await?;
        ensure!(read.into_rows_result()?.single_row::<Row>()? == row);
        Ok(())
    }

    async fn counters(&self) -> Result<()> {
        self.execute("CREATE TABLE counters (k int PRIMARY KEY, n counter)").await?;
        for _ in 0..3 {
            self.execute("UPDATE counters SET n = n + 2 WHERE k = 1").await?;
        }
        let read = self.session.query_unpaged("SELECT n FROM counters WHERE k = 1", ()).await?;
        ensure!(read.into_rows_result()?.single_row::<(Counter,)>()?.0 == Counter(6));
        Ok(())
    }

    async fn errors(&self) -> Result<()> {
        ensure!(matches!(self.error_of("SELECT * FROM absent").await?, DbError::Invalid));
        ensure!(matches!(self.error_of("SELEC * FROM plain").await?, DbError::SyntaxError));
        let exists = self.error_of("CREATE TABLE plain (k int PRIMARY KEY)").await?;
        let expected = DbError::AlreadyExists { keyspace: self.keyspace.clone(), table: "plain".to_owned() };
        ensure!(exists == expected, "{exists:?}");
        Ok(())
    }

    async fn unavailable(&self) -> Result<()> {
        let mut insert = Statement::new("INSERT INTO plain (k, c) VALUES (9, 'a')");
        insert.set_consistency(Consistency::Three);
        if self.voters > 1 {
            self.session.query_unpaged(insert, ()).await?;
            return Ok(());
        }
        match self.error_of(insert).await? {
            DbError::Unavailable { required: 3, alive: 1, .. } => Ok(()),
            other => bail!("THREE over one node gave {other:?}"),
        }
    }

    async fn conditions(&self) -> Result<()> {
        let mut insert = Statement::new("INSERT INTO plain (k, c, v) VALUES (8, 'a', 'first') IF NOT EXISTS");
        insert.set_serial_consistency(Some(SerialConsistency::Serial));
        if self.voters > 1 {
            ensure!(matches!(self.error_of(insert).await?, DbError::Invalid));
            return Ok(());
        }
        self.session.query_unpaged(insert.clone(), ()).await?;
        let again = self.session.query_unpaged(insert, ()).await?.into_rows_result()?;
        let (applied, ..) = again.single_row::<(bool, i32, String, Option<String>)>()?;
        ensure!(!applied, "the second insert was applied");
        Ok(())
    }

    async fn tracing(&self) -> Result<()> {
        let mut select = Statement::new("SELECT * FROM plain WHERE k = 1");
        select.set_tracing(true);
        let result = self.session.query_unpaged(select, ()).await?;
        let id = result.tracing_id().context("no tracing id")?;
        ensure!(!self.session.get_tracing_info(&id).await?.events.is_empty());
        Ok(())
    }

    async fn concurrency(&self) -> Result<()> {
        let insert = self.session.prepare("INSERT INTO plain (k, c, v) VALUES (?, 'many', ?)").await?;
        let select = self.session.prepare("SELECT v FROM plain WHERE k = ? AND c = 'many'").await?;
        let (insert, select) = (&insert, &select);
        let mut waiting = Vec::new();
        for key in 1000..3000 {
            waiting.push(async move {
                self.session.execute_unpaged(insert, (key, key.to_string())).await?;
                let read = self.session.execute_unpaged(select, (key,)).await?.into_rows_result()?;
                ensure!(read.single_row::<(String,)>()?.0 == key.to_string());
                Ok(())
            });
        }
        futures::future::try_join_all(waiting).await?;
        Ok(())
    }

    async fn execute(&self, statement: &str) -> Result<()> {
        self.session.query_unpaged(statement, ()).await.with_context(|| statement.to_owned())?;
        Ok(())
    }

    async fn texts(&self, select: &str) -> Result<Vec<String>> {
        let result = self.session.query_unpaged(select, ()).await?.into_rows_result()?;
        Ok(result.rows::<(String,)>()?.map(|row| row.map(|(text,)| text)).collect::<Result<_, _>>()?)
    }

    /// The server's error to a statement that must fail.
    async fn error_of(&self, statement: impl Into<Statement>) -> Result<DbError> {
        match self.session.query_unpaged(statement, ()).await {
            Err(ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, _))) => Ok(error),
            Err(other) => bail!("not an error of the server: {other:?}"),
            Ok(_) => bail!("no error"),
        }
    }
}
