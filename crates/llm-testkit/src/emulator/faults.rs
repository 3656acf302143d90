//! From an answer to what goes over the connection, and when: delays, breaks, and false bytes. Pure.

use std::time::Duration;

use bytes::Bytes;

use super::answer::Form;
use super::behaviour::{Fault, Step};
use super::problem::{Class, Problem};
use super::protocol::Protocol;
use super::reply::{Payload, Piece, PieceRole, Reply};
use super::stamp::Stamp;

/// What goes over the connection.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The length to announce, where it is not that of the bytes that come.
    pub(crate) announced: Option<usize>,
    pub(crate) ops: Vec<Op>,
}

/// One step of a body.
#[derive(Debug, PartialEq)]
pub(crate) enum Op {
    Send(Bytes),
    Wait(Duration),
    /// What was sent leaves before anything else is done.
    Flush,
    /// Nothing more comes, and the connection stays.
    Stall,
    /// The connection is closed.
    Cut,
    /// The connection is reset.
    Reset,
}

/// What the step makes of a reply.
pub(crate) fn plan(reply: Reply, step: &Step, form: Form, protocol: &dyn Protocol, stamp: Stamp) -> Plan {
    let Reply { status, headers, payload } = reply;
    let mut plan = match (&step.fault, payload) {
        (Some(Fault::Html), _) => page(),
        (Some(Fault::Empty), _) => Plan { status, headers, announced: None, ops: Vec::new() },
        (_, Payload::Whole(body)) => whole(status, headers, &body, step, protocol, stamp),
        (_, Payload::Stream(pieces)) => {
            Plan { status, headers, announced: None, ops: stream(pieces, step, form, protocol, stamp) }
        }
    };
    if let Some(late) = step.late {
        plan.ops.insert(0, Op::Wait(late));
    }
    if let Some(size) = step.split {
        plan.ops = plan.ops.into_iter().flat_map(|op| split(op, size)).collect();
    }
    plan
}

fn page() -> Plan {
    let body = "<!doctype html>\n<html><head><title>Sign in</title></head><body><p>Please sign in.</p></body></html>\n";
    let headers = vec![("content-type", "text/html; charset=utf-8".to_owned())];
    Plan { status: 200, headers, announced: None, ops: vec![Op::Send(Bytes::from_static(body.as_bytes()))] }
}

fn whole(
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: &Bytes,
    step: &Step,
    protocol: &dyn Protocol,
    stamp: Stamp,
) -> Plan {
    let broken = |after: u32, end: Op| {
        let sent = if after == 0 { 0 } else { body.len() / 2 };
        (Some(body.len()), vec![Op::Send(body.slice(..sent)), Op::Flush, end])
    };
    let (announced, ops) = match step.fault {
        // An error has come about already; what is wrong with the connection beside it does not matter.
        _ if status >= 400 => (None, vec![Op::Send(body.clone())]),
        Some(Fault::StallAfter(after)) => broken(after, Op::Stall),
        Some(Fault::PauseAfter { pause, .. }) => {
            let (first, rest) = (body.slice(..body.len() / 2), body.slice(body.len() / 2..));
            (Some(body.len()), vec![Op::Send(first), Op::Flush, Op::Wait(pause), Op::Send(rest)])
        }
        Some(Fault::CutAfter(after)) => broken(after, Op::Cut),
        Some(Fault::ResetAfter(after)) => broken(after, Op::Reset),
        Some(Fault::BadChunk(_)) => (None, vec![Op::Send(body.slice(..body.len() / 2))]),
        Some(Fault::ErrorAfter(_) | Fault::ErrorAtStart) => match protocol.problem(&trouble(), stamp).payload {
            Payload::Whole(error) => (None, vec![Op::Send(error)]),
            Payload::Stream(_) => (None, Vec::new()),
        },
        _ => (None, vec![Op::Send(body.clone())]),
    };
    Plan { status, headers, announced, ops }
}

/// What goes wrong where nothing more is said.
fn trouble() -> Problem {
    Problem::new(Class::Overloaded)
}

fn stream(pieces: Vec<Piece>, step: &Step, form: Form, protocol: &dyn Protocol, stamp: Stamp) -> Vec<Op> {
    if step.fault == Some(Fault::ErrorAtStart) {
        return vec![Op::Send(protocol.in_band(&trouble(), form, true, stamp))];
    }
    let mut ops = Vec::with_capacity(pieces.len() + 2);
    let mut pending = step.fault.as_ref().and_then(place);
    let (mut content, mut begun) = (0_u32, false);
    for Piece { role, bytes } in pieces {
        // A fault whose place the answer does not reach comes at the end of the content.
        let reached = match role {
            PieceRole::Content => pending.is_some_and(|place| place <= content),
            PieceRole::Tail | PieceRole::End => pending.is_some(),
            PieceRole::Frame => false,
        };
        if reached {
            pending = None;
            let end = match &step.fault {
                Some(Fault::StallAfter(_)) => Op::Stall,
                Some(Fault::PauseAfter { pause, .. }) => Op::Wait(*pause),
                Some(Fault::CutAfter(_)) => Op::Cut,
                Some(Fault::ResetAfter(_)) => Op::Reset,
                Some(Fault::BadChunk(_)) => Op::Send(protocol.bad_chunk(form)),
                _ => Op::Send(protocol.in_band(&trouble(), form, !begun, stamp)),
            };
            let goes_on = matches!(step.fault, Some(Fault::BadChunk(_) | Fault::PauseAfter { .. }));
            ops.extend([Op::Flush, end]);
            if !goes_on {
                return ops;
            }
        }
        match (role, &step.fault) {
            (PieceRole::Tail | PieceRole::End, Some(Fault::NoFinish)) | (PieceRole::End, Some(Fault::NoEnd)) => {}
            (PieceRole::End, Some(Fault::StallAtEnd)) => ops.extend([Op::Flush, Op::Stall]),
            (PieceRole::Content, _) => {
                if content > 0 {
                    ops.extend(step.pace.map(Op::Wait));
                }
                if step.pings {
                    ops.extend(protocol.ping().map(Op::Send));
                }
                ops.push(Op::Send(bytes));
                content += 1;
                begun = true;
            }
            _ => {
                ops.push(Op::Send(bytes));
                begun = true;
            }
        }
    }
    ops
}

