//! The connection to the store: every operation bounded in time, one reconnect at a time, and the gate.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};
use tokio::time::Instant;

use super::gate::Gate;
use crate::ledger::LedgerError;

pub(super) struct Link {
    client: Client,
    timeout: Duration,
    connection: Mutex<Option<(u64, MultiplexedConnection)>>,
    /// Held while connecting, so that there is one reconnect at a time.
    connecting: tokio::sync::Mutex<()>,
    gate: Mutex<Gate>,
}

impl Link {
    pub(super) fn new(client: Client, timeout: Duration, gate: Gate) -> Self {
        Self {
            client,
            timeout,
            connection: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            gate: Mutex::new(gate),
        }
    }

    /// Does something with the connection, in time or not at all as far as the caller is concerned.
    pub(super) async fn run<T, F, Fut>(&self, operation: F) -> Result<T, LedgerError>
    where
        F: FnOnce(MultiplexedConnection) -> Fut,
        Fut: Future<Output = Result<T, RedisError>>,
    {
        if !self.gate().admit(Instant::now().into_std()) {
            return Err(LedgerError::Down);
        }
        let mut used = 0;
        let attempt = async {
            let (number, connection) = self.connection().await?;
            used = number;
            operation(connection).await
        };
        let result = match tokio::time::timeout(self.timeout, attempt).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(error.category().to_owned()),
            Err(_) => Err(format!("no answer within {:?}", self.timeout)),
        };
        self.gate().record(Instant::now().into_std(), result.is_ok());
        if result.is_err() {
            self.forget(used);
        }
        result.map_err(LedgerError::Unavailable)
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connection(&self) -> Result<(u64, MultiplexedConnection), RedisError> {
        if let Some(current) = self.current().clone() {
            return Ok(current);
        }
        let _connecting = self.connecting.lock().await;
        if let Some(current) = self.current().clone() {
            return Ok(current);
        }
        // The time limit is ours, for connecting and asking together.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let fresh = (NUMBER.fetch_add(1, Ordering::Relaxed), connection);
        *self.current() = Some(fresh.clone());
        Ok(fresh)
    }

    fn current(&self) -> MutexGuard<'_, Option<(u64, MultiplexedConnection)>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection go that did not answer, unless another operation did so already.
    fn forget(&self, number: u64) {
        let mut current = self.current();
        if current.as_ref().is_some_and(|(current, _)| *current == number) {
            *current = None;
        }
    }
}

/// Tells connections apart.
static NUMBER: AtomicU64 = AtomicU64::new(1);
