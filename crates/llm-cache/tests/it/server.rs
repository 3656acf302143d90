//! A Redis of the test's own, and what goes on in it past the cache.

use llm_testkit::redis::{RedisServer, is_required};

pub(crate) struct Server(RedisServer);

impl Server {
    /// `None`, said aloud, where there is no server to start.
    pub(crate) fn start() -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "the switch of tests that need a service")]
        let services = std::env::var("LOQUAT_REQUIRE_SERVICES").ok();
        RedisServer::start(is_required(services.as_deref())).map(Self)
    }

    pub(crate) fn address(&self) -> String {
        self.0.url()
    }

    pub(crate) fn pause(&self) {
        self.0.pause();
    }

    pub(crate) fn go_on(&self) {
        self.0.resume();
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill();
    }

    pub(crate) fn restart(&mut self) {
        self.0.restart();
    }

    /// One command past the cache.
    pub(crate) async fn ask<T: redis::FromRedisValue>(&self, words: &[&[u8]]) -> T {
        let client = redis::Client::open(self.address()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.query_async(&mut connection).await.unwrap()
    }

    /// Names of all keys that match.
    pub(crate) async fn keys(&self, pattern: &str) -> Vec<Vec<u8>> {
        let mut keys: Vec<Vec<u8>> = self.ask(&[b"KEYS", pattern.as_bytes()]).await;
        keys.sort();
        keys
    }
}
