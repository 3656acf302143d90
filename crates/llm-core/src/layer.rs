//! Layers: a value that wraps a provider in another.

use std::sync::Arc;

use crate::provider::Provider;

/// Wraps a provider. A layer is a value; wrapping never changes what is wrapped, and one layer may wrap many.
pub trait Layer: Send + Sync + 'static {
    /// `inner` with this layer around it.
    fn layer(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider>;
}

/// What a layer wraps, be it a provider or a pointer to one: [`forward!`](crate::forward) names `Provider`'s methods through
/// it, so that they are told from those of an [`Adapter`](crate::Adapter), which have the same names.
#[doc(hidden)]
pub trait Wrapped {
    /// The provider.
    fn wrapped(&self) -> &Self;
}

impl<P: Provider + ?Sized> Wrapped for P {
    fn wrapped(&self) -> &Self {
        self
    }
}

/// Methods of [`Provider`] that a layer answers with what it wraps, within its `impl Provider`.
///
/// The field that holds the inner provider, or a pointer to it, comes first, then the methods: `id`, `api`,
/// `capabilities`, `availability`. `call` is what the layer is for and is always written out.
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
            $crate::Provider::id($crate::forward!(@ self.$inner))
        }
    };
    (@ $inner:ident api) => {
        fn api(&self) -> &str {
            $crate::Provider::api($crate::forward!(@ self.$inner))
        }
    };
    (@ $inner:ident capabilities) => {
        fn capabilities(&self, model: &str) -> $crate::Capabilities {
            $crate::Provider::capabilities($crate::forward!(@ self.$inner), model)
        }
    };
    (@ $inner:ident availability) => {
        fn availability(&self) -> $crate::Availability {
            $crate::Provider::availability($crate::forward!(@ self.$inner))
        }
    };
    (@ $self:ident.$inner:ident) => {{
        use $crate::Wrapped as _;
        $self.$inner.wrapped()
    }};
}

#[cfg(test)]
mod tests {
    use super::*;
    // With both in scope their methods are told apart.
    use crate::{Adapter, Capabilities, Cx, Error, Request, Response, async_trait};

    struct Plugin(&'static str);

    impl Adapter for Plugin {
        fn id(&self) -> &str {
            self.0
        }

        fn api(&self) -> &str {
            self.0
        }

        fn capabilities(&self, _: &str) -> Capabilities {
            Capabilities::chat()
        }
    }

    struct Outer<P> {
        inner: P,
    }

    macro_rules! layers {
        ($($wrapped:ty),+) => {$(
            #[async_trait]
            impl Provider for Outer<$wrapped> {
                crate::forward!(inner: id, api, capabilities, availability);

                async fn call(&self, _: &Cx, _: Request) -> Result<Response, Error> {
                    Err(Error::unsupported("outer", "call"))
                }
            }
        )+};
    }

    layers!(Plugin, Arc<dyn Provider>, Box<Outer<Plugin>>);

    #[test]
    fn a_layer_answers_with_what_it_wraps_be_it_a_value_or_a_pointer() {
        let plugin = || Plugin("plugin-eu");
        let layers: [Box<dyn Provider>; 3] = [
            Box::new(Outer { inner: plugin() }),
            Box::new(Outer { inner: Arc::new(plugin()) as Arc<dyn Provider> }),
            Box::new(Outer { inner: Box::new(Outer { inner: plugin() }) }),
        ];
        for layer in layers {
            assert_eq!((layer.id(), layer.api()), ("plugin-eu", "plugin-eu"));
            assert_eq!(layer.capabilities("m"), Capabilities::chat());
            assert_eq!(layer.availability(), crate::Availability::Ready);
        }
    }
}
