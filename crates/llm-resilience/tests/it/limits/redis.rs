//! Limits that several processes keep in Redis, on a real server: the suite, bounds under load, and a server that is slow
//! or gone.

use std::sync::Arc;

use async_trait::async_trait;
use llm_resilience::limit::{RateStore, RedisRates, RedisRatesOptions};
use llm_testkit::redis::{RedisServer, is_required};

use super::stores::{self, Stand};
use super::*;

/// A server of this test's own; `None` after saying aloud that it is skipped.
fn server() -> Option<RedisServer> {
    #[allow(clippy::disallowed_methods, reason = "how CI says that the server must be there")]
    let services = std::env::var("LOQUAT_REQUIRE_SERVICES").ok();
    RedisServer::start(is_required(services.as_deref()))
}

/// Patient, because other tests keep the machine busy: time limits have tests of their own.
fn patient(server: &RedisServer) -> RedisRates {
    let options = RedisRatesOptions::default().with_timeout(20 * SECOND);
    RedisRates::new(&server.url(), "org", options).unwrap()
}

struct InRedis(Arc<RedisRates>);

#[async_trait]
impl Stand for InRedis {
    fn store(&self) -> Arc<dyn RateStore> {
        self.0.clone()
    }

    /// The time is the server's, so there is nothing to do but wait.
    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn slack(&self) -> Duration {
        Duration::from_millis(900)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_in_redis() {
    let Some(server) = server() else { return };
    stores::run(&InRedis(Arc::new(patient(&server)))).await;
}
