//! One connection for all, made in the background, and no operation longer than it is worth.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::health::Health;

/// The longest a connection may take to be made; requests do not wait for it longer than for an operation.
const CONNECT: Duration = Duration::from_secs(2);

/// Why an operation did not come back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    #[error("the server is left alone for a while after failures")]
    Shut,
    #[error("there is no connection")]
    NotConnected,
    #[error("the server took longer than {} ms", .0.as_millis())]
    TooSlow(Duration),
    #[error("the server or the connection failed ({0})")]
    Failed(String),
}

pub(super) struct Link {
    client: Client,
    state: Mutex<State>,
    ready: Notify,
}

#[derive(Default)]
struct State {
    health: Health,
    connection: Option<(u64, MultiplexedConnection)>,
    connecting: bool,
    made: u64,
}

impl Link {
    pub(super) fn new(client: Client) -> Arc<Self> {
        Arc::new(Self { client, state: Mutex::default(), ready: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One operation, answered within this time or not at all.
    pub(super) async fn run<T: FromRedisValue>(self: &Arc<Self>, time: Duration, command: &Cmd) -> Result<T, Trouble> {
        if !self.lock().health.admit(Instant::now()) {
            return Err(Trouble::Shut);
        }
        let operation = async {
            let (number, mut connection) = self.connection().await.ok_or(Trouble::NotConnected)?;
            command.query_async::<T>(&mut connection).await.map_err(|error| {
                if error.is_unrecoverable_error() {
                    self.forget(number);
                }
                Trouble::Failed(format!("{:?}", error.kind()))
            })
        };
        let result = tokio::time::timeout(time, operation).await.unwrap_or(Err(Trouble::TooSlow(time)));
        let mut state = self.lock();
        match &result {
            Ok(_) => state.health.succeeded(),
            Err(_) => {
                if state.health.failed(Instant::now()) {
                    // It may be half dead; who looks next begins anew.
                    state.connection = None;
                }
            }
        }
        result
    }

    /// The connection, as soon as there is one; `None` when it could not be made.
    async fn connection(self: &Arc<Self>) -> Option<(u64, MultiplexedConnection)> {
        let ready = self.ready.notified();
        {
            let mut state = self.lock();
            if let Some(connection) = &state.connection {
                return Some(connection.clone());
            }
            if !std::mem::replace(&mut state.connecting, true) {
                tokio::spawn(self.clone().connect());
            }
        }
        ready.await;
        self.lock().connection.clone()
    }

    async fn connect(self: Arc<Self>) {
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(None);
        let made = self.client.get_multiplexed_async_connection_with_config(&config);
        let made = tokio::time::timeout(CONNECT, made).await;
        {
            let mut state = self.lock();
            state.connecting = false;
            if let Ok(Ok(connection)) = made {
                state.made += 1;
                state.connection = Some((state.made, connection));
            }
        }
        self.ready.notify_waiters();
    }

    fn forget(&self, number: u64) {
        let mut state = self.lock();
        if state.connection.as_ref().is_some_and(|(current, _)| *current == number) {
            state.connection = None;
        }
    }
}
