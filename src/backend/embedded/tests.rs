//! An embedded backend's queue, under each condition. Time stands still but where a test lets it go on.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use quorate_protocol::frame::{Encoder, Opcode, Version};
use quorate_protocol::message::request::QueryParameters;
use quorate_protocol::message::{Consistency, Request, RequestMessage};
use tokio::task::LocalSet;

use super::*;
use crate::backend::{Lane, RequestKey};
use crate::engine::database::Setup;
use crate::engine::role::Rules;
use crate::system::{Proxy, Topology};

/// Keeps what is delivered.
#[derive(Default)]
struct Inbox(RefCell<Vec<(u64, Result<Opcode, BackendError>)>>);

impl Deliver for Inbox {
    fn deliver(&self, key: RequestKey, _backend: u8, reply: Reply) {
        self.0.borrow_mut().push((key.0, reply.map(|envelope| envelope.opcode())));
    }

    fn is_awaited(&self, _key: RequestKey) -> bool {
        true
    }
}

struct Bench {
    replica: Arc<Replica>,
    backend: Rc<EmbeddedBackend>,
    inbox: Rc<Inbox>,
}

impl Bench {
    fn new(in_flight_max: usize) -> Self {
        let setup = Setup { name: "r1".to_owned(), topology: topology(), rules: Rules::Open };
        let replica = Arc::new(Replica::open(setup, None, in_flight_max).unwrap());
        let (turn, inbox) = (Rc::new(Turn::default()), Rc::new(Inbox::default()));
        let backend = EmbeddedBackend::start(EmbeddedParts { replica: replica.clone() }, turn.clone(), inbox.clone());
        tokio::task::spawn_local(async move { turn.run().await });
        Self { replica, backend, inbox }
    }

    fn send(&self, key: u64) -> Result<(), SendError> {
        let lane = Lane { version: Version::V4, keyspace: None };
        let query = "USE system".to_owned();
        let request =
            RequestMessage::from(Request::Query { query, parameters: QueryParameters::new(Consistency::One) });
        let encode =
            |encoder: &mut Encoder, stream: i16| request.push(Version::V4, stream, encoder).map_err(Into::into);
        let outbound = Outbound { lane: &lane, user: None, partition: None, encode: &encode };
        self.backend.send(outbound, ReplyTo::Key(RequestKey(key), 0))
    }

    /// Lets everything that is ready run.
    async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    fn act(&self, action: Action) {
        self.replica.act(action).unwrap();
    }

    /// Time passes as it does for a worker, which looks after its backends every now and then.
    async fn wait(&self, time: Duration) {
        tokio::time::advance(time).await;
        self.backend.check(Instant::now());
        self.settle().await;
    }

    /// What was delivered since it was last looked at: the keys, and whether a reply came.
    fn taken(&self) -> Vec<(u64, bool)> {
        self.inbox.0.take().into_iter().map(|(key, reply)| (key, reply.is_ok())).collect()
    }
}

fn topology() -> Topology {
    Topology {
        cluster_name: "test".to_owned(),
        local: Proxy {
            address: "127.0.0.1:9042".parse().unwrap(),
            data_center: "datacenter1".to_owned(),
            rack: "rack1".to_owned(),
        },
        peers: Vec::new(),
        schema_version: uuid::Uuid::nil(),
        release_version: "5.0.6".to_owned(),
        native_protocol_version: 5,
        started_seconds: 0,
    }
}

fn run(in_flight_max: usize, test: impl AsyncFnOnce(Bench)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, async { test(Bench::new(in_flight_max)).await });
}

#[test]
fn replies_come_in_order_and_never_before_send_returns() {
    run(10, async |bench| {
        for key in 0..3 {
            bench.send(key).unwrap();
        }
        assert_eq!((bench.taken(), bench.backend.in_flight()), (vec![], 3));
        bench.settle().await;
        assert_eq!((bench.taken(), bench.backend.in_flight()), (vec![(0, true), (1, true), (2, true)], 0));
    });
}

#[test]
fn no_more_wait_than_may() {
    run(2, async |bench| {
        bench.send(0).unwrap();
        bench.send(1).unwrap();
        assert_eq!(bench.send(2), Err(SendError::Full));
        bench.settle().await;
        bench.send(3).unwrap();
    });
}

#[test]
fn a_stopped_replica_is_down_and_loses_what_is_under_way() {
    run(10, async |bench| {
        bench.settle().await;
        bench.send(0).unwrap();
        bench.act(Action::Stop);
        // The turn's end comes first or the news does: both are ends of a request.
        bench.settle().await;
        assert_eq!(bench.taken().len(), 1);
        assert!(!bench.backend.is_live());
        assert_eq!(bench.send(1), Err(SendError::Down));
        bench.act(Action::Start);
        bench.settle().await;
        bench.send(2).unwrap();
        bench.settle().await;
        assert_eq!(bench.taken(), [(2, true)]);
    });
}

