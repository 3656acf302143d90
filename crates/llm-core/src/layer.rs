//! Layers: a value that wraps a provider in another.

use std::sync::Arc;

use crate::provider::Provider;

/// Wraps a provider. A layer is a value; wrapping never changes what is wrapped, and one layer may wrap many.
pub trait Layer: Send + Sync + 'static {
    /// `inner` with this layer around it.
    fn layer(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider>;
}
