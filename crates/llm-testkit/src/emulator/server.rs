//! The HTTP server: takes connections, finds out what is asked, and does what the step says.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::answer::{self, Form};
use super::behaviour::{Fault, Step};
use super::body::{Gone, Script, Watch};
use super::faults::{self, Plan};
use super::grammar;
use super::problem::{Class, Problem};
use super::protocol::{Call, Operation, Protocol, Vendor};
use super::records::{Fate, ReceivedRequest, Records, blanked};
use super::reply::Reply;
use super::route::{self, Route};
use super::socket::{Fuse, Socket};
use super::stamp::Stamp;
use super::vector::vector;

/// Longest request body, in bytes (64 MiB).
const MAX_BODY: usize = 64 << 20;

/// Carries the step of a single request.
pub(crate) const STEP_HEADER: &str = "x-emulator-step";

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) records: Arc<Records>,
    scripts: Mutex<HashMap<String, VecDeque<Step>>>,
    /// Requests to each model so far, and when the first one came.
    seen: Mutex<HashMap<(Vendor, String), (u64, Instant)>>,
    started: Instant,
    requests: AtomicU64,
    pub(crate) connections: AtomicU64,
}

impl Shared {
    /// Nothing has come in yet.
    pub(crate) fn new() -> Self {
        Self {
            records: Arc::default(),
            scripts: Mutex::default(),
            seen: Mutex::default(),
            started: Instant::now(),
            requests: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        }
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Adds steps to a model's script.
    pub(crate) fn script(&self, model: &str, steps: impl IntoIterator<Item = Step>) {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.entry(model.to_owned()).or_default().extend(steps);
    }

    /// What is done with this request: by its header, by a script, by the model's name.
    fn step(&self, vendor: Vendor, model: &str, headers: &HeaderMap) -> Result<Step, Problem> {
        if let Some(step) = headers.get(STEP_HEADER) {
            let step = std::str::from_utf8(step.as_bytes()).map_err(|error| error.to_string()).and_then(|text| {
                if text.trim_start().starts_with('{') {
                    serde_json::from_str(text).map_err(|error| error.to_string())
                } else {
                    Step::words(text)
                }
            });
            return step.map_err(|why| Problem::invalid(STEP_HEADER, format!("{STEP_HEADER}: {why}")));
        }
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        for name in [model, "*"] {
            if let Some(step) = scripts.get_mut(name).and_then(VecDeque::pop_front) {
                return Ok(step);
            }
        }
        let behaviour = grammar::parse(model).map_err(|why| Problem::new(Class::NotFound).with_message(why))?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (count, first) = seen.entry((vendor, model.to_owned())).or_insert((0, now));
        *count += 1;
        Ok(behaviour.step(*count - 1, now - *first))
    }
}

/// Takes connections until it is dropped, and with it every connection.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // What fails here is one connection that was gone before it came, or a shortage that passes.
                let Ok((stream, _)) = accepted else { continue };
                connections.spawn(connection(stream, shared.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Without it Nagle's algorithm would hold back the small pieces of a stream for 40 ms.
    let _ = stream.set_nodelay(true);
    let number = shared.connections.fetch_add(1, Ordering::Relaxed);
    let fuse = Fuse::default();
    let io = TokioIo::new(Socket::new(stream, fuse.clone()));
    let service = service_fn(move |request| serve(shared.clone(), fuse.clone(), number, request));
    // An error here is the client's leaving or a break of our own making.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
}

async fn serve(
    shared: Arc<Shared>,
    fuse: Fuse,
    connection: u64,
    request: http::Request<Incoming>,
) -> Result<Response<Script>, Gone> {
    let stamp = Stamp::new(shared.requests.fetch_add(1, Ordering::Relaxed));
    let at = shared.elapsed();
    let (head, body) = request.into_parts();
    let Route { vendor, operation, target, wrong } = route::route(&head.method, head.uri.path(), &head.headers);
    let query = route::query(head.uri.query());
    let protocol = vendor.protocol();
    let call = Call { operation, target, query: &query, headers: &head.headers };
    let body = Limited::new(body, MAX_BODY).collect().await.map(http_body_util::Collected::to_bytes);
    let parsed = parse(operation, body.ok());
    let asked_body = parsed.as_ref().ok().cloned().unwrap_or_default();
    let model = match &call.target {
        Some((model, _)) => model.clone(),
        None => asked_body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    let known = protocol.fields(operation);
    let place = shared.records.add(ReceivedRequest {
        vendor,
        operation,
        method: head.method.clone(),
        path: head.uri.path().to_owned(),
        query: query
            .iter()
            .map(|(key, value)| (key.clone(), if key == "key" { "***".into() } else { value.clone() }))
            .collect(),
        model: model.clone(),
        stream: call.target.as_ref().map_or_else(
            || {
                asked_body
                    .get("stream")
                    .and_then(Value::as_bool)
                    .unwrap_or(vendor == Vendor::Ollama && operation == Operation::Chat)
            },
            |(_, method)| method == "streamGenerateContent",
        ),
        headers: blanked(&head.headers),
        key: protocol.key(&call).map(llm_core::Secret::from),
        unknown_fields: asked_body.keys().filter(|field| !known.contains(&field.as_str())).cloned().collect(),
        body: if asked_body.is_empty() { Value::Null } else { Value::Object(asked_body) },
        at,
        connection,
        status: None,
        fate: Fate::Open,
    });
    let watch = Watch::new(shared.records.clone(), place);
    let checked = match wrong {
        Some(problem) => Err(problem),
        None => protocol.admit(&call).and(parsed),
    };
    let plan = match checked.and_then(|body| prepared(&shared, vendor, &call, &body, &model, stamp)) {
        Err(problem) => faults::plan(protocol.problem(&problem, stamp), &Step::default(), Form::Whole, protocol, stamp),
        Ok(Prepared { step, reply, form }) => {
            tokio::time::sleep(step.slow.unwrap_or(Duration::ZERO)).await;
            match step.fault {
                Some(Fault::Hang) => std::future::pending().await,
                Some(Fault::Reset) => {
                    fuse.light();
                    watch.end(Fate::Broken);
                    return Err(Gone);
                }
                _ => faults::plan(reply, &step, form, protocol, stamp),
            }
        }
    };
    watch.answered(plan.status);
    Ok(response(plan, fuse, watch))
}

/// The body of a request as an object; empty where none is wanted.
fn parse(operation: Operation, body: Option<Bytes>) -> Result<Map<String, Value>, Problem> {
    let Some(body) = body else { return Err(Problem::new(Class::TooLarge)) };
    if matches!(operation, Operation::Models | Operation::Unknown) && body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(Problem::new(Class::Invalid).with_message("the body must be a JSON object")),
        Err(error) => Err(Problem::new(Class::Invalid).with_message(format!("the body is not valid JSON: {error}"))),
    }
}

/// What is answered, before the step's fault.
struct Prepared {
    step: Step,
    reply: Reply,
    form: Form,
}

fn prepared(
    shared: &Shared,
    vendor: Vendor,
    call: &Call<'_>,
    body: &Map<String, Value>,
    model: &str,
    stamp: Stamp,
) -> Result<Prepared, Problem> {
    let protocol = vendor.protocol();
    match call.operation {
        Operation::Chat => {
            let asked = protocol.read_chat(call, body)?;
            let step = shared.step(vendor, model, call.headers)?;
            let reply = chat(protocol, &asked, &step, stamp);
            Ok(Prepared { step, reply, form: asked.form })
        }
        Operation::Embed => {
            let texts = protocol.read_embed(call, body)?;
            let step = shared.step(vendor, model, call.headers)?;
            let reply = if let Some(Fault::Error(problem)) = &step.fault {
                protocol.problem(problem, stamp)
            } else {
                let vectors: Vec<_> = texts.inputs.iter().map(|text| vector(text, texts.dimensions)).collect();
                protocol.embed(&texts, &vectors, stamp)
            };
            Ok(Prepared { step, reply, form: Form::Whole })
        }
        Operation::Models | Operation::Unknown => {
            let step = shared.step(vendor, "", call.headers)?;
            let reply = match &step.fault {
                Some(Fault::Error(problem)) => protocol.problem(problem, stamp),
                _ => protocol.models(call, super::MODELS, stamp),
            };
            Ok(Prepared { step, reply, form: Form::Whole })
        }
    }
}

fn chat(protocol: &dyn Protocol, asked: &answer::Asked, step: &Step, stamp: Stamp) -> Reply {
    if let Some(Fault::Error(problem)) = &step.fault {
        let blocked = (problem.class == Class::ContentFilter).then(|| protocol.blocked(asked, stamp)).flatten();
        return blocked.unwrap_or_else(|| protocol.problem(problem, stamp));
    }
    match answer::compose(asked, step) {
        Err(problem) => protocol.problem(&problem, stamp),
        Ok(answer) => {
            let answer = if let Some(Fault::Filtered(after)) = step.fault { answer.filtered(after) } else { answer };
            protocol.chat(asked, &answer, stamp)
        }
    }
}

fn response(plan: Plan, fuse: Fuse, watch: Watch) -> Response<Script> {
    let Plan { status, headers, announced, ops } = plan;
    let mut response = Response::new(Script::new(ops, fuse, watch));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    if let Some(length) = announced {
        response.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    }
    response
}
