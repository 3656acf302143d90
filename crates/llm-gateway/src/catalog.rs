//! The list of models, remembered for a while: making it asks every provider, and clients ask for it often.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use loquat::{Client, ServedModel};
use tokio::time::Instant;

/// How long a list is good.
const FRESH: Duration = Duration::from_secs(60);

/// The list of models as it was last made, and when.
#[derive(Default)]
pub(crate) struct Catalog(Mutex<Option<(Instant, Arc<[ServedModel]>)>>);

impl Catalog {
    /// The models, asked for again when the last list is too old.
    pub(crate) async fn models(&self, client: &Client) -> Arc<[ServedModel]> {
        if let Some(models) = self.fresh(Instant::now()) {
            return models;
        }
        let models: Arc<[ServedModel]> = client.models().await.into();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), models.clone()));
        models
    }

    fn fresh(&self, now: Instant) -> Option<Arc<[ServedModel]>> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(made, _)| now.duration_since(*made) < FRESH).map(|(_, models)| models.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use llm_core::{Adapter, Cx, Error, ModelInfo, async_trait};
    use loquat::{Config, Environment};

    use super::*;

    struct Lists(Arc<AtomicU32>);

    #[async_trait]
    impl Adapter for Lists {
        fn id(&self) -> &'static str {
            "lists"
        }

        fn api(&self) -> &'static str {
            "lists"
        }

        async fn models(&self, _cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Vec::new())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn providers_are_asked_once_a_minute() {
        let asked = Arc::new(AtomicU32::new(0));
        let builder = Client::builder().config(Config::default()).environment(Environment::empty());
        let client = builder.instance(Arc::new(Lists(asked.clone()))).route("fast", ["lists/a"]).build().unwrap();
        let catalog = Catalog::default();
        for expected in [1, 1, 1, 2, 2] {
            assert_eq!(catalog.models(&client).await[0].name, "fast");
            assert_eq!(asked.load(Ordering::Relaxed), expected);
            tokio::time::advance(Duration::from_secs(20)).await;
        }
    }
}
