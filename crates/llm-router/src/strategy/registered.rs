//! Strategies of other crates, found at link time by their name.

use std::sync::Arc;

use super::Strategy;

/// A strategy that a crate brings along. Made by [`register_strategy!`](crate::register_strategy).
#[derive(Debug)]
#[doc(hidden)]
pub struct RegisteredStrategy(pub fn() -> Arc<dyn Strategy>);

llm_core::inventory::collect!(RegisteredStrategy);

/// Registers a strategy of your own, so that configurations and logged decisions find it by name.
/// The argument is an expression that makes one: `register_strategy!(Backwards)`.
#[macro_export]
macro_rules! register_strategy {
    ($strategy:expr) => {
        $crate::inventory::submit! { $crate::RegisteredStrategy(|| ::std::sync::Arc::new($strategy)) }
    };
}

/// The strategy that some linked crate registered under a name.
pub fn registered(name: &str) -> Option<Arc<dyn Strategy>> {
    all().find(|strategy| strategy.name() == name)
}

/// Every strategy that a linked crate registered.
pub(super) fn all() -> impl Iterator<Item = Arc<dyn Strategy>> {
    llm_core::inventory::iter::<RegisteredStrategy>.into_iter().map(|registered| (registered.0)())
}
