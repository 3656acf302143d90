//! What the layer does to requests and says in answers.

use std::sync::{Arc, Mutex};

use llm_core::{
    Adapter, CacheHint, ChatRequest, ChatResponse, ChatStream, Citation, Cx, Error, ErrorKind, Event, Finish,
    FinishReason, Hints, HttpRequest, HttpResponse, Layer, Message, Origin, Part, PartKind, Provider, Request,
    Response, Role, StreamFinish, StreamStart, TokenEstimate, TokenEstimator, Transport, Usage, async_trait,
};
use llm_prompt::optimise::{OptimiseLayer, Optimiser, Rule, Settings};

/// Keeps what it is asked.
#[derive(Default)]
struct Vendor(Mutex<Vec<ChatRequest>>);

fn finish() -> Finish {
    Finish { reason: FinishReason::Stop, raw: None }
}

#[async_trait]
impl Adapter for Vendor {
    fn id(&self) -> &'static str {
        "vendor"
    }

    fn api(&self) -> &'static str {
        "test"
    }

    async fn chat(&self, _: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        self.0.lock().unwrap().push(request.clone());
        Ok(ChatResponse::new(Arc::new(Origin::new("test", "vendor", "m")), Message::assistant("a  b"), finish()))
    }

    async fn chat_stream(&self, _: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        self.0.lock().unwrap().push(request.clone());
        let start = StreamStart::new(Arc::new(Origin::new("test", "vendor", "m")));
        let end = StreamFinish::new(finish(), Usage::default());
        let events = [Event::Start(Box::new(start)), Event::Finish(Box::new(end))];
        Ok(ChatStream::new(futures_util::stream::iter(events.map(Ok))))
    }
}

struct Offline;

#[async_trait]
impl Transport for Offline {
    async fn send(&self, _: &Cx, _: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "offline"))
    }
}

/// A token is a byte.
struct Bytes;

impl TokenEstimator for Bytes {
    fn estimate(&self, _: &str, request: &Request) -> TokenEstimate {
        let (Request::Chat(chat) | Request::ChatStream(chat)) = request else { return TokenEstimate::default() };
        TokenEstimate::new(chat.messages.iter().map(|message| message.text().len() as u64).sum(), None)
    }
}

fn optimiser() -> Optimiser {
    Optimiser::new(&Settings::default().with_min_bytes(0)).unwrap()
}

fn stack(layer: &OptimiseLayer) -> (Arc<Vendor>, Arc<dyn Provider>) {
    let vendor = Arc::new(Vendor::default());
    let provider = layer.layer(vendor.clone());
    (vendor, provider)
}

async fn chat(provider: &Arc<dyn Provider>, cx: &Cx, request: ChatRequest) -> ChatResponse {
    match provider.call(cx, Request::Chat(Arc::new(request))).await.unwrap() {
        Response::Chat(response) => *response,
        other => panic!("{other:?}"),
    }
}

fn cx() -> Cx {
    Cx::new(Arc::new(Offline))
}

#[tokio::test]
async fn answers_and_counters_say_what_was_saved() {
    let layer = OptimiseLayer::new(optimiser()).with_estimator(Arc::new(Bytes));
    let (vendor, provider) = stack(&layer);
    let request = || ChatRequest::new("m").with_user("A  prompt   with gaps").with_user("and  another");
    let response = chat(&provider, &cx(), request()).await;
    let saved = response.prompt_savings.unwrap();
    assert_eq!((saved.bytes, saved.tokens), (4, 4));
    assert_eq!(response.text(), "a  b", "answers are not touched");
    let Response::ChatStream(stream) = provider.call(&cx(), Request::ChatStream(Arc::new(request()))).await.unwrap()
    else {
        panic!("no stream");
    };
    assert_eq!(stream.collect().await.unwrap().prompt_savings, Some(saved));
    let asked = vendor.0.lock().unwrap().clone();
    assert!(asked.iter().all(|asked| asked.messages[0].text() == "A prompt with gaps"));
    let clean = chat(&provider, &cx(), ChatRequest::new("m").with_user("clean")).await;
    assert_eq!(clean.prompt_savings, None);
    let savings = layer.savings();
    assert_eq!((savings.requests, savings.shortened), (3, 2));
    assert_eq!((savings.saved.bytes, savings.saved.tokens), (8, 8));
}

