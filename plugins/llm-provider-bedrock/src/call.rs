//! One call with what authorises it: the wire formats, and where each operation goes.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::try_join_all;
use http::{HeaderMap, Method};
use llm_core::{
    Adapter, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error, HttpRequest, ModelInfo,
    Origin, RerankRequest, RerankResponse, TokenCount, Warning, async_trait,
};
use llm_wire::exchange::{self, Success};
use llm_wire::{all_pages, aws_event_stream};
use llm_wire_bedrock::{API, converse, count_tokens, decode_error, embed, rerank};

use crate::account::Authority;
use crate::adapter::{How, Region, known_form};
use crate::mantle::Asked;
use crate::route::{Route, SERVICE};
use crate::{invoke, models};

/// Calls that are under way at once for one request for vectors.
const AT_ONCE: usize = 8;

/// One call.
pub(crate) struct Call {
    pub(crate) region: Arc<Region>,
    pub(crate) authority: Authority,
    pub(crate) route: Route,
    pub(crate) headers: HeaderMap,
    pub(crate) now: SystemTime,
}

impl Call {
    /// A chat request as it goes out.
    fn encode(&self, request: &ChatRequest, stream: bool) -> Result<(HttpRequest, Arc<Origin>, Vec<Warning>), Error> {
        let known = self.region.known(&request.model);
        let (origin, body, warnings) = match self.region.how {
            How::Converse | How::Mantle(_) => {
                let origin = self.region.origin(API, &request.model);
                let encoded = converse::encode_request(request, &origin, &models::profile(&request.model, &known))?;
                (origin, encoded.body, encoded.warnings)
            }
            How::Invoke => {
                let form = self.region.form(&known)?;
                let origin = self.region.origin(invoke::api(form), &request.model);
                let (body, warnings) = invoke::encode(form, request, &origin, stream, &known)?;
                (origin, body, warnings)
            }
        };
        let operation = match (&self.region.how, stream) {
            (How::Invoke, false) => "invoke",
            (How::Invoke, true) => "invoke-with-response-stream",
            (_, false) => "converse",
            (_, true) => "converse-stream",
        };
        let request = self.post(self.route.model(&request.model, operation), body)?;
        Ok((request, origin, warnings))
    }

    fn request(&self, method: Method, url: String, body: Vec<u8>) -> Result<HttpRequest, Error> {
        let mut request = self.authority.request(method, url, body, (&self.route.region, SERVICE), self.now)?;
        for (name, value) in &self.headers {
            request.headers.entry(name).or_insert_with(|| value.clone());
        }
        Ok(request)
    }

    fn asked(&self) -> Asked<'_> {
        Asked { authority: &self.authority, route: &self.route, now: self.now }
    }

    fn post(&self, url: String, body: Vec<u8>) -> Result<HttpRequest, Error> {
        self.request(Method::POST, url, body)
    }

    /// Sends a body to a model's operation and reads the whole answer.
    async fn unary(&self, cx: &Cx, model: &str, operation: &str, body: Vec<u8>) -> Result<Success, Error> {
        let request = self.post(self.route.model(model, operation), body)?;
        exchange::unary(cx, request, decode_error).await
    }

    async fn list(&self, cx: &Cx, url: String) -> Result<Success, Error> {
        let request = self.request(Method::GET, url, Vec::new())?;
        exchange::unary(cx, request, decode_error).await
    }
}

#[async_trait]
impl Adapter for Call {
    fn id(&self) -> &str {
        &self.region.id
    }

    fn api(&self) -> &str {
        API
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        if let How::Mantle(mantle) = &self.region.how {
            return mantle.chat(cx, self.asked(), request).await;
        }
        let (request, origin, warnings) = self.encode(request, false)?;
        let success = exchange::unary(cx, request, decode_error).await?;
        success.answer(warnings, |success| match self.region.how {
            How::Invoke => invoke::decode(&success.body, &success.headers, &origin),
            How::Converse | How::Mantle(_) => converse::decode_response(&success.body, &origin),
        })
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        if let How::Mantle(mantle) = &self.region.how {
            let stream = mantle.chat_stream(cx, self.asked(), request).await?;
            return Ok(self.authority.hide_in(stream));
        }
        let (request, origin, warnings) = self.encode(request, true)?;
        let response = exchange::open(cx, request, decode_error).await?;
        let headers = response.headers.clone();
        let stream = match self.region.how {
            How::Invoke => aws_event_stream(response, invoke::decoder(origin, warnings, &headers)),
            How::Converse | How::Mantle(_) => {
                aws_event_stream(response, converse::Decoder::new(origin, warnings).with_headers(&headers))
            }
        };
        Ok(self.authority.hide_in(stream))
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let origin = self.region.origin(API, &request.model);
        let form = known_form(embed::Form::of(&self.region.known(&request.model)), "vectors", "")?;
        let one = async |texts: &[String]| {
            let encoded = embed::encode_request(request, texts, &origin, form)?;
            let success = self.unary(cx, &request.model, "invoke", encoded.body).await?;
            let decode = |success: &Success| embed::decode_response(&success.body, &success.headers, &origin);
            success.answer(encoded.warnings, decode)
        };
        let mut all: Option<EmbedResponse> = None;
        let batches: Vec<&[String]> = request.inputs.chunks(form.batch()).collect();
        for group in batches.chunks(AT_ONCE) {
            for next in try_join_all(group.iter().map(|texts| one(texts))).await? {
                match &mut all {
                    None => all = Some(next),
                    Some(all) => {
                        all.vectors.extend(next.vectors);
                        all.usage = all.usage.with(&next.usage);
                    }
                }
            }
        }
        Ok(all.unwrap_or_else(|| EmbedResponse::new(Arc::clone(&origin), Vec::new())))
    }

    async fn rerank(&self, cx: &Cx, request: &RerankRequest) -> Result<RerankResponse, Error> {
        let origin = self.region.origin(API, &request.model);
        let form = known_form(rerank::Form::of(&self.region.known(&request.model)), "rerank", "")?;
        let encoded = rerank::encode_request(request, &origin, form)?;
        let success = self.unary(cx, &request.model, "invoke", encoded.body).await?;
        let decode = |success: &Success| rerank::decode_response(&success.body, &success.headers, &origin);
        success.answer(encoded.warnings, decode)
    }

    async fn count_tokens(&self, cx: &Cx, request: &ChatRequest) -> Result<TokenCount, Error> {
        let origin = self.region.origin(API, &request.model);
        let profile = models::profile(&request.model, &self.region.known(&request.model));
        let encoded = count_tokens::encode_request(request, &origin, &profile)?;
        let success = self.unary(cx, &request.model, "count-tokens", encoded.body).await?;
        success.answer(encoded.warnings, |success| count_tokens::decode_response(&success.body, &origin))
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        if let How::Mantle(mantle) = &self.region.how {
            return mantle.models(cx, self.asked()).await;
        }
        let success = self.list(cx, self.route.foundation_models()).await?;
        let mut all = llm_wire_bedrock::models::decode_response(&success.body)?;
        let page = |next: Option<String>| async move {
            let success = self.list(cx, self.route.inference_profiles(next.as_deref())).await?;
            llm_wire_bedrock::models::decode_profiles(&success.body)
        };
        all.extend(all_pages(page).await?);
        Ok(all)
    }
}
