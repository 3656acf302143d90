//! One client with one request: what it wants, how patient it is, and what it gets.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    CancellationToken, ChatRequest, ChatStream, Cx, EmbedRequest, Error, Event, Provider, Request, Response, Secret,
};
use tokio::time::{Instant, sleep};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Chat,
    Stream,
    Embed,
}

/// How a client behaves.
#[derive(Clone, Debug)]
pub(crate) struct Habit {
    pub(crate) operation: Operation,
    /// Wants it done within this time.
    pub(crate) deadline: Option<Duration>,
    /// Goes away after this time.
    pub(crate) patience: Option<Duration>,
    /// Says so, instead of just going.
    pub(crate) polite: bool,
    /// Waits so long after each event of a stream.
    pub(crate) slow: Option<Duration>,
    pub(crate) tenant: Option<Arc<str>>,
    pub(crate) credential: Option<Secret>,
    pub(crate) max_retries: Option<u32>,
}

/// How a request ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Answered,
    Failed(Error),
    /// The client went away.
    Dropped,
}

/// What a client saw of its request.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) id: Arc<str>,
    pub(crate) habit: Habit,
    pub(crate) route: usize,
    pub(crate) started: Instant,
    pub(crate) ended: Instant,
    pub(crate) first_content: Option<Instant>,
    pub(crate) text: String,
    pub(crate) end: End,
    /// What must not happen.
    pub(crate) problem: Option<&'static str>,
}

impl Seen {
    fn content(&mut self, text: &str) {
        self.first_content.get_or_insert_with(Instant::now);
        self.text.push_str(text);
    }
}

/// Makes the request and sees it to its end, or goes away.
pub(crate) async fn ask(
    driver: Arc<dyn Provider>,
    mut cx: Cx,
    route: (usize, Arc<str>),
    id: Arc<str>,
    habit: Habit,
) -> Seen {
    let started = Instant::now();
    let (route, model) = route;
    cx.request_id = Some(id.clone());
    cx.tenant.clone_from(&habit.tenant);
    cx.credential.clone_from(&habit.credential);
    cx.max_retries = habit.max_retries;
    cx.deadline = habit.deadline.map(|deadline| (started + deadline).into_std());
    let mut seen = Seen {
        id,
        route,
        started,
        ended: started,
        first_content: None,
        text: String::new(),
        end: End::Dropped,
        problem: None,
        habit,
    };
    let token = seen.habit.polite.then(CancellationToken::new);
    cx.cancel.clone_from(&token);
    match (seen.habit.patience, token) {
        (None, _) => act(&*driver, &cx, &model, &mut seen).await,
        (Some(patience), Some(token)) => {
            let cancel = async {
                sleep(patience).await;
                token.cancel();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                biased;
                () = act(&*driver, &cx, &model, &mut seen) => {}
                () = cancel => {}
            }
        }
        // Gone: what is left of the call is dropped in its middle.
        (Some(patience), None) => drop(tokio::time::timeout(patience, act(&*driver, &cx, &model, &mut seen)).await),
    }
    seen.ended = Instant::now();
    seen
}

async fn act(driver: &dyn Provider, cx: &Cx, model: &str, seen: &mut Seen) {
    let chat = || Arc::new(ChatRequest::new(model).with_user(&*seen.id));
    let request = match seen.habit.operation {
        Operation::Chat => Request::Chat(chat()),
        Operation::Stream => Request::ChatStream(chat()),
        Operation::Embed => Request::Embed(Arc::new(EmbedRequest::new(model, [&*seen.id]))),
    };
    let result = match (driver.call(cx, request).await, seen.habit.operation) {
        (Ok(Response::Chat(chat)), Operation::Chat) => {
            seen.content(&chat.text());
            Ok(())
        }
        (Ok(Response::Embed(embed)), Operation::Embed) if embed.vectors.len() == 1 => Ok(()),
        (Ok(Response::ChatStream(stream)), Operation::Stream) => read(stream, seen).await,
        (Ok(_), _) => {
            seen.problem = Some("it was answered with something else");
            Ok(())
        }
        (Err(error), _) => Err(error),
    };
    seen.end = match result {
        Ok(()) => End::Answered,
        Err(error) => End::Failed(error),
    };
}

async fn read(mut stream: ChatStream, seen: &mut Seen) -> Result<(), Error> {
    let mut finished = false;
    while let Some(event) = stream.next().await {
        if finished {
            seen.problem = Some("an event came after the end");
        }
        match event {
            Ok(Event::TextDelta { text, .. }) => seen.content(&text),
            Ok(Event::Finish(_)) => finished = true,
            Ok(_) => {}
            Err(error) => {
                if stream.next().await.is_some() {
                    seen.problem = Some("an event came after the error");
                }
                return Err(error);
            }
        }
        if let Some(pause) = seen.habit.slow {
            sleep(pause).await;
        }
    }
    if !finished {
        seen.problem = Some("the stream just ended");
    }
    Ok(())
}