#[tokio::test]
async fn only_plain_words_of_the_chosen_roles_are_touched() {
    let gaps = "some  words  with  gaps";
    let signed = Part::text(gaps).with_signature("s");
    let mut cited = Part::text(gaps);
    if let PartKind::Text { citations, .. } = &mut cited.kind {
        citations.push(Citation::default());
    }
    let mut hinted = Part::text(gaps);
    hinted.cache = Some(CacheHint::default());
    let request = ChatRequest::new("m")
        .with_message(Message::system(gaps))
        .with_message(Message::new(Role::Assistant, vec![Part::text(gaps), Part::tool_call("c", "f", "{\"a\":  1}")]))
        .with_message(Message::tool_result("c", gaps))
        .with_message(Message::new(Role::User, vec![signed, cited, hinted, Part::tool_result("d", gaps)]));
    let (vendor, provider) = stack(&OptimiseLayer::new(optimiser()));
    chat(&provider, &cx(), request.clone()).await;
    let system = Settings::default().with_min_bytes(0).with_roles([Role::System]);
    let (of_system, provider) = stack(&OptimiseLayer::new(Optimiser::new(&system).unwrap()));
    chat(&provider, &cx(), request.clone()).await;

    let mut expected = request.clone();
    let Some(PartKind::Text { text, .. }) =
        Arc::make_mut(&mut expected.messages[3]).content.get_mut(2).map(|part| &mut part.kind)
    else {
        panic!("no text");
    };
    *text = "some words with gaps".to_owned();
    assert_eq!(vendor.0.lock().unwrap()[0], expected, "the hint for the prompt cache stays where it was");
    let asked = of_system.0.lock().unwrap()[0].clone();
    assert_eq!(asked.messages[0].text(), "some words with gaps");
    assert_eq!(asked.messages[1..], request.messages[1..]);
    for role in [Role::Assistant, Role::Tool] {
        let error = Optimiser::new(&Settings::default().with_roles([role])).unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.message().contains("never changed"), "{error}");
    }
}

#[tokio::test]
async fn a_conversation_that_grows_begins_the_same_each_time() {
    let (vendor, provider) = stack(&OptimiseLayer::new(optimiser()));
    let mut request = ChatRequest::new("m");
    for turn in 0..5 {
        request =
            request.with_user(format!("turn  {turn}:   what\n\n\n\nnow?")).with_message(Message::assistant("so  so"));
        chat(&provider, &cx(), request.clone()).await;
    }
    let asked = vendor.0.lock().unwrap();
    for pair in asked.windows(2) {
        assert_eq!(pair[0].messages[..], pair[1].messages[..pair[0].messages.len()]);
    }
}

#[tokio::test]
async fn code_that_goes_on_in_the_next_part_is_code() {
    let parts = vec![Part::text("Look  at\n```\na  b"), Part::text("c  d\n```"), Part::text("and  this")];
    let (vendor, provider) = stack(&OptimiseLayer::new(optimiser()));
    chat(&provider, &cx(), ChatRequest::new("m").with_message(Message::new(Role::User, parts))).await;
    assert_eq!(vendor.0.lock().unwrap()[0].messages[0].text(), "Look at\n```\na  bc  d\n```and  this");
}

#[tokio::test]
async fn a_caller_can_keep_a_prompt_and_a_route_can_have_its_own_rules() {
    let words = Optimiser::new(&Settings::new([Rule::Phrases]).with_min_bytes(0)).unwrap();
    let off = Optimiser::new(&Settings::new([])).unwrap();
    assert!(words.is_on() && !off.is_on());
    let layer = OptimiseLayer::new(optimiser()).with_model("terse", words).with_model("off", off);
    let (vendor, provider) = stack(&layer);
    let request = |model: &str| ChatRequest::new(model).with_user("do  it in order to win");
    let mut hints = Hints::default();
    hints.keep_prompt = true;
    chat(&provider, &cx().with_hints(hints), request("m")).await;
    for model in ["m", "terse", "off"] {
        chat(&provider, &cx(), request(model)).await;
    }
    let asked: Vec<String> = vendor.0.lock().unwrap().iter().map(|asked| asked.messages[0].text()).collect();
    assert_eq!(asked, ["do  it in order to win", "do it in order to win", "do  it to win", "do  it in order to win"]);
    let (vendor, provider) = stack(&OptimiseLayer::named_only().with_model("m", optimiser()));
    for model in ["m", "other"] {
        chat(&provider, &cx(), request(model)).await;
    }
    assert_eq!(vendor.0.lock().unwrap()[1].messages[0].text(), "do  it in order to win");
}

#[test]
fn a_request_that_stays_as_it_is_is_not_copied() {
    let mut request = Arc::new(ChatRequest::new("m").with_user("nothing to do").with_message(Message::system("a  b")));
    let (same, message) = (request.clone(), request.messages[0].clone());
    assert_eq!(optimiser().request(&mut request, &Bytes), None);
    assert!(Arc::ptr_eq(&request, &same) && Arc::ptr_eq(&request.messages[0], &message));
    let mut request = Arc::new(ChatRequest::new("m").with_user("clean").with_user("a  b"));
    let message = request.messages[0].clone();
    assert!(optimiser().request(&mut request, &Bytes).is_some());
    assert!(Arc::ptr_eq(&request.messages[0], &message), "of a changed request only the changed messages are new");
}
