//! How the answer is drawn, how long is thought about it, and what it looks like.

use llm_core::{ChatRequest, Effort, JsonSchema, OutputFormat, Reasoning};

use super::chat::Chats;
use super::tools::schema;

pub(super) fn all(cases: &mut Chats) {
    form(cases);
    reasoning(cases);
    sampling(cases);
}

fn form(cases: &mut Chats) {
    let by_schema = |property: &str, description: Option<&str>| {
        let description = description.map(str::to_owned);
        let schema = JsonSchema { name: "answer".to_owned(), description, schema: schema(property), strict: None };
        move |request: &mut ChatRequest| request.output = OutputFormat::JsonSchema(schema)
    };
    cases.named("output as JSON", "output", &[], |request| request.output = OutputFormat::Json);
    cases.named("output by a schema", "output", &["city_7351"], by_schema("city_7351", None));
    let (a, b) = (by_schema("city", None), by_schema("city_7351", None));
    cases.change("the schema of the output", "output", &["city_7351"], a, b);
    let (a, b) = (by_schema("city", None), by_schema("city", Some("words-7351")));
    cases.change("the description of a schema", "output", &["words-7351"], a, b);
}

fn reasoning(cases: &mut Chats) {
    for effort in Effort::KNOWN.iter().chain(&["word-7351"]) {
        cases.named(&format!("the reasoning effort {effort}"), "reasoning", &[], |request| {
            request.reasoning = Some(Reasoning::Effort(Effort::from(*effort)));
        });
    }
    for budget in [0, 2351] {
        cases.named(&format!("a reasoning budget of {budget}"), "reasoning", &[], |request| {
            request.reasoning = Some(Reasoning::Budget(budget));
        });
    }
}

fn sampling(cases: &mut Chats) {
    cases.field("sampling.temperature", &["0.37"], |request| request.sampling.temperature = Some(0.37));
    cases.field("sampling.top_p", &["0.73"], |request| request.sampling.top_p = Some(0.73));
    cases.field("sampling.top_k", &["7351"], |request| request.sampling.top_k = Some(7351));
    cases.field("sampling.presence_penalty", &["0.31"], |request| request.sampling.presence_penalty = Some(0.31));
    cases.field("sampling.frequency_penalty", &["0.29"], |request| request.sampling.frequency_penalty = Some(0.29));
    cases.field("sampling.seed", &["73519"], |request| request.sampling.seed = Some(73519));
    cases.field("sampling.max_output_tokens", &["1357"], |request| request.sampling.max_output_tokens = Some(1357));
    cases.field("sampling.stop", &["END-7351"], |request| request.sampling.stop = vec!["END-7351".to_owned()]);
    cases.field("sampling.candidates", &[], |request| request.sampling.candidates = Some(2));
    for logprobs in [0, 3] {
        cases.named(&format!("logprobs {logprobs}"), "sampling.logprobs", &[], |request| {
            request.sampling.logprobs = Some(logprobs);
        });
    }
    cases.unknown("a setting of the drawing that this version does not know", "sampling", &["value-7351"], |request| {
        request.sampling.extra.insert("x_extra_7351".to_owned(), "value-7351".into());
    });
}
