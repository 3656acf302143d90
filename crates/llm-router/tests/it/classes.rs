//! How hard requests are by their form, and what they need.

use std::sync::Arc;

use llm_core::{
    ChatRequest, Effort, EmbedRequest, FunctionTool, JsonSchema, Media, Message, OutputFormat, Part, PartKind,
    Reasoning, Request, RerankRequest, Tool, ToolChoice,
};
use llm_router::{ByForm, Classifier, Complexity, Needs};

fn class(chat: ChatRequest) -> Complexity {
    ByForm::default().classify(&Request::Chat(Arc::new(chat)))
}

fn words(count: usize) -> String {
    vec!["word"; count].join(" ")
}

#[test]
fn complexity_follows_its_table() {
    use Complexity::{Complex, Medium, Simple};
    for (query, context, expected) in [
        (words(9), 0, Simple),
        (words(9), 999, Simple),
        (words(9), 1000, Medium),
        (words(9), 5000, Medium),
        (words(9), 5001, Complex),
        (words(10), 0, Medium),
        (words(50), 5000, Medium),
        (words(50), 5001, Complex),
        (words(51), 0, Complex),
        ("compare both".to_owned(), 0, Complex),
        ("please EXPLAIN it".to_owned(), 0, Complex),
        ("unanalyzed data".to_owned(), 0, Complex),
        ("evaluates".to_owned(), 0, Complex),
        ("expla in".to_owned(), 0, Simple),
        (String::new(), 0, Simple),
    ] {
        let chat = ChatRequest::new("r").with_message(Message::system("x".repeat(context))).with_user(query.clone());
        assert_eq!(class(chat), expected, "{query} with {context}");
    }
}

#[test]
fn the_query_is_the_last_message_of_the_user_and_the_rest_is_context() {
    let history = ChatRequest::new("r").with_user("explain this").with_message(Message::assistant("done"));
    assert_eq!(class(history.clone().with_user("thanks")), Complexity::Simple);
    assert_eq!(class(history), Complexity::Complex, "the last message of the user, not the last of all");
    let results = Message::tool_result("call", "x".repeat(6000));
    assert_eq!(class(ChatRequest::new("r").with_user("ok").with_message(results)), Complexity::Complex);
    let only_results = ChatRequest::new("r").with_message(Message::tool_result("call", "x".repeat(600)));
    assert_eq!(class(only_results), Complexity::Simple, "without a query the context decides");
    assert_eq!(ByForm::default().classify(&Request::Models), Complexity::Simple);
}

#[test]
fn the_rules_are_settings() {
    let rules: ByForm = serde_json::from_str(
        r#"{"simple_below_words": 2, "complex_above_words": 3, "terms": ["", "prove"], "complex_above_context": 2,
            "simple_below_context": 1}"#,
    )
    .unwrap();
    for (query, context, expected) in [
        ("one", "", Complexity::Simple),
        ("one", "x", Complexity::Medium),
        ("one", "xyz", Complexity::Complex),
        ("one two three", "", Complexity::Medium),
        ("one two three four", "", Complexity::Complex),
        ("prove", "", Complexity::Complex),
        ("explain", "", Complexity::Simple),
    ] {
        let chat = ChatRequest::new("r").with_message(Message::system(context)).with_user(query);
        assert_eq!(rules.classify(&Request::Chat(Arc::new(chat))), expected, "{query}, {context}");
    }
}

#[test]
fn needs_are_those_of_the_request() {
    let base = || ChatRequest::new("r").with_user("hello");
    let tool = || Tool::Function(FunctionTool::default());
    let with = |change: fn(&mut ChatRequest)| {
        let mut chat = base();
        change(&mut chat);
        chat
    };
    let chat = |chat: ChatRequest| Request::Chat(Arc::new(chat));
    for (request, expected) in [
        (chat(base()), r#"["chat"]"#),
        (Request::ChatStream(Arc::new(base())), r#"["chat","streaming"]"#),
        (Request::Embed(Arc::new(EmbedRequest::new("r", ["x"]))), r#"["embeddings"]"#),
        (Request::Rerank(Arc::new(RerankRequest::new("r", "q", ["x"]))), r#"["rerank"]"#),
        (Request::CountTokens(Arc::new(base())), r#"["count_tokens"]"#),
        (Request::Models, "[]"),
        (chat(base().with_tool(tool())), r#"["chat","tools"]"#),
        (chat(with(|it| it.parallel_tool_calls = Some(true))), r#"["chat"]"#),
        (
            chat(with(|it| it.parallel_tool_calls = Some(true)).with_tool(tool())),
            r#"["chat","tools","parallel_tools"]"#,
        ),
        (chat(with(|it| it.parallel_tool_calls = Some(false)).with_tool(tool())), r#"["chat","tools"]"#),
        (chat(with(|it| it.tool_choice = ToolChoice::Required)), r#"["chat","forced_tool"]"#),
        (chat(with(|it| it.tool_choice = ToolChoice::Named("x".into()))), r#"["chat","forced_tool"]"#),
        (chat(with(|it| it.tool_choice = ToolChoice::None)), r#"["chat"]"#),
        (chat(with(|it| it.output = OutputFormat::JsonSchema(JsonSchema::default()))), r#"["chat","json_schema"]"#),
        (chat(with(|it| it.output = OutputFormat::Json)), r#"["chat"]"#),
        (chat(with(|it| it.reasoning = Some(Reasoning::Effort(Effort::Low)))), r#"["chat","reasoning"]"#),
        (chat(with(|it| it.reasoning = Some(Reasoning::Budget(1)))), r#"["chat","reasoning"]"#),
        (chat(with(|it| it.reasoning = Some(Reasoning::Effort(Effort::None)))), r#"["chat"]"#),
        (chat(with(|it| it.reasoning = Some(Reasoning::Budget(0)))), r#"["chat"]"#),
    ] {
        let (needs, media) = Needs::of(&request);
        assert_eq!(serde_json::to_string(&needs).unwrap(), expected);
        assert_eq!(serde_json::from_str::<Needs>(expected).unwrap(), needs);
        assert!(media.is_empty());
    }
}

#[test]
fn each_kind_of_media_is_needed_once() {
    let image = || Part::media(Media::inline("image/png", vec![1_u8]));
    let mut result = Part::tool_result("call", "seen");
    if let PartKind::ToolResult(result) = &mut result.kind {
        result.content.push(Part::media(Media::url("image/*", "https://example.test/x")));
    }
    let message = Message::user("look").with_part(image()).with_part(image()).with_part(result);
    let chat = ChatRequest::new("r").with_message(message).with_message(Message::user("again").with_part(image()));
    let (_, media) = Needs::of(&Request::Chat(Arc::new(chat)));
    let json = r#"[{"media_type":"image/png","given":"inline"},{"media_type":"image/*","given":"url"}]"#;
    assert_eq!(serde_json::to_string(&media).unwrap(), json);
    assert_eq!((media[0].family(), media[1].family()), ("image", "image"));
}
