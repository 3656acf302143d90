//! Layers: a value that wraps a provider in another.

use std::sync::Arc;

use crate::provider::Provider;

/// Wraps a provider. A layer is a value; wrapping never changes what is wrapped, and one layer may wrap many.
pub trait Layer: Send + Sync + 'static {
    /// `inner` with this layer around it.
    fn layer(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider>;
}

/// Methods of [`Provider`] that a layer answers with what it wraps, within its `impl Provider`.
///
/// The field that holds the inner provider comes first, then the methods: `id`, `api`, `capabilities`, `availability`.
/// `call` is what the layer is for and is always written out.
///
/// ```
/// # use std::sync::Arc;
/// # use llm_core::{Cx, Error, Provider, Request, Response, async_trait};
/// struct Counted {
///     inner: Arc<dyn Provider>,
///     calls: std::sync::atomic::AtomicU64,
/// }
///
/// #[async_trait]
/// impl Provider for Counted {
///     llm_core::forward!(inner: id, api, capabilities, availability);
///
///     async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
///         self.calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         self.inner.call(cx, request).await
///     }
/// }
/// ```
#[macro_export]
macro_rules! forward {
    ($inner:ident: $($method:ident),+) => {
        $($crate::forward!(@ $inner $method);)+
    };
    (@ $inner:ident id) => {
        fn id(&self) -> &str {
            self.$inner.id()
        }
    };
    (@ $inner:ident api) => {
        fn api(&self) -> &str {
            self.$inner.api()
        }
    };
    (@ $inner:ident capabilities) => {
        fn capabilities(&self, model: &str) -> $crate::Capabilities {
            self.$inner.capabilities(model)
        }
    };
    (@ $inner:ident availability) => {
        fn availability(&self) -> $crate::Availability {
            self.$inner.availability()
        }
    };
}
