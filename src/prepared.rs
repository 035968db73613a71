//! Prepared statements: known to all workers, and to every backend under an id of its own.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use quick_cache::sync::Cache;
use smallvec::SmallVec;

use crate::statement::Statement;
use crate::statement::rewrite::Hidden;
use crate::system::SystemPlan;

/// A statement that a client prepared.
pub(crate) struct Prepared {
    /// The id that clients know.
    pub(crate) id: Bytes,
    /// As the client wrote it.
    pub(crate) text: Arc<str>,
    /// The keyspace that it was prepared in.
    pub(crate) keyspace: Option<Arc<str>>,
    pub(crate) statement: Arc<Statement>,
    pub(crate) partition_key: Option<PartitionKey>,
    /// Where functions are evaluated in the proxy: the text that backends get, and the markers that clients do not see.
    pub(crate) hidden: Option<Hidden>,
    /// The metadata of its rows, as the client was told: a client that asks for rows without metadata reads them by it.
    pub(crate) result_metadata: Bytes,
    /// Answered by the proxy itself.
    pub(crate) local: Option<SystemPlan>,
    /// By backend: its own id, where it is not the client's.
    backend_ids: Box<[ArcSwapOption<Bytes>]>,
}

/// Where the partition key stands among the bind values.
#[derive(Clone, Debug)]
pub(crate) struct PartitionKey {
    pub(crate) keyspace: Arc<str>,
    pub(crate) table: Arc<str>,
    pub(crate) markers: SmallVec<[u16; 4]>,
}

impl Prepared {
    pub(crate) fn new(id: Bytes, text: &str, keyspace: Option<Arc<str>>, statement: Arc<Statement>) -> Self {
        let (text, backend_ids) = (text.into(), Box::default());
        Self {
            id,
            text,
            keyspace,
            statement,
            partition_key: None,
            hidden: None,
            result_metadata: Bytes::new(),
            local: None,
            backend_ids,
        }
    }

    /// With room for the ids of so many backends.
    pub(crate) fn for_backends(mut self, count: usize) -> Self {
        self.backend_ids = (0..count).map(|_| ArcSwapOption::empty()).collect();
        self
    }

    /// What backends are given to prepare.
    pub(crate) fn backend_text(&self) -> &str {
        self.hidden.as_ref().map_or(&self.text, |hidden| hidden.text())
    }

    /// The id under which a backend knows it, if that is not the client's.
    pub(crate) fn backend_id(&self, backend: u8) -> Option<Arc<Bytes>> {
        self.backend_ids.get(usize::from(backend)).and_then(ArcSwapOption::load_full)
    }

    /// A backend prepared it under this id.
    pub(crate) fn prepared_on(&self, backend: u8, id: &[u8]) {
        if let Some(slot) = self.backend_ids.get(usize::from(backend)) {
            slot.store((*id != *self.id).then(|| Arc::new(Bytes::copy_from_slice(id))));
        }
    }
}

/// The prepared statements of this proxy, as many as fit; a client whose statement was evicted prepares it again.
pub(crate) struct PreparedStatements(Cache<Bytes, Arc<Prepared>>);

impl PreparedStatements {
    pub(crate) fn new(count_max: usize) -> Self {
        Self(Cache::new(count_max.max(1)))
    }

    pub(crate) fn find(&self, id: &[u8]) -> Option<Arc<Prepared>> {
        self.0.get(id)
    }

    pub(crate) fn forget(&self, id: &[u8]) {
        self.0.remove(id);
    }

    pub(crate) fn insert(&self, prepared: Arc<Prepared>) {
        self.0.insert(prepared.id.clone(), prepared);
    }
}
