//! `options`: everything that shapes how the answer is drawn, in one nested object.

use llm_core::{Error, Sampling, Warnings};
use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::fields::Fields;
use crate::json;

/// What a request can say of itself.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Known<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    num_predict: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop: &'a [String],
}

/// The field as it goes out.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Options<'a> {
    #[allow(private_interfaces, reason = "only built and serialized here")]
    Known(Known<'a>),
    /// With a provider's own defaults under the request's settings.
    Merged(Map<String, Value>),
}

/// Writes the field; `None` when there is nothing to say.
pub(super) fn encode<'a>(
    sampling: &'a Sampling,
    defaults: &Map<String, Value>,
    warnings: &mut Warnings,
) -> Result<Option<Options<'a>>, Error> {
    if sampling.candidates.is_some_and(|count| count > 1) {
        warnings.unsupported("sampling.candidates", "ollama gives one answer a request")?;
    }
    let known = Known {
        num_predict: sampling.max_output_tokens,
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        top_k: sampling.top_k,
        seed: sampling.seed,
        presence_penalty: sampling.presence_penalty,
        frequency_penalty: sampling.frequency_penalty,
        stop: &sampling.stop,
    };
    if defaults.is_empty() {
        return Ok(if known == Known::default() { None } else { Some(Options::Known(known)) });
    }
    let mut merged = defaults.clone();
    merged.append(&mut json::to_object("encoding the options for ollama", &known)?);
    Ok(Some(Options::Merged(merged)))
}

/// Reads the field; gives back what Loquat has no field for.
pub(super) fn decode(mut fields: Fields<'_>, sampling: &mut Sampling) -> Result<Map<String, Value>, Error> {
    let mut rest = Map::new();
    sampling.temperature = fields.take("temperature", "a number")?;
    sampling.top_p = fields.take("top_p", "a number")?;
    sampling.presence_penalty = fields.take("presence_penalty", "a number")?;
    sampling.frequency_penalty = fields.take("frequency_penalty", "a number")?;
    sampling.max_output_tokens = whole(&mut fields, "num_predict", &mut rest)?;
    sampling.top_k = whole(&mut fields, "top_k", &mut rest)?;
    sampling.seed = whole(&mut fields, "seed", &mut rest)?;
    sampling.stop = match fields.take::<Value>("stop", "text or a list of texts")? {
        None => Vec::new(),
        Some(Value::String(stop)) => vec![stop],
        Some(list) => serde_json::from_value(list).map_err(|_| fields.wrong("stop", "text or a list of texts"))?,
    };
    rest.append(&mut fields.rest());
    Ok(rest)
}

/// A whole number, also when written as `128.0`. One that Loquat cannot hold (`num_predict: -1`, no limit) is kept in
/// `rest`.
fn whole<T: TryFrom<i64>>(
    fields: &mut Fields<'_>,
    name: &str,
    rest: &mut Map<String, Value>,
) -> Result<Option<T>, Error> {
    let Some(number) = fields.take::<Number>(name, "a whole number")? else { return Ok(None) };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a float out of range saturates, and then does not equal itself"
    )]
    let whole = number.as_i64().or_else(|| {
        number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15).map(|float| float as i64)
    });
    if whole.is_none() && number.is_f64() {
        return Err(fields.wrong(name, "a whole number"));
    }
    let known = whole.and_then(|whole| T::try_from(whole).ok());
    if known.is_none() {
        rest.insert(name.to_owned(), Value::Number(number));
    }
    Ok(known)
}
