//! Answers by a schema from models that have no mode for it, as an application sees them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use loquat::core::{Capabilities, JsonSchema, OutputFormat, Provider, Support, Warning};
use loquat::structured::SchemaBroken;
use loquat::{ChatRequest, Client, ClientBuilder, Config, Environment, ErrorKind, FunctionModel};
use serde_json::{Value, json};

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
}

fn question() -> ChatRequest {
    let mut request = ChatRequest::new("").with_user("Where?");
    let schema = JsonSchema { name: "place".to_owned(), schema: schema(), ..JsonSchema::default() };
    request.output = OutputFormat::JsonSchema(schema);
    request
}

/// A model that knows neither schemas nor tools, says one thing after the other, and counts its calls.
fn old(id: &'static str, answers: &[&'static str]) -> (Arc<dyn Provider>, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let answers = Arc::new(Mutex::new(answers.iter().rev().copied().collect::<Vec<_>>()));
    let mut can = Capabilities::chat();
    (can.json_schema, can.tools) = (Support::No, Support::No);
    let counted = calls.clone();
    let model = FunctionModel::new(id, move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let next = answers.lock().unwrap().pop();
        async move { Ok(next.unwrap_or("no more words").to_owned()) }
    });
    (model.with_capabilities(can).provider(), calls)
}

fn builder(config: &str) -> ClientBuilder {
    Client::builder().config(Config::from_toml(config).unwrap()).environment(Environment::empty())
}

#[tokio::test]
async fn a_router_keeps_models_without_a_mode_for_schemas() {
    let (provider, calls) = old("old", &["```json\n{\"city\": \"Paris\"}\n```"]);
    let client = builder("").instance(provider).model("old/m").build().unwrap();
    let reply = client.request(question()).await.unwrap();
    assert_eq!((reply.text().as_str(), calls.load(Ordering::SeqCst)), (r#"{"city": "Paris"}"#, 1));
    assert!(
        matches!(&reply.warnings[..], [Warning::Adapted { field, .. }] if field == "output"),
        "{:?}",
        reply.warnings
    );

    let (provider, _) = old("old", &["anything"]);
    let off = builder("[structured]\nenabled = false").instance(provider).model("old/m").build().unwrap();
    assert_eq!(off.request(question()).await.unwrap().text(), "anything", "the only target is asked as it is");
}

#[tokio::test]
async fn what_is_wrong_twice_falls_over_to_the_next_target() {
    let (first, of_first) = old("old", &["Paris.", "I said Paris."]);
    let (second, of_second) = old("other", &["{\"city\": \"Paris\"}"]);
    let client = builder("defaults.fallback = [\"other/m\"]\ndefaults.model = \"old/m\"")
        .instance(first)
        .instance(second)
        .build()
        .unwrap();
    let reply = client.request(question()).await.unwrap();
    assert_eq!((reply.text().as_str(), reply.attempts.len()), (r#"{"city": "Paris"}"#, 2));
    assert_eq!((of_first.load(Ordering::SeqCst), of_second.load(Ordering::SeqCst)), (2, 1));
    assert_eq!(reply.attempts[0].failure.as_ref().map(|failure| failure.kind), Some(ErrorKind::ModelOutput));
}

#[tokio::test]
async fn an_error_says_where_the_schema_broke() {
    let (provider, calls) = old("old", &["{\"city\": 1}", "{\"city\": 2}"]);
    let client = builder("").instance(provider).model("old/m").build().unwrap();
    let error = match client.request(question()).stream().await {
        Ok(mut stream) => loop {
            if let Err(error) = stream.next().await.expect("it ends in an error") {
                break error;
            }
        },
        Err(error) => error,
    };
    let broken = SchemaBroken::of(&error).unwrap().violation.clone().unwrap();
    assert_eq!((error.kind(), broken.path.as_str(), broken.keyword.as_str()), (ErrorKind::ModelOutput, "city", "type"));
    assert_eq!(calls.load(Ordering::SeqCst), 2, "nobody is asked a third time");
}

#[cfg(feature = "budget")]
mod paid {
    use super::*;

    /// The echo of the last words, as a model without a mode for schemas and without tools, for a cent a word.
    const ECHO: &str = r#"
        defaults.model = "local/echo"
        [[provider]]
        id = "local"
        [[prices.model]]
        provider = "local"
        model = "*"
        price = { input = 10000, output = 10000 }
        capabilities = { json_schema = "no", tools = "no" }
    "#;

    fn echoed(words: &str) -> ChatRequest {
        let mut request = question();
        request.messages = vec![loquat::Message::user(words).into()];
        request.sampling.max_output_tokens = Some(5);
        request
    }

    #[tokio::test]
    async fn both_calls_are_paid_and_budgeted() {
        let client = builder(ECHO).build().unwrap();
        let reply = client.request(echoed("{\"city\":\"Paris\"}")).await.unwrap();
        let one = client.spending()["local"].clone();
        assert_eq!((one.requests, Some(one.cost)), (1, reply.cost.as_ref().map(|cost| cost.total)));

        let error = client.request(echoed("Paris")).await.unwrap_err();
        let both = client.spending()["local"].clone();
        let cost = error.partial().and_then(|partial| partial.cost.clone()).unwrap();
        assert_eq!(
            (both.requests, both.succeeded, both.cost),
            (3, 3, one.cost + cost.total),
            "the error tells what both cost"
        );
        assert!(cost.complete && cost.total > one.cost, "{cost}");

        // Enough for the first call and not for the second, which is refused before it is made.
        let limit = cost.total + one.cost;
        let budget =
            format!("{ECHO}\n[[budget]]\nname = \"little\"\nlimit = \"{limit}\"\nwindow = \"1d\"\nkind = \"hard\"");
        let client = builder(&budget).build().unwrap();
        let error = client.request(echoed("Paris")).await.unwrap_err();
        let requests = client.spending().get("local").map(|spent| spent.requests);
        assert_eq!((error.kind(), requests), (ErrorKind::BudgetExceeded, Some(1)), "{error}");
    }
}
