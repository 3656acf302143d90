//! A stream read to its end, and what holds for every one.

use llm_core::{Accumulator, ChatResponse, ChatStream, Error, Event, PartKind};

/// What came of a stream.
#[derive(Debug)]
pub struct Outcome {
    /// Its events.
    pub events: Vec<Event>,
    /// The answer that they make, or the error at the end.
    pub end: Result<ChatResponse, Error>,
}

impl Outcome {
    /// Reads a stream to its end.
    ///
    /// # Panics
    ///
    /// If its events are out of order, or it ends neither with a finish nor with an error.
    pub async fn of(mut stream: ChatStream) -> Self {
        let (mut events, mut answer, mut error) = (Vec::new(), Accumulator::default(), None);
        while let Some(event) = stream.next().await {
            match event {
                Ok(event) => {
                    answer.push(event.clone()).expect("events out of order");
                    events.push(event);
                }
                Err(failed) => error = Some(failed),
            }
        }
        let finished = matches!(events.last(), Some(Event::Finish(_)));
        assert_eq!(finished, error.is_none(), "a stream ends with a finish or with an error: {events:?}");
        Self { events, end: error.map_or_else(|| answer.finish(), Err) }
    }

    /// How it ended, in words that can be compared.
    pub fn said(&self) -> String {
        format!("{:?}", self.end.as_ref().err())
    }

    /// Everything that a model said, in the order in which it came.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for event in &self.events {
            match event {
                Event::TextDelta { text, .. } | Event::ReasoningDelta { text, .. } => words.push_str(text),
                Event::ArgumentsDelta { json, .. } => words.push_str(json),
                Event::PartStart { shell, .. } => match &**shell {
                    PartKind::Text { text, .. } | PartKind::Refusal { text } | PartKind::Reasoning { text, .. } => {
                        words.push_str(text);
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        words
    }
}
