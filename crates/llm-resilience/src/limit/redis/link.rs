//! One connection for all, made in the background, and no operation longer than it is worth.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};
use tokio::sync::Notify;

/// The longest a connection may take to be made; nobody waits for it longer than for an operation.
const CONNECT: Duration = Duration::from_secs(2);
/// Operations in a row that a connection may fail before another one is made: it may be half dead.
const FAILURES: u32 = 5;

pub(super) struct Link {
    client: Client,
    timeout: Duration,
    state: Mutex<State>,
    made: Notify,
}

#[derive(Default)]
struct State {
    connection: Option<(u64, MultiplexedConnection)>,
    connecting: bool,
    failures: u32,
    number: u64,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its address may hold a password.
        f.debug_struct("Link").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Link {
    pub(super) fn new(client: Client, timeout: Duration) -> Arc<Self> {
        Arc::new(Self { client, timeout, state: Mutex::default(), made: Notify::new() })
    }

    /// One operation, answered in time or not at all. The error says why in a few words.
    pub(super) async fn run<T, F, Fut>(self: &Arc<Self>, operation: F) -> Result<T, String>
    where
        F: FnOnce(MultiplexedConnection) -> Fut,
        Fut: Future<Output = Result<T, RedisError>>,
    {
        let mut used = 0;
        let attempt = async {
            let (number, connection) = self.connection().await.ok_or_else(|| "there is no connection".to_owned())?;
            used = number;
            operation(connection).await.map_err(|error| {
                if error.is_unrecoverable_error() {
                    self.forget(number);
                }
                error.category().to_owned()
            })
        };
        let result = tokio::time::timeout(self.timeout, attempt)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {:?}", self.timeout)));
        match &result {
            Ok(_) => self.state().failures = 0,
            Err(_) if self.has_failed_often() => self.forget(used),
            Err(_) => {}
        }
        result
    }

    fn has_failed_often(&self) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        state.failures >= FAILURES
    }

    /// The connection, as soon as there is one; `None` when it could not be made.
    async fn connection(self: &Arc<Self>) -> Option<(u64, MultiplexedConnection)> {
        let made = self.made.notified();
        {
            let mut state = self.state();
            if let Some(connection) = &state.connection {
                return Some(connection.clone());
            }
            if !std::mem::replace(&mut state.connecting, true) {
                tokio::spawn(self.clone().connect());
            }
        }
        made.await;
        self.state().connection.clone()
    }

    async fn connect(self: Arc<Self>) {
        // Should its runtime end, another one may connect.
        let connecting = Connecting(&self);
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(None);
        let made = self.client.get_multiplexed_async_connection_with_config(&config);
        if let Ok(Ok(connection)) = tokio::time::timeout(CONNECT, made).await {
            let mut state = self.state();
            state.number += 1;
            state.failures = 0;
            state.connection = Some((state.number, connection));
        }
        drop(connecting);
    }

    /// Lets a connection go, unless another one was made already.
    fn forget(&self, number: u64) {
        let mut state = self.state();
        if state.connection.as_ref().is_some_and(|(current, _)| *current == number) {
            state.connection = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection is being made.
struct Connecting<'a>(&'a Link);

impl Drop for Connecting<'_> {
    fn drop(&mut self) {
        self.0.state().connecting = false;
        self.0.made.notify_waiters();
    }
}
