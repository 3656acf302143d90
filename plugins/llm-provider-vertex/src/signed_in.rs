//! Calls with a token, made once more with another one where Google refuses it.

use llm_core::{Capabilities, Cx, Error, Provider, Request, Response, async_trait};

use crate::adapter::Vertex;

/// A project whose calls are signed in.
pub(crate) struct SignedIn(pub(crate) Vertex);

#[async_trait]
impl Provider for SignedIn {
    fn id(&self) -> &str {
        Provider::id(&self.0)
    }

    fn api(&self) -> &str {
        Provider::api(&self.0)
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        Provider::capabilities(&self.0, model)
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        if cx.credential.is_some() {
            return self.0.call(cx, request).await;
        }
        let call = |token| {
            let mut own = cx.clone();
            // An address of the call does not get our token.
            (own.credential, own.endpoint) = (Some(token), None);
            let request = request.clone();
            async move { self.0.call(&own, request).await }
        };
        let answer = self.0.with_token(cx, call).await;
        answer.map_err(|error| error.with_provider(Provider::id(&self.0)))
    }
}
