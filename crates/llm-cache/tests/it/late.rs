//! Between the first look and the call an answer may be stored: it is looked for once more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use llm_cache::{Answer, Cache, CacheKey, Clock, Entry, HOUR, Lease, Loaded, Size, Store, StoreError};
use llm_core::{CacheStatus, async_trait};

use crate::support::{EPOCH, Vendor, answer, around, ask, chat, cx, ms};

/// Has nothing at the first look and an answer at the second.
struct Late {
    looks: AtomicU32,
    lease: Lease,
    shared: bool,
}

#[async_trait]
impl Store for Late {
    fn name(&self) -> &'static str {
        "late"
    }

    async fn load(&self, _: &CacheKey, now: u64) -> Loaded {
        if self.looks.fetch_add(1, SeqCst) == 0 {
            return Loaded::Absent;
        }
        Loaded::Found(Arc::new(Entry::new(Answer::Chat(Box::new(answer("stored"))), now, HOUR, ms(5))))
    }

    async fn save(&self, _: &CacheKey, _: Arc<Entry>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn remove(&self, _: &CacheKey) -> Result<(), StoreError> {
        Ok(())
    }

    async fn clear(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn size(&self) -> Result<Option<Size>, StoreError> {
        Ok(None)
    }

    fn is_shared(&self) -> bool {
        self.shared
    }

    async fn lease(&self, _: &CacheKey, _: Duration) -> Lease {
        self.lease.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_stored_in_between_is_found() {
    let cases = [
        (Lease::Nobody, false, CacheStatus::Hit),
        (Lease::Granted("token".into()), true, CacheStatus::Hit),
        (Lease::Held, true, CacheStatus::Hit),
        (Lease::Nobody, true, CacheStatus::Miss),
    ];
    for (lease, shared, status) in cases {
        let vendor = Arc::new(Vendor::new(ms(1)));
        let store = Late { looks: AtomicU32::new(0), lease: lease.clone(), shared };
        let provider = around(&Cache::builder(store).clock(Clock::from_tokio(EPOCH)).build(), &vendor);
        let response = ask(&provider, &cx("a"), chat("q")).await.unwrap();
        assert_eq!(response.cache, Some(status), "{lease:?}");
        assert_eq!(vendor.calls(), u64::from(status == CacheStatus::Miss), "{lease:?}");
    }
}