#[test]
fn a_paused_replica_answers_when_it_goes_on() {
    run(10, async |bench| {
        bench.settle().await;
        bench.act(Action::Pause);
        bench.settle().await;
        bench.send(0).unwrap();
        bench.wait(Duration::from_secs(3)).await;
        assert!(bench.backend.is_live() && bench.taken().is_empty());
        bench.act(Action::Resume);
        bench.settle().await;
        assert_eq!(bench.taken(), [(0, true)]);
    });
}

#[test]
fn only_one_row_or_a_short_page_is_read_while_others_wait() {
    run(10, async |bench| {
        let work = |text: &str, page_size| {
            let parameters = QueryParameters { page_size, ..QueryParameters::new(Consistency::One) };
            let request = RequestMessage::from(Request::Query { query: text.to_owned(), parameters });
            let request = request.encode(Version::V4, 0).unwrap();
            Work::prepare(&bench.replica, request, Session::default()).unwrap_or_else(|_| panic!("{text}"))
        };
        for text in [
            "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
            "CREATE TABLE ks.t (k int, c int, PRIMARY KEY (k, c))",
        ] {
            let reply = work(text, None).execute(&bench.replica, None).unwrap();
            assert_eq!(reply.opcode(), Opcode::Result, "{text}");
        }
        let select = "SELECT * FROM ks.t WHERE k = 1";
        for page_size in [1, 5_000, 10_000] {
            assert!(!work(select, Some(page_size)).is_heavy(), "{page_size}");
        }
        for page_size in [None, Some(-1), Some(0), Some(10_001), Some(i32::MAX)] {
            assert!(work(select, page_size).is_heavy(), "{page_size:?}");
        }
        assert!(!work("SELECT * FROM ks.t WHERE k = 1 AND c = 2", None).is_heavy());
        for several in ["k = 1 AND c IN (2, 3)", "k IN (1, 2) AND c = 3", "k = 1 AND c > 2"] {
            assert!(work(&format!("SELECT * FROM ks.t WHERE {several}"), None).is_heavy(), "{several}");
        }
    });
}

#[test]
fn a_silent_replica_keeps_what_it_finishes_meanwhile() {
    for (fail, recover) in [(Action::Pause, Action::Resume), (Action::Partition, Action::Heal)] {
        run(10, async |bench| {
            bench.settle().await;
            bench.act(Action::Delay { delay_ms: 50 });
            bench.settle().await;
            bench.send(0).unwrap();
            bench.settle().await;
            bench.act(fail);
            bench.settle().await;
            bench.wait(Duration::from_millis(51)).await;
            assert_eq!(bench.taken(), []);
            bench.act(recover);
            bench.settle().await;
            assert_eq!(bench.taken(), [(0, true)]);
        });
    }
}

#[test]
fn what_a_silent_replica_kept_is_lost_when_it_is_given_up() {
    run(10, async |bench| {
        bench.settle().await;
        bench.act(Action::Delay { delay_ms: 50 });
        bench.settle().await;
        bench.send(0).unwrap();
        bench.settle().await;
        bench.act(Action::Pause);
        bench.settle().await;
        bench.wait(Duration::from_millis(51)).await;
        bench.wait(Duration::from_secs(5)).await;
        assert_eq!(bench.taken(), [(0, false)]);
        bench.act(Action::Resume);
        bench.settle().await;
        assert_eq!(bench.taken(), []);
    });
}

#[test]
fn a_replica_that_stays_silent_is_given_up_and_comes_back() {
    for (fail, recover) in [(Action::Pause, Action::Resume), (Action::Partition, Action::Heal)] {
        run(10, async |bench| {
            bench.settle().await;
            bench.act(fail);
            bench.settle().await;
            bench.send(0).unwrap();
            bench.wait(Duration::from_secs(5)).await;
            assert_eq!(bench.taken(), [(0, false)]);
            assert!(!bench.backend.is_live());
            assert_eq!(bench.send(1), Err(SendError::Down));
            bench.act(recover);
            bench.settle().await;
            assert!(bench.backend.is_live());
            bench.send(2).unwrap();
            bench.settle().await;
            // What was given up is not answered a second time.
            assert_eq!(bench.taken(), [(2, true)]);
        });
    }
}

#[test]
fn a_delayed_replica_answers_later() {
    run(10, async |bench| {
        bench.settle().await;
        bench.act(Action::Delay { delay_ms: 50 });
        bench.settle().await;
        bench.send(0).unwrap();
        bench.settle().await;
        assert!(bench.taken().is_empty());
        bench.wait(Duration::from_millis(51)).await;
        assert_eq!(bench.taken(), [(0, true)]);
    });
}
