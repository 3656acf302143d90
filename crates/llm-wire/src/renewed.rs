//! A credential that ends: asked for when there is none yet and again before it ends, by one call for all that wait.

use std::time::{Duration, SystemTime};

use futures_util::lock::Mutex;
use llm_core::Error;

/// The time by which the ends of credentials are judged; plugins take it as a function, so that tests have their own.
pub fn this_machines_time() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "the one place where a credential's time comes from")]
    SystemTime::now()
}

/// Something with an end, such as a token.
#[derive(Debug)]
pub struct Renewed<T> {
    before_end: Duration,
    /// Locked while it is asked for, so that everybody else waits for the one answer.
    known: Mutex<Option<(T, Option<SystemTime>)>>,
}

impl<T: Clone> Renewed<T> {
    /// Nothing yet; later it is renewed so long before its end.
    pub fn new(before_end: Duration) -> Self {
        Self { before_end, known: Mutex::new(None) }
    }

    /// What holds at `now`; `ask` gives a new one and when it ends. Should that fail, the old one is given while it holds.
    pub async fn at<A>(&self, now: SystemTime, ask: impl FnOnce() -> A + Send) -> Result<T, Error>
    where
        A: Future<Output = Result<(T, Option<SystemTime>), Error>> + Send,
    {
        let mut known = self.known.lock().await;
        if let Some((value, end)) = &*known
            && end.is_none_or(|end| now + self.before_end < end)
        {
            return Ok(value.clone());
        }
        match ask().await {
            Ok(new) => Ok(known.insert(new).0.clone()),
            Err(error) => match &*known {
                Some((value, Some(end))) if now < *end => Ok(value.clone()),
                _ => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use llm_core::ErrorKind;

    use super::*;

    #[test]
    fn it_is_renewed_before_its_end_and_kept_while_it_holds() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let renewed = Renewed::new(Duration::from_secs(60));
        let start = SystemTime::UNIX_EPOCH;
        let at = |second: u64, answer: Result<(u32, Option<u64>), ErrorKind>| {
            let ask = move || async move {
                answer
                    .map(|(value, end)| (value, end.map(|end| start + Duration::from_secs(end))))
                    .map_err(|kind| Error::new(kind, "asking"))
            };
            let got = runtime.block_on(renewed.at(start + Duration::from_secs(second), ask));
            got.map_err(|error| error.kind())
        };
        assert_eq!(at(0, Err(ErrorKind::Auth)), Err(ErrorKind::Auth));
        assert_eq!(at(0, Ok((1, Some(1000)))), Ok(1));
        assert_eq!(at(900, Ok((2, Some(2000)))), Ok(1), "it holds");
        assert_eq!(at(950, Err(ErrorKind::Network)), Ok(1), "it holds for a while");
        assert_eq!(at(950, Ok((2, Some(2000)))), Ok(2));
        assert_eq!(at(2000, Err(ErrorKind::Network)), Err(ErrorKind::Network));
        assert_eq!(at(2000, Ok((3, None))), Ok(3));
        assert_eq!(at(1_000_000, Ok((4, None))), Ok(3), "it has no end");
    }
}
