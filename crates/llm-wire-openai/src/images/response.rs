//! Images that were made.

use std::sync::Arc;

use llm_core::{
    Component, Error, ErrorKind, ImageRequest, ImageResponse, MadeImage, Media, MediaData, Origin, base64_text,
};
use llm_wire::json::malformed;
use serde_json::{Map, Value, json};

use super::{media_type, sniffed};
use crate::dialect::Dialect;
use crate::json::take;
use crate::{counts, error};

/// Reads images, asked for by `request`, which may say their form. An error object in the answer is an error, classified.
///
/// Where the vendor reports no tokens, the images themselves are counted.
pub fn decode_response(
    body: &[u8],
    request: &ImageRequest,
    origin: &Arc<Origin>,
    dialect: &Dialect,
) -> Result<ImageResponse, Error> {
    let what = "the vendor's images";
    let mut answer: Value = serde_json::from_slice(body).map_err(|error| malformed(what, &error))?;
    let Value::Array(data) = take(&mut answer, "data") else {
        let nothing = || Error::new(ErrorKind::Malformed, format!("reading {what}: there are none"));
        return Err(error::in_band(&answer, dialect).unwrap_or_else(nothing));
    };
    let format = answer["output_format"].as_str().or(request.format.as_deref()).map(media_type);
    let mut images = Vec::with_capacity(data.len());
    for (place, item) in data.iter().enumerate() {
        let image = image(item, format.as_deref())
            .ok_or_else(|| Error::new(ErrorKind::Malformed, format!("reading {what}: number {place} is no image")))?;
        images.push(image);
    }
    let mut response = ImageResponse::new(origin.clone(), images);
    response.id = answer["id"].as_str().map(str::to_owned);
    response.model = answer["model"].as_str().map(str::to_owned);
    response.created = answer["created"].as_u64().filter(|created| *created != 0);
    response.usage = counts::decode(&answer["usage"]);
    if response.usage.is_unknown() {
        let made = u64::try_from(response.images.len()).unwrap_or(u64::MAX);
        response.usage = response.usage.with_counted(Component::Image, made);
    }
    Ok(response)
}

fn image(item: &Value, format: Option<&str>) -> Option<MadeImage> {
    // xAI says the type of each.
    let said = item["mime_type"].as_str().or(format);
    let media = match (item["b64_json"].as_str(), item["url"].as_str()) {
        (Some(text), _) => {
            let bytes = base64_text::decode(text)?;
            let media_type = said.or_else(|| sniffed(&bytes)).unwrap_or("image/*").to_owned();
            Media::inline(media_type, bytes)
        }
        (None, Some(url)) => Media::url(said.unwrap_or("image/*"), url),
        (None, None) => return None,
    };
    let mut image = MadeImage::new(media);
    image.revised_prompt = item["revised_prompt"].as_str().filter(|prompt| !prompt.is_empty()).map(str::to_owned);
    Some(image)
}

/// Writes images for OpenAI's clients.
pub fn encode_response(response: &ImageResponse) -> Vec<u8> {
    let data = response.images.iter().map(|image| {
        let mut item = Map::new();
        match &image.media.data {
            MediaData::Inline { bytes } => item.insert("b64_json".to_owned(), base64_text::encode(bytes).into()),
            _ => item.insert("url".to_owned(), image.media.as_url().unwrap_or_default().into()),
        };
        if !image.media.media_type.ends_with("/*") {
            item.insert("mime_type".to_owned(), image.media.media_type.as_str().into());
        }
        if let Some(prompt) = &image.revised_prompt {
            item.insert("revised_prompt".to_owned(), prompt.as_str().into());
        }
        Value::Object(item)
    });
    let mut answer = json!({ "created": response.created.unwrap_or(0), "data": data.collect::<Vec<_>>() });
    if let (Some(input), Some(output)) = (response.usage.input, response.usage.output) {
        answer["usage"] = json!({
            "input_tokens": input,
            "output_tokens": output,
            "total_tokens": input.saturating_add(output),
            "input_tokens_details": {
                "image_tokens": response.usage.input_image.unwrap_or(0),
                "text_tokens": input.saturating_sub(response.usage.input_image.unwrap_or(0)),
            },
        });
    }
    serde_json::to_vec(&answer).unwrap_or_default()
}
