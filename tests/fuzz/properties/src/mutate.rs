//! Mutations that know what inputs are made of: frames, and JSON in them. Random bytes seldom leave JSON valid.

use fastrand::Rng;
use serde_json::{Map, Value};

/// A changed input, or `None` where there is nothing of that kind to change.
pub fn mutated(data: &[u8], seed: u64) -> Option<Vec<u8>> {
    let mut random = Rng::with_seed(seed);
    let (head, body) = data.split_first_chunk::<2>()?;
    let body = std::str::from_utf8(body).ok()?;
    let body =
        if random.u8(0..4) == 0 { with_other_frames(body, &mut random)? } else { with_other_json(body, &mut random)? };
    Some([head, body.as_bytes()].concat())
}

/// A frame doubled, left out, or in another place.
fn with_other_frames(body: &str, random: &mut Rng) -> Option<String> {
    let end = if body.contains("\n\n") { "\n\n" } else { "\n" };
    let mut frames: Vec<&str> = body.split_inclusive(end).collect();
    if frames.len() < 2 {
        return None;
    }
    let (from, to) = (random.usize(0..frames.len()), random.usize(0..frames.len()));
    match random.u8(0..3) {
        0 => frames.insert(to, frames[from]),
        1 => drop(frames.remove(from)),
        _ => frames.swap(from, to),
    }
    Some(frames.concat())
}

/// Something else in one place of one JSON document.
fn with_other_json(body: &str, random: &mut Rng) -> Option<String> {
    let lines: Vec<&str> = body.split('\n').collect();
    // A document of many lines is one place, a line of JSON behind whatever stands before it another.
    let (before, json, after) = if let Ok(value) = serde_json::from_str::<Value>(body) {
        (String::new(), value, String::new())
    } else {
        let places: Vec<usize> = (0..lines.len()).filter(|line| lines[*line].contains('{')).collect();
        let at = *random.choice(&places)?;
        let brace = lines[at].find('{')?;
        let value = serde_json::from_str(&lines[at][brace..]).ok()?;
        let start: usize = lines[..at].iter().map(|line| line.len() + 1).sum();
        (body[..start + brace].to_owned(), value, body[start + lines[at].len()..].to_owned())
    };
    let mut json = json;
    let donor = at(&mut json.clone(), random.usize(0..count(&json))).cloned().unwrap_or_default();
    let place = random.usize(0..count(&json));
    change(at(&mut json, place)?, donor, random);
    Some(format!("{before}{json}{after}"))
}

/// How many values there are in a value, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// The value with this number, in the order in which they stand.
fn at(value: &mut Value, mut number: usize) -> Option<&mut Value> {
    if number == 0 {
        return Some(value);
    }
    number -= 1;
    let inner: Box<dyn Iterator<Item = &mut Value>> = match value {
        Value::Array(items) => Box::new(items.iter_mut()),
        Value::Object(fields) => Box::new(fields.values_mut()),
        _ => return None,
    };
    for value in inner {
        let size = count(value);
        if number < size {
            return at(value, number);
        }
        number -= size;
    }
    None
}

fn change(value: &mut Value, donor: Value, random: &mut Rng) {
    match (random.u8(0..4), &mut *value) {
        (0, Value::Object(fields)) => change_fields(fields, donor, random),
        (0, Value::Array(items)) => match random.usize(0..=items.len()) {
            place if place < items.len() && random.bool() => drop(items.remove(place)),
            place => items.insert(place, donor),
        },
        (0, Value::String(text)) => {
            let mut place = random.usize(0..=text.len());
            while !text.is_char_boundary(place) {
                place -= 1;
            }
            text.truncate(place);
        }
        (0 | 1, _) => *value = donor,
        (2, _) => *value = Value::Array(vec![value.take()]),
        _ => *value = odd(random),
    }
}

fn change_fields(fields: &mut Map<String, Value>, donor: Value, random: &mut Rng) {
    let names: Vec<String> = fields.keys().cloned().collect();
    let Some(name) = random.choice(&names) else { return };
    match (random.u8(0..3), random.choice(&names)) {
        (0, _) => drop(fields.remove(name)),
        (1, Some(other)) => {
            let taken = fields.remove(name).unwrap_or_default();
            fields.insert(other.clone(), taken);
        }
        _ => {
            fields.insert(format!("{name}_"), donor);
        }
    }
}

/// Values that are seldom right.
fn odd(random: &mut Rng) -> Value {
    let texts =
        ["", " ", "\u{0}", "null", "{", "[]", "\u{fffd}\u{10ffff}", "-1", "data:image/png;base64,AAAA", "<think>"];
    match random.u8(0..10) {
        0 => Value::Null,
        1 => random.bool().into(),
        2 => 0.into(),
        3 => (-1).into(),
        4 => u64::MAX.into(),
        5 => i64::MIN.into(),
        6 => 1e300.into(),
        7 => Value::Array(Vec::new()),
        8 => Value::Object(Map::new()),
        _ => texts[random.usize(0..texts.len())].into(),
    }
}