/// After how many pieces of content a fault comes, for those that have a place.
fn place(fault: &Fault) -> Option<u32> {
    match fault {
        Fault::PauseAfter { pieces: after, .. }
        | Fault::StallAfter(after)
        | Fault::CutAfter(after)
        | Fault::ResetAfter(after)
        | Fault::BadChunk(after)
        | Fault::ErrorAfter(after) => Some(*after),
        _ => None,
    }
}

fn split(op: Op, size: usize) -> Vec<Op> {
    let Op::Send(bytes) = op else { return vec![op] };
    let pieces = (0..bytes.len()).step_by(size).map(|at| bytes.slice(at..bytes.len().min(at + size)));
    pieces.flat_map(|piece| [Op::Send(piece), Op::Flush]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::answer::{Asked, compose};
    use crate::emulator::protocol::Vendor;

    const STAMP: Stamp = Stamp { nth: 0, now: Duration::ZERO };

    fn ops(vendor: Vendor, form: Form, words: &str) -> Vec<Op> {
        let step = Step::words(words).unwrap();
        let asked = Asked { form, last: "one two three four".into(), candidates: 1, ..Asked::default() };
        let answer = compose(&asked, &step).unwrap();
        let protocol = vendor.protocol();
        plan(protocol.chat(&asked, &answer, STAMP), &step, form, protocol, STAMP).ops
    }

    fn sent(ops: &[Op]) -> String {
        let bytes = ops.iter().filter_map(|op| if let Op::Send(bytes) = op { Some(bytes.to_vec()) } else { None });
        String::from_utf8(bytes.flatten().collect()).unwrap()
    }

    #[test]
    fn a_stream_breaks_after_its_pieces() {
        for vendor in [Vendor::OpenAi, Vendor::Anthropic, Vendor::Gemini, Vendor::Ollama] {
            let ops = ops(vendor, Form::Stream, "cut-after-3");
            let text = sent(&ops);
            assert!(text.contains("two") && !text.contains("three"), "{vendor}: {text}");
            assert_eq!(ops.last(), Some(&Op::Cut), "{vendor}");
        }
    }

    #[test]
    fn a_pause_takes_nothing_away() {
        for vendor in [Vendor::OpenAi, Vendor::Anthropic, Vendor::Gemini, Vendor::Ollama] {
            for form in [Form::Stream, Form::Whole] {
                let paused = ops(vendor, form, "pause-after-3-30s");
                assert_eq!(sent(&paused), sent(&ops(vendor, form, "echo")), "{vendor}");
                let waits: Vec<_> = paused.iter().filter(|op| matches!(op, Op::Wait(_))).collect();
                assert_eq!(waits, [&Op::Wait(Duration::from_secs(30))], "{vendor}");
            }
        }
    }

    #[test]
    fn a_place_beyond_the_answer_is_its_end() {
        for word in ["cut-after-99", "stall-after-99", "reset-after-99"] {
            let ops = ops(Vendor::OpenAi, Form::Stream, word);
            assert!(sent(&ops).contains("four") && !sent(&ops).contains(r#""finish_reason":"stop""#), "{word}");
            assert!(matches!(ops.last(), Some(Op::Cut | Op::Stall | Op::Reset)), "{word}");
        }
    }

    #[test]
    fn a_whole_answer_breaks_in_the_middle() {
        let whole = sent(&ops(Vendor::OpenAi, Form::Whole, "echo"));
        let half = ops(Vendor::OpenAi, Form::Whole, "cut-after-3");
        assert_eq!(sent(&half), whole[..whole.len() / 2]);
        assert_eq!(half.last(), Some(&Op::Cut));
        assert!(sent(&ops(Vendor::OpenAi, Form::Whole, "error-after-3")).contains("\"error\""));
    }

    #[test]
    fn waits_stand_before_every_further_piece() {
        let waits =
            |words| ops(Vendor::Gemini, Form::Stream, words).iter().filter(|op| matches!(op, Op::Wait(_))).count();
        assert_eq!(waits("pace-20ms"), 4);
        assert_eq!(waits("pace-20ms+late-1s"), 5);
    }

    #[test]
    fn splitting_changes_no_byte() {
        for vendor in [Vendor::OpenAi, Vendor::Anthropic, Vendor::Gemini, Vendor::Ollama] {
            let split = ops(vendor, Form::Stream, "split-5");
            assert_eq!(sent(&split), sent(&ops(vendor, Form::Stream, "echo")));
            assert!(split.iter().all(|op| !matches!(op, Op::Send(bytes) if bytes.len() > 5)));
        }
    }
}
