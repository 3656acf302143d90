//! What the pieces of a stream show of its events.

use std::sync::Arc;

use futures_util::stream;
use loquat::core::{
    Adapter, Capabilities, ChatStream, Cx, Event, Finish, FinishReason, Origin, PartId, PartKind, Provider,
    StreamFinish, StreamStart, Usage, Warning, async_trait,
};
use loquat::{ChatRequest, Client, Config, Environment, Error, Piece};

/// Streams these events.
struct Played(Vec<Event>);

#[async_trait]
impl Adapter for Played {
    fn id(&self) -> &'static str {
        "played"
    }

    fn api(&self) -> &'static str {
        "played"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::chat()
    }

    async fn chat_stream(&self, _cx: &Cx, _request: &ChatRequest) -> Result<ChatStream, Error> {
        let mut start = StreamStart::new(Arc::new(Origin::new("played", "played", "m")));
        start.warnings = vec![Warning::Other { message: "top_k was left out".to_owned() }];
        let mut events = vec![Event::Start(Box::new(start))];
        events.extend(self.0.clone());
        let finish = Finish { reason: FinishReason::Stop, raw: None };
        events.push(Event::Finish(Box::new(StreamFinish::new(finish, Usage::default()))));
        Ok(ChatStream::new(stream::iter(events.into_iter().map(Ok))))
    }
}

fn begin(part: u32, candidate: u32, shell: PartKind) -> Event {
    Event::PartStart { part: PartId(part), candidate, shell: Box::new(shell) }
}

fn text(part: u32, text: &str) -> Event {
    Event::TextDelta { part: PartId(part), text: text.to_owned() }
}

fn end(part: u32) -> Event {
    Event::PartEnd { part: PartId(part), truncated: false, ext: None }
}

async fn pieces(events: Vec<Event>) -> Vec<Piece> {
    let provider: Arc<dyn Provider> = Arc::new(Played(events));
    let builder = Client::builder().config(Config::default()).environment(Environment::empty());
    let client = builder.instance(provider).model("played/m").build().unwrap();
    let mut stream = client.chat("hi").stream().await.unwrap();
    let mut pieces = Vec::new();
    while let Some(piece) = stream.next().await {
        pieces.push(piece.unwrap());
    }
    pieces
}

#[tokio::test]
async fn of_several_answers_the_pieces_are_the_first() {
    let empty = || PartKind::Text { text: String::new(), citations: Vec::new() };
    let shown = pieces(vec![
        begin(0, 0, empty()),
        begin(1, 1, empty()),
        text(0, "the first"),
        text(1, "ANOTHER"),
        text(0, " answer"),
        end(0),
        end(1),
    ])
    .await;
    let Piece::Done(summary) = &shown[2] else { panic!("{shown:?}") };
    assert_eq!(shown[..2], [Piece::Text("the first".to_owned()), Piece::Text(" answer".to_owned())]);
    assert_eq!(summary.warnings, [Warning::Other { message: "top_k was left out".to_owned() }]);
}

#[tokio::test]
async fn a_refusal_is_shown_from_its_first_word() {
    let shown = pieces(vec![begin(0, 0, PartKind::Refusal { text: "I".to_owned() }), text(0, " cannot"), end(0)]).await;
    assert_eq!(shown[..2], [Piece::Text("I".to_owned()), Piece::Text(" cannot".to_owned())]);
}
